package signature

import (
	"context"
	"errors"
	"time"
)

// Verifier judges detached signatures. Local is the body in this package; Remote
// asks an outside service, such as a certified one, to judge instead.
//
// The error means that nothing could be judged (the context ended, the service is
// down, ErrBusy), never that the signature is bad: that is the verdict's to say.
type Verifier interface {
	Verify(ctx context.Context, request Request) (Verdict, error)
}

// ErrBusy says that too many signatures are being checked already. The caller
// answers 503 and lets the person try again.
var ErrBusy = errors.New("signature: too many checks at once")

// Request is one question.
type Request struct {
	// Signature is the detached CMS in DER, at most MaxSignature bytes.
	Signature []byte
	// Content is the document that was signed.
	Content []byte
	// At is the time to judge for: the time of signing where it is proven, or else
	// now (63-ФЗ, article 11). Zero means now.
	At time.Time
	// Expect says who should have signed; zero fields are not compared.
	Expect Expectation
}

// Expectation is whose signature it should be. A person is matched by СНИЛС or
// ИНН and an organisation by ИНН ЮЛ or ОГРН, never by a name. Each number that is
// set and that the certificate has must be the same, and one at least must be.
type Expectation struct {
	SNILS, INN  string // of a person
	INNLE, OGRN string // of an organisation
}

// CheckName names one of the checks.
type CheckName string

// The checks in their order.
const (
	CheckFormat        CheckName = "format"
	CheckDigest        CheckName = "digest"
	CheckSignature     CheckName = "signature"
	CheckBinding       CheckName = "binding"
	CheckChain         CheckName = "chain"
	CheckAccreditation CheckName = "accreditation"
	CheckValidity      CheckName = "validity"
	CheckRevocation    CheckName = "revocation"
	CheckUsage         CheckName = "usage"
	CheckSubject       CheckName = "subject"
)

// CheckNames are all checks in the order in which a verdict lists them.
var CheckNames = []CheckName{
	CheckFormat, CheckDigest, CheckSignature, CheckBinding, CheckChain,
	CheckAccreditation, CheckValidity, CheckRevocation, CheckUsage, CheckSubject,
}

// Status is how a check ended.
type Status string

// The statuses. Warned counts as passed, but somebody should read it.
const (
	Passed  Status = "passed"
	Failed  Status = "failed"
	Warned  Status = "warned"
	Skipped Status = "skipped"
)

// Check is one line of a verdict.
type Check struct {
	Name   CheckName `json:"name"`
	Status Status    `json:"status"`
	Code   Code      `json:"code"`
	// Detail is for an auditor: English, may name numbers and times, not stable.
	Detail string `json:"detail,omitempty"`
}

// Text says the check's result in a language, Russian unless English is asked for.
func (c Check) Text(language string) string {
	if c.Code == OK {
		return passed[c.Name].in(language)
	}
	return Text(c.Code, language)
}

// Verdict is the answer. Checks holds all ten in their order, whatever came out.
type Verdict struct {
	Accepted bool `json:"accepted"`
	// Code is OK, or the code of the first check that failed.
	Code   Code    `json:"code"`
	Checks []Check `json:"checks"`
	// At is the time that was judged for.
	At time.Time `json:"at"`
	// SigningTime is when the signer says to have signed; nobody proves it.
	SigningTime time.Time `json:"signing_time,omitzero"`
	// Subject is who signed. It is set once the signature is right and bound to the
	// certificate, even when the certificate is then refused; before, it is nil.
	Subject *Subject `json:"subject,omitempty"`
	// Certificate describes the signer's certificate, on the same terms.
	Certificate *CertificateInfo `json:"certificate,omitempty"`
}

// CertificateInfo is what lists of certificates show.
type CertificateInfo struct {
	Fingerprint string    `json:"fingerprint"` // SHA-256 of the certificate
	Serial      string    `json:"serial"`      // hexadecimal
	Issuer      string    `json:"issuer"`
	Algorithm   string    `json:"algorithm"`
	Class       string    `json:"class,omitempty"` // КС1 … КА1
	NotBefore   time.Time `json:"not_before"`
	NotAfter    time.Time `json:"not_after"`
	Raw         []byte    `json:"certificate"` // DER
}

// Check returns the line of a name.
func (v Verdict) Check(name CheckName) Check {
	for _, c := range v.Checks {
		if c.Name == name {
			return c
		}
	}
	return Check{Name: name, Status: Skipped, Code: NotChecked}
}

// Text says the whole verdict in one sentence.
func (v Verdict) Text(language string) string { return Text(v.Code, language) }

// record keeps a check's result.
func (v *Verdict) record(name CheckName, fault *Fault) {
	if fault == nil {
		v.Checks = append(v.Checks, Check{Name: name, Status: Passed, Code: OK})
		return
	}
	v.Checks = append(v.Checks, Check{Name: name, Status: Failed, Code: fault.Code, Detail: fault.Detail})
	if v.Code == "" {
		v.Code = fault.Code
	}
}

// finish fills in the checks that were not reached and decides: accepted is what
// passed every one of them. A check that nobody ran refuses.
func (v *Verdict) finish(names []CheckName) Verdict {
	checks := make([]Check, 0, len(names))
	v.Accepted = true
	for _, name := range names {
		check := v.Check(name)
		checks = append(checks, check)
		v.Accepted = v.Accepted && (check.Status == Passed || check.Status == Warned)
	}
	v.Checks = checks
	switch {
	case v.Accepted:
		v.Code = OK
	case v.Code == "":
		v.Code = NotChecked
	}
	return *v
}
