package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"propusk/storage"
)

// OperatorRole is what an operator of the house does there.
type OperatorRole string

// The roles of operators.
const (
	OperatorSupport   OperatorRole = "support"   // people and organisations, recoveries, tickets
	OperatorModerator OperatorRole = "moderator" // registrations, and changes of profiles
	OperatorSecurity  OperatorRole = "security"  // trust, keys, clients, jobs, the journal
)

// OperatorRoles are all roles of operators, in the order in which they are written.
func OperatorRoles() []OperatorRole {
	return []OperatorRole{OperatorSupport, OperatorModerator, OperatorSecurity}
}

// operatorRoles writes roles as they are stored: each once, in one order; all for none.
func operatorRoles(roles []OperatorRole) (string, error) {
	if len(roles) == 0 {
		roles = OperatorRoles()
	}
	for _, role := range roles {
		if !slices.Contains(OperatorRoles(), role) {
			return "", &FieldError{Field: "role", Code: "invalid"}
		}
	}
	var names []string
	for _, role := range OperatorRoles() {
		if slices.Contains(roles, role) {
			names = append(names, string(role))
		}
	}
	return strings.Join(names, " "), nil
}

func rolesOf(text string) []OperatorRole {
	var roles []OperatorRole
	for name := range strings.FieldsSeq(text) {
		roles = append(roles, OperatorRole(name))
	}
	return roles
}

// Appointment is an operator with what he does.
type Appointment struct {
	Person
	RoleNames string `db:"operator_roles"`
}

// Roles are what the operator does.
func (a Appointment) Roles() []OperatorRole { return rolesOf(a.RoleNames) }

// AppointOperator makes a person an operator with these roles, by none with every
// one; System only. To appoint one again changes his roles; with the same ones it
// changes nothing. A *FieldError for a role that there is none of.
func (d *Directory) AppointOperator(ctx context.Context, actor Actor, personID string, roles ...OperatorRole) error {
	names, err := operatorRoles(roles)
	if err != nil {
		return err
	}
	return d.moveOperator(ctx, actor, personID, "operator.appointed", map[string]string{"roles": names},
		`INSERT INTO operators (person_id, appointed_at, roles) VALUES ($1, $2, $3)
			ON CONFLICT (person_id) DO UPDATE SET roles = excluded.roles WHERE operators.roles <> excluded.roles`,
		personID, d.time(), names)
}

// DismissOperator takes that back; System only. His console is closed at once.
func (d *Directory) DismissOperator(ctx context.Context, actor Actor, personID string) error {
	return d.moveOperator(ctx, actor, personID, "operator.dismissed", nil, `DELETE FROM operators WHERE person_id = $1`, personID)
}

func (d *Directory) moveOperator(ctx context.Context, actor Actor, personID, action string, details map[string]string, statement string, args ...any) error {
	if !actor.system {
		return fmt.Errorf("%w: operators are appointed on the command line", ErrForbidden)
	}
	return d.db.Tx(ctx, func(ctx context.Context) error {
		p, err := d.Person(ctx, personID)
		if err != nil {
			return err
		}
		n, err := d.db.Exec(ctx, statement, args...)
		if err != nil || n == 0 {
			return wrapped("move operator", err)
		}
		if err := d.record(ctx, actor, "", action, personID, details); err != nil {
			return err
		}
		return d.notifyPerson(ctx, p, notice{action: action + ".you"})
	})
}

// Operators lists them, the first appointed first.
func (d *Directory) Operators(ctx context.Context) ([]Appointment, error) {
	var list []Appointment
	err := d.db.Select(ctx, &list, "SELECT "+columns("p", "", personNames)+`, o.roles AS operator_roles FROM operators o
		JOIN persons p ON p.id = o.person_id ORDER BY o.appointed_at, p.id`)
	return list, wrapped("operators", err)
}

// OperatorOf reads the roles of an active person who is an operator, in one indexed
// read; none for anybody else.
func (d *Directory) OperatorOf(ctx context.Context, personID string) ([]OperatorRole, error) {
	var names string
	err := d.db.Get(ctx, &names, `SELECT o.roles FROM operators o JOIN persons p ON p.id = o.person_id
		WHERE o.person_id = $1 AND p.status = 'active'`, personID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	}
	return rolesOf(names), wrapped("operator", err)
}

// Appointed reads the roles that a person was appointed to, of a blocked one too, who may
// not act by them; none for anybody else.
func (d *Directory) Appointed(ctx context.Context, personID string) ([]OperatorRole, error) {
	var names string
	err := d.db.Get(ctx, &names, `SELECT roles FROM operators WHERE person_id = $1`, personID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	}
	return rolesOf(names), wrapped("appointed operator", err)
}

// noOperator refuses whoever was appointed one, with ErrOperatorAccount.
func (d *Directory) noOperator(ctx context.Context, personID string) error {
	roles, err := d.Appointed(ctx, personID)
	if err == nil && len(roles) > 0 {
		return ErrOperatorAccount
	}
	return err
}

// CheckOperator returns ErrForbidden unless the actor is an active operator with the
// role.
func (d *Directory) CheckOperator(ctx context.Context, actor Actor, role OperatorRole) error {
	roles, err := d.OperatorOf(ctx, actor.PersonID)
	if err == nil && !slices.Contains(roles, role) {
		return fmt.Errorf("%w: only an operator of the %s", ErrForbidden, role)
	}
	return err
}

// mayHelp refuses whoever acts on a person's account and is neither the command line
// nor another person of the support. Nobody helps, or stops, himself.
func (d *Directory) mayHelp(ctx context.Context, actor Actor, personID string) error {
	if actor.system {
		return nil
	}
	if actor.PersonID == personID {
		return fmt.Errorf("%w: an operator does not act on himself", ErrForbidden)
	}
	return d.CheckOperator(ctx, actor, OperatorSupport)
}

type reasonKey struct{}

// Because puts an operator's reason into the context: every entry of the journal
// that an act under it writes has it.
func Because(ctx context.Context, reason string) context.Context {
	return context.WithValue(ctx, reasonKey{}, reason)
}

// becauseOf adds the reason of the context to an entry's details.
func becauseOf(ctx context.Context, details map[string]string) map[string]string {
	reason, _ := ctx.Value(reasonKey{}).(string)
	if reason == "" || details["reason"] != "" {
		return details
	}
	return withDetail(details, "reason", reason)
}
