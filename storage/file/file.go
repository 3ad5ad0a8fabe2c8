package file

import (
	"errors"
	"fmt"

	"propusk/storage"
)

// File is the record of one file. It never changes but for DamagedAt.
type File struct {
	ID             string       `db:"id"`
	OrganisationID string       `db:"organisation_id"`
	Name           string       `db:"name"`       // as it was sent, cleaned; its extension fits MediaType
	MediaType      string       `db:"media_type"` // by the content, such as application/pdf
	Size           int64        `db:"size"`       // bytes
	SHA256         string       `db:"sha256"`     // hexadecimal
	CreatedAt      storage.Time `db:"created_at"`
	CheckedAt      storage.Time `db:"checked_at"` // when the bytes were last seen to be whole, or asked about
	DamagedAt      storage.Time `db:"damaged_at"` // since when they are known to be wrong or missing; 0 is whole
}

// Whole reports whether the bytes are, as far as is known, what was saved.
func (f File) Whole() bool { return f.DamagedAt == 0 }

const columns = `id, organisation_id, name, media_type, size, sha256, created_at, checked_at, damaged_at`

// The errors by which Save and Open refuse. KindError and InfectedError say more.
var (
	// ErrTooLarge: more bytes than the limit.
	ErrTooLarge = errors.New("file: too large")
	// ErrEmpty: no byte at all.
	ErrEmpty = errors.New("file: empty")
	// ErrKind: the content is of no kind that is wanted here.
	ErrKind = errors.New("file: not of a kind that is wanted")
	// ErrInfected: the scanner found a virus.
	ErrInfected = errors.New("file: infected")
	// ErrUnscanned: the scanner is away and unscanned files are not taken.
	ErrUnscanned = errors.New("file: the virus scanner does not answer")
	// ErrDamaged: the bytes are not those that were saved, or are gone.
	ErrDamaged = errors.New("file: damaged")
	// ErrQuota: the organisation has as much as it may have.
	ErrQuota = errors.New("file: the organisation's quota is used up")
	// ErrElsewhere: the blob store belongs to another database.
	ErrElsewhere = errors.New("file: the blob store belongs to another database")
)

// KindError is ErrKind with what was found instead.
type KindError struct {
	// Found is the kind in one word: a Kinds name such as "pdf", or what is never
	// taken: "program", "script", "html", "svg", "archive", "ole2", "macro",
	// "encrypted", "bomb", "xml_dtd", "broken_pdf" …, "unknown".
	Found string
	// Wanted is what would have been taken.
	Wanted Kinds
}

func (e *KindError) Error() string {
	return fmt.Sprintf("%v: found %s, wanted %s", ErrKind, e.Found, e.Wanted)
}

// Unwrap makes errors.Is(err, ErrKind) true.
func (e *KindError) Unwrap() error { return ErrKind }

// InfectedError is ErrInfected with the scanner's name of the virus.
type InfectedError struct{ Virus string }

func (e *InfectedError) Error() string { return fmt.Sprintf("%v: %s", ErrInfected, e.Virus) }

// Unwrap makes errors.Is(err, ErrInfected) true.
func (e *InfectedError) Unwrap() error { return ErrInfected }
