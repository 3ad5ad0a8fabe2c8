package console

import (
	"context"
	"errors"
	"net/http"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
)

// recoveryView is a recovery that operators help with. The link is not shown: neither
// operator may act for the person. A mailbox that it gives the person is, masked: who
// agrees must see that it is the one of the papers, and not the first operator's.
type recoveryView struct {
	ID           string       `json:"id"`
	State        string       `json:"state"`
	PersonID     string       `json:"person_id"`
	PersonName   string       `json:"person_name"`
	Reason       string       `json:"reason"`
	ResetFactors bool         `json:"reset_factors"`
	Email        string       `json:"email"` // masked; "" = the person's own contacts stay
	ProposedBy   string       `json:"proposed_by"`
	ApprovedBy   string       `json:"approved_by"`
	Mine         bool         `json:"mine"` // proposed by who asks: another one must agree
	DueAt        storage.Time `json:"due_at"`
	CreatedAt    storage.Time `json:"created_at"`
	ExpiresAt    storage.Time `json:"expires_at"`
}

type recoveriesView struct {
	Recoveries []recoveryView `json:"recoveries"`
}

func (s *Server) recoveryView(c api.Call, r directory.Recovery) (recoveryView, error) {
	p, err := s.Directory.Person(c.Ctx(), r.PersonID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return recoveryView{}, err
	}
	mailbox, err := s.Directory.NewMailbox(c.Ctx(), r)
	if err != nil {
		return recoveryView{}, err
	}
	return recoveryView{
		r.ID, r.State, r.PersonID, shortName(p), r.Reason, r.ResetFactors, maskMailbox(mailbox), r.ProposedBy, r.ApprovedBy, r.ProposedBy == c.Person(),
		r.DueAt, r.CreatedAt, r.ExpiresAt,
	}, nil
}

func (s *Server) answerRecovery(c api.Call, status int, r directory.Recovery) error {
	view, err := s.recoveryView(c, r)
	if err != nil {
		return err
	}
	return api.Answer(c, status, "", view)
}

// recoveries answers GET /console/v1/recoveries.
func (s *Server) recoveries(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	list, err := s.Directory.AssistedRecoveries(c.Ctx(), actor(c))
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	view := recoveriesView{Recoveries: []recoveryView{}}
	for _, r := range list {
		line, err := s.recoveryView(c, r)
		if err != nil {
			return err
		}
		view.Recoveries = append(view.Recoveries, line)
	}
	return api.Answer(c, http.StatusOK, "", view)
}

type proposalBody struct {
	PersonID     string `json:"person_id"`
	Reason       string `json:"reason"`
	Email        string `json:"email"` // "" = the person's own, which must be verified
	ResetFactors bool   `json:"reset_factors"`
}

// proposeRecovery answers POST /console/v1/recoveries, for somebody whose card is open.
func (s *Server) proposeRecovery(c api.Call) error {
	var body proposalBody
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	why, err := reasonOf(body.Reason)
	switch {
	case err != nil:
		return err
	case !api.IsID(body.PersonID):
		return api.InvalidField("/person_id", "invalid")
	}
	if _, err := s.opened(c, lookPerson, body.PersonID); err != nil {
		return err
	}
	if err := notSelf(c, body.PersonID); err != nil {
		return err
	}
	r, err := s.Directory.ProposeRecovery(c.Ctx(), actor(c), directory.RecoveryProposal{
		PersonID: body.PersonID, Reason: why, Mailbox: body.Email, ResetFactors: body.ResetFactors,
	})
	if err != nil {
		return actRefusal(err)
	}
	return s.answerRecovery(c, http.StatusCreated, r)
}

// approveRecovery answers POST /console/v1/recoveries/{id}/approve: the second operator.
func (s *Server) approveRecovery(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	r, err := s.Directory.ApproveRecovery(c.Ctx(), actor(c), id)
	if err != nil {
		return actRefusal(err)
	}
	return s.answerRecovery(c, http.StatusOK, r)
}

// refuseRecovery answers POST /console/v1/recoveries/{id}/refuse.
func (s *Server) refuseRecovery(c api.Call) error {
	why, err := reason(c)
	if err != nil {
		return err
	}
	id, err := c.ID()
	if err != nil {
		return err
	}
	err = s.DB.Tx(c.Ctx(), func(ctx context.Context) error {
		if err := s.Directory.RefuseRecovery(ctx, actor(c), id); err != nil {
			return api.DirectoryRefusal(err)
		}
		return s.record(ctx, c, "console.recovery_refused", id, map[string]string{"reason": why})
	})
	if err != nil {
		return err
	}
	return api.NoContent(c)
}
