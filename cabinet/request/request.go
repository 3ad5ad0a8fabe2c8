package request

import (
	"context"
	"errors"
	"fmt"
	"time"

	"propusk/storage"
)

// Request is one row of the inbox.
type Request struct {
	ID             string                  `db:"id"`
	OrganisationID string                  `db:"organisation_id"`
	Number         string                  `db:"number"`       // ours, see ParseNumber
	OuterNumber    string                  `db:"outer_number"` // the authority's; "" = not known
	Type           Type                    `db:"type"`
	Kind           string                  `db:"kind"` // service code, kind of document, kind of ticket; "" = not told apart
	Direction      Direction               `db:"direction"`
	Status         Status                  `db:"status"`
	Phase          Phase                   `db:"phase"`
	Subject        string                  `db:"subject"`
	PartyCode      string                  `db:"party_code"` // the body's code; "" = unknown, or our own support
	Party          string                  `db:"party"`      // recipient or source, as people read it
	ResponsibleID  string                  `db:"responsible_id"`
	CreatedBy      string                  `db:"created_by"` // the person's id; "" = an authority or a client
	CreatedAt      storage.Time            `db:"created_at"`
	DueAt          storage.Time            `db:"due_at"`       // 0 = none
	ExecutionAt    storage.Time            `db:"execution_at"` // when the organisation means to be done; 0 = not set
	StatusAt       storage.Time            `db:"status_at"`
	UpdatedAt      storage.Time            `db:"updated_at"`
	ClosedAt       storage.Time            `db:"closed_at"`
	IsOverdue      bool                    `db:"overdue"`
	OverdueAt      storage.Time            `db:"overdue_at"` // when a date was first missed; it stays
	ExpiresAt      storage.Time            `db:"expires_at"` // when the clock acts; 0 = never
	RemindAt       storage.Time            `db:"remind_at"`  // when the clock reminds; 0 = never, or done
	Documents      storage.JSON[[]FileRef] `db:"documents"`
	Details        storage.JSON[Details]   `db:"details"`
	Version        int64                   `db:"version"`
}

// FileRef names a file of the thread in storage/file.
type FileRef struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	MediaType string `json:"media_type"`
	Size      int64  `json:"size"` // bytes
	SHA256    string `json:"sha256"`
	// SignatureOf is the id of the file that this one is a detached signature of.
	SignatureOf string `json:"signature_of,omitempty"`
	// Result marks the document that an authority granted.
	Result bool `json:"result,omitempty"`
}

// Details are what only some types have. Contacts are those that the writer of a
// ticket left for the answer.
type Details struct {
	Phone        string       `json:"phone,omitempty"`
	Email        string       `json:"email,omitempty"`
	ReplyChannel string       `json:"reply_channel,omitempty"` // email, phone, cabinet
	ErrorCode    string       `json:"error_code,omitempty"`    // as a refusal showed it
	ErrorAt      storage.Time `json:"error_at,omitempty"`
	Related      string       `json:"related,omitempty"` // number of the request that it is about
	Earlier      string       `json:"earlier,omitempty"` // number of the ticket that it repeats
}

const columns = `id, organisation_id, number, outer_number, type, kind, direction, status, phase, subject,
	party_code, party, responsible_id, created_by, created_at, due_at, execution_at, status_at, updated_at,
	closed_at, overdue, overdue_at, expires_at, remind_at, documents, details, version`

// reminderBefore is how long before its due date a requirement is reminded of
// (row 219).
const reminderBefore = 3 * 24 * time.Hour

// enter puts the request into a status at a time and settles what follows from it:
// phase, whether it is over, and what the clock has to do.
func (r *Request) enter(s Status, now storage.Time) {
	if s != r.Status {
		r.StatusAt = now
	}
	r.Status, r.Phase = s, PhaseOf(s)
	r.IsOverdue = s == Overdue
	if s.Final() && r.ClosedAt == 0 {
		r.ClosedAt = now
	}
	r.schedule(now)
}

// schedule says when the clock is to look at the request again.
func (r *Request) schedule(now storage.Time) {
	r.ExpiresAt, r.RemindAt = 0, 0
	if r.DueAt == 0 {
		return
	}
	if Expires(r.Type, r.Status) {
		r.ExpiresAt = r.DueAt
	}
	if at := r.DueAt.Add(-reminderBefore); reminded(r.Type, r.Status) && at > now {
		r.RemindAt = at
	}
}

// Late reports whether the due date has passed without what it was for, whether or
// not the clock has been there yet.
func (r *Request) Late(now storage.Time) bool {
	return r.IsOverdue || r.DueAt > 0 && r.DueAt <= now && (Expires(r.Type, r.Status) || reminded(r.Type, r.Status))
}

// Shown is the status that people see at a time: the clock's work is shown to be
// done at the due date, however late the clock comes (row 210).
func (r *Request) Shown(now storage.Time) Status {
	if r.ExpiresAt > 0 && r.ExpiresAt <= now {
		if to, ok := Next(r.Type, r.Status, EventExpire); ok {
			return to
		}
	}
	return r.Status
}

// insert stores a new request under a number that nobody has.
func (b *Inbox) insert(ctx context.Context, r *Request) error {
	for range 20 {
		if r.Number == "" {
			r.Number = newNumber(r.Type, b.Now())
		}
		n, err := b.DB.Exec(ctx, `INSERT INTO requests (`+columns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27)
			ON CONFLICT (number) DO NOTHING`,
			r.ID, r.OrganisationID, r.Number, r.OuterNumber, r.Type, r.Kind, r.Direction, r.Status, r.Phase, r.Subject,
			r.PartyCode, r.Party, r.ResponsibleID, r.CreatedBy, r.CreatedAt, r.DueAt, r.ExecutionAt, r.StatusAt, r.UpdatedAt,
			r.ClosedAt, r.IsOverdue, r.OverdueAt, r.ExpiresAt, r.RemindAt, r.Documents, r.Details, r.Version)
		if err != nil {
			return fmt.Errorf("request: insert: %w", err)
		}
		if n == 1 {
			return b.indexWords(ctx, r)
		}
		r.Number = ""
	}
	return errors.New("request: no free number was drawn")
}

// update stores what may change of a request that was read at r.Version; ErrStale
// when somebody was faster.
func (b *Inbox) update(ctx context.Context, r *Request) error {
	r.UpdatedAt = storage.Of(b.Now())
	n, err := b.DB.Exec(ctx, `UPDATE requests SET outer_number = $1, status = $2, phase = $3, responsible_id = $4,
		due_at = $5, execution_at = $6, status_at = $7, updated_at = $8, closed_at = $9, overdue = $10, overdue_at = $11,
		expires_at = $12, remind_at = $13, documents = $14, details = $15, version = version + 1
		WHERE id = $16 AND version = $17`,
		r.OuterNumber, r.Status, r.Phase, r.ResponsibleID, r.DueAt, r.ExecutionAt, r.StatusAt, r.UpdatedAt, r.ClosedAt,
		r.IsOverdue, r.OverdueAt, r.ExpiresAt, r.RemindAt, r.Documents, r.Details, r.ID, r.Version)
	if err != nil {
		return fmt.Errorf("request: update: %w", err)
	}
	if n == 0 {
		return ErrStale
	}
	r.Version++
	return nil
}

// Find reads a request of the organisation; storage.ErrNotFound for another's as
// for one that does not exist.
func (b *Inbox) Find(ctx context.Context, organisationID, id string) (Request, error) {
	var r Request
	err := b.DB.Get(ctx, &r, `SELECT `+columns+` FROM requests WHERE id = $1 AND organisation_id = $2`, id, organisationID)
	if err != nil {
		return Request{}, fmt.Errorf("request: %w", err)
	}
	return r, nil
}

// FindNumber reads a request of the organisation by its number.
func (b *Inbox) FindNumber(ctx context.Context, organisationID, number string) (Request, error) {
	var r Request
	err := b.DB.Get(ctx, &r, `SELECT `+columns+` FROM requests WHERE number = $1 AND organisation_id = $2`, number, organisationID)
	if err != nil {
		return Request{}, fmt.Errorf("request: number: %w", err)
	}
	return r, nil
}
