package document_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"propusk/cabinet/cabinettest"
	"propusk/cabinet/document"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/storage"
	"propusk/storage/file/filetest"
	"propusk/storage/storagetest"
)

// share is a share as its sender sees it.
type share struct {
	ID, State, Email, Message string
	Version                   int64
	Recipient                 *struct{ INN, Name string }
	ExpiresAt                 storage.Time `json:"expires_at"`
}

type incoming struct {
	ID, Name, Message string
	Sender            struct{ INN, Name string }
	File              struct{ SHA256 string }
	OpenedAt          storage.Time    `json:"opened_at"`
	SignatureList     []signatureView `json:"signature_list"`
	Actions           []struct {
		Action  string
		Allowed bool
		Reason  string
	}
}

func (w *world) incoming(o *cabinettest.Office, query string) (list []incoming, next string) {
	w.t.Helper()
	var page struct {
		Documents []incoming
		Next      string
	}
	w.Expect(w.Do("GET", "/v1/documents/incoming"+query, w.Token(o, directory.Administrator), nil), 200, "").Into(w.t, &page)
	return page.Documents, page.Next
}

// share hands a document over and returns what the sender sees.
func (w *world) share(o *cabinettest.Office, id, body string) share {
	w.t.Helper()
	var s share
	w.Expect(w.Do("POST", "/v1/documents/"+id+"/shares", w.Token(o, directory.Administrator), body), 201, "").Into(w.t, &s)
	return s
}

func (w *world) shares(o *cabinettest.Office, id string) []share {
	w.t.Helper()
	var list struct{ Shares []share }
	w.Expect(w.Do("GET", "/v1/documents/"+id+"/shares", w.Token(o, directory.Administrator), nil), 200, "").Into(w.t, &list)
	return list.Shares
}

// TestContractIsSignedByBothSides: handed over for signing, seen, signed, and revoked.
func TestContractIsSignedByBothSides(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		a, b := w.Office("Alpha"), w.Office("Beta", directory.Operator)
		ours, theirs := w.Token(a, directory.Administrator), w.Token(b, directory.Administrator)
		content := filetest.PDF("contract Alpha")
		d := w.pdf(a)
		path := "/v1/documents/" + d.ID
		w.Expect(w.sign(path+"/signatures", ours, w.holder(a).Sign(t, content)), 201, "")
		s := w.share(a, d.ID, `{"recipient":"`+b.INN+`","message":"Подпишите","signature_requested":true}`)
		if s.State != "open" || s.Recipient.Name != b.Name || s.Version != 1 || s.ExpiresAt != 0 {
			t.Errorf("%+v", s)
		}
		w.Expect(w.post(path+"/versions", ours, nil, upload{"other.pdf", filetest.PDF("other")}), 201, "") // not theirs to see
		list, _ := w.incoming(b, "")
		if len(list) != 1 || list[0].ID != s.ID || list[0].Sender.INN != a.INN || list[0].Message != "Подпишите" || list[0].File.SHA256 != d.File.SHA256 {
			t.Fatalf("%+v", list)
		}
		if mine, _ := w.incoming(a, ""); len(mine) != 0 {
			t.Errorf("the sender received %+v", mine)
		}
		in := "/v1/documents/incoming/" + s.ID
		w.Expect(w.Do("GET", in, ours, nil), 404, "not_found")
		w.Expect(w.Do("GET", path, theirs, nil), 404, "not_found") // the document itself is the sender's
		if got := w.Expect(w.Do("GET", in+"/content", theirs, nil), 200, ""); got.Text != string(content) {
			t.Error("another version came")
		}
		w.Expect(w.Do("GET", in+"/content", theirs, nil), 200, "")
		if state := w.shares(a, d.ID)[0].State; state != "opened" {
			t.Errorf("the sender sees %q", state)
		}
		w.Expect(w.sign(in+"/signatures", theirs, w.holder(a).Sign(t, content)), 403, "document_signer")
		w.Expect(w.sign(in+"/signatures", w.Token(b, directory.Operator), w.holder(b).Sign(t, content)), 403, "permission_missing")
		w.Expect(w.sign(in+"/signatures", theirs, w.holder(b).Sign(t, content)), 201, "")
		var one incoming
		w.Expect(w.Do("GET", in, theirs, nil), 200, "").Into(t, &one)
		if len(one.SignatureList) != 2 || one.SignatureList[0].Own || one.SignatureList[0].AddedBy != "" || !one.SignatureList[1].Own || !one.Actions[1].Allowed {
			t.Errorf("%+v", one)
		}
		var signatures struct{ Signatures []signatureView }
		w.Expect(w.Do("GET", path+"/signatures?version=1", ours, nil), 200, "").Into(t, &signatures)
		if len(signatures.Signatures) != 2 || signatures.Signatures[1].Own || signatures.Signatures[1].INN != b.INN || signatures.Signatures[1].AddedBy != "" {
			t.Errorf("%+v", signatures)
		}
		if zip := w.Expect(w.Do("GET", in+"/container", theirs, nil), 200, ""); !strings.Contains(zip.Text, ".2.p7s") {
			t.Error("the container lacks a signature")
		}
		w.Expect(w.Do("DELETE", path+"/shares/"+s.ID, ours, nil), 204, "")
		w.Expect(w.Do("DELETE", path+"/shares/"+s.ID, ours, nil), 409, "document_share_over")
		for _, gone := range []string{"", "/content", "/container"} {
			w.Expect(w.Do("GET", in+gone, theirs, nil), 404, "not_found")
		}
		w.Expect(w.sign(in+"/signatures", theirs, w.holder(b).Sign(t, content)), 404, "not_found")
		if got := w.actions(a); !slices.Equal(got, []string{"added", "signed", "shared", "version_added", "opened", "signed", "share_revoked"}) {
			t.Errorf("the sender's journal has %v", got)
		}
		if got := w.actions(b); !slices.Equal(got, []string{"downloaded", "downloaded", "signed", "downloaded"}) {
			t.Errorf("the recipient's journal has %v", got)
		}
		if e := w.journal(a)[5]; e.Actor != "" || e.Details["signer"] != "Руководитель Пётр Петрович, "+b.Name {
			t.Errorf("the sender learns who of the recipient it was: %+v", e)
		}
		if got := w.events(b); !slices.Equal(got, []string{"document.signature_requested"}) {
			t.Errorf("the recipient was told %v", got)
		}
	})
}

// meanwhile is a verifier during whose work something happens.
type meanwhile struct {
	signature.Verifier
	happens func()
}

func (m *meanwhile) Verify(ctx context.Context, r signature.Request) (signature.Verdict, error) {
	m.happens()
	return m.Verifier.Verify(ctx, r)
}

func TestShareThatIsRevokedWhileASignatureIsVerifiedTakesNone(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		verifier := &meanwhile{}
		w := newWorld(t, db, func(d *document.Deps) { verifier.Verifier, d.Verifier = d.Verifier, verifier })
		a, b := w.Office("Alpha"), w.Office("Beta")
		d := w.pdf(a)
		s := w.share(a, d.ID, `{"recipient":"`+b.INN+`","signature_requested":true}`)
		ours, theirs := w.Token(a, directory.Administrator), w.Token(b, directory.Administrator)
		verifier.happens = func() {
			w.Expect(w.Do("DELETE", "/v1/documents/"+d.ID+"/shares/"+s.ID, ours, nil), 204, "")
		}
		w.Expect(w.sign("/v1/documents/incoming/"+s.ID+"/signatures", theirs, w.holder(b).Sign(t, filetest.PDF("contract Alpha"))), 404, "not_found")
		if v := w.get(a, directory.Administrator, d.ID); v.Signatures != 0 {
			t.Errorf("%d signatures", v.Signatures)
		}
	})
}

func TestUploadCanBeHandedOverAtOnce(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		a, b := w.Office("Alpha"), w.Office("Beta")
		w.Expect(w.post("/v1/documents", w.Token(a, directory.Administrator), []string{"recipient", b.INN, "message", "За квартал"},
			upload{"1.pdf", filetest.PDF("1")}, upload{"2.pdf", filetest.PDF("2")}), 201, "")
		list, _ := w.incoming(b, "")
		if len(list) != 2 || list[0].Message != "За квартал" || list[0].Actions != nil {
			t.Errorf("%+v", list)
		}
		var names []string
		for next := "?limit=1"; next != ""; {
			page, after := w.incoming(b, next)
			names = append(names, page[0].Name)
			if next = ""; after != "" {
				next = "?limit=1&after=" + after
			}
		}
		if !slices.Equal(names, []string{"2", "1"}) {
			t.Errorf("in pages: %v", names)
		}
		if got := w.events(b); !slices.Equal(got, []string{"document.shared", "document.shared"}) {
			t.Errorf("told %v", got)
		}
		w.Expect(w.sign("/v1/documents/incoming/"+list[0].ID+"/signatures", w.Token(b, directory.Administrator), w.holder(b).Sign(t, filetest.PDF("2"))), 403, "document_not_asked")
	})
}

func TestSharesExpire(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a, b := w.Office("Alpha"), w.Office("Beta")
	d := w.pdf(a)
	until := w.Clock.Now().Add(time.Hour).Format(time.RFC3339)
	s := w.share(a, d.ID, `{"recipient":"`+b.INN+`","expires_at":"`+until+`"}`)
	w.Expect(w.Do("DELETE", "/v1/documents/"+d.ID, w.Token(a, directory.Administrator), nil), 409, "document_shared")
	w.Clock.Advance(time.Hour)
	if list, _ := w.incoming(b, ""); len(list) != 0 || w.shares(a, d.ID)[0].State != "expired" {
		t.Errorf("%+v", list)
	}
	w.Expect(w.Do("GET", "/v1/documents/incoming/"+s.ID+"/content", w.Token(b, directory.Administrator), nil), 404, "not_found")
	w.Expect(w.Do("DELETE", "/v1/documents/"+d.ID, w.Token(a, directory.Administrator), nil), 204, "")
}

func TestShareRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a, b := w.Office("Alpha"), w.Office("Beta")
	d := w.pdf(a)
	path, token := "/v1/documents/"+d.ID+"/shares", w.Token(a, directory.Administrator)
	soon, late := w.Clock.Now().Add(-time.Second).Format(time.RFC3339), w.Clock.Now().Add(31*24*time.Hour).Format(time.RFC3339)
	for body, fault := range map[string]string{
		`{}`: "/recipient required", `{"recipient":"12"}`: "/recipient recipient", `{"recipient":"7707083893"}`: "/recipient recipient_unknown",
		`{"recipient":"` + a.INN + `"}`:                                               "/recipient recipient_own",
		`{"recipient":"` + b.INN + `","expires_at":"` + soon + `"}`:                   "/expires_at out_of_range",
		`{"recipient":"x@example.ru","expires_at":"` + late + `"}`:                    "/expires_at out_of_range",
		`{"recipient":"x@example.ru","signature_requested":true}`:                     "/signature_requested not_allowed",
		`{"recipient":"` + b.INN + `","version":-1}`:                                  "/version out_of_range",
		`{"recipient":"` + b.INN + `","message":"` + strings.Repeat("я", 2001) + `"}`: "/message too_long",
	} {
		p := w.Expect(w.Do("POST", path, token, body), 422, "validation_failed").Problem(t)
		if got := p.Errors[0].Pointer + " " + p.Errors[0].Code; got != fault {
			t.Errorf("%s: %s", body, got)
		}
	}
	w.Expect(w.Do("POST", path, token, `{"recipient":"`+b.INN+`","version":7}`), 404, "not_found")
	w.Expect(w.Do("DELETE", path+"/"+d.ID, token, nil), 404, "not_found")
	w.Expect(w.Do("DELETE", path+"/x", token, nil), 404, "not_found")
	first := w.share(a, d.ID, `{"recipient":"`+b.INN+`"}`)
	for range 199 {
		_, err := w.DB.Exec(t.Context(), `INSERT INTO document_shares SELECT $1, document_id, organisation_id, sender_inn, sender_name, recipient_id,
			recipient_inn, recipient_name, email, link_hash, number, message, signature_requested, expires_at, revoked_at, opened_at, created_by, created_at
			FROM document_shares WHERE id = $2`, storage.NewID(), first.ID)
		must(t, err)
	}
	w.Expect(w.Do("POST", path, token, `{"recipient":"`+b.INN+`"}`), 409, "document_shares_many")
	_, err := w.DB.Exec(t.Context(), `UPDATE document_shares SET recipient_id = '', email = 'x@example.ru'`)
	must(t, err)
	_, err = w.DB.Exec(t.Context(), `UPDATE documents SET versions = 1000 WHERE id = $1`, d.ID)
	must(t, err)
	w.Expect(w.post("/v1/documents/"+d.ID+"/versions", token, nil, upload{"b.pdf", filetest.PDF("b")}), 409, "document_versions_many")
	other := w.pdf(a)
	w.Expect(w.Do("POST", "/v1/documents/"+other.ID+"/shares", token, `{"recipient":"x@example.ru"}`), 429, "document_links_many")
	w.Clock.Advance(24 * time.Hour)
	w.Expect(w.Do("POST", "/v1/documents/"+other.ID+"/shares", w.Token(a, directory.Administrator), `{"recipient":"x@example.ru"}`), 201, "")
}

// link takes the secret out of the letter.
func (w *world) link(to string) string {
	w.t.Helper()
	for _, m := range w.Sent(to) {
		if _, rest, found := strings.Cut(m.Text, cabinettest.Issuer+"/v1/documents/links/"); found {
			return strings.Fields(rest)[0]
		}
	}
	w.t.Fatalf("nothing was mailed to %s", to)
	return ""
}

// Attack: an organisation has its own link mailed under the house's name, to a stranger's
// mailbox and to another organisation's people.
func TestNoLinkOfTheSendersIsMailed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a, b := w.Office("Alpha"), w.Office("Beta")
	d := w.pdf(a)
	for _, to := range []string{"buyer@example.ru", b.INN} {
		w.Expect(w.Do("POST", "/v1/documents/"+d.ID+"/shares", w.Token(a, directory.Administrator),
			`{"recipient":"`+to+`","message":"Оплатите:\nhttps://evil.example/pay"}`), 201, "")
	}
	for _, to := range []string{"buyer@example.ru", b.Admin.Email} {
		told := false
		for _, m := range w.Sent(to) {
			told = told || strings.Contains(m.Text, "https[://]evil[.]example/pay")
			if strings.Contains(m.Text, "https://evil.example") {
				t.Errorf("%s is sent %q", to, m.Text)
			}
		}
		if !told && to == "buyer@example.ru" {
			t.Errorf("%s is not told", to)
		}
	}
}

func TestMailedLinkOpensOnce(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		a := w.Office("Alpha")
		d := w.pdf(a)
		got := w.Expect(w.Do("POST", "/v1/documents/"+d.ID+"/shares", w.Token(a, directory.Administrator), `{"recipient":"Buyer@Example.ru","message":"Для оплаты\nдо пятницы"}`), 201, "")
		token := w.link("buyer@example.ru")
		if strings.Contains(got.Text, token) || len(token) != 43 {
			t.Errorf("the secret shows: %s", got.Text)
		}
		path := "/v1/documents/links/" + token
		for range 3 { // looking does not spend it: mail programs look
			page := w.Expect(w.Do("GET", path, "", nil, "Accept", "text/html"), 200, "")
			for _, want := range []string{a.Name, a.INN, "Договор Alpha.pdf", "Для оплаты", `<form method="post">`, "Скачать"} {
				if !strings.Contains(page.Text, want) {
					t.Errorf("the page lacks %q", want)
				}
			}
			if csp := page.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'; style-src 'sha256-") || page.Header.Get("Referrer-Policy") != "no-referrer" {
				t.Errorf("headers %v", page.Header)
			}
		}
		var v struct{ Name, Message string }
		w.Expect(w.Do("GET", path, "", nil), 200, "").Into(t, &v)
		if v.Name != "Договор Alpha" || v.Message != "Для оплаты\nдо пятницы" {
			t.Errorf("%+v", v)
		}
		if english := w.Do("GET", path, "", nil, "Accept", "text/html", "Accept-Language", "en"); !strings.Contains(english.Text, "Download") {
			t.Error("no English")
		}
		var opened, refused atomic.Int64
		var racers sync.WaitGroup
		for range 10 {
			racers.Go(func() {
				r := cabinettest.Request(t, "POST", path, "", nil)
				switch got := w.Send(r); got.StatusCode {
				case http.StatusOK:
					if got.Text == string(filetest.PDF("contract Alpha")) {
						opened.Add(1)
					}
				case http.StatusNotFound:
					refused.Add(1)
				}
			})
		}
		racers.Wait()
		if opened.Load() != 1 || refused.Load() != 9 {
			t.Errorf("%d opened it, %d were refused", opened.Load(), refused.Load())
		}
		w.Expect(w.Do("GET", path, "", nil), 404, "document_link")
		if s := w.shares(a, d.ID)[0]; s.State != "opened" || s.Email != "buyer@example.ru" || s.Recipient != nil {
			t.Errorf("%+v", s)
		}
		if e := w.journal(a); e[1].Details["email"] != "b***@example.ru" || strings.Contains(fmt.Sprint(e), token) {
			t.Errorf("the journal %+v", e)
		}
	})
}

func TestLinkThatExpiredOrWasRevokedIsAsUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a := w.Office("Alpha")
	d := w.pdf(a)
	var answers []string
	ask := func(token string) {
		for _, method := range []string{"GET", "POST"} {
			got := w.Expect(w.Do(method, "/v1/documents/links/"+token, "", nil), 404, "document_link")
			answers = append(answers, got.Text)
		}
	}
	page := w.Expect(w.Do("GET", "/v1/documents/links/x", "", nil, "Accept", "text/html"), 404, "")
	if !strings.Contains(page.Text, "Ссылка не действует") || page.Header.Get("Content-Security-Policy") == "" {
		t.Errorf("in a browser: %s", page.Text)
	}
	ask("x")
	ask(strings.Repeat("A", 43))
	s := w.share(a, d.ID, `{"recipient":"one@example.ru"}`)
	if want := storage.Of(w.Clock.Now().Add(72 * time.Hour)); s.ExpiresAt != want {
		t.Errorf("it works until %v", s.ExpiresAt)
	}
	w.Expect(w.Do("DELETE", "/v1/documents/"+d.ID+"/shares/"+s.ID, w.Token(a, directory.Administrator), nil), 204, "")
	ask(w.link("one@example.ru"))
	w.share(a, d.ID, `{"recipient":"two@example.ru"}`)
	two := w.link("two@example.ru")
	w.Clock.Advance(72 * time.Hour)
	ask(two)
	slices.Sort(answers)
	if len(slices.Compact(answers)) != 1 {
		t.Errorf("the answers differ: %q", answers)
	}
}

// A range would spend the link for a part of the file.
func TestLinkGivesTheWholeFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a := w.Office("Alpha")
	d := w.pdf(a)
	w.share(a, d.ID, `{"recipient":"one@example.ru"}`)
	got := w.Expect(w.Do("POST", "/v1/documents/links/"+w.link("one@example.ru"), "", nil, "Range", "bytes=0-1", "If-None-Match", "*", "If-Match", `"x"`), 200, "")
	if got.Text != string(filetest.PDF("contract Alpha")) {
		t.Errorf("%d bytes", len(got.Text))
	}
}
