package service

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"propusk/cabinet/authority"
	"propusk/idp/directory"
	"propusk/storage"
)

// Prefill is what the form of a service can begin with: what a new draft is filled
// in with, and what the register knows besides. Asking the register may take a
// while, so it is asked here and not where drafts are made in a transaction.
func (d *Desk) Prefill(ctx context.Context, actor directory.Actor, organisationID string, card *Card) (map[string]string, error) {
	register, err := d.ofRegister(ctx, card, organisationID)
	if err != nil {
		return nil, err
	}
	return d.autofill(ctx, card, organisationID, actor, register)
}

// autofill is what the house knows of the card's fields: from the organisation,
// the person who acts, and the last applications that had the field (row 205).
func (d *Desk) autofill(ctx context.Context, card *Card, organisationID string, actor directory.Actor, register map[string]string) (map[string]string, error) {
	sources, err := d.sources(ctx, organisationID, actor)
	if err != nil {
		return nil, err
	}
	maps.Copy(sources, register)
	earlier, err := d.earlier(ctx, organisationID)
	if err != nil {
		return nil, err
	}
	fields := map[string]string{}
	for _, f := range card.Fields {
		value := sources[f.Autofill]
		if f.Reuse && value == "" {
			value = earlier[f.Name]
		}
		if value != "" && f.check(value, today(d.Now())) == nil { // a wrong value helps nobody
			fields[f.Name] = value
		}
	}
	return fields, nil
}

// sources are the values that fields may name by Autofill.
func (d *Desk) sources(ctx context.Context, organisationID string, actor directory.Actor) (map[string]string, error) {
	o, err := d.Directory.Organisation(ctx, organisationID)
	if err != nil {
		return nil, err
	}
	values := map[string]string{
		"organisation.inn": o.INN, "organisation.ogrn": o.OGRN, "organisation.kpp": o.KPP, "organisation.name": o.Name,
		"organisation.full_name": o.FullName, "organisation.address": o.Address,
	}
	if actor.PersonID == "" {
		return values, nil
	}
	return values, d.ofPerson(ctx, organisationID, actor.PersonID, values)
}

func (d *Desk) ofPerson(ctx context.Context, organisationID, personID string, values map[string]string) error {
	p, err := d.Directory.Person(ctx, personID)
	if err != nil {
		return err
	}
	values["person.name"], values["person.email"], values["person.phone"] = p.FullName(), p.Email, p.Phone
	m, err := d.Directory.Membership(ctx, personID, organisationID)
	if errors.Is(err, storage.ErrNotFound) { // he acts by a power of attorney
		return nil
	}
	values["person.position"] = m.Position
	return err
}

// registerPatience is how long a form waits for the register, which it can do without.
const registerPatience = 2 * time.Second

// ofRegister is what the register knows, where the card asks for it and the
// register answers.
func (d *Desk) ofRegister(ctx context.Context, card *Card, organisationID string) (map[string]string, error) {
	asks := func(f Field) bool { return f.Autofill == "registry.okved" || f.Autofill == "registry.head" }
	if d.Registry == nil || !slices.ContainsFunc(card.Fields, asks) {
		return nil, nil
	}
	o, err := d.Directory.Organisation(ctx, organisationID)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, registerPatience)
	defer cancel()
	record, err := d.Registry.Find(ctx, o.INN)
	if err != nil {
		if !errors.Is(err, storage.ErrNotFound) {
			d.Log.WarnContext(ctx, "a form is not filled in by the register", "error", err)
		}
		return nil, nil
	}
	return map[string]string{"registry.okved": record.Activity.Code, "registry.head": headOf(record)}, nil
}

func headOf(r authority.Record) string {
	if r.Person != nil {
		return r.Person.Name()
	}
	if len(r.Heads) > 0 {
		return r.Heads[0].Person.Name()
	}
	return ""
}

// earlierLook is how many of the last applications are looked through.
const earlierLook = 20

// earlier are the values of the organisation's last submitted applications, the
// latest of each field.
func (d *Desk) earlier(ctx context.Context, organisationID string) (map[string]string, error) {
	var list []storage.JSON[map[string]string]
	err := d.DB.Select(ctx, &list, `SELECT fields FROM applications WHERE organisation_id = $1 AND state = 'submitted'
		ORDER BY created_at DESC, id DESC LIMIT $2`, organisationID, earlierLook)
	if err != nil {
		return nil, fmt.Errorf("service: earlier applications: %w", err)
	}
	values := map[string]string{}
	for i := len(list) - 1; i >= 0; i-- {
		for name, value := range list[i].V {
			values[name] = value
		}
	}
	return values, nil
}
