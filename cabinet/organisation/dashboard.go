package organisation

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
)

// dashboardView is the organisation's own part of the information panel (row 231):
// what filings, payments and requests add comes from their rooms.
type dashboardView struct {
	Name        string           `json:"name"`
	ActivatedAt storage.Time     `json:"activated_at"` // null until the profile is complete
	Profile     completenessView `json:"profile"`
	LegalStatus *statusLine      `json:"legal_status"` // null while the register was not asked
	Changes     changesLine      `json:"changes"`
	// Deactivation is when the cabinet will be closed, null when it will not.
	DeactivationDueAt storage.Time  `json:"deactivation_due_at"`
	Sections          []sectionView `json:"sections"`
}

type completenessView struct {
	Complete int                   `json:"complete"` // blocks that hold everything mandatory
	Of       int                   `json:"of"`
	Missing  []directory.BlockName `json:"missing"`
}

type statusLine struct {
	Status       string       `json:"status"`
	Restrictions int          `json:"restrictions"`
	Licences     int          `json:"licences"`
	Gates        []gate       `json:"gates"`
	CheckedAt    storage.Time `json:"checked_at"`
	Refreshing   bool         `json:"refreshing"`
}

type changesLine struct {
	Proposed   int `json:"proposed"`
	Moderation int `json:"moderation"`
}

// sectionView is a part of the cabinet that opens with the activation (row 298).
type sectionView struct {
	Section   string `json:"section"` // profile, services, applications, documents, filings
	Available bool   `json:"available"`
}

// dashboard answers GET /v1/organization/dashboard.
func (o *Organisations) dashboard(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	p, err := o.Directory.Profile(c.Ctx(), c.Organisation())
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	v := dashboardView{Name: p.Organisation.Name, Profile: completeness(p)}
	if v.ActivatedAt, err = o.activatedAt(c.Ctx(), c.Organisation()); err != nil {
		return err
	}
	if v.Changes.Proposed, v.Changes.Moderation, err = o.unfinished(c.Ctx(), c.Organisation()); err != nil {
		return err
	}
	if v.LegalStatus, err = o.statusLine(c); err != nil {
		return err
	}
	d, _, err := o.openDeactivation(c.Ctx(), c.Organisation())
	if err != nil {
		return err
	}
	v.DeactivationDueAt, v.Sections = d.DueAt, sections(v.ActivatedAt != 0)
	return api.Answer(c, http.StatusOK, "", v)
}

func completeness(p directory.Profile) completenessView {
	v := completenessView{Of: len(directory.BlockNames()), Missing: []directory.BlockName{}}
	for _, name := range directory.BlockNames() {
		if complete(p, name) && (p.States[name].Version > 0 || slices.Contains(mandatory, name)) {
			v.Complete++
		} else {
			v.Missing = append(v.Missing, name)
		}
	}
	return v
}

// statusLine never makes the dashboard wait for the register, nor fail with it.
func (o *Organisations) statusLine(c api.Call) (*statusLine, error) {
	s, err := o.snapshotOf(c.Ctx(), c.Organisation())
	if errors.Is(err, storage.ErrNotFound) {
		return nil, o.askLater(c.Ctx(), c.Organisation())
	}
	if err != nil {
		return nil, err
	}
	v := s.statusView()
	line := &statusLine{
		Status: v.Status.Name, Restrictions: len(v.Restrictions), Licences: len(v.Licences), Gates: v.Gates,
		CheckedAt: s.CheckedAt, Refreshing: o.stale(s, c.Claims.AuthTime),
	}
	if !line.Refreshing {
		return line, nil
	}
	return line, o.askLater(c.Ctx(), c.Organisation())
}

// sections are the parts of the cabinet, of which the profile is open always.
func sections(activated bool) []sectionView {
	list := []sectionView{{"profile", true}}
	for _, name := range []string{"services", "applications", "documents", "filings"} {
		list = append(list, sectionView{name, activated})
	}
	return list
}

// Sweep ends what nobody finished: changes without confirmation, codes, bindings,
// drafts of half a year ago; and marks corrections that are overdue.
func (o *Organisations) Sweep(ctx context.Context) error {
	_, bindings := o.DB.Exec(ctx, `DELETE FROM organisation_bindings WHERE expires_at < $1`, o.time().Add(-bindingKept))
	return errors.Join(o.expireChanges(ctx), o.codes.sweep(ctx), o.overdue(ctx), o.abandonDrafts(ctx), bindings)
}
