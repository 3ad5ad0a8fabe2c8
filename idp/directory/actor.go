package directory

import (
	"context"
	"errors"
	"fmt"

	"propusk/storage"
)

// Actor is who asks for a change. The address and the request id of the entry
// in the journal come from the context (journal.From).
type Actor struct {
	PersonID, ClientID string
	// Permissions is what a client acting for itself holds (client credentials,
	// RFC 6749 §4.4): those of its token's scopes, for a token of the very
	// organisation that is changed. The caller answers for both. It is not
	// looked at when PersonID is set: a person's rights are read from the
	// membership, whatever the token said.
	Permissions []Permission
	// PowerID is the power of attorney by which the person entered the
	// organisation, or by which the client acts for one that it does not belong to, as
	// the token's poa claim says; "" for a member and for a client at home.
	PowerID string
	// Details are the authorization details of the token that the actor uses: he
	// does nothing beyond them, whatever he may do otherwise.
	Details Details

	system bool
}

// System is the actor of the command line and of seeds: it holds every right in
// every organisation. Dangerous: never the actor of a request.
func System() Actor { return Actor{system: true} }

// rights is what an actor holds in one organisation.
type rights struct {
	set           permissionSet
	administrator bool
	// limited is the part of set that the actor's token reaches within limits only:
	// he does such things and hands none of them on.
	limited permissionSet
}

// grantable is what the holder can give to others.
func (r rights) grantable() permissionSet { return r.set &^ r.limited }

// within takes from the rights what the actor's token does not reach.
func (r rights) within(details Details) rights {
	if len(details) > 0 {
		r.set, r.limited = details.narrow(r.set)
	}
	return r
}

// rights reads what actor holds in the organisation now. Who is no active
// member of it holds nothing there, and is told no more than that.
func (d *Directory) rights(ctx context.Context, actor Actor, organisationID string) (rights, error) {
	held, err := d.allRights(ctx, actor, organisationID)
	return held.within(actor.Details), err
}

// allRights is rights without the limits of the actor's token.
func (d *Directory) allRights(ctx context.Context, actor Actor, organisationID string) (rights, error) {
	switch {
	case actor.system:
		return rights{set: roleSets[Administrator], administrator: true}, nil
	case actor.PersonID != "":
		m, err := d.Membership(ctx, actor.PersonID, organisationID)
		if errors.Is(err, storage.ErrNotFound) {
			return d.rightsByPower(ctx, actor.PersonID, organisationID)
		}
		return rights{set: m.Member.set(), administrator: m.Role == Administrator}, err
	case actor.ClientID != "":
		return rights{set: setOf(actor.Permissions)}, nil
	default:
		return rights{}, fmt.Errorf("%w: nobody asks", ErrForbidden)
	}
}

// rightsByPower is what somebody who is no member holds by power of attorney,
// without what limits narrow to acts of a kind or of a sum: those are for
// Authorise to decide.
func (d *Directory) rightsByPower(ctx context.Context, personID, organisationID string) (rights, error) {
	powers, err := d.livePowers(ctx, personID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return rights{}, err
	}
	var set permissionSet
	for _, p := range powers {
		if p.OrganisationID == organisationID {
			set |= p.set()
		}
	}
	if set == 0 {
		return rights{}, fmt.Errorf("%w: no member of the organisation", ErrForbidden)
	}
	return rights{set: set}, nil
}

// standing is what a member is or would be: a role with grants and denials.
type standing struct {
	role            Role
	grants, denials []Permission
}

func (s standing) set() permissionSet { return effective(s.role, s.grants, s.denials) }

// mayMove decides whether the holder of r may take a member from one standing
// to another; the zero standing is that of somebody outside.
//
// Nobody grants what he does not hold: what the member gains must be among the
// actor's own permissions. It is the effective set that counts, so lifting a
// denial is granting. Taking away needs no more than the right to manage
// members, except that an administrator is made, changed and removed by an
// administrator only.
func (r rights) mayMove(from, to standing) error {
	if (from.role == Administrator || to.role == Administrator) && !r.administrator {
		return fmt.Errorf("%w: an administrator is a matter for administrators", ErrForbidden)
	}
	if gained := to.set() &^ from.set(); !r.grantable().covers(gained) {
		return fmt.Errorf("%w: it would grant %v, which the actor does not hold", ErrForbidden, (gained &^ r.grantable()).list())
	}
	return nil
}

// mayInvite is mayMove for somebody outside.
func (r rights) mayInvite(to standing) error { return r.mayMove(standing{}, to) }
