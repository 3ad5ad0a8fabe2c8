package signature

import (
	"context"
	"errors"
	"runtime"
	"time"

	"propusk/signature/pki"
)

// Deps is what a Local needs.
type Deps struct {
	// Trust holds the authorities. Required.
	Trust *Store
	// Revocations knows what is revoked. Required.
	Revocations *Revocations
	// Policy is what certificates must be good for; the zero value is the strict one.
	Policy Policy
	// OnFailOpen is told each time a signature is let through without revocation
	// data, by the authority's DangerouslyFailOpen. It writes the journal; when it
	// returns an error, or is nil, the signature is refused after all.
	OnFailOpen func(ctx context.Context, use FailOpenUse) error
	// Concurrency bounds how many GOST checks run at once, so that a flood of them
	// leaves the processors to others; zero means half of them, at least one.
	Concurrency int
	// MaxWait bounds how long a GOST check waits for its turn before ErrBusy; zero
	// means 2 seconds.
	MaxWait time.Duration
	Now     func() time.Time
}

// FailOpenUse is one use of a decision to do without revocation data.
type FailOpenUse struct {
	Authority   string   // its ID
	Decision    FailOpen // whose decision
	Certificate string   // fingerprint of the certificate that was not checked
	Missing     Code     // what was missing
}

// Local judges signatures in this process. It is safe for concurrent use.
type Local struct {
	deps  Deps
	turns chan struct{}
}

var _ Verifier = (*Local)(nil)

// NewLocal makes a verifier. The error names what is missing.
func NewLocal(deps Deps) (*Local, error) {
	if deps.Trust == nil || deps.Revocations == nil {
		return nil, errors.New("signature: Local needs Trust and Revocations")
	}
	deps.Policy = deps.Policy.withDefaults()
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.Concurrency <= 0 {
		deps.Concurrency = max(1, runtime.GOMAXPROCS(0)/2)
	}
	if deps.MaxWait <= 0 {
		deps.MaxWait = 2 * time.Second
	}
	return &Local{deps: deps, turns: make(chan struct{}, deps.Concurrency)}, nil
}

// Verify judges one signature.
func (l *Local) Verify(ctx context.Context, request Request) (Verdict, error) {
	j := l.judgement(ctx, request.At)
	m, fault := parseMessage(request.Signature)
	if fault != nil {
		j.record(CheckFormat, fault)
		return j.finish(CheckNames), nil
	}
	j.SigningTime = m.signingTime()
	turn, err := l.turn(ctx, m.russian())
	if err != nil {
		return Verdict{}, err
	}
	defer turn.end()
	j.ctx = context.WithValue(ctx, turnKey{}, turn)
	if j.checkMessage(m, request.Content) {
		j.checkCertificate(m.certificates, request.Expect)
	}
	return j.finish(CheckNames), ctx.Err()
}

// CertificateRequest asks about a certificate alone, as a TLS connection or the
// list of bound certificates does.
type CertificateRequest struct {
	Certificate []byte   // DER
	Chain       [][]byte // DER; certificates that came along, not trusted
	At          time.Time
	Expect      Expectation
}

// certificateChecks are the checks that concern a certificate.
var certificateChecks = CheckNames[4:]

// VerifyCertificate judges a certificate by the last six checks. A certificate
// that cannot be read fails the check "chain".
func (l *Local) VerifyCertificate(ctx context.Context, request CertificateRequest) (Verdict, error) {
	j := l.judgement(ctx, request.At)
	certificate, fault := pki.ParseCertificate(request.Certificate)
	if fault != nil {
		j.record(CheckChain, fault)
		return j.finish(certificateChecks), nil
	}
	dear := certificate.Russian()
	var chain []*pki.Certificate
	for _, raw := range request.Chain[:min(len(request.Chain), MaxCertificates)] {
		if c, fault := pki.ParseCertificate(raw); fault == nil {
			chain, dear = append(chain, c), dear || c.Russian()
		}
	}
	turn, err := l.turn(ctx, dear)
	if err != nil {
		return Verdict{}, err
	}
	defer turn.end()
	j.ctx = context.WithValue(ctx, turnKey{}, turn)
	j.signer = certificate
	j.checkCertificate(chain, request.Expect)
	return j.finish(certificateChecks), ctx.Err()
}

func (l *Local) judgement(ctx context.Context, at time.Time) *judgement {
	if at.IsZero() {
		at = l.deps.Now()
	}
	return &judgement{
		Verdict: Verdict{At: at.UTC()}, ctx: ctx, deps: &l.deps, trust: l.deps.Trust.state.Load(),
	}
}
