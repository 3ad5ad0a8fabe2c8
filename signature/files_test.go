package signature

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// files is the command's question about the kept fixtures.
func (f fixtures) files(signatures ...string) Files {
	q := Files{
		Roots: filepath.Join(f.dir, "gost256/root"), Intermediates: filepath.Join(f.dir, "gost256/int"),
		CRLs: filepath.Join(f.dir, "gost256"), Content: filepath.Join(f.dir, "challenge.bin"), At: f.at,
	}
	for _, s := range signatures {
		q.Signatures = append(q.Signatures, filepath.Join(f.dir, s))
	}
	return q
}

func TestVerifyFilesWritesTheLineOfTheContract(t *testing.T) {
	t.Parallel()
	f := openFixtures(t)
	verdicts, err := VerifyFiles(t.Context(), f.files("gost256/cms/staff.p7s", "gost256/cms/other-content.p7s"))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := WriteJSON(&out, verdicts); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 || AllAccepted(verdicts) || !AllAccepted(verdicts[:1]) || AllAccepted(nil) {
		t.Fatalf("lines %v", lines)
	}
	type line struct {
		File, Code string
		Accepted   *bool
		Checks     []struct{ Name, Status, Code, Text string }
		Subject    map[string]string
	}
	read := func(s string) (l line) {
		decoder := json.NewDecoder(strings.NewReader(s))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&l); err != nil {
			t.Fatal(err, s)
		}
		return l
	}
	good, bad := read(lines[0]), read(lines[1])
	if !*good.Accepted || good.Code != "ok" || len(good.Checks) != 10 || good.Subject["ogrn"] != "1999900000010" || good.Subject["kind"] != "organisation" {
		t.Errorf("good %+v", good)
	}
	if *bad.Accepted || bad.Code != "digest_mismatch" || len(bad.Subject) != 0 || bad.Checks[1].Status != "failed" ||
		!strings.Contains(bad.Checks[1].Text, "Документ изменён") || bad.Checks[2].Status != "skipped" {
		t.Errorf("bad %+v", bad)
	}
	out.Reset()
	if err := WriteText(&out, verdicts, English); err != nil || !strings.Contains(out.String(), "The signature is accepted.") {
		t.Errorf("text %q %v", out.String(), err)
	}
}

func TestVerifyFilesSaysWhenItCannotJudge(t *testing.T) {
	t.Parallel()
	f := openFixtures(t)
	for name, spoil := range map[string]func(*Files){
		"no roots":             func(q *Files) { q.Roots = "nowhere" },
		"roots without any":    func(q *Files) { q.Roots = filepath.Join(f.dir, "gost256/ocsp") },
		"no intermediates":     func(q *Files) { q.Intermediates = "nowhere" },
		"no lists":             func(q *Files) { q.CRLs = "nowhere" },
		"a list that is none":  func(q *Files) { q.CRLs = q.Content },
		"no document":          func(q *Files) { q.Content = "nowhere" },
		"no signature":         func(q *Files) { q.Signatures = []string{"nowhere"} },
		"no signatures at all": func(q *Files) { q.Signatures = nil },
	} {
		q := f.files("gost256/cms/person.p7s")
		spoil(&q)
		if _, err := VerifyFiles(t.Context(), q); err == nil {
			t.Errorf("%s: it judged", name)
		}
	}
	q := f.files("gost256/cms/person.p7s")
	q.CRLs, q.Intermediates = "", ""
	verdicts, err := VerifyFiles(t.Context(), q)
	if err != nil || verdicts[0].Code != CRLMissing {
		t.Errorf("without lists: %+v %v", verdicts, err)
	}
	large := filepath.Join(t.TempDir(), "large.p7s")
	if err := os.WriteFile(large, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	q = f.files()
	q.Signatures = []string{large}
	if verdicts, err := VerifyFiles(t.Context(), q); err != nil || verdicts[0].Code != TooLarge {
		t.Errorf("a large file: %+v %v", verdicts, err)
	}
}

// An outside service takes our place behind the same interface: one that is ours
// over HTTP gives the same verdicts.
func TestRemoteGivesTheVerdictOfTheService(t *testing.T) {
	t.Parallel()
	f := openFixtures(t)
	local := f.verifier(t)
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var question remoteRequest
		if err := json.NewDecoder(r.Body).Decode(&question); err != nil || r.Header.Get("Authorization") != "Bearer secret" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		verdict, err := local.Verify(r.Context(), Request{Signature: question.Signature, Content: question.Content, At: question.At})
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(verdict)
	}))
	defer service.Close()
	remote, err := NewRemote(RemoteDeps{URL: service.URL, Token: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]Code{"gost512/cms/person.p7s": OK, "rsa2048/cms/revoked.p7s": CertificateRevoked, "bad/cms/empty.p7s": Empty} {
		if got := f.judgeSignature(t, remote, f.read(t, name)); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	ask := func(signature []byte, expect Expectation) Code {
		v, err := remote.Verify(t.Context(), Request{Signature: signature, Content: f.read(t, "challenge.bin"), At: f.at, Expect: expect})
		if err != nil {
			t.Fatal(err)
		}
		if v.Accepted {
			t.Error("accepted")
		}
		return v.Code
	}
	// The service above does not compare the signer; this side does.
	if got := ask(f.read(t, "ecp256/cms/person.p7s"), Expectation{SNILS: "99000000254"}); got != SubjectOtherPerson {
		t.Errorf("another person: %s", got)
	}
	if got := ask(make([]byte, MaxSignature+1), Expectation{}); got != TooLarge {
		t.Errorf("large: %s", got)
	}
}

func TestRemoteTrustsNoUnclearAnswer(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"no JSON": "yes", "nothing": "{}", "accepted with a refusal's code": `{"accepted":true,"code":"crl_stale"}`,
		"refused with ok": `{"accepted":false,"code":"ok"}`, "nobody's signature": `{"accepted":true,"code":"ok"}`,
		"a wrong number": `{"accepted":true,"code":"ok","subject":{"kind":"person","snils":"99000000154"}}`,
		"too much":       strings.Repeat(" ", maxRemote+1),
	} {
		service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(answer)) }))
		remote, err := NewRemote(RemoteDeps{URL: service.URL})
		if err != nil {
			t.Fatal(err)
		}
		if v, err := remote.Verify(t.Context(), Request{Signature: []byte{1}}); err == nil {
			t.Errorf("%s: %+v", name, v)
		}
		service.Close()
	}
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	defer busy.Close()
	remote, err := NewRemote(RemoteDeps{URL: busy.URL})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := remote.Verify(t.Context(), Request{}); !errors.Is(err, ErrBusy) {
		t.Errorf("busy: %v", err)
	}
	for _, url := range []string{"http://example.ru", "ftp://localhost", "://", ""} {
		if _, err := NewRemote(RemoteDeps{URL: url}); err == nil {
			t.Errorf("%q is taken", url)
		}
	}
}
