package directory

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"propusk/storage"
	"propusk/storage/journal"
	"propusk/storage/outbox"
	"propusk/storage/revocation"
)

// DefaultInvitationLifetime is how long an invitation's link works.
const DefaultInvitationLifetime = 7 * 24 * time.Hour

// Deps is what the directory stands on. Everything but InvitationLifetime is
// required.
type Deps struct {
	DB          *storage.DB
	Journal     *journal.Journal
	Outbox      *outbox.Outbox
	Revocations *revocation.Log
	Sealer      *storage.Sealer
	Now         func() time.Time
	// BaseURL is the issuer, without a slash at the end: links in messages
	// begin with it.
	BaseURL string
	// InvitationLifetime is DefaultInvitationLifetime when 0.
	InvitationLifetime time.Duration
}

// Directory is who is who. It is safe for use by many goroutines. Its methods
// take part in the transaction of their context when there is one.
type Directory struct {
	db                 *storage.DB
	journal            *journal.Journal
	outbox             *outbox.Outbox
	revocations        *revocation.Log
	sealer             *storage.Sealer
	now                func() time.Time
	baseURL            string
	invitationLifetime time.Duration
	refusals           refusals
}

// New returns a directory, or an error that names what is missing in deps.
func New(deps Deps) (*Directory, error) {
	if deps.DB == nil || deps.Journal == nil || deps.Outbox == nil || deps.Revocations == nil ||
		deps.Sealer == nil || deps.Now == nil || deps.BaseURL == "" {
		return nil, errors.New("directory: DB, Journal, Outbox, Revocations, Sealer, Now and BaseURL are required")
	}
	if deps.InvitationLifetime < 0 {
		return nil, errors.New("directory: InvitationLifetime is negative")
	}
	if deps.InvitationLifetime == 0 {
		deps.InvitationLifetime = DefaultInvitationLifetime
	}
	return &Directory{
		db: deps.DB, journal: deps.Journal, outbox: deps.Outbox, revocations: deps.Revocations,
		sealer: deps.Sealer, now: deps.Now, baseURL: strings.TrimRight(deps.BaseURL, "/"),
		invitationLifetime: deps.InvitationLifetime,
	}, nil
}

func (d *Directory) time() storage.Time { return storage.Of(d.now()) }

// record is one entry of the journal: what was done to object, in the
// organisation's chain ("" is the system's).
func (d *Directory) record(ctx context.Context, actor Actor, organisation, action, object string, details map[string]string) error {
	details = becauseOf(ctx, details)
	if actor.PowerID != "" {
		details = withDetail(details, "by_power", actor.PowerID)
	}
	err := d.journal.Append(ctx, journal.Entry{
		Organisation: organisation, Actor: actor.PersonID, Client: actor.ClientID,
		Action: action, Object: object, Outcome: "success", Details: details,
	})
	if err != nil {
		return fmt.Errorf("directory: journal %s: %w", action, err)
	}
	return nil
}

// withDetail is details with one more; the given ones stay as they are.
func withDetail(details map[string]string, name, value string) map[string]string {
	more := map[string]string{name: value}
	maps.Copy(more, details)
	return more
}

// within changes something in an active organisation as actor, who must hold
// the permission there: it locks the organisation's members against every other
// change (so that what fn reads stays true), reads the actor's rights under the
// lock, and runs fn, all in one transaction. A refusal enters the journal too,
// after the transaction has rolled back, as far as refusals.go lets it.
func (d *Directory) within(ctx context.Context, actor Actor, organisationID string, need Permission, action string,
	fn func(ctx context.Context, organisation Organisation, held rights) error,
) error {
	err := d.db.Tx(ctx, func(ctx context.Context) error {
		organisation, err := d.lockOrganisation(ctx, organisationID)
		if err != nil {
			return err
		}
		held, err := d.rights(ctx, actor, organisationID)
		if err != nil {
			return err
		}
		if !held.set.covers(setOf([]Permission{need})) {
			return fmt.Errorf("%w: it takes %s", ErrForbidden, need)
		}
		return fn(ctx, organisation, held)
	})
	if errors.Is(err, ErrForbidden) || errors.Is(err, ErrLastAdministrator) {
		err = errors.Join(err, d.refused(ctx, actor, organisationID, action, err))
	}
	return err
}

// page cuts rows, of which one more than the limit was asked for, to the limit;
// next is the id to go on after, "" at the end.
func page[T any](rows []T, limit int, id func(T) string) (part []T, next string) {
	if len(rows) <= limit {
		return rows, ""
	}
	rows = rows[:limit]
	return rows, id(rows[limit-1])
}

func (p Page) limit() int {
	switch {
	case p.Limit <= 0:
		return DefaultPage
	case p.Limit > MaxPage:
		return MaxPage
	default:
		return p.Limit
	}
}

// columns writes the list of a table's columns, each as alias.column, named
// prefix.column when a prefix is given, as the scan of nested structs wants it.
func columns(alias, prefix, names string) string {
	var list []string
	for name := range strings.SplitSeq(names, ",") {
		column := alias + "." + strings.TrimSpace(name)
		if prefix != "" {
			column += ` AS "` + prefix + "." + strings.TrimSpace(name) + `"`
		}
		list = append(list, column)
	}
	return strings.Join(list, ", ")
}
