package tender

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"propusk/cabinet/authority"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/file"
)

var (
	// errUnavailable: the register does not give the document now.
	errUnavailable = errors.New("tender: the register does not answer")
	// errDiffers: the document is not the one that the announcement names.
	errDiffers = errors.New("tender: the document has another digest")
	// errBusy: as many documents as may be are being fetched.
	errBusy = errors.New("tender: too many documents at a time")
)

// documentKinds are the files that announcements have.
const documentKinds = file.PDF | file.XML | file.XLSX | file.DOCX | file.JPEG | file.PNG | file.ZIP | file.Signature | file.Text

// Document is a file of an announcement for an organisation: fetched from the
// register the first time, compared with the digest that the announcement names,
// scanned, and kept.
func (t *Tenders) Document(ctx context.Context, actor directory.Actor, organisationID string, a Tender, id string) (file.File, error) {
	at := slices.IndexFunc(a.Content.V.Documents, func(d authority.TenderDocument) bool { return d.ID == id })
	if at < 0 {
		return file.File{}, storage.ErrNotFound
	}
	d := a.Content.V.Documents[at]
	kept, err := t.keptDocument(ctx, organisationID, a.ID, d.SHA256)
	if err == nil && kept.Whole() {
		t.metrics.documents.WithLabelValues("kept").Inc()
		return kept, nil
	}
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return file.File{}, err
	}
	content, err := t.fetch(ctx, a.Number, d)
	if err != nil {
		return file.File{}, t.unfetched(ctx, actor, organisationID, a, d, err)
	}
	return t.keepDocument(ctx, actor, organisationID, a, d, content)
}

func (t *Tenders) keptDocument(ctx context.Context, organisationID, tenderID, sha string) (file.File, error) {
	var id string
	err := t.DB.Get(ctx, &id, `SELECT file_id FROM tender_files WHERE organisation_id = $1 AND tender_id = $2 AND sha256 = $3`, organisationID, tenderID, sha)
	if err != nil {
		return file.File{}, wrapped("tender: look for a document", err)
	}
	return t.Files.Get(ctx, organisationID, id)
}

// fetch asks the register for a document and compares it with its digest.
func (t *Tenders) fetch(ctx context.Context, number string, d authority.TenderDocument) ([]byte, error) {
	if t.Register == nil {
		return nil, errUnavailable
	}
	timer := time.NewTimer(turnWait)
	defer timer.Stop()
	select {
	case t.fetches <- struct{}{}:
		defer func() { <-t.fetches }()
	case <-timer.C:
		return nil, errBusy
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	content, err := t.Register.Document(ctx, number, d.ID)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnavailable, err)
	}
	sum := sha256.Sum256(content)
	if hex.EncodeToString(sum[:]) != d.SHA256 || int64(len(content)) != d.Size {
		return nil, errDiffers
	}
	return content, nil
}

// unfetched tells operators and the organisation's journal of a document that is not
// what the announcement says.
func (t *Tenders) unfetched(ctx context.Context, actor directory.Actor, organisationID string, a Tender, d authority.TenderDocument, why error) error {
	if !errors.Is(why, errDiffers) {
		t.metrics.documents.WithLabelValues("unavailable").Inc()
		t.Log.WarnContext(ctx, "a document of an announcement could not be fetched", "number", a.Number, "document", d.ID, "error", why)
		return why
	}
	t.metrics.documents.WithLabelValues("differs").Inc()
	t.Log.ErrorContext(ctx, "a document of an announcement has another digest", "number", a.Number, "document", d.ID, "sha256", d.SHA256)
	err := t.journal(ctx, actor, organisationID, "tender.document_differs", "tender:"+a.ID, map[string]string{"tender": a.Number, "document": d.ID, "sha256": d.SHA256})
	return errors.Join(why, err)
}

func (t *Tenders) keepDocument(ctx context.Context, actor directory.Actor, organisationID string, a Tender, d authority.TenderDocument, content []byte) (file.File, error) {
	saved, err := t.Files.SaveOurs(ctx, organisationID, d.Name, documentKinds, MaxDocument, bytes.NewReader(content))
	if err != nil {
		return file.File{}, fmt.Errorf("tender: keep a document: %w", err)
	}
	err = t.DB.Tx(ctx, func(ctx context.Context) error {
		_, err := t.DB.Exec(ctx, `INSERT INTO tender_files (organisation_id, tender_id, sha256, file_id, created_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (organisation_id, tender_id, sha256) DO UPDATE SET file_id = excluded.file_id, created_at = excluded.created_at`,
			organisationID, a.ID, d.SHA256, saved.ID, t.now())
		if err != nil {
			return fmt.Errorf("tender: keep a document: %w", err)
		}
		if err := t.Files.Keep(ctx, organisationID, "tender-documents/"+a.ID, saved.ID); err != nil {
			return err
		}
		return t.journal(ctx, actor, organisationID, "tender.document_fetched", "tender:"+a.ID, map[string]string{"tender": a.Number, "document": d.ID, "sha256": d.SHA256})
	})
	if err != nil {
		return file.File{}, err
	}
	t.metrics.documents.WithLabelValues("fetched").Inc()
	return saved, nil
}
