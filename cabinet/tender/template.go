package tender

import (
	"context"
	"errors"
	"fmt"

	"propusk/idp/directory"
	"propusk/storage"
)

// Template is a text that applications are begun with.
type Template struct {
	ID             string             `db:"id"`
	OrganisationID string             `db:"organisation_id"`
	Name           string             `db:"name"`
	Form           storage.JSON[Form] `db:"form"`
	CreatedBy      string             `db:"created_by"`
	CreatedAt      storage.Time       `db:"created_at"`
}

const templateColumns = `id, organisation_id, name, form, created_by, created_at`

// maxKept bounds an organisation's templates, and its saved searches: they are lists
// that people choose from.
const maxKept = 50

var errKept = errors.New("tender: as many as there may be")

// Templates lists the organisation's, newest first.
func (t *Tenders) Templates(ctx context.Context, organisationID string) (list []Template, err error) {
	err = t.DB.Select(ctx, &list, `SELECT `+templateColumns+` FROM tender_templates WHERE organisation_id = $1
		ORDER BY created_at DESC, id DESC LIMIT $2`, organisationID, maxKept)
	return list, wrapped("tender: read templates", err)
}

func (t *Tenders) template(ctx context.Context, organisationID, id string) (tpl Template, err error) {
	err = t.DB.Get(ctx, &tpl, `SELECT `+templateColumns+` FROM tender_templates WHERE id = $1 AND organisation_id = $2`, id, organisationID)
	return tpl, wrapped("tender: read a template", err)
}

// SaveTemplate keeps the text of an application under a name.
func (t *Tenders) SaveTemplate(ctx context.Context, actor directory.Actor, organisationID, name, applicationID string) (tpl Template, err error) {
	err = t.DB.Tx(ctx, func(ctx context.Context) error {
		a, err := t.Get(ctx, organisationID, applicationID)
		if err != nil {
			return missing(err, errTemplate)
		}
		if _, err := t.Directory.Authorise(ctx, actor, organisationID, directory.Act{Permission: directory.TendersWrite, Kind: actKind}); err != nil {
			return err
		}
		if err := t.keepRoom(ctx, "tender_templates", organisationID); err != nil {
			return err
		}
		tpl = Template{ID: storage.NewID(), OrganisationID: organisationID, Name: name, Form: a.Form, CreatedBy: actor.PersonID, CreatedAt: t.now()}
		tpl.Form.V.Price, tpl.Form.V.Consent, tpl.Form.V.SecurityNumber = 0, false, ""
		_, err = t.DB.Exec(ctx, `INSERT INTO tender_templates (`+templateColumns+`) VALUES ($1, $2, $3, $4, $5, $6)`,
			tpl.ID, tpl.OrganisationID, tpl.Name, tpl.Form, tpl.CreatedBy, tpl.CreatedAt)
		if err != nil {
			return fmt.Errorf("tender: keep a template: %w", err)
		}
		return t.journal(ctx, actor, organisationID, "tender.template_saved", "tender_template:"+tpl.ID, map[string]string{"name": name})
	})
	return tpl, err
}

// keepRoom refuses one more of what is bounded.
func (t *Tenders) keepRoom(ctx context.Context, table, organisationID string) error {
	var n int
	err := t.DB.Get(ctx, &n, `SELECT COUNT(*) FROM (SELECT id FROM `+table+` WHERE organisation_id = $1 LIMIT $2) AS kept`, organisationID, maxKept)
	if err == nil && n >= maxKept {
		return errKept
	}
	return wrapped("tender: count", err)
}

// RemoveTemplate throws one away.
func (t *Tenders) RemoveTemplate(ctx context.Context, actor directory.Actor, organisationID, id string) error {
	return t.removeKept(ctx, actor, "tender_templates", "tender.template_removed", "tender_template:", organisationID, id)
}

func (t *Tenders) removeKept(ctx context.Context, actor directory.Actor, table, action, noun, organisationID, id string) error {
	return t.DB.Tx(ctx, func(ctx context.Context) error {
		if _, err := t.Directory.Authorise(ctx, actor, organisationID, directory.Act{Permission: directory.TendersWrite, Kind: actKind}); err != nil {
			return err
		}
		n, err := t.DB.Exec(ctx, `DELETE FROM `+table+` WHERE id = $1 AND organisation_id = $2`, id, organisationID)
		if err == nil && n == 0 {
			err = storage.ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("tender: remove: %w", err)
		}
		return t.journal(ctx, actor, organisationID, action, noun+id, map[string]string{})
	})
}
