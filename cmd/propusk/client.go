package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"propusk/idp/client"
	"propusk/storage"
)

func clientCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "client", Short: "Applications that ask for tokens", Example: "  propusk client list"}
	cmd.AddCommand(
		clientCreateCommand(), clientListCommand(), clientShowCommand(), clientUpdateCommand(),
		clientRotateSecretCommand(), clientStatusCommand("disable", client.StatusDisabled),
		clientStatusCommand("enable", client.StatusActive), clientDeleteCommand(), clientEndSecretCommand(), clientTokenCommand(),
	)
	return cmd
}

// clientAnswer is a client with the secret that is shown once.
type clientAnswer struct {
	client.Client
	Secret       string `json:"client_secret,omitempty"`
	Organisation string `json:"organisation,omitempty"`
	Ends         string `json:"secrets_end,omitempty"` // of the live ones, the newest first
	Used         string `json:"last_used_at,omitempty"`
}

func answerOf(c client.Client, secret string) clientAnswer {
	return clientAnswer{Client: c, Secret: secret, Organisation: c.OrganisationID}
}

func showClient(cmd *cobra.Command, a clientAnswer) error {
	return show(cmd, a, func(w io.Writer) {
		fmt.Fprintf(w, "client_id\t%s\n", a.ID)
		if a.Secret != "" {
			fmt.Fprintf(w, "client_secret\t%s\t(shown this once)\n", a.Secret)
		}
		for _, line := range [][2]string{
			{"name", a.Name}, {"kind", string(a.Kind)}, {"status", string(a.Status)},
			{"authenticates by", a.TokenEndpointAuthMethod}, {"grants", strings.Join(a.GrantTypes, " ")},
			{"scope", a.Scope}, {"redirect URIs", strings.Join(a.RedirectURIs, " ")},
			{"organisation", a.OrganisationID}, {"required acr", a.RequiredACR},
			{"keys at", a.JWKSURI}, {"told of sign-outs at", a.BackchannelLogoutURI},
			{"profile", string(a.Profile)}, {"networks", strings.Join(a.AllowedNetworks, " ")},
			{"secrets end", a.Ends}, {"last used", a.Used}, {"contacts", strings.Join(a.Contacts, " ")},
			{"page", a.ClientURI}, {"picture from", a.LogoURI}, {"data policy", a.PolicyURI}, {"terms of use", a.TosURI},
			{"answered by", strings.Join(a.ResponseModes, " ")},
		} {
			if line[1] != "" {
				fmt.Fprintf(w, "%s\t%s\n", line[0], line[1])
			}
		}
	})
}

// clientFlags are the metadata that create and update take.
func clientFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.String("name", "", "name shown on the sign-in and consent pages")
	f.String("name-en", "", "the same in English")
	f.StringArray("redirect-uri", nil, "exact address a code may be sent to (repeat)")
	f.StringArray("post-logout-redirect-uri", nil, "exact address after a sign-out (repeat)")
	f.StringArray("grant-type", nil, "authorization_code, refresh_token, client_credentials (repeat)")
	f.String("auth-method", "", "client_secret_basic, client_secret_post, private_key_jwt, tls_client_auth, self_signed_tls_client_auth, none")
	f.String("scope", "", "every scope it may ask for, separated by spaces")
	f.String("id-token-alg", "", "ES256, RS256, PS256, EdDSA")
	f.String("access-token-alg", "", "ES256, RS256, PS256, EdDSA")
	f.String("organisation", "", "ИНН or id of the organisation that owns it")
	f.String("required-acr", "", "least assurance of its users, such as urn:propusk:2")
	f.Bool("status-list", false, "its access tokens name their place in a status list, for resource servers elsewhere")
	f.Bool("first-party", false, "the house's own: no consent page. DANGER: never for somebody else's application")
	f.StringArray("network", nil, "CIDR prefix it may authenticate from (repeat); none: from anywhere")
	f.StringArray("contact", nil, "whom to ask about it (repeat)")
	f.String("client-uri", "", "page about it, shown where people are asked for consent")
	f.String("logo-uri", "", "its picture: PNG, JPEG or GIF, fetched by the server and shown there, too")
	f.String("policy-uri", "", "page that says how it treats data")
	f.String("tos-uri", "", "page with its terms")
	keyFlags(cmd)
}

// takeClientFlags writes the flags that were given over c.
func (i *issuer) takeClientFlags(cmd *cobra.Command, c *client.Client) error {
	f := cmd.Flags()
	for name, field := range map[string]*string{
		"name": &c.Name, "name-en": &c.NameEN, "auth-method": &c.TokenEndpointAuthMethod, "scope": &c.Scope,
		"id-token-alg": &c.IDTokenSignedResponseAlg, "access-token-alg": &c.AccessTokenAlg, "required-acr": &c.RequiredACR,
		"client-uri": &c.ClientURI, "logo-uri": &c.LogoURI, "policy-uri": &c.PolicyURI, "tos-uri": &c.TosURI,
	} {
		if f.Changed(name) {
			*field, _ = f.GetString(name)
		}
	}
	for name, field := range map[string]*[]string{
		"redirect-uri": &c.RedirectURIs, "post-logout-redirect-uri": &c.PostLogoutRedirectURIs, "grant-type": &c.GrantTypes,
		"network": &c.AllowedNetworks, "contact": &c.Contacts,
	} {
		if f.Changed(name) {
			*field, _ = f.GetStringArray(name)
		}
	}
	if f.Changed("status-list") {
		c.StatusList, _ = f.GetBool("status-list")
	}
	if f.Changed("first-party") {
		c.FirstParty, _ = f.GetBool("first-party")
	}
	if err := takeKeyFlags(cmd, c); err != nil {
		return err
	}
	if !f.Changed("organisation") {
		return nil
	}
	owner, err := i.organisationFlag(cmd)
	c.OrganisationID = owner
	return err
}

func clientCreateCommand() *cobra.Command {
	cmd := asJSON(&cobra.Command{
		Use:   "create",
		Short: "Register an application; its secret is shown once",
		Example: `  propusk client create --name "Склад и учёт" --kind web \
    --redirect-uri https://sklad.example.ru/callback --grant-type authorization_code --grant-type refresh_token \
    --scope "openid profile organization organization:read"
  propusk client create --name "Обмен с 1С" --kind service --organisation 7801234564 --scope "organization:read members:read"
  propusk client create --name "Обмен с банком" --kind service --organisation 7801234564 --scope "organization:read" \
    --auth-method self_signed_tls_client_auth --jwks bank.pem --certificate-bound`,
		Args: cobra.NoArgs,
		RunE: withIssuer(func(cmd *cobra.Command, _ []string, i *issuer) error {
			kind, _ := cmd.Flags().GetString("kind")
			id, _ := cmd.Flags().GetString("id")
			c := client.Client{ID: id, Kind: client.Kind(kind)}
			if err := i.takeClientFlags(cmd, &c); err != nil {
				return err
			}
			made, secret, err := i.clients.Create(cmd.Context(), c)
			if err != nil {
				return err
			}
			return showClient(cmd, answerOf(made, secret))
		}),
	})
	clientFlags(cmd)
	cmd.Flags().String("kind", string(client.Web), "web, native, spa, service")
	cmd.Flags().String("id", "", "client_id; made when empty")
	_ = cmd.MarkFlagRequired("name")
	return cmd
}

func clientListCommand() *cobra.Command {
	cmd := asJSON(&cobra.Command{
		Use:     "list",
		Short:   "Show every application",
		Example: "  propusk client list --organisation 7801234564 --json",
		Args:    cobra.NoArgs,
		RunE: withIssuer(func(cmd *cobra.Command, _ []string, i *issuer) error {
			owner, err := i.organisationFlag(cmd)
			if err != nil {
				return err
			}
			clients, err := i.clients.List(cmd.Context(), owner)
			if err != nil {
				return err
			}
			return show(cmd, clients, func(w io.Writer) {
				fmt.Fprintln(w, "CLIENT\tNAME\tKIND\tSTATUS\tGRANTS")
				for _, c := range clients {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", c.ID, c.Name, c.Kind, c.Status, strings.Join(c.GrantTypes, " "))
				}
			})
		}),
	})
	return withOrganisationFlag(cmd)
}

func clientShowCommand() *cobra.Command {
	return asJSON(&cobra.Command{
		Use:     "show CLIENT",
		Short:   "Show one application",
		Example: "  propusk client show sklad",
		Args:    cobra.ExactArgs(1),
		RunE: withClient(func(cmd *cobra.Command, i *issuer, c client.Client) error {
			used, err := i.clients.LastUse(cmd.Context(), c.ID)
			if err != nil {
				return err
			}
			answer := answerOf(c, "")
			if answer.Ends = secretEnds(c.Secrets(storage.Of(i.now()))); used != 0 {
				answer.Used = used.Time().Format(time.RFC3339)
			}
			return showClient(cmd, answer)
		}),
	})
}

func clientUpdateCommand() *cobra.Command {
	cmd := asJSON(&cobra.Command{
		Use:     "update CLIENT",
		Short:   "Change what is named by flags; the rest stays",
		Example: "  propusk client update sklad --redirect-uri https://sklad.example.ru/callback --redirect-uri https://new.example.ru/callback",
		Args:    cobra.ExactArgs(1),
		RunE: withClient(func(cmd *cobra.Command, i *issuer, c client.Client) error {
			if err := i.takeClientFlags(cmd, &c); err != nil {
				return err
			}
			return i.updateClient(cmd, c)
		}),
	})
	clientFlags(cmd)
	return cmd
}

func (i *issuer) updateClient(cmd *cobra.Command, c client.Client) error {
	updated, err := i.clients.Update(cmd.Context(), c)
	if err != nil {
		return err
	}
	return showClient(cmd, answerOf(updated, ""))
}

func clientRotateSecretCommand() *cobra.Command {
	cmd := asJSON(&cobra.Command{
		Use:   "rotate-secret CLIENT",
		Short: "Make a new secret; the one before stays good until the next rotation",
		Long: `Make a new secret and show it once. The secret before stays good until the next
rotation, or for --overlap, so that the application changes over without an outage.
"propusk client end-secret" makes it worthless at once.`,
		Example: "  propusk client rotate-secret sklad --json",
		Args:    cobra.ExactArgs(1),
		RunE: withClient(func(cmd *cobra.Command, i *issuer, c client.Client) error {
			overlap, _ := cmd.Flags().GetDuration("overlap")
			lifetime, _ := cmd.Flags().GetDuration("lifetime")
			changed, secret, err := i.clients.Rotate(cmd.Context(), c.ID, client.Rotation{Overlap: overlap, Lifetime: lifetime})
			if err != nil {
				return err
			}
			return showClient(cmd, answerOf(changed, secret))
		}),
	})
	cmd.Flags().Duration("overlap", 0, "how long the one before stays good; 0: until the next rotation")
	cmd.Flags().Duration("lifetime", 0, "how long the new one is good; 0: for ever")
	return cmd
}

func clientStatusCommand(verb string, status client.Status) *cobra.Command {
	short := map[client.Status]string{
		client.StatusDisabled: "Refuse the application and its live tokens",
		client.StatusActive:   "Let a disabled application in again",
	}
	return asJSON(&cobra.Command{
		Use:     verb + " CLIENT",
		Short:   short[status],
		Example: "  propusk client " + verb + " sklad",
		Args:    cobra.ExactArgs(1),
		RunE: withClient(func(cmd *cobra.Command, i *issuer, c client.Client) error {
			c.Status = status
			return i.updateClient(cmd, c)
		}),
	})
}

func clientDeleteCommand() *cobra.Command {
	return asJSON(&cobra.Command{
		Use:     "delete CLIENT",
		Short:   "Remove an application with its grants, codes and consents",
		Example: "  propusk client delete sklad",
		Args:    cobra.ExactArgs(1),
		RunE: withClient(func(cmd *cobra.Command, i *issuer, c client.Client) error {
			if err := i.clients.Delete(cmd.Context(), c.ID); err != nil {
				return err
			}
			return show(cmd, map[string]string{"client_id": c.ID, "status": "deleted"}, func(w io.Writer) {
				fmt.Fprintf(w, "The client %s is deleted.\n", c.ID)
			})
		}),
	})
}

// withClient opens the issuer and finds the client that the first argument
// names.
func withClient(act func(cmd *cobra.Command, i *issuer, c client.Client) error) func(*cobra.Command, []string) error {
	return withIssuer(func(cmd *cobra.Command, args []string, i *issuer) error {
		c, err := i.clients.Find(cmd.Context(), args[0])
		if errors.Is(err, storage.ErrNotFound) {
			return fmt.Errorf("no client %q; `propusk client list` shows them", args[0])
		}
		if err != nil {
			return err
		}
		return act(cmd, i, c)
	})
}
