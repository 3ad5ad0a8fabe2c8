package filing_test

import (
	"context"
	"strings"
	"testing"

	"propusk/cabinet/authority"
	"propusk/cabinet/filing"
	"propusk/cabinet/filing/reporttest"
	"propusk/cabinet/paper"
	"propusk/idp/directory"
)

// TestExchangeFromFileToEntry goes the smooth way: file, check, signature, sending,
// delivery, receipt, entry, with everything that is kept of it.
func TestExchangeFromFileToEntry(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Accountant)
		source := w.vat(o)
		f := w.upload(o, source)
		if f.State != "draft" || f.Format != "xml" || !filing.ValidNumber(f.Number) || f.FileName != source.Name || f.Office != "7707" {
			t.Fatalf("draft is %+v", f)
		}
		if f.Check == nil || !f.Check.Accepted || len(f.Check.Faults) != 0 {
			t.Fatalf("check is %+v", f.Check)
		}
		if got := w.content(o, f.ID); string(got) != string(source.Content) {
			t.Error("the file is not the one that was sent")
		}
		if a := f.action("submit"); a.Allowed || a.Reason != "filing_unsigned" {
			t.Errorf("submit is %+v", a)
		}
		signed := w.sign(o, f.ID)
		if signed.State != "signed" || len(signed.Signatures) != 1 || !signed.Signatures[0].Accepted || signed.Signatures[0].Authority.By != directory.ByMembership {
			t.Fatalf("signed is %+v", signed)
		}
		sent := w.submit(o, f.ID)
		if sent.State != "sent" || len(sent.ControlCode) != 11 || sent.Authority.By != directory.ByMembership {
			t.Fatalf("sent is %+v", sent)
		}
		if a := sent.action("sign"); a.Reason != "filing_state" || a.Detail != "Отчёт в состоянии «Отправлен». Что с ним можно сделать, показано на его странице." {
			t.Errorf("sign is %+v", a)
		}
		w.body.Deliver(t)
		w.seesSubmission(t, o.INN, sent, source)
		for _, step := range []string{authority.Delivered, authority.Accepted, authority.Entered} {
			w.answer(f, step)
			if got := w.read(o, f.ID); got.State != step || got.BodyNumber == "" {
				t.Fatalf("after %s it is %s", step, got.State)
			}
		}
		done := w.read(o, f.ID)
		if len(done.Receipts) != 3 || done.Receipts[1].Label != "Принят: квитанция о приёме" || len(done.Receipts[1].Files) != 1 {
			t.Errorf("receipts are %+v", done.Receipts)
		}
		receipt := w.Expect(w.Do("GET", "/v1/filings/"+f.ID+"/receipts/"+done.Receipts[1].Files[0].ID, w.admin(o), nil), 200, "")
		if !strings.Contains(receipt.Text, "<Файл/>") {
			t.Errorf("the receipt's file is %q", receipt.Text)
		}
		for _, kind := range []string{"submitted", "delivered", "accepted", "entered"} {
			if ids := w.events("filing." + kind); len(ids) != 1 || !strings.HasPrefix(ids[0], "filing/"+f.ID+"/"+kind) {
				t.Errorf("notices of %s are %v", kind, ids)
			}
		}
		w.seesJournal(t, o.ID, f)
	})
}

// seesSubmission looks at what the body has received.
func (w *world) seesSubmission(t *testing.T, inn string, f one, source reporttest.File) {
	t.Helper()
	got := w.body.Sent()
	if len(got) != 1 {
		t.Fatalf("%d submissions", len(got))
	}
	s := got[0]
	if s.ID != f.ID || s.Kind != "filing" || s.INN != inn || s.Recipient != "7707" || len(s.Files) != 1 {
		t.Fatalf("submission is %+v", s)
	}
	if string(s.Files[0].Content) != string(source.Content) || s.Files[0].Name != source.Name || len(s.Files[0].Signatures) != 1 {
		t.Error("what was sent is not what was signed")
	}
	for name, want := range map[string]string{"report": "NO_NDS", "knd": "1151001", "operation": f.Number, "control": f.ControlCode, "period": "24"} {
		if s.Fields[name] != want {
			t.Errorf("field %s is %q, want %q", name, s.Fields[name], want)
		}
	}
}

// seesJournal looks at the two journals: the room's operations and the
// organisation's entries with the authority.
func (w *world) seesJournal(t *testing.T, organisationID string, f one) {
	t.Helper()
	var told struct {
		Operations []struct{ Event, Label, State, Who string }
	}
	reply := w.Do("GET", "/v1/filings/"+f.ID+"/events", w.tokenOf(organisationID), nil)
	w.Expect(reply, 200, "").Into(t, &told)
	var names []string
	for _, o := range told.Operations {
		names = append(names, o.Event)
	}
	if got := strings.Join(names, " "); got != "created signed submitted delivered accepted entered" {
		t.Errorf("operations are %s", got)
	}
	var details []string
	must(t, w.DB.Select(context.Background(), &details, `SELECT details FROM journal WHERE organisation = $1 AND action = 'filing.submitted'`, organisationID))
	if len(details) != 1 || !strings.Contains(details[0], `"authority":"membership"`) || !strings.Contains(details[0], f.Number) {
		t.Errorf("the journal says %v", details)
	}
}

// TestActVerifiesOffline: the QR of the act, read from the PDF, is signed by the
// seal and says number, control code and digest.
func TestActVerifiesOffline(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		f := w.sent(o)
		printed := func() paper.Statement {
			reply := w.Expect(w.Do("GET", "/v1/filings/"+f.ID+"/act", w.admin(o), nil), 200, "")
			read, err := paper.ReadPDF([]byte(reply.Text))
			must(t, err)
			statement, err := paper.ReadCode(read.Code, w.certificates(t)...)
			must(t, err)
			must(t, read.Belongs(statement))
			for _, word := range []string{f.Number, f.ControlCode, "Обществосограниченнойответственностью«Alpha»"} {
				if !strings.Contains(read.Text, word) {
					t.Errorf("the act does not say %s: %s", word, read.Text)
				}
			}
			return statement
		}
		s := printed()
		if s.Claims["num"] != f.Number || s.Claims["ctl"] != f.ControlCode || s.Claims["st"] != "sent" || s.Claims["sha"] != f.File.SHA256 {
			t.Errorf("the code says %v", s.Claims)
		}
		w.answer(f, authority.Delivered)
		w.answer(f, authority.Accepted)
		if s := printed(); s.Claims["st"] != "accepted" {
			t.Errorf("after the acceptance the code says %v", s.Claims)
		}
	})
}

// TestRefusedIsCorrectedAndEntered: faults of a refusal are kept as data; the draft
// made of it keeps the number, and once it is accepted the refused one is settled.
func TestRefusedIsCorrectedAndEntered(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		f := w.sent(o)
		w.answer(f, authority.Delivered)
		w.answer(f, authority.Refused, authority.Fault{Code: "0300300029", Text: "Нарушено условие", Element: "/Файл/Документ/СвНП", Value: "x"})
		refused := w.read(o, f.ID)
		if refused.State != "refused" || refused.Receipts[1].Faults[0].Code != "0300300029" || refused.Receipts[1].Faults[0].Element == "" {
			t.Fatalf("refused is %+v", refused.Receipts)
		}
		second := w.correction(o, f.ID, nil)
		if second.Correction != f.Correction || second.CorrectsID != f.ID || second.Format != "form" || second.Values["НДС/СумУплНП/@СумПУ_173.1"] != "124000" {
			t.Fatalf("the correction is %+v", second)
		}
		w.goThrough(t, o, second)
		if got := w.read(o, f.ID); got.State != "corrected" || got.CorrectedBy != second.ID {
			t.Errorf("the refused one is %s, corrected by %s", got.State, got.CorrectedBy)
		}
	})
}

// TestClarificationLeadsToTheNextNumber: НомКорр+1, also inside the file.
func TestClarificationLeadsToTheNextNumber(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		f := w.accepted(o)
		w.answer(f, authority.Clarification, authority.Fault{Code: "0000000007", Text: "Уточните строку 190"})
		if got := w.read(o, f.ID); got.State != "clarification" {
			t.Fatalf("it is %s", got.State)
		}
		next := f.Correction + 1
		for _, wrong := range []int{f.Correction, f.Correction + 2} {
			w.Expect(w.Do("POST", "/v1/filings/"+f.ID+"/correction", w.admin(o), map[string]any{"correction": wrong}), 422, "validation_failed")
		}
		second := w.correction(o, f.ID, map[string]any{"correction": next})
		w.goThrough(t, o, second)
		text := reporttest.Decode(w.content(o, second.ID))
		if !strings.Contains(text, `НомКорр="`+itoa(next)+`"`) {
			t.Error("the file does not have the next number")
		}
		if got := w.read(o, f.ID); got.State != "corrected" {
			t.Errorf("the first one is %s", got.State)
		}
	})
}

// goThrough checks, signs, sends and has a filing accepted.
func (w *world) goThrough(t *testing.T, o *office, f one) {
	t.Helper()
	checked := w.got(w.Do("POST", "/v1/filings/"+f.ID+"/check", w.admin(o), nil), 200)
	if !checked.Check.Accepted || checked.File == nil {
		t.Fatalf("check says %+v", checked.Check)
	}
	w.sign(o, f.ID)
	w.submit(o, f.ID)
	w.body.Deliver(t)
	for _, event := range []string{authority.Delivered, authority.Accepted, authority.Entered} {
		w.answer(f, event)
	}
	if got := w.read(o, f.ID); got.State != "entered" {
		t.Fatalf("it is %s", got.State)
	}
}

func (w *world) correction(o *office, id string, body any) one {
	w.T.Helper()
	return w.got(w.Do("POST", "/v1/filings/"+id+"/correction", w.admin(o), body), 201)
}

// TestUploadedCorrectionSettlesTheFirst: a correction that an accounting program made
// is known by its number.
func TestUploadedCorrectionSettlesTheFirst(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		first := w.accepted(o)
		head := w.head(o)
		head.Correction = first.Correction + 1
		second := w.upload(o, reporttest.Good("NO_NDS", head))
		w.sign(o, second.ID)
		if got := w.submit(o, second.ID); got.CorrectsID != first.ID {
			t.Fatalf("it corrects %q", got.CorrectsID)
		}
		w.body.Deliver(t)
		w.answer(second, authority.Delivered)
		w.answer(second, authority.Accepted)
		if got := w.read(o, first.ID); got.State != "corrected" {
			t.Errorf("the first one is %s", got.State)
		}
	})
}

// TestLateAnswerIsKeptAndChangesNothing: what a body says after the end is a message.
func TestLateAnswerIsKeptAndChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		f := w.accepted(o)
		w.answer(f, authority.Refused)
		got := w.read(o, f.ID)
		if got.State != "accepted" || len(got.Receipts) != 3 {
			t.Errorf("it is %s with %d receipts", got.State, len(got.Receipts))
		}
		if ids := w.events("filing.refused"); len(ids) != 0 {
			t.Errorf("told of %v", ids)
		}
	})
}

// TestUndeliverableIsToldAndNotLost: a sending that is given up leaves the filing
// sent, with the trouble shown.
func TestUndeliverableIsToldAndNotLost(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		f := w.upload(o, w.vat(o))
		w.sign(o, f.ID)
		w.submit(o, f.ID)
		w.body.Fail(422)
		w.body.Deliver(t)
		got := w.read(o, f.ID)
		if got.State != "sent" || got.Trouble == "" || len(w.events("filing.failed")) != 1 {
			t.Errorf("it is %s, trouble %q, told %v", got.State, got.Trouble, w.events("filing.failed"))
		}
	})
}

// TestDangerousFileOfABodyIsLeftOut: the answer is taken without it.
func TestDangerousFileOfABodyIsLeftOut(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		f := w.sent(o)
		w.body.Answer(t, authority.Answer{
			SubmissionID: f.ID, Event: authority.Delivered,
			Files: []authority.File{{Name: "a.html", Content: []byte("<html><script>alert(1)</script></html>")}},
		})
		got := w.read(o, f.ID)
		if got.State != "delivered" || len(got.Receipts[0].Files) != 0 {
			t.Errorf("it is %s with files %v", got.State, got.Receipts[0].Files)
		}
	})
}

// TestReceiptsOfOneNameAreTwo: a body's ids are its own, and those of two bodies may
// be the same.
func TestReceiptsOfOneNameAreTwo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		first, second := w.sent(o), w.sent(w.Office("Beta"))
		for _, f := range []one{first, second} { // as two gateways' bodies would
			_, err := w.DB.Exec(t.Context(), `DELETE FROM authority_answers`)
			must(t, err)
			w.body.Answer(t, authority.Answer{ID: "1", SubmissionID: f.ID, Event: authority.Delivered, Source: "ИФНС № 7707"})
		}
		for _, f := range []one{first, second} {
			var kept int
			must(t, w.DB.Get(t.Context(), &kept, `SELECT COUNT(*) FROM filing_receipts WHERE filing_id = $1`, f.ID))
			if kept != 1 {
				t.Errorf("%d receipts are kept", kept)
			}
		}
	})
}

// TestWordyBodyIsHeard: what the exchange lets a body say does not keep its answer
// from being taken.
func TestWordyBodyIsHeard(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha")
		f := w.sent(o)
		fault := authority.Fault{Code: strings.Repeat("0", 3000), Text: "Ошибка", Element: strings.Repeat("Файл/", 2000)}
		w.body.Answer(t, authority.Answer{
			SubmissionID: f.ID, Event: authority.Refused, Source: strings.Repeat("Инспекция ", 50),
			Faults: []authority.Fault{fault, fault, fault, fault},
		})
		if got := w.read(o, f.ID); got.State != "refused" || len(w.events("filing.refused")) != 1 {
			t.Errorf("it is %s, told %v", got.State, w.events("filing.refused"))
		}
	})
}
