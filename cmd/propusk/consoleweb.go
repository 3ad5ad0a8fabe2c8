package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/console/web"
	"propusk/idp/client"
)

// openConsoleWeb registers the console's pages at the issuer, as any relying party
// is, and builds them. Their key is derived from the master key, as the cabinet's.
func (h *house) openConsoleWeb(ctx context.Context) error {
	key, err := h.clientKey("client key of the console")
	if err != nil {
		return err
	}
	registered, err := consoleClient(h.cfg.Issuer, key)
	if err != nil {
		return err
	}
	if err := h.clients.PutOwn(ctx, registered, ""); err != nil {
		return err
	}
	h.consoleWeb, err = web.New(desk.Deps{
		Issuer: h.cfg.Issuer, API: h.cfg.Issuer, ClientID: web.ClientID, ClientKey: key,
		Ephemeral: h.volatile, Sealer: h.sealer, Pages: h.pages, Log: h.log, Now: h.now,
		HTTPClient: &http.Client{Transport: inProcess{h}, Timeout: 10 * time.Second},
	})
	if err != nil {
		return fmt.Errorf("open the console: %w", err)
	}
	return nil
}

// consoleClient alone may ask for the console's resource.
func consoleClient(issuer string, key *desk.ClientKey) (client.Client, error) {
	return ownClient(client.Client{
		ID: web.ClientID, Name: "Консоль оператора", NameEN: "Operator console",
		RedirectURIs: []string{issuer + web.CallbackPath}, PostLogoutRedirectURIs: []string{issuer + web.SignedOutPath},
		Scope: strings.Join(web.Scopes(), " "),
	}, key)
}
