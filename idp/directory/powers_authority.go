package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"propusk/storage"
)

// Act is something that somebody is about to do for an organisation.
type Act struct {
	Permission Permission
	Kind       string // what exactly: a report's prefix ("NO_NDS"), the code of an extract or of a service; "" = not of a kind
	Amount     int64  // the sum it is about, in kopecks; 0 = none
	Recipient  string // of a filing: the code of the office that it goes to; "" = of none, or not told
}

// What an Authority rests on.
const (
	ByMembership = "membership"
	ByPower      = "power_of_attorney"
	ByClient     = "client"
	BySystem     = "system"
)

// Authority is by which right an act was done. It is stored as JSON with every
// legally significant act, so that years later it can be said who was entitled,
// and why.
type Authority struct {
	By          string `json:"by"` // ByMembership, ByPower, ByClient, BySystem
	MemberID    string `json:"member_id,omitempty"`
	Role        Role   `json:"role,omitempty"`
	PowerID     string `json:"power_id,omitempty"`
	PowerNumber string `json:"power_number,omitempty"`
}

// The refusals of Authorise beside ErrForbidden.
var (
	// ErrPowerExceeded: the powers of attorney do not reach as far as the act.
	ErrPowerExceeded = fmt.Errorf("the power of attorney does not allow this: %w", ErrForbidden)
	// ErrPowerExpired: there was a power of attorney, and it is over.
	ErrPowerExpired = fmt.Errorf("the power of attorney is over: %w", ErrForbidden)
)

// Authorise says by which right the actor may do act in the organisation now:
// ErrForbidden, ErrPowerExceeded, ErrPowerExpired or ErrDetailsExceeded (which are
// ErrForbidden too).
// Call it in the transaction of the act. A membership wins over a power of
// attorney: who is a member acts as one.
func (d *Directory) Authorise(ctx context.Context, actor Actor, organisationID string, act Act) (Authority, error) {
	switch {
	case !act.Permission.Valid():
		return Authority{}, fmt.Errorf("directory: %q is no permission", act.Permission)
	case actor.system:
		return Authority{By: BySystem}, nil
	case !actor.Details.Allow(act):
		return Authority{}, fmt.Errorf("%w (it takes %s)", ErrDetailsExceeded, act.Permission)
	case actor.PersonID != "":
		return d.authorisePerson(ctx, actor, organisationID, act)
	case actor.ClientID != "" && actor.PowerID != "":
		return d.authoriseService(ctx, actor, organisationID, act)
	case actor.ClientID != "":
		return authoriseClient(actor, act)
	default:
		return Authority{}, fmt.Errorf("%w: nobody asks", ErrForbidden)
	}
}

func authoriseClient(actor Actor, act Act) (Authority, error) {
	if !setOf(actor.Permissions).covers(setOf([]Permission{act.Permission})) {
		return Authority{}, fmt.Errorf("%w: it takes %s", ErrForbidden, act.Permission)
	}
	return Authority{By: ByClient}, nil
}

func (d *Directory) authorisePerson(ctx context.Context, actor Actor, organisationID string, act Act) (Authority, error) {
	m, err := d.Membership(ctx, actor.PersonID, organisationID)
	if errors.Is(err, storage.ErrNotFound) {
		return d.authoriseByPower(ctx, actor, organisationID, act)
	}
	if err != nil {
		return Authority{}, err
	}
	if !m.Can(act.Permission) {
		return Authority{}, fmt.Errorf("%w: it takes %s", ErrForbidden, act.Permission)
	}
	return Authority{By: ByMembership, MemberID: m.Member.ID, Role: m.Role}, nil
}

// authoriseByPower finds the live power that reaches as far as the act; the one
// by which the person entered is asked first.
func (d *Directory) authoriseByPower(ctx context.Context, actor Actor, organisationID string, act Act) (Authority, error) {
	r, err := d.Representation(ctx, actor.PersonID, organisationID)
	if errors.Is(err, storage.ErrNotFound) {
		return Authority{}, d.noPower(ctx, actor, organisationID)
	}
	if err != nil {
		return Authority{}, err
	}
	powers := slices.Clone(r.Powers)
	slices.SortStableFunc(powers, func(a, b PowerOfAttorney) int {
		return indicator(b.ID == actor.PowerID) - indicator(a.ID == actor.PowerID)
	})
	for _, p := range powers {
		if p.Allows(act) {
			return Authority{By: ByPower, PowerID: p.ID, PowerNumber: p.Number}, nil
		}
	}
	return Authority{}, fmt.Errorf("%w (it takes %s)", ErrPowerExceeded, act.Permission)
}

// noPower tells who had a power from who never had one.
func (d *Directory) noPower(ctx context.Context, actor Actor, organisationID string) error {
	if actor.PowerID != "" {
		p, err := d.PowerByID(ctx, actor.PowerID)
		if err == nil && p.OrganisationID == organisationID {
			return fmt.Errorf("%w (%s)", ErrPowerExpired, p.StatusAt(d.time()))
		}
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return err
		}
	}
	return fmt.Errorf("%w: no member of the organisation", ErrForbidden)
}

func indicator(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
