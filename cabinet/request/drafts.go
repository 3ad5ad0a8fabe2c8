package request

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"propusk/idp/directory"
	"propusk/storage"
)

// Draft is an answer that somebody is writing. Each has his own, so that two who
// write at once do not overwrite each other.
type Draft struct {
	RequestID      string                 `db:"request_id"`
	Author         string                 `db:"author"`
	OrganisationID string                 `db:"organisation_id"`
	Body           string                 `db:"body"`
	Files          storage.JSON[[]string] `db:"files"`
	DueAt          storage.Time           `db:"due_at"`
	Version        int64                  `db:"version"`
	UpdatedAt      storage.Time           `db:"updated_at"`
}

const draftColumns = `request_id, author, organisation_id, body, files, due_at, version, updated_at`

// draftAuthor names whose draft it is.
func draftAuthor(actor directory.Actor) string {
	if actor.PersonID != "" {
		return actor.PersonID
	}
	return actor.ClientID
}

// Draft reads the actor's draft of an answer; storage.ErrNotFound.
func (b *Inbox) Draft(ctx context.Context, actor directory.Actor, organisationID, id string) (Draft, error) {
	var d Draft
	err := b.DB.Get(ctx, &d, `SELECT `+draftColumns+` FROM request_drafts
		WHERE request_id = $1 AND author = $2 AND organisation_id = $3`, id, draftAuthor(actor), organisationID)
	if err != nil {
		return Draft{}, fmt.Errorf("request: draft: %w", err)
	}
	return d, nil
}

// SaveDraft keeps what the actor has written so far (row 220). version is the
// draft that he has seen, 0 for none; ErrStale when another window of his was
// faster. Files are kept with it, so that they do not fall to the sweeper.
func (b *Inbox) SaveDraft(ctx context.Context, actor directory.Actor, organisationID, id string, version *int64, body string, files []string, due storage.Time) (d Draft, err error) {
	if err := checkDraft(body, files); err != nil {
		return Draft{}, err
	}
	err = b.DB.Tx(ctx, func(ctx context.Context) error {
		r, err := b.Find(ctx, organisationID, id)
		if err != nil {
			return err
		}
		w, err := b.writer(ctx, actor, organisationID, r.authorisedKind())
		if err != nil {
			return err
		}
		if r.Status.Final() {
			return fmt.Errorf("%w: the request is over", ErrState)
		}
		if err := b.keepDraftFiles(ctx, &r, w, files); err != nil {
			return err
		}
		d = Draft{RequestID: id, Author: draftAuthor(actor), OrganisationID: organisationID, Body: body, DueAt: due, UpdatedAt: b.now()}
		d.Files.V = files
		return b.storeDraft(ctx, &d, version)
	})
	return d, err
}

func checkDraft(body string, files []string) error {
	if utf8.RuneCountInString(body) > MaxBody {
		return &FieldError{Field: "text", Code: "request_too_long", Args: map[string]string{"most": fmt.Sprint(MaxBody)}}
	}
	if strings.ContainsFunc(body, func(r rune) bool { return forbidden(r, true) }) {
		return &FieldError{Field: "text", Code: "invalid"}
	}
	if len(files) > MaxFiles {
		return &FieldError{Field: "files", Code: "request_too_many_files", Args: map[string]string{"most": fmt.Sprint(MaxFiles)}}
	}
	return nil
}

// keepDraftFiles makes the draft keep exactly these files.
func (b *Inbox) keepDraftFiles(ctx context.Context, r *Request, w writer, files []string) error {
	keeper := draftOwner(r.ID, draftAuthor(w.actor))
	for _, id := range files {
		if _, err := b.Files.Get(ctx, r.OrganisationID, id); err != nil {
			return &FieldError{Field: "files", Code: "request_unknown_file"}
		}
		if err := b.MayAttach(ctx, w.actor, r.OrganisationID, id); err != nil {
			return err
		}
	}
	if err := b.Files.Release(ctx, keeper); err != nil {
		return err
	}
	if len(files) == 0 {
		return nil
	}
	return b.Files.Keep(ctx, r.OrganisationID, keeper, files...)
}

func draftOwner(requestID, author string) string { return "request-draft/" + requestID + "/" + author }

// storeDraft writes over the version that was seen, or over whatever is there when
// the client makes no condition.
func (b *Inbox) storeDraft(ctx context.Context, d *Draft, seen *int64) error {
	err := b.DB.Get(ctx, &d.Version, `INSERT INTO request_drafts (`+draftColumns+`) VALUES ($1, $2, $3, $4, $5, $6, 1, $7)
		ON CONFLICT (request_id, author) DO UPDATE SET body = excluded.body, files = excluded.files, due_at = excluded.due_at,
			updated_at = excluded.updated_at, version = request_drafts.version + 1
		RETURNING version`,
		d.RequestID, d.Author, d.OrganisationID, d.Body, d.Files, d.DueAt, d.UpdatedAt)
	if err != nil {
		return fmt.Errorf("request: save the draft: %w", err)
	}
	if seen != nil && *seen != d.Version-1 {
		return ErrStale
	}
	return nil
}

// DropDraft throws the actor's draft away; storage.ErrNotFound.
func (b *Inbox) DropDraft(ctx context.Context, actor directory.Actor, organisationID, id string) error {
	return b.DB.Tx(ctx, func(ctx context.Context) error {
		if _, err := b.Draft(ctx, actor, organisationID, id); err != nil {
			return err
		}
		return b.forgetDraft(ctx, id, draftAuthor(actor))
	})
}

func (b *Inbox) forgetDraft(ctx context.Context, requestID, author string) error {
	if _, err := b.DB.Exec(ctx, `DELETE FROM request_drafts WHERE request_id = $1 AND author = $2`, requestID, author); err != nil {
		return fmt.Errorf("request: forget the draft: %w", err)
	}
	return b.Files.Release(ctx, draftOwner(requestID, author))
}
