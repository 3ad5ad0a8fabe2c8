package possession

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"propusk/storage"
)

// Seen is what a proof says, whether or not it is good.
type Seen struct {
	Thumbprint  string // jkt of its key; "" when the proof is none
	Method, URL string // htm, htu
	// Age is our clock less iat: negative when the client's runs ahead.
	Age      time.Duration
	HasNonce bool
	Used     bool // it was used before
}

// Look judges a proof as Check would and uses nothing up: the proof can be sent
// afterwards. The error is Check's, or that of a proof used before.
func (p *Proofs) Look(ctx context.Context, proof string, want Want) (seen Seen, err error) {
	said, jkt, err := p.open(proof)
	if err != nil {
		return seen, err
	}
	seen = Seen{Thumbprint: jkt, Method: said.Method, URL: said.URL, HasNonce: said.Nonce != ""}
	if said.hasIssuedAt {
		age := float64(p.deps.Now().UnixMilli())/1000 - said.IssuedAt
		seen.Age = time.Duration(max(-1e9, min(1e9, age)) * float64(time.Second))
	}
	if err := said.about(want); err != nil {
		return seen, err
	}
	if _, err := p.fresh(said); err != nil {
		return seen, err
	}
	_, err = p.deps.Ephemeral.Get(ctx, markOf(seen.Thumbprint, said.ID))
	switch {
	case err == nil:
		seen.Used = true
		return seen, wrong("the proof was used before")
	case !errors.Is(err, storage.ErrNotFound):
		return seen, fmt.Errorf("look whether a proof was used: %w", err)
	}
	return seen, nil
}

// markOf is where the use of a proof is marked.
func markOf(jkt, id string) string {
	mark := sha256.Sum256([]byte(jkt + "." + id))
	return "dpop:" + base64.RawURLEncoding.EncodeToString(mark[:])
}
