package certificate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"propusk/idp/directory"
	"propusk/signature"
	"propusk/storage"
)

// Watch looks at every bound certificate in force: one that was revoked is
// marked, one that expires within directory.CertificateWarning is announced to
// its owner, each once. Call it daily from one node. Where one fails, the others
// are looked at all the same.
func (c *Certificates) Watch(ctx context.Context) error {
	var failed error
	for after := ""; ; {
		list, next, err := c.Directory.CertificatesInForce(ctx, directory.Page{After: after, Limit: directory.MaxPage})
		if err != nil {
			return errors.Join(failed, fmt.Errorf("certificate: watch: %w", err))
		}
		for _, r := range list {
			failed = errors.Join(failed, c.look(ctx, r))
		}
		if after = next; next == "" {
			return failed
		}
	}
}

// look is Watch for one certificate.
func (c *Certificates) look(ctx context.Context, r directory.Certificate) error {
	if c.revoked(ctx, r) {
		return c.Directory.RevokeCertificate(ctx, r.ID)
	}
	if r.WarnedAt == 0 && r.Status(storage.Of(c.Now())) == directory.CertificateExpires {
		return c.Directory.WarnOfCertificate(ctx, r.ID)
	}
	return nil
}

// revocations are the codes that say that a certificate is revoked, and not only
// that nobody can tell.
var revocations = []signature.Code{signature.CertificateRevoked, signature.IssuerRevoked}

// revoked tells that the certificate is known to be revoked now. That it cannot
// be known is no revocation: the sign-in, which fails closed, will say so.
func (c *Certificates) revoked(ctx context.Context, r directory.Certificate) bool {
	verdict, err := c.Judge.VerifyCertificate(ctx, signature.CertificateRequest{Certificate: r.Raw, At: c.Now()})
	if err != nil {
		c.Log.WarnContext(ctx, "revocation of a bound certificate not looked up", "certificate", r.ID, "err", err)
		return false
	}
	return slices.Contains(revocations, verdict.Check(signature.CheckRevocation).Code)
}
