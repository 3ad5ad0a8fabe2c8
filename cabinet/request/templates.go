package request

import (
	"context"
	"fmt"
	"strings"

	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/journal"
)

// Template is a text for answers («Шаблоны», rows 204, 216). In it {number},
// {outer_number}, {subject}, {party}, {organisation}, {inn}, {due} and {today}
// stand for what the request says.
type Template struct {
	ID             string       `db:"id"`
	OrganisationID string       `db:"organisation_id"` // "" = built in
	Title          string       `db:"title"`
	Type           Type         `db:"type"`       // for requests of this type; "" = any
	PartyCode      string       `db:"party_code"` // for this body; "" = any
	Body           string       `db:"body"`
	Version        int64        `db:"version"`
	CreatedAt      storage.Time `db:"created_at"`
	UpdatedAt      storage.Time `db:"updated_at"`
}

const (
	templateColumns = `id, organisation_id, title, type, party_code, body, version, created_at, updated_at`
	templatesMost   = 200
)

// builtIn are the texts that everybody has.
var builtIn = []Template{
	{ID: "requirement-documents", Type: Requirement, Title: "Ответ на требование: документы направлены",
		Body: "На требование № {outer_number} сообщаем: истребованные документы направляются в приложении к настоящему ответу.\n\n{organisation}, ИНН {inn}\n{today}"},
	{ID: "requirement-explanation", Type: Requirement, Title: "Ответ на требование: пояснения",
		Body: "На требование № {outer_number} представляем пояснения:\n\n1. \n\n{organisation}, ИНН {inn}\n{today}"},
	{ID: "requirement-extension", Type: Requirement, Title: "Просьба продлить срок",
		Body: "Просим продлить срок исполнения требования № {outer_number}, установленный до {due}, в связи с \n\n{organisation}, ИНН {inn}\n{today}"},
	{ID: "requirement-absent", Type: Requirement, Title: "Документы отсутствуют",
		Body: "На требование № {outer_number} сообщаем, что истребованные документы у {organisation} отсутствуют по причине: \n\n{today}"},
	{ID: "application-clarification", Type: Application, Title: "Ответ на запрос уточнения по заявке",
		Body: "По заявке {number} ({subject}) направляем запрошенные уточнения и документы.\n\n{organisation}, ИНН {inn}\n{today}"},
	{ID: "appeal-addition", Type: Appeal, Title: "Дополнение к обращению",
		Body: "В дополнение к обращению {number} ({subject}) сообщаем:\n\n{organisation}, ИНН {inn}\n{today}"},
	{ID: "message-acknowledged", Type: Message, Title: "Сообщение получено",
		Body: "Сообщение «{subject}» получено и принято к сведению.\n\n{organisation}, ИНН {inn}\n{today}"},
}

// Templates are the built-in texts and the organisation's own, for requests of a
// type ("" = all) and a body ("" = all).
func (b *Inbox) Templates(ctx context.Context, organisationID string, t Type, party string) ([]Template, error) {
	var own []Template
	err := b.DB.Select(ctx, &own, `SELECT `+templateColumns+` FROM request_templates WHERE organisation_id = $1 ORDER BY id LIMIT $2`,
		organisationID, templatesMost)
	if err != nil {
		return nil, fmt.Errorf("request: templates: %w", err)
	}
	var fitting []Template
	for _, one := range append(append([]Template{}, builtIn...), own...) {
		if (t == "" || one.Type == "" || one.Type == t) && (party == "" || one.PartyCode == "" || one.PartyCode == party) {
			fitting = append(fitting, one)
		}
	}
	return fitting, nil
}

// Fill puts what a request says into a template. Values go in as they are, once:
// a brace in a subject begins nothing.
func (t Template) Fill(r Request, o directory.Organisation, today storage.Time) string {
	return strings.NewReplacer(
		"{number}", r.Number, "{outer_number}", r.OuterNumber, "{subject}", r.Subject, "{party}", r.Party,
		"{organisation}", o.Name, "{inn}", o.INN, "{due}", day(r.DueAt), "{today}", day(today),
	).Replace(t.Body)
}

// day is a date as Russian documents write it, in Moscow.
func day(t storage.Time) string {
	if t == 0 {
		return "—"
	}
	return t.Time().In(moscow).Format("02.01.2006")
}

func (t Template) check() error {
	if err := checkText("title", t.Title, 200, false); err != nil {
		return err
	}
	if err := checkText("text", t.Body, MaxBody, true); err != nil {
		return err
	}
	if t.Type != "" && !t.Type.Valid() {
		return &FieldError{Field: "type", Code: "not_allowed"}
	}
	if t.PartyCode != "" && !validBody(t.PartyCode) {
		return &FieldError{Field: "recipient", Code: "request_body_code"}
	}
	return nil
}

// AddTemplate keeps a text of the organisation's own.
func (b *Inbox) AddTemplate(ctx context.Context, actor directory.Actor, organisationID string, t Template) (Template, error) {
	if err := t.check(); err != nil {
		return Template{}, err
	}
	t.ID, t.OrganisationID, t.Version, t.CreatedAt, t.UpdatedAt = storage.NewID(), organisationID, 1, b.now(), b.now()
	err := b.template(ctx, actor, &t, "template_added", func(ctx context.Context) error {
		var have int
		if err := b.DB.Get(ctx, &have, `SELECT COUNT(*) FROM request_templates WHERE organisation_id = $1`, organisationID); err != nil {
			return err
		}
		if have >= templatesMost {
			return &FieldError{Field: "title", Code: "too_many"}
		}
		_, err := b.DB.Exec(ctx, `INSERT INTO request_templates (`+templateColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			t.ID, t.OrganisationID, t.Title, t.Type, t.PartyCode, t.Body, t.Version, t.CreatedAt, t.UpdatedAt)
		return err
	})
	return t, err
}

// ChangeTemplate replaces a text; ErrStale when version is not the present one.
func (b *Inbox) ChangeTemplate(ctx context.Context, actor directory.Actor, organisationID string, t Template, version *int64) (Template, error) {
	if err := t.check(); err != nil {
		return Template{}, err
	}
	t.OrganisationID = organisationID
	err := b.template(ctx, actor, &t, "template_changed", func(ctx context.Context) error {
		var known Template
		err := b.DB.Get(ctx, &known, `UPDATE request_templates SET title = $1, type = $2, party_code = $3, body = $4,
			version = version + 1, updated_at = $5 WHERE id = $6 AND organisation_id = $7 RETURNING `+templateColumns,
			t.Title, t.Type, t.PartyCode, t.Body, b.now(), t.ID, organisationID)
		if err != nil {
			return err
		}
		if version != nil && known.Version-1 != *version {
			return ErrStale
		}
		t = known
		return nil
	})
	return t, err
}

// RemoveTemplate throws a text of the organisation away; storage.ErrNotFound.
func (b *Inbox) RemoveTemplate(ctx context.Context, actor directory.Actor, organisationID, id string) error {
	t := Template{ID: id, OrganisationID: organisationID}
	return b.template(ctx, actor, &t, "template_removed", func(ctx context.Context) error {
		return b.DB.Get(ctx, &t.Title, `DELETE FROM request_templates WHERE id = $1 AND organisation_id = $2 RETURNING title`, id, organisationID)
	})
}

// OwnTemplate reads one text of the organisation.
func (b *Inbox) OwnTemplate(ctx context.Context, organisationID, id string) (Template, error) {
	var t Template
	err := b.DB.Get(ctx, &t, `SELECT `+templateColumns+` FROM request_templates WHERE id = $1 AND organisation_id = $2`, id, organisationID)
	if err != nil {
		return Template{}, fmt.Errorf("request: template: %w", err)
	}
	return t, nil
}

// template changes the organisation's texts as somebody who may, and records it.
func (b *Inbox) template(ctx context.Context, actor directory.Actor, t *Template, act string, fn func(ctx context.Context) error) error {
	return b.DB.Tx(ctx, func(ctx context.Context) error {
		if _, err := b.writer(ctx, actor, t.OrganisationID, ""); err != nil {
			return err
		}
		if err := fn(ctx); err != nil {
			return fmt.Errorf("request: template: %w", err)
		}
		return b.Journal.Append(ctx, journal.Entry{
			Organisation: t.OrganisationID, Actor: actor.PersonID, Client: actor.ClientID,
			Action: "request." + act, Object: t.ID, Outcome: "success",
		})
	})
}
