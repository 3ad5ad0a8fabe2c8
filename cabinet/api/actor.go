package api

import (
	"errors"
	"fmt"
	"strings"

	"propusk/idp/directory"
	"propusk/storage"
)

// Actor is whoever answers for a change: the person, whose rights the directory
// reads anew, or the client that acts for itself, which holds what its token says.
func (c Call) Actor() directory.Actor {
	actor := directory.Actor{ClientID: c.Claims.ClientID, Details: c.Claims.Details}
	if c.Claims.Power != nil {
		actor.PowerID = c.Claims.Power.ID
	}
	if !c.Claims.Service() {
		actor.PersonID = c.Claims.Subject
		return actor
	}
	for _, name := range c.Claims.Permissions {
		actor.Permissions = append(actor.Permissions, directory.Permission(name))
	}
	return actor
}

// DirectoryRefusal tells the directory's refusals in the API's codes.
func DirectoryRefusal(err error) error {
	for _, known := range []struct {
		err  error
		code string
	}{
		{directory.ErrStale, "version_changed"},
		{directory.ErrLastAdministrator, "last_administrator"},
		{directory.ErrLockedOut, "policy_locks_out"},
		{directory.ErrSameOperator, "another_operator_needed"},
		{directory.ErrRecoveryOver, "recovery_over"},
		{directory.ErrDetailsExceeded, "details_exceeded"},
		{directory.ErrPowerExceeded, "power_exceeded"},
		{directory.ErrPowerExpired, "power_expired"},
		{directory.ErrPowerOver, "power_over"},
		{directory.ErrPowerIrrevocable, "power_irrevocable"},
		{directory.ErrForbidden, "act_forbidden"},
		{directory.ErrOtherPerson, "invitation_other_person"},
		{directory.ErrInvitationExpired, "invitation_unusable"},
		{directory.ErrInvitationWithdrawn, "invitation_unusable"},
		{storage.ErrUsed, "invitation_unusable"},
		{storage.ErrNotFound, "not_found"},
	} {
		if errors.Is(err, known.err) {
			return Refuse(known.code).Wrap(err)
		}
	}
	if faults := fieldFaults(err); faults != nil {
		return Refuse("validation_failed").About(faults...).Wrap(err)
	}
	if errors.Is(err, storage.ErrExists) {
		return Refuse("already_exists").Wrap(err)
	}
	return err
}

// fieldFaults reads what the directory found wrong with the input; its fields are
// named as ours, a member of a member by a path.
func fieldFaults(err error) []FieldFault {
	all, ok := errors.AsType[directory.FieldErrors](err)
	if !ok {
		one, ok := errors.AsType[*directory.FieldError](err)
		if !ok {
			return nil
		}
		all = directory.FieldErrors{one}
	}
	faults := make([]FieldFault, len(all))
	for i, fault := range all {
		args := make(map[string]string, len(fault.Args))
		for name, value := range fault.Args {
			args[name] = fmt.Sprint(value)
		}
		faults[i] = FieldFault{Pointer: pathPointer(fault.Field), Code: fault.Code, Args: args}
	}
	return faults
}

// pathPointer writes "limits/max_sum" as a JSON pointer.
func pathPointer(path string) (pointer string) {
	for name := range strings.SplitSeq(path, "/") {
		pointer += Pointer(name)
	}
	return pointer
}
