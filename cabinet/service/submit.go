package service

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"

	"propusk/cabinet/api"
	"propusk/cabinet/request"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/storage"
	"propusk/storage/file"
)

// Faults are what is wrong with a form that somebody wants to submit.
type Faults []api.FieldFault

func (f Faults) Error() string { return fmt.Sprintf("service: %d faults of the form", len(f)) }

// SignatureError is a signature that was refused, with the verdict that says why.
type SignatureError struct {
	Document string // "" = the application itself
	Verdict  signature.Verdict
	Stranger bool // the signature is good, and somebody else's
}

func (e *SignatureError) Error() string {
	return fmt.Sprintf("service: signature of %q: %s", e.Document, e.Verdict.Code)
}

// recordsOf reads the records of attached files; those that the organisation does
// not have are left out.
func (d *Desk) recordsOf(ctx context.Context, organisationID string, attachments []Attachment) (map[string]file.File, error) {
	files := map[string]file.File{}
	for _, one := range attachments {
		for _, id := range []string{one.File, one.Signature} {
			if id == "" {
				continue
			}
			f, err := d.Files.Get(ctx, organisationID, id)
			if err != nil && !errors.Is(err, storage.ErrNotFound) {
				return nil, err
			}
			if err == nil {
				files[id] = f
			}
		}
	}
	return files, nil
}

// Check finds everything that keeps a draft from being submitted, but for its
// signatures, which are verified when it is (rows 193, 205).
func (d *Desk) Check(ctx context.Context, a *Application) (Faults, error) {
	card, err := a.card()
	if err != nil {
		return nil, err
	}
	files, err := d.records(ctx, a)
	if err != nil {
		return nil, err
	}
	return append(Faults(card.checkFields(a.Fields.V, d.Now())), card.checkDocuments(a.form(), files)...), nil
}

// Submission is what a submitted application goes with.
type Submission struct {
	Signature []byte // detached CMS in DER over Content; nil = none
	Version   *int64 // that was signed and seen
}

// Submit checks a draft, verifies its signatures, and sends it: the content as it
// was signed, the documents with their signatures, and the protocol, all in one
// transaction. Submitted again with the same signature it answers as before.
// Faults, *SignatureError, request.ErrStale, ErrSubmitted, the directory's refusals.
func (d *Desk) Submit(ctx context.Context, actor directory.Actor, organisationID, id string, s Submission) (Application, error) {
	a, err := d.Find(ctx, organisationID, id)
	if err != nil {
		return Application{}, err
	}
	w, err := d.writer(ctx, actor, organisationID, a.Service)
	if err != nil {
		return Application{}, err
	}
	if a.State == Submitted {
		return d.again(a, s)
	}
	if s.Version != nil && *s.Version != a.Version {
		return Application{}, request.ErrStale
	}
	p, err := d.prepare(ctx, w, &a, s)
	if err != nil {
		return Application{}, err
	}
	err = d.DB.Tx(ctx, func(ctx context.Context) error { return d.submit(ctx, actor, &a, p) })
	return a, err
}

// again answers a repeated submission of the same thing.
func (d *Desk) again(a Application, s Submission) (Application, error) {
	if a.Signature == base64.StdEncoding.EncodeToString(s.Signature) {
		return a, nil
	}
	return Application{}, ErrSubmitted
}

// prepared is what was checked and stored before the transaction.
type prepared struct {
	card      *Card
	content   []byte
	signature []byte
	verdict   *signature.Verdict
	main      file.File  // the content
	signed    *file.File // its signature
	documents map[string]file.File
	verdicts  map[string]signature.Verdict // of documents, by the id of the file
}

// prepare does what takes long: the check, the verification of every signature, and
// the storing of the content.
func (d *Desk) prepare(ctx context.Context, w writer, a *Application, s Submission) (*prepared, error) {
	p := &prepared{signature: s.Signature, verdicts: map[string]signature.Verdict{}}
	var err error
	if p.card, err = a.card(); err != nil {
		return nil, err
	}
	faults, err := d.Check(ctx, a)
	if err != nil {
		return nil, err
	}
	if p.card.Signature == SignatureRequired && len(s.Signature) == 0 {
		faults = append(faults, api.FieldFault{Pointer: "/signature", Code: "form_signature_required"})
	}
	if len(faults) > 0 {
		return nil, faults
	}
	if p.content, err = d.Content(ctx, a); err != nil {
		return nil, err
	}
	if p.documents, err = d.records(ctx, a); err != nil {
		return nil, err
	}
	if err := d.verifyAll(ctx, w, a, p); err != nil {
		return nil, err
	}
	return p, d.store(ctx, a, p)
}

// verifyAll judges the application's signature and those of its documents.
func (d *Desk) verifyAll(ctx context.Context, w writer, a *Application, p *prepared) error {
	if len(p.signature) > 0 {
		v, err := d.verify(ctx, w, a.OrganisationID, "", p.signature, p.content)
		if err != nil {
			return err
		}
		p.verdict = &v
	}
	var err error
	p.verdicts, err = d.verifyDocuments(ctx, w, a.OrganisationID, a.Documents.V)
	return err
}

// verifyDocuments judges the signatures of documents, by the id of the file.
func (d *Desk) verifyDocuments(ctx context.Context, w writer, organisationID string, attachments []Attachment) (map[string]signature.Verdict, error) {
	verdicts := map[string]signature.Verdict{}
	for _, one := range attachments {
		if one.Signature == "" {
			continue
		}
		_, content, err := d.Files.Read(ctx, organisationID, one.File, request.MaxFile)
		if err != nil {
			return nil, err
		}
		_, cms, err := d.Files.Read(ctx, organisationID, one.Signature, signature.MaxSignature)
		if err != nil {
			return nil, err
		}
		if verdicts[one.File], err = d.verify(ctx, w, organisationID, one.Document, signature.Decode(cms), content); err != nil {
			return nil, err
		}
	}
	return verdicts, nil
}

// verify judges one signature: it must be good, and of somebody who may sign for the
// organisation in this act.
func (d *Desk) verify(ctx context.Context, w writer, organisationID, document string, cms, content []byte) (signature.Verdict, error) {
	v, err := d.Verifier.Verify(ctx, signature.Request{Signature: cms, Content: content, At: d.Now()})
	if err != nil {
		return v, fmt.Errorf("service: verify a signature: %w", err)
	}
	if !v.Accepted || v.Subject == nil {
		return v, &SignatureError{Document: document, Verdict: v}
	}
	err = d.Directory.MaySign(ctx, w.actor, w.authority, organisationID, *v.Subject)
	if errors.Is(err, directory.ErrSigner) {
		return v, &SignatureError{Document: document, Verdict: v, Stranger: true}
	}
	return v, err
}

// store keeps the content and its signature as files, loose until the transaction
// takes them. The house makes the content: a full archive keeps nobody from applying.
func (d *Desk) store(ctx context.Context, a *Application, p *prepared) error {
	var err error
	p.main, err = d.Files.SaveOurs(ctx, a.OrganisationID, "application-"+a.ID+".xml", file.XML, request.MaxFile, bytes.NewReader(p.content))
	if err != nil {
		return fmt.Errorf("service: store the content: %w", err)
	}
	if len(p.signature) == 0 {
		return nil
	}
	signed, err := d.Files.SaveOurs(ctx, a.OrganisationID, "application-"+a.ID+".xml.sig", file.Signature, request.MaxFile, bytes.NewReader(p.signature))
	if err != nil {
		return fmt.Errorf("service: store the signature: %w", err)
	}
	p.signed = &signed
	return nil
}

// submit is the transaction: the request of the inbox, which sends it, and the
// application as it was submitted.
func (d *Desk) submit(ctx context.Context, actor directory.Actor, a *Application, p *prepared) error {
	locked, err := d.lock(ctx, a.OrganisationID, a.ID)
	if err != nil {
		return err
	}
	if locked.State != Draft {
		return ErrSubmitted
	}
	if locked.Version != a.Version {
		return request.ErrStale
	}
	w, err := d.writer(ctx, actor, a.OrganisationID, a.Service)
	if err != nil {
		return err
	}
	r, err := d.Inbox.Open(ctx, actor, a.OrganisationID, p.request(a))
	if err != nil {
		return err
	}
	a.State, a.SubmittedAt, a.Content, a.Verdict.V = Submitted, d.now(), string(p.content), p.verdict
	a.Signature = base64.StdEncoding.EncodeToString(p.signature)
	if a.Protocol.V, err = d.protocol(ctx, a, p, r, w); err != nil {
		return err
	}
	_, err = d.DB.Exec(ctx, `UPDATE applications SET state = $1, submitted_at = $2, content = $3, signature = $4, verdict = $5, protocol = $6
		WHERE id = $7`, a.State, a.SubmittedAt, a.Content, a.Signature, a.Verdict, a.Protocol, a.ID)
	if err != nil {
		return fmt.Errorf("service: submit: %w", err)
	}
	return d.record(ctx, w, a, "submitted", map[string]string{
		"number": r.Number, "version": fmt.Sprint(a.Version), "content_sha256": digest(p.content), "signature_status": p.signatureStatus(),
	})
}

// request is the application as the inbox sends it.
func (p *prepared) request(a *Application) request.NewRequest {
	n := request.NewRequest{
		ID: a.ID, Type: request.Application, Kind: a.Service, Subject: p.card.Title.RU, Body: "Заявление в приложении.",
		PartyCode: p.card.Body.Code, Party: p.card.Body.Name, Files: []string{p.main.ID}, Signatures: map[string]string{},
	}
	if p.signed != nil {
		n.Files = append(n.Files, p.signed.ID)
		n.Signatures[p.main.ID] = p.signed.ID
	}
	for _, one := range a.Documents.V {
		n.Files = append(n.Files, one.File)
		if one.Signature != "" {
			n.Files = append(n.Files, one.Signature)
			n.Signatures[one.File] = one.Signature
		}
	}
	return n
}

func (p *prepared) signatureStatus() string {
	if p.verdict == nil {
		return "none"
	}
	return string(p.verdict.Code)
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
