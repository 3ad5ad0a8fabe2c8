package oauth

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4/json"

	"propusk/idp/directory"
)

// Rich authorization requests (RFC 9396): the parameter authorization_details says
// how far a token is to reach, in the types of package directory, which also holds
// every act against them. Here they are read, allowed to clients, narrowed, and put
// into tokens and answers.
//
// Details narrow the scopes of their domain and bring them along: who asks for a
// detail of filings need not ask for filings:write, and a token that has one files
// nothing beyond it.

const (
	parameterDetails = "authorization_details"
	// maxDetailsText bounds the parameter, in bytes; canonical, which is how it
	// travels in every token, it must come to maxDetailsToken at most.
	maxDetailsText  = 8 << 10
	maxDetailsToken = 2 << 10
)

// Kinds names the kinds of reports and extracts that details can be limited to, in
// Russian and English; not ok for a code that there is not.
type Kinds func(t directory.DetailType, code string) (ru, en string, ok bool)

// invalidDetails is the one error of this parameter (RFC 9396 §5).
func invalidDetails(format string, args ...any) *Error {
	return fault(http.StatusBadRequest, "invalid_authorization_details", format, args...)
}

// details reads the parameter of a request by the client: nil when it is not there.
func (p *Provider) details(client *registration, form url.Values) (directory.Details, error) {
	text := form.Get(parameterDetails)
	if text == "" {
		return nil, nil
	}
	details, err := parseDetails(text)
	if err != nil {
		return nil, err
	}
	for _, d := range details {
		if !slices.Contains(client.DetailTypes, d.Type) {
			return nil, invalidDetails("the client is not registered for the type %.40s (RFC 9396 section 10)", string(d.Type))
		}
		for _, location := range d.Locations {
			if location != p.deps.Audience {
				return nil, invalidDetails("the only location is %s", p.deps.Audience)
			}
		}
		for _, kind := range d.Kinds {
			if _, _, known := p.kind(d.Type, kind); !known {
				return nil, invalidDetails("the kind %s is unknown for %s", kind, string(d.Type))
			}
		}
	}
	return details, nil
}

// kind names one; a server that was told no kinds takes every code as its own name.
func (p *Provider) kind(t directory.DetailType, code string) (ru, en string, known bool) {
	if p.deps.Kinds == nil {
		return code, code, true
	}
	return p.deps.Kinds(t, code)
}

// KindName is how a kind of a detail is called in a language: "en", anything else is
// Russian. What has no name is called by its code.
func (p *Provider) KindName(t directory.DetailType, code, lang string) string {
	ru, en, known := p.kind(t, code)
	switch {
	case !known:
		return code
	case lang == "en":
		return en
	default:
		return ru
	}
}

// parseDetails reads a JSON array of objects with known members only (RFC 9396 §2,
// §5), no member twice, and brings it into canonical form.
func parseDetails(text string) (directory.Details, error) {
	if len(text) > maxDetailsText {
		return nil, invalidDetails("authorization_details has more than %d bytes", maxDetailsText)
	}
	var objects []map[string]json.RawMessage
	if trimmed := strings.TrimSpace(text); !strings.HasPrefix(trimmed, "[") || json.Unmarshal([]byte(trimmed), &objects) != nil {
		return nil, invalidDetails("authorization_details must be a JSON array of objects, no member of which comes twice")
	}
	if len(objects) == 0 || len(objects) > directory.MaxDetails {
		return nil, invalidDetails("authorization_details has 1 to %d objects", directory.MaxDetails)
	}
	details := make(directory.Details, len(objects))
	for i, object := range objects {
		d, err := parseDetail(object)
		if err == nil {
			err = d.Check()
		}
		if err != nil {
			return nil, invalidDetails("object %d: %s", i+1, err.Error())
		}
		details[i] = d
	}
	if canonical, err := json.Marshal(details); err != nil || len(canonical) > maxDetailsToken {
		return nil, invalidDetails("authorization_details is more than %d bytes, and a token could not carry it", maxDetailsToken)
	}
	return details, nil
}

// parseDetail reads the members of one object. null is none of the kinds that a
// member can have.
func parseDetail(object map[string]json.RawMessage) (d directory.Detail, err error) {
	members := map[string]any{
		"type": &d.Type, "locations": &d.Locations, "actions": &d.Actions, "kinds": &d.Kinds,
		"recipients": &d.Recipients, "powers": &d.Powers, "max_sum": &d.MaxSum, "max_days": &d.MaxDays,
	}
	for name, raw := range object {
		into, known := members[name]
		if !known {
			return d, invalidDetails("the member %.40s is unknown", name)
		}
		if bytes.Equal(bytes.TrimSpace(raw), []byte("null")) || json.Unmarshal(raw, into) != nil {
			return d, invalidDetails("the member %s has a value of another kind", name)
		}
	}
	for name, list := range map[string]*[]string{"actions": &d.Actions, "kinds": &d.Kinds, "recipients": &d.Recipients, "powers": &d.Powers, "locations": &d.Locations} {
		if _, there := object[name]; there && len(*list) == 0 {
			return d, invalidDetails("%s is empty; leave it out for no limit", name)
		}
		slices.Sort(*list)
	}
	for name, number := range map[string]int64{"max_sum": d.MaxSum, "max_days": int64(d.MaxDays)} {
		if _, there := object[name]; there && number <= 0 {
			return d, invalidDetails("%s must be more than 0; leave it out for no limit", name)
		}
	}
	return d, nil
}

// detailScopes are the scopes that the details bring along.
func detailScopes(details directory.Details) []string {
	var scopes []string
	for _, d := range details {
		for _, permission := range d.Permissions() {
			if scope := string(permission); !slices.Contains(scopes, scope) {
				scopes = append(scopes, scope)
			}
		}
	}
	return scopes
}

// withScopes adds to scopes what the details bring along.
func withScopes(scopes []string, details directory.Details) []string {
	for _, scope := range detailScopes(details) {
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// besides are the scopes that no detail speaks of.
func besides(scopes []string, details directory.Details) []string {
	spoken := spokenOf(details.Types())
	return slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool { return slices.Contains(spoken, scope) })
}

// spokenOf are the scopes of the types' domains.
func spokenOf(types []directory.DetailType) (scopes []string) {
	for _, t := range types {
		for _, permission := range t.Permissions() {
			scopes = append(scopes, string(permission))
		}
	}
	return scopes
}

// missingTypes are the types of asked of which granted has no detail. A token must
// have none of their scopes: with the last detail of a type its limits would go.
func missingTypes(asked, granted directory.Details) []directory.DetailType {
	left := granted.Types()
	return slices.DeleteFunc(asked.Types(), func(t directory.DetailType) bool { return slices.Contains(left, t) })
}

// ScopesWithin are the scopes of the request that may be granted with these of its
// details: without the domains whose details the person has all refused.
func (r *AuthorizationRequest) ScopesWithin(granted directory.Details) []string {
	lost := spokenOf(missingTypes(r.Details, granted))
	return slices.DeleteFunc(slices.Clone(r.Scopes), func(scope string) bool { return slices.Contains(lost, scope) })
}

// ofTypes are the details of some types. One of a type that was granted without any
// limits the scopes of its domain, which is narrowing too.
func ofTypes(details directory.Details, types []directory.DetailType) directory.Details {
	return slices.DeleteFunc(slices.Clone(details), func(d directory.Detail) bool { return !slices.Contains(types, d.Type) })
}

// narrowDetails is how far the tokens of a token request reach: as far as granted, or
// as far as its own authorization_details, which must lie within (RFC 9396 §6).
func (p *Provider) narrowDetails(client *registration, form url.Values, granted directory.Details, scopes []string) (directory.Details, error) {
	narrower, err := p.details(client, form)
	if err != nil {
		return nil, err
	}
	if narrower == nil {
		return granted, nil
	}
	if !within(detailScopes(narrower), scopes) || !granted.Cover(ofTypes(narrower, granted.Types())) {
		return nil, invalidDetails("authorization_details reaches beyond what was granted (RFC 9396 section 6)")
	}
	for _, t := range missingTypes(granted, narrower) {
		if slices.ContainsFunc(scopes, func(scope string) bool { return slices.Contains(spokenOf([]directory.DetailType{t}), scope) }) {
			return nil, invalidDetails("without a detail of %s its scopes must be left out, too", string(t))
		}
	}
	return narrower, nil
}

// readDetails takes the parameter into an authorization request, with the scopes that
// it brings along.
func (p *Provider) readDetails(request *AuthorizationRequest, client *registration, form url.Values) error {
	var err error
	if request.Details, err = p.details(client, form); err != nil || request.Details == nil {
		return err
	}
	request.Scopes = withScopes(request.Scopes, request.Details)
	request.Form.Set("scope", strings.Join(request.Scopes, " "))
	return nil
}
