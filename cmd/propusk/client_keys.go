package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"propusk/idp/client"
)

// keyFlags are how a client proves who it is without a password, and what its
// tokens are bound to.
func keyFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.String("profile", "", "what it is held to: oidc, fapi2-security, fapi2-message-signing")
	f.String("jwks", "", "file with its public keys: a JSON Web Key Set, or certificates and public keys in PEM")
	f.String("jwks-uri", "", "https address of its key set")
	f.String("auth-alg", "", "the one algorithm of its private_key_jwt: ES256, PS256, EdDSA, RS256; any when empty")
	f.String("tls-subject-dn", "", "tls_client_auth: subject of its certificate as RFC 4514 writes it, such as CN=exchange,O=Ромашка,C=RU")
	f.String("tls-san-dns", "", "tls_client_auth: host name in its certificate")
	f.String("tls-san-uri", "", "tls_client_auth: URI in its certificate")
	f.String("tls-san-ip", "", "tls_client_auth: address in its certificate")
	f.String("tls-san-email", "", "tls_client_auth: mailbox in its certificate")
	f.Bool("certificate-bound", false, "its tokens are good with its client certificate only (RFC 8705)")
	f.Bool("dpop-bound", false, "its tokens are good with a DPoP proof only (RFC 9449)")
	f.Bool("require-par", false, "refuse authorization requests that it has not pushed (RFC 9126)")
	f.Bool("require-signed-request", false, "refuse authorization requests that it has not signed (RFC 9101)")
	f.String("request-object-alg", "", "the one algorithm of its signed requests: ES256, PS256, EdDSA, RS256; any when empty")
	f.String("response-alg", "", "algorithm of signed authorization responses (JARM): ES256, RS256, PS256, EdDSA")
	f.StringArray("response-mode", nil, "how its authorization requests may be answered: "+strings.Join(client.ResponseModes(), ", ")+" (repeat); any when none")
	f.String("backchannel-logout-uri", "", "https address that is told of sign-outs")
}

// takeKeyFlags writes the flags that were given over c.
func takeKeyFlags(cmd *cobra.Command, c *client.Client) error {
	f := cmd.Flags()
	for name, field := range map[string]*string{
		"jwks-uri": &c.JWKSURI, "auth-alg": &c.AuthSigningAlg, "backchannel-logout-uri": &c.BackchannelLogoutURI,
		"request-object-alg": &c.RequestObjectAlg, "response-alg": &c.ResponseAlg,
		"tls-subject-dn": &c.SubjectDN, "tls-san-dns": &c.SANDNS, "tls-san-uri": &c.SANURI, "tls-san-ip": &c.SANIP, "tls-san-email": &c.SANEmail,
	} {
		if f.Changed(name) {
			*field, _ = f.GetString(name)
		}
	}
	if f.Changed("response-mode") {
		c.ResponseModes, _ = f.GetStringArray("response-mode")
	}
	if f.Changed("profile") {
		profile, _ := f.GetString("profile")
		c.Profile = client.Profile(profile)
	}
	for name, field := range map[string]*bool{
		"certificate-bound": &c.CertificateBound, "dpop-bound": &c.DPoPBound, "require-par": &c.RequirePushed,
		"require-signed-request": &c.RequireSigned,
	} {
		if f.Changed(name) {
			*field, _ = f.GetBool(name)
		}
	}
	if !f.Changed("jwks") {
		return nil
	}
	file, _ := f.GetString("jwks")
	c.JWKS = nil
	if file == "" {
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read --jwks: %w", err)
	}
	if c.JWKS, err = client.ReadKeySet(text); err != nil {
		return fmt.Errorf("--jwks %s: %w", file, err)
	}
	return nil
}
