package cabinet

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"propusk/cabinet/api"
)

// object is a JSON object of the OpenAPI document.
type object = map[string]any

// joined adds the rooms' fragments to the main document. What a route declares
// (who may call it, what it demands, how it is limited) is written into its
// operation from the route itself, so that the document cannot say otherwise.
func joined(source []byte, rooms []api.Room) ([]byte, error) {
	if len(rooms) == 0 {
		return source, nil
	}
	var main object
	if err := json.Unmarshal(source, &main); err != nil {
		return nil, err
	}
	for _, room := range rooms {
		if len(room.Document) == 0 && len(room.Routes) == 0 {
			continue
		}
		if err := join(main, room); err != nil {
			return nil, fmt.Errorf("room %s: %w", room.Name, err)
		}
	}
	return json.Marshal(main)
}

func join(main object, room api.Room) error {
	var part object
	if err := json.Unmarshal(room.Document, &part); err != nil {
		return err
	}
	for _, route := range room.Routes {
		operation, ok := at(part, "paths", route.Path, strings.ToLower(route.Method))
		if !ok {
			return fmt.Errorf("%s %s is not described", route.Method, route.Path)
		}
		declare(operation, route)
	}
	if err := addPaths(child(main, "paths"), child(part, "paths")); err != nil {
		return err
	}
	main["tags"] = append(main["tags"].([]any), list(part["tags"])...)
	for kind := range child(part, "components") {
		if err := add(child(main, "components"), child(part, "components"), kind); err != nil {
			return err
		}
	}
	return nil
}

// addPaths moves a part's operations over: two rooms may share a path, never an
// operation.
func addPaths(into, paths object) error {
	for path := range paths {
		if err := add(into, paths, path); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

// add moves the members of one section over; none may be there already.
func add(main, part object, section string) error {
	into := child(main, section)
	for name, value := range child(part, section) {
		if _, taken := into[name]; taken {
			return errors.New(section + ": " + name + " is described twice")
		}
		into[name] = value
	}
	return nil
}

func at(o object, path ...string) (object, bool) {
	for _, name := range path {
		next, ok := o[name].(object)
		if !ok {
			return nil, false
		}
		o = next
	}
	return o, true
}

// child is an object inside o, made when it is missing.
func child(o object, name string) object {
	inner, ok := o[name].(object)
	if !ok {
		inner = object{}
		o[name] = inner
	}
	return inner
}

func list(v any) []any {
	items, _ := v.([]any)
	return items
}

var accessNames = map[api.Access]string{
	api.Public: "public", api.AnyToken: "any-token", api.PersonToken: "person", api.OrganisationToken: "organization",
}

// declare writes the policy of a route and the answers that any route can give.
func declare(operation object, route api.Route) {
	operation["x-access"] = accessNames[route.Access]
	operation["security"] = []any{}
	answers := map[string]string{"400": "BadRequest", "500": "InternalError", "503": "Unavailable"}
	if route.Access != api.Public {
		scopes := []any{}
		if route.Scope != "" {
			scopes = append(scopes, route.Scope)
		}
		operation["security"] = []any{object{"oauth2": scopes}}
		answers["401"], answers["403"], answers["429"], answers["431"] = "Unauthorized", "Forbidden", "TooManyRequests", "HeaderTooLarge"
	}
	if route.Permission != "" {
		operation["x-permission"] = string(route.Permission)
	}
	if route.ACR != "" {
		operation["x-acr"] = route.ACR
	}
	if strings.Contains(route.Path, "{") {
		answers["404"] = "NotFound"
	}
	if _, hasBody := operation["requestBody"]; hasBody {
		answers["413"], answers["415"], answers["422"] = "ContentTooLarge", "UnsupportedMediaType", "Unprocessable"
	}
	if route.Idempotent {
		operation["parameters"] = append(list(operation["parameters"]), object{"$ref": "#/components/parameters/Idempotency-Key"})
		answers["409"], answers["422"] = "Conflict", "Unprocessable"
	}
	responses := child(operation, "responses")
	for status, name := range answers {
		if _, own := responses[status]; !own {
			responses[status] = object{"$ref": "#/components/responses/" + name}
		}
	}
	if route.Access != api.Public {
		limited(responses)
	}
}

// limited adds the headers that every admitted answer carries.
func limited(responses object) {
	for status, response := range responses {
		answer, ok := response.(object)
		if _, elsewhere := answer["$ref"]; !ok || elsewhere || !strings.HasPrefix(status, "2") {
			continue
		}
		headers := child(answer, "headers")
		for _, name := range []string{"RateLimit", "RateLimit-Policy"} {
			headers[name] = object{"$ref": "#/components/headers/" + name}
		}
	}
}
