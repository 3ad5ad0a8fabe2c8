package extract

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"propusk/cabinet/authority"
	"propusk/cabinet/notice"
	"propusk/cabinet/paper"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/jobs"
	"propusk/storage/journal"
	"propusk/storage/outbox"
)

// Deps is what the room stands on. Everything is required.
type Deps struct {
	DB        *storage.DB
	Ephemeral storage.Ephemeral // counts the questions of strangers
	Sealer    *storage.Sealer
	Jobs      *jobs.Runner // not started yet
	Outbox    *outbox.Outbox
	Journal   *journal.Journal
	Directory *directory.Directory
	Notices   Notices
	Registry  authority.Registry
	Gateway   Gateway
	Paper     *paper.Paper
	Seal      *paper.Seal
	Files     *file.Store
	Now       func() time.Time
	Log       *slog.Logger
}

// Gateway is what the room needs of *authority.Gateway.
type Gateway interface {
	Submit(ctx context.Context, load authority.Load) error
	Load(kind string, fn func(ctx context.Context, id string) (authority.Submission, error))
	Handle(kind string, fn func(ctx context.Context, a authority.Answer) error)
	Watch(kind string, fn func(ctx context.Context, d authority.Delivery) error)
}

// Notices is what the room needs of *notice.Notices.
type Notices interface {
	Tell(ctx context.Context, e notice.Event) error
}

// Extracts takes orders, has them made and keeps what was made.
type Extracts struct {
	Deps
	strangers *strangers // who ask whether a PDF is genuine
}

const (
	jobMake = "extract/make"
	// makeAttempts is how often the register is asked before an order fails: about
	// a quarter of an hour.
	makeAttempts = 9
	// submissionKind is that of requests to authorities.
	submissionKind = "extract"
)

// New checks the dependencies and registers what the room does by itself.
func New(deps Deps) (*Extracts, error) {
	if err := deps.check(); err != nil {
		return nil, err
	}
	x := &Extracts{Deps: deps, strangers: newStrangers()}
	deps.Jobs.Handle(jobMake, x.work)
	deps.Jobs.Every("extract/tend", 10*time.Minute, x.tend)
	deps.Outbox.Attach(attached, x.open)
	deps.Gateway.Load(submissionKind, x.submission)
	deps.Gateway.Handle(submissionKind, x.answered)
	deps.Gateway.Watch(submissionKind, x.delivered)
	return x, nil
}

func (d Deps) check() error {
	for name, missing := range map[string]bool{
		"DB": d.DB == nil, "Ephemeral": d.Ephemeral == nil, "Sealer": d.Sealer == nil, "Jobs": d.Jobs == nil,
		"Outbox": d.Outbox == nil, "Journal": d.Journal == nil, "Directory": d.Directory == nil, "Notices": d.Notices == nil,
		"Registry": d.Registry == nil, "Gateway": d.Gateway == nil, "Paper": d.Paper == nil, "Seal": d.Seal == nil,
		"Files": d.Files == nil, "Now": d.Now == nil, "Log": d.Log == nil,
	} {
		if missing {
			return errors.New("extract: " + name + " is required")
		}
	}
	return nil
}

func (x *Extracts) now() storage.Time { return storage.Of(x.Now()) }
