package account

import (
	"context"
	"fmt"
	"slices"

	"propusk/idp/session"
)

// withdrawing takes a factor away and ends the person's other sessions that it
// opened, both or neither: who removes a lost key must not leave its finder
// signed in. opened tells the proofs that the factor gave.
func (s *Server) withdrawing(v *visit, remove func(ctx context.Context) error, opened func(session.Proof) bool) error {
	return s.deps.DB.Tx(v.ctx(), func(ctx context.Context) error {
		if err := remove(ctx); err != nil {
			return err
		}
		sessions, err := s.deps.Sessions.OfPerson(ctx, v.Person.ID)
		if err != nil {
			return err
		}
		for _, other := range sessions {
			if other.ID == v.Session.ID || !slices.ContainsFunc(other.Proofs.V, opened) {
				continue
			}
			if err := s.deps.Sessions.Drop(ctx, other.ID); err != nil {
				return fmt.Errorf("end what the factor opened: %w", err)
			}
		}
		return nil
	})
}

// by tells the proofs of one credential.
func by(f session.Factor, credential string) func(session.Proof) bool {
	return func(p session.Proof) bool { return p.Factor == f && p.Credential == credential }
}

// anyBy tells the proofs of a factor of which a person has one.
func anyBy(f session.Factor) func(session.Proof) bool {
	return func(p session.Proof) bool { return p.Factor == f }
}
