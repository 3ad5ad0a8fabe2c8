package certificate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/signature"
	"propusk/storage"
)

// Judge judges a certificate alone, without a signature: *signature.Local, or
// what stands before it.
type Judge interface {
	VerifyCertificate(ctx context.Context, request signature.CertificateRequest) (signature.Verdict, error)
}

// Deps is what Certificates stands on. What has a default may be zero.
type Deps struct {
	Verifier  signature.Verifier // of signatures over the challenge
	Judge     Judge              // of TLS client certificates, and of the status of bound ones
	Directory *directory.Directory
	Ephemeral storage.Ephemeral // challenges and tickets
	Issuer    string            // scheme://host[:port] of the sign-in page; a challenge of another issuer's is refused
	Lifetime  time.Duration     // of a challenge and of a ticket; default 5 minutes
	// Enabled tells whether anybody could sign in by a certificate now: that an
	// authority is trusted. nil = yes.
	Enabled func() bool
	// Authorities lists whom certificates come from, for people who want one; nil =
	// nobody is named.
	Authorities func() []signature.Authority
	Now         func() time.Time
	Log         *slog.Logger // of what could not be looked up; nil = nothing is logged
}

// Certificates verifies qualified certificates. It is safe for concurrent use.
type Certificates struct{ Deps }

// New checks the dependencies once.
func New(deps Deps) (*Certificates, error) {
	switch {
	case deps.Verifier == nil, deps.Judge == nil:
		return nil, errors.New("certificate: Verifier and Judge are required")
	case deps.Directory == nil, deps.Ephemeral == nil, deps.Issuer == "", deps.Now == nil:
		return nil, errors.New("certificate: Directory, Ephemeral, Issuer and Now are required")
	}
	deps.Issuer = strings.TrimRight(deps.Issuer, "/")
	if deps.Lifetime <= 0 {
		deps.Lifetime = 5 * time.Minute
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	return &Certificates{deps}, nil
}

// Offered tells that sign-in by certificate is worth offering.
func (c *Certificates) Offered() bool { return c.Enabled == nil || c.Enabled() }

// The refusals. Each is a factor.ErrWrong too; beside them stand *factor.Busy
// (nothing was judged, the same again may succeed) and accidents of storage.
var (
	// ErrChallenge: there is no such challenge for this attempt: it has expired,
	// was used, or is another's.
	ErrChallenge = fmt.Errorf("%w: no such challenge", factor.ErrWrong)
	// ErrRefused: the signature or the certificate was judged and refused; what
	// Redeem or Claim returns beside it says why.
	ErrRefused = fmt.Errorf("%w: refused", factor.ErrWrong)
	// ErrNobody: no account has this СНИЛС or ИНН, or none that was verified.
	ErrNobody = fmt.Errorf("%w: nobody's certificate", factor.ErrWrong)
	// ErrContradiction: the certificate's numbers are those of two people, or
	// differ from the account's.
	ErrContradiction = fmt.Errorf("%w: the numbers contradict", factor.ErrWrong)
	// ErrBlocked: the account may not sign in.
	ErrBlocked = fmt.Errorf("%w: blocked", factor.ErrWrong)
	// ErrBound: the certificate is bound to another account.
	ErrBound = fmt.Errorf("%w: bound to another account", factor.ErrWrong)
	// ErrRemoved: the owner has taken the certificate out of the account.
	ErrRemoved = fmt.Errorf("%w: removed by its owner", factor.ErrWrong)
	// ErrFull: directory.MaxCertificates are bound already.
	ErrFull = fmt.Errorf("%w: too many certificates", factor.ErrWrong)
)

// retryBusy is what is told when too many signatures are being judged.
const retryBusy = 3 * time.Second

// busy turns the verifier's "too many at once" into the factors' word for it.
func busy(err error) error {
	if errors.Is(err, signature.ErrBusy) {
		return &factor.Busy{RetryAfter: retryBusy, Why: fmt.Errorf("%w: %w", factor.ErrBusy, err)}
	}
	return fmt.Errorf("certificate: judge: %w", err)
}
