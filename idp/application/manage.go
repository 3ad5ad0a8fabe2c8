package application

import (
	"context"
	"errors"
	"net/http"

	"propusk/idp/client"
	"propusk/storage"
)

// managed lets the bearer of a client's registration access token in (RFC 7592 §2).
func (a *Applications) managed(r *http.Request) (client.Client, Bounds, error) {
	ctx, id := r.Context(), r.PathValue("id")
	bounds, err := a.admitted(ctx, id, bearer(r))
	if err != nil {
		return client.Client{}, bounds, err
	}
	c, err := a.deps.Clients.Find(ctx, id)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return c, bounds, badToken
	case err != nil:
		return c, bounds, err
	case !c.Active():
		return c, bounds, &Refusal{http.StatusForbidden, "access_denied", "the client is disabled; ask whoever disabled it", nil}
	}
	return c, bounds, nil
}

// show returns the client as it is registered (RFC 7592 §2.1). Its secret is not told
// again: only the hash is kept. The registration access token stays as it is.
func (a *Applications) show(w http.ResponseWriter, r *http.Request) error {
	c, _, err := a.managed(r)
	if err != nil {
		return err
	}
	answer, err := described(c)
	if err != nil {
		return err
	}
	answer["registration_access_token"] = bearer(r)
	answer["registration_client_uri"] = a.deps.Issuer + Path + "/" + c.ID
	if c.KeepsSecret() {
		answer["client_secret_expires_at"] = secretEnd(c)
	}
	a.count(r, "shown")
	write(w, http.StatusOK, answer)
	return nil
}

// forbidden must not stand in a document that replaces another (RFC 7592 §2.2).
var forbidden = []string{"registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"}

// replace puts a document in the place of the one before (RFC 7592 §2.2): what it
// leaves out is as if it had never been there. The registration access token is
// changed for a new one; that of the request is worthless afterwards.
func (a *Applications) replace(w http.ResponseWriter, r *http.Request) error {
	before, bounds, err := a.managed(r)
	if err != nil {
		return err
	}
	d, err := readDocument(w, r)
	if err != nil {
		return err
	}
	if err := checkReplacement(d, before, storage.Of(a.deps.Now())); err != nil {
		return err
	}
	after, err := a.read(d, bounds)
	if err != nil {
		return err
	}
	if err := a.deps.Clients.Prepare(r.Context(), after); err != nil {
		return refusalOf(err)
	}
	var answer map[string]any
	err = a.deps.DB.Tx(client.By(r.Context(), client.Author{ClientID: before.ID}), func(ctx context.Context) error {
		// Once more: of two replacements with one token the second finds it spent.
		if _, err := a.admitted(ctx, before.ID, bearer(r)); err != nil {
			return err
		}
		answer, err = a.put(ctx, after, bounds, before)
		return err
	})
	if err != nil {
		return err
	}
	a.count(r, "replaced")
	write(w, http.StatusOK, answer)
	return nil
}

// checkReplacement sees that the document is about this client and claims nothing that
// only we say.
func checkReplacement(d document, c client.Client, now storage.Time) error {
	for _, name := range forbidden {
		if _, there := d[name]; there {
			return badMetadata(name, "it must not be sent (RFC 7592 section 2.2)")
		}
	}
	if id, bad := d.text("client_id"); bad != nil || id != c.ID {
		return badMetadata("client_id", "it must be that of the client (RFC 7592 section 2.2)")
	}
	secret, bad := d.text("client_secret")
	switch {
	case bad != nil:
		return bad
	case secret != "" && !c.Authentic(secret, now):
		return badMetadata("client_secret", "it is not the client's; clients do not choose their secrets (RFC 7592 section 2.2)")
	}
	return nil
}

// put stores the replacement, when it loosens nothing (floor.go): what a client does
// not say of itself stays.
func (a *Applications) put(ctx context.Context, after client.Client, bounds Bounds, before client.Client) (map[string]any, error) {
	changed, err := a.deps.Clients.Change(ctx, before.ID, func(c *client.Client) error {
		full := after.Completed()
		if bad := loosens(c, &full); bad != nil {
			return bad
		}
		owned(c, &full)
		*c = full
		return nil
	})
	if err != nil {
		return nil, refusalOf(err)
	}
	secret := ""
	if changed.KeepsSecret() && len(changed.SecretHashes) == 0 {
		if changed, secret, err = a.deps.Clients.Rotate(ctx, changed.ID, client.Rotation{}); err != nil {
			return nil, refusalOf(err)
		}
	}
	return a.answer(ctx, changed, secret, bounds)
}

// remove deletes the client with all that was issued to it (RFC 7592 §2.3).
func (a *Applications) remove(w http.ResponseWriter, r *http.Request) error {
	c, _, err := a.managed(r)
	if err != nil {
		return err
	}
	if err := a.deps.Clients.Delete(client.By(r.Context(), client.Author{ClientID: c.ID}), c.ID); err != nil {
		return err
	}
	a.count(r, "deleted")
	w.WriteHeader(http.StatusNoContent)
	return nil
}
