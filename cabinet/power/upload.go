package power

import (
	"errors"
	"io"
	"mime"
	"net/http"

	"propusk/cabinet/api"
	"propusk/cabinet/power/emchd"
	"propusk/signature"
)

// multipartForm is the format of files as browsers and curl send them (RFC 7578).
const multipartForm = "multipart/form-data"

// uploaded is a multipart request, read.
type uploaded struct {
	file, signature, power []byte
	name                   string // of the file
	replacesID             string
}

// isUpload reports whether the request brings files.
func isUpload(c api.Call) bool {
	kind, _, _ := mime.ParseMediaType(c.Request().Header.Get("Content-Type"))
	return kind == multipartForm
}

// maxParts bounds how many parts a request may have.
const maxParts = 8

// readUpload reads the parts: file, signature, power and replaces_id, each once.
func readUpload(c api.Call) (uploaded, error) {
	if !isUpload(c) {
		c.Response().Header().Set("Accept", multipartForm)
		return uploaded{}, api.Refuse("content_type_unsupported").With("accepted", multipartForm)
	}
	r := c.Request()
	r.Body = http.MaxBytesReader(c.Response(), r.Body, uploadLimit)
	reader, err := r.MultipartReader()
	if err != nil {
		return uploaded{}, api.Refuse("body_malformed").With("reason", "no multipart/form-data").Wrap(err)
	}
	var u uploaded
	seen := map[string]bool{}
	for range maxParts {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return u, u.check()
		}
		if err != nil {
			return uploaded{}, unreadable(err)
		}
		name := part.FormName()
		if seen[name] {
			return uploaded{}, api.InvalidField(api.Pointer(name), "duplicate")
		}
		seen[name] = true
		if name == "file" {
			u.name = part.FileName()
		}
		if err := u.take(name, part); err != nil {
			return uploaded{}, err
		}
	}
	return uploaded{}, api.Refuse("body_malformed").With("reason", "too many parts")
}

func (u *uploaded) take(name string, part io.Reader) error {
	into, limit := map[string]*[]byte{"file": &u.file, "signature": &u.signature, "power": &u.power}[name], int64(maxDocument)
	switch name {
	case "signature":
		limit = signature.MaxUpload
	case "power":
		limit = api.BodyLimit
	case "replaces_id":
		limit = 64
	case "file":
	default:
		return api.InvalidField(api.Pointer(name), "unknown")
	}
	value, err := io.ReadAll(io.LimitReader(part, limit+1))
	switch {
	case err != nil:
		return unreadable(err)
	case int64(len(value)) > limit:
		return api.InvalidField(api.Pointer(name), "too_long")
	case into == nil:
		u.replacesID = string(value)
	default:
		*into = value
	}
	return nil
}

func (u *uploaded) check() error {
	var faults []api.FieldFault
	if len(u.file) == 0 {
		faults = append(faults, api.FieldFault{Pointer: "/file", Code: "required"})
	}
	if u.power == nil && len(u.file) > emchd.MaxSize {
		faults = append(faults, api.FieldFault{Pointer: "/file", Code: "too_long"})
	}
	if u.replacesID != "" && !api.IsID(u.replacesID) {
		faults = append(faults, api.FieldFault{Pointer: "/replaces_id", Code: "invalid"})
	}
	return api.Invalid(faults...)
}

// unreadable is a form that broke off or is too large.
func unreadable(err error) error {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return api.Refuse("upload_too_large")
	}
	return api.Refuse("body_malformed").With("reason", "unexpected end").Wrap(err)
}
