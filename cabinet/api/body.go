package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// BodyLimit bounds every JSON body, in bytes. File uploads have their own routes.
const BodyLimit = 64 << 10

// The formats of bodies.
const (
	PlainJSON  = "application/json"
	MergePatch = "application/merge-patch+json" // RFC 7396
)

// Field is one member of a merge patch (RFC 7396): absent leaves the value as it
// is, null takes it away, anything else replaces it.
type Field[T any] struct {
	Set, Null bool // the member is there; it is null
	Value     T
}

// UnmarshalJSON is called for members that are there, null included.
func (f *Field[T]) UnmarshalJSON(data []byte) error {
	f.Set = true
	if f.Null = bytes.Equal(data, []byte("null")); f.Null {
		return nil
	}
	return json.Unmarshal(data, &f.Value)
}

// Change is nil when the member is absent and the zero value when it is null.
func (f *Field[T]) Change() *T {
	if !f.Set {
		return nil
	}
	return &f.Value
}

// ReadPatch reads a merge patch into the struct that into points to. Sent as
// application/json it is read alike; that is how most programs send one.
func ReadPatch(c Call, into any, readOnly ...string) error {
	return readBody(c, []string{MergePatch, PlainJSON}, into, readOnly)
}

// ReadObject reads a JSON object into the struct that into points to.
func ReadObject(c Call, into any) error {
	return readBody(c, []string{PlainJSON}, into, nil)
}

// ReadObjectUpTo is ReadObject with another limit, in bytes.
func ReadObjectUpTo(c Call, limit int64, into any) error {
	return ReadBodyUpTo(c, limit, []string{PlainJSON}, into, nil)
}

func readBody(c Call, accepted []string, into any, readOnly []string) error {
	return ReadBodyUpTo(c, BodyLimit, accepted, into, readOnly)
}

// ReadBodyUpTo is readBody with another limit, in bytes.
func ReadBodyUpTo(c Call, limit int64, accepted []string, into any, readOnly []string) error {
	if err := checkContentType(c, accepted); err != nil {
		return err
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, limit))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		if limit > BodyLimit {
			return Refuse("upload_too_large")
		}
		return Refuse("body_too_large")
	}
	if err != nil {
		return Refuse("body_malformed").With("reason", "unexpected end").Wrap(err)
	}
	members, err := splitObject(body)
	if err != nil {
		return err
	}
	return assign(members, into, readOnly)
}

// ReadText reads an object that came as a part of a form, as strictly as a body: no
// unknown member, no name twice, names as they are written.
func ReadText(text []byte, into any) error {
	members, err := splitObject(text)
	if err != nil {
		return err
	}
	return assign(members, into, nil)
}

func checkContentType(c Call, accepted []string) error {
	header := c.Request().Header
	kind, parameters, err := mime.ParseMediaType(header.Get("Content-Type"))
	charset, named := parameters["charset"]
	switch {
	case err != nil, !slices.Contains(accepted, kind),
		named && !strings.EqualFold(charset, "utf-8"),
		header.Get("Content-Encoding") != "":
	default:
		return nil
	}
	name := "Accept" // RFC 9110 §15.5.16
	if slices.Contains(accepted, MergePatch) {
		name = "Accept-Patch" // RFC 5789 §2.2
	}
	list := strings.Join(accepted, ", ")
	c.Response().Header().Set(name, list)
	return Refuse("content_type_unsupported").With("accepted", list)
}

// member is one name and value of a JSON object.
type member struct {
	name  string
	value json.RawMessage
}

// splitObject takes a body apart into its members, in their order. Exactly one
// object in valid UTF-8 is accepted, with nothing after it and no name twice:
// what two readers could read differently is refused (RFC 8259 §4).
func splitObject(body []byte) ([]member, error) {
	malformed := func(reason string) error { return Refuse("body_malformed").With("reason", reason) }
	if !utf8.Valid(body) {
		return nil, malformed("not UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	if opening, err := decoder.Token(); err != nil || opening != json.Delim('{') {
		return nil, malformed("not an object")
	}
	var members []member
	var twice []FieldFault
	for decoder.More() {
		var one member
		name, err := decoder.Token()
		if err != nil {
			return nil, malformed("syntax error at byte " + fmt.Sprint(decoder.InputOffset()))
		}
		one.name = name.(string) // a decoder inside an object answers names only
		if err := decoder.Decode(&one.value); err != nil {
			return nil, malformed("syntax error at byte " + fmt.Sprint(decoder.InputOffset()))
		}
		if slices.ContainsFunc(members, func(m member) bool { return m.name == one.name }) {
			twice = append(twice, FieldFault{Pointer: Pointer(one.name), Code: "duplicate"})
		}
		if members = append(members, one); len(members) > 100 {
			return nil, malformed("too many members")
		}
	}
	if _, err := decoder.Token(); err != nil {
		return nil, malformed("unexpected end")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, malformed("something follows the object")
	}
	if len(twice) > 0 {
		return nil, Invalid(twice...)
	}
	return members, nil
}

// Pointer writes a member's name as a JSON pointer (RFC 6901 §3). Names are the
// caller's: a long one is cut, so that an answer cannot be blown up.
func Pointer(name string) string {
	if len(name) > 64 {
		name = strings.ToValidUTF8(name[:64], "") + "…"
	}
	return "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

// assign gives the members to the fields of a struct by their json tags and
// answers all faults at once. The case of names matters.
func assign(members []member, into any, readOnly []string) error {
	target := reflect.ValueOf(into).Elem()
	fields := make(map[string]reflect.Value, target.NumField())
	for i := range target.NumField() {
		fields[target.Type().Field(i).Tag.Get("json")] = target.Field(i)
	}
	var faults []FieldFault
	for _, m := range members {
		fault := FieldFault{Pointer: Pointer(m.name)}
		field, known := fields[m.name]
		switch {
		case slices.Contains(readOnly, m.name):
			fault.Code = "read_only"
		case !known:
			fault.Code = "unknown"
		case !printable(m.value, hasParagraphs(field)):
			fault.Code = "invalid"
		default:
			fault.Code, fault.Args = assignOne(m.value, field)
		}
		if fault.Code != "" {
			faults = append(faults, fault)
		}
	}
	if len(faults) > 0 {
		return Invalid(faults...)
	}
	return nil
}

func assignOne(value json.RawMessage, field reflect.Value) (code string, args map[string]string) {
	err := json.Unmarshal(value, field.Addr().Interface())
	if err == nil {
		return "", nil
	}
	expected := "JSON"
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		expected = jsonType(wrong.Type)
	}
	return "type", map[string]string{"expected": expected}
}

// jsonType names a Go type as JSON Schema does.
func jsonType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Slice:
		return "array"
	case reflect.Struct, reflect.Map:
		return "object"
	}
	return "number"
}

// Prose is a text with paragraphs, such as a letter: in a body it may have line
// feeds and tabs, which no other string may. So may the values of a map of Prose.
type Prose string

func hasParagraphs(field reflect.Value) bool {
	switch field.Interface().(type) {
	case Prose, Field[Prose], map[string]Prose:
		return true
	}
	return false
}

// printable refuses control characters and other disguises in every string of a value.
// Only Prose has use for some, and PostgreSQL cannot store U+0000 at all.
func printable(value json.RawMessage, paragraphs bool) bool {
	decoder := json.NewDecoder(bytes.NewReader(value))
	for {
		token, err := decoder.Token()
		if err != nil {
			return true // the end: the value has been parsed before
		}
		text, ok := token.(string)
		if paragraphs {
			text = strings.NewReplacer("\n", "", "\t", "").Replace(text)
		}
		if ok && !clean(text) {
			return false
		}
	}
}

// clean reports whether a text has no disguises.
func clean(text string) bool { return !strings.ContainsFunc(text, Disguise) }
