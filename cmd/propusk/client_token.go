package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"propusk/idp/application"
	"propusk/idp/client"
	"propusk/storage"
)

// clientTokenCommand keeps the tokens with which applications register themselves.
func clientTokenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "token", Short: "Tokens with which applications register themselves (RFC 7591)",
		Example: "  propusk client token list",
	}
	cmd.AddCommand(tokenCreateCommand(), tokenListCommand(), tokenRevokeCommand())
	return cmd
}

// tokenAnswer is a token with its text, which is shown once.
type tokenAnswer struct {
	application.InitialToken
	Token string `json:"initial_access_token,omitempty"`
}

func tokenCreateCommand() *cobra.Command {
	cmd := asJSON(&cobra.Command{
		Use:   "create",
		Short: "Make an initial access token; it is shown once",
		Example: `  propusk client token create --name "ООО «Интегратор»" --uses 5 --lifetime 720h \
    --scope "openid profile organization" --redirect-host "*.integrator.example.ru"`,
		Args: cobra.NoArgs,
		RunE: withIssuer(func(cmd *cobra.Command, _ []string, i *issuer) error {
			wanted, err := i.tokenFlags(cmd)
			if err != nil {
				return err
			}
			tokens, err := i.initialTokens()
			if err != nil {
				return err
			}
			uses, _ := cmd.Flags().GetInt64("uses")
			lifetime, _ := cmd.Flags().GetDuration("lifetime")
			made, token, err := tokens.Create(cmd.Context(), wanted, uses, lifetime)
			if err != nil {
				return err
			}
			return show(cmd, tokenAnswer{made, token}, func(w io.Writer) {
				fmt.Fprintf(w, "id\t%s\ninitial access token\t%s\t(shown this once)\ngood until\t%s\n", made.ID, token, made.ExpiresAt.Time().Format(time.RFC3339))
			})
		}),
	})
	f := cmd.Flags()
	f.String("name", "", "whom it is for")
	f.Int64("uses", 1, "how many applications it registers; 0: any number")
	f.Duration("lifetime", 30*24*time.Hour, "how long it is good; a year at most")
	f.String("scope", "", "every scope they may have at most; empty: sign-in alone")
	f.StringArray("grant-type", nil, "grant types they may use (repeat); none: authorization_code and refresh_token")
	f.StringArray("redirect-host", nil, "host of their redirect URIs, or *.host for those below (repeat); none: any")
	_ = cmd.MarkFlagRequired("name")
	return withOrganisationFlag(cmd)
}

func (i *issuer) tokenFlags(cmd *cobra.Command) (wanted application.InitialToken, err error) {
	f := cmd.Flags()
	wanted.Name, _ = f.GetString("name")
	wanted.Bounds.V.Scope, _ = f.GetString("scope")
	wanted.Bounds.V.GrantTypes, _ = f.GetStringArray("grant-type")
	wanted.Bounds.V.RedirectHosts, _ = f.GetStringArray("redirect-host")
	wanted.OrganisationID, err = i.organisationFlag(cmd)
	return wanted, err
}

func tokenListCommand() *cobra.Command {
	return asJSON(&cobra.Command{
		Use: "list", Short: "Show the tokens that are still good", Example: "  propusk client token list --json", Args: cobra.NoArgs,
		RunE: withIssuer(func(cmd *cobra.Command, _ []string, i *issuer) error {
			tokens, err := i.initialTokens()
			if err != nil {
				return err
			}
			list, err := tokens.List(cmd.Context())
			if err != nil {
				return err
			}
			return show(cmd, list, func(w io.Writer) {
				fmt.Fprintln(w, "ID\tFOR\tLEFT\tUNTIL")
				for _, t := range list {
					left := fmt.Sprint(t.UsesLeft)
					if t.UsesLeft < 0 {
						left = "any"
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", t.ID, t.Name, left, t.ExpiresAt.Time().Format(time.RFC3339))
				}
			})
		}),
	})
}

func tokenRevokeCommand() *cobra.Command {
	return asJSON(&cobra.Command{
		Use: "revoke TOKEN_ID", Short: "End a token; what was registered with it stays",
		Example: "  propusk client token revoke 0190a5b2-3c44-7d10-8f00-5a1e2b3c4d5e", Args: cobra.ExactArgs(1),
		RunE: withIssuer(func(cmd *cobra.Command, args []string, i *issuer) error {
			tokens, err := i.initialTokens()
			if err != nil {
				return err
			}
			if err := tokens.Revoke(cmd.Context(), args[0]); errors.Is(err, storage.ErrNotFound) {
				return fmt.Errorf("no token %q; `propusk client token list` shows them", args[0])
			} else if err != nil {
				return err
			}
			return show(cmd, map[string]string{"id": args[0], "status": "revoked"}, func(w io.Writer) {
				fmt.Fprintf(w, "The token %s is revoked.\n", args[0])
			})
		}),
	})
}

func clientEndSecretCommand() *cobra.Command {
	return asJSON(&cobra.Command{
		Use: "end-secret CLIENT", Short: "Make every secret but the newest worthless at once",
		Example: "  propusk client end-secret sklad", Args: cobra.ExactArgs(1),
		RunE: withClient(func(cmd *cobra.Command, i *issuer, c client.Client) error {
			changed, err := i.clients.EndPrevious(cmd.Context(), c.ID)
			if err != nil {
				return err
			}
			return showClient(cmd, answerOf(changed, ""))
		}),
	})
}

// secretEnds says when live secrets end, the newest first.
func secretEnds(terms []client.Term) string {
	var ends []string
	for _, term := range terms {
		end := "never"
		if term.ExpiresAt != 0 {
			end = term.ExpiresAt.Time().Format(time.RFC3339)
		}
		ends = append(ends, end)
	}
	return strings.Join(ends, ", ")
}
