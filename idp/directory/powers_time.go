package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"propusk/storage"
)

// PowerReminders are the days before a power's end at which people are told.
var PowerReminders = []int{1, 7, 30}

// powersAtOnce is how many powers the clock reads at a time.
const powersAtOnce = 100

// ExpirePowers notes the powers whose last day is over, no more than some at a
// time, and has then called for each in its transaction. It returns how many it
// noted; one that fails holds up none of the others, and the error names each.
// Nobody could use them any more before either: see PowerOfAttorney.LiveAt.
func (d *Directory) ExpirePowers(ctx context.Context, then func(ctx context.Context, p PowerOfAttorney) error) (int, error) {
	var noted int
	var failed []error
	from, after := storage.Time(0), ""
	for {
		var due []PowerOfAttorney
		err := d.db.Select(ctx, &due, `SELECT `+powerNames+` FROM powers WHERE status = 'active' AND valid_until <= $1
			AND (valid_until > $2 OR valid_until = $2 AND id > $3) ORDER BY valid_until, id LIMIT $4`, d.time(), from, after, powersAtOnce)
		if err != nil {
			return noted, fmt.Errorf("directory: powers that are over: %w", err)
		}
		for _, p := range due {
			if err := d.expirePower(ctx, p, then); err != nil {
				failed = append(failed, fmt.Errorf("directory: expire power %s: %w", p.ID, err))
				continue
			}
			noted++
		}
		if len(due) < powersAtOnce || len(failed) >= powersAtOnce || ctx.Err() != nil {
			return noted, errors.Join(failed...)
		}
		from, after = due[len(due)-1].ValidUntil, due[len(due)-1].ID
	}
}

func (d *Directory) expirePower(ctx context.Context, p PowerOfAttorney, then func(ctx context.Context, p PowerOfAttorney) error) error {
	return d.db.Tx(ctx, func(ctx context.Context) error {
		if _, err := d.lockOrganisation(ctx, p.OrganisationID); err != nil && !errors.Is(err, storage.ErrNotFound) {
			return err
		}
		moved, err := d.movePower(ctx, p, PowerExpired, "")
		if errors.Is(err, ErrStale) {
			return nil // another node was first
		}
		if err != nil {
			return err
		}
		if err := d.raiseHolders(ctx, moved); err != nil {
			return err
		}
		if err := d.powerMoved(ctx, System(), moved, "power.expired"); err != nil {
			return err
		}
		return then(ctx, moved)
	})
}

// EndingPower is a power of whose end somebody is to be told.
type EndingPower struct {
	PowerOfAttorney
	Days int // one of PowerReminders
}

// EndingPowers lists the powers of whose end nobody was told yet at their present
// distance from it, the nearest first, no more than some at a time.
func (d *Directory) EndingPowers(ctx context.Context) ([]EndingPower, error) {
	now := d.time()
	var list []EndingPower
	for _, days := range PowerReminders {
		var due []PowerOfAttorney
		err := d.db.Select(ctx, &due, `SELECT `+powerNames+` FROM powers WHERE status = 'active' AND valid_until > $1
			AND valid_until <= $2 AND (reminded = 0 OR reminded > $3) ORDER BY valid_until, id LIMIT $4`,
			now, now.Add(time.Duration(days)*24*time.Hour), days, powersAtOnce)
		if err != nil {
			return nil, fmt.Errorf("directory: powers that end soon: %w", err)
		}
		for _, p := range due {
			if !slices.ContainsFunc(list, func(e EndingPower) bool { return e.ID == p.ID }) {
				list = append(list, EndingPower{p, days})
			}
		}
	}
	return list, nil
}

// Reminded notes that people are told of the power's end, in the transaction that
// tells them; false when somebody else has.
func (d *Directory) Reminded(ctx context.Context, e EndingPower) (bool, error) {
	n, err := d.db.Exec(ctx, `UPDATE powers SET reminded = $1 WHERE id = $2 AND status = 'active'
		AND (reminded = 0 OR reminded > $1)`, e.Days, e.ID)
	return n == 1, wrapped("note a reminder", err)
}

// Performer is somebody whom an organisation named to act under a power.
type Performer struct {
	PersonID string       `db:"person_id"`
	NamedBy  string       `db:"named_by"`
	NamedAt  storage.Time `db:"named_at"`
}

// MaxPerformers is how many people an organisation may name for one power.
const MaxPerformers = 100

// Performers are those named to act under the power, in the order of their ids.
func (d *Directory) Performers(ctx context.Context, powerID string) ([]Performer, error) {
	var list []Performer
	err := d.db.Select(ctx, &list, `SELECT person_id, named_by, named_at FROM power_performers
		WHERE power_id = $1 ORDER BY person_id`, powerID)
	return list, wrapped("performers", err)
}

// NamePerformers says which members of the organisation act under a power that
// was given to it, instead of those named before. It takes powers:write there.
// FieldErrors "not_member".
func (d *Directory) NamePerformers(ctx context.Context, actor Actor, organisationID, powerID string, people []string) error {
	const action = "power.performers"
	people = slices.Clone(people)
	slices.Sort(people)
	people = slices.Compact(people)
	return d.within(ctx, actor, organisationID, PowersWrite, action, func(ctx context.Context, o Organisation, _ rights) error {
		p, err := d.Power(ctx, o.ID, powerID)
		if err != nil {
			return err
		}
		// A power ends under its principal's lock, together with the tokens of those named.
		if p, err = d.lockedPower(ctx, o, p); err != nil {
			return err
		}
		switch {
		case p.RepresentativeKey != organisationKey(o.INN):
			return fmt.Errorf("directory: name performers: %w", storage.ErrNotFound)
		case p.StatusAt(d.time()) != PowerActive:
			return ErrPowerOver
		case !actor.Details.allowPower(p):
			return ErrDetailsExceeded
		}
		if err := d.areMembers(ctx, o.ID, people); err != nil {
			return err
		}
		if err := d.replacePerformers(ctx, actor, p, people); err != nil {
			return err
		}
		details := p.details()
		details["performers"] = fmt.Sprint(len(people))
		return d.record(ctx, actor, o.ID, action, p.ID, details)
	})
}

func (d *Directory) areMembers(ctx context.Context, organisationID string, people []string) error {
	var f fields
	if len(people) > MaxPerformers {
		f.faults.add("performers", "too_long")
		return f.err()
	}
	for i, id := range people {
		_, err := d.Membership(ctx, id, organisationID)
		if errors.Is(err, storage.ErrNotFound) {
			f.faults.add(fmt.Sprintf("performers/%d", i), "not_member")
		} else if err != nil {
			return err
		}
	}
	return f.err()
}

// replacePerformers puts people in the place of those named before. Who is named
// no longer loses his tokens.
func (d *Directory) replacePerformers(ctx context.Context, actor Actor, p PowerOfAttorney, people []string) error {
	before, err := d.Performers(ctx, p.ID)
	if err != nil {
		return err
	}
	for _, old := range before {
		if slices.Contains(people, old.PersonID) {
			continue
		}
		_, err := d.db.Exec(ctx, `DELETE FROM power_performers WHERE power_id = $1 AND person_id = $2`, p.ID, old.PersonID)
		if err != nil {
			return fmt.Errorf("directory: remove performer: %w", err)
		}
		if err := d.raisePowers(ctx, old.PersonID, p.OrganisationID); err != nil {
			return err
		}
	}
	for _, id := range people {
		_, err := d.db.Exec(ctx, `INSERT INTO power_performers (power_id, person_id, named_by, named_at)
			VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, p.ID, id, actor.PersonID, d.time())
		if err != nil {
			return fmt.Errorf("directory: name performer: %w", err)
		}
	}
	return nil
}
