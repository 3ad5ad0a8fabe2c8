package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	// The first signal asks for an orderly stop; the second one is obeyed at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	err := root().ExecuteContext(ctx)
	stop()
	os.Exit(exitStatus(err))
}

// root is the command line: every command in the order of help.
func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:           "propusk",
		Short:         "OpenID Connect identity provider for companies, and their cabinet",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
	}
	cmd.CompletionOptions.HiddenDefaultCmd = true
	cmd.PersistentFlags().String("config", "", "configuration file (YAML); PROPUSK_* in the environment wins")
	cmd.AddCommand(
		demoCommand(), serveCommand(), migrateCommand(),
		clientCommand(), orgCommand(), userCommand(), operatorCommand(), newsCommand(), ticketCommand(), keyCommand(), auditCommand(), filesCommand(),
		signatureCommand(), trustCommand(), authorityCommand(), sandboxCommand(), registryCommand(),
		sealCommand(), paperCommand(), openapiCommand(), versionCommand(), hashCommand(),
	)
	return cmd
}

// statusError ends the process with a status of its own and says nothing more.
type statusError int

func (s statusError) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

func exitStatus(err error) int {
	var status statusError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &status):
		return int(status)
	default:
		fmt.Fprintln(os.Stderr, "propusk:", err)
		return 1
	}
}
