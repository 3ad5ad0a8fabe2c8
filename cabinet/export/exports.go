package export

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/paper"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/jobs"
	"propusk/storage/journal"
)

// Deps is what the room stands on. Everything is required.
type Deps struct {
	DB      *storage.DB
	Jobs    *jobs.Runner // not started yet
	Journal *journal.Journal
	Files   *file.Store
	Notices notices
	Paper   *paper.Paper
	Kinds   []Kind
	Now     func() time.Time
	Log     *slog.Logger
}

// State is how far an export is.
type State string

// The states of an export.
const (
	Waiting State = "waiting"
	Making  State = "making"
	Ready   State = "ready"
	Failed  State = "failed"
)

// Export is a list that is made into a file while its orderer does something else.
type Export struct {
	ID             string       `db:"id"`
	OrganisationID string       `db:"organisation_id"`
	Owner          string       `db:"owner"`
	Reach          string       `db:"reach"`
	Kind           string       `db:"kind"`
	Format         string       `db:"format"`
	Lang           string       `db:"lang"`
	Subtitle       string       `db:"subtitle"`
	Ask            string       `db:"ask"` // JSON
	State          State        `db:"state"`
	Done           int64        `db:"rows_done"`
	Total          int64        `db:"rows_total"` // 0 until it is counted
	Cut            bool         `db:"cut"`
	Name           string       `db:"name"` // of the file
	Size           int64        `db:"size"` // bytes
	FileID         string       `db:"file_id"`
	CreatedAt      storage.Time `db:"created_at"`
	UpdatedAt      storage.Time `db:"updated_at"`
	ReadyAt        storage.Time `db:"ready_at"`
	EndsAt         storage.Time `db:"ends_at"`
}

const columns = `id, organisation_id, owner, reach, kind, format, lang, subtitle, ask, state, rows_done, rows_total, cut, name, size,
	file_id, created_at, updated_at, ready_at, ends_at`

// The bounds of what one orderer has at a time, and for how long.
const (
	unfinishedMost = 3
	keptMost       = 20
	keptFor        = 72 * time.Hour
)

// ErrTooMany: the orderer has as many exports as he may.
var ErrTooMany = errors.New("export: too many at a time")

// Exports takes orders, makes the files and gives them out.
type Exports struct {
	Deps
	press Press
	kinds map[string]Kind
	turns chan struct{} // holds one for each export that is being made here
}

// atATime bounds the files that one node makes at a time: each holds a list in memory
// while it is written.
const atATime = 2

const (
	jobMake      = "export/make"
	makeAttempts = 5
)

// New checks the dependencies and registers what the room does by itself.
func New(deps Deps) (*Exports, error) {
	for name, missing := range map[string]bool{
		"DB": deps.DB == nil, "Jobs": deps.Jobs == nil, "Journal": deps.Journal == nil, "Files": deps.Files == nil, "Notices": deps.Notices == nil,
		"Paper": deps.Paper == nil, "Kinds": len(deps.Kinds) == 0, "Now": deps.Now == nil, "Log": deps.Log == nil,
	} {
		if missing {
			return nil, errors.New("export: " + name + " is required")
		}
	}
	x := &Exports{Deps: deps, press: Press{deps.Paper, deps.Now}, kinds: map[string]Kind{}, turns: make(chan struct{}, atATime)}
	for _, k := range deps.Kinds {
		if _, taken := x.kinds[k.Name]; taken || k.Title.RU == "" || k.Title.EN == "" || k.Ask == nil || k.Open == nil {
			return nil, errors.New("export: the kind " + k.Name + " is there twice, or lacks its title or what it does")
		}
		x.kinds[k.Name] = k
	}
	deps.Jobs.Handle(jobMake, x.work)
	deps.Jobs.Every("export/forget", 10*time.Minute, x.forget)
	return x, nil
}

func (x *Exports) now() storage.Time { return storage.Of(x.Now()) }

// clientOwner begins the owner of what a client ordered that acts for itself.
const clientOwner = "client:"

// ownerOf is who orders and takes: a person, through whatever application, or a client
// that acts for itself.
func ownerOf(c api.Call) string {
	if c.Claims.Service() {
		return clientOwner + c.Claims.ClientID
	}
	return c.Person()
}

// reachOf is the same for tokens that reach equally far: a power of attorney, or what
// the application was allowed, may show a part of a list alone.
func reachOf(c api.Call) (string, error) {
	if c.Claims.Power == nil && len(c.Claims.Details) == 0 {
		return "", nil
	}
	limits := struct {
		Power   string
		Details directory.Details
	}{Details: c.Claims.Details}
	if c.Claims.Power != nil {
		limits.Power = c.Claims.Power.ID
	}
	text, err := json.Marshal(limits)
	if err != nil {
		return "", fmt.Errorf("export: encode the reach: %w", err)
	}
	digest := sha256.Sum256(text)
	return hex.EncodeToString(digest[:]), nil
}

// order stores an export with its job, and the entry that personal data are about to
// leave the house, in one transaction.
func (x *Exports) order(ctx context.Context, actor directory.Actor, e *Export) error {
	return x.DB.Tx(ctx, func(ctx context.Context) error {
		var held struct {
			Unfinished int64 `db:"unfinished"`
			All        int64 `db:"kept"`
		}
		err := x.DB.Get(ctx, &held, `SELECT COUNT(CASE WHEN state IN ('waiting', 'making') THEN 1 END) AS unfinished, COUNT(*) AS kept
			FROM exports WHERE organisation_id = $1 AND owner = $2`, e.OrganisationID, e.Owner)
		if err != nil {
			return fmt.Errorf("export: count: %w", err)
		}
		if held.Unfinished >= unfinishedMost || held.All >= keptMost {
			return ErrTooMany
		}
		if err := x.insert(ctx, e); err != nil {
			return err
		}
		if err := jobs.Enqueue(ctx, x.DB, jobMake, ticket{e.ID}, jobs.Options{MaxAttempts: makeAttempts}); err != nil {
			return err
		}
		return x.note(ctx, actor, *e, "export.ordered")
	})
}

func (x *Exports) insert(ctx context.Context, e *Export) error {
	now := x.now()
	e.ID, e.State, e.CreatedAt, e.UpdatedAt, e.EndsAt = storage.NewID(), Waiting, now, now, now.Add(keptFor)
	_, err := x.DB.Exec(ctx, `INSERT INTO exports (`+columns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 0, FALSE, '', 0, '', $11, $12, 0, $13)`,
		e.ID, e.OrganisationID, e.Owner, e.Reach, e.Kind, e.Format, e.Lang, e.Subtitle, e.Ask, e.State, e.CreatedAt, e.UpdatedAt, e.EndsAt)
	if err != nil {
		return fmt.Errorf("export: store: %w", err)
	}
	return nil
}

func (x *Exports) note(ctx context.Context, actor directory.Actor, e Export, action string) error {
	return x.Journal.Append(ctx, journal.Entry{
		Organisation: e.OrganisationID, Actor: actor.PersonID, Client: actor.ClientID, Action: action, Object: e.ID, Outcome: "success",
		Details: map[string]string{"kind": e.Kind, "format": e.Format},
	})
}

// find reads an export of the organisation and owner; storage.ErrNotFound, too, for one
// of another reach.
func (x *Exports) find(ctx context.Context, organisationID, owner, reach, id string) (e Export, err error) {
	err = x.DB.Get(ctx, &e, `SELECT `+columns+` FROM exports WHERE id = $1 AND organisation_id = $2 AND owner = $3 AND reach = $4 AND ends_at > $5`,
		id, organisationID, owner, reach, x.now())
	if err != nil {
		return Export{}, fmt.Errorf("export: read: %w", err)
	}
	return e, nil
}

// list reads the owner's exports, newest first; there are few.
func (x *Exports) list(ctx context.Context, organisationID, owner, reach string) (list []Export, err error) {
	err = x.DB.Select(ctx, &list, `SELECT `+columns+` FROM exports WHERE organisation_id = $1 AND owner = $2 AND reach = $3 AND ends_at > $4
		ORDER BY created_at DESC, id DESC LIMIT $5`, organisationID, owner, reach, x.now(), keptMost)
	if err != nil {
		return nil, fmt.Errorf("export: list: %w", err)
	}
	return list, nil
}
