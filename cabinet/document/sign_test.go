package document_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"propusk/cabinet/cabinettest"
	"propusk/cabinet/document"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/signature/signaturetest"
	"propusk/storage"
	"propusk/storage/file/filetest"
	"propusk/storage/storagetest"
)

func TestSeveralSignersSignOneVersion(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		a := w.Office("Alpha", directory.Manager)
		content := filetest.PDF("contract Alpha")
		d := w.pdf(a)
		path := "/v1/documents/" + d.ID
		company, rsa := w.holder(a), w.Authority.IssueRSA(t, subject(a))
		manager := w.own(a, directory.Manager, "15376847200")
		got := w.Expect(w.sign(path+"/signatures", w.Token(a, directory.Administrator), company.Sign(t, content)), 201, "")
		var s signatureView
		got.Into(t, &s)
		if !s.Verdict.Accepted || s.Verdict.Code != "ok" || len(s.Verdict.Checks) != 10 || s.INN != a.INN || !s.Own || s.Signer != "Руководитель Пётр Петрович, "+a.Name {
			t.Errorf("%s", got.Text)
		}
		if strings.Contains(got.Text, "11223344595") || strings.Contains(got.Text, "500100732259") {
			t.Errorf("personal numbers show: %s", got.Text)
		}
		w.Expect(w.sign(path+"/signatures", w.Token(a, directory.Administrator), company.Sign(t, content)), 409, "document_signature_exists")
		w.Expect(w.sign(path+"/signatures", w.Token(a, directory.Administrator), rsa.Sign(t, content), `,"version":1`), 201, "")
		w.Expect(w.sign(path+"/signatures", w.Token(a, directory.Manager), manager.Sign(t, content)), 201, "")
		v := w.get(a, directory.Administrator, d.ID)
		if v.Signatures != 3 || len(v.SignatureList) != 3 || v.SignatureList[2].INN != "" || v.SignatureList[2].AddedBy != a.Members[directory.Manager].Person.ID {
			t.Errorf("%+v", v)
		}
		w.Expect(w.Do("DELETE", path, w.Token(a, directory.Administrator), nil), 409, "document_signed")
		if r := v.action("delete").Reason; r != "document_signed" {
			t.Errorf("delete: %q", r)
		}
		e := w.journal(a)[1]
		if e.Action != "document.signed" || e.Details["verdict"] != "ok" || e.Details["certificate"] == "" || strings.Contains(fmt.Sprint(e), "11223344595") {
			t.Errorf("entry %+v", e)
		}
		var list struct{ Signatures []signatureView }
		w.Expect(w.Do("GET", path+"/signatures?version=1", w.Token(a, directory.Administrator), nil), 200, "").Into(t, &list)
		if len(list.Signatures) != 3 {
			t.Errorf("%+v", list)
		}
	})
}

// own gives a member a proved СНИЛС and the certificate of a person.
func (w *world) own(o *cabinettest.Office, role directory.Role, snils string) signaturetest.Holder {
	w.t.Helper()
	must(w.t, w.Directory.VerifyNumbers(context.Background(), directory.System(), o.Members[role].Person.ID, snils, ""))
	return w.Authority.Issue(w.t, signature.Subject{Kind: signature.KindPerson, SNILS: snils, CommonName: "Подписант", LastName: "Подписант", GivenNames: "Лев"})
}

// TestUnacceptedSignatureIsRefusedWithEveryFailedCheck: nothing of it is kept.
func TestUnacceptedSignatureIsRefusedWithEveryFailedCheck(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		a, b := w.Office("Alpha", directory.Operator, directory.Manager), w.Office("Beta")
		content := filetest.PDF("contract Alpha")
		d := w.pdf(a)
		path, token := "/v1/documents/"+d.ID+"/signatures", w.Token(a, directory.Administrator)
		revoked := w.holder(a)
		w.Authority.Revoke(t, revoked)
		stranger := signaturetest.New(t, w.Clock.Now).Issue(t, subject(a))
		other := w.own(a, directory.Operator, "15376847200")
		tampered := w.holder(a).Sign(t, content)
		tampered[len(tampered)-3] ^= 1
		for name, tt := range map[string]struct {
			cms    []byte
			status int
			code   string
			faults string
		}{
			"of another document":           {w.holder(a).Sign(t, filetest.PDF("x")), 422, "document_signature_refused", "signature_digest_mismatch"},
			"by a revoked certificate":      {revoked.Sign(t, content), 422, "document_signature_refused", "signature_certificate_revoked"},
			"by an authority nobody trusts": {stranger.Sign(t, content), 422, "document_signature_refused", "signature_issuer_signature"},
			"that is none":                  {[]byte("no signature"), 422, "document_signature_refused", "signature_not_der"},
			"with a bit changed":            {tampered, 422, "document_signature_refused", "signature_signature_wrong"},
			"of another organisation":       {w.holder(b).Sign(t, content), 403, "document_signer", ""},
			"of a colleague, not one's own": {other.Sign(t, content), 403, "document_signer", ""},
		} {
			got := w.sign(path, token, tt.cms)
			p := got.Problem(t)
			var faults []string
			for _, f := range p.Errors {
				faults = append(faults, f.Code)
				if f.Pointer != "/signature" || f.Detail == "" || f.Detail == "Недопустимое значение." {
					t.Errorf("%s: %+v", name, f)
				}
			}
			if got.StatusCode != tt.status || p.Code != tt.code || !strings.Contains(strings.Join(faults, " "), tt.faults) {
				t.Errorf("%s: %s", name, got.Text)
			}
		}
		w.Expect(w.sign(path, token, nil), 422, "validation_failed")
		w.Expect(w.sign(path, token, w.holder(a).Sign(t, content), `,"version":-1`), 422, "validation_failed")
		w.Expect(w.sign(path, token, w.holder(a).Sign(t, content), `,"version":2`), 404, "not_found")
		w.Expect(w.sign(path, w.Token(a, directory.Operator), w.holder(a).Sign(t, content)), 403, "permission_missing")
		if v := w.get(a, directory.Administrator, d.ID); v.Signatures != 0 || len(v.SignatureList) != 0 || !v.action("sign").Allowed {
			t.Errorf("kept: %+v", v)
		}
	})
}

// A certificate of a person counts for the one who has proved the number, not for
// one who only says it.
func TestUnprovedNumberSignsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a := w.Office("Alpha")
	d := w.pdf(a)
	holder := w.Authority.Issue(t, signature.Subject{Kind: signature.KindPerson, SNILS: "15376847200", CommonName: "x", LastName: "Чужой"})
	w.Expect(w.sign("/v1/documents/"+d.ID+"/signatures", w.Token(a, directory.Administrator), holder.Sign(t, filetest.PDF("contract Alpha"))), 403, "document_signer")
}

// A client that acts for itself signs for the organisation, and for no person.
func TestClientBringsTheOrganisationsSignature(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a := w.Office("Alpha")
	d := w.pdf(a)
	content := filetest.PDF("contract Alpha")
	path, token := "/v1/documents/"+d.ID+"/signatures", w.Service(a, directory.DocumentsRead, directory.DocumentsSign)
	person := w.own(a, directory.Administrator, "15376847200")
	w.Expect(w.sign(path, token, person.Sign(t, content)), 403, "document_signer")
	w.Expect(w.sign(path, token, w.holder(a).Sign(t, content)), 201, "")
}

// away is a verifier that cannot judge.
type away struct{ err error }

func (v away) Verify(context.Context, signature.Request) (signature.Verdict, error) {
	return signature.Verdict{}, v.err
}

func TestVerifierThatIsAwayIsToldSo(t *testing.T) {
	t.Parallel()
	for code, verifier := range map[string]signature.Verifier{"verifier_busy": away{signature.ErrBusy}, "signatures_unavailable": away{errors.New("refused")}} {
		w := newWorld(t, storagetest.SQLite(t), func(d *document.Deps) { d.Verifier = verifier })
		a := w.Office("Alpha")
		w.Expect(w.sign("/v1/documents/"+w.pdf(a).ID+"/signatures", w.Token(a, directory.Administrator), []byte("x")), 503, code)
	}
	w := newWorld(t, storagetest.SQLite(t), func(d *document.Deps) { d.Verifier = nil })
	a := w.Office("Alpha")
	d := w.pdf(a)
	w.Expect(w.sign("/v1/documents/"+d.ID+"/signatures", w.Token(a, directory.Administrator), []byte("x")), 503, "signatures_unavailable")
	if r := w.get(a, directory.Administrator, d.ID).action("sign").Reason; r != "signatures_unavailable" {
		t.Errorf("sign: %q", r)
	}
}

// TestContainerIsVerifiedWithoutUs: the bytes, the signatures beside them, and the
// verdicts.
func TestContainerIsVerifiedWithoutUs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a := w.Office("Alpha")
	token := w.Token(a, directory.Administrator)
	content := filetest.PDF("contract Alpha")
	d := w.pdf(a)
	path := "/v1/documents/" + d.ID
	for range 2 {
		w.Expect(w.sign(path+"/signatures", token, w.holder(a).Sign(t, content)), 201, "")
	}
	got := w.Expect(w.Do("GET", path+"/container", token, nil), 200, "")
	archive, err := zip.NewReader(strings.NewReader(got.Text), int64(len(got.Text)))
	must(t, err)
	entries := map[string][]byte{}
	var names []string
	for _, f := range archive.File {
		r, err := f.Open()
		must(t, err)
		entries[f.Name], err = io.ReadAll(r)
		must(t, errors.Join(err, r.Close()))
		names = append(names, f.Name)
	}
	if want := []string{"Договор Alpha.pdf", "Договор Alpha.pdf.1.p7s", "Договор Alpha.pdf.2.p7s", "manifest.json"}; !slices.Equal(names, want) {
		t.Fatalf("it holds %q", names)
	}
	if got.Header.Get("Content-Type") != "application/zip" || !bytes.Equal(entries["Договор Alpha.pdf"], content) {
		t.Error("the signed bytes are others")
	}
	for _, name := range names[1:3] {
		verdict, err := w.Authority.Verifier.Verify(t.Context(), signature.Request{Signature: entries[name], Content: entries[names[0]]})
		if err != nil || !verdict.Accepted {
			t.Errorf("%s: %v %v", name, verdict.Code, err)
		}
	}
	var manifest struct {
		SHA256     string
		Signatures []struct{ File, Signer, Verdict string }
	}
	must(t, json.Unmarshal(entries["manifest.json"], &manifest))
	if manifest.SHA256 != d.File.SHA256 || len(manifest.Signatures) != 2 || manifest.Signatures[1].File != names[2] || manifest.Signatures[0].Verdict != "ok" {
		t.Errorf("%s", entries["manifest.json"])
	}
	v := w.get(a, directory.Administrator, d.ID)
	one := w.Expect(w.Do("GET", path+"/signatures/"+v.SignatureList[0].ID, token, nil), 200, "")
	if one.Text != string(entries[names[1]]) || one.Header.Get("Content-Type") != "application/pkcs7-signature" {
		t.Error("the signature's file is another")
	}
	w.Expect(w.Do("GET", path+"/signatures/"+d.ID, token, nil), 404, "not_found")
}

func TestOwnersOfADocumentAreToldOfASignature(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a := w.Office("Alpha")
	d := w.pdf(a)
	w.Expect(w.sign("/v1/documents/"+d.ID+"/signatures", w.Token(a, directory.Administrator), w.holder(a).Sign(t, filetest.PDF("contract Alpha"))), 201, "")
	if events := w.events(a); !slices.Equal(events, []string{"document.signed"}) {
		t.Errorf("told %v", events)
	}
}

// events are the types of what an organisation was told, in order.
func (w *world) events(o *cabinettest.Office) (types []string) {
	w.t.Helper()
	must(w.t, w.DB.Select(context.Background(), &types, `SELECT type FROM notice_events WHERE organisation_id = $1 ORDER BY created_at, id`, o.ID))
	return types
}

// Signed files are held in memory: few at a time, and who comes too many is told so.
func TestFewSignaturesAreJudgedAtATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a := w.Office("Alpha")
	path, token := "/v1/documents/"+w.pdf(a).ID+"/signatures", w.Token(a, directory.Administrator)
	cms := w.holder(a).Sign(t, filetest.PDF("contract Alpha"))
	leave := w.documents.Crowd()
	if got := w.Expect(w.sign(path, token, cms), 503, "verifier_busy"); got.Header.Get("Retry-After") != "2" {
		t.Errorf("%v", got.Header)
	}
	leave()
	w.Expect(w.sign(path, token, cms), 201, "")
}
