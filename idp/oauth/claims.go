package oauth

import (
	"bytes"
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4/json"

	"propusk/idp/directory"
)

// The claims parameter (OpenID Connect Core §5.5): single claims, asked for by name,
// in the ID token or from userinfo. Claims about the person follow the scope that
// they belong to: the client must be registered for it, and the person is asked for
// it on the consent page. acr, auth_time and sub are about the sign-in.

// The bounds of the parameter.
const (
	maxClaims       = 8 << 10 // bytes
	maxClaimsEach   = 40      // claims of one place
	maxClaimsValues = 20      // values of one claim
)

// claimsRequest is what of the parameter tokens and userinfo go by. It is kept with
// the grant.
type claimsRequest struct {
	IDToken  []wantedClaim `json:"id_token,omitempty"`
	UserInfo []wantedClaim `json:"userinfo,omitempty"`
}

// wantedClaim is one claim about the person. With Values it is given only when its
// value is among them, as JSON (§5.5.1).
type wantedClaim struct {
	Name   string   `json:"name"`
	Values []string `json:"values,omitempty"`
}

// claimScopes are the scopes that the claims about the person belong to (§5.4).
var claimScopes = map[string]string{
	"name": scopeProfile, "family_name": scopeProfile, "given_name": scopeProfile, "middle_name": scopeProfile,
	"locale": scopeProfile, "updated_at": scopeProfile,
	"email": scopeEmail, "email_verified": scopeEmail,
	"phone_number": scopePhone, "phone_number_verified": scopePhone,
}

// scopes are those that the claims asked for belong to.
func (c claimsRequest) scopes() []string {
	var scopes []string
	for _, wanted := range slices.Concat(c.IDToken, c.UserInfo) {
		if scope := claimScopes[wanted.Name]; !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// claimWish is how one claim is asked for (§5.5.1); null is the zero wish.
type claimWish struct {
	Essential bool
	Values    []json.RawMessage
}

// texts are the values that are text.
func (w claimWish) texts() (texts []string) {
	for _, raw := range w.Values {
		var text string
		if json.Unmarshal(raw, &text) == nil {
			texts = append(texts, text)
		}
	}
	return texts
}

// parseClaims reads the parameter: wishes for the ID token and from userinfo, by the
// claim's name. Members that we do not know are passed over, as §5.5 demands.
func parseClaims(text string) (idToken, userInfo map[string]claimWish, err error) {
	if len(text) > maxClaims {
		return nil, nil, invalidRequest("claims has more than %d bytes", maxClaims)
	}
	var places map[string]json.RawMessage
	if !strings.HasPrefix(strings.TrimSpace(text), "{") || json.Unmarshal([]byte(text), &places) != nil {
		return nil, nil, invalidRequest("claims must be a JSON object, no member of which comes twice")
	}
	if idToken, err = parseWishes("id_token", places["id_token"]); err != nil {
		return nil, nil, err
	}
	userInfo, err = parseWishes("userinfo", places["userinfo"])
	return idToken, userInfo, err
}

func parseWishes(place string, raw json.RawMessage) (map[string]claimWish, error) {
	if isNull(raw) {
		return nil, nil
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil || len(members) > maxClaimsEach {
		return nil, invalidRequest("%s of claims must be an object of at most %d claims", place, maxClaimsEach)
	}
	wishes := make(map[string]claimWish, len(members))
	for name, raw := range members {
		wish, ok := parseWish(raw)
		if !ok {
			return nil, invalidRequest("the claim '%.40s' of %s is asked for wrongly: null, or essential and value or values", name, place)
		}
		wishes[name] = wish
	}
	return wishes, nil
}

func parseWish(raw json.RawMessage) (wish claimWish, ok bool) {
	if isNull(raw) {
		return wish, true
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return wish, false
	}
	if essential := members["essential"]; essential != nil && json.Unmarshal(essential, &wish.Essential) != nil {
		return wish, false
	}
	value, values := members["value"], members["values"]
	switch {
	case value != nil && values != nil:
		return wish, false
	case value != nil:
		wish.Values = []json.RawMessage{value}
	case values != nil && (json.Unmarshal(values, &wish.Values) != nil || len(wish.Values) == 0 || len(wish.Values) > maxClaimsValues):
		return wish, false
	}
	return wish, true
}

func isNull(raw json.RawMessage) bool {
	raw = bytes.TrimSpace(raw)
	return len(raw) == 0 || bytes.Equal(raw, []byte("null"))
}

// readClaims takes the parameter into the request.
func (p *Provider) readClaims(request *AuthorizationRequest, client *registration, form url.Values) error {
	if !form.Has("claims") {
		return nil
	}
	idToken, userInfo, err := parseClaims(form.Get("claims"))
	if err != nil {
		return err
	}
	if !slices.Contains(request.Scopes, scopeOpenID) {
		return invalidRequest("claims goes with the scope openid (OpenID Connect Core section 5.5)")
	}
	request.Claims = claimsRequest{wantedOf(client, idToken), wantedOf(client, userInfo)}
	request.wantACR(idToken["acr"])
	for _, sub := range []claimWish{idToken["sub"], userInfo["sub"]} {
		if err := p.wantSubject(request, client, sub); err != nil {
			return err
		}
	}
	return nil
}

// wantedOf are the wishes for claims about the person that the client may have,
// sorted.
func wantedOf(client *registration, wishes map[string]claimWish) []wantedClaim {
	var wanted []wantedClaim
	for name, wish := range wishes {
		scope, known := claimScopes[name]
		if !known || !slices.Contains(client.view.scopes, scope) {
			continue // what is not on offer is left out, essential or not (§5.5.1)
		}
		one := wantedClaim{Name: name}
		for _, raw := range wish.Values {
			one.Values = append(one.Values, compact(raw))
		}
		wanted = append(wanted, one)
	}
	slices.SortFunc(wanted, func(a, b wantedClaim) int { return strings.Compare(a.Name, b.Name) })
	return wanted
}

// compact spells a JSON value in the one way in which given compares it.
func compact(raw json.RawMessage) string {
	var value any
	if json.Unmarshal(raw, &value) != nil {
		return string(raw)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return string(raw)
	}
	return string(text)
}

// wantACR takes a wish for acr: an essential one must be met (§5.5.1.1), any other is
// what acr_values is.
func (r *AuthorizationRequest) wantACR(wish claimWish) {
	values := wish.texts()
	if len(wish.Values) > 0 && wish.Essential {
		if r.EssentialACR = values; len(values) == 0 {
			r.EssentialACR = []string{""} // of no kind that an acr has: nothing meets it
		}
		return
	}
	r.ACRValues = append(r.ACRValues, values...)
}

// wantSubject takes a wish for one person: nobody else may come out of the sign-in
// (§5.5.1). A name that is nobody's is kept, and fits nobody.
func (p *Provider) wantSubject(request *AuthorizationRequest, client *registration, wish claimWish) error {
	names := wish.texts()
	switch {
	case len(wish.Values) == 0:
		return nil
	case len(wish.Values) > 1 || len(names) == 0:
		return invalidRequest("sub can be asked for with one value, which is text")
	}
	person := p.personCalled(client, names[0])
	if request.HintSubject != "" && request.HintSubject != person {
		return invalidRequest("the values of sub in claims and id_token_hint name different people")
	}
	request.HintSubject = person
	return nil
}

// ScopesBesideDetails are what the consent page shows as scopes: those that no detail
// speaks of, and those that single claims belong to.
func (r *AuthorizationRequest) ScopesBesideDetails() []string {
	return besides(r.ConsentScopes(r.Details), r.Details)
}

// ConsentScopes are the scopes that the person is asked for, with these of the
// request's details granted: those of the request, and those that single claims
// belong to.
func (r *AuthorizationRequest) ConsentScopes(granted directory.Details) []string {
	scopes := r.ScopesWithin(granted)
	for _, scope := range r.Claims.scopes() {
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// personClaims are the claims about a person (§5.1); what he has not is left out.
type personClaims struct {
	Name          string `json:"name,omitempty"`
	FamilyName    string `json:"family_name,omitempty"`
	GivenName     string `json:"given_name,omitempty"`
	MiddleName    string `json:"middle_name,omitempty"`
	Locale        string `json:"locale,omitempty"`
	UpdatedAt     int64  `json:"updated_at,omitempty"`
	Email         string `json:"email,omitempty"`
	EmailVerified *bool  `json:"email_verified,omitempty"`
	Phone         string `json:"phone_number,omitempty"`
	PhoneVerified *bool  `json:"phone_number_verified,omitempty"`
}

// add adds the claims of a scope (§5.4).
func (c *personClaims) add(scope string, person directory.Person) {
	for name, of := range claimScopes {
		if of == scope {
			c.set(name, person)
		}
	}
}

// set sets one claim.
func (c *personClaims) set(name string, person directory.Person) {
	switch name {
	case "name":
		c.Name = person.FullName()
	case "family_name":
		c.FamilyName = person.LastName
	case "given_name":
		c.GivenName = person.FirstName
	case "middle_name":
		c.MiddleName = person.MiddleName
	case "locale":
		c.Locale = person.Locale
	case "updated_at":
		c.UpdatedAt = person.UpdatedAt.Time().Unix()
	case "email":
		c.Email = person.Email
	case "phone_number":
		c.Phone = person.Phone
	case "email_verified":
		if person.Email != "" {
			c.EmailVerified = &person.EmailVerified
		}
	case "phone_number_verified":
		if person.Phone != "" {
			c.PhoneVerified = &person.PhoneVerified
		}
	}
}

// want adds claims that were asked for by name, where their values are acceptable.
func (c *personClaims) want(wanted []wantedClaim, person directory.Person) {
	for _, one := range wanted {
		if len(one.Values) == 0 || slices.Contains(one.Values, valueOf(one.Name, person)) {
			c.set(one.Name, person)
		}
	}
}

// valueOf is a claim's value as JSON, "" when the person has none.
func valueOf(name string, person directory.Person) string {
	var one personClaims
	one.set(name, person)
	text, err := json.Marshal(one)
	if err != nil {
		return ""
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(text, &members) != nil {
		return ""
	}
	return compact(members[name])
}

// personOf reads the person of a grant for claims; the zero person when none is
// wanted.
func (p *Provider) personOf(ctx context.Context, g *grant, wanted []wantedClaim) (directory.Person, error) {
	if len(wanted) == 0 {
		return directory.Person{}, nil
	}
	return p.deps.Directory.Person(ctx, g.PersonID)
}
