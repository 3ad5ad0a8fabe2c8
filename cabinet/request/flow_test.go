package request_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/authority"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/request"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/file/filetest"
)

var must = cabinettest.Must

// TestAppealGoesOutAndIsResolved: rows 208, 209, 212, 213 from end to end.
func TestAppealGoesOutAndIsResolved(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		pdf := filetest.PDF("calculation")
		r := w.appeal(o, w.upload(o, "Расчёт.pdf", pdf))
		if r.Status != "processing" || r.StatusLabel != "В обработке" || !strings.HasPrefix(r.Number, "B") ||
			r.DueAt.Sub(r.CreatedAt) != 30*24*time.Hour || len(r.Documents) != 1 ||
			r.Responsible.MemberID != o.Members[directory.Manager].Member.ID {
			t.Fatalf("opened as %+v", r)
		}
		s := w.submission()
		if s.Kind != "appeal" || s.INN != o.INN || s.Recipient != "7701" || s.Fields["number"] != r.Number ||
			s.Fields["text"] != "Просим зачесть переплату.\nРасчёт приложен." || len(s.Files) != 1 || string(s.Files[0].Content) != string(pdf) {
			t.Fatalf("sent as %+v", s)
		}
		w.agency.Answer(t, authority.Answer{SubmissionID: s.ID, Event: authority.Accepted, Number: "ОГ-17", Source: "ИФНС № 1"})
		w.agency.Answer(t, authority.Answer{
			SubmissionID: s.ID, Event: authority.Resolved, Text: "Зачтено.", Source: "ИФНС № 1",
			Files: []authority.File{{Name: "Решение.pdf", Content: filetest.PDF("decision"), Signatures: [][]byte{filetest.CMS()}}},
		})
		r = w.get(o, r.ID)
		if r.Status != "resolved" || r.Phase != "completed" || r.OuterNumber != "ОГ-17" || len(r.Documents) != 3 || len(r.Messages) != 3 {
			t.Fatalf("resolved as %+v", r)
		}
		if r.Messages[0].Text != "Зачтено." || r.Messages[0].Files[1].SignatureOf != r.Messages[0].Files[0].ID || r.Messages[2].DeliveredAt == nil {
			t.Errorf("the thread is %+v", r.Messages)
		}
		if got := actions(r); got["reply"] != "request_state" || got["comment"] != "" || got["plan"] != "request_state" {
			t.Errorf("actions of a resolved appeal: %v", got)
		}
		if got := w.told(r.ID); !slices.Equal(got, []string{"appeal.submitted", "appeal.status_changed", "appeal.status_changed"}) {
			t.Errorf("told: %v", got)
		}
		if got := w.journalled(o, r.ID); !slices.Equal(got, []string{"request.created", "request.answered", "request.answered"}) {
			t.Errorf("journal: %v", got)
		}
		got := w.Do("GET", r.Documents[1].Href, w.Token(o, directory.Observer), nil)
		if got.StatusCode != http.StatusOK || got.Text != string(filetest.PDF("decision")) ||
			got.Header.Get("Content-Security-Policy") == "" || got.Header.Get("Content-Type") != "application/pdf" {
			t.Errorf("the decision: %d %v", got.StatusCode, got.Header)
		}
	})
}

// TestRequirementIsAcceptedPlannedAndAnswered: rows 216 to 220.
func TestRequirementIsAcceptedPlannedAndAnswered(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		r := w.requirement(o, 10*24*time.Hour, authority.File{Name: "Требование.pdf", Content: filetest.PDF("demand")})
		if r.Status != "open" || r.Responsible != nil || len(r.Documents) != 1 || r.Party != "ИФНС России № 1" {
			t.Fatalf("came in as %+v", r)
		}
		path, token := requests+"/"+r.ID, w.Token(o, directory.Manager)
		var accepted one
		w.Expect(w.Do("POST", path+"/accept", token, nil), http.StatusOK, "").Into(t, &accepted)
		if accepted.StatusLabel != "Принято к исполнению" || accepted.Responsible == nil {
			t.Errorf("accepted as %+v", accepted)
		}
		w.Expect(w.Do("POST", path+"/accept", token, nil), http.StatusConflict, "request_state")
		head := o.Members[directory.Head].Member.ID
		on := w.Clock.Now().Add(5 * 24 * time.Hour)
		var planned one
		w.Expect(w.Do("PATCH", path, token, map[string]any{"responsible_id": head, "execution_at": on}), http.StatusOK, "").Into(t, &planned)
		if planned.Responsible.MemberID != head || !planned.ExecutionAt.Equal(on) {
			t.Errorf("planned as %+v", planned)
		}
		p := w.reply(o, r.ID, map[string]any{"text": "Пояснения приложены.", "files": []string{w.upload(o, "Пояснения.docx", filetest.DOCX())}})
		if p.Authority == nil || p.Authority.By != directory.ByMembership || p.Authority.Role != directory.Manager {
			t.Errorf("the authority of the reply: %+v", p.Authority)
		}
		s := w.submission()
		if s.Kind != "answer" || s.Fields["in_reply_to"] != r.OuterNumber || len(s.Files) != 1 {
			t.Fatalf("sent as %+v", s)
		}
		w.agency.Answer(t, authority.Answer{SubmissionID: s.ID, Event: authority.Clarification, Text: "Дополните.", Due: r.due(t, w, 20)})
		if got := w.get(o, r.ID); got.Status != "accepted" || got.DueAt.Sub(w.Clock.Now()) != 20*24*time.Hour {
			t.Errorf("asked again: %+v", got)
		}
		w.reply(o, r.ID, map[string]any{"kind": "explanation", "text": "Дополняем."})
		w.agency.Answer(t, authority.Answer{SubmissionID: w.submission().ID, Event: authority.Accepted, Text: "Принято."})
		if got := w.get(o, r.ID); got.Status != "done" || got.Phase != "completed" {
			t.Errorf("answered: %+v", got)
		}
		w.Expect(w.Do("POST", path+"/messages", token, map[string]any{"kind": "reply", "text": "Ещё."}), http.StatusConflict, "request_state")
		w.reply(o, r.ID, map[string]any{"kind": "comment", "text": "Сдали в архив."})
		var history struct{ History []struct{ Act, Actor string } }
		w.Expect(w.Do("GET", path+"/history", token, nil), http.StatusOK, "").Into(t, &history)
		var acts []string
		for _, a := range history.History {
			acts = append(acts, a.Act)
		}
		if !slices.Equal(acts, []string{"commented", "answered", "explained", "answered", "replied", "planned", "accepted", "received"}) {
			t.Errorf("history: %v", acts)
		}
	})
}

// due is a date so many days ahead.
func (one) due(_ *testing.T, w *world, days int) storage.Time {
	return storage.Of(w.Clock.Now().Add(time.Duration(days) * 24 * time.Hour))
}

// TestSentReplyIsEditedInVersions: row 217. The authority gets the new text as a
// new submission, and what was sent before is still there.
func TestSentReplyIsEditedInVersions(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		r := w.requirement(o, 10*24*time.Hour)
		first := w.upload(o, "v1.pdf", filetest.PDF("one"))
		p := w.reply(o, r.ID, map[string]any{"text": "Первый ответ.", "files": []string{first}})
		path, token := requests+"/"+r.ID+"/messages/"+p.ID, w.Token(o, directory.Head)
		before := w.submission()
		second := w.upload(o, "v2.pdf", filetest.PDF("two"))
		var edited post
		w.Expect(w.Do("PATCH", path, token, map[string]any{"text": "Исправленный ответ.", "files": []string{first, second}}, "If-Match", `"1"`),
			http.StatusOK, "").Into(t, &edited)
		if edited.Version != 2 || edited.Text != "Исправленный ответ." || len(edited.Files) != 2 || edited.EditedAt == nil {
			t.Errorf("edited as %+v", edited)
		}
		w.Expect(w.Do("PATCH", path, token, map[string]any{"text": "Вторая вкладка."}, "If-Match", `"1"`), http.StatusPreconditionFailed, "version_changed")
		after := w.submission()
		if after.ID == before.ID || after.Kind != "answer" || after.Fields["version"] != "2" || after.Fields["text"] != "Исправленный ответ." || len(after.Files) != 2 {
			t.Errorf("sent again as %+v", after)
		}
		var versions struct {
			Versions []struct {
				Version int64
				Text    string
				Author  string
				Files   []doc
			}
		}
		w.Expect(w.Do("GET", path+"/versions", token, nil), http.StatusOK, "").Into(t, &versions)
		if v := versions.Versions; len(v) != 2 || v[1].Text != "Первый ответ." || len(v[1].Files) != 1 || v[0].Version != 2 || v[0].Author == v[1].Author {
			t.Errorf("versions: %+v", v)
		}
		// an answer to the first version is an answer to the request
		w.agency.Answer(t, authority.Answer{SubmissionID: before.ID, Event: authority.Resolved, Text: "Достаточно."})
		if got := w.get(o, r.ID); got.Status != "done" {
			t.Errorf("the answer to the first version: %+v", got)
		}
		w.Expect(w.Do("PATCH", path, token, map[string]any{"text": "Поздно."}), http.StatusConflict, "request_state")
	})
}

// TestOverdueByItself: row 210, on as many nodes as there are, once.
func TestOverdueByItself(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		r := w.appeal(o)
		w.Clock.Advance(30*24*time.Hour - time.Second)
		must(t, w.inbox.ExpireDue(context.Background()))
		if got := w.get(o, r.ID); got.Status != "processing" || got.Overdue {
			t.Fatalf("before its time: %+v", got)
		}
		w.Clock.Advance(time.Second)
		if got := w.get(o, r.ID); got.Status != "overdue" || !got.Overdue || !got.Breached {
			t.Errorf("shown before the clock has come: %+v", got)
		}
		done := make(chan error)
		for range 4 {
			go func() { done <- w.inbox.ExpireDue(context.Background()) }()
		}
		for range 4 {
			must(t, <-done)
		}
		if got := w.told(r.ID); !slices.Equal(got, []string{"appeal.submitted", "appeal.overdue"}) {
			t.Errorf("told: %v", got)
		}
		var list []one
		w.Expect(w.Do("GET", requests+"?overdue=true&status=overdue", w.Token(o, directory.Observer), nil), http.StatusOK, "").Into(t, &list)
		if len(list) != 1 || list[0].StatusLabel != "Просрочено" {
			t.Errorf("the overdue: %+v", list)
		}
		w.agency.Answer(t, authority.Answer{SubmissionID: w.submission().ID, Event: authority.Resolved, Text: "Решено."})
		if got := w.get(o, r.ID); got.Status != "resolved" || got.Overdue || !got.Breached {
			t.Errorf("resolved late: %+v", got)
		}
	})
}

// TestActAfterTheDueDateIsJudgedByIt: the clock need not have come.
func TestActAfterTheDueDateIsJudgedByIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		r := w.requirement(o, 24*time.Hour)
		w.Clock.Advance(25 * time.Hour)
		w.reply(o, r.ID, map[string]any{"text": "Отвечаем с опозданием."})
		if got := w.get(o, r.ID); got.Status != "answered" || !got.Breached || got.Overdue {
			t.Errorf("answered late: %+v", got)
		}
		if got := w.journalled(o, r.ID); !slices.Equal(got, []string{"request.received", "request.overdue", "request.replied"}) {
			t.Errorf("journal: %v", got)
		}
	})
}

// TestRequirementIsRemindedOfThreeDaysBefore: row 219, once, and not when it has
// been answered.
func TestRequirementIsRemindedOfThreeDaysBefore(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		waits, answered, short := w.requirement(o, 10*24*time.Hour), w.requirement(o, 10*24*time.Hour), w.requirement(o, 2*24*time.Hour)
		w.reply(o, answered.ID, map[string]any{"text": "Ответ."})
		w.Clock.Advance(7*24*time.Hour - time.Minute)
		must(t, w.inbox.RemindDue(context.Background()))
		if got := w.told(waits.ID); slices.Contains(got, "requirement.due") {
			t.Errorf("too early: %v", got)
		}
		w.Clock.Advance(time.Minute)
		for range 3 {
			must(t, w.inbox.RemindDue(context.Background()))
		}
		if got := w.told(waits.ID); !slices.Equal(got, []string{"requirement.received", "requirement.due"}) {
			t.Errorf("told: %v", got)
		}
		for _, id := range []string{answered.ID, short.ID} {
			if got := w.told(id); slices.Contains(got, "requirement.due") {
				t.Errorf("told needlessly: %v", got)
			}
		}
	})
}

// TestTicketIsAnsweredWithinADay: rows 259 to 264, 267, 294.
func TestTicketIsAnsweredWithinADay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		earlier := w.ticket(o, nil)
		r := w.ticket(o, map[string]any{
			"kind": "error", "error_code": "validation_failed", "error_at": w.Clock.Now().Add(-time.Hour), "earlier": strings.ToLower(earlier.Number),
			"reply_channel": "email", "email": "buh@example.ru", "files": []string{w.upload(o, "screen.png", filetest.PNG())},
		})
		if r.Status != "registered" || !strings.HasPrefix(r.Number, "T") || r.DueAt.Sub(r.CreatedAt) != 24*time.Hour ||
			r.Details["earlier"] != earlier.Number || r.Details["error_code"] != "validation_failed" {
			t.Fatalf("opened as %+v", r)
		}
		w.agency.Deliver(t)
		if len(w.agency.Sent()) != 0 {
			t.Error("a ticket went to an authority")
		}
		ctx := context.Background()
		desk, err := request.NewHelpdesk(request.HelpdeskDeps{DB: w.DB, Journal: w.Journal, Notices: w.inbox.Notices, Outbox: w.Outbox, Now: w.Clock.Now})
		must(t, err)
		say := func(event request.Event, text string) error {
			_, err := desk.Answer(ctx, request.Word{Number: r.Number, Event: event, Author: "Иван, поддержка", Text: text, Operator: "ivan"})
			return err
		}
		must(t, say(request.EventInWork, ""))
		w.Clock.Advance(24 * time.Hour)
		must(t, w.inbox.ExpireDue(ctx))
		if got := w.get(o, r.ID); got.Status != "overdue" || !got.Breached {
			t.Errorf("after a day: %+v", got)
		}
		waiting, err := desk.Waiting(ctx, 10)
		must(t, err)
		if len(waiting) != 2 || waiting[0].ID != earlier.ID {
			t.Errorf("waiting: %+v", waiting)
		}
		must(t, say(request.EventResolved, "Обновите страницу."))
		got := w.get(o, r.ID)
		if got.Status != "answered" || !got.Breached || got.Messages[0].Author != "Иван, поддержка" || got.Messages[0].Text != "Обновите страницу." {
			t.Errorf("answered: %+v", got)
		}
		if mail := w.Sent("buh@example.ru"); len(mail) != 1 || !strings.Contains(mail[0].Text, "Обновите страницу.") || !strings.Contains(mail[0].Subject, r.Number) {
			t.Errorf("mailed: %+v", mail)
		}
		w.reply(o, r.ID, map[string]any{"kind": "question", "text": "Не помогло."})
		if got := w.get(o, r.ID); got.Status != "in_work" || got.DueAt.Sub(w.Clock.Now()) != 24*time.Hour {
			t.Errorf("asked again: %+v", got)
		}
		w.Expect(w.Do("POST", requests+"/"+r.ID+"/close", w.Token(o, directory.Manager), nil), http.StatusOK, "")
		if err := say(request.EventResolved, "Поздно."); !errors.Is(err, request.ErrState) {
			t.Errorf("a closed ticket was answered: %v", err)
		}
		for _, wrong := range []request.Word{
			{Number: "T26-1", Event: request.EventResolved, Author: "a", Text: "x"}, {Number: r.Number, Event: request.EventClose, Author: "a", Text: "x"},
			{Number: r.Number, Event: request.EventResolved, Author: "a"}, {Number: r.Number, Event: request.EventResolved, Text: "x"},
		} {
			if _, err := desk.Answer(ctx, wrong); err == nil {
				t.Errorf("answered by %+v", wrong)
			}
		}
	})
}

// TestMessagesGoBothWays: row 221.
func TestMessagesGoBothWays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		r := w.opened(o, map[string]any{"type": "message", "subject": "Вопрос " + o.Tag, "text": "Какой код?", "recipient": "7701", "recipient_name": "ИФНС"})
		s := w.submission()
		if s.Kind != "message" || r.Status != "sent" || r.DueAt != nil {
			t.Fatalf("%+v sent as %+v", r, s)
		}
		w.agency.Answer(t, authority.Answer{SubmissionID: s.ID, Event: authority.Delivered})
		w.agency.Answer(t, authority.Answer{SubmissionID: s.ID, Event: authority.Message, Text: "Код 21."})
		if got := w.get(o, r.ID); got.Status != "answered" {
			t.Errorf("answered: %+v", got)
		}
		w.agency.Answer(t, authority.Answer{Event: authority.Message, INN: o.INN, OGRN: o.OGRN, Number: "П-1", Subject: "Сверка " + o.Tag, Text: "Приглашаем.", Source: "ИФНС", Fields: map[string]string{"body": "7701"}})
		var list []one
		w.Expect(w.Do("GET", requests+"?type=message&status=received", w.Token(o, directory.Observer), nil), http.StatusOK, "").Into(t, &list)
		if len(list) != 1 || list[0].Subject != "Сверка Alpha" {
			t.Fatalf("came in: %+v", list)
		}
		w.reply(o, list[0].ID, map[string]any{"text": "Придём."})
		if s := w.submission(); s.Kind != "answer" || s.Recipient != "7701" || s.Fields["in_reply_to"] != "П-1" {
			t.Errorf("replied as %+v", s)
		}
		// a further word about it, by its number
		w.agency.Answer(t, authority.Answer{Event: authority.Message, INN: o.INN, OGRN: o.OGRN, Text: "Ждём.", Fields: map[string]string{"in_reply_to": "П-1"}})
		if got := w.get(o, list[0].ID); got.Status != "received" || got.Messages[0].Text != "Ждём." {
			t.Errorf("the further word: %+v", got)
		}
	})
}

// TestDraftOfAReplyIsKept: row 220. Each has his own; another window's older text
// does not overwrite; sending takes it away.
func TestDraftOfAReplyIsKept(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		r := w.requirement(o, 10*24*time.Hour)
		path, token := requests+"/"+r.ID+"/draft", w.Token(o, directory.Manager)
		w.Expect(w.Do("GET", path, token, nil), http.StatusNotFound, "not_found")
		attached := w.upload(o, "a.pdf", filetest.PDF("a"))
		saved := w.Expect(w.Do("PUT", path, token, map[string]any{"text": "Пояс\nнения", "files": []string{attached}}), http.StatusOK, "")
		w.Expect(w.Do("PUT", path, token, map[string]any{"text": "Пояснения: 1"}, "If-Match", saved.Header.Get("ETag")), http.StatusOK, "")
		w.Expect(w.Do("PUT", path, token, map[string]any{"text": "Старое окно"}, "If-Match", saved.Header.Get("ETag")), http.StatusPreconditionFailed, "version_changed")
		w.Expect(w.Do("GET", path, w.Token(o, directory.Head), nil), http.StatusNotFound, "not_found")
		var draft struct{ Text string }
		w.Expect(w.Do("GET", path, token, nil), http.StatusOK, "").Into(t, &draft)
		if draft.Text != "Пояснения: 1" {
			t.Errorf("kept %q", draft.Text)
		}
		w.reply(o, r.ID, map[string]any{"text": "Пояснения: 1"})
		w.Expect(w.Do("GET", path, token, nil), http.StatusNotFound, "not_found")
		w.Expect(w.Do("PUT", path, token, map[string]any{"text": "x"}), http.StatusOK, "")
		w.Expect(w.Do("DELETE", path, token, nil), http.StatusNoContent, "")
	})
}

// TestRepeatedRequestIsOpenedOnce: with an Idempotency-Key.
func TestRepeatedRequestIsOpenedOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		body := map[string]any{"type": "appeal", "subject": "Один раз", "text": "Просим.", "recipient": "7701", "recipient_name": "ИФНС"}
		token := w.Token(o, directory.Manager)
		var first, second one
		w.Expect(w.Do("POST", requests, token, body, "Idempotency-Key", "k-1"), http.StatusCreated, "").Into(t, &first)
		w.Expect(w.Do("POST", requests, token, body, "Idempotency-Key", "k-1"), http.StatusCreated, "").Into(t, &second)
		if first.ID != second.ID {
			t.Error("it was opened twice")
		}
		w.submission()
		if n := len(w.agency.Sent()); n != 1 {
			t.Errorf("sent %d times", n)
		}
	})
}
