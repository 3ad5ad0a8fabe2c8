package organisation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"propusk/cabinet/api"
	"propusk/cabinet/organisation/pdf"
	"propusk/signature"
	"propusk/storage"
	"propusk/storage/file"
)

// The bounds of what is uploaded, in bytes (rows 117, 134; A23.4).
const (
	registrationFile   = 10 << 20
	registrationUpload = registrationFile + 1<<20 // with the other parts of the form
	attachmentFile     = 5 << 20
	attachmentUpload   = attachmentFile + 1<<20
	maxDocuments       = 20
)

// documentKinds are the papers of row 115.
var documentKinds = []string{
	"ogrn_certificate", "inn_certificate", "charter", "decision", "power_of_attorney", "bank_account", "certificate", "registry_extract", "other",
}

// documentView is a paper of a registration.
type documentView struct {
	ID        string       `json:"id" db:"file_id"`
	Kind      string       `json:"kind" db:"kind"`
	Name      string       `json:"name" db:"name"`
	MediaType string       `json:"media_type" db:"media_type"`
	Size      int64        `json:"size" db:"size"`
	SHA256    string       `json:"sha256" db:"sha256"`
	Signed    bool         `json:"signed" db:"-"`
	Verdict   string       `json:"-" db:"verdict"`
	CreatedAt storage.Time `json:"created_at" db:"created_at"`
}

func documentOwner(registrationID string) string { return "registration/" + registrationID }

func (o *Organisations) documentsOf(ctx context.Context, registrationID string) ([]documentView, error) {
	list := []documentView{}
	err := o.DB.Select(ctx, &list, `SELECT file_id, kind, name, media_type, size, sha256, verdict, created_at
		FROM organisation_registration_documents WHERE registration_id = $1 ORDER BY created_at, file_id`, registrationID)
	if err != nil {
		return nil, fmt.Errorf("organisation: documents: %w", err)
	}
	for i := range list {
		list[i].Signed = list[i].Verdict != ""
	}
	return list, nil
}

// addDocument answers POST /v1/registrations/{id}/documents: a PDF of at most
// 10 MB with text that can be read and nothing hidden in it (row 117), or a
// machine-readable power of attorney; with a detached signature where there is one.
func (o *Organisations) addDocument(c api.Call) error {
	r, err := o.named(c)
	if err != nil {
		return err
	}
	if !r.open() {
		return notAtStep("registration_state", r.State)
	}
	u, err := readUpload(c, registrationFile)
	if err != nil {
		return err
	}
	if !slices.Contains(documentKinds, u.kind) {
		return api.InvalidField("/kind", "invalid")
	}
	verdict, err := o.documentVerdict(c, u)
	if err != nil {
		return err
	}
	kinds := file.PDF
	if u.kind == "power_of_attorney" {
		kinds |= file.XML
	}
	saved, err := o.save(c.Ctx(), r.ID, u, kinds, registrationFile)
	if err != nil {
		return err
	}
	if err := o.judgePaper(c.Ctx(), &r, u, saved); err != nil {
		return err
	}
	d := documentView{
		ID: saved.ID, Kind: u.kind, Name: saved.Name, MediaType: saved.MediaType, Size: saved.Size, SHA256: saved.SHA256,
		Signed: verdict != "", Verdict: verdict, CreatedAt: o.time(),
	}
	if err := o.keepDocument(c, r, d); err != nil {
		return err
	}
	return api.Created(c, "/v1/registrations/"+r.ID+"/documents/"+d.ID, "", d)
}

// judgePaper looks into what was uploaded: a PDF by its structure, a power of
// attorney by what it says.
func (o *Organisations) judgePaper(ctx context.Context, r *registration, u upload, saved file.File) error {
	if saved.MediaType == file.PDF.MediaType() {
		return refusePDF(pdf.Check(u.content))
	}
	if u.kind == "power_of_attorney" && u.signature != nil {
		return o.powerOf(ctx, r, u.content, u.signature)
	}
	return nil
}

// refusePDF tells what was found in a PDF in the API's codes.
func refusePDF(err error) error {
	if fault, ok := errors.AsType[*pdf.Fault](err); ok {
		return api.InvalidField("/file", "pdf_"+fault.Code).Wrap(err)
	}
	return err
}

// documentVerdict verifies the signature over a document; "" when there is none.
func (o *Organisations) documentVerdict(c api.Call, u upload) (string, error) {
	if u.signature == nil {
		return "", nil
	}
	if len(u.signature) > signature.MaxSignature {
		return "", api.InvalidField("/signature", "too_long")
	}
	verdict, err := o.judge(c, u.signature, u.content)
	if err != nil {
		return "", err
	}
	return encodeVerdict(verdict), nil
}

func (o *Organisations) keepDocument(c api.Call, r registration, d documentView) error {
	return o.DB.Tx(c.Ctx(), func(ctx context.Context) error {
		if err := o.storeRegistration(ctx, &r, r.State); err != nil { // two uploads take turns
			return err
		}
		var count int
		err := o.DB.Get(ctx, &count, `SELECT COUNT(*) FROM organisation_registration_documents WHERE registration_id = $1`, r.ID)
		if err != nil {
			return fmt.Errorf("organisation: count documents: %w", err)
		}
		if count >= maxDocuments {
			return api.Refuse("organization_files_too_many")
		}
		if err := o.Files.Keep(ctx, r.ID, documentOwner(r.ID), d.ID); err != nil {
			return err
		}
		_, err = o.DB.Exec(ctx, `INSERT INTO organisation_registration_documents
			(registration_id, file_id, kind, name, media_type, size, sha256, verdict, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			r.ID, d.ID, d.Kind, d.Name, d.MediaType, d.Size, d.SHA256, d.Verdict, d.CreatedAt)
		if err != nil {
			return fmt.Errorf("organisation: insert document: %w", err)
		}
		return o.record(ctx, c.Actor(), "", "registration.document_added", r.ID,
			map[string]string{"file": d.ID, "kind": d.Kind, "sha256": d.SHA256, "signed": fmt.Sprint(d.Signed)})
	})
}

// save keeps the bytes loose; the organisation of a registration's files is the
// registration, for there is no other yet.
func (o *Organisations) save(ctx context.Context, organisationID string, u upload, kinds file.Kinds, limit int64) (file.File, error) {
	saved, err := o.Files.Save(ctx, organisationID, u.name, kinds, limit, bytes.NewReader(u.content))
	if kind, ok := errors.AsType[*file.KindError](err); ok {
		return saved, api.Invalid(api.FieldFault{Pointer: "/file", Code: "upload_kind",
			Args: map[string]string{"found": kind.Found, "wanted": kind.Wanted.String()}})
	}
	switch {
	case errors.Is(err, file.ErrTooLarge):
		return saved, api.InvalidField("/file", "too_long")
	case errors.Is(err, file.ErrEmpty):
		return saved, api.InvalidField("/file", "required")
	case errors.Is(err, file.ErrInfected):
		return saved, api.InvalidField("/file", "upload_infected")
	case errors.Is(err, file.ErrQuota):
		return saved, api.FileRefusal(err)
	case errors.Is(err, file.ErrUnscanned):
		return saved, api.Refuse("organization_files_unavailable").After(60).Wrap(err)
	}
	return saved, err
}

// downloadDocument answers GET /v1/registrations/{id}/documents/{document}.
func (o *Organisations) downloadDocument(c api.Call) error {
	r, err := o.named(c)
	if err != nil {
		return err
	}
	return o.sendFile(c, r.ID, documentOwner(r.ID), "document")
}

// sendFile sends a file that owner keeps, named by a path parameter.
func (o *Organisations) sendFile(c api.Call, organisationID, owner, parameter string) error {
	id, err := c.PathID(parameter)
	if err != nil {
		return err
	}
	owners, err := o.Files.Owners(c.Ctx(), id)
	if err != nil {
		return err
	}
	if !slices.Contains(owners, owner) {
		return api.Refuse("not_found")
	}
	f, r, err := o.Files.Open(c.Ctx(), organisationID, id)
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	defer func() { _ = r.Close() }()
	return api.File(c, api.FileAnswer{Name: f.Name, MediaType: f.MediaType, SHA256: f.SHA256, Size: f.Size}, r)
}

// dropDocument answers DELETE /v1/registrations/{id}/documents/{document}.
func (o *Organisations) dropDocument(c api.Call) error {
	r, err := o.named(c)
	if err != nil {
		return err
	}
	id, err := c.PathID("document")
	if err != nil {
		return err
	}
	if !r.open() {
		return notAtStep("registration_state", r.State)
	}
	err = o.DB.Tx(c.Ctx(), func(ctx context.Context) error {
		n, err := o.DB.Exec(ctx, `DELETE FROM organisation_registration_documents WHERE registration_id = $1 AND file_id = $2`, r.ID, id)
		if err != nil {
			return fmt.Errorf("organisation: drop document: %w", err)
		}
		if n == 0 {
			return api.Refuse("not_found")
		}
		if err := o.Files.Release(ctx, documentOwner(r.ID), id); err != nil {
			return err
		}
		return o.record(ctx, c.Actor(), "", "registration.document_dropped", r.ID, map[string]string{"file": id})
	})
	if err != nil {
		return err
	}
	return api.NoContent(c)
}
