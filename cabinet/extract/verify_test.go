package extract_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"propusk/cabinet/cabinettest"
	"propusk/cabinet/paper"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/journal"
)

// judged is the answer of POST /v1/papers/verify.
type judged struct {
	Genuine        bool
	Reason, Detail string
	Paper          *struct {
		Document, Name, Number, INN, OGRN, Issuer, Kid string
		Valid                                          bool
		ValidUntil                                     string `json:"valid_until"`
		Says                                           map[string]any
	}
}

func (w *world) judge(body any) (v judged) {
	w.T.Helper()
	w.Clock.Advance(time.Minute)
	w.Expect(w.Do("POST", "/v1/papers/verify", "", body), 200, "").Into(w.T, &v)
	return v
}

func TestAnybodyLearnsWhetherAPaperIsGenuine(t *testing.T) {
	w := one(t)
	alpha := w.office("Alpha")
	e := w.ready(alpha)
	pdf := w.part(alpha, e, "pdf")
	printed, err := paper.ReadPDF(pdf)
	cabinettest.Must(t, err)
	for name, body := range map[string]any{"its code": map[string]any{"code": printed.Code}, "the PDF": map[string]any{"pdf": pdf}} {
		v := w.judge(body)
		if !v.Genuine || v.Paper.Number != e.Number || v.Paper.INN != alpha.INN || v.Paper.Document != "extract/egrul" || v.Paper.Name != "Выписка из ЕГРЮЛ" ||
			!v.Paper.Valid || v.Paper.Issuer != cabinettest.Issuer || v.Paper.Kid == "" || len(v.Paper.Says) != 0 {
			t.Errorf("%s: %+v", name, v)
		}
		if text, _ := json.Marshal(v); bytes.Contains(text, []byte("Alpha")) {
			t.Errorf("%s: it tells more than the code says: %s", name, text)
		}
	}
	w.Clock.Advance(31 * 24 * time.Hour)
	if v := w.judge(map[string]any{"code": printed.Code}); !v.Genuine || v.Paper.Valid {
		t.Errorf("after its term: %+v", v)
	}
	changed := append([]byte{}, pdf...)
	changed[bytes.Index(changed, []byte("stream"))+40] ^= 1
	for reason, body := range map[string]any{
		"not_a_code":    map[string]any{"code": "a.b.c"},
		"forged":        map[string]any{"code": printed.Code[:len(printed.Code)-4] + "AAAA"},
		"not_as_issued": map[string]any{"pdf": changed},
	} {
		if v := w.judge(body); v.Genuine || v.Reason != reason || v.Detail == "" || v.Paper != nil {
			t.Errorf("%s: %+v", reason, v)
		}
	}
	plain, err := w.paper.PDF(paper.Document{Title: "Без кода"})
	cabinettest.Must(t, err)
	if v := w.judge(map[string]any{"pdf": plain}); v.Reason != "without_code" {
		t.Errorf("%+v", v)
	}
	other, err := w.paper.Code(map[string]any{"doc": "filing/receipt", "control": "42"})
	cabinettest.Must(t, err)
	if v := w.judge(map[string]any{"code": other}); !v.Genuine || v.Paper.Says["control"] != "42" || v.Paper.Name != "" {
		t.Errorf("%+v", v)
	}
	for _, body := range []any{map[string]any{}, map[string]any{"code": "a", "pdf": []byte("b")}} {
		w.Expect(w.Do("POST", "/v1/papers/verify", "", body), 422, "validation_failed")
	}
}

// TestCodeOfOneExtractOnAnothersPaperIsFoundOut: the attack is to print the QR of a
// clean certificate on the paper of a debtor.
func TestCodeOfOneExtractOnAnothersPaperIsFoundOut(t *testing.T) {
	w := one(t)
	alpha, beta := w.office("Alpha"), w.office("Beta")
	mine, theirs := w.part(alpha, w.ready(alpha), "pdf"), w.part(beta, w.ready(beta), "pdf")
	clean, err := paper.ReadPDF(mine)
	cabinettest.Must(t, err)
	debtor, err := paper.ReadPDF(theirs)
	cabinettest.Must(t, err)
	if len(clean.Code) != len(debtor.Code) {
		t.Fatalf("the codes have %d and %d characters, so that one cannot take the other's place in the file", len(clean.Code), len(debtor.Code))
	}
	swapped := bytes.Replace(theirs, []byte(debtor.Code), []byte(clean.Code), 1)
	if v := w.judge(map[string]any{"pdf": swapped}); v.Genuine || v.Reason != "of_another_paper" || v.Paper != nil {
		t.Errorf("%+v", v)
	}
	if v := w.judge(map[string]any{"code": clean.Code}); !v.Genuine || v.Paper.INN != alpha.INN {
		t.Errorf("the code alone says whose it is: %+v", v)
	}
}

// TestPDFThatShowsLessOfItsTextIsNotAsIssued: the attack is to leave the text and the
// code in the file and to cut the page to what pleases.
func TestPDFThatShowsLessOfItsTextIsNotAsIssued(t *testing.T) {
	w := one(t)
	alpha := w.office("Alpha")
	pdf := w.part(alpha, w.ready(alpha), "pdf")
	cut := bytes.ReplaceAll(pdf, []byte("/MediaBox [0 0 595.28 841.89]"), []byte("/MediaBox [0 0 595.28 100.00]"))
	if bytes.Equal(cut, pdf) {
		t.Fatal("there is no page to cut")
	}
	if v := w.judge(map[string]any{"pdf": cut}); v.Genuine || v.Reason != "not_as_issued" || v.Paper != nil {
		t.Errorf("%+v", v)
	}
}

func TestStrangersMayAskOnlySoOften(t *testing.T) {
	w := one(t)
	for range 30 {
		w.Expect(w.Do("POST", "/v1/papers/verify", "", map[string]any{"code": "a.b.c"}), 200, "")
	}
	got := w.Expect(w.Do("POST", "/v1/papers/verify", "", map[string]any{"code": "a.b.c"}), 429, "rate_limited")
	if got.Header.Get("Retry-After") == "" {
		t.Error("nobody says when")
	}
	w.Clock.Advance(time.Minute)
	w.Expect(w.Do("POST", "/v1/papers/verify", "", map[string]any{"code": "a.b.c"}), 200, "")
}

// dribble is a question that comes from an address, begins with head, and does not
// come to an end before end is called.
func (w *world) dribble(address string, head []byte) (end func()) {
	w.T.Helper()
	reader, writer := io.Pipe()
	r := cabinettest.Request(w.T, "POST", "/v1/papers/verify", "", "{}")
	r.Body, r.ContentLength = reader, -1
	var sent sync.WaitGroup
	sent.Go(func() { w.Send(r.WithContext(journal.With(r.Context(), journal.Circumstances{IP: address}))) })
	_, _ = writer.Write(head) // returns when the handler has read all of it
	return func() { _ = writer.Close(); sent.Wait() }
}

// largeFrom asks with a PDF from an address.
func (w *world) largeFrom(address string) *http.Request {
	w.T.Helper()
	r := cabinettest.Request(w.T, "POST", "/v1/papers/verify", "", map[string]any{"pdf": make([]byte, 100_000)})
	return r.WithContext(journal.With(r.Context(), journal.Circumstances{IP: address}))
}

// TestLargeQuestionsOfStrangersWaitForTheirTurn: so many that have begun to fill the
// memory hold neither the rest of it nor the codes of others.
func TestLargeQuestionsOfStrangersWaitForTheirTurn(t *testing.T) {
	w := one(t)
	var ends []func()
	for n := range 4 { // the byte after what is read ahead is read in a turn
		ends = append(ends, w.dribble(fmt.Sprintf("192.0.2.%d", n), bytes.Repeat([]byte(" "), 256<<10+1)))
	}
	w.Expect(w.Send(w.largeFrom("192.0.2.9")), 503, "verifier_busy")
	w.Expect(w.Do("POST", "/v1/papers/verify", "", map[string]any{"code": "a.b.c"}), 200, "")
	for _, end := range ends {
		end()
	}
	w.Expect(w.Send(w.largeFrom("192.0.2.9")), 200, "")
}

// TestWhoSendsSlowlyHoldsNobodyUp: what has not come in takes no turn, and of one
// network two may be on their way.
func TestWhoSendsSlowlyHoldsNobodyUp(t *testing.T) {
	w := one(t)
	var ends []func()
	for n := range 6 {
		ends = append(ends, w.dribble(fmt.Sprintf("2001:db8:0:%d::1", n/2), []byte("{")))
	}
	w.Expect(w.Send(w.largeFrom("192.0.2.9")), 200, "")
	w.Expect(w.Send(w.largeFrom("2001:db8:0:1::77")), 503, "verifier_busy")
	for _, end := range ends {
		end()
	}
	w.Expect(w.Send(w.largeFrom("2001:db8:0:1::77")), 200, "")
}

// TestForeignOrganisationsExtractIsNotThere, whatever is asked of it and by whom.
func TestForeignOrganisationsExtractIsNotThere(t *testing.T) {
	w := one(t)
	alpha, beta := w.office("Alpha"), w.office("Beta")
	theirs := w.ready(beta)
	service := w.Service(alpha, directory.ExtractsRead)
	for _, token := range []string{w.Token(alpha, directory.Administrator), service} {
		for _, request := range [][2]string{
			{"GET", ""}, {"GET", "/files/pdf"}, {"GET", "/files/zip"}, {"POST", "/cancel"}, {"POST", "/retry"}, {"POST", "/renew"}, {"POST", "/send"},
		} {
			got := w.Expect(w.Do(request[0], "/v1/extracts/"+theirs.ID+request[1], token, map[string]any{"email": "a@example.ru"}), 404, "not_found")
			if strings.Contains(got.Text, "Beta") || strings.Contains(got.Text, theirs.Number) {
				t.Errorf("%s: %s", request, got.Text)
			}
		}
	}
	// What an e-mail may refer to is looked for in the organisation that it names.
	e, err := w.room.Get(context.Background(), beta.ID, theirs.ID)
	cabinettest.Must(t, err)
	if _, _, err := w.files.Open(context.Background(), alpha.ID, e.Files.V.PDF); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("%v", err)
	}
}

func TestSealIsPublishedWithoutItsPrivateHalf(t *testing.T) {
	w := one(t)
	cabinettest.Must(t, w.seal.Rotate(t.Context()))
	got := w.Expect(w.Do("GET", "/v1/seal", "", nil), 200, "")
	for _, private := range []string{`"d":`, "PRIVATE KEY"} {
		if strings.Contains(got.Text, private) {
			t.Errorf("%s in %s", private, got.Text)
		}
	}
	if got.Header.Get("Cache-Control") != "public, max-age=300" || strings.Count(got.Text, `"x5c"`) != 2 || strings.Count(got.Text, `"current":true`) != 1 {
		t.Errorf("%v %s", got.Header, got.Text)
	}
	pem := w.Expect(w.Do("GET", "/v1/seal?format=pem", "", nil), 200, "")
	trust, err := paper.ParseSeal([]byte(pem.Text))
	cabinettest.Must(t, err)
	code, err := w.paper.Code(map[string]any{"num": "1"})
	cabinettest.Must(t, err)
	if _, err := trust.Read(code); err != nil || pem.Header.Get("Content-Type") != "application/x-pem-file" {
		t.Errorf("%v %v", err, pem.Header)
	}
	w.Expect(w.Do("GET", "/v1/seal?format=der", "", nil), 400, "parameter_invalid")
}

func TestCatalogueShowsWhatTheOrganisationCanOrder(t *testing.T) {
	w := one(t)
	alpha := w.office("Alpha")
	var types struct {
		Items []struct {
			ID, Name, Period string
			Parameters       []struct{ ID string }
		}
	}
	got := w.Expect(w.Do("GET", "/v1/extract-types", w.Token(alpha, "observer"), nil, "Accept-Language", "en"), 200, "")
	got.Into(t, &types)
	names := map[string]string{}
	for _, item := range types.Items {
		names[item.ID] = item.Name
	}
	if names["egrul"] != "Extract from the register of legal entities" || names["egrip"] != "" || len(names) != 8-1 {
		t.Errorf("%v", names)
	}
}
