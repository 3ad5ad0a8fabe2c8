package organisation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
)

// registrationView is a registration as its applicant sees it.
type registrationView struct {
	ID             string          `json:"id"`
	Kind           string          `json:"kind"`
	State          string          `json:"state"`
	Draft          draft           `json:"draft"`
	Documents      []documentView  `json:"documents"`
	EmailConfirmed bool            `json:"email_confirmed"`
	PhoneConfirmed bool            `json:"phone_confirmed"`
	Check          *comparisonView `json:"check"`     // null until it was held against the register
	Authority      *basis          `json:"authority"` // null while it is not known why the applicant may open it
	Missing        []string        `json:"missing"`   // steps left: data, consent, email, phone, check, authority
	TextToSign     string          `json:"text_to_sign"`
	Reason         string          `json:"reason"` // of a refusal
	OrganisationID string          `json:"organization_id"`
	CreatedAt      storage.Time    `json:"created_at"`
	UpdatedAt      storage.Time    `json:"updated_at"`
	Actions        []api.Action    `json:"actions"`
}

type comparisonView struct {
	CheckedAt   storage.Time `json:"checked_at"`
	Result      string       `json:"result"` // match, mismatch, accepted
	Message     string       `json:"message"`
	Differences []difference `json:"differences"`
}

func (o *Organisations) registrationView(c api.Call, r registration) (registrationView, error) {
	documents, err := o.documentsOf(c.Ctx(), r.ID)
	if err != nil {
		return registrationView{}, err
	}
	p, err := o.Directory.Person(c.Ctx(), r.PersonID)
	if err != nil {
		return registrationView{}, err
	}
	v := registrationView{
		ID: r.ID, Kind: r.Kind, State: r.State, Draft: r.Draft.V, Documents: documents,
		EmailConfirmed: r.Proofs.V.Email != "", PhoneConfirmed: r.Proofs.V.Phone != "",
		Authority: r.Proofs.V.Authority, Missing: r.missing(o.time()), TextToSign: registrationText(r, p), Reason: r.Reason,
		OrganisationID: r.OrganisationID, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, Actions: o.registrationActions(c, r),
	}
	if known := r.Proofs.V.Comparison; known != nil {
		v.Check = known.view(c.Lang())
	}
	return v, nil
}

func (k comparison) view(lang string) *comparisonView {
	v := &comparisonView{CheckedAt: k.At, Result: "match", Differences: k.Differences}
	switch {
	case k.Accepted:
		v.Result = "accepted"
	case len(k.Differences) > 0:
		v.Result = "mismatch"
	}
	v.Message = checkMessages[v.Result].in(lang)
	return v
}

// registrationActions says what the applicant can do next. He asks for himself, so
// only the state and what he has shown can forbid it.
func (o *Organisations) registrationActions(c api.Call, r registration) []api.Action {
	act := func(name string, possible bool, why string) api.Action {
		a := api.Action{Action: name, Allowed: possible}
		if !possible {
			a.Reason, a.Detail = why, c.Desk.Book.Problem(c.Ctx(), notAtStep(why, r.State), c.Lang()).Detail
		}
		return a
	}
	waits := r.Proofs.V.Comparison != nil && r.Proofs.V.Email != ""
	return []api.Action{
		act("change", r.open(), "registration_state"),
		act("check", r.open(), "registration_state"),
		act("moderation", r.open() && waits, "registration_incomplete"),
		act("create", r.open() && len(r.missing(o.time())) == 0, "registration_incomplete"),
		act("withdraw", !registrationStates.over(r.State), "registration_state"),
	}
}

func (o *Organisations) answerRegistration(c api.Call, status int, r registration) error {
	v, err := o.registrationView(c, r)
	if err != nil {
		return err
	}
	api.Speaks(c, c.Lang())
	if status == http.StatusCreated {
		return api.Created(c, "/v1/registrations/"+r.ID, r.etag(), v)
	}
	return api.Answer(c, status, r.etag(), v)
}

// registrations answers GET /v1/registrations.
func (o *Organisations) registrations(c api.Call) error {
	q := c.Query("after", "limit")
	page := q.Page()
	if err := q.Err(); err != nil {
		return err
	}
	list, err := o.registrationsOf(c.Ctx(), c.Person(), page)
	if err != nil {
		return err
	}
	list, next := api.Cut(page, list, func(r registration) (storage.Time, string) { return r.CreatedAt, r.ID })
	type line struct {
		ID        string       `json:"id"`
		Kind      string       `json:"kind"`
		State     string       `json:"state"`
		INN       string       `json:"inn"`
		Name      string       `json:"name"`
		CreatedAt storage.Time `json:"created_at"`
		UpdatedAt storage.Time `json:"updated_at"`
	}
	lines := make([]line, len(list))
	for i, r := range list {
		lines[i] = line{r.ID, r.Kind, r.State, r.INN, r.Draft.V.Requisites.FullName, r.CreatedAt, r.UpdatedAt}
	}
	return api.Answer(c, http.StatusOK, "", map[string]any{"registrations": lines, "next": next})
}

// startRegistration answers POST /v1/registrations: an empty draft, or one with
// what is known already.
func (o *Organisations) startRegistration(c api.Call) error {
	body := struct {
		Kind       string          `json:"kind"`
		Requisites json.RawMessage `json:"requisites"`
		Contacts   json.RawMessage `json:"contacts"`
		Bank       json.RawMessage `json:"bank"`
		Activities json.RawMessage `json:"activities"`
		Taxes      json.RawMessage `json:"taxes"`
		Consent    json.RawMessage `json:"consent"`
	}{}
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	opening, known := map[string]directory.Opening{
		directory.KindLegal: directory.OpensOrganisation, directory.KindSole: directory.OpensApplications,
	}[body.Kind]
	if !known {
		return api.InvalidField("/kind", "invalid")
	}
	if err := o.mayOpen(c.Ctx(), c.Person(), opening); err != nil {
		return err
	}
	d := newDraft()
	patch := draftPatch{body.Requisites, body.Contacts, body.Bank, body.Activities, body.Taxes, body.Consent}
	if err := patch.apply(&d, body.Kind); err != nil {
		return err
	}
	now := o.time()
	r := registration{
		ID: storage.NewID(), PersonID: c.Person(), Kind: body.Kind, INN: d.Requisites.INN, State: registrationDraft,
		Draft: storage.JSON[draft]{V: d}, Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	err := o.DB.Tx(c.Ctx(), func(ctx context.Context) error {
		if err := o.roomForAnother(ctx, r.PersonID); err != nil {
			return err
		}
		if err := o.insertRegistration(ctx, r); err != nil {
			return err
		}
		return o.record(ctx, c.Actor(), "", "registration.started", r.ID, map[string]string{"kind": r.Kind})
	})
	if err != nil {
		return err
	}
	return o.answerRegistration(c, http.StatusCreated, r)
}

// mayOpen refuses a person whose identity is not established far enough.
func (o *Organisations) mayOpen(ctx context.Context, personID string, opening directory.Opening) error {
	err := o.Directory.RequireOpening(ctx, personID, opening)
	if errors.Is(err, directory.ErrLevel) {
		return api.Refuse("identity_unconfirmed").Wrap(err)
	}
	return err
}

func (o *Organisations) roomForAnother(ctx context.Context, personID string) error {
	var open int
	err := o.DB.Get(ctx, &open, `SELECT COUNT(*) FROM organisation_registrations
		WHERE person_id = $1 AND state IN ('draft', 'ready', 'moderation')`, personID)
	if err != nil {
		return fmt.Errorf("organisation: count registrations: %w", err)
	}
	if open >= registrationsOpen {
		return api.Refuse("registrations_too_many")
	}
	return nil
}

// showRegistration answers GET /v1/registrations/{id}.
func (o *Organisations) showRegistration(c api.Call) error {
	r, err := o.named(c)
	if err != nil {
		return err
	}
	return o.answerRegistration(c, http.StatusOK, r)
}

// named is the registration of the path, if it is the caller's.
func (o *Organisations) named(c api.Call) (registration, error) {
	id, err := c.ID()
	if err != nil {
		return registration{}, err
	}
	return o.registrationOf(c.Ctx(), c.Person(), id)
}

// draftPatch is a step of the form: each member merges into its part of the draft.
type draftPatch struct {
	Requisites json.RawMessage `json:"requisites"`
	Contacts   json.RawMessage `json:"contacts"`
	Bank       json.RawMessage `json:"bank"`
	Activities json.RawMessage `json:"activities"`
	Taxes      json.RawMessage `json:"taxes"`
	Consent    json.RawMessage `json:"consent"`
}

// apply merges the step into a draft and checks what has been entered so far.
func (p draftPatch) apply(d *draft, kind string) error {
	var faults []api.FieldFault
	for _, part := range []struct {
		name  string
		patch json.RawMessage
		into  any
	}{
		{"requisites", p.Requisites, &d.Requisites}, {"contacts", p.Contacts, &d.Contacts}, {"bank", p.Bank, &d.Bank},
		{"activities", p.Activities, &d.Activities}, {"taxes", p.Taxes, &d.Taxes},
	} {
		if part.patch != nil {
			faults = append(faults, mergePatch(part.into, part.patch, "/"+part.name)...)
		}
	}
	if p.Consent != nil && json.Unmarshal(p.Consent, &d.Consent) != nil {
		faults = append(faults, api.FieldFault{Pointer: "/consent", Code: "type", Args: map[string]string{"expected": "boolean"}})
	}
	d.fillLists()
	if len(faults) == 0 {
		faults = d.check(kind)
	}
	return api.Invalid(faults...)
}

// fillLists makes lists that a patch has emptied lists without anything in them.
func (d *draft) fillLists() {
	d.Bank.Accounts = api.List(d.Bank.Accounts)
	d.Activities.Additional = api.List(d.Activities.Additional)
	d.Taxes.Regimes, d.Taxes.Reports = api.List(d.Taxes.Regimes), api.List(d.Taxes.Reports)
}

// patchRegistration answers PATCH /v1/registrations/{id}: one more step is saved.
func (o *Organisations) patchRegistration(c api.Call) error {
	r, err := o.named(c)
	if err != nil {
		return err
	}
	var patch draftPatch
	if err := api.ReadPatch(c, &patch, "kind", "state", "id"); err != nil {
		return err
	}
	if err := c.Matches(r.etag()); err != nil {
		return err
	}
	if !r.open() {
		return notAtStep("registration_state", r.State)
	}
	next, from := r.Draft.V, r.State
	if err := patch.apply(&next, r.Kind); err != nil {
		return err
	}
	r.changed(next)
	if err := o.storeRegistration(c.Ctx(), &r, from); err != nil {
		return err
	}
	return o.answerRegistration(c, http.StatusOK, r)
}

// withdrawRegistration answers DELETE /v1/registrations/{id}.
func (o *Organisations) withdrawRegistration(c api.Call) error {
	r, err := o.named(c)
	if err != nil {
		return err
	}
	from := r.State
	r.State = registrationWithdrawn
	err = o.DB.Tx(c.Ctx(), func(ctx context.Context) error {
		if err := o.storeRegistration(ctx, &r, from); err != nil {
			return err
		}
		if err := o.dropModeration(ctx, "registration", r.ID); err != nil {
			return err
		}
		if err := o.Files.Release(ctx, documentOwner(r.ID)); err != nil {
			return err
		}
		return o.record(ctx, c.Actor(), "", "registration.withdrawn", r.ID, nil)
	})
	if err != nil {
		return err
	}
	return api.NoContent(c)
}
