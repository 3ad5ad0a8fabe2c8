package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"propusk/cabinet/authority"
	"propusk/cabinet/payment/requisite"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/jobs"
)

// Inquiry is when an organisation's accruals were last asked for, and what came of it.
type Inquiry struct {
	OrganisationID string                       `db:"organisation_id"`
	SubmissionID   string                       `db:"submission_id"`
	State          string                       `db:"state"`
	Reason         string                       `db:"reason"`
	Faults         storage.JSON[[]ChargeFaults] `db:"faults"`
	Received       int64                        `db:"received"`
	AskedAt        storage.Time                 `db:"asked_at"`
	AnsweredAt     storage.Time                 `db:"answered_at"`
	NextAt         storage.Time                 `db:"next_at"`
}

const inquiryColumns = `organisation_id, submission_id, state, reason, faults, received, asked_at, answered_at, next_at`

// ChargeFaults is a charge that was not taken, and why.
type ChargeFaults struct {
	UIN    string            `json:"uin"`
	Faults []requisite.Fault `json:"faults"`
}

// The states of an inquiry.
const (
	asked    = "asked"
	answered = "answered"
	refused  = "refused" // by the body, or its answer by us
)

const (
	// inquireEvery is how often accruals are asked for by themselves.
	inquireEvery = 24 * time.Hour
	// inquireAgain is how long after a question the next one may be asked by hand.
	inquireAgain = time.Minute
	// inquireBatch bounds the organisations of one run.
	inquireBatch = 200
)

// Inquire asks the body for the organisation's accruals; a question that was asked a
// moment ago, or waits for its answer, stands for this one.
func (p *Payments) Inquire(ctx context.Context, organisationID string) (Inquiry, error) {
	if p.Charges == "" {
		return Inquiry{}, ErrUnavailable
	}
	err := p.DB.Tx(ctx, func(ctx context.Context) error { return p.inquire(ctx, organisationID, inquireAgain) })
	if err != nil {
		return Inquiry{}, fmt.Errorf("payment: ask for accruals: %w", err)
	}
	return p.Inquiry(ctx, organisationID)
}

// inquire claims the question: of two at a time one is asked.
func (p *Payments) inquire(ctx context.Context, organisationID string, apart time.Duration) error {
	now, id := p.now(), storage.NewID()
	n, err := p.DB.Exec(ctx, `INSERT INTO accrual_inquiries (`+inquiryColumns+`) VALUES ($1, $2, 'asked', '', '[]', 0, $3, 0, $4)
		ON CONFLICT (organisation_id) DO UPDATE SET submission_id = EXCLUDED.submission_id, state = 'asked', asked_at = EXCLUDED.asked_at,
			next_at = EXCLUDED.next_at, reason = '' WHERE accrual_inquiries.asked_at <= $5`,
		organisationID, id, now, now.Add(inquireEvery), now.Add(-apart))
	if err != nil || n == 0 {
		return err
	}
	return p.Gateway.Submit(ctx, authority.Load{Kind: submissionKind, ID: id})
}

// Inquiry reads the last question; storage.ErrNotFound when none was asked.
func (p *Payments) Inquiry(ctx context.Context, organisationID string) (q Inquiry, err error) {
	if err = p.DB.Get(ctx, &q, `SELECT `+inquiryColumns+` FROM accrual_inquiries WHERE organisation_id = $1`, organisationID); err != nil {
		return Inquiry{}, fmt.Errorf("payment: read the inquiry: %w", err)
	}
	return q, nil
}

// inquireDue asks once a day for every organisation that has a cabinet.
func (p *Payments) inquireDue(ctx context.Context) error {
	if p.Charges == "" {
		return nil
	}
	var due []string
	err := p.DB.Select(ctx, &due, `SELECT q.organisation_id FROM accrual_inquiries AS q JOIN organisations AS o ON o.id = q.organisation_id
		WHERE q.next_at <= $1 AND o.status = 'active' ORDER BY q.next_at LIMIT $2`, p.now(), inquireBatch)
	if err != nil {
		return fmt.Errorf("payment: whom to ask for: %w", err)
	}
	if len(due) < inquireBatch {
		var fresh []string
		err := p.DB.Select(ctx, &fresh, `SELECT o.id FROM organisations AS o WHERE o.status = 'active' AND NOT EXISTS
			(SELECT 1 FROM accrual_inquiries AS q WHERE q.organisation_id = o.id) ORDER BY o.id LIMIT $1`, inquireBatch-len(due))
		if err != nil {
			return fmt.Errorf("payment: whom to ask for: %w", err)
		}
		due = append(due, fresh...)
	}
	for _, id := range due {
		if err := p.DB.Tx(ctx, func(ctx context.Context) error { return p.inquire(ctx, id, inquireEvery) }); err != nil {
			return fmt.Errorf("payment: ask for accruals: %w", err)
		}
	}
	return nil
}

func (p *Payments) bySubmission(ctx context.Context, id string) (q Inquiry, err error) {
	err = p.DB.Get(ctx, &q, `SELECT `+inquiryColumns+` FROM accrual_inquiries WHERE submission_id = $1`, id)
	if err != nil {
		return Inquiry{}, fmt.Errorf("payment: read the inquiry: %w", err)
	}
	return q, nil
}

// submission makes the question to the body, each time the same.
func (p *Payments) submission(ctx context.Context, id string) (authority.Submission, error) {
	q, err := p.bySubmission(ctx, id)
	if errors.Is(err, storage.ErrNotFound) {
		return authority.Submission{}, authority.ErrWithdrawn // a later question stands for it
	}
	if err != nil {
		return authority.Submission{}, err
	}
	o, err := p.Directory.Organisation(ctx, q.OrganisationID)
	if err != nil {
		return authority.Submission{}, fmt.Errorf("payment: whose accruals: %w", err)
	}
	return authority.Submission{
		ID: id, Kind: submissionKind, OrganisationID: o.ID, INN: o.INN, KPP: o.KPP, OGRN: o.OGRN, Name: nameOf(o),
		Recipient: p.Charges, Subject: "Запрос начислений",
	}, nil
}

// nameOf is the full name of an organisation, as papers have it.
func nameOf(o directory.Organisation) string {
	if o.FullName != "" {
		return o.FullName
	}
	return o.Name
}

// delivered notes a question that no body could be given.
func (p *Payments) delivered(ctx context.Context, d authority.Delivery) error {
	if d.State != authority.Dead {
		return nil
	}
	return p.ended(ctx, d.ID, Inquiry{State: refused, Reason: "Орган не отвечает. Начисления будут запрошены ещё раз."})
}

// answered takes what the body says, in a transaction, once. What answers a question
// that another one has followed is taken all the same: it is the newer word.
func (p *Payments) answered(ctx context.Context, a authority.Answer) error {
	switch a.Event {
	case authority.Refused:
		return p.ended(ctx, a.SubmissionID, Inquiry{State: refused, Reason: clip("Орган отказал: "+refusalOf(a), 500)})
	case authority.Result:
		return p.charged(ctx, a)
	}
	return nil
}

// charged takes the charges of an answer; a faulty one is left out with its reason,
// an answer that is no list is refused as a whole.
func (p *Payments) charged(ctx context.Context, a authority.Answer) error {
	list, err := ParseCharges(a.Files)
	if err != nil {
		p.metrics.charges.WithLabelValues("answer_refused").Inc()
		p.Log.WarnContext(ctx, "an answer with accruals was refused", "submission", a.SubmissionID, "body", a.Source, "error", err)
		return p.ended(ctx, a.SubmissionID, Inquiry{State: refused, Reason: "Ответ органа не принят: он не соответствует формату списка начислений."})
	}
	o, err := p.Directory.Organisation(ctx, a.OrganisationID)
	if err != nil {
		return fmt.Errorf("payment: whose accruals: %w", err)
	}
	end := Inquiry{State: answered}
	for _, charge := range list {
		if faults := charge.Faults(o.INN); len(faults) > 0 {
			p.metrics.charges.WithLabelValues("refused").Inc()
			p.Log.WarnContext(ctx, "a charge was refused", "submission", a.SubmissionID, "body", a.Source, "faults", fmt.Sprint(faults))
			end.Faults.V = append(end.Faults.V, ChargeFaults{clip(charge.SupplierBillID, 25), faults})
			continue
		}
		if err := p.take(ctx, o.ID, charge, a); err != nil {
			return err
		}
		end.Received++
	}
	if len(end.Faults.V) > 50 {
		end.Faults.V = end.Faults.V[:50]
	}
	return p.ended(ctx, a.SubmissionID, end)
}

func (p *Payments) ended(ctx context.Context, submissionID string, q Inquiry) error {
	if q.Faults.V == nil {
		q.Faults.V = []ChargeFaults{}
	}
	_, err := p.DB.Exec(ctx, `UPDATE accrual_inquiries SET state = $1, reason = $2, faults = $3, received = $4, answered_at = $5 WHERE submission_id = $6`,
		q.State, q.Reason, q.Faults, q.Received, p.now(), submissionID)
	if err != nil {
		return fmt.Errorf("payment: end the inquiry: %w", err)
	}
	return nil
}

func refusalOf(a authority.Answer) string {
	text := a.Text
	for _, fault := range a.Faults {
		text += " " + fault.Code + " " + fault.Text
	}
	return text
}

func clip(text string, letters int) string {
	if runes := []rune(text); len(runes) > letters {
		return string(runes[:letters]) + "…"
	}
	return text
}

// enqueue asks for a look at a payment now, in the transaction of ctx.
func (p *Payments) enqueue(ctx context.Context, kind, id string) error {
	if err := jobs.Enqueue(ctx, p.DB, kind, id, jobs.Options{MaxAttempts: 20}); err != nil {
		return fmt.Errorf("payment: enqueue: %w", err)
	}
	return nil
}
