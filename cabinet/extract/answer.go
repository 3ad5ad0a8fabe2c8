package extract

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"propusk/cabinet/authority"
	"propusk/storage"
)

// submission makes the request to the authority, each time the same.
func (x *Extracts) submission(ctx context.Context, id string) (authority.Submission, error) {
	e, err := x.bySubmission(ctx, id)
	if err != nil {
		return authority.Submission{}, err
	}
	if e.Status != Requested {
		return authority.Submission{}, authority.ErrWithdrawn
	}
	of, order := e.Subject.V, e.Order.V
	fields := maps.Clone(order.Parameters)
	if fields == nil {
		fields = map[string]string{}
	}
	for name, value := range map[string]string{
		"extract": e.Kind, "number": e.Number, "from": order.From, "to": order.To, "purpose": order.Purpose,
	} {
		if value != "" {
			fields[name] = value
		}
	}
	return authority.Submission{
		ID: id, Kind: submissionKind, OrganisationID: e.OrganisationID, INN: of.INN, KPP: of.KPP, OGRN: of.OGRN, Name: of.Name,
		Recipient: recipient(of), Subject: e.kind().name.ru, Fields: fields,
	}, nil
}

// recipient is the tax office that the organisation belongs to: the first four
// digits of its КПП, or of a sole proprietor's ИНН.
func recipient(of Subject) string {
	if len(of.KPP) >= 4 {
		return of.KPP[:4]
	}
	return of.INN[:min(4, len(of.INN))]
}

func (x *Extracts) bySubmission(ctx context.Context, id string) (e Extract, err error) {
	err = x.DB.Get(ctx, &e, `SELECT `+columns+` FROM extracts WHERE submission_id = $1 AND submission_id <> ''`, id)
	if err != nil {
		return Extract{}, fmt.Errorf("extract: by submission: %w", err)
	}
	return e, nil
}

// delivered fails an order that no authority could be given.
func (x *Extracts) delivered(ctx context.Context, d authority.Delivery) error {
	if d.State != authority.Dead {
		return nil
	}
	e, err := x.bySubmission(ctx, d.ID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && e.Status != Requested {
		return nil
	}
	if err != nil {
		return err
	}
	return x.fail(ctx, e, "authority_unavailable", nil)
}

// answered takes a message of the authority, in a transaction, once. What belongs to
// an order that was cancelled, or to an earlier attempt, changes nothing.
func (x *Extracts) answered(ctx context.Context, a authority.Answer) error {
	e, err := x.bySubmission(ctx, a.SubmissionID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && e.Status != Requested {
		return nil
	}
	if err != nil {
		return err
	}
	switch a.Event {
	case authority.Refused:
		return x.fail(ctx, e, "authority_refused", map[string]string{"reason": reason(a)})
	case authority.Result:
		return x.resulted(ctx, e, a)
	case authority.Delivered, authority.Accepted, authority.InWork:
		e.Stage = StageAccepted
		return x.store(ctx, &e)
	}
	return nil // what else a body may say does not end an order
}

// maxReason bounds what an authority's refusal leaves, in letters.
const maxReason = 500

// reason is what the body says against it, in one line.
func reason(a authority.Answer) string {
	var parts []string
	for _, fault := range a.Faults {
		parts = append(parts, strings.TrimSpace(fault.Code+" "+fault.Text))
	}
	if a.Text != "" {
		parts = append(parts, a.Text)
	}
	if len(parts) == 0 {
		return "причина не указана"
	}
	return clip(strings.Join(strings.Fields(strings.Join(parts, "; ")), " "), maxReason)
}

func clip(text string, letters int) string {
	if runes := []rune(text); len(runes) > letters {
		return string(runes[:letters]) + "…"
	}
	return text
}

// Bounds of an authority's answer.
const (
	maxFacts     = 5000
	maxFactName  = 100
	maxFactValue = 4000
)

// resulted keeps the facts and has the paper made of them.
func (x *Extracts) resulted(ctx context.Context, e Extract, a authority.Answer) error {
	facts := make(map[string]string, len(a.Fields))
	for _, name := range slices.Sorted(maps.Keys(a.Fields)) {
		if value := a.Fields[name]; value != "" && len(name) <= maxFactName && len(facts) < maxFacts {
			facts[name] = clip(value, maxFactValue)
		}
	}
	if len(facts) == 0 && a.Text == "" {
		return x.fail(ctx, e, "answer_unusable", map[string]string{"number": e.Number})
	}
	if len(a.Fields) > maxFacts {
		return x.fail(ctx, e, "too_large", nil)
	}
	e.Answer.V = Answered{Number: a.Number, Source: a.Source, Text: clip(a.Text, maxFactValue), At: a.At, Fields: facts}
	e.Status, e.Stage = Making, StageQueued
	if err := x.store(ctx, &e); err != nil {
		return err
	}
	return x.begin(ctx, e)
}
