package service

import (
	"context"
	"fmt"
	"strings"

	"propusk/cabinet/api"
	"propusk/cabinet/request"
	"propusk/signature"
	"propusk/storage"
)

// The states of an application. What becomes of a submitted one is the status of
// the request under the same id.
const (
	Draft     = "draft"
	Submitted = "submitted"
)

// Application is one, from its first draft.
type Application struct {
	ID             string                           `db:"id"`
	OrganisationID string                           `db:"organisation_id"`
	Service        string                           `db:"service"`
	State          string                           `db:"state"`
	Renews         string                           `db:"renews"` // the application that it prolongs
	Fields         storage.JSON[map[string]string]  `db:"fields"`
	Documents      storage.JSON[[]Attachment]       `db:"documents"`
	Version        int64                            `db:"version"`
	CreatedBy      string                           `db:"created_by"`
	CreatedAt      storage.Time                     `db:"created_at"`
	UpdatedAt      storage.Time                     `db:"updated_at"`
	SubmittedAt    storage.Time                     `db:"submitted_at"`
	Content        string                           `db:"content"` // as it was submitted and signed
	Signature      string                           `db:"signature"`
	Verdict        storage.JSON[*signature.Verdict] `db:"verdict"`
	Protocol       storage.JSON[*Protocol]          `db:"protocol"`
	Requested      storage.JSON[[]string]           `db:"requested"` // documents that the authority asked for since
	ValidUntil     storage.Time                     `db:"valid_until"`
	RenewAt        storage.Time                     `db:"renew_at"`
}

const columns = `id, organisation_id, service, state, renews, fields, documents, version, created_by, created_at, updated_at,
	submitted_at, content, signature, verdict, protocol, requested, valid_until, renew_at`

func (a *Application) form() Form { return Form{Fields: a.Fields.V, Documents: a.Documents.V} }

// card is the service's; one that the catalogue no longer has cannot be submitted.
func (a *Application) card() (*Card, error) {
	card, ok := Find(a.Service)
	if !ok {
		return nil, fmt.Errorf("service: %s is not in the catalogue: %w", a.Service, storage.ErrNotFound)
	}
	return card, nil
}

// Find reads an application of the organisation; storage.ErrNotFound.
func (d *Desk) Find(ctx context.Context, organisationID, id string) (Application, error) {
	var a Application
	err := d.DB.Get(ctx, &a, `SELECT `+columns+` FROM applications WHERE id = $1 AND organisation_id = $2`, id, organisationID)
	if err != nil {
		return Application{}, fmt.Errorf("service: application: %w", err)
	}
	return a, nil
}

// lock is Find that keeps every other change waiting until the transaction ends.
func (d *Desk) lock(ctx context.Context, organisationID, id string) (Application, error) {
	var a Application
	err := d.DB.Get(ctx, &a, `UPDATE applications SET version = version WHERE id = $1 AND organisation_id = $2 RETURNING `+columns,
		id, organisationID)
	if err != nil {
		return Application{}, fmt.Errorf("service: lock: %w", err)
	}
	return a, nil
}

// Row is an application in a list, with its request where it has one.
type Row struct {
	ID          string         `db:"id"`
	Service     string         `db:"service"`
	State       string         `db:"state"`
	Version     int64          `db:"version"`
	CreatedAt   storage.Time   `db:"created_at"`
	UpdatedAt   storage.Time   `db:"updated_at"`
	SubmittedAt storage.Time   `db:"submitted_at"`
	ValidUntil  storage.Time   `db:"valid_until"`
	Number      string         `db:"number"`
	Status      request.Status `db:"status"`
}

// List is one page of the organisation's applications, newest first, and one row
// more when there are more. Empty state and service choose all.
func (d *Desk) List(ctx context.Context, organisationID, state string, page api.Page) ([]Row, error) {
	where, args := []string{"a.organisation_id = $1"}, []any{organisationID}
	if state != "" {
		args = append(args, state)
		where = append(where, fmt.Sprintf("a.state = $%d", len(args)))
	}
	if page.ID != "" {
		args = append(args, page.At, page.ID)
		where = append(where, fmt.Sprintf("(a.created_at, a.id) < ($%d, $%d)", len(args)-1, len(args)))
	}
	args = append(args, page.Limit+1)
	var rows []Row
	err := d.DB.Select(ctx, &rows, fmt.Sprintf(`SELECT a.id, a.service, a.state, a.version, a.created_at, a.updated_at, a.submitted_at,
			a.valid_until, COALESCE(r.number, '') AS number, COALESCE(r.status, '') AS status
		FROM applications a LEFT JOIN requests r ON r.id = a.id WHERE %s ORDER BY a.created_at DESC, a.id DESC LIMIT $%d`,
		strings.Join(where, " AND "), len(args)), args...)
	if err != nil {
		return nil, fmt.Errorf("service: list: %w", err)
	}
	return rows, nil
}

// insert stores a new draft.
func (d *Desk) insert(ctx context.Context, a *Application) error {
	_, err := d.DB.Exec(ctx, `INSERT INTO applications (`+columns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
		a.ID, a.OrganisationID, a.Service, a.State, a.Renews, a.Fields, a.Documents, a.Version, a.CreatedBy, a.CreatedAt, a.UpdatedAt,
		a.SubmittedAt, a.Content, a.Signature, a.Verdict, a.Protocol, a.Requested, a.ValidUntil, a.RenewAt)
	if err != nil {
		return fmt.Errorf("service: insert: %w", err)
	}
	return nil
}

// update stores a draft's new form under the next version.
func (d *Desk) update(ctx context.Context, a *Application) error {
	a.UpdatedAt = d.now()
	a.Version++
	_, err := d.DB.Exec(ctx, `UPDATE applications SET fields = $1, documents = $2, version = $3, updated_at = $4 WHERE id = $5`,
		a.Fields, a.Documents, a.Version, a.UpdatedAt, a.ID)
	if err != nil {
		return fmt.Errorf("service: save: %w", err)
	}
	return nil
}
