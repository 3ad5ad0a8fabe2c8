package document_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/cabinettest"
	"propusk/cabinet/document"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/file/filetest"
	"propusk/storage/storagetest"
)

func TestBulkUploadReportsEachFileByItself(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		a := w.Office("Alpha", directory.Operator)
		token := w.Token(a, directory.Operator)
		got := w.Expect(w.post("/v1/documents", token, []string{"type", "contract", "valid_until", "2026-12-31", "description", "С ООО «Вектор»"},
			upload{"Договор.pdf", filetest.PDF("1")}, upload{"setup.pdf", []byte("MZ\x90\x00\x03\x00\x00\x00")},
			upload{"Приложение.docx", filetest.DOCX()}, upload{"Таблица.xlsx", filetest.XLSX()}, upload{"пусто.pdf", nil},
			upload{"huge.pdf", append(filetest.PDF("x"), bytes.Repeat([]byte(" "), 10<<20)...)}, upload{"скан.exe", filetest.PNG()},
		), http.StatusMultiStatus, "")
		var b bulk
		got.Into(t, &b)
		var names []string
		for _, d := range b.Documents {
			names = append(names, d.Name+"|"+d.File.Name)
			if d.Type != "contract" || d.ValidUntil != "2026-12-31" || d.Description != "С ООО «Вектор»" || d.Status != "active" || d.TypeLabel != "Договор" {
				t.Errorf("%+v", d)
			}
		}
		if want := []string{"Договор|Договор.pdf", "Приложение|Приложение.docx", "скан.exe|скан.exe.png"}; !slices.Equal(names, want) {
			t.Errorf("taken %q, want %q", names, want)
		}
		var refused []string
		for _, r := range b.Refused {
			refused = append(refused, fmt.Sprintf("%d %s %s %d", r.Index, r.Name, r.Problem.Code, r.Problem.Status))
		}
		if want := []string{"1 setup.pdf file_dangerous 422", "3 Таблица.xlsx file_kind 422", "4 пусто.pdf file_empty 422", "5 huge.pdf file_too_large 413"}; !slices.Equal(refused, want) {
			t.Errorf("refused %q, want %q", refused, want)
		}
		if got := w.actions(a); !slices.Equal(got, []string{"added", "added", "added"}) {
			t.Errorf("the journal has %v", got)
		}
		e := w.journal(a)[0]
		if e.Actor != a.Members[directory.Operator].Person.ID || e.Object != b.Documents[0].ID || e.Details["name"] != "Договор" || !strings.Contains(e.Details["authority"], "membership") {
			t.Errorf("entry %+v", e)
		}
	})
}

func TestUploadRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a := w.Office("Alpha", directory.Observer)
	token := w.Token(a, directory.Administrator)
	pdf := upload{"a.pdf", filetest.PDF("x")}
	six := upload{"b.pdf", append(bytes.Replace(filetest.PDF("x"), []byte("%%EOF\n"), nil, 1), append(bytes.Repeat([]byte(" "), 6<<20), "%%EOF"...)...)}
	for name, tt := range map[string]struct {
		fields []string
		files  []upload
		status int
		code   string
		field  string
	}{
		"no file":                       {nil, nil, 422, "validation_failed", "/file required"},
		"an unknown type":               {[]string{"type", "x"}, []upload{pdf}, 422, "validation_failed", "/type invalid"},
		"an unknown field":              {[]string{"secret", "x"}, []upload{pdf}, 422, "validation_failed", "/secret unknown"},
		"a field twice":                 {[]string{"type", "act", "type", "act"}, []upload{pdf}, 422, "validation_failed", "/type duplicate"},
		"a date that is none":           {[]string{"valid_until", "31.12.2026"}, []upload{pdf}, 422, "validation_failed", "/valid_until format"},
		"a description without end":     {[]string{"description", strings.Repeat("я", 2001)}, []upload{pdf}, 422, "validation_failed", "/description too_long"},
		"a field without end":           {[]string{"description", strings.Repeat("я", 5000)}, []upload{pdf}, 422, "validation_failed", "/description too_long"},
		"control characters":            {[]string{"description", "a\x00b"}, []upload{pdf}, 422, "validation_failed", "/description invalid"},
		"a name in two lines":           {[]string{"name", "a\nb"}, []upload{pdf}, 422, "validation_failed", "/name invalid"},
		"one name for two":              {[]string{"name", "x"}, []upload{pdf, pdf}, 422, "validation_failed", "/name not_allowed"},
		"a recipient that is none":      {[]string{"recipient", "123"}, []upload{pdf}, 422, "validation_failed", "/recipient recipient"},
		"a recipient that is not here":  {[]string{"recipient", "7707083893"}, []upload{pdf}, 422, "validation_failed", "/recipient recipient_unknown"},
		"oneself":                       {[]string{"recipient", a.INN}, []upload{pdf}, 422, "validation_failed", "/recipient recipient_own"},
		"21 files":                      {nil, slices.Repeat([]upload{{"a.txt", []byte("a")}}, 21), 422, "validation_failed", "/file too_many"},
		"a program":                     {nil, []upload{{"a.pdf", []byte("MZ\x90\x00\x03\x00\x00\x00")}}, 422, "file_dangerous", ""},
		"HTML":                          {nil, []upload{{"a.txt", []byte("<html><script>")}}, 422, "file_dangerous", ""},
		"a profile document above 5 MB": {[]string{"type", "charter"}, []upload{six}, 413, "file_too_large", ""},
		"a type that takes no text":     {[]string{"type", "charter"}, []upload{{"a.txt", []byte("a")}}, 422, "file_kind", ""},
	} {
		got := w.post("/v1/documents", token, tt.fields, tt.files...)
		p := got.Problem(t)
		faults := ""
		for _, f := range p.Errors {
			faults = f.Pointer + " " + f.Code
		}
		if got.StatusCode != tt.status || p.Code != tt.code || faults != tt.field {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.Text)
		}
	}
	if six := w.post("/v1/documents", token, []string{"type", "contract"}, six); six.StatusCode != http.StatusCreated {
		t.Errorf("6 MB of a contract: %s", six.Text)
	}
	w.Expect(w.Do("POST", "/v1/documents", token, `{"a":1}`), http.StatusUnsupportedMediaType, "content_type_unsupported")
	w.Expect(w.Do("POST", "/v1/documents", token, "--x\r\nbroken", "Content-Type", "multipart/form-data; boundary=x"), http.StatusBadRequest, "body_malformed")
	w.Expect(w.Do("POST", "/v1/documents", token, "x", "Content-Type", "multipart/form-data"), http.StatusBadRequest, "body_malformed")
	cutOff, contentType := form(nil, pdf)
	w.Expect(w.Do("POST", "/v1/documents", token, cutOff[:len(cutOff)/2], "Content-Type", contentType), http.StatusBadRequest, "body_malformed")
	w.Expect(w.post("/v1/documents", token, slices.Repeat([]string{"type", "act"}, 70), pdf), http.StatusBadRequest, "body_malformed")
	if n := len(w.list(a, "")); n != 1 {
		t.Errorf("%d documents came of it", n)
	}
	w.Expect(w.post("/v1/documents", w.Token(a, directory.Observer), nil, pdf), http.StatusForbidden, "permission_missing")
}

// list is a page of the archive's names.
func (w *world) list(o *cabinettest.Office, query string) (names []string) {
	w.t.Helper()
	var page struct{ Documents []view }
	w.Expect(w.Do("GET", "/v1/documents?"+query, w.Token(o, directory.Administrator), nil), http.StatusOK, "").Into(w.t, &page)
	for _, d := range page.Documents {
		names = append(names, d.Name)
	}
	return names
}

func TestRepeatUnderOneKeyUploadsOnce(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		a := w.Office("Alpha")
		body, contentType := form([]string{"type", "act"}, upload{"a.pdf", filetest.PDF("x")})
		send := func() cabinettest.Reply {
			return w.Do("POST", "/v1/documents", w.Token(a, directory.Administrator), body, "Content-Type", contentType, "Idempotency-Key", "one")
		}
		first, second := w.Expect(send(), 201, ""), w.Expect(send(), 201, "")
		if first.Text != second.Text || second.Header.Get("Idempotent-Replayed") != "true" || len(w.list(a, "")) != 1 {
			t.Errorf("%s\n%s", first.Text, second.Text)
		}
		w.Clock.Advance(25 * time.Hour)
		if _, err := w.files.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		var n int
		must(t, db.Get(t.Context(), &n, `SELECT COUNT(*) FROM files`))
		if n != 1 {
			t.Errorf("%d files are kept, want the one", n)
		}
	})
}

func TestListFiltersSearchesAndPages(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		a, b := w.Office("Alpha"), w.Office("Beta")
		w.pdf(b)
		start := w.Clock.Now()
		for i, d := range []struct{ name, kind, description string }{
			{"Договор поставки", "contract", ""}, {"Акт сверки", "act", "с ООО «Ёлка»"}, {"100%_скидка", "invoice", ""}, {"Договор аренды", "contract", "офис"}, {"Счёт", "invoice", "аренда"},
		} {
			w.Clock.Advance(time.Hour)
			w.add(a, directory.Administrator, fmt.Sprintf("f%d.pdf", i), filetest.PDF(fmt.Sprint(i)), "name", d.name, "type", d.kind, "description", d.description)
		}
		at := func(hours int) string {
			return strings.ReplaceAll(start.Add(time.Duration(hours)*time.Hour).Format(time.RFC3339), "+", "%2B")
		}
		for query, want := range map[string]string{
			"":                                "Счёт, Договор аренды, 100%_скидка, Акт сверки, Договор поставки",
			"type=contract":                   "Договор аренды, Договор поставки",
			"q=" + q("договор"):               "Договор аренды, Договор поставки",
			"q=" + q("АРЕНД"):                 "Счёт, Договор аренды",
			"q=" + q("аренды договор"):        "Договор аренды",
			"q=" + q("елка"):                  "Акт сверки",
			"q=" + q("ЁЛКА"):                  "Акт сверки",
			"q=" + q("счет"):                  "Счёт, 100%_скидка", // the type's name too
			"q=" + q("f0.pdf"):                "Договор поставки",
			"q=" + q("%"):                     "100%_скидка",
			"q=" + q("0%_"):                   "100%_скидка",
			"q=" + q("_"):                     "100%_скидка",
			"q=" + q("!"):                     "",
			"q=" + q("' OR 1=1 --"):           "",
			"from=" + at(3):                   "Счёт, Договор аренды, 100%_скидка",
			"to=" + at(3):                     "Акт сверки, Договор поставки",
			"from=" + at(2) + "&to=" + at(4):  "100%_скидка, Акт сверки",
			"type=contract&q=" + q("поставк"): "Договор поставки",
			"status=archived":                 "",
		} {
			if got := strings.Join(w.list(a, query), ", "); got != want {
				t.Errorf("%q: %s, want %s", query, got, want)
			}
		}
		var all []string
		for after := ""; ; {
			var page struct {
				Documents []view
				Next      string
			}
			w.Expect(w.Do("GET", "/v1/documents?limit=2"+after, w.Token(a, directory.Administrator), nil), 200, "").Into(t, &page)
			for _, d := range page.Documents {
				all = append(all, d.Name)
			}
			if after = "&after=" + page.Next; page.Next == "" {
				break
			}
		}
		if got := strings.Join(all, ", "); got != "Счёт, Договор аренды, 100%_скидка, Акт сверки, Договор поставки" {
			t.Errorf("in pages: %s", got)
		}
		w.Expect(w.Do("GET", "/v1/documents?type=x&from=now&after=x&limit=0&z=1", w.Token(a, directory.Administrator), nil), 400, "parameter_invalid")
	})
}

func q(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

func TestOneDocumentIsRenamedArchivedAndDeleted(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		a := w.Office("Alpha", directory.Observer)
		token := w.Token(a, directory.Administrator)
		d := w.pdf(a)
		path := "/v1/documents/" + d.ID
		first := w.Expect(w.Do("GET", path, token, nil), 200, "")
		tag := first.Header.Get("ETag")
		w.Expect(w.Do("GET", path, token, nil, "If-None-Match", tag), 304, "")
		got := w.Expect(w.Do("PATCH", path, token, `{"name":"Договор № 7","type":"act","valid_until":"2027-01-31"}`, "If-Match", tag), 200, "")
		var v view
		got.Into(t, &v)
		if v.Name != "Договор № 7" || v.Type != "act" || v.ValidUntil != "2027-01-31" || v.Description != "" || v.Integrity.State != "whole" {
			t.Errorf("%+v", v)
		}
		w.Expect(w.Do("PATCH", path, token, `{"name":"x"}`, "If-Match", tag), 412, "version_changed")
		for body, fault := range map[string]string{`{"name":""}`: "required", `{"type":"x"}`: "invalid", `{"type":""}`: "required", `{"size":1}`: "unknown", `{"version":2}`: "read_only"} {
			if p := w.Expect(w.Do("PATCH", path, token, body), 422, "validation_failed").Problem(t); p.Errors[0].Code != fault {
				t.Errorf("%s: %+v", body, p)
			}
		}
		w.Expect(w.Do("PATCH", path, token, `{"valid_until":"","description":"в двух\nстроках"}`), 200, "")
		w.Expect(w.Do("POST", path+"/archive", token, nil), 200, "").Into(t, &v)
		if v.Status != "archived" || v.action("edit").Reason != "document_archived" || !v.action("unarchive").Allowed || !v.action("delete").Allowed {
			t.Errorf("%+v", v)
		}
		w.Expect(w.Do("PATCH", path, token, `{"name":"y"}`), 409, "document_archived")
		w.Expect(w.Do("POST", path+"/shares", token, `{"recipient":"a@example.ru"}`), 409, "document_archived")
		w.Expect(w.sign(path+"/signatures", token, w.holder(a).Sign(t, filetest.PDF("contract Alpha"))), 409, "document_archived")
		if len(w.list(a, "")) != 0 || len(w.list(a, "status=archived")) != 1 {
			t.Error("it is in the wrong list")
		}
		w.Expect(w.Do("POST", path+"/unarchive", token, nil), 200, "")
		w.Expect(w.Do("POST", path+"/unarchive", token, nil), 200, "") // twice is once
		if v := w.get(a, directory.Observer, d.ID); v.action("edit").Reason != "permission_missing" || len(v.action("edit").Ask) != 1 || !v.action("download").Allowed {
			t.Errorf("the observer's actions: %+v", v.Actions)
		}
		w.Expect(w.Do("DELETE", path, token, nil), 204, "")
		w.Expect(w.Do("GET", path, token, nil), 404, "not_found")
		if got := w.actions(a); !slices.Equal(got, []string{"added", "changed", "changed", "archived", "unarchived", "removed"}) {
			t.Errorf("the journal has %v", got)
		}
		if e := w.journal(a)[1]; e.Details["name_before"] != "Договор Alpha" || e.Details["name_after"] != "Договор № 7" || e.Details["kind_after"] != "act" {
			t.Errorf("before and after: %v", e.Details)
		}
		w.Clock.Advance(25 * time.Hour)
		if swept, err := w.files.Sweep(t.Context()); err != nil || swept.Loose != 1 {
			t.Errorf("swept %+v, %v", swept, err)
		}
	})
}

func TestWhatIsUsedElsewhereIsNotDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a := w.Office("Alpha")
	token := w.Token(a, directory.Administrator)
	d := w.pdf(a)
	doc, err := w.documents.Get(t.Context(), a.ID, d.ID)
	must(t, err)
	must(t, w.files.Keep(t.Context(), a.ID, "filing/1", doc.FileID))
	w.Expect(w.Do("DELETE", "/v1/documents/"+d.ID, token, nil), 409, "document_in_use")
	if got := w.get(a, directory.Administrator, d.ID).action("delete"); got.Allowed || got.Reason != "document_in_use" || got.Detail == "" {
		t.Errorf("%+v", got)
	}
	must(t, w.files.Release(t.Context(), "filing/1"))
	w.Expect(w.Do("DELETE", "/v1/documents/"+d.ID, token, nil), 204, "")
}

func TestReceivedDocumentsStay(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		a := w.Office("Alpha")
		token := w.Token(a, directory.Administrator)
		f := filetest.Saved(t, w.files, a.ID, "extract/1", "Выписка.pdf", filetest.PDF("extract"))
		var id string
		for range 2 { // however often
			again, err := w.documents.Receive(t.Context(), a.ID, "extract/1", document.NewDocument{Kind: "extract", Name: "Выписка ЕГРЮЛ"}, f.ID)
			must(t, err)
			if id != "" && again != id {
				t.Error("received twice")
			}
			id = again
		}
		v := w.get(a, directory.Administrator, id)
		if !v.Received || v.Name != "Выписка ЕГРЮЛ" || v.CreatedBy != "" || v.action("delete").Reason != "document_received" || v.action("add_version").Reason != "document_received" {
			t.Errorf("%+v", v)
		}
		path := "/v1/documents/" + id
		w.Expect(w.Do("DELETE", path, token, nil), 409, "document_received")
		w.Expect(w.post(path+"/versions", token, nil, upload{"b.pdf", filetest.PDF("b")}), 409, "document_received")
		w.Expect(w.Do("PATCH", path, token, `{"type":"act"}`), 409, "document_received")
		w.Expect(w.Do("PATCH", path, token, `{"description":"для банка"}`), 200, "")
		if _, err := w.documents.Receive(t.Context(), a.ID, "extract/2", document.NewDocument{Kind: "extract"}, storage.NewID()); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("a file that is not there: %v", err)
		}
	})
}

func TestVersionsAreAddedAndRestored(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		a := w.Office("Alpha", directory.Operator)
		token := w.Token(a, directory.Operator)
		d := w.pdf(a)
		path := "/v1/documents/" + d.ID
		one, two := filetest.PDF("contract Alpha"), filetest.PDF("contract, changed")
		w.Expect(w.sign(path+"/signatures", w.Token(a, directory.Administrator), w.holder(a).Sign(t, one)), 201, "")
		w.Expect(w.post(path+"/versions", token, nil, upload{"same.pdf", one}), 409, "document_same")
		got := w.Expect(w.post(path+"/versions", token, []string{"note", "Исправлена сумма"}, upload{"Договор 2.pdf", two}), 201, "")
		var v view
		got.Into(t, &v)
		if v.Version != 2 || v.Signatures != 0 || len(v.SignatureList) != 0 || v.File.Name != "Договор 2.pdf" || got.Header.Get("Location") != path {
			t.Errorf("%s", got.Text)
		}
		w.Expect(w.Do("POST", path+"/versions/1/restore", token, nil), 201, "").Into(t, &v)
		if v.Version != 3 || v.Signatures != 1 || len(v.SignatureList) != 1 || v.File.SHA256 != d.File.SHA256 {
			t.Errorf("restored: %+v", v)
		}
		w.Expect(w.Do("POST", path+"/versions/1/restore", token, nil), 409, "document_same")
		for _, number := range []string{"0", "9", "x", "-1"} {
			w.Expect(w.Do("POST", path+"/versions/"+number+"/restore", token, nil), 404, "not_found")
		}
		var list struct {
			Versions []struct {
				Version      int64
				Present      bool
				Note         string
				RestoredFrom int64  `json:"restored_from"`
				CreatedBy    string `json:"created_by"`
			}
		}
		w.Expect(w.Do("GET", path+"/versions", token, nil), 200, "").Into(t, &list)
		if len(list.Versions) != 3 || !list.Versions[0].Present || list.Versions[0].RestoredFrom != 1 || list.Versions[1].Note != "Исправлена сумма" ||
			list.Versions[1].CreatedBy != a.Members[directory.Operator].Person.ID || list.Versions[2].CreatedBy != a.Admin.ID {
			t.Errorf("%+v", list)
		}
		for number, want := range map[string][]byte{"1": one, "2": two, "3": one} {
			if got := w.Expect(w.Do("GET", path+"/content?version="+number, token, nil), 200, ""); got.Text != string(want) {
				t.Errorf("version %s is another", number)
			}
		}
		w.Expect(w.Do("GET", path+"/content?version=4", token, nil), 404, "not_found")
		tag := w.Do("GET", path, token, nil).Header.Get("ETag")
		body, contentType := form(nil, upload{"x.pdf", filetest.PDF("x")})
		w.Expect(w.Do("POST", path+"/versions", token, body, "Content-Type", contentType, "If-Match", `"stale"`), 412, "version_changed")
		w.Expect(w.Do("POST", path+"/versions", token, body, "Content-Type", contentType, "If-Match", tag), 201, "")
		w.Expect(w.post(path+"/versions", token, nil, upload{"x.xlsx", filetest.XLSX()}), 422, "file_kind") // no kind of a contract
		w.Expect(w.post(path+"/versions", token, nil, upload{"x.pdf", []byte("MZ\x90\x00\x03\x00\x00\x00")}), 422, "file_dangerous")
		w.Expect(w.post(path+"/versions", token, []string{"note", strings.Repeat("я", 2001)}, upload{"x.pdf", two}), 422, "validation_failed")
		w.Expect(w.Do("DELETE", path, token, nil), 409, "document_signed") // an old version's signature keeps it
	})
}

func TestDownloadIsSafeAndKnowsRanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a := w.Office("Alpha")
	token := w.Token(a, directory.Administrator)
	content := filetest.PDF("contract Alpha")
	path := "/v1/documents/" + w.pdf(a).ID + "/content"
	got := w.Expect(w.Do("GET", path, token, nil), 200, "")
	for name, want := range map[string]string{
		"Content-Type": "application/pdf", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox",
		"Content-Disposition": "attachment; filename*=utf-8''%D0%94%D0%BE%D0%B3%D0%BE%D0%B2%D0%BE%D1%80%20Alpha.pdf", "Accept-Ranges": "bytes",
		"Content-Length": fmt.Sprint(len(content)),
	} {
		if got.Header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.Header.Get(name), want)
		}
	}
	if got.Text != string(content) {
		t.Error("other bytes")
	}
	part := w.Expect(w.Do("GET", path, token, nil, "Range", "bytes=5-9"), 206, "")
	if part.Text != string(content[5:10]) || part.Header.Get("Content-Range") != fmt.Sprintf("bytes 5-9/%d", len(content)) {
		t.Errorf("%q %v", part.Text, part.Header)
	}
	w.Expect(w.Do("GET", path, token, nil, "Range", "bytes=999999-"), 416, "")
	w.Expect(w.Do("GET", path, token, nil, "If-None-Match", got.Header.Get("ETag")), 304, "")
	if head := w.Do("HEAD", path, token, nil); head.StatusCode != 200 || head.Header.Get("Content-Length") != fmt.Sprint(len(content)) {
		t.Errorf("HEAD: %d %v", head.StatusCode, head.Header)
	}
	if shown := w.Expect(w.Do("GET", path+"?inline=true", token, nil), 200, ""); !strings.HasPrefix(shown.Header.Get("Content-Disposition"), "inline;") ||
		shown.Header.Get("Content-Security-Policy") != "default-src 'none'; sandbox" {
		t.Errorf("shown in place: %v", shown.Header)
	}
	text := w.add(a, directory.Administrator, "a.xml", filetest.XML("x"))
	if saved := w.Do("GET", "/v1/documents/"+text.ID+"/content?inline=true", token, nil); !strings.HasPrefix(saved.Header.Get("Content-Disposition"), "attachment;") {
		t.Errorf("XML is shown in place: %v", saved.Header)
	}
	if n := len(slices.DeleteFunc(w.actions(a), func(s string) bool { return s != "downloaded" })); n != 6 {
		t.Errorf("%d downloads in the journal, want every one, parts too", n)
	}
}

func TestDamagedDocumentSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a := w.Office("Alpha")
	token := w.Token(a, directory.Administrator)
	d := w.pdf(a)
	doc, err := w.documents.Get(t.Context(), a.ID, d.ID)
	must(t, err)
	key := "files/" + doc.FileID[34:] + "/" + doc.FileID
	for _, damage := range []func() error{
		func() error {
			_, err := w.files.Blob.Put(t.Context(), key, strings.NewReader("something else"))
			return err
		},
		func() error { return w.files.Blob.Delete(t.Context(), key) },
	} {
		must(t, damage())
		for _, path := range []string{"/content", "/container"} {
			w.Expect(w.Do("GET", "/v1/documents/"+d.ID+path, token, nil), 503, "file_damaged")
		}
		if v := w.get(a, directory.Administrator, d.ID); v.Integrity.State != "damaged" {
			t.Errorf("integrity %+v", v.Integrity)
		}
	}
	if events := w.events(a); !slices.Equal(events, []string{"document.damaged"}) {
		t.Errorf("told %v", events)
	}
}

func TestTypesSayWhatTheyTake(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a := w.Office("Alpha")
	var got struct {
		Types []struct {
			Type, Label string
			Files       []string
			MaxSize     int64 `json:"max_size"`
			MaxLarge    int64 `json:"max_large"`
		}
	}
	w.Expect(w.Do("GET", "/v1/documents/types", w.Token(a, directory.Administrator), nil, "Accept-Language", "en"), 200, "").Into(t, &got)
	first, last := got.Types[0], got.Types[len(got.Types)-1]
	if first.Type != "charter" || first.Label != "Articles of association" || first.MaxSize != 5<<20 || first.MaxLarge != 5<<20 || strings.Join(first.Files, " ") != "pdf jpeg png" {
		t.Errorf("%+v", first)
	}
	if last.Type != "other" || last.MaxSize != 10<<20 || last.MaxLarge != 200<<20 {
		t.Errorf("%+v", last)
	}
	if !document.Kind("act").Valid() || document.Kind("x").Valid() || document.Kind("x").Label("ru") != "Другой документ" {
		t.Error("the catalogue")
	}
}

func TestNewNeedsEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	for name, drop := range map[string]func(*document.Deps){
		"DB": func(d *document.Deps) { d.DB = nil }, "Files": func(d *document.Deps) { d.Files = nil }, "Directory": func(d *document.Deps) { d.Directory = nil },
		"Journal": func(d *document.Deps) { d.Journal = nil }, "Outbox": func(d *document.Deps) { d.Outbox = nil }, "Notices": func(d *document.Deps) { d.Notices = nil },
		"BaseURL": func(d *document.Deps) { d.BaseURL = "" }, "Now": func(d *document.Deps) { d.Now = nil }, "Log": func(d *document.Deps) { d.Log = nil },
	} {
		deps := w.documents.Deps
		drop(&deps)
		if _, err := document.New(deps); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

// Two changes at a time: one after the other, and none is lost.
func TestChangesOfOneDocumentTakeTurns(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		a := w.Office("Alpha")
		d := w.pdf(a)
		done := make(chan error)
		for i := range 8 {
			go func() {
				f, err := w.files.Save(context.Background(), a.ID, "x.pdf", file.PDF, 1<<20, bytes.NewReader(filetest.PDF(fmt.Sprint(i))))
				if err == nil {
					_, err = w.documents.AddVersion(context.Background(), directory.System(), a.ID, d.ID, nil, "", f)
				}
				done <- err
			}()
		}
		for range 8 {
			must(t, <-done)
		}
		if v := w.get(a, directory.Administrator, d.ID); v.Version != 9 {
			t.Errorf("version %d, want 9", v.Version)
		}
	})
}
