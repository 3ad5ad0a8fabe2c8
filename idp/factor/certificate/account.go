package certificate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"propusk/idp/directory"
	"propusk/storage"
)

// Status is how a bound certificate stands.
type Status = directory.CertificateStatus

// The statuses.
const (
	StatusActive  = directory.CertificateActive
	StatusExpires = directory.CertificateExpires // within directory.CertificateWarning
	StatusExpired = directory.CertificateExpired
	StatusRevoked = directory.CertificateRevoked
)

// Certificate is a bound certificate with its status of now.
type Certificate struct {
	directory.Certificate
	Status Status
}

// Bind connects the signed certificate to the account of who is signed in: the
// signature was over a challenge of PurposeBind, and the certificate must be of
// the same person. The certificate's numbers become the account's verified ones.
//
// ErrContradiction when the account's СНИЛС or ИНН are others, or when the
// certificate's belong to another account; ErrBound; ErrFull; ErrBlocked.
func (c *Certificates) Bind(ctx context.Context, personID string, s Signed) (Certificate, error) {
	return c.connect(ctx, personID, "", s)
}

// Replace is Bind in the place of the person's certificate id, which is removed.
// storage.ErrNotFound when there is no such one.
func (c *Certificates) Replace(ctx context.Context, personID, id string, s Signed) (Certificate, error) {
	return c.connect(ctx, personID, id, s)
}

func (c *Certificates) connect(ctx context.Context, personID, replaces string, s Signed) (Certificate, error) {
	if !s.proven || s.purpose != PurposeBind {
		return Certificate{}, ErrRefused
	}
	person, err := c.Directory.Person(ctx, personID)
	if err != nil {
		return Certificate{}, fmt.Errorf("certificate: look for person: %w", err)
	}
	if typedOther(person, s) {
		return Certificate{}, ErrContradiction
	}
	bound, err := c.bind(ctx, directory.Actor{PersonID: personID},
		directory.Binding{Certificate: record(personID, s.Verdict), Again: true, Replaces: replaces}, s)
	if err != nil {
		return Certificate{}, err
	}
	return Certificate{bound, bound.Status(storage.Of(c.Now()))}, nil
}

// typedOther tells that a number on the account is not the certificate's, even
// one that was only typed in: whoever wrongs himself there corrects it first.
func typedOther(p directory.Person, s Signed) bool {
	subject := s.Subject()
	return p.SNILS != "" && subject.SNILS != "" && p.SNILS != subject.SNILS ||
		p.INN != "" && subject.INN != "" && p.INN != subject.INN ||
		subject.SNILS == "" && subject.INN == ""
}

// bind writes the record, and names the directory's refusals as this package
// does.
func (c *Certificates) bind(ctx context.Context, actor directory.Actor, b directory.Binding, s Signed) (directory.Certificate, error) {
	b.SNILS, b.INN = s.Subject().SNILS, s.Subject().INN
	bound, err := c.Directory.BindCertificate(ctx, actor, b)
	var fault *directory.FieldError
	switch {
	case err == nil:
		return bound, nil
	case errors.Is(err, directory.ErrCertificateRemoved):
		return bound, ErrRemoved
	case errors.Is(err, directory.ErrCertificatesFull):
		return bound, ErrFull
	case errors.Is(err, directory.ErrBlocked):
		return bound, ErrBlocked
	case errors.Is(err, storage.ErrExists):
		return bound, ErrBound
	case errors.As(err, &fault):
		return bound, ErrContradiction
	default:
		return bound, fmt.Errorf("certificate: bind: %w", err)
	}
}

// Unbind takes a certificate from the person's account; storage.ErrNotFound.
func (c *Certificates) Unbind(ctx context.Context, personID, id string) error {
	if err := c.Directory.UnbindCertificate(ctx, directory.Actor{PersonID: personID}, personID, id); err != nil {
		return fmt.Errorf("certificate: unbind: %w", err)
	}
	return nil
}

// listPatience bounds how long List asks about revocation, for all together.
const listPatience = 2 * time.Second

// List is what is bound to a person, the newest first, each with its status of
// now. Where revocation cannot be looked up in time, the status is that of the
// last look (Watch).
func (c *Certificates) List(ctx context.Context, personID string) ([]Certificate, error) {
	records, err := c.Directory.Certificates(ctx, personID)
	if err != nil {
		return nil, fmt.Errorf("certificate: list: %w", err)
	}
	asking, cancel := context.WithTimeout(ctx, listPatience)
	defer cancel()
	list := make([]Certificate, len(records))
	for i, r := range records {
		if r.RevokedAt == 0 && c.Now().Before(r.NotAfter.Time()) && c.revoked(asking, r) {
			r.RevokedAt = storage.Of(c.Now())
			if err := c.Directory.RevokeCertificate(ctx, r.ID); err != nil {
				return nil, fmt.Errorf("certificate: list: %w", err)
			}
		}
		list[i] = Certificate{r, r.Status(storage.Of(c.Now()))}
	}
	return list, nil
}
