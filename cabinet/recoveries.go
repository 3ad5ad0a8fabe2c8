package cabinet

import (
	"errors"
	"net/http"

	"github.com/google/uuid"

	"propusk/idp/directory"
	"propusk/storage"
)

// recoveryView is a recovery that operators help with. The link, and where it
// goes, are not shown: neither operator may act for the person.
type recoveryView struct {
	ID           string       `json:"id"`
	State        string       `json:"state"`
	PersonID     string       `json:"person_id"`
	Reason       string       `json:"reason"`
	ResetFactors bool         `json:"reset_factors"`
	ProposedBy   string       `json:"proposed_by"`
	ApprovedBy   string       `json:"approved_by"` // empty until somebody else has agreed
	DueAt        storage.Time `json:"due_at"`      // when the link goes out; null before the approval
	CreatedAt    storage.Time `json:"created_at"`
	ExpiresAt    storage.Time `json:"expires_at"`
}

func newRecoveryView(r directory.Recovery) recoveryView {
	return recoveryView{
		ID: r.ID, State: r.State, PersonID: r.PersonID, Reason: r.Reason, ResetFactors: r.ResetFactors,
		ProposedBy: r.ProposedBy, ApprovedBy: r.ApprovedBy, DueAt: r.DueAt, CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt,
	}
}

// recoveries answers GET /v1/recoveries: those of operators that are not over.
func (s *Server) recoveries(c call) error {
	if err := c.query().err(); err != nil {
		return err
	}
	all, err := s.Directory.AssistedRecoveries(c.ctx(), c.actor())
	if err != nil {
		return directoryRefusal(err)
	}
	views := make([]recoveryView, len(all))
	for i, r := range all {
		views[i] = newRecoveryView(r)
	}
	return answer(c, http.StatusOK, "", map[string]any{"recoveries": views})
}

// proposal is what an operator wants for a person.
type proposal struct {
	Person       string `json:"person"` // login or id
	Reason       string `json:"reason"`
	Email        string `json:"email"`
	ResetFactors bool   `json:"reset_factors"`
}

// proposeRecovery answers POST /v1/recoveries. Who is no operator learns nothing
// of who exists.
func (s *Server) proposeRecovery(c call) error {
	var body proposal
	if err := readObject(c, &body); err != nil {
		return err
	}
	if err := s.Directory.CheckOperator(c.ctx(), c.actor()); err != nil {
		return directoryRefusal(err)
	}
	personID, err := s.personNamed(c, body.Person)
	if err != nil {
		return err
	}
	r, err := s.Directory.ProposeRecovery(c.ctx(), c.actor(), directory.RecoveryProposal{
		PersonID: personID, Reason: body.Reason, Mailbox: body.Email, ResetFactors: body.ResetFactors,
	})
	if err != nil {
		return directoryRefusal(err)
	}
	return answer(c, http.StatusCreated, "", newRecoveryView(r))
}

// personNamed finds a person by id or login, also a blocked one.
func (s *Server) personNamed(c call, name string) (string, error) {
	if name == "" {
		return "", invalidField("/person", "required")
	}
	if uuid.Validate(name) == nil {
		p, err := s.Directory.Person(c.ctx(), name)
		if errors.Is(err, storage.ErrNotFound) {
			return "", invalidField("/person", "invalid")
		}
		return p.ID, err
	}
	found, err := s.Directory.Resolve(c.ctx(), name)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return "", err
	}
	if found.Person.ID == "" {
		return "", invalidField("/person", "invalid")
	}
	return found.Person.ID, nil
}

// approveRecovery answers POST /v1/recoveries/{id}/approve: the second operator.
func (s *Server) approveRecovery(c call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	r, err := s.Directory.ApproveRecovery(c.ctx(), c.actor(), id)
	if err != nil {
		return directoryRefusal(err)
	}
	return answer(c, http.StatusOK, "", newRecoveryView(r))
}

// refuseRecovery answers DELETE /v1/recoveries/{id}: any operator stops it.
func (s *Server) refuseRecovery(c call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	if err := s.Directory.RefuseRecovery(c.ctx(), c.actor(), id); err != nil {
		return directoryRefusal(err)
	}
	return noContent(c)
}
