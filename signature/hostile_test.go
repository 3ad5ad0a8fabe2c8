package signature

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"propusk/signature/pki"
)

// A thief whose certificate is revoked keeps the next list away until the last one
// is stale. What the last one told of him is not undone by that: neither by a
// decision to do without missing data, nor by a responder that does not answer.
func TestARevocationOutlivesTheListThatToldOfIt(t *testing.T) {
	t.Parallel()
	o := newOnline(t, "")
	o.server.set(o.list(t, 5, noon, o.person.Serial), http.StatusOK)
	o.Refresh(t.Context())
	o.server.set(nil, http.StatusBadGateway)
	o.clock.Advance(48 * time.Hour)
	o.configure(t, func(a *Authority) {
		a.OCSP = []string{o.server.URL}
		a.DangerouslyFailOpen = &FailOpen{By: "Петров", Reason: "авария", Until: o.clock.Now().Add(time.Hour)}
	})
	if got := o.code(); got != CertificateRevoked {
		t.Errorf("without a fresh list: %s", got)
	}
	verifier, err := NewLocal(Deps{
		Trust: o.store, Revocations: o.Revocations, Now: o.clock.Now,
		OnFailOpen: func(context.Context, FailOpenUse) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	if v := certificateOf(t, verifier, o.leaf, o.clock.Now()); v.Accepted || v.Code != CertificateRevoked {
		t.Errorf("failing open let a revoked certificate pass: %s", v.Code)
	}
	if v := certificateOf(t, verifier, o.issue(t, &o.leafKey.PublicKey, nil), o.clock.Now()); !v.Accepted {
		t.Errorf("one that the old list does not name: %s", v.Code)
	}
	// A hold that a later list has lifted is lifted, though that list is stale too.
	later, fault := pki.ParseCRL(o.list(t, 6, noon.Add(time.Hour)))
	if fault != nil {
		t.Fatal(fault)
	}
	o.Add(later)
	if got := o.code(); got != OCSPUnavailable {
		t.Errorf("after a later list that does not name it: %s", got)
	}
}

// RFC 6960 §4.4.4: responders may forget who has expired, so "good" after the
// certificate's end says nothing about the time before it.
func TestAnAnswerFromAfterTheCertificatesEndProvesNothing(t *testing.T) {
	t.Parallel()
	o := newOnline(t, "")
	o.configure(t, func(a *Authority) { a.CRLs, a.OCSP, a.OCSPNonceOptional = nil, []string{o.server.URL}, true })
	status := ocsp.Good
	o.server.answer = func(question *ocsp.Request) []byte {
		der, err := ocsp.CreateResponse(o.root, o.root, ocsp.Response{
			Status: status, SerialNumber: question.SerialNumber, RevokedAt: noon,
			ThisUpdate: o.clock.Now(), NextUpdate: o.clock.Now().Add(time.Hour),
		}, o.rootKey)
		if err != nil {
			return nil
		}
		return der
	}
	o.clock.Advance(o.person.NotAfter.Sub(noon) + time.Minute)
	ask := func() (Evidence, *Fault) { return o.Status(t.Context(), o.person, o.issuer, noon.Add(time.Hour)) }
	if evidence, fault := ask(); fault == nil || fault.Code != pki.OCSPStale {
		t.Errorf("good: %+v %v", evidence, fault)
	}
	status = ocsp.Revoked
	if evidence, fault := ask(); fault != nil || !evidence.Revoked {
		t.Errorf("revoked while it was in force: %+v %v", evidence, fault)
	}
}

// The purposes of a path are what every certificate of it allows: two that are each
// for one of ours, and not for the same, leave none over.
func TestAPathHasOnePurposeFromTopToBottom(t *testing.T) {
	t.Parallel()
	policy := Policy{}.withDefaults()
	certificate := func(ca bool, usages ...string) *pki.Certificate {
		return &pki.Certificate{Extensions: pki.Extensions{
			IsCA: ca, KeyUsage: pki.DigitalSignature, ExtendedKeyUsages: usages, Policies: []string{"1.2.643.100.113.1"},
		}}
	}
	for name, c := range map[string]struct {
		leaf, middle []string
		want         bool
	}{
		"nothing is narrowed":       {nil, nil, true},
		"the same purpose":          {[]string{pki.ClientAuth}, []string{pki.ClientAuth, "1.3.6.1.5.5.7.3.1"}, true},
		"one in common":             {[]string{pki.ClientAuth, pki.EmailProtection}, []string{pki.EmailProtection}, true},
		"any, of an authority":      {[]string{pki.ClientAuth}, []string{pki.AnyExtendedKeyUsage}, true},
		"any, of a person":          {[]string{pki.AnyExtendedKeyUsage}, nil, false},
		"each for one of ours":      {[]string{pki.ClientAuth}, []string{pki.EmailProtection}, false},
		"the authority for servers": {nil, []string{"1.3.6.1.5.5.7.3.1"}, false},
	} {
		fault := policy.checkUsage(pki.Path{certificate(false, c.leaf...), certificate(true, c.middle...), certificate(true)})
		if got := fault == nil; got != c.want || fault != nil && fault.Code != ExtendedKeyUsage {
			t.Errorf("%s: %v", name, fault)
		}
	}
}

// A certificate that was imported from a file as well as listed is judged by the
// list: the end of an accreditation reaches it, whichever record is met first.
func TestAnImportedFileDoesNotOutliveTheEndOfAnAccreditation(t *testing.T) {
	t.Parallel()
	a := newAuthority(t) // certificates are issued on 2026-04-20
	list := listXML("2026-05-01", center("УЦ", "1999900000010", a.root.Raw, "Действует", "2020-01-01", "Прекращена", "2026-04-19"))
	path := filepath.Join(t.TempDir(), "root.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 20 { // the records stand in a map
		verifier, store, _ := listed(t, a, list)
		if _, err := store.ImportPath(path); err != nil {
			t.Fatal(err)
		}
		if store.Len() != 2 {
			t.Fatalf("%d records", store.Len())
		}
		if v := certificateOf(t, verifier, a.leaf, noon); v.Code != AuthorityNotAccreditedThen {
			t.Fatalf("got %s", v.Code)
		}
	}
}

// The signer identifier's octets without their sign are not another number.
func TestANegativeSerialNumberNamesNobody(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	certificate := a.issue(t, &a.leafKey.PublicKey, func(c *x509.Certificate) { c.SerialNumber = big.NewInt(0x81) })
	s := a.signing()
	s.certificate = certificate
	s.signerID = wrap(0x30, certificate.RawIssuer, []byte{2, 1, 0x81})
	if v := verdictOf(t, a.verifier(t, nil), s.make(t)); v.Code != SignerIdentifierMismatch {
		t.Errorf("got %s", v.Code)
	}
	s.signerID = wrap(0x30, certificate.RawIssuer, []byte{2, 2, 0, 0x81})
	if v := verdictOf(t, a.verifier(t, nil), s.make(t)); v.Code != OK {
		t.Errorf("the right one: %s", v.Code)
	}
}

// What an outside service says is held against itself: an owner without a number
// would be found by an empty one, a failed check is no acceptance, and the document
// does not go on to whoever the answer names.
func TestRemoteAnswersThatWouldSignAnybodyIn(t *testing.T) {
	t.Parallel()
	stolen := false
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stolen = true }))
	defer thief.Close()
	answer := ""
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answer == "" {
			http.Redirect(w, r, thief.URL, http.StatusTemporaryRedirect)
			return
		}
		_, _ = w.Write([]byte(answer))
	}))
	defer service.Close()
	remote, err := NewRemote(RemoteDeps{URL: service.URL, Token: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	for name, said := range map[string]string{
		"a redirect":           "",
		"no number":            `{"accepted":true,"code":"ok","subject":{"kind":"person","common_name":"Иванов"}}`,
		"two kinds at once":    `{"accepted":true,"code":"ok","subject":{"inn_le":"9900000031","ogrnip":"304500116000157"}}`,
		"a check that failed":  `{"accepted":true,"code":"ok","subject":{"snils":"99000000153"},"checks":[{"name":"chain","status":"failed","code":"issuer_unknown"}]}`,
		"a kind that is not":   `{"accepted":true,"code":"ok","subject":{"kind":"organisation"}}`,
		"an old form, nothing": `{"accepted":true,"code":"ok","subject":{}}`,
	} {
		answer = said
		if v, err := remote.Verify(t.Context(), Request{Signature: []byte{1}, Content: []byte("secret")}); err == nil {
			t.Errorf("%s: %+v", name, v)
		}
	}
	if stolen {
		t.Error("the document was sent on")
	}
	answer = `{"accepted":true,"code":"ok","subject":{"kind":"organisation","snils":"99000000153"}}`
	v, err := remote.Verify(t.Context(), Request{Signature: []byte{1}})
	if err != nil || !v.Accepted || v.Subject.Kind != KindPerson {
		t.Errorf("a person who is called an organisation: %+v %v", v.Subject, err)
	}
}

// Two entries of one authority: the second does not silently take the place of the
// first, or an accreditation that has ended would come to life again, or the reverse.
func TestASecondEntryOfAnAuthorityIsToldAndNotTaken(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	list := listXML("2026-05-01",
		center("УЦ", "1999900000010", a.root.Raw, "Действует", "2020-01-01", "Прекращена", "2026-04-19"),
		center("УЦ снова", "1999900000010", a.root.Raw, "Действует", "2020-01-01"))
	verifier, store, report := listed(t, a, list)
	if store.Len() != 1 || len(report.Added) != 1 || len(report.Refused) != 1 || report.Refused[0].What != "УЦ снова" {
		t.Errorf("%d records, %+v", store.Len(), report)
	}
	if v := certificateOf(t, verifier, a.leaf, noon); v.Code != AuthorityNotAccreditedThen {
		t.Errorf("got %s", v.Code)
	}
}

// Who signs with an authority of his own chooses its name: it does not turn the line
// or break it where verdicts are shown.
func TestAnIssuersNameDoesNotReadAsAnother(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"УЦ «Тест»": "УЦ «Тест»", "a\u202eb": "a\ufffdb", "a\nb": "a\ufffdb", "a\u2028b": "a\ufffdb", "a\u200bb": "a\ufffdb",
	} {
		if got := legible(name); got != want {
			t.Errorf("%q: %q", name, got)
		}
	}
	a := newAuthority(t)
	stranger := *a.root
	stranger.Subject.CommonName, stranger.RawSubject = "УЦ\u202eссоР", nil
	template := *a.leaf
	der, err := x509.CreateCertificate(rand.Reader, &template, &stranger, &a.leafKey.PublicKey, a.rootKey)
	if err != nil {
		t.Fatal(err)
	}
	v, err := a.verifier(t, nil).VerifyCertificate(t.Context(), CertificateRequest{Certificate: der, At: noon})
	if err != nil || v.Certificate == nil || v.Certificate.Issuer != "УЦ\ufffdссоР" {
		t.Errorf("%+v %v", v.Certificate, err)
	}
}
