package organisation

import (
	"context"
	"errors"
	"fmt"

	"propusk/storage"
)

// Who decided about a change, as its organisation is told. An operator is never named
// to it: his word is the service's.
const (
	decidedByOrganisation = "organization"
	decidedByOperators    = "operators"
)

// tellWho says who asked for a change and who decided about it.
func (o *Organisations) tellWho(ctx context.Context, v *changeView, ch change) (err error) {
	if v.AskedByName, err = o.nameOf(ctx, ch.AskedBy); err != nil {
		return err
	}
	switch ch.State {
	case changeApplied, changeRefused, changeCancelled:
		v.DecidedBy, err = o.decider(ctx, ch)
	}
	return err
}

// decider is the side whose word ended a change: the operators' where there is one.
func (o *Organisations) decider(ctx context.Context, ch change) (string, error) {
	var words int
	err := o.DB.Get(ctx, &words, `SELECT COUNT(*) FROM organisation_moderation
		WHERE kind = 'change' AND object_id = $1 AND state IN ('accepted', 'refused')`, ch.ID)
	if err != nil {
		return "", fmt.Errorf("organisation: who decided: %w", err)
	}
	if words > 0 {
		return decidedByOperators, nil
	}
	return decidedByOrganisation, nil
}

// nameOf is what a person is called today; "" for nobody, and for who is no longer
// known.
func (o *Organisations) nameOf(ctx context.Context, personID string) (string, error) {
	if personID == "" {
		return "", nil
	}
	person, err := o.Directory.Person(ctx, personID)
	if errors.Is(err, storage.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("organisation: name a person: %w", err)
	}
	return person.FullName(), nil
}
