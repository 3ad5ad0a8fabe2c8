package cabinet

import (
	"errors"
	"fmt"

	"propusk/idp/directory"
	"propusk/storage"
)

// actor is whoever answers for a change: the person, whose rights the directory
// reads anew, or the client that acts for itself, which holds what its token says.
func (c call) actor() directory.Actor {
	actor := directory.Actor{ClientID: c.claims.ClientID}
	if !c.claims.Service() {
		actor.PersonID = c.claims.Subject
		return actor
	}
	for _, name := range c.claims.Permissions {
		actor.Permissions = append(actor.Permissions, directory.Permission(name))
	}
	return actor
}

// directoryRefusal tells the directory's refusals in the API's codes.
func directoryRefusal(err error) error {
	for _, known := range []struct {
		err  error
		code string
	}{
		{directory.ErrStale, "version_changed"},
		{directory.ErrLastAdministrator, "last_administrator"},
		{directory.ErrLockedOut, "policy_locks_out"},
		{directory.ErrSameOperator, "another_operator_needed"},
		{directory.ErrRecoveryOver, "recovery_over"},
		{directory.ErrForbidden, "act_forbidden"},
		{directory.ErrOtherPerson, "invitation_other_person"},
		{directory.ErrInvitationExpired, "invitation_unusable"},
		{directory.ErrInvitationWithdrawn, "invitation_unusable"},
		{storage.ErrUsed, "invitation_unusable"},
		{storage.ErrNotFound, "not_found"},
	} {
		if errors.Is(err, known.err) {
			return refuse(known.code).wrap(err)
		}
	}
	if faults := fieldFaults(err); faults != nil {
		return &refusal{code: "validation_failed", fields: faults, cause: err}
	}
	if errors.Is(err, storage.ErrExists) {
		return refuse("already_exists").wrap(err)
	}
	return err
}

// fieldFaults reads what the directory found wrong with the input; its fields are
// named as ours.
func fieldFaults(err error) []fieldFault {
	all, ok := errors.AsType[directory.FieldErrors](err)
	if !ok {
		one, ok := errors.AsType[*directory.FieldError](err)
		if !ok {
			return nil
		}
		all = directory.FieldErrors{one}
	}
	faults := make([]fieldFault, len(all))
	for i, fault := range all {
		args := make(map[string]string, len(fault.Args))
		for name, value := range fault.Args {
			args[name] = fmt.Sprint(value)
		}
		faults[i] = fieldFault{pointer: pointer(fault.Field), code: fault.Code, args: args}
	}
	return faults
}
