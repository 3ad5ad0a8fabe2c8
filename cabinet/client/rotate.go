package client

import (
	"encoding/json"
	"net/http"
	"time"

	"propusk/cabinet/api"
	"propusk/idp/client"
)

// rotation reads how a secret or key is changed.
type rotation struct {
	Overlap  *int64          `json:"overlap_days"` // how long the one before stays good; 0 = it has leaked, it ends now
	Lifetime *int64          `json:"lifetime_days"`
	JWKS     json.RawMessage `json:"jwks"`
}

func (w rotation) how() (how client.Rotation, err error) {
	if how.Overlap, err = days(w.Overlap, "/overlap_days", 0, longestOverlap, defaultOverlap); err != nil {
		return how, err
	}
	if how.Overlap == 0 {
		how.Overlap = -time.Second // not at all
	}
	how.Lifetime, err = days(w.Lifetime, "/lifetime_days", 1, longestLifetime, defaultLifetime)
	return how, err
}

// rotateSecret gives a new secret, shown this once; the one before goes on for the
// overlap.
func (r *Clients) rotateSecret(c api.Call) error {
	found, err := r.handled(c)
	if err != nil {
		return err
	}
	var body struct {
		Overlap  *int64 `json:"overlap_days"`
		Lifetime *int64 `json:"lifetime_days"`
	}
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	how, err := rotation{Overlap: body.Overlap, Lifetime: body.Lifetime}.how()
	if err != nil {
		return err
	}
	if !found.KeepsSecret() {
		return api.Refuse("client_without_secret")
	}
	changed, secret, err := r.deps.Clients.Rotate(by(c), found.ID, how)
	if err != nil {
		return refusal(err)
	}
	return r.answer(c, http.StatusCreated, changed, secret)
}

// endPrevious makes every secret but the newest worthless at once.
func (r *Clients) endPrevious(c api.Call) error {
	found, err := r.handled(c)
	if err != nil {
		return err
	}
	if !found.KeepsSecret() {
		return api.Refuse("client_without_secret")
	}
	changed, err := r.deps.Clients.EndPrevious(by(c), found.ID)
	if err != nil {
		return refusal(err)
	}
	return r.answer(c, http.StatusOK, changed, "")
}

// rotateKeys registers new public keys; those before count for the overlap.
func (r *Clients) rotateKeys(c api.Call) error {
	found, err := r.handled(c)
	if err != nil {
		return err
	}
	var body rotation
	if err := api.ReadObjectUpTo(c, maxBody, &body); err != nil {
		return err
	}
	if len(body.JWKS) == 0 {
		return api.InvalidField("/jwks", "required")
	}
	how, err := body.how()
	if err != nil {
		return err
	}
	if body.Lifetime == nil {
		how.Lifetime = 0 // a key ends with its certificate, or when it is taken out
	}
	if len(found.JWKS) == 0 {
		return api.Refuse("client_without_keys")
	}
	changed, err := r.deps.Clients.RotateKeys(by(c), found.ID, body.JWKS, how)
	if err != nil {
		return refusal(err)
	}
	return r.answer(c, http.StatusCreated, changed, "")
}
