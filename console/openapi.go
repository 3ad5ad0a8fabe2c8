package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"propusk/cabinet/api"
	"propusk/storage"
)

// The description of the API (OpenAPI 3.1) is made of the route table and of the very
// types that are read and written, so that it cannot say otherwise.

type object = map[string]any

// document describes the routes.
func document(issuer string, routes []Route, book *api.Book) ([]byte, error) {
	d := &describer{schemas: object{}}
	paths := object{}
	for _, r := range routes {
		path, ok := paths[r.Path].(object)
		if !ok {
			path = object{}
			paths[r.Path] = path
		}
		path[strings.ToLower(r.Method)] = d.operation(r)
	}
	d.schemas["Problem"] = d.inline(reflect.TypeFor[api.Problem]())
	body, err := json.Marshal(object{
		"openapi": "3.1.0",
		"info": object{
			"title": "Propusk: the operators' console", "version": "1",
			"description": "For operators of the house. Tokens are for the resource {issuer}/console alone (RFC 8707), bound by DPoP, of a sign-in by passkey or certificate. Problems: " + codes(book) + ".",
		},
		"servers": []any{object{"url": issuer}},
		"paths":   paths,
		"components": object{
			"schemas": d.schemas,
			"securitySchemes": object{"oauth2": object{"type": "oauth2", "flows": object{"authorizationCode": object{
				"authorizationUrl": issuer + "/oauth2/authorize", "tokenUrl": issuer + "/oauth2/token",
				"scopes": object{scopeRead: "to look", scopeWrite: "to act"},
			}}}},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("console: OpenAPI document: %w", err)
	}
	return body, nil
}

// codes lists what only the console answers.
func codes(book *api.Book) string {
	var own []string
	for code := range book.Codes() {
		if _, ours := texts[code]; ours {
			own = append(own, code)
		}
	}
	slices.Sort(own)
	return strings.Join(own, ", ")
}

// describer gathers the schemas that operations refer to.
type describer struct{ schemas object }

func (d *describer) operation(r Route) object {
	problem := object{"description": "A problem (RFC 9457)", "content": object{"application/problem+json": object{"schema": object{"$ref": "#/components/schemas/Problem"}}}}
	answer := object{"description": r.Title}
	if r.Answer != nil {
		answer["content"] = object{api.PlainJSON: object{"schema": d.schema(reflect.TypeOf(r.Answer))}}
	}
	op := object{
		"summary": r.Title, "x-writes": r.Writes, "security": []any{},
		"responses": object{"2XX": answer, "4XX": problem, "5XX": problem},
	}
	if !r.Public {
		op["security"] = []any{object{"oauth2": []any{r.scope()}}}
	}
	if r.Role != "" {
		op["x-role"] = string(r.Role)
	}
	if r.Body != nil {
		op["requestBody"] = object{"required": true, "content": object{api.PlainJSON: object{"schema": d.schema(reflect.TypeOf(r.Body))}}}
	}
	op["parameters"] = parameters(r)
	return op
}

// parameters are those of the path, and the key of a repeated write.
func parameters(r Route) []any {
	list := []any{}
	for part := range strings.SplitSeq(r.Path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			list = append(list, object{"name": strings.TrimSuffix(name, "}"), "in": "path", "required": true, "schema": object{"type": "string"}})
		}
	}
	if r.Writes {
		list = append(list, object{"name": "Idempotency-Key", "in": "header", "schema": object{"type": "string", "maxLength": 255}})
	}
	return list
}

// schema describes a type; a struct with a name is described once.
func (d *describer) schema(t reflect.Type) object {
	switch {
	case t == reflect.TypeFor[storage.Time]():
		return object{"type": []any{"string", "null"}, "format": "date-time"}
	case t.Kind() == reflect.Struct:
		name := strings.TrimSuffix(t.Name(), "View")
		if _, known := d.schemas[name]; !known {
			d.schemas[name] = object{} // a type may speak of itself
			d.schemas[name] = d.inline(t)
		}
		return object{"$ref": "#/components/schemas/" + name}
	case t.Kind() == reflect.Slice:
		return object{"type": "array", "items": d.schema(t.Elem())}
	case t.Kind() == reflect.Map:
		return object{"type": "object", "additionalProperties": d.schema(t.Elem())}
	case t.Kind() == reflect.Bool:
		return object{"type": "boolean"}
	case t.Kind() == reflect.String:
		return object{"type": "string"}
	default:
		return object{"type": "integer"}
	}
}

func (d *describer) inline(t reflect.Type) object {
	properties, required := object{}, []any{}
	for field := range fields(t) {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		properties[name] = d.schema(field.Type)
		if options != "omitempty" {
			required = append(required, name)
		}
	}
	return object{"type": "object", "properties": properties, "required": required}
}

// fields are those that JSON shows, of embedded types too.
func fields(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for _, field := range reflect.VisibleFields(t) {
			if !field.Anonymous && field.Tag.Get("json") != "" && !yield(field) {
				return
			}
		}
	}
}

// openapi answers GET /console/v1/openapi.json.
func (s *Server) openapi(c api.Call) error {
	c.Response().Header().Set("Cache-Control", "public, max-age=300")
	return api.Answer(c, http.StatusOK, "", json.RawMessage(s.document))
}
