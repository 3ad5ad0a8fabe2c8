package application

import (
	"context"
	"errors"
	"net/http"

	"propusk/idp/browser"
	"propusk/idp/client"
	"propusk/storage"
	"propusk/storage/journal"
)

// register makes a client (RFC 7591 §3.1). Use of the initial access token, client
// and registration access token are one transaction: a document that is refused uses
// nothing up.
func (a *Applications) register(w http.ResponseWriter, r *http.Request) error {
	ctx, token := r.Context(), bearer(r)
	switch {
	case a.deps.Policy == PolicyOff:
		return &Refusal{http.StatusForbidden, "access_denied", "clients do not register themselves here; ask the operator", nil}
	case token == "" && (a.deps.Policy == PolicyToken || r.Header.Get("Authorization") != ""):
		return badToken
	case token == "":
		if err := a.made.Open(ctx, browser.Address(r)); err != nil {
			return err
		}
	}
	c, err := a.offered(w, r, token)
	if err != nil {
		return err
	}
	var answer map[string]any
	err = a.deps.DB.Tx(ctx, func(ctx context.Context) error {
		grant, err := a.grant(ctx, token)
		if err != nil {
			return err
		}
		answer, err = a.make(ctx, c, grant)
		return err
	})
	if err != nil {
		return err
	}
	if token == "" {
		if err := a.made.Fail(ctx, browser.Address(r)); err != nil {
			return err
		}
	}
	a.count(r, "registered")
	write(w, http.StatusCreated, answer)
	return nil
}

// offered reads the client of a request whose token is good, and what lies on the
// network, before a transaction begins: a document that comes slowly keeps nobody
// waiting.
func (a *Applications) offered(w http.ResponseWriter, r *http.Request, token string) (client.Client, error) {
	bounds := a.deps.Open
	if token != "" {
		known, err := a.deps.Tokens.find(r.Context(), token)
		if errors.Is(err, storage.ErrNotFound) {
			return client.Client{}, badToken
		}
		if err != nil {
			return client.Client{}, err
		}
		bounds = known.Bounds.V
	}
	d, err := readDocument(w, r)
	if err != nil {
		return client.Client{}, err
	}
	c, err := a.read(d, bounds)
	if err != nil {
		return c, err
	}
	return c, refusalOf(a.deps.Clients.Prepare(r.Context(), c))
}

// grant is what the request may register: what its initial access token lets it, or
// what everybody may.
func (a *Applications) grant(ctx context.Context, token string) (InitialToken, error) {
	if token == "" {
		return InitialToken{Name: "open", Bounds: storage.JSON[Bounds]{V: a.deps.Open}}, nil
	}
	grant, err := a.deps.Tokens.take(ctx, token)
	if errors.Is(err, storage.ErrNotFound) {
		return grant, badToken
	}
	return grant, err
}

// make registers a client.
func (a *Applications) make(ctx context.Context, c client.Client, grant InitialToken) (map[string]any, error) {
	c.OrganisationID, c.Registered, c.CreatedBy = grant.OrganisationID, true, grant.ID
	created, secret, err := a.deps.Clients.Create(ctx, c)
	if err != nil {
		return nil, refusalOf(err)
	}
	err = a.deps.Journal.Append(ctx, journal.Entry{
		Organisation: created.OrganisationID, Client: created.ID, Action: "client.registered", Object: created.ID, Outcome: "success",
		Details: map[string]string{"name": created.Name, "initial_access": grant.ID, "software": created.SoftwareID},
	})
	if err != nil {
		return nil, err
	}
	return a.answer(ctx, created, secret, grant.Bounds.V)
}

// read makes a client of a document, within the bounds. What is wrong with it in
// itself is found when it is stored.
func (a *Applications) read(d document, bounds Bounds) (client.Client, error) {
	statement, err := a.vouched(d)
	if err != nil {
		return client.Client{}, err
	}
	c, err := d.client()
	if err != nil {
		return c, err
	}
	if c.SoftwareStatement = statement; a.reserved(c.Name) || a.reserved(c.NameEN) {
		return c, badMetadata("client_name", "it is the name of one of this server's own applications")
	}
	if bad := bounds.fit(&c); bad != nil {
		return c, bad
	}
	return c, nil
}

// answer is the client as it is now, with a new registration access token (RFC 7591
// §3.2.1). The secret is told when it was made, this once: only its hash is kept.
func (a *Applications) answer(ctx context.Context, c client.Client, secret string, bounds Bounds) (map[string]any, error) {
	answer, err := described(c)
	if err != nil {
		return nil, err
	}
	token, err := a.remember(ctx, c.ID, bounds)
	if err != nil {
		return nil, err
	}
	answer["registration_access_token"] = token
	answer["registration_client_uri"] = a.deps.Issuer + Path + "/" + c.ID
	if secret != "" {
		answer["client_secret"] = secret
	}
	if c.KeepsSecret() {
		answer["client_secret_expires_at"] = secretEnd(c)
	}
	return answer, nil
}

// secretEnd is when the newest secret ends, in seconds, 0 = never (RFC 7591 §3.2.1).
func secretEnd(c client.Client) int64 {
	if len(c.SecretHashes) == 0 {
		return 0
	}
	if end := c.SecretTerms[c.SecretHashes[0]].ExpiresAt; end != 0 {
		return end.Time().Unix()
	}
	return 0
}
