package directory

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"propusk/storage"
)

// Policy is what an organisation demands of those who act for it, beyond what
// the house demands of everybody.
type Policy struct {
	RequiredACR string   // one of the ACR constants; "" = the house's floor
	Factors     []string // which may be used, names of PolicyFactors; empty = all
	PIN         bool     // a PIN of four digits before entering

	Idle     time.Duration // of the session, without use; 0 = as the house says; it only shortens
	Absolute time.Duration // of the session, since who it is was proved; 0 = as the house says

	PasswordMaxAge      time.Duration // 0 = DefaultPasswordMaxAge
	PasswordAgeEnforced bool          // an older password must be changed before entering; else a reminder

	TrustedDevices bool           // a trusted device may stand in for the second factor
	Networks       []netip.Prefix // where one may enter from; empty = everywhere
}

// DefaultPasswordMaxAge is when a password's owner is reminded to change it.
const DefaultPasswordMaxAge = 90 * 24 * time.Hour

// DefaultPolicy is that of an organisation that has set none.
func DefaultPolicy() Policy {
	return Policy{PasswordMaxAge: DefaultPasswordMaxAge, TrustedDevices: true}
}

// PolicyFactors are the names of the factors that a policy may allow.
func PolicyFactors() []string {
	return []string{"password", "totp", "sms", "email", "passkey", "certificate", "recovery"}
}

// Allows tells that a factor may be used. What the policy does not speak of (a
// trusted device) has a field of its own.
func (p Policy) Allows(factor string) bool {
	return len(p.Factors) == 0 || slices.Contains(p.Factors, factor) || !slices.Contains(PolicyFactors(), factor)
}

// Admits tells that one may enter from the address. An unknown address (the zero
// Addr) is admitted only where every address is.
func (p Policy) Admits(address netip.Addr) bool {
	return len(p.Networks) == 0 || slices.ContainsFunc(p.Networks, func(n netip.Prefix) bool { return n.Contains(address) })
}

// ErrLockedOut: after the change no administrator of the organisation could
// enter it any more.
var ErrLockedOut = errors.New("directory: the policy would lock every administrator out")

// storedPolicy is a Policy as JSON; durations in seconds.
type storedPolicy struct {
	Factors             []string       `json:"factors,omitempty"`
	PIN                 bool           `json:"pin,omitempty"`
	Idle                int64          `json:"idle,omitempty"`
	Absolute            int64          `json:"absolute,omitempty"`
	PasswordMaxAge      int64          `json:"password_max_age"`
	PasswordAgeEnforced bool           `json:"password_age_enforced,omitempty"`
	TrustedDevices      bool           `json:"trusted_devices"`
	Networks            []netip.Prefix `json:"networks,omitempty"`
}

func (p Policy) stored() storedPolicy {
	return storedPolicy{
		Factors: p.Factors, PIN: p.PIN, Idle: int64(p.Idle / time.Second), Absolute: int64(p.Absolute / time.Second),
		PasswordMaxAge: int64(p.PasswordMaxAge / time.Second), PasswordAgeEnforced: p.PasswordAgeEnforced,
		TrustedDevices: p.TrustedDevices, Networks: p.Networks,
	}
}

func (s storedPolicy) policy(acr string) Policy {
	return Policy{
		RequiredACR: acr, Factors: s.Factors, PIN: s.PIN,
		Idle: time.Duration(s.Idle) * time.Second, Absolute: time.Duration(s.Absolute) * time.Second,
		PasswordMaxAge: time.Duration(s.PasswordMaxAge) * time.Second, PasswordAgeEnforced: s.PasswordAgeEnforced,
		TrustedDevices: s.TrustedDevices, Networks: s.Networks,
	}
}

// Policy reads what the organisation demands; storage.ErrNotFound when there is
// no such organisation.
func (d *Directory) Policy(ctx context.Context, organisationID string) (Policy, error) {
	var row struct {
		ACR    string                     `db:"required_acr"`
		Policy storage.JSON[storedPolicy] `db:"policy"`
	}
	err := d.db.Get(ctx, &row, `SELECT o.required_acr, COALESCE(p.policy, '') AS policy FROM organisations o
		LEFT JOIN organisation_policies p ON p.organisation_id = o.id WHERE o.id = $1`, organisationID)
	if err != nil {
		return Policy{}, fmt.Errorf("directory: policy: %w", err)
	}
	return row.Policy.V.orDefault(row.ACR), nil
}

// orDefault is the policy that is kept or, where none was ever set, the usual one.
func (s storedPolicy) orDefault(acr string) Policy {
	p := s.policy(acr)
	if p.PasswordMaxAge == 0 {
		p = DefaultPolicy()
		p.RequiredACR = acr
	}
	return p
}

// AskPolicy has a batch read the policy of an organisation that is there, and when it last
// came to demand more, so that what was good before may not be good any more (0 = never).
// What is returned tells them once the batch has run.
func AskPolicy(b *storage.Batch, organisationID string) func() (p Policy, stricterAt storage.Time) {
	var found bool
	var acr string
	var policy storage.JSON[storedPolicy]
	var at storage.Time
	b.Row(&found, []any{&acr, &policy, &at}, `SELECT o.required_acr, COALESCE(p.policy, ''), COALESCE(p.stricter_at, 0)
		FROM organisations o LEFT JOIN organisation_policies p ON p.organisation_id = o.id WHERE o.id = $1`, organisationID)
	return func() (Policy, storage.Time) { return policy.V.orDefault(acr), at }
}

// SetPolicy changes what the organisation demands. It takes an administrator
// (ErrForbidden). It returns FieldErrors for a policy that nobody could meet or
// that shuts the actor's own address out, and ErrLockedOut when no administrator
// could enter under it; CheckPolicy says beforehand whom it concerns.
//
// What is stricter is in force at once: the members' live tokens of the
// organisation are revoked, as nobody here knows what sign-in they come from.
func (d *Directory) SetPolicy(ctx context.Context, actor Actor, organisationID string, p Policy) error {
	return d.within(ctx, actor, organisationID, OrganizationWrite, "policy.changed", func(ctx context.Context, o Organisation, held rights) error {
		if !held.administrator {
			return fmt.Errorf("%w: the policy is a matter for administrators", ErrForbidden)
		}
		p, err := p.checked(ctx, actor)
		if err != nil {
			return err
		}
		before, err := d.Policy(ctx, organisationID)
		if err != nil {
			return err
		}
		impact, err := d.CheckPolicy(ctx, organisationID, p)
		if err != nil {
			return err
		}
		if impact.Administrators == 0 {
			return ErrLockedOut
		}
		return d.storePolicy(ctx, actor, o, before, p)
	})
}

func (d *Directory) storePolicy(ctx context.Context, actor Actor, o Organisation, before, p Policy) error {
	changed := p.differences(before)
	if len(changed) == 0 {
		return nil
	}
	var stricterAt storage.Time
	if p.stricter(before) {
		stricterAt = d.time()
	}
	_, err := d.db.Exec(ctx, `INSERT INTO organisation_policies (organisation_id, policy, updated_at, stricter_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (organisation_id) DO UPDATE SET policy = EXCLUDED.policy, updated_at = EXCLUDED.updated_at,
			stricter_at = CASE WHEN EXCLUDED.stricter_at > 0 THEN EXCLUDED.stricter_at ELSE organisation_policies.stricter_at END`,
		o.ID, storage.JSON[storedPolicy]{V: p.stored()}, d.time(), stricterAt)
	if err != nil {
		return fmt.Errorf("directory: store policy: %w", err)
	}
	_, err = d.db.Exec(ctx, `UPDATE organisations SET required_acr = $1, version = version + 1, updated_at = $2 WHERE id = $3`,
		p.RequiredACR, d.time(), o.ID)
	if err != nil {
		return fmt.Errorf("directory: store demanded assurance: %w", err)
	}
	if p.stricter(before) {
		if err := d.raiseEverybody(ctx, o.ID); err != nil {
			return err
		}
	}
	details := map[string]string{"fields": strings.Join(changed, " "), "required_acr": p.RequiredACR}
	if err := d.record(ctx, actor, o.ID, "policy.changed", o.ID, details); err != nil {
		return err
	}
	return d.notifyResponsible(ctx, o, notice{action: "organisation.updated"})
}

// differences names the fields in which p is not before.
func (p Policy) differences(before Policy) (changed []string) {
	for name, same := range map[string]bool{
		"required_acr":          p.RequiredACR == before.RequiredACR,
		"factors":               slices.Equal(p.Factors, before.Factors),
		"pin":                   p.PIN == before.PIN,
		"idle":                  p.Idle == before.Idle,
		"absolute":              p.Absolute == before.Absolute,
		"password_max_age":      p.PasswordMaxAge == before.PasswordMaxAge,
		"password_age_enforced": p.PasswordAgeEnforced == before.PasswordAgeEnforced,
		"trusted_devices":       p.TrustedDevices == before.TrustedDevices,
		"networks":              slices.Equal(p.Networks, before.Networks),
	} {
		if !same {
			changed = append(changed, name)
		}
	}
	slices.Sort(changed)
	return changed
}

// stricter tells that a sign-in that was good under before may not be under p.
func (p Policy) stricter(before Policy) bool {
	shorter := func(now, then time.Duration) bool { return now > 0 && (then == 0 || now < then) }
	return slices.Index(acrs, p.RequiredACR) > slices.Index(acrs, before.RequiredACR) ||
		len(p.Factors) > 0 && !slices.Equal(p.Factors, before.Factors) ||
		len(p.Networks) > 0 && !slices.Equal(p.Networks, before.Networks) ||
		p.PIN && !before.PIN ||
		shorter(p.Idle, before.Idle) || shorter(p.Absolute, before.Absolute) ||
		p.PasswordAgeEnforced && (!before.PasswordAgeEnforced || shorter(p.PasswordMaxAge, before.PasswordMaxAge)) ||
		before.TrustedDevices && !p.TrustedDevices
}

// OnlyAtSignIn tells that the policy demands more than an assurance: what is seen
// while somebody signs in for the organisation, and at no other time.
func (p Policy) OnlyAtSignIn() bool {
	usual := DefaultPolicy()
	p.RequiredACR = usual.RequiredACR
	return p.stricter(usual)
}
