package tender

import (
	"context"
	"errors"
	"maps"
	"strconv"
	"strings"

	"propusk/cabinet/authority"
	"propusk/idp/directory"
	"propusk/storage"
)

// outcomes are the words in which a register tells a commission's decision, in the
// field "outcome" of a result.
var outcomes = map[string]State{
	"admitted": Admitted, "rejected": Rejected, "won": Won, "lost": Lost, "cancelled": Void,
}

// answered takes what the register says of an application, in a transaction, once.
// What does not follow from where the application stands changes nothing.
func (t *Tenders) answered(ctx context.Context, a authority.Answer) error {
	app, err := t.bySubmission(ctx, "submission_id", a.SubmissionID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	to, known := stateOf(a)
	if !known || !app.State.May(to) {
		if text := oneLine(a); text != "" && !app.State.Over() {
			return t.note(ctx, directory.Actor{}, app, "told", text, map[string]string{"source": a.Source})
		}
		return nil
	}
	return t.decided(ctx, app, to, a)
}

// stateOf is what an answer makes of an application.
func stateOf(a authority.Answer) (State, bool) {
	switch a.Event {
	case authority.Accepted:
		return Registered, true
	case authority.Refused:
		return Refused, true
	case authority.Approved:
		return Admitted, true
	case authority.Result:
		to, known := outcomes[a.Fields["outcome"]]
		return to, known
	}
	return "", false
}

// decided moves an application by the register's word.
func (t *Tenders) decided(ctx context.Context, a Application, to State, said authority.Answer) error {
	if to == Registered && said.Number != "" {
		a.Number = clip(said.Number, 100)
	}
	if offer, err := strconv.ParseInt(said.Fields["price"], 10, 64); err == nil && offer > 0 && offer <= maxPrice {
		a.Offer = offer
	}
	if place, err := strconv.ParseInt(said.Fields["place"], 10, 64); err == nil && place > 0 && place < 10_000 {
		a.Place = place
	}
	if comment := said.Fields["comment"]; comment != "" {
		a.Comment = clip(line(comment), 2000)
	}
	if to == Refused {
		a.Trouble = oneLine(said)
	}
	if a.State == Sent && to != Refused && a.Replaces != "" { // the register has it, whatever it says first
		if err := t.replace(ctx, &a); err != nil {
			return err
		}
	}
	return t.ended(ctx, a, to, oneLine(said), map[string]string{"source": clip(said.Source, 200)})
}

// replace ends the earlier version and gives the next one its place.
func (t *Tenders) replace(ctx context.Context, a *Application) error {
	earlier, err := t.Get(ctx, a.OrganisationID, a.Replaces)
	if err != nil {
		return err
	}
	if earlier.State.May(Replaced) {
		t.move(&earlier, Replaced)
		if err := t.store(ctx, &earlier); err != nil {
			return err
		}
		if err := t.note(ctx, directory.Actor{}, earlier, "replaced", "", nil); err != nil {
			return err
		}
	}
	a.Alive = a.TenderID
	return nil
}

// ended stores a state with its reason and tells who is to know, in the transaction
// of ctx.
func (t *Tenders) ended(ctx context.Context, a Application, to State, text string, details map[string]string) error {
	t.move(&a, to)
	if err := t.store(ctx, &a); err != nil {
		return err
	}
	if err := t.note(ctx, directory.Actor{}, a, "status", text, details); err != nil {
		return err
	}
	return t.Notices.Tell(ctx, a.statusEvent(text))
}

// end is ended in a transaction of its own, by a reason of troubles.
func (t *Tenders) end(ctx context.Context, a Application, to State, trouble string, details map[string]string) error {
	a.Trouble = trouble
	all := map[string]string{"reason": trouble}
	maps.Copy(all, details)
	err := t.DB.Tx(ctx, func(ctx context.Context) error { return t.ended(ctx, a, to, troubles[trouble].ru, all) })
	if errors.Is(err, errStale) {
		return nil // somebody else has ended it
	}
	return err
}

// troubles are the house's own reasons why something did not come to its end.
var troubles = map[string]words{
	"late":              {"Заявка не успела уйти до окончания приёма и не отправлена.", "The application did not leave before the end of the time and was not sent."},
	"undelivered":       {"Реестр закупок недоступен, заявка не отправлена.", "The register of tenders cannot be reached; the application was not sent."},
	"withdrawal_late":   {"Отзыв не успел уйти до окончания приёма: заявка остаётся в силе.", "The withdrawal did not leave before the end of the time: the application stands."},
	"withdrawal_failed": {"Отзыв не доставлен: заявка остаётся в силе.", "The withdrawal was not delivered: the application stands."},
}

// trouble is a reason as people read it: the house's own, or the register's words.
func trouble(code, lang string) string {
	if known, ok := troubles[code]; ok {
		return known.in(lang)
	}
	return code
}

// delivered fails an application that the register could not be given.
func (t *Tenders) delivered(ctx context.Context, d authority.Delivery) error {
	return t.undelivered(ctx, d, "submission_id", Sent, Failed, "undelivered")
}

func (t *Tenders) undelivered(ctx context.Context, d authority.Delivery, column string, from, to State, why string) error {
	if d.State != authority.Dead {
		return nil
	}
	a, err := t.bySubmission(ctx, column, d.ID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && a.State != from {
		return nil
	}
	if err != nil {
		return err
	}
	return t.end(ctx, a, to, why, nil)
}

// withdrawalAnswered takes what the register says of a withdrawal.
func (t *Tenders) withdrawalAnswered(ctx context.Context, a authority.Answer) error {
	app, err := t.bySubmission(ctx, "withdrawal_id", a.SubmissionID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && app.State != Withdrawing {
		return nil
	}
	if err != nil {
		return err
	}
	switch a.Event {
	case authority.Accepted, authority.Approved, authority.Result:
		return t.ended(ctx, app, Withdrawn, oneLine(a), nil)
	case authority.Refused:
		app.Trouble = oneLine(a)
		return t.ended(ctx, app, Registered, app.Trouble, nil)
	}
	return nil
}

func (t *Tenders) withdrawalDelivered(ctx context.Context, d authority.Delivery) error {
	return t.undelivered(ctx, d, "withdrawal_id", Withdrawing, Registered, "withdrawal_failed")
}

// maxReason bounds what of a register's words is kept, in letters.
const maxReason = 1000

// oneLine is what an answer says in one line, its faults first.
func oneLine(a authority.Answer) string {
	var parts []string
	for _, fault := range a.Faults {
		parts = append(parts, strings.TrimSpace(fault.Code+" "+fault.Text))
	}
	if a.Text != "" {
		parts = append(parts, a.Text)
	}
	return clip(line(strings.Join(parts, "; ")), maxReason)
}

func line(text string) string { return strings.Join(strings.Fields(text), " ") }

func clip(text string, letters int) string {
	if runes := []rune(text); len(runes) > letters {
		return string(runes[:letters]) + "…"
	}
	return text
}
