package signature

import (
	"context"
	"crypto/subtle"
	"fmt"
	"time"

	"propusk/signature/pki"
)

// judgement is one verdict on its way, check after check. A check that fails ends
// those that would have nothing to stand on; the rest still run, so that a person
// learns of everything that is wrong at once.
type judgement struct {
	Verdict
	ctx    context.Context
	deps   *Deps
	trust  *trustState
	signer *pki.Certificate
}

// run records a check and reports whether it passed.
func (j *judgement) run(name CheckName, check func() *Fault) bool {
	fault := check()
	j.record(name, fault)
	return fault == nil
}

// checkMessage runs the four checks of the file itself. Only when all of them pass
// is it known whose certificate is to be judged.
func (j *judgement) checkMessage(m *message, content []byte) bool {
	signer, binding := m.signer()
	var key *pki.Key
	if !j.run(CheckFormat, func() *Fault {
		var fault *Fault
		key, fault = m.key(signer, binding)
		return fault
	}) {
		return false
	}
	if !j.run(CheckDigest, func() *Fault { return m.checkDigest(content) }) {
		return false
	}
	if binding != nil {
		// Without the certificate that was signed there is no key to check with.
		j.record(CheckBinding, binding)
		return false
	}
	if !j.run(CheckSignature, func() *Fault { return key.Verify(m.algorithm, m.signedAttributes, m.value) }) {
		return false
	}
	if !j.run(CheckBinding, func() *Fault {
		if !m.names(signer) {
			return faultf(SignerIdentifierMismatch, "the signer identifier is not that of %s", signer.Subject)
		}
		return nil
	}) {
		return false
	}
	j.signer = signer
	return true
}

// key returns the signer's key, when it is one that may count and the digest is
// the one for it. That the certificate is missing altogether is the format's fault,
// that another one is enclosed is the binding's.
func (m *message) key(signer *pki.Certificate, binding *Fault) (*pki.Key, *Fault) {
	if binding != nil {
		if binding.Code == SignerCertificateMissing {
			return nil, binding
		}
		return nil, nil
	}
	key, fault := signer.Key()
	if fault != nil {
		return nil, fault
	}
	if key.Digest() != m.digest {
		return nil, faultf(DigestNotForKey, "%s with a key of %d bits", m.digest, key.Bits)
	}
	return key, nil
}

// checkDigest compares the document's digest with the one that was signed.
func (m *message) checkDigest(content []byte) *Fault {
	if subtle.ConstantTimeCompare(m.digest.Sum(content), m.attributes.messageDigest) != 1 {
		return faultf(DigestMismatch, "messageDigest is of another document")
	}
	return nil
}

// russian reports whether checking costs GOST arithmetic.
func (m *message) russian() bool {
	if m.algorithm.Kind.Russian() {
		return true
	}
	for _, c := range m.certificates {
		if c.Russian() {
			return true
		}
	}
	return false
}

// checkCertificate runs the six checks of the certificate. Several paths may lead
// to an authority (cross-certification); the verdict is of the first that is good
// in every respect, or else of the one that came furthest.
func (j *judgement) checkCertificate(extra []*pki.Certificate, expect Expectation) {
	paths, fault := j.trust.builder.Paths(j.signer, extra)
	if fault != nil {
		j.record(CheckChain, fault)
		j.run(CheckValidity, func() *Fault { return j.checkOwnValidity(j.signer) })
	} else {
		j.Checks = append(j.Checks, j.bestPath(paths)...)
	}
	var subject *Subject
	j.run(CheckSubject, func() *Fault {
		var fault *Fault
		if subject, fault = ParseSubject(j.signer.Subject); fault != nil {
			return fault
		}
		return subject.match(expect)
	})
	j.Subject = subject
	j.Certificate = describe(j.signer)
	j.Code = firstFailure(j.Checks)
}

// bestPath judges the paths one after the other and returns the checks of the best.
func (j *judgement) bestPath(paths []pki.Path) []Check {
	var best []Check
	reached := -1
	for _, path := range paths {
		attempt := &judgement{ctx: j.ctx, deps: j.deps, trust: j.trust, signer: j.signer}
		attempt.At = j.At
		passed := attempt.checkPath(path)
		if passed > reached {
			best, reached = attempt.Checks, passed
		}
		if attempt.Code == "" {
			break
		}
	}
	return best
}

// checkPath runs the checks that depend on the path and returns how many passed
// before the first failure.
func (j *judgement) checkPath(path pki.Path) int {
	j.record(CheckChain, nil)
	j.run(CheckAccreditation, func() *Fault { return j.trust.checkAccreditation(path) })
	j.run(CheckValidity, func() *Fault { return j.checkValidity(path) })
	j.checkRevocation(path)
	j.run(CheckUsage, func() *Fault { return j.deps.Policy.checkUsage(path) })
	for i, check := range j.Checks {
		if check.Status == Failed {
			return i
		}
	}
	return len(j.Checks)
}

func firstFailure(checks []Check) Code {
	for _, check := range checks {
		if check.Status == Failed {
			return check.Code
		}
	}
	return ""
}

func (j *judgement) checkValidity(path pki.Path) *Fault {
	if fault := j.checkOwnValidity(path.Leaf()); fault != nil {
		return fault
	}
	for _, c := range path[1:] {
		switch {
		case j.At.After(c.NotAfter):
			return faultf(IssuerExpired, "%s expired on %s", c.Subject, c.NotAfter.Format(time.RFC3339))
		case j.At.Before(c.NotBefore):
			return faultf(IssuerNotYetValid, "%s is valid from %s", c.Subject, c.NotBefore.Format(time.RFC3339))
		}
	}
	return nil
}

// checkOwnValidity looks at the certificate's own period, and at the one in which
// its key may sign, which is often shorter.
func (j *judgement) checkOwnValidity(c *pki.Certificate) *Fault {
	switch {
	case j.At.After(c.NotAfter):
		return faultf(CertificateExpired, "expired on %s", c.NotAfter.Format(time.RFC3339))
	case j.At.Before(c.NotBefore):
		return faultf(CertificateNotYetValid, "valid from %s", c.NotBefore.Format(time.RFC3339))
	case !c.PrivateKeyNotBefore.IsZero() && j.At.Before(c.PrivateKeyNotBefore),
		!c.PrivateKeyNotAfter.IsZero() && j.At.After(c.PrivateKeyNotAfter):
		return faultf(PrivateKeyPeriod, "the key may sign from %s to %s",
			c.PrivateKeyNotBefore.Format(time.RFC3339), c.PrivateKeyNotAfter.Format(time.RFC3339))
	}
	return nil
}

// checkRevocation asks about every certificate below the trusted one, from the top
// down: what a revoked authority says about its own certificates does not count.
func (j *judgement) checkRevocation(path pki.Path) {
	var opened *FailOpenUse
	for i := len(path) - 2; i >= 0; i-- {
		fault := j.revoked(path[i], path[i+1], i > 0)
		if fault == nil {
			continue
		}
		use, open := j.failOpen(path[i], path[i+1], fault)
		if !open {
			j.record(CheckRevocation, fault)
			return
		}
		opened = use
	}
	if opened == nil {
		j.record(CheckRevocation, nil)
		return
	}
	j.Checks = append(j.Checks, Check{
		Name: CheckRevocation, Status: Warned, Code: RevocationFailedOpen,
		Detail: fmt.Sprintf("%s; decision of %s: %s", opened.Missing, opened.Decision.By, opened.Decision.Reason),
	})
}

func (j *judgement) revoked(c, issuer *pki.Certificate, authority bool) *Fault {
	evidence, fault := j.deps.Revocations.Status(j.ctx, c, issuer, j.At)
	if fault != nil || !evidence.Revoked {
		return fault
	}
	code := CertificateRevoked
	if authority {
		code = IssuerRevoked
	}
	return faultf(code, "%s is revoked since %s, reason %d", c.Subject, evidence.At.Format(time.RFC3339), evidence.Reason)
}

// missing are the faults that a decision to fail open covers: nobody could be
// asked, or what is known is old. Forged or foreign evidence is never excused.
var missing = map[Code]bool{
	CRLMissing: true, pki.CRLStale: true, OCSPUnavailable: true, pki.OCSPStatus: true, pki.OCSPStale: true,
}

// failOpen reports whether the issuer's record lets the fault pass, and has it
// written down.
func (j *judgement) failOpen(c, issuer *pki.Certificate, fault *Fault) (*FailOpenUse, bool) {
	authority := j.trust.answersFor(issuer)
	if !missing[fault.Code] || authority == nil || authority.DangerouslyFailOpen == nil || j.deps.OnFailOpen == nil {
		return nil, false
	}
	decision := *authority.DangerouslyFailOpen
	if !j.deps.Now().Before(decision.Until) {
		return nil, false
	}
	use := FailOpenUse{Authority: authority.ID, Decision: decision, Certificate: c.Fingerprint(), Missing: fault.Code}
	if err := j.deps.OnFailOpen(j.ctx, use); err != nil {
		return nil, false
	}
	return &use, true
}

// describe makes the certificate's entry for lists. Its issuer may be anybody whom
// the signer made up, so that the name must not read as another one on a page.
func describe(c *pki.Certificate) *CertificateInfo {
	info := &CertificateInfo{
		Fingerprint: c.Fingerprint(), Serial: c.SerialHex(), Issuer: legible(c.Issuer.String()),
		Class: classOf(c).String(), NotBefore: c.NotBefore, NotAfter: c.NotAfter, Raw: c.Raw,
	}
	if key, fault := c.Key(); fault == nil {
		info.Algorithm = key.String()
	}
	return info
}
