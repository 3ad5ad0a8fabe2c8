package directory

import (
	"context"
	"fmt"
	"time"

	"propusk/storage"
)

// Certificate is a qualified certificate that is bound to a person: who holds
// its key signs in as that person.
type Certificate struct {
	ID           string       `db:"id"`
	PersonID     string       `db:"person_id"`
	Fingerprint  string       `db:"fingerprint"` // SHA-256 of Raw, hexadecimal
	Raw          []byte       `db:"raw"`         // DER
	Serial       string       `db:"serial"`      // hexadecimal
	Issuer       string       `db:"issuer"`
	Owner        string       `db:"owner"`        // the subject's name; decides only whether the person's is confirmed
	Kind         string       `db:"kind"`         // person, organisation or sole
	Organisation string       `db:"organisation"` // named in it; "" when none is; decides nothing
	Algorithm    string       `db:"algorithm"`
	Class        string       `db:"class"` // of the signing means: КС1 … КА1
	NotBefore    storage.Time `db:"not_before"`
	NotAfter     storage.Time `db:"not_after"`
	BoundAt      storage.Time `db:"bound_at"`
	UsedAt       storage.Time `db:"used_at"`    // the last sign-in; 0 = never
	RevokedAt    storage.Time `db:"revoked_at"` // when it was found to be revoked; 0 = it was not
	WarnedAt     storage.Time `db:"warned_at"`  // when the owner was told that it expires; 0 = not yet
	RemovedAt    storage.Time `db:"removed_at"` // 0 while bound
}

// CertificateStatus is how a bound certificate stands.
type CertificateStatus string

// The statuses: «активен», «истекает», «просрочен», «отозван».
const (
	CertificateActive  CertificateStatus = "active"
	CertificateExpires CertificateStatus = "expires" // within CertificateWarning
	CertificateExpired CertificateStatus = "expired"
	CertificateRevoked CertificateStatus = "revoked"
)

// CertificateWarning is how long before its end the owner of a certificate is
// told: the time in which authorities renew one by the old one's signature.
const CertificateWarning = 30 * 24 * time.Hour

// Status is the certificate's at now, by the record and the clock.
func (c Certificate) Status(now storage.Time) CertificateStatus {
	left := c.NotAfter.Sub(now)
	switch {
	case c.RevokedAt != 0:
		return CertificateRevoked
	case left <= 0:
		return CertificateExpired
	case left <= CertificateWarning:
		return CertificateExpires
	default:
		return CertificateActive
	}
}

// MaxCertificates is how many certificates one person may have bound at a time:
// several organisations' and the next year's, and still few enough to be looked
// up in the revocation lists one by one.
const MaxCertificates = 20

const certificateNames = `id, person_id, fingerprint, raw, serial, issuer, owner, kind, organisation,
	algorithm, class, not_before, not_after, bound_at, used_at, revoked_at, warned_at, removed_at`

var (
	certificateByFingerprint = `SELECT ` + certificateNames + ` FROM certificates WHERE fingerprint = $1`
	certificatesOfPerson     = `SELECT ` + certificateNames + ` FROM certificates
		WHERE person_id = $1 AND removed_at = 0 ORDER BY bound_at DESC, id DESC`
	certificatesInForce = `SELECT ` + certificateNames + ` FROM certificates
		WHERE removed_at = 0 AND revoked_at = 0 AND not_after > $1 AND id > $2 ORDER BY id LIMIT $3`
)

// Certificates lists what is bound to a person, the newest first.
func (d *Directory) Certificates(ctx context.Context, personID string) ([]Certificate, error) {
	var list []Certificate
	if err := d.db.Select(ctx, &list, certificatesOfPerson, personID); err != nil {
		return nil, fmt.Errorf("directory: certificates: %w", err)
	}
	return list, nil
}

// CertificateByFingerprint reads the record of a certificate, also one that is
// no longer bound (RemovedAt); storage.ErrNotFound.
func (d *Directory) CertificateByFingerprint(ctx context.Context, fingerprint string) (Certificate, error) {
	var c Certificate
	if err := d.db.Get(ctx, &c, certificateByFingerprint, fingerprint); err != nil {
		return Certificate{}, fmt.Errorf("directory: certificate: %w", err)
	}
	return c, nil
}

// CertificatesInForce lists bound certificates that have not expired and are
// not known to be revoked, whoever's they are, in an order that stays.
func (d *Directory) CertificatesInForce(ctx context.Context, p Page) (list []Certificate, next string, err error) {
	if err := d.db.Select(ctx, &list, certificatesInForce, d.time(), p.After, p.limit()+1); err != nil {
		return nil, "", fmt.Errorf("directory: certificates in force: %w", err)
	}
	list, next = page(list, p.limit(), func(c Certificate) string { return c.ID })
	return list, next, nil
}

// UseCertificate notes a sign-in by a bound certificate.
func (d *Directory) UseCertificate(ctx context.Context, id string) error {
	if _, err := d.db.Exec(ctx, `UPDATE certificates SET used_at = $1 WHERE id = $2`, d.time(), id); err != nil {
		return fmt.Errorf("directory: note the certificate's use: %w", err)
	}
	return nil
}

// RevokeCertificate notes that a certificate was found to be revoked, and tells
// its owner, once.
func (d *Directory) RevokeCertificate(ctx context.Context, id string) error {
	return d.markCertificate(ctx, id, "certificate.revoked",
		`UPDATE certificates SET revoked_at = $1 WHERE id = $2 AND revoked_at = 0 AND removed_at = 0 RETURNING `+certificateNames)
}

// WarnOfCertificate tells the owner that a certificate will expire, once.
func (d *Directory) WarnOfCertificate(ctx context.Context, id string) error {
	return d.markCertificate(ctx, id, "certificate.expires",
		`UPDATE certificates SET warned_at = $1 WHERE id = $2 AND warned_at = 0 AND removed_at = 0 RETURNING `+certificateNames)
}
