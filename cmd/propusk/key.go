package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"propusk/idp/keys"
	"propusk/storage"
)

func keyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "key", Short: "Signing keys", Example: "  propusk key list"}
	cmd.AddCommand(keyListCommand(), keyRotateCommand(), keyWithdrawCommand())
	return cmd
}

func keyListCommand() *cobra.Command {
	return asJSON(&cobra.Command{
		Use:     "list",
		Short:   "Show the signing keys and what becomes of each",
		Example: "  propusk key list --json",
		Args:    cobra.NoArgs,
		RunE: withIssuer(func(cmd *cobra.Command, _ []string, i *issuer) error {
			list, err := i.keys.List(cmd.Context())
			if err != nil {
				return err
			}
			return show(cmd, list, func(w io.Writer) {
				fmt.Fprintln(w, "KEY\tALGORITHM\tSTATUS\tPUBLISHED\tSIGNS FROM\tSIGNS UNTIL\tGONE")
				for _, k := range list {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, k.Algorithm, k.Status,
						instant(k.CreatedAt), instant(k.ActivatesAt), instant(k.RetiresAt), instant(k.GoneAt))
				}
			})
		}),
	})
}

func keyRotateCommand() *cobra.Command {
	return asJSON(&cobra.Command{
		Use:   "rotate [ALGORITHM]",
		Short: "Make the next signing key",
		Long: `Make the next signing key of an algorithm (ES256, RS256, PS256, EdDSA; ES256 when
none is named). It is published at once and signs once every relying party has had
the time to fetch it; the one before stays published until its last token is dead.`,
		Example: "  propusk key rotate\n  propusk key rotate RS256 --json",
		Args:    cobra.MaximumNArgs(1),
		RunE: withIssuer(func(cmd *cobra.Command, args []string, i *issuer) error {
			algorithm := keys.Default
			if len(args) > 0 {
				algorithm = args[0]
			}
			key, err := i.keys.Rotate(cmd.Context(), algorithm)
			if err != nil {
				return err
			}
			made := map[string]string{"kid": key.ID, "alg": key.Algorithm}
			return show(cmd, made, func(w io.Writer) {
				fmt.Fprintf(w, "The next %s key is %s.\n", key.Algorithm, key.ID)
			})
		}),
	})
}

func keyWithdrawCommand() *cobra.Command {
	return asJSON(&cobra.Command{
		Use:   "withdraw KEY",
		Short: "Take back a key that got into wrong hands",
		Long: `Take a key out of the published set at once. Every token it signed stops being
accepted wherever the key set is fetched anew. Rotate first when it is the one that
signs.`,
		Example: "  propusk key withdraw 2026-11-ES256-7f3a",
		Args:    cobra.ExactArgs(1),
		RunE: withIssuer(func(cmd *cobra.Command, args []string, i *issuer) error {
			if err := i.keys.Withdraw(cmd.Context(), args[0]); err != nil {
				return err
			}
			return show(cmd, map[string]string{"kid": args[0], "status": "withdrawn"}, func(w io.Writer) {
				fmt.Fprintf(w, "The key %s is withdrawn.\n", args[0])
			})
		}),
	})
}

// instant is a time for people; "-" for none.
func instant(t storage.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Time().UTC().Format(time.DateTime)
}
