package organisation

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"propusk/cabinet/api"
)

// upload is a form with a file (RFC 7578): the parts kind, file and signature.
type upload struct {
	kind, name string
	content    []byte
	signature  []byte // nil without one
}

// readUpload reads the form's parts into memory, each within its bound; limit is
// that of the file, in bytes. Every part comes once, others are refused.
func readUpload(c api.Call, limit int64) (upload, error) {
	kind, parameters, err := mime.ParseMediaType(c.Request().Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" || parameters["boundary"] == "" {
		c.Response().Header().Set("Accept", "multipart/form-data")
		return upload{}, api.Refuse("content_type_unsupported").With("accepted", "multipart/form-data")
	}
	body := http.MaxBytesReader(c.Response(), c.Request().Body, limit+1<<20)
	reader := multipart.NewReader(body, parameters["boundary"])
	var u upload
	seen := map[string]bool{}
	for {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return upload{}, unreadable(err)
		}
		name := part.FormName()
		if seen[name] {
			return upload{}, api.InvalidField(api.Pointer(name), "duplicate")
		}
		seen[name] = true
		if err := u.take(name, part, limit); err != nil {
			return upload{}, err
		}
	}
	if u.content == nil {
		return upload{}, api.InvalidField("/file", "required")
	}
	return u, nil
}

func (u *upload) take(name string, part *multipart.Part, limit int64) error {
	switch name {
	case "kind":
		text, err := within(part, 100, "/kind")
		u.kind = string(text)
		return err
	case "file":
		var err error
		u.name = part.FileName()
		u.content, err = within(part, limit, "/file")
		return err
	case "signature":
		var err error
		u.signature, err = within(part, signatureLimit, "/signature")
		return err
	}
	return api.InvalidField(api.Pointer(name), "unknown")
}

// within reads a part of at most limit bytes.
func within(r io.Reader, limit int64, at string) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case err != nil:
		return nil, unreadable(err)
	case int64(len(content)) > limit:
		return nil, api.InvalidField(at, "too_long")
	}
	return content, nil
}

func unreadable(err error) error {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return api.Refuse("upload_too_large")
	}
	return api.Refuse("body_malformed").With("reason", "the form cannot be read").Wrap(err)
}
