package organisation

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/journal"
)

// find asks the register, and tells its silence from its not knowing.
func (o *Organisations) find(ctx context.Context, number string) (authority.Record, error) {
	record, err := o.Registry.Find(ctx, number)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return authority.Record{}, api.Refuse("organization_unknown").Wrap(err)
	case err != nil && ctx.Err() == nil:
		return authority.Record{}, api.Refuse("organization_registry_unavailable").After(60).Wrap(err)
	}
	return record, err
}

// checkRegistration answers POST /v1/registrations/{id}/check: the draft is held
// against the register. A match makes it ready; every field that differs is named
// with both values. An organisation that is not there, is no more, or has a
// cabinet already is refused with its reason; the last only to who is listed in
// it, since the others have no business to know.
func (o *Organisations) checkRegistration(c api.Call) error {
	r, err := o.named(c)
	if err != nil {
		return err
	}
	if !r.open() {
		return notAtStep("registration_state", r.State)
	}
	if err := api.Invalid(r.Draft.V.faults(r.Kind)...); err != nil {
		return err
	}
	p, err := o.Directory.Person(c.Ctx(), r.PersonID)
	if err != nil {
		return err
	}
	record, err := o.admissible(c.Ctx(), r, p)
	if err != nil {
		return errors.Join(err, o.refused(c.Ctx(), c.Actor(), "registration.checked", r, err))
	}
	from := r.State
	r.compared(record, listed(record, p, o.time()), o.time())
	err = o.DB.Tx(c.Ctx(), func(ctx context.Context) error {
		if err := o.storeRegistration(ctx, &r, from); err != nil {
			return err
		}
		return o.record(ctx, c.Actor(), "", "registration.checked", r.ID, r.Proofs.V.Comparison.details())
	})
	if err != nil {
		return err
	}
	return o.answerRegistration(c, http.StatusOK, r)
}

// admissible reads the record of the draft's organisation, unless no cabinet can
// be made of it.
func (o *Organisations) admissible(ctx context.Context, r registration, p directory.Person) (authority.Record, error) {
	record, err := o.find(ctx, r.Draft.V.Requisites.INN)
	if err != nil {
		return authority.Record{}, err
	}
	if record.Kind != r.Kind {
		return authority.Record{}, api.Refuse("organization_unknown").Because("kind_differs")
	}
	if !record.Active() {
		return authority.Record{}, api.Refuse("organization_inactive").With("status", statusName(record))
	}
	if listed(record, p, o.time()).As == "" {
		return record, nil
	}
	return record, o.untaken(ctx, record.INN)
}

// untaken refuses an ИНН that has a cabinet.
func (o *Organisations) untaken(ctx context.Context, inn string) error {
	_, err := o.Directory.OrganisationByINN(ctx, inn)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err == nil {
		return api.Refuse("organization_taken")
	}
	return err
}

func statusName(record authority.Record) string {
	if record.Termination != nil && record.Termination.Method != "" {
		return record.Termination.Method
	}
	return record.Status.Name
}

// compared puts the register's word into the registration: what differs, what it
// fills in, and whether it names the applicant as head.
func (r *registration) compared(record authority.Record, found listing, now storage.Time) {
	d, p := &r.Draft.V, &r.Proofs.V
	differences := compare(d.Requisites, record)
	p.Comparison = &comparison{At: now, Differences: differences}
	p.ListedAs = found.As
	if found.opens() {
		p.Authority = &basis{Kind: "head", At: now}
	} else if p.Authority != nil && p.Authority.Kind == "head" {
		p.Authority = nil
	}
	r.State = registrationDraft
	if len(differences) == 0 {
		r.State = registrationReady
		fill(&d.Requisites, registered(record))
	}
}

// fill completes what the applicant may leave out.
func fill(r *directory.Requisites, from directory.Requisites) {
	for _, field := range []struct{ to, from *string }{
		{&r.KPP, &from.KPP}, {&r.Name, &from.Name}, {&r.LegalForm, &from.LegalForm},
	} {
		if *field.to == "" {
			*field.to = *field.from
		}
	}
}

// details are the fields that differ, without their values: who is head is
// personal data.
func (k comparison) details() map[string]string {
	if len(k.Differences) == 0 {
		return map[string]string{"result": "match"}
	}
	return map[string]string{"result": "mismatch", "fields": fieldList(k.Differences)}
}

func fieldList(differences []difference) string {
	names := make([]string, len(differences))
	for i, d := range differences {
		names[i] = d.Field
	}
	return strings.Join(names, " ")
}

// refusalQuiet is how long an equal refusal is not written again: the journal is
// never emptied.
const refusalQuiet = 10 * time.Minute

// refused writes to the journal that somebody was refused for a reason of the
// register.
func (o *Organisations) refused(ctx context.Context, actor directory.Actor, action string, r registration, why error) error {
	refusal, ok := errors.AsType[*api.Refusal](why)
	if !ok || !slices.Contains([]string{"organization_unknown", "organization_inactive", "organization_taken", "authority_missing"}, refusal.Code()) {
		return nil
	}
	key := fmt.Sprintf("organisation/refused/%s/%s/%s", action, r.ID, refusal.Code())
	switch err := o.Ephemeral.Add(ctx, key, []byte{1}, refusalQuiet); {
	case errors.Is(err, storage.ErrExists):
		return nil
	case err != nil:
		return fmt.Errorf("organisation: count refusals: %w", err)
	}
	return o.Journal.Append(ctx, journal.Entry{
		Actor: actor.PersonID, Client: actor.ClientID, Action: action, Object: r.ID, Outcome: "refused",
		Details: map[string]string{"reason": refusal.Code(), "inn": directory.MaskField("inn", r.INN)},
	})
}
