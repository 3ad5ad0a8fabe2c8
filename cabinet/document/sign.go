package document

import (
	"context"
	"errors"
	"fmt"
	"time"

	"propusk/idp/directory"
	"propusk/signature"
	"propusk/storage"
)

// Signature is an accepted one, of certain bytes of a document.
type Signature struct {
	ID             string                            `db:"id"`
	DocumentID     string                            `db:"document_id"`
	FileID         string                            `db:"file_id"`
	OrganisationID string                            `db:"organisation_id"` // in whose cabinet it was added
	Fingerprint    string                            `db:"fingerprint"`     // of the certificate
	CMS            []byte                            `db:"signature"`       // DER
	Verdict        storage.JSON[signature.Verdict]   `db:"verdict"`
	Authority      storage.JSON[directory.Authority] `db:"authority"`
	PersonID       string                            `db:"person_id"`
	ClientID       string                            `db:"client_id"`
	CreatedAt      storage.Time                      `db:"created_at"`
}

const signatureColumns = `id, document_id, file_id, organisation_id, fingerprint, signature, verdict, authority, person_id, client_id, created_at`

const (
	// maxSigned is the largest file that is signed in the cabinet, in bytes: it is
	// held in memory while its signature is verified.
	maxSigned = 32 << 20
	// patience bounds one verification, an outside service's too.
	patience = 25 * time.Second
	// maxJudged is how many files are held so at a time, and turnWait how long one
	// more waits for its turn.
	maxJudged = 4
	turnWait  = 2 * time.Second
	// maxSignatures bounds the signatures of one version.
	maxSignatures = 50
)

var (
	// ErrNoVerifier: nobody judges signatures here, or it cannot be reached.
	ErrNoVerifier = errors.New("document: signatures cannot be verified")
	// ErrSignatureExists: the same certificate has signed these bytes.
	ErrSignatureExists = errors.New("document: signed by this certificate already")
)

// RefusedError is a signature that was judged and refused.
type RefusedError struct{ Verdict signature.Verdict }

func (e *RefusedError) Error() string {
	return "document: signature refused: " + string(e.Verdict.Code)
}

// Sign adds a detached signature to a version of an organisation's own document;
// number 0 is the present one. It is verified first: a *RefusedError names what
// failed, directory.ErrSigner says that the certificate is neither the organisation's, nor the
// acting person's own, nor that of the representative of the power under which he
// acts. Nothing is kept then.
func (d *Documents) Sign(ctx context.Context, actor directory.Actor, organisationID, id string, number int64, cms []byte) (Signature, error) {
	doc, err := d.Get(ctx, organisationID, id)
	if err == nil {
		err = d.mayRead(ctx, actor, doc)
	}
	if err != nil {
		return Signature{}, err
	}
	return d.sign(ctx, actor, organisationID, doc, number, cms, func(context.Context) error { return nil })
}

// sign is Sign for the document's own organisation or for one that it was handed to.
// still is asked when the document is locked: what allowed the signature may have
// ended while it was verified.
func (d *Documents) sign(ctx context.Context, actor directory.Actor, organisationID string, doc Document, number int64, cms []byte,
	still func(context.Context) error) (Signature, error) {
	if doc.Status == Archived {
		return Signature{}, ErrArchived
	}
	v, err := d.version(ctx, doc, number)
	if err != nil {
		return Signature{}, err
	}
	verdict, err := d.judge(ctx, doc, v, cms)
	if err != nil {
		return Signature{}, err
	}
	s := Signature{
		ID: storage.NewID(), DocumentID: doc.ID, FileID: v.FileID, OrganisationID: organisationID, Fingerprint: verdict.Certificate.Fingerprint,
		CMS: cms, Verdict: storage.JSON[signature.Verdict]{V: verdict}, PersonID: actor.PersonID, ClientID: actor.ClientID, CreatedAt: d.time(),
	}
	if err := d.DB.Tx(ctx, func(ctx context.Context) error { return d.keepSignature(ctx, actor, doc, v, &s, still) }); err != nil {
		return Signature{}, fmt.Errorf("document: sign: %w", err)
	}
	return s, nil
}

// judge has the signature verified over the very bytes, before any transaction: it
// may take as long as a revocation list takes to come.
func (d *Documents) judge(ctx context.Context, doc Document, v Version, cms []byte) (signature.Verdict, error) {
	if d.Verifier == nil {
		return signature.Verdict{}, ErrNoVerifier
	}
	if err := d.turn(ctx); err != nil {
		return signature.Verdict{}, err
	}
	defer func() { <-d.turns }()
	_, content, err := d.Files.Read(ctx, doc.OrganisationID, v.FileID, maxSigned)
	if err != nil {
		return signature.Verdict{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	verdict, err := d.Verifier.Verify(ctx, signature.Request{Signature: cms, Content: content})
	switch {
	case err != nil:
		return verdict, fmt.Errorf("%w: %w", ErrNoVerifier, err)
	case !verdict.Accepted || verdict.Subject == nil || verdict.Certificate == nil:
		return verdict, &RefusedError{verdict}
	}
	return verdict, nil
}

// turn waits a moment for a place among those whose signatures are judged.
func (d *Documents) turn(ctx context.Context) error {
	timer := time.NewTimer(d.wait)
	defer timer.Stop()
	select {
	case d.turns <- struct{}{}:
		return nil
	case <-timer.C:
		return signature.ErrBusy
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d *Documents) keepSignature(ctx context.Context, actor directory.Actor, doc Document, v Version, s *Signature, still func(context.Context) error) error {
	locked, err := d.lock(ctx, doc.OrganisationID, doc.ID, nil)
	if err != nil {
		return err
	}
	if err := still(ctx); err != nil {
		return err
	}
	if locked.Status == Archived {
		return ErrArchived
	}
	by, err := d.authorise(ctx, actor, s.OrganisationID, directory.DocumentsSign, doc.Kind)
	if err != nil {
		return err
	}
	s.Authority.V = by.Authority
	if err := d.Directory.MaySign(ctx, actor, by.Authority, s.OrganisationID, *s.Verdict.V.Subject); err != nil {
		return err
	}
	before, err := d.countSignatures(ctx, doc.ID, v.FileID)
	if err != nil {
		return err
	}
	if before >= maxSignatures {
		return ErrSignatureExists
	}
	n, err := d.DB.Exec(ctx, `
		INSERT INTO document_signatures (`+signatureColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (document_id, file_id, fingerprint) DO NOTHING`,
		s.ID, s.DocumentID, s.FileID, s.OrganisationID, s.Fingerprint, s.CMS, s.Verdict, s.Authority, s.PersonID, s.ClientID, s.CreatedAt)
	switch {
	case err != nil:
		return err
	case n == 0:
		return ErrSignatureExists
	}
	if locked.FileID == v.FileID {
		if _, err := d.DB.Exec(ctx, `UPDATE documents SET signatures = $1 WHERE id = $2`, before+1, doc.ID); err != nil {
			return err
		}
	}
	return d.signed(ctx, by, doc, v, *s, before+1)
}

// signed writes the journal of everybody concerned and tells them.
func (d *Documents) signed(ctx context.Context, by By, doc Document, v Version, s Signature, count int64) error {
	details := func() map[string]string {
		return map[string]string{
			"name": doc.Name, "number": fmt.Sprint(v.Number), "sha256": v.SHA256, "certificate": s.Fingerprint, "signer": s.Verdict.V.Subject.Owner(),
			"verdict": string(s.Verdict.V.Code),
		}
	}
	if err := d.record(ctx, by, s.OrganisationID, "document.signed", doc.ID, details()); err != nil {
		return err
	}
	if s.OrganisationID != doc.OrganisationID {
		stranger := By{Actor: directory.Actor{}} // who it was there is not this organisation's to know
		if err := d.record(ctx, stranger, doc.OrganisationID, "document.signed", doc.ID, details()); err != nil {
			return err
		}
	}
	return d.tellSigned(ctx, doc, s, count)
}

// signatures lists those of certain bytes of a document, in the order of signing.
func (d *Documents) signatures(ctx context.Context, documentID, fileID string) ([]Signature, error) {
	var list []Signature
	err := d.DB.Select(ctx, &list, `
		SELECT `+signatureColumns+` FROM document_signatures WHERE document_id = $1 AND file_id = $2 ORDER BY created_at, id`, documentID, fileID)
	if err != nil {
		return nil, fmt.Errorf("document: signatures: %w", err)
	}
	return list, nil
}
