package extract

import (
	"context"
	"errors"
	"fmt"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
)

// Get reads an order of the organisation; storage.ErrNotFound when it has none of
// that id.
func (x *Extracts) Get(ctx context.Context, organisationID, id string) (e Extract, err error) {
	err = x.DB.Get(ctx, &e, `SELECT `+columns+` FROM extracts WHERE id = $1 AND organisation_id = $2`, id, organisationID)
	if err != nil {
		return Extract{}, fmt.Errorf("extract: read: %w", err)
	}
	return e, nil
}

// Readable are the kinds whose orders the actor may see in the organisation; nil is
// all of them. A power of attorney for some kinds shows no others, nor does an
// application that was allowed some.
func (x *Extracts) Readable(ctx context.Context, actor directory.Actor, organisationID string) ([]string, error) {
	by, err := x.authorise(ctx, actor, organisationID, "")
	if err == nil && by.By != directory.ByPower && len(actor.Details) == 0 {
		return nil, nil
	}
	if err != nil && !errors.Is(err, directory.ErrPowerExceeded) {
		return nil, err
	}
	var kinds []string
	for _, kind := range Kinds() {
		_, err := x.authorise(ctx, actor, organisationID, kind)
		if err == nil {
			kinds = append(kinds, kind)
		} else if !errors.Is(err, directory.ErrForbidden) {
			return nil, err
		}
	}
	if len(kinds) == 0 {
		return nil, directory.ErrPowerExceeded
	}
	return kinds, nil
}

// Filter narrows a list; zero fields do not.
type Filter struct {
	Kind   string
	Kinds  []string // any of these
	Status Status
	Since  storage.Time // ordered at or after
	Before storage.Time // ordered before
}

// List reads a page of the organisation's orders, newest first, and one row more
// when there are more.
func (x *Extracts) List(ctx context.Context, organisationID string, f Filter, page api.Page) ([]Extract, error) {
	q := &storage.Where{}
	q.And("organisation_id = ?", organisationID)
	q.When(f.Kind != "", "kind = ?", f.Kind)
	if len(f.Kinds) > 0 {
		q.In("kind", f.Kinds...)
	}
	q.When(f.Status != "", "status = ?", f.Status)
	q.When(f.Since != 0, "created_at >= ?", f.Since)
	q.When(f.Before != 0, "created_at < ?", f.Before)
	q.When(page.At != 0, "(created_at, id) < (?, ?)", page.At, page.ID)
	limit := q.Arg(page.Limit + 1)
	var list []Extract
	err := x.DB.Select(ctx, &list, `SELECT `+columns+` FROM extracts`+q.String()+` ORDER BY created_at DESC, id DESC LIMIT `+limit, q.Args()...)
	if err != nil {
		return nil, fmt.Errorf("extract: list: %w", err)
	}
	return list, nil
}
