package api

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/maypok86/otter/v2"

	"propusk/idp/directory"
)

// Act is something that can be done with a thing, as its room knows it: what the
// route that does it demands, and whether the thing's state lets it happen now.
type Act struct {
	Name       string // "submit", "revoke"; stable
	Scope      string
	Permission directory.Permission
	ACR        string
	// Own is an act that a person does in his own right, whatever organisation the token
	// opens; else it takes a token of one.
	Own bool
	// Why is the problem code that says what forbids the act whoever asks, usually a
	// state; "" when nothing does.
	Why string
	// args fill the words of Why, as With and Said of a Refusal do.
	args map[string]FieldText
}

// ActOf is the act that a route does.
func ActOf(name string, route Route) Act {
	return Act{Name: name, Scope: route.Scope, Permission: route.Permission, ACR: route.ACR}
}

// Unless forbids the act for a reason of its own: the problem code why applies
// when possible is false.
func (a Act) Unless(possible bool, why string) Act {
	if !possible {
		a.Why = why
	}
	return a
}

// Said fills {name} in the words of whatever forbids the act.
func (a Act) Said(name string, words FieldText) Act {
	a.args = maps.Clone(a.args)
	if a.args == nil {
		a.args = map[string]FieldText{}
	}
	a.args[name] = words
	return a
}

// Action tells the caller of one thing whether he may do one act, and where not,
// what is missing and who of the organisation can give it.
type Action struct {
	Action     string               `json:"action"`
	Allowed    bool                 `json:"allowed"`
	Reason     string               `json:"reason,omitempty"` // a problem code: what the refusal would be
	Detail     string               `json:"detail,omitempty"`
	Permission directory.Permission `json:"permission,omitempty"` // that is missing
	Scope      string               `json:"scope,omitempty"`      // that is missing
	ACR        string               `json:"acr,omitempty"`        // to sign in at
	Ask        []Colleague          `json:"ask,omitempty"`        // who can grant the permission
}

// Colleague is a member who can help.
type Colleague struct {
	MemberID string         `json:"member_id"`
	Name     string         `json:"name"`
	Role     directory.Role `json:"role"`
}

// DeskDeps is what a Desk works with.
type DeskDeps struct {
	Directory *directory.Directory
	Book      *Book
}

// Desk knows what callers may do and whom they can ask.
type Desk struct {
	DeskDeps
	grantors *otter.Cache[grantKey, []Colleague]
}

type grantKey struct {
	organisation string
	permission   directory.Permission
}

// A refused act names a few colleagues, who do not change by the minute: what one
// list of fifty things asks for is read once.
const (
	grantorsKept = 4096
	grantorsLive = 30 * time.Second
	grantorsMost = 3
)

// NewDesk returns a desk.
func NewDesk(deps DeskDeps) *Desk {
	return &Desk{deps, otter.Must(&otter.Options[grantKey, []Colleague]{
		MaximumSize: grantorsKept, ExpiryCalculator: otter.ExpiryWriting[grantKey, []Colleague](grantorsLive),
	})}
}

// Actions judges the acts for the caller, as the routes that do them would.
func (c Call) Actions(acts ...Act) ([]Action, error) {
	actions := make([]Action, len(acts))
	for i, act := range acts {
		var err error
		if actions[i], err = c.action(act); err != nil {
			return nil, err
		}
	}
	return actions, nil
}

func (c Call) action(act Act) (Action, error) {
	access := OrganisationToken
	if act.Own {
		access = PersonToken
	}
	route := Route{Access: access, Scope: act.Scope, Permission: act.Permission, ACR: act.ACR}
	refused, no := errors.AsType[*Refusal](route.Permit(c.Claims))
	if !no && act.Why != "" {
		refused, no = &Refusal{code: act.Why, args: act.args}, true
	}
	action := Action{Action: act.Name, Allowed: !no}
	if !no {
		return action, nil
	}
	action.Reason, action.Detail = refused.code, c.Desk.Book.Problem(c.Ctx(), refused, c.Lang()).Detail
	switch refused.code {
	case "scope_missing":
		action.Scope = act.Scope
	case "assurance_insufficient":
		action.ACR = act.ACR
	case "permission_missing":
		action.Permission = act.Permission
		if c.Person() == "" || c.Claims.Power != nil {
			return action, nil // a program asks nobody, and a representative has what his power lists
		}
		var err error
		action.Ask, err = c.Desk.ask(c.Ctx(), c.Organisation(), act.Permission)
		return action, err
	}
	return action, nil
}

// ask names members who may grant a permission in an organisation.
func (d *Desk) ask(ctx context.Context, organisationID string, permission directory.Permission) ([]Colleague, error) {
	key := grantKey{organisationID, permission}
	if known, ok := d.grantors.GetIfPresent(key); ok {
		return known, nil
	}
	members, err := d.Directory.Grantors(ctx, organisationID, permission, grantorsMost)
	if err != nil {
		return nil, err
	}
	found := make([]Colleague, len(members))
	for i, m := range members {
		found[i] = Colleague{MemberID: m.Member.ID, Name: m.Person.FullName(), Role: m.Role}
	}
	d.grantors.Set(key, found)
	return found, nil
}
