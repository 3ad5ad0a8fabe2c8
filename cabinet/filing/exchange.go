package filing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"

	"propusk/cabinet/authority"
	"propusk/cabinet/filing/report"
	"propusk/cabinet/notice"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/file"
)

// receipt is one message of a body about a filing, as data: квитанция о приёме,
// извещение о вводе, уведомление об отказе or об уточнении.
type receipt struct {
	ID             string                          `db:"id"` // ours: those of two bodies may be the same
	FilingID       string                          `db:"filing_id"`
	OrganisationID string                          `db:"organisation_id"`
	Event          string                          `db:"event"`
	Number         string                          `db:"number"`
	Source         string                          `db:"source"`
	Subject        string                          `db:"subject"`
	Text           string                          `db:"text"`
	Due            storage.Time                    `db:"due"`
	Faults         storage.JSON[[]authority.Fault] `db:"faults"`
	Fields         storage.JSON[map[string]string] `db:"fields"`
	Files          storage.JSON[[]attached]        `db:"files"`
	At             storage.Time                    `db:"at"`
	ReceivedAt     storage.Time                    `db:"received_at"`
}

// attached is a file that came with a receipt.
type attached struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

const receiptColumns = `id, filing_id, organisation_id, event, number, source, subject, text, due, faults, fields, files, at, received_at`

// answered takes one answer of a body, in the gateway's transaction: the receipt is
// kept, the filing moves on where its state lets it, and people are told. An answer
// that comes when it can change nothing more (a delivery noted after the refusal)
// is kept as a message.
func (r *Filings) answered(ctx context.Context, a authority.Answer) error {
	f, err := r.byID(ctx, a.SubmissionID)
	if err != nil {
		return err
	}
	if err := r.keepReceipt(ctx, f, a); err != nil {
		return err
	}
	next, moves := f.State.Next(Event(a.Event))
	if !moves {
		return r.note(ctx, directory.Actor{}, f, "message", clip(or(a.Text, a.Event)), map[string]string{"event": a.Event, "answer": a.ID})
	}
	f.State, f.Trouble = next, ""
	if !next.Alive() {
		f.Alive = ""
	}
	f.BodyNumber = or(a.Number, f.BodyNumber)
	if err := r.store(ctx, &f); err != nil {
		return err
	}
	if next == Accepted {
		if err := r.settle(ctx, f); err != nil {
			return err
		}
	}
	details := map[string]string{"answer": a.ID, "body": a.Source, "registration": a.Number}
	if err := r.note(ctx, directory.Actor{}, f, a.Event, clip(a.Text), details); err != nil {
		return err
	}
	return r.tell(ctx, f, a.Event, importance(next), a.Source, &a)
}

func importance(s State) notice.Importance {
	switch s {
	case Refused, Clarification:
		return notice.High
	case Delivered:
		return notice.Low
	}
	return notice.Normal
}

// clip keeps a line of the journal short.
func clip(s string) string {
	if runes := []rune(s); len(runes) > 300 {
		return string(runes[:299]) + "…"
	}
	return s
}

// keepReceipt stores an answer with its files.
func (r *Filings) keepReceipt(ctx context.Context, f Filing, a authority.Answer) error {
	files := []attached{}
	for _, sent := range a.Files {
		kept, err := r.attach(ctx, f, sent)
		if err != nil {
			return err
		}
		if kept.ID != "" {
			files = append(files, kept)
		}
	}
	_, err := r.DB.Exec(ctx, `INSERT INTO filing_receipts (`+receiptColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		storage.NewID(), f.ID, f.OrganisationID, a.Event, a.Number, a.Source, a.Subject, a.Text, a.Due,
		storage.JSON[[]authority.Fault]{V: a.Faults}, storage.JSON[map[string]string]{V: a.Fields}, storage.JSON[[]attached]{V: files},
		a.At, storage.Of(r.Now()))
	if err != nil {
		return fmt.Errorf("filing: keep a receipt: %w", err)
	}
	return nil
}

// whatBodiesSend are the kinds of files that come with receipts.
const whatBodiesSend = file.XML | file.PDF | file.Signature | file.Text | file.XLSX | file.DOCX | file.ZIP

// attach keeps one file of a body. One that is dangerous or of no known kind is
// left out, and the log says so: the answer itself must not be lost for it.
func (r *Filings) attach(ctx context.Context, f Filing, sent authority.File) (attached, error) {
	saved, err := r.Files.SaveOurs(ctx, f.OrganisationID, sent.Name, whatBodiesSend, report.MaxFile, bytes.NewReader(sent.Content))
	for _, unfit := range []error{file.ErrKind, file.ErrInfected, file.ErrEmpty, file.ErrTooLarge} {
		if errors.Is(err, unfit) {
			r.Log.WarnContext(ctx, "a body's file was left out", "filing", f.ID, "file", sent.Name, "error", err)
			return attached{}, nil
		}
	}
	if err != nil {
		return attached{}, err
	}
	return attached{saved.ID, saved.Name}, r.Files.Keep(ctx, f.OrganisationID, f.owner()+"/receipts", saved.ID)
}

// settle marks what the accepted filing corrects.
func (r *Filings) settle(ctx context.Context, by Filing) error {
	if by.CorrectsID == "" {
		return nil
	}
	f, err := r.get(ctx, by.OrganisationID, by.CorrectsID)
	if err != nil {
		return ignoreNotFound(err)
	}
	next, ok := f.State.Next(CorrectionSettle)
	if !ok {
		return nil
	}
	f.State, f.CorrectedBy, f.Alive = next, by.ID, ""
	if err := r.store(ctx, &f); err != nil {
		return err
	}
	return r.note(ctx, directory.Actor{}, f, string(CorrectionSettle), by.Number, map[string]string{"by": by.Number})
}

// delivery learns how the sending itself ended. A dead one is not lost: operators
// send it again, and people are told meanwhile.
func (r *Filings) delivery(ctx context.Context, d authority.Delivery) error {
	if d.State != authority.Dead {
		return nil
	}
	f, err := r.byID(ctx, d.ID)
	if err != nil {
		return err
	}
	f.Trouble = clip(d.Reason)
	if err := r.store(ctx, &f); err != nil {
		return err
	}
	if err := r.note(ctx, directory.Actor{}, f, "failed", "", map[string]string{"reason": f.Trouble}); err != nil {
		return err
	}
	return r.tell(ctx, f, "failed", notice.High, "", nil)
}

// receipts are what came of a filing, in the order of coming.
func (r *Filings) receipts(ctx context.Context, filingID string) (list []receipt, err error) {
	err = r.DB.Select(ctx, &list, `SELECT `+receiptColumns+` FROM filing_receipts WHERE filing_id = $1 ORDER BY received_at, id`, filingID)
	if err != nil {
		return nil, fmt.Errorf("filing: read receipts: %w", err)
	}
	return list, nil
}

func ignoreNotFound(err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	return err
}

// tell is the notice of a change, in the transaction of it.
func (r *Filings) tell(ctx context.Context, f Filing, what string, weight notice.Importance, source string, a *authority.Answer) error {
	t := f.kind()
	p, _ := t.Period(f.Period)
	data := map[string]any{
		"filing_id": f.ID, "report": f.Type, "period": periodName(p, f.Year), "correction": f.Correction,
		"status": string(f.State), "operation": f.Number,
	}
	if what == "failed" {
		data["status"] = what
	}
	id := "filing/" + f.ID + "/" + what
	if a != nil {
		id += "/" + a.ID
		if len(a.Faults) > 0 {
			data["faults"] = faultCodes(a.Faults)
		}
		if !a.Due.IsZero() {
			data["due"] = report.Today(a.Due.Time()).String()
		}
	}
	return r.Notices.Tell(ctx, notice.Event{
		ID: id, Type: "filing." + what, OrganisationID: f.OrganisationID, Category: notice.Filing, Importance: weight,
		Permission: directory.FilingsRead, Texts: words(f, t, p, what, a), Path: "/cabinet/filings/" + f.ID, Source: source, Data: data,
	})
}

// faultCodes are a body's faults without the values that stand in the report.
func faultCodes(faults []authority.Fault) []map[string]string {
	list := make([]map[string]string, 0, len(faults))
	for _, f := range faults[:min(len(faults), 20)] {
		list = append(list, map[string]string{"code": clip(f.Code), "element": clip(f.Element)})
	}
	return list
}

// words are what people read of a change.
func words(f Filing, t *report.Type, p report.Period, what string, a *authority.Answer) notice.Texts {
	in := func(lang string) notice.Message {
		name := t.Name.In(lang) + ", " + p.Name.In(lang) + " " + strconv.Itoa(f.Year)
		if f.Correction > 0 {
			name += map[string]string{"ru": ", корректировка ", "en": ", correction "}[lang] + strconv.Itoa(f.Correction)
		}
		m := notice.Message{
			Subject: eventLabel(what, lang) + ": " + name,
			Body:    map[string]string{"ru": "Номер операции ", "en": "Operation number "}[lang] + f.Number + ".",
		}
		if f.Control != "" {
			m.Body += map[string]string{"ru": " Контрольный код ", "en": " Control code "}[lang] + f.Control + "."
		}
		if a != nil {
			for _, fault := range a.Faults[:min(len(a.Faults), 3)] {
				m.Body += "\n" + clip(fault.Code+" "+fault.Text)
			}
		}
		return m
	}
	return notice.Texts{RU: in("ru"), EN: in("en")}
}
