package apitest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// bodies holds JSON bodies against the schemas of an OpenAPI 3.1 document, which
// are JSON Schema 2020-12. Each is compiled once a process: that takes a hundred
// times as long as to look at a body.
type bodies struct {
	schemas  any      // components.schemas, to which the others refer
	compiled sync.Map // *openapi3.SchemaRef → func() (*jsonschema.Schema, error)
}

func newBodies(document string) (*bodies, error) {
	var whole struct {
		Components struct{ Schemas json.RawMessage }
	}
	if err := json.Unmarshal([]byte(document), &whole); err != nil {
		return nil, err
	}
	schemas, err := jsonschema.UnmarshalJSON(bytes.NewReader(whole.Components.Schemas))
	return &bodies{schemas: schemas}, err
}

// request looks at the body of a JSON request.
func (b *bodies) request(operation *openapi3.Operation, header http.Header, body string) error {
	switch {
	case operation.RequestBody == nil || !isJSON(header):
		return nil
	case body == "" && operation.RequestBody.Value.Required:
		return errors.New("no body where one is required")
	case body == "":
		return nil
	}
	return b.check(operation.RequestBody.Value.Content, header, body)
}

// response looks at the body of a JSON answer. That the status is described has
// been looked at before.
func (b *bodies) response(operation *openapi3.Operation, a Answer) error {
	if !isJSON(a.Header) && a.Body != "" {
		return nil
	}
	described := operation.Responses.Status(a.Status)
	if described == nil {
		described = operation.Responses.Default()
	}
	if described == nil || len(described.Value.Content) == 0 || a.Status == http.StatusNotModified {
		return nil
	}
	return b.check(described.Value.Content, a.Header, a.Body)
}

func (b *bodies) check(content openapi3.Content, header http.Header, body string) error {
	described := content.Get(header.Get("Content-Type"))
	if described == nil {
		return fmt.Errorf("the document has no body of type %q", header.Get("Content-Type"))
	}
	if described.Schema == nil {
		return nil
	}
	schema, err := b.schema(described.Schema)
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

func (b *bodies) schema(ref *openapi3.SchemaRef) (*jsonschema.Schema, error) {
	once, _ := b.compiled.LoadOrStore(ref, sync.OnceValues(func() (*jsonschema.Schema, error) { return b.compile(ref) }))
	return once.(func() (*jsonschema.Schema, error))()
}

// compile puts the schema at the root of a document where its references lead to
// the components as they do in the whole one.
func (b *bodies) compile(ref *openapi3.SchemaRef) (*jsonschema.Schema, error) {
	text, err := json.Marshal(ref)
	if err != nil {
		return nil, err
	}
	root, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	if object, ok := root.(map[string]any); ok {
		object["components"] = map[string]any{"schemas": b.schemas}
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	compiler.RegisterFormat(&jsonschema.Format{Name: "byte", Validate: isBase64})
	compiler.RegisterFormat(&jsonschema.Format{Name: "uuid", Validate: isUUID})
	compiler.RegisterFormat(&jsonschema.Format{Name: "int64", Validate: isInt64})
	const address = "https://propusk.example/openapi.json"
	if err := compiler.AddResource(address, root); err != nil {
		return nil, err
	}
	return compiler.Compile(address)
}

// isBase64 is OpenAPI's format "byte".
func isBase64(value any) error {
	text, ok := value.(string)
	if !ok {
		return nil
	}
	return openapi3.SchemaStringFormats["byte"].Validate(text)
}

var uuids = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// isUUID is RFC 9562 §4, or nothing: a draft's document has no file yet.
func isUUID(value any) error {
	if text, ok := value.(string); ok && text != "" && !uuids.MatchString(text) {
		return fmt.Errorf("%q is no UUID", text)
	}
	return nil
}

// isInt64 is OpenAPI's format "int64".
func isInt64(value any) error {
	number, ok := value.(json.Number)
	if !ok {
		return nil
	}
	_, err := number.Int64()
	return err
}

func isJSON(header http.Header) bool {
	kind, _, _ := strings.Cut(header.Get("Content-Type"), ";")
	return strings.HasSuffix(kind, "/json") || strings.HasSuffix(kind, "+json")
}
