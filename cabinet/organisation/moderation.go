package organisation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/journal"
)

// moderation is a registration or a change that operators look at.
type moderation struct {
	ID             string       `db:"id"`
	Kind           string       `db:"kind"` // registration, change
	ObjectID       string       `db:"object_id"`
	OrganisationID string       `db:"organisation_id"` // "" for a registration
	State          string       `db:"state"`
	FourEyes       bool         `db:"four_eyes"`
	AskedBy        string       `db:"asked_by"`
	TakenBy        string       `db:"taken_by"`
	FirstBy        string       `db:"first_by"`
	DecidedBy      string       `db:"decided_by"`
	Reason         string       `db:"reason"`
	Version        int64        `db:"version"`
	CreatedAt      storage.Time `db:"created_at"`
	UpdatedAt      storage.Time `db:"updated_at"`
}

const moderationNames = `id, kind, object_id, organisation_id, state, four_eyes, asked_by, taken_by, first_by, decided_by,
	reason, version, created_at, updated_at`

func (m moderation) etag() string { return api.EntityTag(m.Version, m.UpdatedAt) }

// enqueueModeration puts something before operators, in the transaction of ctx.
func (o *Organisations) enqueueModeration(ctx context.Context, m moderation) error {
	m.ID, m.State, m.Version, m.CreatedAt, m.UpdatedAt = storage.NewID(), moderationWaiting, 1, o.time(), o.time()
	n, err := o.DB.Exec(ctx, `INSERT INTO organisation_moderation (`+moderationNames+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING`,
		m.ID, m.Kind, m.ObjectID, m.OrganisationID, m.State, m.FourEyes, m.AskedBy, m.TakenBy, m.FirstBy, m.DecidedBy,
		m.Reason, m.Version, m.CreatedAt, m.UpdatedAt)
	if err != nil {
		return fmt.Errorf("organisation: enqueue moderation: %w", err)
	}
	if n == 0 {
		return api.Refuse("version_changed") // it is there already: somebody was quicker
	}
	return nil
}

// dropModeration takes what its applicant has withdrawn away from operators.
func (o *Organisations) dropModeration(ctx context.Context, kind, objectID string) error {
	_, err := o.DB.Exec(ctx, `UPDATE organisation_moderation SET state = 'withdrawn', version = version + 1, updated_at = $1
		WHERE kind = $2 AND object_id = $3 AND state IN ('waiting', 'taken', 'seconded')`, o.time(), kind, objectID)
	if err != nil {
		return fmt.Errorf("organisation: drop moderation: %w", err)
	}
	return nil
}

func (o *Organisations) moderationByID(ctx context.Context, id string) (moderation, error) {
	var m moderation
	err := o.DB.Get(ctx, &m, `SELECT `+moderationNames+` FROM organisation_moderation WHERE id = $1`, id)
	if errors.Is(err, storage.ErrNotFound) {
		return m, api.Refuse("not_found")
	}
	if err != nil {
		return m, fmt.Errorf("organisation: moderation: %w", err)
	}
	return m, nil
}

// storeModeration writes the next state of what was read: version_changed when
// another operator was quicker.
func (o *Organisations) storeModeration(ctx context.Context, m *moderation, from string) error {
	if !moderationStates.may(from, m.State) {
		return notAtStep("moderation_state", from)
	}
	now := o.time()
	n, err := o.DB.Exec(ctx, `UPDATE organisation_moderation SET state = $1, taken_by = $2, first_by = $3, decided_by = $4,
		reason = $5, version = version + 1, updated_at = $6 WHERE id = $7 AND version = $8`,
		m.State, m.TakenBy, m.FirstBy, m.DecidedBy, m.Reason, now, m.ID, m.Version)
	if err != nil {
		return fmt.Errorf("organisation: store moderation: %w", err)
	}
	if n == 0 {
		return api.Refuse("version_changed")
	}
	m.Version, m.UpdatedAt = m.Version+1, now
	return nil
}

// decide is what an operator's word makes of a piece of moderation. Nobody decides
// about what he has asked for himself, and four eyes are two people's.
func (m moderation) decide(operator string, accept bool, reason string) (moderation, error) {
	switch {
	case operator == m.AskedBy, accept && m.State == moderationSeconded && operator == m.FirstBy:
		return m, api.Refuse("another_operator_needed")
	case m.State == moderationTaken && operator != m.TakenBy:
		return m, api.Refuse("moderation_taken")
	}
	next := m
	next.Reason = reason
	switch {
	case !accept:
		next.State, next.DecidedBy = moderationRefused, operator
	case m.FourEyes && m.State == moderationTaken:
		next.State, next.FirstBy = moderationSeconded, operator
	default:
		next.State, next.DecidedBy = moderationAccepted, operator
	}
	if !moderationStates.may(m.State, next.State) {
		return m, notAtStep("moderation_state", m.State)
	}
	return next, nil
}

// outsider refuses an operator who belongs to the organisation ("" for none yet)
// that his word is about: whoever of his colleagues has asked, it is his own matter.
func (o *Organisations) outsider(ctx context.Context, operator, organisationID string) error {
	if organisationID == "" {
		return nil
	}
	_, err := o.Directory.Membership(ctx, operator, organisationID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return api.Refuse("another_operator_needed")
}

// word carries an operator's word out.
func (o *Organisations) word(ctx context.Context, actor directory.Actor, m moderation, accept bool, reason string) (moderation, error) {
	next, err := m.decide(actor.PersonID, accept, reason)
	if err != nil {
		return m, err
	}
	err = o.DB.Tx(ctx, func(ctx context.Context) error {
		if err := o.Directory.CheckOperator(ctx, actor, directory.OperatorModerator); err != nil {
			return api.DirectoryRefusal(err)
		}
		if err := o.outsider(ctx, actor.PersonID, m.OrganisationID); err != nil {
			return err
		}
		if err := o.storeModeration(ctx, &next, m.State); err != nil {
			return err
		}
		err := o.recordOperator(ctx, actor, m, "moderation."+next.State, map[string]string{"reason": reason})
		if err != nil || !moderationStates.over(next.State) {
			return err
		}
		return o.carryOut(ctx, actor, next)
	})
	return next, err
}

// recordOperator writes what an operator did about an organisation: with his name and
// address to the system's chain, and without them to the organisation's own, which learns
// that it was the house, and not who of it.
func (o *Organisations) recordOperator(ctx context.Context, actor directory.Actor, m moderation, action string, details map[string]string) error {
	told := map[string]string{"kind": m.Kind, "moderation": m.ID}
	maps.Copy(told, details)
	return o.DB.Tx(ctx, func(ctx context.Context) error {
		if err := o.record(ctx, actor, "", action, m.ObjectID, told); err != nil || m.OrganisationID == "" {
			return err
		}
		own := maps.Clone(told)
		own["by"] = "operator"
		return o.record(unseen(ctx), directory.Actor{}, m.OrganisationID, action, m.ObjectID, own)
	})
}

// unseen takes an operator's address from what is journalled in the context.
func unseen(ctx context.Context) context.Context {
	return journal.With(ctx, journal.Circumstances{RequestID: journal.From(ctx).RequestID})
}

// carryOut does what was decided to its object.
func (o *Organisations) carryOut(ctx context.Context, actor directory.Actor, m moderation) error {
	accepted := m.State == moderationAccepted
	if m.Kind == "registration" {
		return o.registrationDecided(ctx, actor, m.ObjectID, accepted, m.Reason)
	}
	return o.changeDecided(unseen(ctx), m.ObjectID, accepted, m.Reason)
}

// queue lists what is in a state, the oldest first: who came first is served first.
func (o *Organisations) queue(ctx context.Context, state string, p api.Page) ([]moderation, error) {
	list := []moderation{}
	err := o.DB.Select(ctx, &list, `SELECT `+moderationNames+` FROM organisation_moderation
		WHERE state = $1 AND (created_at > $2 OR created_at = $2 AND id > $3) ORDER BY created_at, id LIMIT $4`,
		state, p.At, p.ID, p.Limit+1)
	if err != nil {
		return nil, fmt.Errorf("organisation: moderation queue: %w", err)
	}
	return list, nil
}

// reasonOf cleans an operator's reason, which the applicant reads.
func reasonOf(text string, required bool) (string, error) {
	text = strings.Join(strings.Fields(text), " ")
	switch {
	case text == "" && required:
		return "", api.InvalidField("/reason", "required")
	case len([]rune(text)) > 1000:
		return "", api.InvalidField("/reason", "too_long")
	}
	return text, nil
}
