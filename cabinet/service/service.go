package service

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"propusk/cabinet/authority"
	"propusk/cabinet/notice"
	"propusk/cabinet/paper"
	"propusk/cabinet/request"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/jobs"
	"propusk/storage/journal"
)

// Deps is what the room stands on. Everything is required but Registry.
type Deps struct {
	DB        *storage.DB
	Inbox     *request.Inbox
	Directory *directory.Directory
	Journal   *journal.Journal
	Files     *file.Store
	Notices   *notice.Notices
	Paper     *paper.Paper
	Verifier  signature.Verifier
	Registry  authority.Registry // fills in what the register knows; nil: it fills in nothing
	Jobs      *jobs.Runner       // not started yet
	Log       *slog.Logger
	Now       func() time.Time
}

// Desk takes applications. It is safe for use by many goroutines.
type Desk struct{ Deps }

// The refusals of this package beside those of the inbox and the directory.
var (
	// ErrSubmitted: what was submitted does not change any more.
	ErrSubmitted = errors.New("service: the application was submitted")
	// ErrNotGranted: only what was granted can be prolonged.
	ErrNotGranted = errors.New("service: nothing was granted that could be prolonged")
)

// New checks the dependencies once, hears what the authorities answer and gives
// the jobs the reminders. It starts nothing.
func New(deps Deps) (*Desk, error) {
	for name, missing := range map[string]bool{
		"DB": deps.DB == nil, "Inbox": deps.Inbox == nil, "Directory": deps.Directory == nil, "Journal": deps.Journal == nil,
		"Files": deps.Files == nil, "Notices": deps.Notices == nil, "Paper": deps.Paper == nil, "Verifier": deps.Verifier == nil,
		"Jobs": deps.Jobs == nil, "Log": deps.Log == nil, "Now": deps.Now == nil,
	} {
		if missing {
			return nil, errors.New("service: " + name + " is required")
		}
	}
	d := &Desk{deps}
	d.Inbox.OnAnswer(request.Application, d.heard)
	d.Jobs.Every("applications/renewals", time.Hour, d.remindRenewals)
	return d, nil
}

func (d *Desk) now() storage.Time { return storage.Of(d.Now()) }

// writer is who acts, under which authority, and how he is called.
type writer struct {
	actor     directory.Actor
	authority directory.Authority
	name      string
}

// writer asks the directory for the right to apply for a service.
func (d *Desk) writer(ctx context.Context, actor directory.Actor, organisationID, service string) (writer, error) {
	by, err := d.Directory.Authorise(ctx, actor, organisationID, directory.Act{Permission: directory.RequestsWrite, Kind: service})
	if err != nil {
		return writer{}, err
	}
	w := writer{actor: actor, authority: by, name: actor.ClientID}
	if actor.PersonID != "" {
		person, err := d.Directory.Person(ctx, actor.PersonID)
		if err != nil {
			return writer{}, err
		}
		w.name = person.FullName()
	}
	return w, nil
}

// record writes an act on a draft into the journal. What the fields say stays out
// of it: only which of them changed.
func (d *Desk) record(ctx context.Context, w writer, a *Application, act string, details map[string]string) error {
	entry := map[string]string{"service": a.Service, "authority_by": w.authority.By}
	if w.authority.PowerNumber != "" {
		entry["power_number"] = w.authority.PowerNumber
	}
	for name, value := range details {
		entry[name] = value
	}
	return d.Journal.Append(ctx, journal.Entry{
		Organisation: a.OrganisationID, Actor: w.actor.PersonID, Client: w.actor.ClientID,
		Action: "application." + act, Object: a.ID, Outcome: "success", Details: entry,
	})
}
