package cabinet

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/signature/signaturetest"
	"propusk/storage"
	"propusk/storage/storagetest"
)

// signed is a world with a person's token, a document and a good signature of it.
type signed struct {
	*world
	token          string
	holder         signaturetest.Holder
	content, bytes []byte
}

func newSigned(t *testing.T, options ...worldOption) *signed {
	t.Helper()
	s := &signed{world: newWorld(t, storagetest.SQLite(t), options...), content: []byte("Договор № 1\r\n")}
	s.token = sign(t, s.claims(nil, directory.MemberView{Person: s.person("alpha")}))
	s.holder = s.authority.Issue(t, signature.Subject{CommonName: "Иванов Иван", LastName: "Иванов", SNILS: "99000000153"})
	s.bytes = s.holder.Sign(t, s.content)
	return s
}

// asJSON is the question in JSON, with more members.
func (s *signed) asJSON(more string) string {
	return fmt.Sprintf(`{"signature":%q,"content":%q%s}`,
		base64.StdEncoding.EncodeToString(s.bytes), base64.StdEncoding.EncodeToString(s.content), more)
}

// verify asks and reads the verdict.
func (s *signed) verify(t *testing.T, body string) verdictView {
	t.Helper()
	var view verdictView
	s.expect(s.do("POST", "/v1/signatures/verify", s.token, body), 200, "").into(t, &view)
	return view
}

func TestSignatureIsVerifiedWithTenChecks(t *testing.T) {
	t.Parallel()
	s := newSigned(t)
	view := s.verify(t, s.asJSON(`,"snils":"99000000153"`))
	if !view.Accepted || view.Code != signature.OK || view.Text != "Подпись принята." || len(view.Checks) != 10 {
		t.Errorf("%+v", view)
	}
	if c := view.Checks[7]; c != (checkView{"revocation", "Отзыв", signature.Passed, signature.OK, "Сертификаты не отозваны."}) {
		t.Errorf("%+v", c)
	}
	if view.Subject.SNILS != "99000000153" || view.Subject.LastName != "Иванов" || view.Certificate.Class != "КС1" || len(view.Certificate.Fingerprint) != 64 {
		t.Errorf("%+v %+v", view.Subject, view.Certificate)
	}
	english := s.do("POST", "/v1/signatures/verify", s.token, s.asJSON(""), "Accept-Language", "en")
	if !strings.Contains(english.body, `"text":"The signature is accepted."`) || english.Header.Get("Content-Language") != "en" {
		t.Error(english.body)
	}
}

func TestRefusedSignatureIsAnAnswer(t *testing.T) {
	t.Parallel()
	s := newSigned(t)
	revoked := s.authority.Issue(t, signature.Subject{CommonName: "x", SNILS: "99000000153"})
	s.authority.Revoke(t, revoked)
	good, content := s.bytes, s.content
	for name, question := range map[string]struct {
		signature, content []byte
		more               string
		code               signature.Code
	}{
		"another document":        {good, []byte("Договор № 2\r\n"), "", signature.DigestMismatch},
		"no signature at all":     {[]byte("привет"), content, "", "not_der"},
		"a revoked certificate":   {revoked.Sign(t, content), content, "", signature.CertificateRevoked},
		"another person's":        {good, content, `,"snils":"99000000254"`, signature.SubjectOtherPerson},
		"another organisation's":  {good, content, `,"ogrn":"1027801234560"`, signature.SubjectOtherOrganisation},
		"before the certificate":  {good, content, `,"at":"2001-01-01T00:00:00Z"`, signature.CertificateNotYetValid},
		"base64 within the field": {[]byte(base64.StdEncoding.EncodeToString(good)), content, "", signature.OK},
	} {
		s.bytes, s.content = question.signature, question.content
		if view := s.verify(t, s.asJSON(question.more)); view.Code != question.code || view.Accepted != (question.code == signature.OK) || len(view.Checks) != 10 {
			t.Errorf("%s: %s", name, view.Code)
		}
	}
}

// form is the question as multipart/form-data.
func (s *signed) form(t *testing.T, parts ...[2]string) (contentType, body string) {
	t.Helper()
	var buffer bytes.Buffer
	w := multipart.NewWriter(&buffer)
	for _, part := range parts {
		field, err := w.CreateFormFile(part[0], part[0]+".bin")
		must(t, err)
		_, err = field.Write([]byte(part[1]))
		must(t, err)
	}
	must(t, w.Close())
	return w.FormDataContentType(), buffer.String()
}

func TestSignatureIsVerifiedFromAForm(t *testing.T) {
	t.Parallel()
	s := newSigned(t)
	contentType, body := s.form(t, [2]string{"signature", string(s.bytes)}, [2]string{"content", string(s.content)},
		[2]string{"snils", "99000000153"}, [2]string{"at", s.clock.Now().Format(time.RFC3339)})
	got := s.expect(s.do("POST", "/v1/signatures/verify", s.token, body, "Content-Type", contentType), 200, "")
	var view verdictView
	got.into(t, &view)
	if !view.Accepted {
		t.Errorf("%+v", view)
	}
}

func TestVerificationIsReadStrictly(t *testing.T) {
	t.Parallel()
	s := newSigned(t)
	both := [][2]string{{"signature", string(s.bytes)}, {"content", string(s.content)}}
	for name, test := range map[string]struct {
		parts  [][2]string
		status int
		code   string
		says   string
	}{
		"no signature":      {both[1:], 422, "validation_failed", "/signature"},
		"no document":       {both[:1], 422, "validation_failed", "/content"},
		"twice":             {append(both, both[0]), 422, "validation_failed", "duplicate"},
		"an unknown part":   {append(both, [2]string{"roots", "x"}), 422, "validation_failed", "unknown"},
		"no time":           {append(both, [2]string{"at", "yesterday"}), 422, "validation_failed", "format"},
		"a long number":     {append(both, [2]string{"snils", strings.Repeat("9", 65)}), 422, "validation_failed", "too_long"},
		"a large signature": {[][2]string{{"signature", strings.Repeat("x", signature.MaxUpload+1)}, both[1]}, 422, "validation_failed", "too_long"},
		"a large document":  {[][2]string{both[0], {"content", strings.Repeat("x", maxSignedContent+1)}}, 422, "validation_failed", "too_long"},
		"far too large":     {[][2]string{both[0], {"content", strings.Repeat("x", maxSignatureBody)}}, 413, "upload_too_large", ""},
		"many parts":        {append(both, make([][2]string, maxParts)...), 400, "body_malformed", "too many parts"},
	} {
		contentType, body := s.form(t, test.parts...)
		got := s.expect(s.do("POST", "/v1/signatures/verify", s.token, body, "Content-Type", contentType), test.status, test.code)
		if !strings.Contains(got.body, test.says) {
			t.Errorf("%s: %s", name, got.body)
		}
	}
	for name, body := range map[string]string{
		"a form without boundary": "x", "no object": "[]", "no base64": `{"signature":"!","content":"AA=="}`, "roots of the caller's": s.asJSON(`,"roots":"x"`),
	} {
		contentType := api.PlainJSON
		if name == "a form without boundary" {
			contentType = multipartForm
		}
		if got := s.do("POST", "/v1/signatures/verify", s.token, body, "Content-Type", contentType); got.StatusCode != 400 && got.StatusCode != 422 {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.body)
		}
	}
	s.expect(s.do("POST", "/v1/signatures/verify", s.token, "x", "Content-Type", "text/plain"), 415, "content_type_unsupported")
	s.expect(s.do("POST", "/v1/signatures/verify", s.token, strings.Repeat(" ", maxSignatureBody+1)), 413, "upload_too_large")
	contentType, body := s.form(t, both...)
	s.expect(s.do("POST", "/v1/signatures/verify", s.token, body[:len(body)-40], "Content-Type", contentType), 400, "body_malformed")
}

func TestVerificationWantsAToken(t *testing.T) {
	t.Parallel()
	s := newSigned(t)
	s.expect(s.do("POST", "/v1/signatures/verify", "", s.asJSON("")), 401, "token_missing")
}

func TestVerificationsAreLimitedForEachClient(t *testing.T) {
	t.Parallel()
	s := newSigned(t, func(d *Deps) { d.Limits.PerVerifier = 2 })
	for range 2 {
		s.verify(t, s.asJSON(""))
	}
	got := s.expect(s.do("POST", "/v1/signatures/verify", s.token, s.asJSON("")), 429, "rate_limited")
	if got.Header.Get("Retry-After") == "" || !strings.Contains(strings.Join(got.Header.Values("Ratelimit"), ","), `"verification";r=0`) {
		t.Errorf("%v", got.Header)
	}
	s.expect(s.do("GET", "/v1/me", s.token, ""), 200, "")
}

// unable is a verifier that does not judge.
type unable struct {
	err  error
	wait chan struct{}
}

func (u unable) Verify(ctx context.Context, _ signature.Request) (signature.Verdict, error) {
	if u.wait != nil {
		<-u.wait
	}
	return signature.Verdict{}, u.err
}

func TestVerifierThatIsBusyOrAwayIsToldSo(t *testing.T) {
	t.Parallel()
	for code, verifier := range map[string]signature.Verifier{
		"verifier_busy": unable{err: signature.ErrBusy}, "signatures_unavailable": unable{err: errors.New("connection refused")},
	} {
		s := newSigned(t, func(d *Deps) { d.Signatures = verifier })
		got := s.expect(s.do("POST", "/v1/signatures/verify", s.token, s.asJSON("")), 503, code)
		if (code == "verifier_busy") != (got.Header.Get("Retry-After") == "3") {
			t.Errorf("%s: %v", code, got.Header)
		}
	}
	s := newSigned(t, func(d *Deps) { d.Signatures = nil })
	s.expect(s.do("POST", "/v1/signatures/verify", s.token, s.asJSON("")), 503, "signatures_unavailable")
}

// Who keeps his places busy keeps nobody else out.
func TestOneSubjectHasFewVerificationsAtATime(t *testing.T) {
	t.Parallel()
	slow := unable{err: errors.New("told to give up"), wait: make(chan struct{})}
	s := newSigned(t, func(d *Deps) { d.Signatures = slow })
	var mine sync.WaitGroup
	for range maxOwnVerifications {
		mine.Go(func() { s.do("POST", "/v1/signatures/verify", s.token, s.asJSON("")) })
	}
	waitFor(t, func() bool { return len(s.server.verifications.places) == maxOwnVerifications })
	s.expect(s.do("POST", "/v1/signatures/verify", s.token, s.asJSON("")), 503, "verifier_busy")
	leave, err := s.server.verifications.enter(context.Background(), "somebody else")
	must(t, err)
	leave()
	close(slow.wait)
	mine.Wait()
	if n := len(s.server.verifications.own); n != 0 || len(s.server.verifications.places) != 0 {
		t.Errorf("%d subjects, %d places are kept", n, len(s.server.verifications.places))
	}
}

func TestVerificationsAtATimeAreBounded(t *testing.T) {
	t.Parallel()
	turns := newTurns()
	for i := range maxVerifications {
		_, err := turns.enter(context.Background(), fmt.Sprint("subject ", i))
		must(t, err)
	}
	given, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := turns.enter(given, "one more"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := turns.enter(context.Background(), "one more"); api.AsRefusal(err).Code() != "verifier_busy" {
		t.Errorf("%v", err)
	}
	if len(turns.own) != maxVerifications {
		t.Errorf("%v", turns.own)
	}
}

// TestASlowSenderHoldsNobodyUp: whoever sends his question byte by byte has no place
// among those that are judged, and no more under way than anybody.
func TestASlowSenderHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	s := newSigned(t)
	var slow sync.WaitGroup
	var senders []*io.PipeWriter
	for i := range maxReading - 1 {
		out, in := io.Pipe()
		senders = append(senders, in)
		claims := but(s.claims(nil, directory.MemberView{Person: s.person("slow")}), map[string]any{"sub": fmt.Sprint("slow-", i)})
		r := request("POST", "/v1/signatures/verify", sign(t, claims), "")
		r.Header.Set("Content-Type", "application/json")
		r.Body = out
		slow.Go(func() { s.server.ServeHTTP(httptest.NewRecorder(), r) })
		_, err := in.Write([]byte("{"))
		must(t, err)
	}
	waitFor(t, func() bool { return len(s.server.verifications.reading) == maxReading-1 })
	if n := len(s.server.verifications.places); n != 0 {
		t.Errorf("%d places are held by who is still sending", n)
	}
	s.expect(s.do("POST", "/v1/signatures/verify", s.token, s.asJSON("")), 200, "")
	for _, in := range senders {
		must(t, in.Close())
	}
	slow.Wait()
	if len(s.server.verifications.reading) != 0 || len(s.server.verifications.own) != 0 {
		t.Error("what was begun is not given back")
	}
}

// TestALargeQuestionWaitsOnTheDisk: all of it is judged, and nothing of it stays.
func TestALargeQuestionWaitsOnTheDisk(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("x", spoolMemory+1)
	s := &spooled{}
	must(t, s.fill(strings.NewReader(body)))
	got, err := io.ReadAll(s.reader())
	must(t, err)
	if string(got) != body || s.file == nil {
		t.Errorf("%d bytes of %d come back", len(got), len(body))
	}
	if _, err := os.Stat(s.file.Name()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file has a name: %v", err)
	}
	s.close()
}

func waitFor(t *testing.T, come func() bool) {
	t.Helper()
	for until := time.Now().Add(time.Minute); !come(); {
		if time.Now().After(until) {
			t.Fatal("it did not come")
		}
		time.Sleep(time.Millisecond)
	}
}

func TestPersonSeesHisOwnCertificates(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		mine, theirs := w.person("alpha"), w.person("beta")
		bound := w.certificate(mine.ID, "Иванов Иван")
		w.certificate(theirs.ID, "Петров Пётр")
		token := sign(t, w.claims(nil, directory.MemberView{Person: mine}))
		got := w.expect(w.do("GET", "/v1/certificates", token, ""), 200, "")
		var view struct{ Certificates []map[string]any }
		must(t, json.Unmarshal([]byte(got.body), &view))
		if len(view.Certificates) != 1 {
			t.Fatal(got.body)
		}
		c := view.Certificates[0]
		if c["id"] != bound.ID || c["status"] != "active" || c["owner"] != "Иванов Иван" || c["class"] != "КС1" || c["used_at"] != nil || c["raw"] != nil {
			t.Errorf("%v", c)
		}
		w.clock.Advance(340 * 24 * time.Hour)
		token = sign(t, w.claims(nil, directory.MemberView{Person: mine}))
		if got := w.do("GET", "/v1/certificates", token, ""); !strings.Contains(got.body, `"status":"expires"`) {
			t.Errorf("25 days before its end: %s", got.body)
		}
		must(t, w.directory.RevokeCertificate(context.Background(), bound.ID))
		if got := w.do("GET", "/v1/certificates", token, ""); !strings.Contains(got.body, `"status":"revoked"`) {
			t.Errorf("revoked: %s", got.body)
		}
		w.expect(w.do("GET", "/v1/certificates?person="+theirs.ID, token, ""), http.StatusBadRequest, "parameter_invalid")
	})
}
