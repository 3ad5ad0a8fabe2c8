package tender

import (
	"context"
	"fmt"
	"time"

	"propusk/cabinet/notice"
	"propusk/idp/directory"
	"propusk/storage"
)

const (
	source   = "Реестр закупок"
	pathOne  = "/cabinet/tenders/notices/"
	pathMine = "/cabinet/tenders/applications/"
)

// statusEvent tells those who see tenders that an application came to a state.
func (a Application) statusEvent(text string) notice.Event {
	importance := notice.High
	if a.State == Registered || a.State == Withdrawn {
		importance = notice.Normal
	}
	said := func(lang, head string) notice.Message {
		body := head
		if text != "" {
			body += " " + text
		}
		return notice.Message{Subject: clip(fmt.Sprintf("%s: %s", a.State.Label(lang), a.Object), 120), Body: clip(body, 1500)}
	}
	return notice.Event{
		ID: fmt.Sprintf("tender-application/%s/%s/%d", a.ID, a.State, a.Version), Type: "tender_application.status_changed",
		OrganisationID: a.OrganisationID, Category: notice.Tender, Importance: importance, Permission: directory.TendersRead,
		Texts: notice.Texts{
			RU: said("ru", "Заявка на закупку № "+a.TenderNumber+": "+a.State.Label("ru")+"."),
			EN: said("en", "The application for tender no. "+a.TenderNumber+": "+a.State.Label("en")+"."),
		},
		Path: pathMine + a.ID, Source: source, Document: "decision",
		Data: map[string]string{"application_id": a.ID, "tender_number": a.TenderNumber, "status": string(a.State), "number": a.Number},
	}
}

// participants are the living applications of an announcement.
func (t *Tenders) participants(ctx context.Context, tenderID string) (list []Application, err error) {
	err = t.DB.Select(ctx, &list, `SELECT `+columns+` FROM tender_applications WHERE tender_id = $1 AND decided_at = 0`, tenderID)
	return list, wrapped("tender: who takes part", err)
}

// tellChanged tells those who take part what has changed in an announcement: a new
// revision, a decision of the commission, the end of it all.
func (t *Tenders) tellChanged(ctx context.Context, known, now Tender) error {
	list, err := t.participants(ctx, known.ID)
	if err != nil {
		return err
	}
	for _, a := range list {
		for _, e := range changes(known, now, a) {
			if err := t.Notices.Tell(ctx, e); err != nil {
				return err
			}
		}
		if now.State == Cancelled {
			if err := t.void(ctx, a); err != nil {
				return err
			}
		}
	}
	return nil
}

// void ends an application of a procurement that the customer has cancelled.
func (t *Tenders) void(ctx context.Context, a Application) error {
	if !a.State.May(Void) {
		return nil // a draft is its owner's to throw away
	}
	t.move(&a, Void)
	if err := t.store(ctx, &a); err != nil {
		return err
	}
	return t.note(ctx, directory.Actor{}, a, "status", "", nil)
}

// changes are the notices of one participant about a changed announcement.
func changes(known, now Tender, a Application) (list []notice.Event) {
	event := func(kind, id string, importance notice.Importance, ru, en notice.Message) {
		list = append(list, notice.Event{
			ID: id + "/" + a.OrganisationID, Type: kind, OrganisationID: a.OrganisationID, Category: notice.Tender, Importance: importance,
			Permission: directory.TendersRead, Texts: notice.Texts{RU: ru, EN: en}, Path: pathOne + now.ID, Source: source, Document: "message",
			Data: map[string]string{"tender_id": now.ID, "tender_number": now.Number, "state": now.State},
		})
	}
	subject := func(what string) string { return clip(what+": "+now.Object, 120) }
	switch {
	case now.State == Cancelled && known.State != Cancelled:
		event("tender.cancelled", "tender/"+now.ID+"/cancelled", notice.High,
			notice.Message{Subject: subject("Закупка отменена"), Body: "Заказчик отменил закупку № " + now.Number + ". " + clip(now.Content.V.Change, 1000)},
			notice.Message{Subject: subject("A tender was cancelled"), Body: "The customer has cancelled tender no. " + now.Number + "."})
	case now.Revision > known.Revision:
		event("tender.changed", fmt.Sprintf("tender/%s/revision/%d", now.ID, now.Revision), notice.High,
			notice.Message{Subject: subject("Извещение изменено"), Body: "Новая редакция извещения № " + now.Number + ". " + clip(now.Content.V.Change, 1000) + " Проверьте, отвечает ли ей ваша заявка."},
			notice.Message{Subject: subject("An announcement was changed"), Body: "A new revision of announcement no. " + now.Number + ". See whether your application answers it."})
	}
	for _, p := range now.Content.V.Protocols[min(len(known.Content.V.Protocols), len(now.Content.V.Protocols)):] {
		event("tender.protocol", "tender/"+now.ID+"/protocol/"+clip(p.Number, 60), notice.High,
			notice.Message{Subject: subject(clip(p.Kind, 60)), Body: clip("Комиссия опубликовала протокол № "+p.Number+". "+p.Text, 1500)},
			notice.Message{Subject: subject("A decision of the commission"), Body: clip("The commission has published protocol no. "+p.Number+". "+p.Text, 1500)})
	}
	return list
}

const (
	// remindBefore is how long before the deadline unsent drafts are told of.
	remindBefore = 24 * time.Hour
	remindBatch  = 500
)

// Remind tells those whose drafts are not sent a day before the deadline. It may run
// as often as it likes: each is told once.
func (t *Tenders) Remind(ctx context.Context) error {
	now := t.now()
	var list []struct {
		Application
		DeadlineAt storage.Time `db:"deadline_at"`
	}
	err := t.DB.Select(ctx, &list, `SELECT `+storage.Prefixed("p", columns)+`, a.deadline_at FROM tenders a
		JOIN tender_applications p ON p.tender_id = a.id
		WHERE a.state = 'open' AND a.deadline_at > $1 AND a.deadline_at <= $2 AND p.decided_at = 0 AND p.state IN ('draft', 'signed')
		ORDER BY a.deadline_at LIMIT $3`, now, now.Add(remindBefore), remindBatch)
	if err != nil {
		return fmt.Errorf("tender: look for drafts that are due: %w", err)
	}
	for _, row := range list {
		if err := t.Notices.Tell(ctx, row.dueEvent(row.DeadlineAt)); err != nil {
			return err
		}
	}
	return nil
}

func (a Application) dueEvent(at storage.Time) notice.Event {
	when := at.Time().In(moscow).Format("02.01.2006 15:04")
	return notice.Event{
		ID: fmt.Sprintf("tender-application/%s/due/%d", a.ID, at), Type: "tender_application.due", OrganisationID: a.OrganisationID,
		Category: notice.Tender, Importance: notice.High, Permission: directory.TendersWrite,
		Texts: notice.Texts{
			RU: notice.Message{Subject: clip("Заявка не отправлена: "+a.Object, 120), Body: "Приём заявок на закупку № " + a.TenderNumber + " заканчивается " + when + " МСК. Ваша заявка ещё не отправлена."},
			EN: notice.Message{Subject: clip("An application was not sent: "+a.Object, 120), Body: "Applications for tender no. " + a.TenderNumber + " are taken until " + when + " Moscow time. Yours is not sent yet."},
		},
		Path: pathMine + a.ID, Document: "message", Data: map[string]string{"application_id": a.ID, "tender_number": a.TenderNumber},
	}
}
