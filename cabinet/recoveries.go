package cabinet

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"propusk/cabinet/api"
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

// How old the sign-in of an operator may be who looks, and who acts, as in the
// operators' console.
const (
	operatorLooks = 8 * time.Hour
	operatorActs  = 15 * time.Minute
)

// operator refuses who is no operator of the support, and one who has not signed in as
// the console asks: by passkey or certificate, and no longer ago than most (RFC 9470).
// A password and a code must not do here what they do not do there. Who is no operator
// learns nothing else.
func (s *Server) operator(c api.Call, most time.Duration) error {
	if err := s.Directory.CheckOperator(c.Ctx(), c.Actor(), directory.OperatorSupport); err != nil {
		return api.DirectoryRefusal(err)
	}
	switch {
	case c.Claims.Actor != nil:
		return api.Refuse("person_required")
	case !slices.Contains(c.Claims.AMR, "pop"):
		return unkeyed("a passkey or a certificate is required", most)
	case s.Now().Sub(time.Unix(c.Claims.AuthTime, 0)) > most:
		return unkeyed("the sign-in is too old", most)
	}
	return nil
}

func unkeyed(why string, most time.Duration) error {
	return api.Refuse("assurance_insufficient").With("acr", "passkey, urn:propusk:qualified").
		Challenged("insufficient_user_authentication", why).Aged(int(most / time.Second))
}

// recoveries answers GET /v1/recoveries: those of operators that are not over.
func (s *Server) recoveries(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	if err := s.operator(c, operatorLooks); err != nil {
		return err
	}
	all, err := s.Directory.AssistedRecoveries(c.Ctx(), c.Actor())
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	views := make([]recoveryView, len(all))
	for i, r := range all {
		views[i] = newRecoveryView(r)
	}
	return api.Answer(c, http.StatusOK, "", map[string]any{"recoveries": views})
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
func (s *Server) proposeRecovery(c api.Call) error {
	var body proposal
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	if err := s.operator(c, operatorActs); err != nil {
		return err
	}
	personID, err := s.personNamed(c, body.Person)
	if err != nil {
		return err
	}
	r, err := s.Directory.ProposeRecovery(c.Ctx(), c.Actor(), directory.RecoveryProposal{
		PersonID: personID, Reason: body.Reason, Mailbox: body.Email, ResetFactors: body.ResetFactors,
	})
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	return api.Answer(c, http.StatusCreated, "", newRecoveryView(r))
}

// personNamed finds a person by id or login, also a blocked one.
func (s *Server) personNamed(c api.Call, name string) (string, error) {
	if name == "" {
		return "", api.InvalidField("/person", "required")
	}
	if uuid.Validate(name) == nil {
		p, err := s.Directory.Person(c.Ctx(), name)
		if errors.Is(err, storage.ErrNotFound) {
			return "", api.InvalidField("/person", "invalid")
		}
		return p.ID, err
	}
	found, err := s.Directory.Resolve(c.Ctx(), name)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return "", err
	}
	if found.Person.ID == "" {
		return "", api.InvalidField("/person", "invalid")
	}
	return found.Person.ID, nil
}

// approveRecovery answers POST /v1/recoveries/{id}/approve: the second operator.
func (s *Server) approveRecovery(c api.Call) error {
	if err := s.operator(c, operatorActs); err != nil {
		return err
	}
	id, err := c.ID()
	if err != nil {
		return err
	}
	r, err := s.Directory.ApproveRecovery(c.Ctx(), c.Actor(), id)
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	return api.Answer(c, http.StatusOK, "", newRecoveryView(r))
}

// refuseRecovery answers DELETE /v1/recoveries/{id}: any operator stops it.
func (s *Server) refuseRecovery(c api.Call) error {
	if err := s.operator(c, operatorActs); err != nil {
		return err
	}
	id, err := c.ID()
	if err != nil {
		return err
	}
	if err := s.Directory.RefuseRecovery(c.Ctx(), c.Actor(), id); err != nil {
		return api.DirectoryRefusal(err)
	}
	return api.NoContent(c)
}
