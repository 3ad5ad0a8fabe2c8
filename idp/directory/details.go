package directory

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// DetailType is one of the types of authorization details (RFC 9396 §2) that the
// house knows: the domain of the cabinet that a detail speaks of.
type DetailType string

// The types of authorization details.
const (
	DetailFiling  DetailType = "urn:propusk:filing"  // reports: filings:read, filings:write, filings:sign
	DetailExtract DetailType = "urn:propusk:extract" // extracts: extracts:read
	DetailPower   DetailType = "urn:propusk:power"   // powers of attorney: powers:read, powers:write
)

// DetailTypes returns the types, in the order of discovery.
func DetailTypes() []DetailType { return []DetailType{DetailFiling, DetailExtract, DetailPower} }

// Detail is one authorization detail in its canonical form: how far a token
// reaches within one domain. An empty list and a zero number set no limit.
type Detail struct {
	Type      DetailType `json:"type"`
	Locations []string   `json:"locations,omitempty"` // RFC 9396 §2.2: where it is for
	// Actions are what may be done: read, write and sign of filings; view, grant and
	// revoke of powers; none of extracts, which are only ever ordered and read.
	Actions    []string `json:"actions,omitempty"`
	Kinds      []string `json:"kinds,omitempty"`      // of filings and extracts: "NO_NDS", "egrul"
	Recipients []string `json:"recipients,omitempty"` // of filings: codes of tax offices, "7707"
	Powers     []string `json:"powers,omitempty"`     // codes of the powers that may be granted
	MaxSum     int64    `json:"max_sum,omitempty"`    // kopecks: of one filing, and of one act under a granted power
	MaxDays    int      `json:"max_days,omitempty"`   // how long a granted power may live
}

// Details are all of a token's. They narrow what its scopes and its holder's rights
// allow, and never widen it: of a domain that a detail speaks of, the token does
// what one of the details allows; of any other, what it could without them.
type Details []Detail

// ErrDetailsExceeded: the token's authorization details do not reach as far as the act.
var ErrDetailsExceeded = fmt.Errorf("the token's authorization details do not allow this: %w", ErrForbidden)

// The actions of details.
const (
	ActionRead, ActionWrite, ActionSign   = "read", "write", "sign"
	ActionView, ActionGrant, ActionRevoke = "view", "grant", "revoke"
)

// detailActions are the actions of each type with the permission that each is done
// under; "" stands for the one action of a type that has none to choose from.
var detailActions = map[DetailType]map[string]Permission{
	DetailFiling:  {ActionRead: FilingsRead, ActionWrite: FilingsWrite, ActionSign: FilingsSign},
	DetailExtract: {"": ExtractsRead},
	DetailPower:   {ActionView: PowersRead, ActionGrant: PowersWrite, ActionRevoke: PowersWrite},
}

// Actions are those that a detail of the type may list, sorted; none for a type
// that has no choice.
func (t DetailType) Actions() []string {
	var actions []string
	for action := range detailActions[t] {
		if action != "" {
			actions = append(actions, action)
		}
	}
	slices.Sort(actions)
	return actions
}

// Valid reports whether the house knows the type.
func (t DetailType) Valid() bool { return detailActions[t] != nil }

// Permissions are those that the type's actions are done under, sorted. A token
// that holds a detail of the type holds none of them beyond it.
func (t DetailType) Permissions() []Permission {
	var permissions []Permission
	for _, permission := range detailActions[t] {
		permissions = append(permissions, permission)
	}
	slices.Sort(permissions)
	return slices.Compact(permissions)
}

// Permissions are those that the detail's actions are done under, sorted.
func (d Detail) Permissions() []Permission {
	if len(d.Actions) == 0 {
		return d.Type.Permissions()
	}
	var permissions []Permission
	for _, action := range d.Actions {
		permissions = append(permissions, detailActions[d.Type][action])
	}
	slices.Sort(permissions)
	return slices.Compact(permissions)
}

// limited tells that the detail allows acts of some kinds or sums only.
func (d Detail) limited() bool {
	return len(d.Kinds)+len(d.Recipients)+len(d.Powers) > 0 || d.MaxSum > 0 || d.MaxDays > 0
}

// of are the details that speak of the permission's domain.
func (ds Details) of(p Permission) Details {
	if len(ds) == 0 {
		return nil
	}
	var about Details
	for _, d := range ds {
		if slices.Contains(d.Type.Permissions(), p) {
			about = append(about, d)
		}
	}
	return about
}

// Allow reports whether the details let an act through. Without a detail of the
// act's domain they do.
func (ds Details) Allow(act Act) bool {
	about := ds.of(act.Permission)
	return len(about) == 0 || slices.ContainsFunc(about, func(d Detail) bool { return d.allows(act) })
}

func (d Detail) allows(act Act) bool {
	reading := strings.HasSuffix(string(act.Permission), ":read")
	switch {
	case !slices.Contains(d.Permissions(), act.Permission):
		return false
	case d.MaxSum > 0 && d.Type == DetailFiling && act.Amount > d.MaxSum:
		return false
	case !reading && len(d.Recipients) > 0 && !slices.Contains(d.Recipients, act.Recipient):
		return false
	case len(d.Kinds) == 0:
		return true
	case act.Kind == "":
		return reading // a look at a list is no act of any kind; anything else would be one of all
	default:
		return slices.ContainsFunc(d.Kinds, func(kind string) bool { return coversKind(kind, act.Kind) })
	}
}

// coversKind reports whether a limit on kinds lets one kind through: it is the kind,
// or a group of it ("NO" of "NO_NDS").
func coversKind(limit, kind string) bool { return kind == limit || strings.HasPrefix(kind, limit+"_") }

// allowPower reports whether the details let a power of attorney be given: one of
// them allows granting, and the power lies within its limits.
func (ds Details) allowPower(p PowerOfAttorney) bool {
	about := ds.of(PowersWrite)
	return len(about) == 0 || slices.ContainsFunc(about, func(d Detail) bool {
		return slices.Contains(d.Actions, ActionGrant) && d.coversPower(p)
	})
}

func (d Detail) coversPower(p PowerOfAttorney) bool {
	switch {
	case d.MaxDays > 0 && p.ValidUntil.Sub(p.IssuedAt) > time.Duration(d.MaxDays)*24*time.Hour:
		return false
	case d.MaxSum > 0 && (p.Limits.V.MaxSum == 0 || p.Limits.V.MaxSum > d.MaxSum):
		return false
	case len(d.Powers) == 0:
		return true
	}
	return !slices.ContainsFunc(p.Powers.V, func(code string) bool { return !slices.Contains(d.Powers, code) })
}

// allowRevoking reports whether the details let a power of attorney be ended.
func (ds Details) allowRevoking() bool {
	about := ds.of(PowersWrite)
	return len(about) == 0 || slices.ContainsFunc(about, func(d Detail) bool { return slices.Contains(d.Actions, ActionRevoke) })
}

// narrow takes from what somebody holds whatever the details do not allow at all,
// and answers beside it what is left of them within limits only: with that nothing
// can be handed on, since who is given a permission has it without the limits.
func (ds Details) narrow(held permissionSet) (left, limited permissionSet) {
	for _, t := range DetailTypes() {
		var may, freely permissionSet
		spoken := false
		for _, d := range ds {
			if d.Type != t {
				continue
			}
			spoken = true
			may |= setOf(d.Permissions())
			if !d.limited() {
				freely |= setOf(d.Permissions())
			}
		}
		if spoken {
			held &^= setOf(t.Permissions()) &^ may
			limited |= held & may &^ freely
		}
	}
	return held, limited
}

// Cover reports whether every one of narrower lies within one of ds: what was
// granted as ds may be used, or asked for again, as narrower (RFC 9396 §6).
func (ds Details) Cover(narrower Details) bool {
	for _, n := range narrower {
		if !slices.ContainsFunc(ds, func(d Detail) bool { return d.covers(n) }) {
			return false
		}
	}
	return true
}

func (d Detail) covers(n Detail) bool {
	few := func(inner, outer []string, within func(o, i string) bool) bool {
		if len(outer) == 0 {
			return true
		}
		return len(inner) > 0 && !slices.ContainsFunc(inner, func(i string) bool {
			return !slices.ContainsFunc(outer, func(o string) bool { return within(o, i) })
		})
	}
	same := func(o, i string) bool { return o == i }
	least := func(inner, outer int64) bool { return outer == 0 || inner > 0 && inner <= outer }
	return d.Type == n.Type && few(n.Actions, d.Actions, same) && few(n.Kinds, d.Kinds, coversKind) &&
		few(n.Recipients, d.Recipients, same) && few(n.Powers, d.Powers, same) &&
		least(n.MaxSum, d.MaxSum) && least(int64(n.MaxDays), int64(d.MaxDays))
}

// Types are the types that ds hold, each once.
func (ds Details) Types() []DetailType {
	var types []DetailType
	for _, d := range ds {
		if !slices.Contains(types, d.Type) {
			types = append(types, d.Type)
		}
	}
	return types
}

// The bounds of details: what a token can carry in a header.
const (
	MaxDetails     = 8
	MaxDetailCodes = 20
	maxDetailSum   = int64(1e15) // kopecks: ten trillion roubles
	maxDetailDays  = 366 * 10
)

// Check says what is wrong with a detail, "" nothing: a type of the house, its own
// fields only, codes that look like codes, bounds kept. The error text is for the
// developer of an application.
func (d Detail) Check() error {
	switch {
	case !d.Type.Valid():
		return fmt.Errorf("the type %.40q is unknown", string(d.Type))
	case d.Type == DetailExtract && (len(d.Actions)+len(d.Recipients)+len(d.Powers) > 0 || d.MaxSum+int64(d.MaxDays) != 0):
		return errors.New("a detail of extracts has kinds and nothing else")
	case d.Type == DetailFiling && (len(d.Powers) > 0 || d.MaxDays != 0):
		return errors.New("a detail of filings has actions, kinds, recipients and max_sum")
	case d.Type == DetailPower && len(d.Kinds)+len(d.Recipients) > 0:
		return errors.New("a detail of powers has actions, powers, max_sum and max_days")
	case d.Type != DetailExtract && len(d.Actions) == 0:
		return fmt.Errorf("actions are missing: %s", strings.Join(d.Type.Actions(), ", "))
	case d.MaxSum < 0 || d.MaxSum > maxDetailSum:
		return errors.New("max_sum is a sum in kopecks")
	case d.MaxDays < 0 || d.MaxDays > maxDetailDays:
		return fmt.Errorf("max_days is between 1 and %d", maxDetailDays)
	}
	return d.checkLists()
}

func (d Detail) checkLists() error {
	for name, list := range map[string][]string{
		"actions": d.Actions, "kinds": d.Kinds, "recipients": d.Recipients, "powers": d.Powers,
	} {
		if len(list) > MaxDetailCodes {
			return fmt.Errorf("%s has more than %d entries", name, MaxDetailCodes)
		}
		for i, code := range list {
			if !codeLike(code) {
				return fmt.Errorf("%s: %.40q is no code", name, code)
			}
			if slices.Contains(list[:i], code) {
				return fmt.Errorf("%s: %q stands there twice", name, code)
			}
		}
	}
	for _, action := range d.Actions {
		if _, known := detailActions[d.Type][action]; !known {
			return fmt.Errorf("the action %q is not one of %s", action, strings.Join(d.Type.Actions(), ", "))
		}
	}
	for _, code := range d.Powers {
		if _, known := FindPowerCode(code); !known {
			return fmt.Errorf("the power %q is not in the classifier", code)
		}
	}
	return nil
}
