package cabinet

import (
	"net/http"

	"propusk/cabinet/api"
)

// Gate judges tokens for another resource of the house, the operators' console, as the
// cabinet judges its own, and carries out what has an Idempotency-Key once. It has no
// routes: whose token may do what is its caller's to decide.
type Gate struct {
	guard *guard
	keys  *idempotency
}

// NewGate makes one. Of deps it needs Issuer, Audience, MutualTLS, Keys, Revocations,
// Ephemeral, Sealer, DB and Now.
func NewGate(deps Deps) (*Gate, error) {
	m, err := newMetrics(nil)
	if err != nil {
		return nil, err
	}
	guard, err := newGuard(deps, m)
	if err != nil {
		return nil, err
	}
	return &Gate{guard, &idempotency{db: deps.DB, sealer: deps.Sealer, now: deps.Now}}, nil
}

// Authenticate answers the claims of the request's token. When the token is genuine
// but no longer counts, it answers both the claims and the refusal.
func (g *Gate) Authenticate(r *http.Request) (*api.Claims, error) { return g.guard.authenticate(r) }

// Once carries out an admitted request, once where it has a key; fail writes an error.
func (g *Gate) Once(route *api.Route, c api.Call, fail func(error, api.Call)) error {
	return g.keys.handle(route, c, fail)
}
