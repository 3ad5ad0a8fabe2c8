package filing

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"

	"propusk/cabinet/api"
	"propusk/cabinet/filing/report"
	"propusk/storage/file"
)

// uploaded is a form with a file (RFC 7578): the part file, and what is said of it.
type uploaded struct {
	name    string
	content []byte
	fields  map[string]string
	tree    *report.Tree // of an XML report, once it was looked into
}

// uploadFields are the parts beside the file that an upload may have.
var uploadFields = []string{"type", "period", "year", "correction", "subject", "office"}

// readUpload reads the parts into memory, each within its bound. Every part comes
// once; others than known ones are refused. Reports are signed over their very
// bytes, so nothing is gained by reading them in pieces.
func readUpload(c api.Call, known ...string) (uploaded, error) {
	media, parameters, err := mime.ParseMediaType(c.Request().Header.Get("Content-Type"))
	if err != nil || media != "multipart/form-data" || parameters["boundary"] == "" {
		c.Response().Header().Set("Accept", "multipart/form-data")
		return uploaded{}, api.Refuse("content_type_unsupported").With("accepted", "multipart/form-data")
	}
	reader := multipart.NewReader(http.MaxBytesReader(c.Response(), c.Request().Body, uploadLimit), parameters["boundary"])
	u := uploaded{fields: map[string]string{}}
	for {
		part, err := reader.NextPart()
		switch {
		case errors.Is(err, io.EOF) && u.content == nil:
			return u, api.InvalidField("/file", "required")
		case errors.Is(err, io.EOF):
			return u, nil
		case err != nil:
			return u, unreadable(err)
		}
		if err := u.take(part, known, c.Request().ContentLength); err != nil {
			return u, err
		}
	}
}

// take reads one part. size is how long the whole form says it is: the file is nearly
// all of it, so its memory is asked for once.
func (u *uploaded) take(part *multipart.Part, known []string, size int64) error {
	name := part.FormName()
	limit := int64(1000)
	_, twice := u.fields[name]
	switch {
	case name == "file" && u.content == nil:
		limit = report.MaxFile
	case twice || name == "file":
		return api.InvalidField(api.Pointer(name), "duplicate")
	case !slices.Contains(known, name):
		return api.InvalidField(api.Pointer(name), "unknown")
	}
	var buffer bytes.Buffer
	if name == "file" {
		buffer.Grow(int(min(max(size, 0), limit)) + bytes.MinRead)
	}
	_, err := buffer.ReadFrom(io.LimitReader(part, limit+1))
	content := buffer.Bytes()
	switch {
	case err != nil:
		return unreadable(err)
	case int64(len(content)) > limit && name == "file":
		return api.Refuse("file_too_large")
	case int64(len(content)) > limit:
		return api.InvalidField(api.Pointer(name), "too_long")
	case name == "file" && len(content) == 0:
		return api.Refuse("file_empty")
	case name == "file":
		u.name, u.content = part.FileName(), content
	default:
		u.fields[name] = string(content)
	}
	return nil
}

func unreadable(err error) error {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return api.Refuse("upload_too_large")
	}
	return api.Refuse("body_malformed").With("reason", "the form cannot be read").Wrap(err)
}

// kindsOf are the kinds of files of a format.
var kindsOf = map[report.Format]file.Kinds{report.XML: file.XML, report.PDF: file.PDF, report.XLSX: file.XLSX}

// formatOf is the format of a stored file, by its content.
func formatOf(f file.File) report.Format {
	for format, kinds := range kindsOf {
		if file.KindOf(f.MediaType) == kinds {
			return format
		}
	}
	return ""
}

// unreadableReport refuses a file that cannot be taken apart at all, with the place.
func unreadableReport(c api.Call, fault report.Fault) error {
	message := fault.Message(c.Lang())
	if fault.Line > 0 {
		message = place(fault, c.Lang()) + message
	}
	return api.Refuse("filing_unreadable").Because(fault.Code).With("message", message).With("advice", fault.Advice(c.Lang()))
}

func place(fault report.Fault, lang string) string {
	if lang == "en" {
		return "Line " + itoa(fault.Line) + ", column " + itoa(fault.Column) + ". "
	}
	return "Строка " + itoa(fault.Line) + ", позиция " + itoa(fault.Column) + ". "
}
