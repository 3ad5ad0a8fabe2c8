package document

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"propusk/cabinet/api"
	"propusk/storage/file"
)

// inline are the kinds that a browser may show in place; everything else is saved.
// What is shown is sandboxed and runs nothing (api.File).
const inline = file.PDF | file.JPEG | file.PNG

// getContent answers GET /v1/documents/{id}/content: the bytes of a version, or a
// range of them.
func (d *Documents) getContent(c api.Call) error {
	q := c.Query("version", "inline")
	n, show := number(q), q.Flag("inline")
	if err := q.Err(); err != nil {
		return err
	}
	doc, v, err := d.oneVersion(c, n)
	if err != nil {
		return err
	}
	if err := d.downloaded(c, doc.ID, doc.Name, v); err != nil {
		return err
	}
	return d.send(c, doc.OrganisationID, v, show)
}

// downloaded writes to the journal who was given a version, or a part of it.
func (d *Documents) downloaded(c api.Call, object, name string, v Version) error {
	if c.Request().Method != http.MethodGet {
		return nil
	}
	return d.record(c.Ctx(), By{Actor: c.Actor()}, c.Organisation(), "document.downloaded", object, map[string]string{
		"name": name, "number": itoa(v.Number), "sha256": v.SHA256,
	})
}

// oneVersion is a version of the document of the path.
func (d *Documents) oneVersion(c api.Call, n int64) (Document, Version, error) {
	doc, err := d.one(c)
	if err != nil {
		return Document{}, Version{}, err
	}
	v, err := d.version(c.Ctx(), doc, n)
	if err != nil {
		return Document{}, Version{}, Refusal(err)
	}
	return doc, v, nil
}

// send gives out the bytes of a version.
func (d *Documents) send(c api.Call, organisationID string, v Version, show bool) error {
	f, r, err := d.Files.Open(c.Ctx(), organisationID, v.FileID)
	if err != nil {
		return Refusal(err)
	}
	defer func() { _ = r.Close() }() // it was only read
	if err := begins(r); err != nil {
		return Refusal(err)
	}
	takeTime(c, v.Size)
	err = api.File(c, api.FileAnswer{
		Name: v.FileName, MediaType: v.MediaType, SHA256: v.SHA256, Size: v.Size, Inline: show && inline.Has(file.KindOf(f.MediaType)),
	}, r)
	if err != nil {
		return Refusal(err)
	}
	return nil
}

// begins reads a little, so that a file that is damaged from its beginning is a
// problem and not an answer that breaks off.
func begins(r io.ReadSeeker) error {
	var first [1]byte
	if _, err := io.ReadFull(r, first[:]); err != nil {
		return err
	}
	_, err := r.Seek(0, io.SeekStart)
	return err
}

// getContainer answers GET /v1/documents/{id}/container.
func (d *Documents) getContainer(c api.Call) error {
	q := c.Query("version")
	n := number(q)
	if err := q.Err(); err != nil {
		return err
	}
	doc, v, err := d.oneVersion(c, n)
	if err != nil {
		return err
	}
	if err := d.downloaded(c, doc.ID, doc.Name, v); err != nil {
		return err
	}
	return d.sendContainer(c, doc, v)
}

// sendContainer streams the container. The file is read from end to end before the
// first byte leaves, so that one that is damaged is a problem and not half a ZIP.
func (d *Documents) sendContainer(c api.Call, doc Document, v Version) error {
	list, err := d.signatures(c.Ctx(), doc.ID, v.FileID)
	if err != nil {
		return err
	}
	if err := d.whole(c.Ctx(), doc.OrganisationID, v.FileID); err != nil {
		return Refusal(err)
	}
	takeTime(c, v.Size)
	ctx := c.Ctx()
	r, w := io.Pipe()
	defer func() { _ = r.Close() }() // the writer learns that nobody reads
	go func() {
		w.CloseWithError(d.container(ctx, w, doc.OrganisationID, v, list, v.CreatedAt.Time()))
	}()
	return api.File(c, api.FileAnswer{Name: containerName(v), MediaType: "application/zip", Size: -1}, r)
}

func (d *Documents) whole(ctx context.Context, organisationID, fileID string) error {
	_, r, err := d.Files.Open(ctx, organisationID, fileID)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }() // it was only read
	_, err = io.Copy(io.Discard, r)
	return err
}

// getVersions answers GET /v1/documents/{id}/versions.
func (d *Documents) getVersions(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	doc, err := d.one(c)
	if err != nil {
		return err
	}
	list, err := d.versions(c.Ctx(), doc.ID)
	if err != nil {
		return err
	}
	var view struct {
		Versions []versionView `json:"versions"`
	}
	for _, v := range list {
		view.Versions = append(view.Versions, newVersionView(v, doc.Versions))
	}
	return api.Answer(c, http.StatusOK, "", view)
}

// postVersion answers POST /v1/documents/{id}/versions: one file.
func (d *Documents) postVersion(c api.Call) error {
	before, err := d.one(c)
	if err != nil {
		return err
	}
	f, err := d.readForm(c, 1, "note")
	if err != nil {
		return err
	}
	note := f.fields["note"]
	if len([]rune(note)) > maxDescription {
		f.fault("note", "too_long")
	}
	if err := api.Invalid(f.faults...); err != nil {
		return err
	}
	if err := before.Kind.row().judge(f.files[0].file, f.files[0].err); err != nil {
		return Refusal(err)
	}
	return d.changing(c, http.StatusCreated, func(doc Document, seen *int64) (Document, error) {
		return d.AddVersion(c.Ctx(), c.Actor(), c.Organisation(), doc.ID, seen, note, f.files[0].file)
	})
}

// restore answers POST /v1/documents/{id}/versions/{number}/restore.
func (d *Documents) restore(c api.Call) error {
	n, err := pathNumber(c)
	if err != nil {
		return err
	}
	return d.changing(c, http.StatusCreated, func(doc Document, seen *int64) (Document, error) {
		return d.Restore(c.Ctx(), c.Actor(), c.Organisation(), doc.ID, seen, n)
	})
}

// getSignature answers GET /v1/documents/{id}/signatures/{signature} with the CMS.
func (d *Documents) getSignature(c api.Call) error {
	which, err := c.PathID("signature")
	if err != nil {
		return err
	}
	doc, err := d.one(c)
	if err != nil {
		return err
	}
	var s Signature
	err = d.DB.Get(c.Ctx(), &s, `SELECT `+signatureColumns+` FROM document_signatures WHERE id = $1 AND document_id = $2`, which, doc.ID)
	if err != nil {
		return Refusal(err)
	}
	return api.File(c, api.FileAnswer{
		Name: doc.FileName + ".p7s", MediaType: "application/pkcs7-signature", Size: int64(len(s.CMS)),
	}, bytes.NewReader(s.CMS))
}
