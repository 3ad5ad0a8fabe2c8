package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"propusk/conf"
)

// asJSON adds --json to a command that prints something.
func asJSON(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().Bool("json", false, "print JSON")
	return cmd
}

// show prints v as JSON when --json was given, and otherwise what text writes;
// columns that text separates by tabs are aligned.
func show(cmd *cobra.Command, v any, text func(w io.Writer)) error {
	if wanted, _ := cmd.Flags().GetBool("json"); wanted {
		enc := json.NewEncoder(cmd.OutOrStdout())
		enc.SetEscapeHTML(false)
		return enc.Encode(v)
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
	text(w)
	return w.Flush()
}

// settings reads and checks the configuration that the flags and the
// environment name.
func settings(cmd *cobra.Command) (conf.Config, error) {
	path, err := cmd.Flags().GetString("config")
	if err != nil {
		return conf.Config{}, err
	}
	cfg, unknown, err := conf.Load(path, os.Environ())
	if err != nil {
		return conf.Config{}, err
	}
	if err := cfg.Validate(); err != nil {
		return conf.Config{}, err
	}
	if len(unknown) > 0 {
		fmt.Fprintln(cmd.ErrOrStderr(), "propusk: not settings of this version, left alone:", strings.Join(unknown, ", "))
	}
	return cfg, nil
}

// withBase opens the people and organisations of the configured database for
// one act of a command.
func withBase(act func(cmd *cobra.Command, args []string, b *base) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		return open(cmd, func(ctx context.Context, b *base) error { return act(cmd, args, b) })
	}
}

// withIssuer opens the signing keys and clients as well.
func withIssuer(act func(cmd *cobra.Command, args []string, i *issuer) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		return open(cmd, func(ctx context.Context, b *base) error {
			i, err := openIssuer(ctx, b)
			if err != nil {
				return err
			}
			defer i.close()
			return act(cmd, args, i)
		})
	}
}

func open(cmd *cobra.Command, act func(ctx context.Context, b *base) error) error {
	cfg, err := settings(cmd)
	if err != nil {
		return err
	}
	b, err := openBase(cmd.Context(), cfg, newLog(cfg.Log, cmd.ErrOrStderr()))
	if err != nil {
		return err
	}
	defer b.close()
	return act(cmd.Context(), b)
}
