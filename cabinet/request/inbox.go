package request

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/cabinet/notice"
	"propusk/cabinet/paper"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/jobs"
	"propusk/storage/journal"
)

// Deps is what the inbox stands on. Everything is required but Support.
type Deps struct {
	DB        *storage.DB
	Directory *directory.Directory
	Journal   *journal.Journal
	Files     *file.Store
	Gateway   *authority.Gateway
	Notices   *notice.Notices
	Paper     *paper.Paper
	Jobs      *jobs.Runner // not started yet
	Support   Support      // how people reach the support beside the cabinet
	Log       *slog.Logger
	Now       func() time.Time
}

// Inbox keeps the requests of all organisations. It is safe for use by many
// goroutines; its methods take part in the transaction of their context.
type Inbox struct {
	Deps
	decided map[Type][]Decided
}

// The refusals of this package beside storage.ErrNotFound and those of the
// directory. Callers test with errors.Is.
var (
	// ErrStale: the record has changed since the caller read it.
	ErrStale = errors.New("request: it has changed meanwhile")
	// ErrState: the request's status does not allow the act.
	ErrState = errors.New("request: its status does not allow this")
	// ErrResponsible: the member may not answer requests.
	ErrResponsible = errors.New("request: this member may not answer requests")
)

// New checks the dependencies once, and gives the gateway its loaders and handlers
// and the jobs their periodic work. It starts nothing.
func New(deps Deps) (*Inbox, error) {
	for name, missing := range map[string]bool{
		"DB": deps.DB == nil, "Directory": deps.Directory == nil, "Journal": deps.Journal == nil, "Files": deps.Files == nil,
		"Gateway": deps.Gateway == nil, "Notices": deps.Notices == nil, "Paper": deps.Paper == nil, "Jobs": deps.Jobs == nil,
		"Log": deps.Log == nil, "Now": deps.Now == nil,
	} {
		if missing {
			return nil, errors.New("request: " + name + " is required")
		}
	}
	b := &Inbox{Deps: deps, decided: map[Type][]Decided{}}
	b.connect()
	b.Jobs.Every("requests/overdue", 15*time.Second, b.expireDue)
	b.Jobs.Every("requests/remind", time.Minute, b.remindDue)
	return b, nil
}

func (b *Inbox) now() storage.Time { return storage.Of(b.Now()) }

// FieldError says what is wrong with one field of the input. A field inside
// another is written with a slash: "fields/inn".
type FieldError struct {
	Field, Code string
	Args        map[string]string
}

// pointer is the field as a JSON pointer (RFC 6901).
func (e *FieldError) pointer() string {
	outer, inner, nested := strings.Cut(e.Field, "/")
	if !nested {
		return api.Pointer(outer)
	}
	return api.Pointer(outer) + api.Pointer(inner)
}

func (e *FieldError) Error() string { return fmt.Sprintf("request: field %s: %s", e.Field, e.Code) }
