package signaturetest

import (
	"context"
	"testing"
	"time"

	"propusk/signature"
	"propusk/signature/pki"
)

// What the package makes is what the verifier takes.
func TestItsSignaturesAreAccepted(t *testing.T) {
	t.Parallel()
	a := New(t, time.Now)
	subject := signature.Subject{CommonName: "Иванов Иван", SNILS: "99000000153", INN: "990000000115"}
	for name, holder := range map[string]Holder{"P-256": a.Issue(t, subject), "RSA": a.IssueRSA(t, subject)} {
		verdict, err := a.Verifier.Verify(context.Background(), signature.Request{Signature: holder.Sign(t, []byte("text")), Content: []byte("text")})
		must(t, err)
		if !verdict.Accepted || verdict.Subject.SNILS != "99000000153" {
			t.Errorf("%s: %s %+v", name, verdict.Code, verdict.Checks)
		}
	}
}

func TestItsAuthoritiesAreRefusedForTheirReason(t *testing.T) {
	t.Parallel()
	subject := signature.Subject{CommonName: "Иванов Иван", SNILS: "99000000153"}
	judge := func(a *Authority, h Holder) signature.Code {
		verdict, err := a.Verifier.Verify(context.Background(), signature.Request{Signature: h.Sign(t, nil)})
		must(t, err)
		return verdict.Code
	}
	a := New(t, time.Now)
	h := a.Issue(t, subject)
	if got := judge(New(t, time.Now), h); got != pki.IssuerSignature {
		t.Errorf("a namesake: %s", got)
	}
	a.Accredit(t, signature.Interval{From: time.Now().AddDate(0, 0, -1)})
	if got := judge(a, h); got != signature.AuthorityNotAccreditedThen {
		t.Errorf("accredited too late: %s", got)
	}
	a.Accredit(t)
	a.Revoke(t, h)
	if got := judge(a, h); got != signature.CertificateRevoked {
		t.Errorf("revoked: %s", got)
	}
	old := Expired(t, time.Now)
	if got := judge(old, old.Issue(t, subject)); got != signature.IssuerExpired {
		t.Errorf("an expired authority: %s", got)
	}
}
