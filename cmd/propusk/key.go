package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"propusk/idp/keys"
	"propusk/storage"
)

func keyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "key", Short: "Signing keys",
		Long: `The keys that tokens are signed with. They rotate by themselves (keys.rotate); these
commands look at them and step in.`,
		Example: "  propusk key list\n  propusk key rotate\n  propusk key withdraw jx2uD9mS0c4uYm7bC3f1u0q8m2m5k0f1w1oQkQxYv8A",
	}
	cmd.AddCommand(keyListCommand(), keyRotateCommand(), keyImportCommand(), keyWithdrawCommand())
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
				fmt.Fprintln(w, "KEY\tALGORITHM\tLIES IN\tSTATUS\tPUBLISHED\tSIGNS FROM\tSIGNS UNTIL\tGONE")
				for _, k := range list {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, k.Algorithm, k.Store, k.Status,
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

func keyImportCommand() *cobra.Command {
	return asJSON(&cobra.Command{
		Use:   "import ALGORITHM FILE",
		Short: "Take over a signing key of another server",
		Long: `Make a key from a file the next signing key of an algorithm: a private key in PEM,
PKCS #8 ("BEGIN PRIVATE KEY"), P-256 for ES256, RSA of 2048 bits or more for RS256 and
PS256, Ed25519 for EdDSA. It goes the way of any next key: published at once, signing
after the others have had the time to fetch it. Delete the file afterwards.

A house whose keys lie in a PKCS #11 token takes none from files.`,
		Example: "  propusk key import ES256 old-server.pem",
		Args:    cobra.ExactArgs(2),
		RunE: withIssuer(func(cmd *cobra.Command, args []string, i *issuer) error {
			text, err := os.ReadFile(args[1])
			if err != nil {
				return fmt.Errorf("read the key: %w", err)
			}
			key, err := i.keys.Import(cmd.Context(), args[0], text)
			if err != nil {
				return err
			}
			made := map[string]string{"kid": key.ID, "alg": key.Algorithm}
			return show(cmd, made, func(w io.Writer) {
				fmt.Fprintf(w, "The next %s key is %s. Delete the file.\n", key.Algorithm, key.ID)
			})
		}),
	})
}

func keyWithdrawCommand() *cobra.Command {
	return asJSON(&cobra.Command{
		Use:   "withdraw KEY",
		Short: "Emergency: take back a key that got into wrong hands",
		Long: `Take a key out of the published set at once, and put a fresh one in its place when
it is the one that signs. Every token it signed, and every token that a thief signs
with it, is refused by this house within five seconds (the key stands in the
revocation list), and elsewhere as soon as the key set is fetched anew: five minutes
at the latest where its Cache-Control is kept to. People get new tokens by their
refresh tokens and need not sign in again.`,
		Example: "  propusk key list\n  propusk key withdraw jx2uD9mS0c4uYm7bC3f1u0q8m2m5k0f1w1oQkQxYv8A",
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
