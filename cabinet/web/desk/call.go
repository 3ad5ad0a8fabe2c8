package desk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"time"
)

const (
	refreshBefore = time.Minute     // a token this close to its end is renewed first
	freshSignIn   = 5 * time.Second // a token refused so soon will not be better after another sign-in
)

// Option changes one call of the API, or reads more of its answer.
type Option struct {
	before func(*exchange)
	after  func(*http.Response)
}

// IfMatch makes a change depend on the state that the person has seen (RFC 9110
// §13.1.1). An empty tag makes no condition.
func IfMatch(etag string) Option {
	return Option{before: func(x *exchange) {
		if etag != "" {
			x.header.Set("If-Match", etag)
		}
	}}
}

// IdempotencyKey makes a repeat get the first answer
// (draft-ietf-httpapi-idempotency-key-header). Give it [Visit.FormKey]; an empty key
// changes nothing.
func IdempotencyKey(key string) Option {
	return Option{before: func(x *exchange) {
		if key != "" {
			x.header.Set("Idempotency-Key", key)
		}
	}}
}

// ETag reads the entity tag of the answer into tag.
func ETag(tag *string) Option {
	return Option{after: func(answer *http.Response) { *tag = answer.Header.Get("ETag") }}
}

// Location reads where a new thing of the cabinet is, as a path of the API without
// "/v1", into at.
func Location(at *string) Option {
	return Option{after: func(answer *http.Response) {
		if to, err := url.Parse(answer.Header.Get("Location")); err == nil {
			*at = strings.TrimPrefix(to.Path, Cabinet().API)
		}
	}}
}

// Method makes a call by another method than its function's: an upload that replaces.
func Method(method string) Option {
	return Option{before: func(x *exchange) { x.method = method }}
}

// WithQuery adds parameters to the address of a call that has a body.
func WithQuery(query url.Values) Option {
	return Option{before: func(x *exchange) { x.query = query }}
}

// Get reads from the API: path is below the API's own, "/v1", out the JSON's target. The error is a
// *Problem when the API refuses. A page may return it as it is.
func (v *Visit) Get(path string, query url.Values, out any, options ...Option) error {
	return v.json(http.MethodGet, path, query, nil, out, options)
}

// Post sends in as JSON (nil = no body) and reads the answer into out (nil = leave
// it).
func (v *Visit) Post(path string, in, out any, options ...Option) error {
	return v.json(http.MethodPost, path, nil, in, out, options)
}

// Put is Post by another method, as are Patch and Delete.
func (v *Visit) Put(path string, in, out any, options ...Option) error {
	return v.json(http.MethodPut, path, nil, in, out, options)
}

// Patch sends the members that change.
func (v *Visit) Patch(path string, in, out any, options ...Option) error {
	return v.json(http.MethodPatch, path, nil, in, out, options)
}

// Delete removes.
func (v *Visit) Delete(path string, in, out any, options ...Option) error {
	return v.json(http.MethodDelete, path, nil, in, out, options)
}

func (v *Visit) json(method, path string, query url.Values, in, out any, options []Option) error {
	x := exchange{method: method, path: path, query: query, header: http.Header{}}
	if in != nil {
		encoded, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode the request: %w", err)
		}
		x.kind = "application/json"
		x.again = func() (io.Reader, error) { return bytes.NewReader(encoded), nil }
	}
	return v.call(x, out, options)
}

// call makes an exchange and reads the answer's JSON into out.
func (v *Visit) call(x exchange, out any, options []Option) error {
	return v.callBy(v.d.api, x, out, options)
}

// callBy is call by a client with patience of its own.
func (v *Visit) callBy(by api, x exchange, out any, options []Option) error {
	for _, option := range options {
		if option.before != nil {
			option.before(&x)
		}
	}
	answer, err := v.live(by, x)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	for _, option := range options {
		if option.after != nil {
			option.after(answer)
		}
	}
	return decode(answer, out)
}

// decode reads an answer's JSON.
func decode(answer *http.Response, out any) error {
	if out == nil || answer.StatusCode == http.StatusNoContent {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, answerLimit))
	if err != nil {
		return errors.Join(errUnavailable, fmt.Errorf("read the API's answer: %w", err))
	}
	if err := json.Unmarshal(body, out); err != nil {
		return errors.Join(errUnavailable, fmt.Errorf("read the API's answer: %w", err))
	}
	return nil
}

// live asks with a live token. A token that the API refuses is renewed once (rights
// may have changed); what is refused even then, or asks for a stronger sign-in (RFC
// 9470), sends the person to sign in. A scope that the token lacks, because the
// cabinet has learnt something since, does too.
func (v *Visit) live(through api, x exchange) (*http.Response, error) {
	if v.d.deps.Now().Add(refreshBefore).After(v.session.Tokens.Expiry) {
		if err := v.renew(""); err != nil {
			return nil, err
		}
	}
	answer, err := v.try(through, x)
	if !unauthorised(err) {
		return answer, err
	}
	if err := v.renew(""); err != nil {
		return nil, err
	}
	if answer, err = v.try(through, x); !unauthorised(err) {
		return answer, err
	}
	return nil, v.again(err)
}

// try makes one request and turns a demand for a stronger sign-in into one.
func (v *Visit) try(through api, x exchange) (*http.Response, error) {
	answer, err := v.d.send(v.request, through, v.session, x)
	problem := AsProblem(err)
	switch {
	case problem == nil:
		return answer, err
	case problem.acr != "" || problem.aged != "":
		return nil, &signIn{acr: problem.acr, aged: problem.aged, organisation: v.organisationID(), newcomer: v.session.Newcomer}
	case problem.Code == "scope_missing" && v.d.canAsk(problem.scope, v.session.Tokens.Scope) && !v.justSignedIn():
		return nil, &signIn{organisation: v.organisationID()}
	}
	return nil, err
}

func (v *Visit) organisationID() string {
	if v.me.Organization == nil {
		return ""
	}
	return v.me.Organization.ID
}

func unauthorised(err error) bool {
	problem := AsProblem(err)
	return problem != nil && problem.Status == http.StatusUnauthorized
}

// send makes an exchange with a session's tokens.
func (d *Desk) send(q *request, through api, s *session, x exchange) (*http.Response, error) {
	key, err := readProofKey(s.Key)
	if err != nil {
		return nil, err
	}
	if x.again != nil {
		if x.body, err = x.again(); err != nil {
			return nil, err
		}
	}
	prove := func(r *http.Request, access string) error { return key.prove(r, access, "", d.deps.Now()) }
	return through.send(q.ctx(), prove, s.Tokens.Access, q.lang, x)
}

// ask is a call outside a visit, when the session is not yet, or just, made.
func (d *Desk) ask(q *request, s *session, x exchange, out any) error {
	answer, err := d.send(q, d.api, s, x)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return decode(answer, out)
}

// Part is one part of an upload: a value, or a file.
type Part struct {
	Name  string
	Value string
	// File is read from its beginning at each try; nil for a value.
	File      io.ReadSeeker
	FileName  string
	MediaType string // "" = application/octet-stream
}

// FilePart is the part of a file that a form brought.
func FilePart(name string, file multipart.File, header *multipart.FileHeader) Part {
	return Part{Name: name, File: file, FileName: header.Filename, MediaType: header.Header.Get("Content-Type")}
}

// Upload posts parts to the API as multipart/form-data while they are read, however
// large they are.
func (v *Visit) Upload(path string, parts []Part, out any, options ...Option) error {
	x := exchange{method: http.MethodPost, path: path, header: http.Header{}}
	boundary := multipart.NewWriter(io.Discard).Boundary()
	x.kind = "multipart/form-data; boundary=" + boundary
	x.again = func() (io.Reader, error) { return stream(boundary, parts) }
	return v.callBy(v.d.streams, x, out, options)
}

// UploadRaw sends one body as it is by a method, for routes that take a file alone,
// as long as it takes: like Upload, it has no limit of time but the request's own.
func (v *Visit) UploadRaw(method, path, mediaType string, file io.ReadSeeker, out any, options ...Option) error {
	x := exchange{method: method, path: path, header: http.Header{}, kind: mediaType}
	x.again = func() (io.Reader, error) {
		_, err := file.Seek(0, io.SeekStart)
		return io.NopCloser(file), err
	}
	return v.callBy(v.d.streams, x, out, options)
}

// stream writes the parts into a pipe as they are read.
func stream(boundary string, parts []Part) (io.Reader, error) {
	for _, part := range parts {
		if part.File != nil {
			if _, err := part.File.Seek(0, io.SeekStart); err != nil {
				return nil, fmt.Errorf("read an upload again: %w", err)
			}
		}
	}
	out, in := io.Pipe()
	writer := multipart.NewWriter(in)
	if err := writer.SetBoundary(boundary); err != nil {
		return nil, fmt.Errorf("begin an upload: %w", err)
	}
	go func() { in.CloseWithError(writeParts(writer, parts)) }()
	return out, nil
}

func writeParts(writer *multipart.Writer, parts []Part) error {
	for _, part := range parts {
		if part.File == nil {
			if err := writer.WriteField(part.Name, part.Value); err != nil {
				return err
			}
			continue
		}
		header := textproto.MIMEHeader{}
		header.Set("Content-Disposition", multipart.FileContentDisposition(part.Name, part.FileName))
		kind := part.MediaType
		if kind == "" {
			kind = "application/octet-stream"
		}
		header.Set("Content-Type", kind)
		to, err := writer.CreatePart(header)
		if err != nil {
			return err
		}
		if _, err := io.Copy(to, part.File); err != nil {
			return err
		}
	}
	return writer.Close()
}

// passed are the headers of a download that reach the browser.
var passed = []string{
	"Content-Type", "Content-Disposition", "Content-Length", "Content-Range", "Accept-Ranges", "ETag", "Last-Modified",
	"Content-Security-Policy", "X-Content-Type-Options", "Content-Language", "Digest", "Repr-Digest",
}

// Download streams a file of the API to the browser, with its name and type as the
// API gives them; a part of it when the browser asks for one. Nothing that a browser
// would run comes through: the API's own policy for files does, and the desk
// tightens it.
func (v *Visit) Download(path string, query url.Values) error { return v.download(path, query, false) }

func (v *Visit) download(path string, query url.Values, framed bool) error {
	x := exchange{method: http.MethodGet, path: path, query: query, header: http.Header{}}
	for _, name := range []string{"Range", "If-Range", "If-None-Match"} {
		if value := v.r.Header.Get(name); value != "" {
			x.header.Set(name, value)
		}
	}
	answer, err := v.live(v.d.streams, x)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	header := v.w.Header()
	for _, name := range passed {
		if values := answer.Header.Values(name); len(values) > 0 {
			header[name] = values
		}
	}
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy", filePolicy(header.Get("Content-Type"), framed))
	header.Set("Cache-Control", "private, no-store")
	v.w.WriteHeader(answer.StatusCode)
	if _, err := io.Copy(v.w, answer.Body); err != nil {
		panic(http.ErrAbortHandler) // half a file is never taken for a whole
	}
	return nil
}

// filePolicy is the Content-Security-Policy of a file: nothing is loaded, nothing
// runs, and only our own pages frame what is meant to be framed.
func filePolicy(kind string, framed bool) string {
	policy := "default-src 'none'"
	if !framed || kind != "application/pdf" {
		policy += "; sandbox"
	}
	if framed {
		return policy + "; frame-ancestors 'self'"
	}
	return policy + "; frame-ancestors 'none'"
}
