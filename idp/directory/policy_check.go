package directory

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"propusk/storage/journal"
)

// Bounds of a policy's values.
const (
	minIdle           = time.Minute
	minAbsolute       = 5 * time.Minute
	minPasswordMaxAge = 24 * time.Hour
	maxPolicyDuration = 10 * 365 * 24 * time.Hour
	maxNetworks       = 100
)

// PolicyImpact says whom a policy would keep out.
type PolicyImpact struct {
	Members        int         // active ones
	Administrators int         // of them, those administrators who could still enter
	LockedOut      []LockedOut // those who could not enter with what they have now
}

// LockedOut is a member who could not enter under a policy until he adds what
// is missing.
type LockedOut struct {
	MemberID, PersonID, Name string
	Role                     Role
	Missing                  []string // any one of these would do: "certificate", "passkey", "password"
}

// CheckPolicy says what a policy would do, without setting it: the dry run. It
// returns FieldErrors for one that nobody could meet. Networks are not looked
// at: where people will be nobody knows.
func (d *Directory) CheckPolicy(ctx context.Context, organisationID string, p Policy) (PolicyImpact, error) {
	p, err := p.normalised()
	if err != nil {
		return PolicyImpact{}, err
	}
	holders, err := d.holders(ctx, organisationID)
	if err != nil {
		return PolicyImpact{}, err
	}
	impact := PolicyImpact{Members: len(holders)}
	for _, h := range holders {
		switch {
		case !h.enters(p):
			impact.LockedOut = append(impact.LockedOut, LockedOut{
				MemberID: h.MemberID, PersonID: h.PersonID, Name: h.name(), Role: h.Role, Missing: p.ways(),
			})
		case h.Role == Administrator:
			impact.Administrators++
		}
	}
	return impact, nil
}

// holder is a member with the kinds of credentials that he has.
type holder struct {
	MemberID    string `db:"member_id"`
	PersonID    string `db:"person_id"`
	LastName    string `db:"last_name"`
	FirstName   string `db:"first_name"`
	MiddleName  string `db:"middle_name"`
	Role        Role   `db:"role"`
	Password    bool   `db:"has_password"`
	Phone       bool   `db:"has_phone"`
	Email       bool   `db:"has_email"`
	Passkey     bool   `db:"has_passkey"`
	Certificate bool   `db:"has_certificate"`
}

func (h holder) name() string {
	return Person{LastName: h.LastName, FirstName: h.FirstName, MiddleName: h.MiddleName}.FullName()
}

func (d *Directory) holders(ctx context.Context, organisationID string) ([]holder, error) {
	var list []holder
	err := d.db.Select(ctx, &list, `SELECT m.id AS member_id, p.id AS person_id, p.last_name, p.first_name, p.middle_name, m.role,
		EXISTS (SELECT 1 FROM passwords w WHERE w.person_id = p.id) AS has_password,
		p.phone_verified AS has_phone, p.email_verified AS has_email,
		EXISTS (SELECT 1 FROM passkeys k WHERE k.person_id = p.id AND k.locked_at = 0) AS has_passkey,
		EXISTS (SELECT 1 FROM certificates c WHERE c.person_id = p.id AND c.removed_at = 0 AND c.revoked_at = 0 AND c.not_after > $1) AS has_certificate
		FROM members m JOIN persons p ON p.id = m.person_id AND p.status = 'active'
		WHERE m.organisation_id = $2 AND m.removed_at = 0 AND m.stopped_at = 0 ORDER BY m.id`, d.time(), organisationID)
	if err != nil {
		return nil, fmt.Errorf("directory: credentials of members: %w", err)
	}
	return list, nil
}

// enters tells that the holder's credentials meet the policy. An authenticator
// need not be there yet: it is connected during the sign-in.
func (h holder) enters(p Policy) bool {
	if h.Certificate && p.Allows("certificate") {
		return true
	}
	if p.RequiredACR == ACRQualified {
		return false
	}
	if h.Passkey && p.Allows("passkey") {
		return true
	}
	return h.Password && p.Allows("password") &&
		(p.Allows("totp") || h.Phone && p.Allows("sms") || h.Email && p.Allows("email"))
}

// ways are the kinds of sign-in that meet the policy.
func (p Policy) ways() (ways []string) {
	if p.Allows("certificate") {
		ways = append(ways, "certificate")
	}
	if p.RequiredACR == ACRQualified {
		return ways
	}
	if p.Allows("passkey") {
		ways = append(ways, "passkey")
	}
	if p.Allows("password") && (p.Allows("totp") || p.Allows("sms") || p.Allows("email")) {
		ways = append(ways, "password")
	}
	return ways
}

// checked is normalised for the actor who sets it: one who comes over the
// network must not shut himself out.
func (p Policy) checked(ctx context.Context, actor Actor) (Policy, error) {
	p, err := p.normalised()
	if err != nil || actor.system {
		return p, err
	}
	if here, err := netip.ParseAddr(journal.From(ctx).IP); err == nil && !p.Admits(here.Unmap()) {
		return p, FieldErrors{{Field: "networks", Code: "excludes_you"}}
	}
	return p, nil
}

// normalised checks the values, and sorts the lists without repetitions.
func (p Policy) normalised() (Policy, error) {
	var f fields
	if !slices.Contains(acrs, p.RequiredACR) {
		f.faults.add("required_acr", "invalid")
	}
	p.Factors = slices.Compact(slices.Sorted(slices.Values(p.Factors)))
	if slices.ContainsFunc(p.Factors, func(name string) bool { return !slices.Contains(PolicyFactors(), name) }) {
		f.faults.add("factors", "invalid")
	} else if len(p.ways()) == 0 {
		f.faults.add("factors", "unreachable")
	}
	if p.PasswordMaxAge == 0 {
		p.PasswordMaxAge = DefaultPasswordMaxAge
	}
	f.between("idle", p.Idle, minIdle)
	f.between("absolute", p.Absolute, minAbsolute)
	f.between("password_max_age", p.PasswordMaxAge, minPasswordMaxAge)
	p.Networks = f.networks(p.Networks)
	return p, f.err()
}

// between takes a duration of whole seconds, 0 or not shorter than least.
func (f *fields) between(field string, d, least time.Duration) {
	if d != 0 && (d < least || d > maxPolicyDuration || d%time.Second != 0) {
		f.faults.add(field, "out_of_range")
	}
}

// networks takes the prefixes with their host bits cleared.
func (f *fields) networks(list []netip.Prefix) []netip.Prefix {
	if len(list) > maxNetworks {
		f.faults.add("networks", "too_many")
		return nil
	}
	var masked []netip.Prefix
	for _, n := range list {
		if !n.IsValid() {
			f.faults.add("networks", "invalid")
			return nil
		}
		masked = append(masked, n.Masked())
	}
	slices.SortFunc(masked, netip.Prefix.Compare)
	return slices.Compact(masked)
}
