package document

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/notice"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/journal"
	"propusk/storage/outbox"
)

// Deps are what Documents stand on. Everything is required but Verifier, Largest and
// the durations.
type Deps struct {
	DB        *storage.DB
	Files     *file.Store
	Directory *directory.Directory
	Journal   *journal.Journal
	Outbox    *outbox.Outbox // mails the links
	Notices   *notice.Notices
	// Verifier judges signatures; nil: documents cannot be signed.
	Verifier signature.Verifier
	// BaseURL is scheme and host of this server, without a final slash, for links.
	BaseURL string
	// Largest is the largest file that can come in pieces, in bytes; 0 is 200 MiB.
	Largest int64
	// Pieces is how long an upload in pieces waits for the next one; 0 is 24 hours.
	Pieces time.Duration
	Now    func() time.Time
	Log    *slog.Logger
}

// Documents is the archive of all organisations. It is safe for use by many
// goroutines; its methods take part in the transaction of their context.
type Documents struct {
	Deps
	// turns bounds how many signed files are in memory at a time.
	turns chan struct{}
	wait  time.Duration // for a turn
	// guards are the rooms that say who may read what came from them, by the prefix of
	// its source.
	guards map[string]func(ctx context.Context, actor directory.Actor, organisationID, id string) error
}

// Guard has a room asked whenever a document that came from it is read: source is the
// prefix before the id ("extract/"). A right to documents is no way around the limits
// of the room's own right. may returns directory.ErrForbidden to refuse. Call it before
// the archive is used.
func (d *Documents) Guard(source string, may func(ctx context.Context, actor directory.Actor, organisationID, id string) error) {
	d.guards[source] = may
}

// mayRead asks the room that the document came from.
func (d *Documents) mayRead(ctx context.Context, actor directory.Actor, doc Document) error {
	for source, may := range d.guards {
		if id, ok := strings.CutPrefix(doc.Source, source); ok {
			return may(ctx, actor, doc.OrganisationID, id)
		}
	}
	return nil
}

// New checks the dependencies once.
func New(deps Deps) (*Documents, error) {
	for name, missing := range map[string]bool{
		"DB": deps.DB == nil, "Files": deps.Files == nil, "Directory": deps.Directory == nil, "Journal": deps.Journal == nil,
		"Outbox": deps.Outbox == nil, "Notices": deps.Notices == nil, "BaseURL": deps.BaseURL == "", "Now": deps.Now == nil, "Log": deps.Log == nil,
	} {
		if missing {
			return nil, errors.New("document: " + name + " is required")
		}
	}
	if deps.Largest <= 0 {
		deps.Largest = 200 << 20
	}
	if deps.Pieces <= 0 {
		deps.Pieces = 24 * time.Hour
	}
	return &Documents{
		Deps: deps, turns: make(chan struct{}, maxJudged), wait: turnWait,
		guards: map[string]func(ctx context.Context, actor directory.Actor, organisationID, id string) error{},
	}, nil
}

// Status is where a document is.
type Status string

// The statuses. An archived document is only read.
const (
	Active   Status = "active"
	Archived Status = "archived"
)

// Document is one document with what belongs to its present version.
type Document struct {
	ID             string       `db:"id"`
	OrganisationID string       `db:"organisation_id"`
	Kind           Kind         `db:"kind"`
	Name           string       `db:"name"`
	Description    string       `db:"description"`
	ValidUntil     string       `db:"valid_until"` // 2006-01-02, its last day; "" = without end
	Status         Status       `db:"status"`
	Source         string       `db:"source"`   // "" = uploaded; else who brought it, such as "extract/<id>"
	Versions       int64        `db:"versions"` // the number of the present one
	FileID         string       `db:"file_id"`
	FileName       string       `db:"file_name"`
	MediaType      string       `db:"media_type"`
	Size           int64        `db:"size"`
	SHA256         string       `db:"sha256"`
	Signatures     int64        `db:"signatures"` // of the present version
	Version        int64        `db:"version"`    // counts the changes of this record
	CreatedBy      string       `db:"created_by"`
	CreatedAt      storage.Time `db:"created_at"`
	UpdatedAt      storage.Time `db:"updated_at"`
	ArchivedAt     storage.Time `db:"archived_at"`
}

const columns = `id, organisation_id, kind, name, description, valid_until, status, source, versions, file_id, file_name,
	media_type, size, sha256, signatures, version, created_by, created_at, updated_at, archived_at`

// Version is one state of a document's bytes.
type Version struct {
	DocumentID   string       `db:"document_id"`
	Number       int64        `db:"number"`
	FileID       string       `db:"file_id"`
	FileName     string       `db:"file_name"`
	MediaType    string       `db:"media_type"`
	Size         int64        `db:"size"`
	SHA256       string       `db:"sha256"`
	Note         string       `db:"note"`
	RestoredFrom int64        `db:"restored_from"` // 0 = it has bytes of its own
	CreatedBy    string       `db:"created_by"`
	CreatedAt    storage.Time `db:"created_at"`
}

const versionColumns = `document_id, number, file_id, file_name, media_type, size, sha256, note, restored_from, created_by, created_at`

// The refusals of this package beside storage.ErrNotFound, those of storage/file and
// of the directory. Callers test with errors.Is.
var (
	// ErrStale: the record has changed since the caller read it.
	ErrStale = errors.New("document: it has changed meanwhile")
	// ErrArchived: an archived document is only read.
	ErrArchived = errors.New("document: it is archived")
	// ErrSigned: what is signed is not removed.
	ErrSigned = errors.New("document: it is signed")
	// ErrShared: what others were given and may still open is not removed.
	ErrShared = errors.New("document: it is shared")
	// ErrInUse: another part of the cabinet keeps the file.
	ErrInUse = errors.New("document: another part of the cabinet keeps it")
	// ErrReceived: what the house brought is not replaced or removed.
	ErrReceived = errors.New("document: it was received")
	// ErrVersions: it has as many versions as a document may have.
	ErrVersions = errors.New("document: too many versions")
	// ErrSame: the bytes are those of the present version.
	ErrSame = errors.New("document: the version would be the same")
)

func (d *Documents) time() storage.Time { return storage.Of(d.Now()) }

// owner is the word by which a document keeps its files.
func owner(id string) string { return "document/" + id }

// Get reads one document of an organisation; storage.ErrNotFound when it has none
// of that id.
func (d *Documents) Get(ctx context.Context, organisationID, id string) (Document, error) {
	var doc Document
	err := d.DB.Get(ctx, &doc, `SELECT `+columns+` FROM documents WHERE id = $1 AND organisation_id = $2`, id, organisationID)
	if err != nil {
		return Document{}, fmt.Errorf("document: get: %w", err)
	}
	return doc, nil
}

// lock is Get for a change: the row is taken until the transaction ends, and its
// version counts one more. seen, when not nil, must be the version that it had.
func (d *Documents) lock(ctx context.Context, organisationID, id string, seen *int64) (Document, error) {
	var doc Document
	err := d.DB.Get(ctx, &doc, `
		UPDATE documents SET version = version + 1, updated_at = $1 WHERE id = $2 AND organisation_id = $3 RETURNING `+columns,
		d.time(), id, organisationID)
	switch {
	case err != nil:
		return Document{}, fmt.Errorf("document: get: %w", err)
	case seen != nil && doc.Version != *seen+1:
		return Document{}, ErrStale
	}
	return doc, nil
}

// record writes one act to the journal of the organisation in which it was done.
func (d *Documents) record(ctx context.Context, by By, organisationID, action, object string, details map[string]string) error {
	if by.Authority.By != "" {
		right, err := json.Marshal(by.Authority)
		if err != nil {
			return fmt.Errorf("document: journal: %w", err)
		}
		details["authority"] = string(right)
	}
	return d.Journal.Append(ctx, journal.Entry{
		Organisation: organisationID, Actor: by.Actor.PersonID, Client: by.Actor.ClientID,
		Action: action, Object: object, Outcome: "success", Details: details,
	})
}

// By is who acts, and by which right.
type By struct {
	Actor     directory.Actor
	Authority directory.Authority
}

// authorise names the right by which the actor does an act on a kind of document,
// in the act's transaction.
func (d *Documents) authorise(ctx context.Context, actor directory.Actor, organisationID string, permission directory.Permission, kind Kind) (By, error) {
	right, err := d.Directory.Authorise(ctx, actor, organisationID, directory.Act{Permission: permission, Kind: string(kind)})
	if err != nil {
		return By{}, err
	}
	return By{actor, right}, nil
}

// Refusal tells this package's errors, and those of what it stands on, in the API's
// codes.
func Refusal(err error) error {
	if refused, ok := errors.AsType[*api.Refusal](api.FileRefusal(err)); ok {
		return refused
	}
	for _, known := range []struct {
		err  error
		code string
	}{
		{ErrStale, "version_changed"}, {ErrArchived, "document_archived"}, {ErrSigned, "document_signed"},
		{ErrShared, "document_shared"}, {ErrInUse, "document_in_use"}, {ErrReceived, "document_received"},
		{ErrSame, "document_same"}, {ErrVersions, "document_versions_many"}, {ErrLinks, "document_links_many"}, {ErrShareOver, "document_share_over"}, {ErrShares, "document_shares_many"}, {ErrNotAsked, "document_not_asked"},
		{ErrOwnOrganisation, "document_share_own"}, {ErrLink, "document_link"}, {directory.ErrSigner, "document_signer"},
		{ErrSignatureExists, "document_signature_exists"}, {ErrNoVerifier, "signatures_unavailable"}, {ErrUploads, "document_uploads_many"},
		{ErrDigest, "document_digest"}, {ErrPiece, "document_piece"}, {ErrUnfinished, "document_unfinished"},
	} {
		if errors.Is(err, known.err) {
			return api.Refuse(known.code).Wrap(err)
		}
	}
	return api.DirectoryRefusal(err)
}
