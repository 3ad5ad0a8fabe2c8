package filing

import (
	"slices"

	"propusk/cabinet/api"
	"propusk/cabinet/filing/report"
	"propusk/idp/directory"
)

// reading is the filing that the path names, for a caller who may read reports of
// its type: a power of attorney can be limited to some.
func (r *Filings) reading(c api.Call) (Filing, error) {
	id, err := c.ID()
	if err != nil {
		return Filing{}, err
	}
	f, err := r.get(c.Ctx(), c.Organisation(), id)
	if err == nil && c.Claims.Power != nil {
		_, err = r.authorise(c.Ctx(), c, directory.FilingsRead, f.Type, 0)
	}
	return f, refusal(err)
}

// visible lists the types of reports that the caller may read; nil is all. Only who
// acts by a power of attorney is limited.
func (r *Filings) visible(c api.Call) ([]string, error) {
	if c.Claims.Power == nil {
		return nil, nil
	}
	representation, err := r.Directory.Representation(c.Ctx(), c.Person(), c.Organisation())
	if err != nil {
		return nil, refusal(err)
	}
	types := []string{}
	for _, t := range report.Types() {
		if slices.ContainsFunc(representation.Powers, func(p directory.PowerOfAttorney) bool {
			return p.Allows(directory.Act{Permission: directory.FilingsRead, Kind: t.ID})
		}) {
			types = append(types, t.ID)
		}
	}
	if len(types) == len(report.Types()) {
		return nil, nil
	}
	return types, nil
}

// seen reports whether a type is among the visible ones.
func seen(visible []string, id string) bool { return visible == nil || slices.Contains(visible, id) }
