package request

import (
	"context"
	"fmt"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/journal"
)

// Act is one line of a request's history: who did what (rows 213, 220).
type Act struct {
	ID             string                          `db:"id"`
	RequestID      string                          `db:"request_id"`
	OrganisationID string                          `db:"organisation_id"`
	At             storage.Time                    `db:"at"`
	Act            string                          `db:"act"`
	ActorID        string                          `db:"actor_id"`
	Actor          string                          `db:"actor"`
	Before         Status                          `db:"status_before"`
	After          Status                          `db:"status_after"`
	Details        storage.JSON[map[string]string] `db:"details"`
}

const actColumns = `id, request_id, organisation_id, at, act, actor_id, actor, status_before, status_after, details`

// writer is who acts, under which authority, and how he is called.
type writer struct {
	actor     directory.Actor
	authority directory.Authority
	name      string
}

// outside is a writer who is none of the organisation's: an authority, the support
// or the clock.
func outside(name string) writer { return writer{name: name} }

// writer asks the directory for the right to act.
func (b *Inbox) writer(ctx context.Context, actor directory.Actor, organisationID, kind string) (writer, error) {
	by, err := b.Directory.Authorise(ctx, actor, organisationID, directory.Act{Permission: directory.RequestsWrite, Kind: kind})
	if err != nil {
		return writer{}, err
	}
	w := writer{actor: actor, authority: by, name: actor.ClientID}
	if actor.PersonID != "" {
		person, err := b.Directory.Person(ctx, actor.PersonID)
		if err != nil {
			return writer{}, err
		}
		w.name = person.FullName()
	}
	return w, nil
}

// record writes an act into the request's history and into the journal.
func (b *Inbox) record(ctx context.Context, r *Request, w writer, act string, before Status, details map[string]string) error {
	_, err := b.DB.Exec(ctx, `INSERT INTO request_acts (`+actColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		storage.NewID(), r.ID, r.OrganisationID, b.now(), act, w.actor.PersonID, w.name, before, r.Status,
		storage.JSON[map[string]string]{V: details})
	if err != nil {
		return fmt.Errorf("request: history: %w", err)
	}
	entry := map[string]string{"number": r.Number, "request_type": string(r.Type)}
	if before != r.Status {
		entry["status_before"], entry["status_after"] = string(before), string(r.Status)
	}
	if w.authority.By != "" {
		entry["authority_by"] = w.authority.By
	}
	if w.authority.PowerNumber != "" {
		entry["power_number"] = w.authority.PowerNumber
	}
	for name, value := range details {
		entry[name] = value
	}
	return b.Journal.Append(ctx, journal.Entry{
		Organisation: r.OrganisationID, Actor: w.actor.PersonID, Client: w.actor.ClientID,
		Action: "request." + act, Object: r.ID, Outcome: "success", Details: entry,
	})
}

// History is one page of a request's acts, newest first, and one more when there
// are more.
func (b *Inbox) History(ctx context.Context, organisationID, requestID string, page api.Page) ([]Act, error) {
	text, args := `SELECT `+actColumns+` FROM request_acts WHERE request_id = $1 AND organisation_id = $2`,
		[]any{requestID, organisationID}
	if page.ID != "" {
		text, args = text+` AND id < $3`, append(args, page.ID)
	}
	args = append(args, page.Limit+1)
	var acts []Act
	err := b.DB.Select(ctx, &acts, fmt.Sprintf(`%s ORDER BY id DESC LIMIT $%d`, text, len(args)), args...)
	if err != nil {
		return nil, fmt.Errorf("request: history: %w", err)
	}
	return acts, nil
}

// lock reads a request of the organisation and keeps every other change of it
// waiting until the transaction ends. What the clock has not come to yet happens
// now, so that no act is judged by a status that is over; the caller's update
// stores it.
func (b *Inbox) lock(ctx context.Context, organisationID, id string) (Request, error) {
	var r Request
	err := b.DB.Get(ctx, &r, `UPDATE requests SET version = version WHERE id = $1 AND organisation_id = $2 RETURNING `+columns,
		id, organisationID)
	if err != nil {
		return Request{}, fmt.Errorf("request: lock: %w", err)
	}
	if r.ExpiresAt == 0 || r.ExpiresAt > b.now() {
		return r, nil
	}
	return r, b.expire(ctx, &r)
}

// change is the one way in which somebody of the organisation changes a request:
// authorised, locked, of the version that he has seen, recorded.
func (b *Inbox) change(ctx context.Context, actor directory.Actor, organisationID, id string, version *int64,
	act string, fn func(ctx context.Context, r *Request, w writer) (details map[string]string, err error),
) (r Request, err error) {
	err = b.DB.Tx(ctx, func(ctx context.Context) error {
		if r, err = b.lock(ctx, organisationID, id); err != nil {
			return err
		}
		if version != nil && r.Version != *version {
			return ErrStale
		}
		w, err := b.writer(ctx, actor, organisationID, r.authorisedKind())
		if err != nil {
			return err
		}
		before := r.Status
		details, err := fn(ctx, &r, w)
		if err != nil {
			return err
		}
		if err := b.update(ctx, &r); err != nil {
			return err
		}
		return b.record(ctx, &r, w, act, before, details)
	})
	return r, err
}

// authorisedKind is the service code by which a power of attorney may be limited.
func (r *Request) authorisedKind() string {
	if r.Type == Application {
		return r.Kind
	}
	return ""
}

// happen lets an event of ours happen, or refuses it.
func (r *Request) happen(e Event, now storage.Time) error {
	to, ok := Next(r.Type, r.Status, e)
	if !ok {
		return fmt.Errorf("%w: %s of %s in status %s", ErrState, e, r.Type, r.Status)
	}
	r.enter(to, now)
	return nil
}
