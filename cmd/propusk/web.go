package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"

	"propusk/cabinet/web"
	"propusk/idp/oauth"
)

// cabinetClientID is the client of the cabinet in the browser.
const cabinetClientID = "cabinet"

// openWeb registers the web cabinet at the issuer, as any relying party is, and
// builds it. Its secret is derived from the master key, so that every node has
// the same and none is kept.
func (h *house) openWeb(ctx context.Context) error {
	secret := h.cabinetSecret()
	if err := h.provider.PutOwnClient(ctx, cabinetClient(h.cfg.Issuer), secret); err != nil {
		return err
	}
	var err error
	h.web, err = web.New(web.Deps{
		Issuer: h.cfg.Issuer, API: h.cfg.Issuer, ClientID: cabinetClientID, ClientSecret: secret,
		Ephemeral: h.volatile, Sealer: h.sealer, Pages: h.pages, Idle: h.cfg.Session.Idle, Log: h.log, Now: h.now,
		HTTPClient: &http.Client{Transport: inProcess{h}, Timeout: 10 * time.Second},
	})
	if err != nil {
		return fmt.Errorf("open the web cabinet: %w", err)
	}
	return nil
}

func (h *house) cabinetSecret() string {
	return base64.RawURLEncoding.EncodeToString(h.sealer.Key("client secret of the web cabinet"))
}

func cabinetClient(issuer string) oauth.Client {
	return oauth.Client{
		ID: cabinetClientID, Name: "Кабинет организации", NameEN: "Company cabinet", Kind: oauth.Web,
		TokenEndpointAuthMethod: oauth.AuthBasic,
		GrantTypes:              []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken},
		RedirectURIs:            []string{issuer + web.CallbackPath},
		PostLogoutRedirectURIs:  []string{issuer + web.SignedOutPath},
		Scope:                   strings.Join(web.Scopes, " "),
	}
}
