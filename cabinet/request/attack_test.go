package request_test

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/cabinet/cabinettest"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/file/filetest"
	"propusk/storage/storagetest"
)

// TestNothingOfAnotherOrganisation calls every route of the room as every role,
// with the identifiers of its own and of another organisation and with none.
func TestNothingOfAnotherOrganisation(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		cabinettest.Isolation(t, w.World, w.room, w.aim, nil)
	})
}

// aim makes a request to the route that succeeds on the office.
func (w *world) aim(route api.Route, o *cabinettest.Office) (path string, body any, headers []string) {
	path = route.Path
	switch {
	case strings.Contains(path, "/request-templates/{id}"):
		t, err := w.inbox.AddTemplate(context.Background(), directory.System(), o.ID, templateOf(o))
		must(w.T, err)
		path = strings.Replace(path, "{id}", t.ID, 1)
	case strings.Contains(path, "{id}"):
		path = w.aimAtOne(route, o)
	case strings.HasSuffix(path, "/request-templates") && route.Method == "GET":
	case route.Method == "GET" && strings.HasSuffix(path, "/requests"):
		path += "?responsible=" + o.Members[directory.Manager].Member.ID
	}
	switch route.Method + " " + route.Path {
	case "POST " + requests:
		body = map[string]any{"type": "message", "subject": "Вопрос", "text": "Текст", "recipient": "7701", "recipient_name": "ИФНС"}
	case "POST " + requests + "/files":
		form, kind := formBody(w.T, "a.pdf", filetest.PDF("a"))
		return path, form, []string{"Content-Type", kind}
	case "PATCH " + requests + "/{id}":
		body = map[string]any{"responsible_id": nil}
	case "POST " + requests + "/{id}/messages":
		body = map[string]any{"kind": "comment", "text": "Комментарий"}
	case "PATCH " + requests + "/{id}/messages/{message}":
		body = map[string]any{"text": "Исправлено"}
	case "PUT " + requests + "/{id}/draft":
		body = map[string]any{"text": "Черновик"}
	case "POST /v1/organization/request-templates", "PUT /v1/organization/request-templates/{id}":
		body = map[string]any{"title": "Шаблон", "text": "Текст"}
	}
	return path, body, nil
}

// aimAtOne makes a request of the office that the route can do its work with.
func (w *world) aimAtOne(route api.Route, o *cabinettest.Office) string {
	var r one
	switch {
	case strings.HasSuffix(route.Path, "/close"):
		r = w.ticket(o, nil)
	case strings.HasSuffix(route.Path, "/withdraw"):
		r = w.appeal(o)
	case strings.Contains(route.Path, "{file}"):
		r = w.requirement(o, time.Hour, authority.File{Name: o.Tag + ".pdf", Content: filetest.PDF(o.Tag)})
	default:
		r = w.requirement(o, time.Hour)
	}
	path := strings.Replace(route.Path, "{id}", r.ID, 1)
	if before, after, found := strings.Cut(path, "{message}"); found {
		path = before + w.reply(o, r.ID, map[string]any{"text": "Ответ " + o.Tag}).ID + after
	}
	if before, after, found := strings.Cut(path, "{file}"); found {
		path = before + r.Documents[0].ID + after
	}
	if strings.HasSuffix(path, "/draft") && route.Method != "PUT" {
		for _, m := range o.Members {
			_, err := w.inbox.SaveDraft(context.Background(), directory.Actor{PersonID: m.Person.ID}, o.ID, r.ID, nil, "Черновик "+o.Tag, nil, 0)
			if err != nil && !strings.Contains(err.Error(), "it takes") {
				w.T.Fatal(err)
			}
		}
	}
	return path
}

// TestReplyInAnotherOrganisationsThreadIsNotFound, and leaves nothing there.
func TestReplyInAnotherOrganisationsThreadIsNotFound(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.Office("Alpha", directory.Roles()...), w.Office("Beta", directory.Roles()...)
		r := w.requirement(b, time.Hour)
		p := w.reply(b, r.ID, map[string]any{"text": "Свой ответ."})
		token := w.Token(a, directory.Administrator)
		for _, attack := range []struct{ method, path, body string }{
			{"POST", "/messages", `{"kind":"reply","text":"Чужой ответ."}`},
			{"POST", "/messages", `{"kind":"comment","text":"Чужой комментарий."}`},
			{"PATCH", "/messages/" + p.ID, `{"text":"Чужая правка."}`},
			{"PUT", "/draft", `{"text":"Чужой черновик."}`},
			{"POST", "/accept", ""},
			{"PATCH", "", `{"execution_at":null}`},
		} {
			w.Expect(w.Do(attack.method, requests+"/"+r.ID+attack.path, token, attack.body), http.StatusNotFound, "not_found")
		}
		// a post of theirs named under a request of one's own
		own := w.requirement(a, time.Hour)
		w.Expect(w.Do("PATCH", requests+"/"+own.ID+"/messages/"+p.ID, token, `{"text":"Чужая правка."}`), http.StatusNotFound, "not_found")
		w.Expect(w.Do("GET", requests+"/"+own.ID+"/messages/"+p.ID+"/versions", token, nil), http.StatusNotFound, "not_found")
		if got := w.get(b, r.ID); len(got.Messages) != 2 || got.Messages[0].Text != "Свой ответ." || got.Status != "answered" {
			t.Errorf("the thread is %+v", got.Messages)
		}
	})
}

// TestFileOfAnotherOrganisationIsNotAttached, nor one that its keeper shows to
// fewer people than a thread does.
func TestFileOfAnotherOrganisationIsNotAttached(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.Office("Alpha", directory.Roles()...), w.Office("Beta", directory.Roles()...)
		r := w.requirement(a, time.Hour)
		token := w.Token(a, directory.Manager)
		theirs := w.upload(b, "secret.pdf", filetest.PDF("secret"))
		for _, body := range []map[string]any{
			{"kind": "reply", "text": "x", "files": []string{theirs}}, {"kind": "reply", "text": "x", "files": []string{storage.NewID()}},
			{"kind": "comment", "files": []string{theirs}},
		} {
			got := w.Expect(w.Do("POST", requests+"/"+r.ID+"/messages", token, body), http.StatusUnprocessableEntity, "validation_failed").Problem(t)
			if got.Errors[0].Code != "request_unknown_file" {
				t.Errorf("%+v", got)
			}
		}
		w.Expect(w.Do("PUT", requests+"/"+r.ID+"/draft", token, map[string]any{"files": []string{theirs}}), http.StatusUnprocessableEntity, "validation_failed")
		w.Expect(w.Do("GET", requests+"/"+r.ID+"/files/"+theirs, token, nil), http.StatusNotFound, "not_found")

		kept := filetest.Saved(t, w.files, a.ID, "filing/"+storage.NewID(), "return.pdf", filetest.PDF("return"))
		body := map[string]any{"kind": "reply", "text": "x", "files": []string{kept.ID}}
		robot := w.Service(a, directory.RequestsRead, directory.RequestsWrite)
		w.Expect(w.Do("POST", requests+"/"+r.ID+"/messages", robot, body), http.StatusUnprocessableEntity, "validation_failed")
		w.Expect(w.Do("POST", requests+"/"+r.ID+"/messages", token, body), http.StatusCreated, "") // a manager reads documents
		// a file of one request is not served under another
		other := w.requirement(a, time.Hour)
		w.Expect(w.Do("GET", requests+"/"+other.ID+"/files/"+kept.ID, token, nil), http.StatusNotFound, "not_found")
	})
}

// TestStrangerIsNotMadeResponsible: only a member of this organisation who may
// answer requests.
func TestStrangerIsNotMadeResponsible(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.Office("Alpha", directory.Roles()...), w.Office("Beta", directory.Roles()...)
		r := w.requirement(a, time.Hour)
		gone := w.Join(a, directory.Manager)
		must(t, w.Directory.RemoveMember(context.Background(), directory.System(), a.ID, gone.Member.ID, nil))
		for name, id := range map[string]string{
			"of another organisation": b.Members[directory.Manager].Member.ID, "without the right": a.Members[directory.Observer].Member.ID,
			"removed": gone.Member.ID, "nobody": storage.NewID(), "a person's id": a.Members[directory.Manager].Person.ID, "no id": "x",
		} {
			got := w.Expect(w.Do("PATCH", requests+"/"+r.ID, w.Token(a, directory.Manager), map[string]any{"responsible_id": id}),
				http.StatusUnprocessableEntity, "validation_failed").Problem(t)
			if got.Errors[0].Pointer != "/responsible_id" || got.Errors[0].Code != "request_not_responsible" {
				t.Errorf("%s: %+v", name, got)
			}
		}
		if got := w.get(a, r.ID); got.Responsible != nil {
			t.Errorf("responsible is %+v", got.Responsible)
		}
	})
}

// TestCallbackForAnotherOrganisationMovesNothing: an answer that names a submission
// of one organisation as another's, and one that names no submission of ours.
func TestCallbackForAnotherOrganisationMovesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.Office("Alpha", directory.Roles()...), w.Office("Beta", directory.Roles()...)
		r := w.appeal(a)
		s := w.submission()
		for name, forged := range map[string]authority.Answer{
			"another's ИНН":       {SubmissionID: s.ID, Event: authority.Resolved, INN: b.INN, OGRN: b.OGRN},
			"another's ОГРН":      {SubmissionID: s.ID, Event: authority.Resolved, OGRN: b.OGRN},
			"no submission":       {SubmissionID: storage.NewID(), Event: authority.Resolved, INN: a.INN},
			"a request's own id":  {SubmissionID: r.ID, Event: authority.Resolved, INN: a.INN},
			"another's by number": {Event: authority.Message, INN: b.INN, OGRN: b.OGRN, Text: "x", Subject: "x", Fields: map[string]string{"in_reply_to": r.Number}},
		} {
			w.agency.Callback(t, filled(w, forged))
			w.agency.Deliver(t)
			if got := w.get(a, r.ID); got.Status != "processing" || len(got.Messages) != 1 {
				t.Errorf("%s: it moved to %s", name, got.Status)
			}
		}
		w.agency.Answer(t, authority.Answer{Event: authority.Requirement, INN: "9909000001", OGRN: "1029900009990", Subject: "Никому"})
		var n int
		must(t, w.DB.Get(context.Background(), &n, `SELECT COUNT(*) FROM requests WHERE type = 'requirement'`))
		if n != 0 {
			t.Error("a requirement of an unknown organisation came in")
		}
	})
}

func filled(w *world, a authority.Answer) authority.Answer {
	a.ID, a.At = storage.NewID(), storage.Of(w.Clock.Now())
	if a.SubmissionID != "" {
		a.Seq = 1
	}
	return a
}

// TestExportsDoNotRunWhatPeopleWrite: a subject that looks like a formula, like
// markup or like an escape of the PDF is the text that it is.
func TestExportsDoNotRunWhatPeopleWrite(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		subjects := []string{`=HYPERLINK("http://evil.example","x")`, `+7 495`, `@SUM(A1)`, `-2+3`, `) Tj /JS (app.alert`, `<script>x</script>`}
		for _, subject := range subjects {
			w.opened(o, map[string]any{"type": "appeal", "subject": subject, "text": "x", "recipient": "7701", "recipient_name": "=1+1"})
		}
		token := w.Token(o, directory.Observer)
		sheet := w.Expect(w.Do("GET", requests+"/export?format=xlsx", token, nil), http.StatusOK, "")
		text := unzipped(t, sheet.Text)
		if strings.Contains(text, "<f>") || strings.Contains(text, "<f ") {
			t.Error("the workbook has a formula")
		}
		if !strings.Contains(text, "=HYPERLINK(") {
			t.Error("the subject is not in the workbook")
		}
		pdf := w.Expect(w.Do("GET", requests+"/export?format=pdf&view=history", token, nil), http.StatusOK, "")
		if !strings.HasPrefix(pdf.Text, "%PDF-") || strings.Contains(pdf.Text, "/JS") || strings.Contains(pdf.Text, "app.alert") {
			t.Error("the PDF carries what was written")
		}
		if !strings.Contains(pdf.Header.Get("Content-Disposition"), "attachment") {
			t.Errorf("%v", pdf.Header)
		}
	})
}

func unzipped(t *testing.T, content string) string {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader([]byte(content)), int64(len(content)))
	must(t, err)
	var all strings.Builder
	for _, entry := range archive.File {
		r, err := entry.Open()
		must(t, err)
		_, err = io.Copy(&all, r)
		must(t, err)
	}
	return all.String()
}

// TestTemplateFillsInOnce: a subject with a placeholder in it stays as it is.
func TestTemplateFillsInOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		_, err := w.inbox.AddTemplate(context.Background(), directory.System(), o.ID, templateOf(o))
		must(t, err)
		r := w.opened(o, map[string]any{"type": "appeal", "subject": "{inn} {organisation}", "text": "x", "recipient": "7701", "recipient_name": "ИФНС"})
		var list struct {
			Templates []struct{ Title, Text, Filled string }
		}
		w.Expect(w.Do("GET", "/v1/organization/request-templates?request="+r.ID, w.Token(o, directory.Observer), nil), http.StatusOK, "").Into(t, &list)
		last := list.Templates[len(list.Templates)-1]
		if last.Title != "Шаблон Alpha" || last.Filled != "О «{inn} {organisation}»: "+o.INN {
			t.Errorf("filled as %+v", last)
		}
		if first := list.Templates[0]; first.Title != "Дополнение к обращению" {
			t.Errorf("the built-in one is %+v", first)
		}
	})
}

// TestAuthoritysBadFileDoesNotMakeItsAnswerUnheard.
func TestAuthoritysBadFileDoesNotMakeItsAnswerUnheard(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		r := w.appeal(o)
		w.agency.Answer(t, authority.Answer{SubmissionID: w.submission().ID, Event: authority.Resolved, Text: "Решено.", Files: []authority.File{
			{Name: "virus.exe", Content: append([]byte("MZ"), make([]byte, 100)...)}, {Name: "empty.pdf"}, {Name: "ok.pdf", Content: filetest.PDF("ok")},
		}})
		got := w.get(o, r.ID)
		if got.Status != "resolved" || len(got.Documents) != 1 || len(got.Messages[0].Faults) != 2 || got.Messages[0].Faults[0].Code != "file_refused" {
			t.Errorf("%+v", got.Messages[0])
		}
	})
}

// TestUploadIsJudgedByItsContent: row 201, A23.4.
func TestUploadIsJudgedByItsContent(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		for name, content := range map[string][]byte{
			"a.pdf": filetest.PDF("a"), "b.docx": filetest.DOCX(), "c.jpg": filetest.JPEG(), "d.png": filetest.PNG(), "e.xml": filetest.XML("x"), "f.sig": filetest.CMS(),
		} {
			w.upload(o, name, content)
		}
		w.Expect(w.form(o, "program.pdf", append([]byte("MZ"), make([]byte, 200)...)), http.StatusUnprocessableEntity, "file_dangerous")
		w.Expect(w.form(o, "empty.pdf", nil), http.StatusUnprocessableEntity, "file_empty")
		w.Expect(w.form(o, "large.pdf", append(filetest.PDF("x"), make([]byte, 10<<20)...)), http.StatusRequestEntityTooLarge, "file_too_large")
		w.Expect(w.Do("POST", requests+"/files", w.Token(o, directory.Manager), `{}`), http.StatusUnsupportedMediaType, "content_type_unsupported")
		w.Expect(w.Do("POST", requests+"/files", w.Token(o, directory.Manager), "--x--\r\n", "Content-Type", "multipart/form-data; boundary=x"), http.StatusBadRequest, "form_file_missing")
	})
}

// TestTicketTakesFiveFiles: row 261.
func TestTicketTakesFiveFiles(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		var files []string
		for range 6 {
			files = append(files, w.upload(o, "s.png", filetest.PNG()))
		}
		body := map[string]any{"type": "ticket", "kind": "other", "subject": "x", "text": "x", "reply_channel": "cabinet", "files": files}
		got := w.Expect(w.Do("POST", requests, w.Token(o, directory.Manager), body), http.StatusUnprocessableEntity, "validation_failed").Problem(t)
		if got.Errors[0].Code != "request_too_many_files" {
			t.Errorf("%+v", got)
		}
		large := filetest.XML(strings.Repeat("x", 6<<20))
		body["files"] = []string{w.upload(o, "1.xml", large), w.upload(o, "2.xml", large)}
		got = w.Expect(w.Do("POST", requests, w.Token(o, directory.Manager), body), http.StatusUnprocessableEntity, "validation_failed").Problem(t)
		if got.Errors[0].Code != "request_files_too_large" {
			t.Errorf("%+v", got)
		}
		body["files"] = files[:5]
		w.Expect(w.Do("POST", requests, w.Token(o, directory.Manager), body), http.StatusCreated, "")
	})
}

// TestWhatIsOpenedIsCheckedFieldByField.
func TestWhatIsOpenedIsCheckedFieldByField(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqlite(t))
	o, other := w.Office("Alpha", directory.Roles()...), w.Office("Beta", directory.Roles()...)
	foreign := w.ticket(other, nil)
	good := func(changes map[string]any) map[string]any {
		body := map[string]any{"type": "ticket", "kind": "technical", "subject": "x", "text": "x", "reply_channel": "cabinet"}
		for name, value := range changes {
			body[name] = value
		}
		return body
	}
	appeal := func(changes map[string]any) map[string]any {
		body := map[string]any{"type": "appeal", "subject": "x", "text": "x", "recipient": "7701", "recipient_name": "ИФНС"}
		for name, value := range changes {
			body[name] = value
		}
		return body
	}
	for name, test := range map[string]struct {
		body       map[string]any
		field, why string
	}{
		"no type":              {good(map[string]any{"type": ""}), "/type", "not_allowed"},
		"an application":       {good(map[string]any{"type": "application"}), "/type", "not_allowed"},
		"a requirement":        {good(map[string]any{"type": "requirement"}), "/type", "not_allowed"},
		"no subject":           {good(map[string]any{"subject": " "}), "/subject", "required"},
		"long subject":         {good(map[string]any{"subject": strings.Repeat("я", 301)}), "/subject", "request_too_long"},
		"subject of two lines": {good(map[string]any{"subject": "a\nb"}), "/subject", "invalid"},
		"turned subject":       {good(map[string]any{"subject": "a\u202eb"}), "/subject", "invalid"},
		"no text":              {good(map[string]any{"text": ""}), "/text", "required"},
		"long text":            {good(map[string]any{"text": strings.Repeat("я", 10001)}), "/text", "request_too_long"},
		"no kind":              {good(map[string]any{"kind": "complaint"}), "/kind", "not_allowed"},
		"no channel":           {good(map[string]any{"reply_channel": ""}), "/reply_channel", "not_allowed"},
		"e-mail missing":       {good(map[string]any{"reply_channel": "email"}), "/email", "invalid"},
		"phone wrong":          {good(map[string]any{"reply_channel": "phone", "phone": "123"}), "/phone", "invalid"},
		"error without code":   {good(map[string]any{"kind": "error"}), "/error_code", "required"},
		"code that is none":    {good(map[string]any{"kind": "error", "error_code": "<b>"}), "/error_code", "format"},
		"earlier misread":      {good(map[string]any{"earlier": "T26-000000000-0"}), "/earlier", "request_number"},
		"another's number":     {good(map[string]any{"earlier": foreign.Number}), "/earlier", "request_unknown_number"},
		"another's related":    {good(map[string]any{"related": foreign.Number}), "/related", "request_unknown_number"},
		"no recipient":         {appeal(map[string]any{"recipient": ""}), "/recipient", "required"},
		"recipient in words":   {appeal(map[string]any{"recipient": "ИФНС"}), "/recipient", "request_body_code"},
		"no recipient's name":  {appeal(map[string]any{"recipient_name": ""}), "/recipient_name", "required"},
		"unknown field":        {appeal(map[string]any{"status": "resolved"}), "/status", "unknown"},
	} {
		got := w.Do("POST", requests, w.Token(o, directory.Manager), test.body)
		w.Expect(got, http.StatusUnprocessableEntity, "validation_failed")
		if p := got.Problem(t); p.Errors[0].Pointer != test.field || p.Errors[0].Code != test.why {
			t.Errorf("%s: %+v", name, p.Errors)
		}
	}
	r := w.requirement(o, 48*time.Hour)
	for name, test := range map[string]struct{ body, why string }{
		"past":          {`{"execution_at":"2020-01-01T00:00:00Z"}`, "request_past"},
		"after the due": {`{"execution_at":"` + w.Clock.Now().Add(72*time.Hour).Format(time.RFC3339) + `"}`, "request_after_due"},
		"status":        {`{"status":"done"}`, "read_only"},
		"due date":      {`{"due_at":"2030-01-01T00:00:00Z"}`, "read_only"},
	} {
		got := w.Expect(w.Do("PATCH", requests+"/"+r.ID, w.Token(o, directory.Manager), test.body), http.StatusUnprocessableEntity, "validation_failed")
		if p := got.Problem(t); p.Errors[0].Code != test.why {
			t.Errorf("%s: %+v", name, p.Errors)
		}
	}
	w.Expect(w.Do("PATCH", requests+"/"+r.ID, w.Token(o, directory.Manager), `{}`, "If-Match", `"zz"`), http.StatusPreconditionFailed, "version_changed")
}

// TestSignatureGoesWithItsFile, and only a signature is one.
func TestSignatureGoesWithItsFile(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		r := w.requirement(o, time.Hour)
		doc, sig, pic := w.upload(o, "a.pdf", filetest.PDF("a")), w.upload(o, "a.sig", filetest.CMS()), w.upload(o, "b.png", filetest.PNG())
		for _, wrong := range []map[string]string{{doc: pic}, {doc: doc}, {storage.NewID(): sig}, {doc: storage.NewID()}} {
			w.Expect(w.Do("POST", requests+"/"+r.ID+"/messages", w.Token(o, directory.Manager),
				map[string]any{"kind": "reply", "files": []string{doc, sig, pic}, "signatures": wrong}), http.StatusUnprocessableEntity, "validation_failed")
		}
		w.reply(o, r.ID, map[string]any{"files": []string{doc, sig, pic}, "signatures": map[string]string{doc: sig}})
		s := w.submission()
		if len(s.Files) != 2 || len(s.Files[0].Signatures) != 1 || string(s.Files[0].Signatures[0]) != string(filetest.CMS()) {
			t.Errorf("sent as %+v", s.Files)
		}
	})
}

// TestSupportSaysHowItIsReached: rows 258, 265, 266, 268.
func TestSupportSaysHowItIsReached(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqlite(t))
	o := w.Office("Alpha", directory.Roles()...)
	var support struct {
		Phones            []string
		Email             string
		AnswerWithinHours int `json:"answer_within_hours"`
		FilesMost         int `json:"files_most"`
		Kinds             []struct{ Value, Label string }
		Questions         []struct{ Question, Answer string }
	}
	token := w.Token(o, directory.Observer)
	w.Expect(w.Do("GET", "/v1/support", token, nil), http.StatusOK, "").Into(t, &support)
	if support.Email != "help@example.ru" || support.AnswerWithinHours != 24 || support.FilesMost != 5 || len(support.Kinds) != 7 || len(support.Questions) != 8 {
		t.Errorf("%+v", support)
	}
	w.Expect(w.Do("GET", "/v1/support?q="+url.QueryEscape("подпись сертификат"), token, nil), http.StatusOK, "").Into(t, &support)
	if len(support.Questions) != 1 || support.Questions[0].Question != "Почему подпись не принята?" {
		t.Errorf("found %+v", support.Questions)
	}
	w.Expect(w.Do("GET", "/v1/support?q=signature", token, nil, "Accept-Language", "en"), http.StatusOK, "").Into(t, &support)
	if len(support.Questions) != 1 {
		t.Errorf("found %+v", support.Questions)
	}
}

// TestOwnTemplatesAreKeptInVersions: rows 204 and 216.
func TestOwnTemplatesAreKeptInVersions(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		const path = "/v1/organization/request-templates"
		token := w.Token(o, directory.Manager)
		for _, wrong := range []map[string]any{
			{"title": "", "text": "x"}, {"title": "x", "text": ""}, {"title": "x", "text": "x", "recipient": "ИФНС"},
		} {
			w.Expect(w.Do("POST", path, token, wrong), http.StatusUnprocessableEntity, "validation_failed")
		}
		added := w.Expect(w.Do("POST", path, token, map[string]any{"title": "НДС", "type": "requirement", "recipient": "7701", "text": "О {number}"}), http.StatusCreated, "")
		var template struct{ ID, Text string }
		added.Into(t, &template)
		changed := map[string]any{"title": "НДС", "type": "requirement", "text": "По {number}"}
		w.Expect(w.Do("PUT", path+"/"+template.ID, token, changed, "If-Match", added.Header.Get("ETag")), http.StatusOK, "").Into(t, &template)
		if template.Text != "По {number}" {
			t.Errorf("%+v", template)
		}
		w.Expect(w.Do("PUT", path+"/"+template.ID, token, changed, "If-Match", added.Header.Get("ETag")), http.StatusPreconditionFailed, "version_changed")
		var list struct{ Templates []struct{ ID, Title string } }
		w.Expect(w.Do("GET", path+"?type=appeal&recipient=7702", token, nil), http.StatusOK, "").Into(t, &list)
		if len(list.Templates) != 1 || list.Templates[0].ID != "appeal-addition" {
			t.Errorf("for appeals: %+v", list)
		}
		w.Expect(w.Do("DELETE", path+"/"+template.ID, token, nil), http.StatusNoContent, "")
		w.Expect(w.Do("DELETE", path+"/"+template.ID, token, nil), http.StatusNotFound, "not_found")
		w.Expect(w.Do("GET", path+"?request="+storage.NewID(), token, nil), http.StatusBadRequest, "parameter_invalid")
	})
}

// TestWhatCannotBeSentIsTold: a submission that the authority refuses for good.
func TestWhatCannotBeSentIsTold(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		w.agency.Fail(http.StatusBadRequest)
		r := w.appeal(o)
		w.agency.Deliver(t)
		if got := w.told(r.ID); len(got) != 2 || got[1] != "appeal.not_sent" {
			t.Errorf("told: %v", got)
		}
		if got := w.journalled(o, r.ID); len(got) != 2 || got[1] != "request.not_sent" {
			t.Errorf("journal: %v", got)
		}
	})
}

// A form that breaks off, by a bad line or on purpose, is the sender's fault: it is told
// so, and writes no error of ours into the log.
func TestAFormThatBreaksOffIsTheSendersFault(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	o := w.Office("Alpha", directory.Roles()...)
	body, kind := formBody(t, "a.pdf", filetest.PDF("a"))
	head := bytes.Index(body, []byte("\r\n\r\n")) + 4
	for name, cut := range map[string][]byte{"within the file": body[:head+5], "before the file": body[:head], "before the last boundary": body[:len(body)-6]} {
		reply := w.Do("POST", "/v1/organization/requests/files", w.Token(o, directory.Manager), cut, "Content-Type", kind)
		if reply.StatusCode != http.StatusBadRequest || !strings.Contains(reply.Text, "body_malformed") {
			t.Errorf("%s: %d %s", name, reply.StatusCode, reply.Text)
		}
	}
}
