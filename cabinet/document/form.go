package document

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage/file"
)

const (
	// maxFiles is how many files one request brings.
	maxFiles = 20
	// maxForm bounds the whole of it, in bytes.
	maxForm = maxFiles*documentLimit + 1<<20
	// maxParts bounds the parts of a form, files and fields.
	maxParts = 64
	// maxField bounds one field, in bytes.
	maxField = 8 << 10
)

// sent is one file of a form: saved, or why not.
type sent struct {
	name string // as it was sent
	file file.File
	err  error
}

// form is what came in a multipart/form-data body (RFC 7578). Fields say something
// of every file, wherever they stand.
type form struct {
	fields map[string]string
	files  []sent
	faults []api.FieldFault
}

// readForm reads a form part by part; files go to the store as they come. Whatever
// happens then, files that nobody keeps are swept. A file that is refused refuses
// none of the others.
func (d *Documents) readForm(c api.Call, most int, known ...string) (*form, error) {
	r := c.Request()
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != multipartForm {
		c.Response().Header().Set("Accept", multipartForm)
		return nil, api.Refuse("content_type_unsupported").With("accepted", multipartForm)
	}
	r.Body = http.MaxBytesReader(c.Response(), r.Body, maxForm)
	takeTime(c, max(r.ContentLength, documentLimit))
	reader, err := r.MultipartReader()
	if err != nil {
		return nil, unreadable(err)
	}
	f := &form{fields: map[string]string{}}
	for range maxParts {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return f, f.complete()
		}
		if err != nil {
			return nil, unreadable(err)
		}
		if err := d.readPart(c.Ctx(), c.Organisation(), f, part, most, known); err != nil {
			return nil, err
		}
	}
	return nil, api.Refuse("body_malformed").With("reason", "too many parts")
}

const multipartForm = "multipart/form-data"

func (d *Documents) readPart(ctx context.Context, organisationID string, f *form, part *multipart.Part, most int, known []string) error {
	name := part.FormName()
	if name != "file" {
		return f.field(name, part, known)
	}
	if len(f.files) >= most {
		f.fault("file", "too_many")
		return nil
	}
	s, body := sent{name: part.FileName()}, &noting{r: part}
	s.file, s.err = d.Files.Save(ctx, organisationID, s.name, anyFile, documentLimit, body)
	f.files = append(f.files, s)
	for _, own := range []error{file.ErrTooLarge, file.ErrEmpty, file.ErrKind, file.ErrInfected} {
		if errors.Is(s.err, own) {
			return nil
		}
	}
	if body.err != nil && ctx.Err() == nil {
		return unreadable(body.err)
	}
	return api.FileRefusal(s.err)
}

// noting remembers whether it was the sender who failed.
type noting struct {
	r   io.Reader
	err error
}

func (n *noting) Read(p []byte) (int, error) {
	k, err := n.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		n.err = err
	}
	return k, err
}

func (f *form) field(name string, part io.Reader, known []string) error {
	value, err := io.ReadAll(io.LimitReader(part, maxField+1))
	_, twice := f.fields[name]
	switch {
	case err != nil:
		return unreadable(err)
	case !slices.Contains(known, name):
		f.fault(name, "unknown")
	case twice:
		f.fault(name, "duplicate")
	case len(value) > maxField:
		f.fault(name, "too_long")
	case !utf8.Valid(value) || hasControl(string(value)):
		f.fault(name, "invalid")
	default:
		f.fields[name] = strings.TrimSpace(string(value))
	}
	return nil
}

// hasControl finds control characters, but for line ends and tabs, and other disguises.
func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return api.Disguise(r) && r != '\n' && r != '\r' && r != '\t' })
}

func (f *form) fault(name, code string) {
	f.faults = append(f.faults, api.FieldFault{Pointer: api.Pointer(name), Code: code})
}

// complete sees that the form has a file.
func (f *form) complete() error {
	if len(f.files) == 0 {
		f.fault("file", "required")
	}
	return nil
}

// unreadable is a form that broke off, is none, or is too large.
func unreadable(err error) error {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return api.Refuse("file_too_large").Wrap(err)
	}
	return api.Refuse("body_malformed").With("reason", "the form breaks off or is malformed").Wrap(err)
}

// The longest texts, in characters.
const (
	maxName        = 200
	maxDescription = 2000
)

// document reads what is said of the documents; faults are noted.
func (f *form) document() NewDocument {
	n := NewDocument{Kind: Kind(f.fields["type"]), Name: f.fields["name"], Description: f.fields["description"], ValidUntil: f.fields["valid_until"]}
	f.faults = append(f.faults, n.check()...)
	if n.Kind == "" {
		n.Kind = Other
	}
	return n
}

// check says what is wrong with the fields; an empty type is Other.
func (n NewDocument) check() []api.FieldFault {
	var faults []api.FieldFault
	fault := func(name, code string) {
		faults = append(faults, api.FieldFault{Pointer: api.Pointer(name), Code: code})
	}
	if n.Kind != "" && !n.Kind.Valid() {
		fault("type", "invalid")
	}
	if utf8.RuneCountInString(n.Name) > maxName {
		fault("name", "too_long")
	} else if strings.ContainsAny(n.Name, "\r\n\t") {
		fault("name", "invalid")
	}
	if utf8.RuneCountInString(n.Description) > maxDescription {
		fault("description", "too_long")
	}
	if n.ValidUntil != "" && !isDate(n.ValidUntil) {
		fault("valid_until", "format")
	}
	return faults
}

func isDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

// recipient reads an ИНН or a mailbox.
func recipient(text string) (inn, email string, ok bool) {
	if text == "" {
		return "", "", true
	}
	if directory.ValidINN(text) {
		return text, "", true
	}
	email, ok = directory.NormaliseEmail(text)
	return "", email, ok
}
