package notice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/jobs"
)

// chunk is how many people are told in one transaction. They queue for a lock
// each, so a transaction of hundreds would hold up others.
const chunk = 50

// storedEvent is an event's row.
type storedEvent struct {
	ID             string                 `db:"id"`
	Type           string                 `db:"type"`
	OrganisationID string                 `db:"organisation_id"`
	Category       Category               `db:"category"`
	Importance     Importance             `db:"importance"`
	Permission     directory.Permission   `db:"permission"`
	Persons        storage.JSON[[]string] `db:"persons"`
	Texts          storage.JSON[Texts]    `db:"texts"`
	Path           string                 `db:"path"`
	Source         string                 `db:"source"`
	Document       string                 `db:"document"`
	Data           string                 `db:"data"`
	CreatedAt      storage.Time           `db:"created_at"`
	SpreadAt       storage.Time           `db:"spread_at"`
}

const eventColumns = `id, type, organisation_id, category, importance, permission, persons, texts, path, source,
	document, data, created_at, spread_at`

func (s storedEvent) event() Event {
	return Event{
		ID: s.ID, Type: s.Type, OrganisationID: s.OrganisationID, Category: s.Category, Importance: s.Importance,
		Permission: s.Permission, Persons: s.Persons.V, Texts: s.Texts.V, Path: s.Path, Source: s.Source,
		Document: s.Document, Data: json.RawMessage(s.Data),
	}
}

func (s storedEvent) kind() kind { return kind{s.Type, s.Category, s.Importance} }

func (n *Notices) stored(ctx context.Context, id string) (s storedEvent, err error) {
	if err = n.DB.Get(ctx, &s, `SELECT `+eventColumns+` FROM notice_events WHERE id = $1`, id); err != nil {
		return s, fmt.Errorf("notice: event: %w", err)
	}
	return s, nil
}

// spread is the job that has everybody told of an event. Run twice it tells
// nobody twice: a person's notice of an event is unique.
func (n *Notices) spread(ctx context.Context, job jobs.Job) error {
	var t ticket
	if err := job.Decode(&t); err != nil {
		return err
	}
	e, err := n.stored(ctx, t.EventID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && e.SpreadAt != 0 {
		return nil
	}
	if err != nil {
		return err
	}
	if err := n.tellAlso(ctx, e.event()); err != nil {
		return err
	}
	if err := n.tellPeople(ctx, e); err != nil {
		return err
	}
	if _, err := n.DB.Exec(ctx, `UPDATE notice_events SET spread_at = $1 WHERE id = $2`, storage.Of(n.Now()), e.ID); err != nil {
		return fmt.Errorf("notice: event told: %w", err)
	}
	n.metrics.spread(e.Category, n.Now().Sub(e.CreatedAt.Time()))
	return nil
}

func (n *Notices) tellAlso(ctx context.Context, e Event) error {
	for _, fn := range n.also {
		if err := n.DB.Tx(ctx, func(ctx context.Context) error { return fn(ctx, e) }); err != nil {
			return fmt.Errorf("notice: pass on %s: %w", e.Type, err)
		}
	}
	return nil
}

func (n *Notices) tellPeople(ctx context.Context, e storedEvent) error {
	o, err := n.organisation(ctx, e.OrganisationID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil // it was closed meanwhile: nobody is of it
	case err != nil:
		return err
	case len(e.Persons.V) > 0:
		return n.tellPersons(ctx, e, o)
	case e.OrganisationID != "":
		return n.tellMembers(ctx, e, o)
	}
	return n.tellEverybody(ctx, e)
}

// organisation reads an active organisation; the zero one for "".
func (n *Notices) organisation(ctx context.Context, id string) (directory.Organisation, error) {
	if id == "" {
		return directory.Organisation{}, nil
	}
	o, err := n.Directory.Organisation(ctx, id)
	if err == nil && o.Status != directory.StatusActive {
		return directory.Organisation{}, storage.ErrNotFound
	}
	return o, err
}

func (n *Notices) tellPersons(ctx context.Context, e storedEvent, o directory.Organisation) error {
	for ids := range slices.Chunk(e.Persons.V, chunk) {
		err := n.DB.Tx(ctx, func(ctx context.Context) error {
			var told []recipient
			for _, id := range ids {
				r, ok, err := n.member(ctx, id, e.OrganisationID, e.Permission)
				if err != nil {
					return err
				}
				if ok {
					told = append(told, r)
				}
			}
			return n.tellChunk(ctx, e, o, told)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// tellMembers tells those members who hold the permission in the very transaction
// that tells them.
func (n *Notices) tellMembers(ctx context.Context, e storedEvent, o directory.Organisation) error {
	for page := (directory.Page{Limit: chunk}); ; {
		var next string
		err := n.DB.Tx(ctx, func(ctx context.Context) error {
			members, following, err := n.Directory.Members(ctx, o.ID, page)
			if err != nil {
				return err
			}
			next = following
			var told []recipient
			for _, m := range members {
				if m.Person.Status == directory.StatusActive && m.StoppedAt == 0 && (e.Permission == "" || m.Can(e.Permission)) {
					told = append(told, recipientOf(m.Person))
				}
			}
			return n.tellChunk(ctx, e, o, told)
		})
		if err != nil || next == "" {
			return err
		}
		page.After = next
	}
}

// tellEverybody tells every person of the house, in his personal notices.
func (n *Notices) tellEverybody(ctx context.Context, e storedEvent) error {
	for page := (directory.Page{Limit: chunk}); ; {
		var next string
		err := n.DB.Tx(ctx, func(ctx context.Context) error {
			people, following, err := n.Directory.Persons(ctx, page)
			if err != nil {
				return err
			}
			next = following
			var told []recipient
			for _, p := range people {
				if p.Status == directory.StatusActive {
					told = append(told, recipientOf(p))
				}
			}
			return n.tellChunk(ctx, e, directory.Organisation{}, told)
		})
		if err != nil || next == "" {
			return err
		}
		page.After = next
	}
}

// tellChunk writes the notices of a few people and sends them on their ways. The
// people are taken in the order of their ids, so that two events never lock each
// other out.
func (n *Notices) tellChunk(ctx context.Context, e storedEvent, o directory.Organisation, people []recipient) error {
	slices.SortFunc(people, func(a, b recipient) int { return strings.Compare(a.id, b.id) })
	people = slices.CompactFunc(people, func(a, b recipient) bool { return a.id == b.id })
	ids := make([]string, len(people))
	for i, p := range people {
		ids[i] = p.id
	}
	settings, err := n.settingsOf(ctx, e.OrganisationID, ids)
	if err != nil {
		return err
	}
	devices, err := n.devicesOf(ctx, ids)
	if err != nil {
		return err
	}
	for _, p := range people {
		id, err := n.addNotice(ctx, e, p.id)
		if err != nil {
			return err
		}
		if id == "" {
			continue // told before
		}
		letter := letter{event: e, notice: id, organisation: o, to: p, devices: devices[p.id]}
		for _, way := range settings[p.id].routes(e.kind(), n.Now()) {
			if err := n.dispatch(ctx, letter, way); err != nil {
				return err
			}
		}
	}
	n.DB.AfterCommit(ctx, func() { n.wake(ctx, e.OrganisationID, ids) })
	return nil
}

// addNotice gives the person a notice with the next number; "" when he has one of
// this event. A number lost to that is no harm: they rise, they are not counted.
func (n *Notices) addNotice(ctx context.Context, e storedEvent, personID string) (id string, err error) {
	var seq int64
	err = n.DB.Get(ctx, &seq, `INSERT INTO notice_counters (organisation_id, person_id, last) VALUES ($1, $2, 1)
		ON CONFLICT (organisation_id, person_id) DO UPDATE SET last = notice_counters.last + 1 RETURNING last`,
		e.OrganisationID, personID)
	if err != nil {
		return "", fmt.Errorf("notice: number: %w", err)
	}
	id = storage.NewID()
	added, err := n.DB.Exec(ctx, `INSERT INTO notices (id, organisation_id, person_id, seq, event_id, category, type,
			importance, permission, document, created_at, read_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0) ON CONFLICT (event_id, person_id) DO NOTHING`,
		id, e.OrganisationID, personID, seq, e.ID, e.Category, e.Type, e.Importance, e.Permission, e.Document, e.CreatedAt)
	if err != nil {
		return "", fmt.Errorf("notice: add: %w", err)
	}
	if added == 0 {
		return "", nil
	}
	return id, nil
}
