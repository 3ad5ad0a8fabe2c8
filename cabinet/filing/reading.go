package filing

import (
	"context"
	"slices"
	"strings"

	"propusk/cabinet/api"
	"propusk/cabinet/filing/report"
	"propusk/idp/directory"
)

// reading is the filing that the path names, for a caller who may read reports of
// its type: a power of attorney, or what the application was allowed, can be limited
// to some.
func (r *Filings) reading(c api.Call) (Filing, error) {
	id, err := c.ID()
	if err != nil {
		return Filing{}, err
	}
	f, err := r.get(c.Ctx(), c.Organisation(), id)
	if err == nil && limited(c) {
		_, err = r.authorise(c.Ctx(), c, directory.FilingsRead, Filing{Type: f.Type})
	}
	return f, refusal(err)
}

// limited tells that the caller may not read every report.
func limited(c api.Call) bool { return c.Claims.Power != nil || len(c.Claims.Details) > 0 }

// MayRead reports whether the actor may read what came with a filing, wherever it is
// kept ("<filing>/receipts"): the report's type must be one that he may read.
// directory.ErrForbidden, storage.ErrNotFound.
func (r *Filings) MayRead(ctx context.Context, actor directory.Actor, organisationID, of string) error {
	id, _, _ := strings.Cut(of, "/")
	f, err := r.get(ctx, organisationID, id)
	if err == nil {
		_, err = r.Directory.Authorise(ctx, actor, organisationID, directory.Act{Permission: directory.FilingsRead, Kind: f.Type})
	}
	return err
}

// visible lists the types of reports that the caller may read; nil is all. Only who
// acts by a power of attorney, or through an application that was allowed some, is
// limited.
func (r *Filings) visible(c api.Call) ([]string, error) {
	if !limited(c) {
		return nil, nil
	}
	powers, err := r.powers(c)
	if err != nil {
		return nil, err
	}
	types := []string{}
	for _, t := range report.Types() {
		act := directory.Act{Permission: directory.FilingsRead, Kind: t.ID}
		byPower := powers == nil || slices.ContainsFunc(powers, func(p directory.PowerOfAttorney) bool { return p.Allows(act) })
		if byPower && c.Claims.Details.Allow(act) {
			types = append(types, t.ID)
		}
	}
	if len(types) == len(report.Types()) {
		return nil, nil
	}
	return types, nil
}

// powers are those by which the caller acts; nil for a member and for a service at
// home. A service in another organisation acts by the one that its token names.
func (r *Filings) powers(c api.Call) ([]directory.PowerOfAttorney, error) {
	if c.Claims.Power == nil {
		return nil, nil
	}
	if c.Claims.Service() {
		power, err := r.Directory.PowerByID(c.Ctx(), c.Claims.Power.ID)
		return []directory.PowerOfAttorney{power}, err
	}
	representation, err := r.Directory.Representation(c.Ctx(), c.Person(), c.Organisation())
	if err != nil {
		return nil, refusal(err)
	}
	return representation.Powers, nil
}

// seen reports whether a type is among the visible ones.
func seen(visible []string, id string) bool { return visible == nil || slices.Contains(visible, id) }
