package organisation

import (
	"context"
	"net/http"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
)

// moderationView is a line of the operators' queue.
type moderationView struct {
	ID             string       `json:"id"`
	Kind           string       `json:"kind"`
	State          string       `json:"state"`
	FourEyes       bool         `json:"four_eyes"`
	OrganisationID string       `json:"organization_id"`
	AskedBy        string       `json:"asked_by"`
	TakenBy        string       `json:"taken_by"`
	FirstBy        string       `json:"first_by"`
	DecidedBy      string       `json:"decided_by"`
	Reason         string       `json:"reason"`
	CreatedAt      storage.Time `json:"created_at"`
	UpdatedAt      storage.Time `json:"updated_at"`
}

func (m moderation) view() moderationView {
	return moderationView{
		ID: m.ID, Kind: m.Kind, State: m.State, FourEyes: m.FourEyes, OrganisationID: m.OrganisationID, AskedBy: m.AskedBy,
		TakenBy: m.TakenBy, FirstBy: m.FirstBy, DecidedBy: m.DecidedBy, Reason: m.Reason, CreatedAt: m.CreatedAt, UpdatedAt: m.UpdatedAt,
	}
}

// moderationDetail is what an operator decides by.
type moderationDetail struct {
	moderationView
	Applicant    string          `json:"applicant"`
	Registration *moderatedDraft `json:"registration"` // of kind registration
	Change       *changeView     `json:"change"`       // of kind change
	Actions      []api.Action    `json:"actions"`
}

// moderatedDraft is a registration as an operator sees it.
type moderatedDraft struct {
	Kind      string          `json:"kind"`
	Draft     draft           `json:"draft"`
	Documents []documentView  `json:"documents"`
	Check     *comparisonView `json:"check"`
	Authority *basis          `json:"authority"`
	ListedAs  string          `json:"listed_as"`
}

// operator refuses who is no operator of the house, before anything is looked at.
func (o *Organisations) operator(c api.Call) error {
	return api.DirectoryRefusal(o.Directory.CheckOperator(c.Ctx(), c.Actor(), directory.OperatorModerator))
}

// moderationQueue answers GET /v1/moderation.
func (o *Organisations) moderationQueue(c api.Call) error {
	if err := o.operator(c); err != nil {
		return err
	}
	q := c.Query("state", "after", "limit")
	state, page := q.OneOf("state", moderationWaiting, moderationTaken, moderationSeconded, moderationAccepted, moderationRefused), q.Page()
	if err := q.Err(); err != nil {
		return err
	}
	if state == "" {
		state = moderationWaiting
	}
	list, err := o.queue(c.Ctx(), state, page)
	if err != nil {
		return err
	}
	list, next := api.Cut(page, list, func(m moderation) (storage.Time, string) { return m.CreatedAt, m.ID })
	views := make([]moderationView, len(list))
	for i, m := range list {
		views[i] = m.view()
	}
	return api.Answer(c, http.StatusOK, "", map[string]any{"moderation": views, "next": next})
}

// moderated is the piece of the path, for an operator.
func (o *Organisations) moderated(c api.Call) (moderation, error) {
	if err := o.operator(c); err != nil {
		return moderation{}, err
	}
	id, err := c.ID()
	if err != nil {
		return moderation{}, err
	}
	return o.moderationByID(c.Ctx(), id)
}

// showModeration answers GET /v1/moderation/{id}.
func (o *Organisations) showModeration(c api.Call) error {
	m, err := o.moderated(c)
	if err != nil {
		return err
	}
	return o.answerModeration(c, m)
}

func (o *Organisations) answerModeration(c api.Call, m moderation) error {
	v := moderationDetail{moderationView: m.view(), Actions: o.moderationActions(c, m)}
	var err error
	if m.AskedBy != "" { // a client that acts for itself has no name
		p, err := o.Directory.Person(c.Ctx(), m.AskedBy)
		if err != nil {
			return err
		}
		v.Applicant = p.FullName()
	}
	if m.Kind == "registration" {
		v.Registration, err = o.moderatedRegistration(c, m.ObjectID)
	} else {
		v.Change, err = o.moderatedChange(c, m)
	}
	if err != nil {
		return err
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, m.etag(), v)
}

func (o *Organisations) moderatedRegistration(c api.Call, id string) (*moderatedDraft, error) {
	r, err := o.registrationByID(c.Ctx(), id)
	if err != nil {
		return nil, err
	}
	documents, err := o.documentsOf(c.Ctx(), id)
	if err != nil {
		return nil, err
	}
	v := &moderatedDraft{Kind: r.Kind, Draft: r.Draft.V, Documents: documents, Authority: r.Proofs.V.Authority, ListedAs: r.Proofs.V.ListedAs}
	if r.Proofs.V.Comparison != nil {
		v.Check = r.Proofs.V.Comparison.view(c.Lang())
	}
	return v, nil
}

func (o *Organisations) moderatedChange(c api.Call, m moderation) (*changeView, error) {
	ch, err := o.changeOf(c.Ctx(), m.OrganisationID, m.ObjectID)
	if err != nil {
		return nil, err
	}
	v := ch.view()
	v.Actions = []api.Action{}
	return &v, nil
}

// moderationActions judges as word does.
func (o *Organisations) moderationActions(c api.Call, m moderation) []api.Action {
	actions := []api.Action{}
	insider := o.outsider(c.Ctx(), c.Person(), m.OrganisationID)
	for name, err := range map[string]error{"take": m.mayTake(c.Person()), "accept": m.mayDecide(c.Person(), true), "refuse": m.mayDecide(c.Person(), false)} {
		if err == nil {
			err = insider
		}
		a := api.Action{Action: name, Allowed: err == nil}
		if err != nil {
			refusal := api.AsRefusal(err)
			a.Reason, a.Detail = refusal.Code(), c.Desk.Book.Problem(c.Ctx(), refusal, c.Lang()).Detail
		}
		actions = append(actions, a)
	}
	sortActions(actions)
	return actions
}

func (m moderation) mayTake(operator string) error {
	switch {
	case operator == m.AskedBy:
		return api.Refuse("another_operator_needed")
	case !moderationStates.may(m.State, moderationTaken):
		return notAtStep("moderation_state", m.State)
	}
	return nil
}

func (m moderation) mayDecide(operator string, accept bool) error {
	_, err := m.decide(operator, accept, "")
	return err
}

// takeModeration answers POST /v1/moderation/{id}/take. One that somebody has left
// lying can be taken from him.
func (o *Organisations) takeModeration(c api.Call) error {
	m, err := o.moderated(c)
	if err != nil {
		return err
	}
	if err := m.mayTake(c.Person()); err != nil {
		return err
	}
	from := m.State
	m.State, m.TakenBy = moderationTaken, c.Person()
	err = o.DB.Tx(c.Ctx(), func(ctx context.Context) error {
		if err := o.outsider(ctx, c.Person(), m.OrganisationID); err != nil {
			return err
		}
		if err := o.storeModeration(ctx, &m, from); err != nil {
			return err
		}
		return o.recordOperator(ctx, c.Actor(), m, "moderation.taken", nil)
	})
	if err != nil {
		return err
	}
	return o.answerModeration(c, m)
}

// acceptModeration answers POST /v1/moderation/{id}/accept.
func (o *Organisations) acceptModeration(c api.Call) error { return o.decision(c, true) }

// refuseModeration answers POST /v1/moderation/{id}/refuse, with the reason that
// the applicant reads.
func (o *Organisations) refuseModeration(c api.Call) error { return o.decision(c, false) }

func (o *Organisations) decision(c api.Call, accept bool) error {
	m, err := o.moderated(c)
	if err != nil {
		return err
	}
	var body struct {
		Reason string `json:"reason"`
	}
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	reason, err := reasonOf(body.Reason, !accept)
	if err != nil {
		return err
	}
	if err := c.Matches(m.etag()); err != nil {
		return err
	}
	if m, err = o.word(c.Ctx(), c.Actor(), m, accept, reason); err != nil {
		return err
	}
	return o.answerModeration(c, m)
}

// moderationFile answers GET /v1/moderation/{id}/files/{file}: a document of the
// registration or an attachment of the change. That an operator has read it enters
// the journal.
func (o *Organisations) moderationFile(c api.Call) error {
	m, err := o.moderated(c)
	if err != nil {
		return err
	}
	id, err := c.PathID("file")
	if err != nil {
		return err
	}
	organisationID, owner := m.OrganisationID, changeOwner(m.ObjectID)
	if m.Kind == "registration" {
		organisationID, owner = m.ObjectID, documentOwner(m.ObjectID)
	}
	if err := o.recordOperator(c.Ctx(), c.Actor(), m, "moderation.file_read", map[string]string{"file": id}); err != nil {
		return err
	}
	return o.sendFile(c, organisationID, owner, "file")
}
