package service

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"propusk/cabinet/api"
	"propusk/cabinet/request"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/journal"
)

// Template is a form filled in once for the next applications («Шаблоны», row 204).
// To try one without sending anything, begin a draft by it and check the draft.
type Template struct {
	ID             string                          `db:"id"`
	OrganisationID string                          `db:"organisation_id"`
	Service        string                          `db:"service"`
	Title          string                          `db:"title"`
	Fields         storage.JSON[map[string]string] `db:"fields"`
	CreatedAt      storage.Time                    `db:"created_at"`
}

const (
	templateColumns = `id, organisation_id, service, title, fields, created_at`
	templatesMost   = 200
)

// Templates are the organisation's, for a service or all.
func (d *Desk) Templates(ctx context.Context, organisationID, service string) ([]Template, error) {
	var list []Template
	err := d.DB.Select(ctx, &list, `SELECT `+templateColumns+` FROM application_templates WHERE organisation_id = $1 ORDER BY id LIMIT $2`,
		organisationID, templatesMost)
	if err != nil {
		return nil, fmt.Errorf("service: templates: %w", err)
	}
	return slices.DeleteFunc(list, func(t Template) bool { return service != "" && t.Service != service }), nil
}

func (d *Desk) template(ctx context.Context, organisationID, id string) (Template, error) {
	var t Template
	err := d.DB.Get(ctx, &t, `SELECT `+templateColumns+` FROM application_templates WHERE id = $1 AND organisation_id = $2`, id, organisationID)
	if err != nil {
		return Template{}, fmt.Errorf("service: template: %w", err)
	}
	return t, nil
}

// AddTemplate keeps a form of the organisation's.
func (d *Desk) AddTemplate(ctx context.Context, actor directory.Actor, organisationID string, t Template) (Template, error) {
	card, ok := Find(t.Service)
	if !ok {
		return Template{}, &request.FieldError{Field: "service", Code: "form_unknown_service"}
	}
	if err := t.check(card); err != nil {
		return Template{}, err
	}
	fields := map[string]string{}
	maps.Copy(fields, t.Fields.V)
	t.ID, t.OrganisationID, t.CreatedAt, t.Fields.V = storage.NewID(), organisationID, d.now(), fields
	err := d.templated(ctx, actor, &t, "template_added", func(ctx context.Context) error {
		var have int
		if err := d.DB.Get(ctx, &have, `SELECT COUNT(*) FROM application_templates WHERE organisation_id = $1`, organisationID); err != nil {
			return err
		}
		if have >= templatesMost {
			return &request.FieldError{Field: "title", Code: "too_many"}
		}
		_, err := d.DB.Exec(ctx, `INSERT INTO application_templates (`+templateColumns+`) VALUES ($1, $2, $3, $4, $5, $6)`,
			t.ID, t.OrganisationID, t.Service, t.Title, t.Fields, t.CreatedAt)
		return err
	})
	return t, err
}

func (t *Template) check(card *Card) error {
	title := strings.TrimSpace(t.Title)
	if title == "" || utf8.RuneCountInString(title) > 200 || strings.ContainsFunc(title, api.Disguise) {
		return &request.FieldError{Field: "title", Code: "invalid"}
	}
	for name := range t.Fields.V {
		if card.field(name) == nil {
			return &request.FieldError{Field: "fields/" + name, Code: "unknown"}
		}
	}
	return checkSize(Form{Fields: t.Fields.V})
}

// RemoveTemplate throws a form away; storage.ErrNotFound.
func (d *Desk) RemoveTemplate(ctx context.Context, actor directory.Actor, organisationID, id string) error {
	t := Template{ID: id, OrganisationID: organisationID}
	return d.templated(ctx, actor, &t, "template_removed", func(ctx context.Context) error {
		return d.DB.Get(ctx, &t.Title, `DELETE FROM application_templates WHERE id = $1 AND organisation_id = $2 RETURNING title`, id, organisationID)
	})
}

func (d *Desk) templated(ctx context.Context, actor directory.Actor, t *Template, act string, fn func(ctx context.Context) error) error {
	return d.DB.Tx(ctx, func(ctx context.Context) error {
		if _, err := d.writer(ctx, actor, t.OrganisationID, t.Service); err != nil {
			return err
		}
		if err := fn(ctx); err != nil {
			return fmt.Errorf("service: template: %w", err)
		}
		return d.Journal.Append(ctx, journal.Entry{
			Organisation: t.OrganisationID, Actor: actor.PersonID, Client: actor.ClientID,
			Action: "application." + act, Object: t.ID, Outcome: "success", Details: map[string]string{"service": t.Service},
		})
	})
}
