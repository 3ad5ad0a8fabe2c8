package signature

import (
	"crypto/x509"
	"slices"
	"time"

	"propusk/signature/pki"
)

// knownChecks are the checks of a signature whose possible signers are known
// beforehand: nobody has to vouch for them.
var knownChecks = []CheckName{CheckFormat, CheckDigest, CheckSignature, CheckBinding, CheckChain, CheckValidity}

// VerifyKnown judges a detached signature that only one of the given certificates
// may have made, such as a service's own seal: no authority, list or class is asked
// for. The verdict is for request.At; zero means the time that the signer claims,
// because a seal's old certificates stay good for what they sealed, or else now.
// Expect is not looked at.
func VerifyKnown(request Request, signers ...*x509.Certificate) Verdict {
	j := &judgement{}
	m, fault := parseMessage(request.Signature)
	if fault != nil {
		j.record(CheckFormat, fault)
		return j.finish(knownChecks)
	}
	j.SigningTime = m.signingTime()
	j.At = judgedAt(request.At, j.SigningTime)
	if !j.checkMessage(m, request.Content) {
		return j.finish(knownChecks)
	}
	j.run(CheckChain, func() *Fault {
		if slices.ContainsFunc(signers, func(c *x509.Certificate) bool { return string(c.Raw) == string(j.signer.Raw) }) {
			return nil
		}
		return faultf(pki.IssuerUnknown, "%s is not among the known signers", j.signer.Subject)
	})
	j.run(CheckValidity, func() *Fault { return j.checkOwnValidity(j.signer) })
	j.Certificate = describe(j.signer)
	return j.finish(knownChecks)
}

func judgedAt(asked, claimed time.Time) time.Time {
	for _, at := range []time.Time{asked, claimed} {
		if !at.IsZero() {
			return at.UTC()
		}
	}
	return time.Now().UTC()
}
