package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"

	"propusk/storage"
)

// A code is a grant that has not begun: its row is kept when the person allows it, and
// whoever changes it from generation 0 to 1 has spent the code. Whatever ends grants
// ends those that have not begun, too: there is one row to lose a race on.

// pending is a grant with its code, begun or not.
type pending struct {
	grant
	// Code is the SHA-256 of an authorization code, in hex, or an approval's id (see
	// approvalRow).
	Code string `db:"code"`
	// Asked are the parameters of the authorization request that its token request is
	// held against, or whose tokens show them: fosite's SanitationWhiteList.
	Asked         storage.JSON[url.Values] `db:"code_form"`
	CodeExpiresAt storage.Time             `db:"code_expires_at"`
	BegunAt       storage.Time             `db:"begun_at"` // when the code was spent; 0 = not yet
}

const pendingColumns = grantColumns + `, code, code_form, code_expires_at, begun_at`

// keepPending keeps a grant that begins when its code is spent.
func (p *Provider) keepPending(ctx context.Context, g pending) error {
	now := p.now()
	g.CreatedAt, g.RotatedAt, g.ExpiresAt = now, now, now.Add(p.deps.Lifetimes.RefreshToken)
	_, err := p.deps.DB.Exec(ctx, `INSERT INTO oauth_grants (`+pendingColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)`,
		g.ID, g.ClientID, g.PersonID, g.SessionID, g.OrganisationID, g.Scope, g.ACR, g.AMR, g.AuthTime, g.Offline,
		g.Generation, g.RotatedAt, g.CreatedAt, g.ExpiresAt, g.EndedAt, g.EndedBecause, g.Confirmation, g.Details, g.Claims,
		g.Code, g.Asked, g.CodeExpiresAt, g.BegunAt)
	if err != nil {
		return fmt.Errorf("keep a code: %w", err)
	}
	p.codes.remember(g)
	return nil
}

// lookUp finds a grant by its code, begun or not; storage.ErrNotFound.
func (p *Provider) lookUp(ctx context.Context, code string) (*pending, error) {
	var g pending
	err := p.deps.DB.Get(ctx, &g, `SELECT `+pendingColumns+` FROM oauth_grants WHERE code = $1 AND code <> ''`, code)
	if err != nil {
		return nil, fmt.Errorf("find a code: %w", err)
	}
	return &g, nil
}

// spend has a batch begin the grant, which sets begun to 1: of any number of callers for
// one. It is 0 for who comes second, too late, or when the grant has gone.
func (p *Provider) spend(b *storage.Batch, g *grant, begun *int64) {
	now := p.now()
	b.Count(begun, `UPDATE oauth_grants
		SET generation = 1, begun_at = $1, rotated_at = $1, confirmation = $2, code_form = ''
		WHERE id = $3 AND generation = 0 AND ended_at = 0 AND code_expires_at > $1`, now, g.Confirmation, g.ID)
}

// unspend takes the beginning back: of a grant that nobody has got a token of, the code
// is as good as before. form is what its token request is held against.
func (p *Provider) unspend(ctx context.Context, g *grant, form url.Values) error {
	_, err := p.deps.DB.Exec(ctx, `UPDATE oauth_grants SET generation = 0, begun_at = 0, code_form = $1
		WHERE id = $2 AND generation = 1 AND ended_at = 0`, storage.JSON[url.Values]{V: form}, g.ID)
	if err != nil {
		return fmt.Errorf("take back that a code was spent: %w", err)
	}
	return nil
}

// codesMost bounds how many codes are remembered twice over: some kilobyte each.
const codesMost = 1024

// codes remembers the grants that were kept by this node and have not begun, as they
// were kept: that never changes. Whether one can still begin, its row says. Another
// node's are read from there.
type codes struct {
	mu         sync.Mutex
	young, old map[string]pending // by code
}

func (c *codes) remember(g pending) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.young == nil || len(c.young) >= codesMost {
		c.young, c.old = make(map[string]pending), c.young
	}
	c.young[g.Code] = g
}

// take finds a code once: whoever comes second is for the row to judge.
func (c *codes) take(code string) (*pending, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, known := range []map[string]pending{c.young, c.old} {
		if g, ok := known[code]; ok {
			delete(known, code)
			return &g, true
		}
	}
	return nil, false
}

// codeOf finds a grant by its code, remembered or kept; storage.ErrNotFound.
func (p *Provider) codeOf(ctx context.Context, code string) (*pending, error) {
	if g, ok := p.codes.take(code); ok {
		return g, nil
	}
	return p.lookUp(ctx, code)
}

// errUnknownCode is the answer to a code that is not, or no more.
var errUnknownCode = invalidGrant("the authorization code is unknown")

// findCode looks a code up, spent ones too, into x.code.
//
// A request that had begun before the code was spent is no replay but lost a
// race, as an impatient client's second try does: it gets nothing, and what the
// winner got stays good.
func (p *Provider) findCode(ctx context.Context, x *exchange, code string) error {
	g, err := p.codeOf(ctx, code)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return errUnknownCode
	case err != nil:
		return err
	case g.BegunAt != 0 && x.began < g.BegunAt:
		return errSpent
	case g.BegunAt == 0 && p.now() >= g.CodeExpiresAt:
		return invalidGrant("the authorization code has expired")
	case g.BegunAt == 0 && g.EndedAt != 0:
		return errUnknownCode
	}
	x.code = g
	return nil
}
