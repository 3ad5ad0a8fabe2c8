package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"propusk/cabinet/notice"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/outside"
)

// The states of a webhook.
const (
	active   = "active"
	paused   = "paused"   // events wait for it
	disabled = "disabled" // events pass it by
)

// maxWebhooks is how many an organisation may have.
const maxWebhooks = 20

// endpoint is a webhook's row.
type endpoint struct {
	ID             string                 `db:"id"`
	OrganisationID string                 `db:"organisation_id"`
	URL            string                 `db:"url"`
	Description    string                 `db:"description"`
	Program        string                 `db:"program"`
	Types          storage.JSON[[]string] `db:"types"`
	Permissions    storage.JSON[[]string] `db:"permissions"`
	Sealed         []byte                 `db:"sealed"`
	State          string                 `db:"state"`
	Reason         string                 `db:"reason"`
	Failures       int64                  `db:"failures"`
	FailingSince   storage.Time           `db:"failing_since"`
	SucceededAt    storage.Time           `db:"succeeded_at"`
	DueAt          storage.Time           `db:"due_at"`
	Lease          string                 `db:"lease"`
	Version        int64                  `db:"version"`
	CreatedBy      string                 `db:"created_by"`
	CreatedAt      storage.Time           `db:"created_at"`
	UpdatedAt      storage.Time           `db:"updated_at"`
}

const endpointColumns = `id, organisation_id, url, description, program, types, permissions, sealed, state, reason, failures,
	failing_since, succeeded_at, due_at, lease, version, created_by, created_at, updated_at`

// wants reports whether the webhook is to be told of a type that takes a
// permission: of those chosen, or of all, which whoever chose them was allowed to
// learn of.
func (e endpoint) wants(kind string, permission directory.Permission) bool {
	return (len(e.Types.V) == 0 || slices.Contains(e.Types.V, kind)) &&
		(permission == "" || slices.Contains(e.Permissions.V, string(permission)))
}

// secrets are those of a webhook. Previous is the one before the last change, good
// until Until, so that a receiver can be changed without losing a delivery.
type secrets struct {
	Current  string       `json:"current"`
	Previous string       `json:"previous,omitempty"`
	Until    storage.Time `json:"until,omitempty"`
}

// live are the secrets to sign with.
func (s secrets) live(now storage.Time) []string {
	if s.Previous != "" && now < s.Until {
		return []string{s.Current, s.Previous}
	}
	return []string{s.Current}
}

func sealContext(id string) string { return "webhook/" + id }

func (w *Webhooks) seal(id string, s secrets) ([]byte, error) {
	plain, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("webhook: secrets: %w", err)
	}
	return w.Sealer.Seal(plain, sealContext(id)), nil
}

func (w *Webhooks) unseal(e endpoint) (s secrets, err error) {
	plain, err := w.Sealer.Open(e.Sealed, sealContext(e.ID))
	if err != nil {
		return s, fmt.Errorf("webhook: secrets of %s: %w", e.ID, err)
	}
	return s, json.Unmarshal(plain, &s)
}

// wish is what a caller wants of a webhook; nil leaves as it is.
type wish struct {
	URL, Description, Program, State *string
	Types                            *[]string
}

// fault is what is wrong with one member of a wish.
type fault struct{ pointer, code string }

// check finds what is wrong with a wish of whoever holds the permissions.
func (w *Webhooks) check(wish wish, permissions []string) (faults []fault) {
	if wish.URL != nil {
		if err := outside.CheckURL(*wish.URL, w.Reach); errors.Is(err, outside.ErrUnreachable) {
			faults = append(faults, fault{"/url", "address_refused"})
		} else if err != nil {
			faults = append(faults, fault{"/url", "invalid"})
		}
	}
	for pointer, text := range map[string]*string{"/description": wish.Description, "/program": wish.Program} {
		if text != nil && utf8.RuneCountInString(*text) > 200 {
			faults = append(faults, fault{pointer, "too_long"})
		}
	}
	if wish.State != nil && *wish.State != active && *wish.State != paused {
		faults = append(faults, fault{"/state", "invalid"})
	}
	if wish.Types != nil {
		faults = append(faults, checkTypes(*wish.Types, permissions)...)
	}
	slices.SortFunc(faults, func(a, b fault) int { return strings.Compare(a.pointer, b.pointer) })
	return faults
}

// checkTypes refuses types that are none, and those that the caller himself may
// not learn of: a webhook must not show him more than the API does.
func checkTypes(types, permissions []string) (faults []fault) {
	for i, name := range types {
		pointer := fmt.Sprintf("/types/%d", i)
		known, ok := eventTypes()[name]
		switch {
		case !ok:
			faults = append(faults, fault{pointer, "unknown"})
		case slices.Index(types, name) < i:
			faults = append(faults, fault{pointer, "duplicate"})
		case known.Permission != "" && !slices.Contains(permissions, string(known.Permission)):
			faults = append(faults, fault{pointer, "not_allowed"})
		}
	}
	return faults
}

// eventTypes are the types that webhooks carry.
func eventTypes() map[string]notice.EventType {
	types := map[string]notice.EventType{}
	for _, t := range notice.Catalogue() {
		if t.Webhook() {
			types[t.Type] = t
		}
	}
	return types
}

var errTooMany = errors.New("webhook: the organisation has as many webhooks as it may")

// create adds a webhook and answers its secret, which is never shown again.
func (w *Webhooks) create(ctx context.Context, actor directory.Actor, organisationID string, permissions []string, wish wish) (e endpoint, secret string, err error) {
	now := storage.Of(w.Now())
	e = endpoint{
		ID: storage.NewID(), OrganisationID: organisationID, State: active, Version: 1,
		CreatedBy: actor.PersonID, CreatedAt: now, UpdatedAt: now,
	}
	e.apply(wish, permissions)
	secret = newSecret()
	if e.Sealed, err = w.seal(e.ID, secrets{Current: secret}); err != nil {
		return e, "", err
	}
	err = w.DB.Tx(ctx, func(ctx context.Context) error {
		list, err := w.list(ctx, organisationID)
		if err != nil {
			return err
		}
		if len(list) >= maxWebhooks {
			return errTooMany
		}
		_, err = w.DB.Exec(ctx, `INSERT INTO webhooks (`+endpointColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', 0, 0, 0, 0, '', 1, $10, $11, $11)`,
			e.ID, e.OrganisationID, e.URL, e.Description, e.Program, e.Types, e.Permissions, e.Sealed, e.State, e.CreatedBy, now)
		if err != nil {
			return fmt.Errorf("webhook: create: %w", err)
		}
		return w.record(ctx, actor, organisationID, "webhook.created", e.ID, map[string]string{
			"url": shownURL(e.URL), "types": strings.Join(e.Types.V, " "),
		})
	})
	return e, secret, err
}

func (e *endpoint) apply(wish wish, permissions []string) {
	if wish.URL != nil && *wish.URL != e.URL {
		// The address is the caller's choice now: it hears nothing that he may not.
		e.Permissions.V = slices.DeleteFunc(e.Permissions.V, func(p string) bool { return !slices.Contains(permissions, p) })
	}
	for _, one := range []struct{ to, from *string }{
		{&e.URL, wish.URL}, {&e.Description, wish.Description}, {&e.Program, wish.Program}, {&e.State, wish.State},
	} {
		if one.from != nil {
			*one.to = *one.from
		}
	}
	if wish.Types != nil {
		e.Types.V = *wish.Types
	}
	if e.Types.V == nil {
		e.Types.V = []string{}
	}
	if wish.Types != nil || e.Permissions.V == nil {
		e.Permissions.V = append([]string{}, permissions...)
	}
}

// list is the organisation's webhooks, by their age.
func (w *Webhooks) list(ctx context.Context, organisationID string) (list []endpoint, err error) {
	err = w.DB.Select(ctx, &list, `SELECT `+endpointColumns+` FROM webhooks WHERE organisation_id = $1 ORDER BY created_at, id`, organisationID)
	if err != nil {
		return nil, fmt.Errorf("webhook: list: %w", err)
	}
	return list, nil
}

// one reads a webhook; storage.ErrNotFound for another organisation's as for none.
func (w *Webhooks) one(ctx context.Context, organisationID, id string) (e endpoint, err error) {
	err = w.DB.Get(ctx, &e, `SELECT `+endpointColumns+` FROM webhooks WHERE organisation_id = $1 AND id = $2`, organisationID, id)
	if err != nil {
		return e, fmt.Errorf("webhook: read: %w", err)
	}
	return e, nil
}

// errStale: the webhook has changed since the caller saw it.
var errStale = errors.New("webhook: changed meanwhile")

// change alters a webhook that still has the version the caller has seen. Who
// makes it active again gives it a clean slate: what waited is tried at once.
func (w *Webhooks) change(ctx context.Context, actor directory.Actor, before endpoint, permissions []string, wish wish) (endpoint, error) {
	e := before
	e.Permissions.V = slices.Clone(before.Permissions.V)
	e.apply(wish, permissions)
	now := storage.Of(w.Now())
	e.UpdatedAt, e.Version = now, before.Version+1
	switch {
	case e.State != active:
		e.DueAt = 0
	case before.State != active:
		e.Reason, e.Failures, e.FailingSince, e.DueAt = "", 0, 0, now
	case before.DueAt != 0:
		e.DueAt = now // something waits, and what kept it from arriving may be mended
	}
	err := w.DB.Tx(ctx, func(ctx context.Context) error {
		n, err := w.DB.Exec(ctx, `UPDATE webhooks SET url = $1, description = $2, program = $3, types = $4, permissions = $5, state = $6,
				reason = $7, failures = $8, failing_since = $9, due_at = $10, lease = '', version = $11, updated_at = $12
			WHERE id = $13 AND version = $14`,
			e.URL, e.Description, e.Program, e.Types, e.Permissions, e.State, e.Reason, e.Failures, e.FailingSince, e.DueAt,
			e.Version, e.UpdatedAt, e.ID, before.Version)
		if err != nil {
			return fmt.Errorf("webhook: change: %w", err)
		}
		if n == 0 {
			return errStale
		}
		w.ring(ctx)
		return w.record(ctx, actor, e.OrganisationID, "webhook.changed", e.ID, changes(before, e))
	})
	return e, err
}

// shownURL is an address as journal and notices show it: some carry a key of
// their receiver in the query.
func shownURL(raw string) string {
	address, _, keyed := strings.Cut(raw, "?")
	if keyed {
		return address + "?…"
	}
	return address
}

// changes are what differs, before and after.
func changes(before, after endpoint) map[string]string {
	details := map[string]string{}
	for name, pair := range map[string][2]string{
		"url": {shownURL(before.URL), shownURL(after.URL)}, "state": {before.State, after.State}, "program": {before.Program, after.Program},
		"types": {strings.Join(before.Types.V, " "), strings.Join(after.Types.V, " ")},
	} {
		if pair[0] != pair[1] {
			details[name] = pair[0] + " → " + pair[1]
		}
	}
	return details
}

// remove deletes a webhook with its deliveries.
func (w *Webhooks) remove(ctx context.Context, actor directory.Actor, e endpoint) error {
	return w.DB.Tx(ctx, func(ctx context.Context) error {
		for _, text := range []string{
			`DELETE FROM webhook_attempts WHERE delivery_id IN (SELECT id FROM webhook_deliveries WHERE webhook_id = $1)`,
			`DELETE FROM webhook_deliveries WHERE webhook_id = $1`,
			`DELETE FROM webhooks WHERE id = $1`,
		} {
			if _, err := w.DB.Exec(ctx, text, e.ID); err != nil {
				return fmt.Errorf("webhook: remove: %w", err)
			}
		}
		return w.record(ctx, actor, e.OrganisationID, "webhook.removed", e.ID, map[string]string{"url": shownURL(e.URL)})
	})
}

// overlap is for how long the secret before stays good after a rotation.
const overlap = 24 * time.Hour

// rotate gives a webhook a new secret and answers it. The one before stays good
// for overlap, or not at all with atOnce; the one before that ends now.
func (w *Webhooks) rotate(ctx context.Context, actor directory.Actor, e endpoint, atOnce bool) (secret string, until storage.Time, err error) {
	old, err := w.unseal(e)
	if err != nil {
		return "", 0, err
	}
	next := secrets{Current: newSecret()}
	if !atOnce {
		next.Previous, next.Until = old.Current, storage.Of(w.Now().Add(overlap))
	}
	sealed, err := w.seal(e.ID, next)
	if err != nil {
		return "", 0, err
	}
	err = w.DB.Tx(ctx, func(ctx context.Context) error {
		n, err := w.DB.Exec(ctx, `UPDATE webhooks SET sealed = $1, version = version + 1, updated_at = $2 WHERE id = $3 AND version = $4`,
			sealed, storage.Of(w.Now()), e.ID, e.Version)
		if err != nil {
			return fmt.Errorf("webhook: rotate: %w", err)
		}
		if n == 0 {
			return errStale
		}
		return w.record(ctx, actor, e.OrganisationID, "webhook.rotated", e.ID, nil)
	})
	return next.Current, next.Until, err
}
