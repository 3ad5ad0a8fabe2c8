package document

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"propusk/cabinet/api"
	"propusk/storage"
)

// partialUpload is the format of a piece (draft-ietf-httpbis-resumable-upload §5).
const partialUpload = "application/partial-upload"

// postUpload answers POST /v1/documents/uploads.
func (d *Documents) postUpload(c api.Call) error {
	var body struct {
		Type        Kind      `json:"type"`
		Name        string    `json:"name"`
		Description api.Prose `json:"description"`
		ValidUntil  string    `json:"valid_until"`
		FileName    string    `json:"file_name"`
		Size        int64     `json:"size"`
		SHA256      string    `json:"sha256"`
		DocumentID  string    `json:"document_id"`
		Note        api.Prose `json:"note"`
	}
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	r := UploadRequest{
		NewDocument: NewDocument{body.Type, body.Name, string(body.Description), body.ValidUntil}, FileName: body.FileName, SHA256: body.SHA256,
		DocumentID: body.DocumentID, Note: string(body.Note),
	}
	if err := api.Invalid(r.faults(body.Size)...); err != nil {
		return err
	}
	if r.Kind == "" {
		r.Kind = Other
	}
	u, err := d.BeginUpload(c.Ctx(), c.Actor(), c.Organisation(), body.Size, r)
	if errors.Is(err, storage.ErrNotFound) {
		return api.InvalidField("/document_id", "invalid").Wrap(err)
	}
	if err != nil {
		return Refusal(err)
	}
	offsets(c, u)
	return api.Created(c, "/v1/documents/uploads/"+u.ID, "", newUploadView(u))
}

func (r UploadRequest) faults(size int64) []api.FieldFault {
	faults := r.check()
	fault := func(pointer, code string) {
		faults = append(faults, api.FieldFault{Pointer: pointer, Code: code})
	}
	if size < 1 {
		fault("/size", "out_of_range")
	}
	if r.FileName == "" {
		fault("/file_name", "required")
	}
	if len(r.FileName) > 1000 {
		fault("/file_name", "too_long")
	}
	if raw, err := hex.DecodeString(r.SHA256); r.SHA256 != "" && (err != nil || len(raw) != 32 || strings.ToLower(r.SHA256) != r.SHA256) {
		fault("/sha256", "format")
	}
	if r.DocumentID != "" && !api.IsID(r.DocumentID) {
		fault("/document_id", "format")
	}
	if len([]rune(r.Note)) > maxDescription {
		fault("/note", "too_long")
	}
	return faults
}

// offsets are the headers of the protocol.
func offsets(c api.Call, u Upload) {
	header := c.Response().Header()
	header.Set("Upload-Offset", itoa(u.Received))
	header.Set("Upload-Length", itoa(u.Size))
	header.Set("Upload-Complete", "?0") // a route of its own completes it
	header.Set("Upload-Limit", "max-append-size="+strconv.Itoa(maxPiece)+", min-append-size="+strconv.Itoa(minPiece))
}

// getUpload answers GET and HEAD /v1/documents/uploads/{id}.
func (d *Documents) getUpload(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	u, err := d.Upload(c.Ctx(), c.Actor(), c.Organisation(), id)
	if err != nil {
		return Refusal(err)
	}
	offsets(c, u)
	return api.Answer(c, http.StatusOK, "", newUploadView(u))
}

// patchUpload answers PATCH /v1/documents/uploads/{id}: a piece at an offset.
func (d *Documents) patchUpload(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	r := c.Request()
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != partialUpload && kind != "application/octet-stream" {
		c.Response().Header().Set("Accept-Patch", partialUpload)
		return api.Refuse("content_type_unsupported").With("accepted", partialUpload)
	}
	offset, err := readOffset(r.Header)
	if err != nil {
		return err
	}
	digest, err := contentDigest(r.Header.Values("Content-Digest"))
	if err != nil {
		return err
	}
	takeTime(c, max(r.ContentLength, minPiece))
	u, err := d.Append(c.Ctx(), c.Actor(), c.Organisation(), id, offset, digest, http.MaxBytesReader(c.Response(), r.Body, maxPiece+1))
	if err != nil {
		return pieceRefusal(c, u, err)
	}
	offsets(c, u)
	return api.NoContent(c)
}

// pieceRefusal tells where to go on.
func pieceRefusal(c api.Call, u Upload, err error) error {
	if u.ID != "" {
		offsets(c, u)
	}
	if wrong, ok := errors.AsType[*OffsetError](err); ok {
		c.Response().Header().Set("Upload-Offset", itoa(wrong.Received))
		return api.Refuse("document_offset").With("offset", itoa(wrong.Received)).Wrap(err)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return api.Refuse("body_malformed").With("reason", "unexpected end").Wrap(err)
	}
	return Refusal(err)
}

func readOffset(header http.Header) (int64, error) {
	values := header.Values("Upload-Offset")
	if len(values) != 1 || len(values[0]) > 15 || values[0] == "" || strings.Trim(values[0], "0123456789") != "" {
		return 0, api.Refuse("document_offset_missing")
	}
	return strconv.ParseInt(values[0], 10, 64)
}

// contentDigest reads the SHA-256 of Content-Digest (RFC 9530 §2), in hexadecimal;
// "" when there is none of it.
func contentDigest(values []string) (string, error) {
	for item := range strings.SplitSeq(strings.Join(values, ","), ",") {
		name, value, found := strings.Cut(strings.TrimSpace(item), "=")
		if !found || name != "sha-256" {
			continue
		}
		text, ok := strings.CutPrefix(value, ":")
		text, closed := strings.CutSuffix(text, ":")
		raw, err := base64.StdEncoding.DecodeString(text)
		if !ok || !closed || err != nil || len(raw) != 32 {
			return "", api.Refuse("document_digest_malformed")
		}
		return hex.EncodeToString(raw), nil
	}
	return "", nil
}

// deleteUpload answers DELETE /v1/documents/uploads/{id}.
func (d *Documents) deleteUpload(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	if err := d.Abandon(c.Ctx(), c.Actor(), c.Organisation(), id); err != nil {
		return Refusal(err)
	}
	return api.NoContent(c)
}

// postFinish answers POST /v1/documents/uploads/{id}/finish with the document.
func (d *Documents) postFinish(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	takeTime(c, d.Largest)
	doc, err := d.Finish(c.Ctx(), c.Actor(), c.Organisation(), id)
	if err != nil {
		return Refusal(err)
	}
	return d.answer(c, http.StatusCreated, doc)
}
