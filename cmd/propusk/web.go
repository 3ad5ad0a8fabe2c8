package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"propusk/cabinet/web"
	"propusk/cabinet/web/desk"
	"propusk/idp/client"
)

// cabinetClientID is the client of the cabinet in the browser.
const cabinetClientID = "cabinet"

// openWeb registers the web cabinet at the issuer, as any relying party is, and
// builds it. Its key is derived from the master key, so that every node has the same
// and none is kept.
func (h *house) openWeb(ctx context.Context) error {
	key, err := h.cabinetKey()
	if err != nil {
		return err
	}
	registered, err := cabinetClient(h.cfg.Issuer, key)
	if err != nil {
		return err
	}
	if err := h.clients.PutOwn(ctx, registered, ""); err != nil {
		return err
	}
	h.web, err = web.New(web.Deps{
		Issuer: h.cfg.Issuer, API: h.cfg.Issuer, ClientID: cabinetClientID, ClientKey: key,
		Ephemeral: h.volatile, Sealer: h.sealer, Pages: h.pages, Idle: h.cfg.Session.Idle, Log: h.log, Now: h.now,
		HTTPClient: &http.Client{Transport: inProcess{h}, Timeout: 10 * time.Second},
	})
	if err != nil {
		return fmt.Errorf("open the web cabinet: %w", err)
	}
	return nil
}

// cabinetKey is what the web cabinet authenticates with (private_key_jwt).
func (h *house) cabinetKey() (*desk.ClientKey, error) {
	return h.clientKey("client key of the web cabinet")
}

// clientKey is a key of one of the house's own clients, derived from the master key.
func (h *house) clientKey(name string) (*desk.ClientKey, error) {
	return desk.NewClientKey(append(h.sealer.Key(name+", 1"), h.sealer.Key(name+", 2")...))
}

// cabinetClient is the cabinet's own client.
func cabinetClient(issuer string, key *desk.ClientKey) (client.Client, error) {
	return ownClient(client.Client{
		ID: cabinetClientID, Name: "Кабинет организации", NameEN: "Company cabinet",
		RedirectURIs: []string{issuer + web.CallbackPath}, PostLogoutRedirectURIs: []string{issuer + web.SignedOutPath},
		Scope: strings.Join(web.Scopes(), " "),
	}, key)
}

// ownClient is held to FAPI 2.0: pushed requests, a key of its own, tokens bound to the
// key of each session.
func ownClient(c client.Client, key *desk.ClientKey) (client.Client, error) {
	keys, err := json.Marshal(key.JWKS())
	if err != nil {
		return client.Client{}, fmt.Errorf("publish the key of %s: %w", c.ID, err)
	}
	c.Kind, c.Profile, c.TokenEndpointAuthMethod, c.JWKS = client.Web, client.ProfileFAPI2Security, client.AuthPrivateKeyJWT, keys
	c.GrantTypes = []string{client.GrantAuthorizationCode, client.GrantRefreshToken}
	return c, nil
}

// ownKeys are the private keys of the house's own clients, which the demo shows.
func (h *house) ownKeys() (map[string]json.RawMessage, error) {
	key, err := h.cabinetKey()
	if err != nil {
		return nil, err
	}
	private, err := json.Marshal(key.Private())
	if err != nil {
		return nil, fmt.Errorf("show the web cabinet's key: %w", err)
	}
	return map[string]json.RawMessage{cabinetClientID: private}, nil
}
