package certificate

import (
	"context"
	"errors"
	"fmt"

	"propusk/idp/directory"
	"propusk/signature"
	"propusk/storage"
)

// Entry is who signs in by a certificate.
type Entry struct {
	Person directory.Person
	// OrganisationID is the organisation whose head the certificate names, when
	// it has a cabinet here and the person is an active member: it is chosen
	// already. An employee's certificate names none.
	OrganisationID string
	Certificate    directory.Certificate
	Bound          bool // by this sign-in, the first with the certificate
}

// SignIn finds the account that the signed certificate opens, and binds the
// certificate to it at the first use. It returns ErrNobody, ErrContradiction,
// ErrBlocked, ErrBound, ErrRemoved or ErrFull; the person is known (Entry.Person)
// with all but ErrNobody and ErrContradiction.
func (c *Certificates) SignIn(ctx context.Context, s Signed) (Entry, error) {
	if !s.proven || s.purpose != PurposeSignIn {
		return Entry{}, ErrRefused
	}
	person, err := c.owner(ctx, *s.Subject())
	if err != nil {
		return Entry{}, err
	}
	entry := Entry{Person: person}
	if person.Status != directory.StatusActive {
		return entry, ErrBlocked
	}
	known, err := c.Directory.CertificateByFingerprint(ctx, s.Verdict.Certificate.Fingerprint)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return entry, fmt.Errorf("certificate: look for record: %w", err)
	}
	entry.Bound = errors.Is(err, storage.ErrNotFound)
	if entry.Certificate, err = c.admit(ctx, person, known, s); err != nil {
		return entry, err
	}
	entry.OrganisationID, err = c.headed(ctx, person, *s.Subject())
	return entry, err
}

// admit binds the certificate, or sees that it is the person's, and notes the
// use.
func (c *Certificates) admit(ctx context.Context, person directory.Person, known directory.Certificate, s Signed) (directory.Certificate, error) {
	if known.ID == "" || known.RemovedAt != 0 || known.PersonID != person.ID {
		bound, err := c.bind(ctx, directory.Actor{PersonID: person.ID}, directory.Binding{Certificate: record(person.ID, s.Verdict)}, s)
		if err != nil {
			return directory.Certificate{}, err
		}
		known = bound
	}
	return known, c.Directory.UseCertificate(ctx, known.ID)
}

// owner finds the person of a certificate, by the numbers that its authority has
// verified and that are verified here: СНИЛС first, else ИНН. A name or a serial
// number names nobody.
func (c *Certificates) owner(ctx context.Context, subject signature.Subject) (directory.Person, error) {
	bySNILS, err := found(c.Directory.PersonBySNILS(ctx, subject.SNILS))
	if err != nil {
		return directory.Person{}, err
	}
	byINN, err := found(c.Directory.PersonByINN(ctx, subject.INN))
	if err != nil {
		return directory.Person{}, err
	}
	person := bySNILS
	if person.ID == "" {
		person = byINN
	}
	switch {
	case person.ID == "":
		return person, ErrNobody
	case byINN.ID != "" && byINN.ID != person.ID, contradicts(person, subject):
		return directory.Person{}, ErrContradiction
	default:
		return person, nil
	}
}

// found turns "nobody" into the zero person.
func found(p directory.Person, err error) (directory.Person, error) {
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return directory.Person{}, fmt.Errorf("certificate: look for owner: %w", err)
	}
	return p, nil
}

// contradicts tells that a verified number of the account is not the
// certificate's.
func contradicts(p directory.Person, s signature.Subject) bool {
	return p.SNILSVerified && s.SNILS != "" && p.SNILS != s.SNILS ||
		p.INNVerified && s.INN != "" && p.INN != s.INN
}

// headed is the organisation that the certificate speaks for, when the person
// may act for it here; "" otherwise.
func (c *Certificates) headed(ctx context.Context, person directory.Person, subject signature.Subject) (string, error) {
	inn, ogrn := subject.INNLE, subject.OGRN
	if subject.Kind == signature.KindSole {
		inn, ogrn = subject.INN, subject.OGRNIP
	}
	if inn == "" {
		return "", nil
	}
	organisation, err := c.Directory.OrganisationByINN(ctx, inn)
	if errors.Is(err, storage.ErrNotFound) || err == nil && ogrn != "" && organisation.OGRN != ogrn {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("certificate: look for organisation: %w", err)
	}
	_, err = c.Directory.Membership(ctx, person.ID, organisation.ID)
	if errors.Is(err, storage.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("certificate: look for membership: %w", err)
	}
	return organisation.ID, nil
}

// record is what is kept of a certificate.
func record(personID string, v signature.Verdict) directory.Certificate {
	info, subject := v.Certificate, v.Subject
	return directory.Certificate{
		PersonID: personID, Fingerprint: info.Fingerprint, Raw: info.Raw, Serial: info.Serial, Issuer: info.Issuer,
		Owner: ownerName(*subject), Kind: string(subject.Kind), Organisation: subject.Organisation,
		Algorithm: info.Algorithm, Class: info.Class,
		NotBefore: storage.Of(info.NotBefore), NotAfter: storage.Of(info.NotAfter),
	}
}

// ownerName is the person's name as the certificate writes it.
func ownerName(s signature.Subject) string {
	if s.LastName != "" {
		return oneLine(s.LastName + " " + s.GivenNames)
	}
	return oneLine(s.CommonName)
}
