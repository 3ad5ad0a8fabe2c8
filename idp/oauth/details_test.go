package oauth

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"propusk/idp/client"
	"propusk/idp/directory"
	"propusk/idp/jws"
)

// vat lets a token prepare and send VAT returns to one office, up to a sum.
const vat = `[{"type":"urn:propusk:filing","actions":["write","sign"],"kinds":["NO_NDS"],"recipients":["7707"],"max_sum":10000}]`

// reporter is a web client that may use every type of details.
func (h *house) reporter() caller {
	return h.register(Client{
		Kind: Web, RedirectURIs: []string{callback}, GrantTypes: []string{GrantAuthorizationCode, GrantRefreshToken},
		Scope:         "openid organization filings:read filings:write filings:sign extracts:read powers:read powers:write members:read",
		TokenMetadata: client.TokenMetadata{DetailTypes: directory.DetailTypes()},
	})
}

// allowing is an approval of all the request's details.
func allowing(request *AuthorizationRequest, change ...func(*Approval)) func(*Approval) {
	return func(a *Approval) {
		a.Details, a.Scopes = request.Details, request.Scopes
		for _, one := range change {
			one(a)
		}
	}
}

// detailed takes a client to its tokens with details.
func (h *house) detailed(c caller, details string, change ...func(*Approval)) answer {
	h.t.Helper()
	wish := with{"authorization_details": details, "scope": "openid"}
	request, err := h.authorizing(asking(c, wish))
	if err != nil {
		h.t.Fatal(err)
	}
	return h.signedIn(c, wish, allowing(request, change...))
}

// RFC 9396 §2, §5: an AS must refuse unknown types, unknown members, and values that
// the type does not allow.
func TestAuthorizationDetailsAreStrict(t *testing.T) {
	h := alone(t)
	c := h.reporter()
	many := strings.Repeat(`{"type":"urn:propusk:extract"},`, directory.MaxDetails+1)
	codes := make([]string, directory.MaxDetailCodes)
	for i := range codes {
		codes[i] = `"` + strings.Repeat("A", 37) + "_" + string(rune('A'+i)) + `"`
	}
	long := `{"type":"urn:propusk:extract","kinds":[` + strings.Join(codes, ",") + `]},`
	for name, details := range map[string]string{
		"not JSON":                 `[{`,
		"an object":                `{"type":"urn:propusk:extract"}`,
		"text":                     `"x"`,
		"no object":                `[]`,
		"an array inside":          `[[]]`,
		"null":                     `[null]`,
		"no type":                  `[{"kinds":["egrul"]}]`,
		"another type":             `[{"type":"payment_initiation"}]`,
		"an unknown member":        `[{"type":"urn:propusk:extract","instructedAmount":{}}]`,
		"a member twice":           `[{"type":"urn:propusk:extract","kinds":["a"],"kinds":["b"]}]`,
		"a member in another case": `[{"Type":"urn:propusk:extract"}]`,
		"null for a limit":         `[{"type":"urn:propusk:extract","kinds":null}]`,
		"an empty limit":           `[{"type":"urn:propusk:extract","kinds":[]}]`,
		"a limit of zero":          `[{"type":"urn:propusk:filing","actions":["sign"],"max_sum":0}]`,
		"a negative sum":           `[{"type":"urn:propusk:filing","actions":["sign"],"max_sum":-1}]`,
		"a sum with a fraction":    `[{"type":"urn:propusk:filing","actions":["sign"],"max_sum":1.5}]`,
		"a sum beyond all numbers": `[{"type":"urn:propusk:filing","actions":["sign"],"max_sum":1e30}]`,
		"a sum as text":            `[{"type":"urn:propusk:filing","actions":["sign"],"max_sum":"1"}]`,
		"text for a list":          `[{"type":"urn:propusk:extract","kinds":"egrul"}]`,
		"another location":         `[{"type":"urn:propusk:extract","locations":["https://evil.example"]}]`,
		"too many":                 "[" + strings.TrimSuffix(many, ",") + "]",
		"too long for a token":     "[" + strings.TrimSuffix(strings.Repeat(long, 3), ",") + "]",
		"too long at all":          `[{"type":"urn:propusk:extract"}` + strings.Repeat(" ", maxDetailsText) + "]",
		"nested deeply":            `[{"type":` + strings.Repeat("[", 2000) + strings.Repeat("]", 2000) + "}]",
	} {
		_, err := h.authorizing(asking(c, with{"authorization_details": details}))
		if e := asError(err); err == nil || e.Code != "invalid_authorization_details" || e.to == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := h.web()
	if _, err := h.authorizing(asking(other, with{"authorization_details": vat})); err == nil || asError(err).Code != "invalid_authorization_details" {
		t.Errorf("a client that is registered for no type: %v", err)
	}
	request, err := h.authorizing(asking(c, with{"authorization_details": vat, "scope": "openid"}))
	if err != nil || !slices.Equal(request.Scopes, []string{"openid", "filings:sign", "filings:write"}) || !request.NeedsOrganisation {
		t.Errorf("details bring along %v, %v", request, err)
	}
}

func TestKindsThatThereAreNotAreRefused(t *testing.T) {
	h := alone(t)
	deps := h.deps
	deps.Metrics = nil
	deps.Kinds = func(_ directory.DetailType, code string) (string, string, bool) {
		return "Декларация по НДС", "VAT return", code == "NO_NDS"
	}
	h.Provider = h.start(deps)
	c := h.reporter()
	if _, err := h.authorizing(asking(c, with{"authorization_details": vat})); err != nil {
		t.Error(err)
	}
	if _, err := h.authorizing(asking(c, with{"authorization_details": strings.ReplaceAll(vat, "NO_NDS", "NO_X")})); err == nil {
		t.Error("a report that there is not is asked for")
	}
	for lang, want := range map[string]string{"ru": "Декларация по НДС", "en": "VAT return"} {
		if got := h.KindName(directory.DetailFiling, "NO_NDS", lang); got != want {
			t.Errorf("in %s it is called %q", lang, got)
		}
	}
	if got := h.KindName(directory.DetailFiling, "NO_X", "en"); got != "NO_X" {
		t.Errorf("without a name it is called %q", got)
	}
}

// RFC 9396 §7, §9.1, §9.2.
func TestDetailsStandInTheTokenItsAnswerAndIntrospection(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.reporter()
		a := h.detailed(c, vat)
		var want any
		if err := json.Unmarshal([]byte(`[{"type":"urn:propusk:filing","actions":["sign","write"],"kinds":["NO_NDS"],"recipients":["7707"],"max_sum":10000}]`), &want); err != nil {
			t.Fatal(err)
		}
		asJSON := func(details directory.Details) (value any) {
			text, _ := json.Marshal(details)
			_ = json.Unmarshal(text, &value)
			return value
		}
		if !reflect.DeepEqual(a.body["authorization_details"], want) {
			t.Errorf("the answer has %v", a.body["authorization_details"])
		}
		token := h.claims(a)
		if !reflect.DeepEqual(asJSON(token.Details), want) || token.Scope != "openid filings:sign filings:write" {
			t.Errorf("the token has %v, scope %q", token.Details, token.Scope)
		}
		for _, name := range []string{"access_token", "refresh_token"} {
			told := h.post(h.Introspect, c, url.Values{"token": {a.text(name)}})
			if !reflect.DeepEqual(told.body["authorization_details"], want) {
				t.Errorf("introspection of the %s has %v", name, told.body["authorization_details"])
			}
		}
		again := h.post(h.Token, c, refreshing(a.text("refresh_token"), nil))
		if !reflect.DeepEqual(asJSON(h.claims(again).Details), want) {
			t.Errorf("refreshed, the token has %v", again.body)
		}
	})
}

// RFC 9396 §6, §12: a refresh, or a code's exchange, narrows and never widens.
func TestATokenRequestNarrowsDetailsAndNeverWidensThem(t *testing.T) {
	h := alone(t)
	c := h.reporter()
	two := strings.TrimSuffix(vat, "]") + `,{"type":"urn:propusk:extract","kinds":["egrul"]}]`
	a := h.detailed(c, two)
	refresh := a.text("refresh_token")
	only := `[{"type":"urn:propusk:filing","actions":["write"],"kinds":["NO_NDS"],"recipients":["7707"],"max_sum":1}]`
	for name, test := range map[string]struct {
		details, scope string
		ok             bool
	}{
		"narrower in everything, without the other domain": {only, "openid filings:write", true},
		"one type dropped and its scopes not":              {only, "", false},
		"every kind":                                       {strings.Replace(vat, `"kinds":["NO_NDS"],`, "", 1), "filings:write filings:sign", false},
		"another kind":                                     {strings.ReplaceAll(vat, "NO_NDS", "NO_PRIB"), "filings:write filings:sign", false},
		"a larger sum":                                     {strings.Replace(vat, "10000", "10001", 1), "filings:write filings:sign", false},
		"an action more":                                   {strings.Replace(vat, `"write"`, `"write","read"`, 1), "filings:write filings:sign", false},
		"a type that was not granted":                      {`[{"type":"urn:propusk:power","actions":["view"]}]`, "openid", false},
	} {
		got := h.post(h.Token, c, refreshing(refresh, with{"authorization_details": test.details, "scope": test.scope}))
		if test.ok != (got.status == http.StatusOK) || !test.ok && got.text("error") != "invalid_authorization_details" {
			t.Errorf("%s: %d %v", name, got.status, got.body)
		}
		if test.ok {
			refresh = got.text("refresh_token")
			if d := h.claims(got).Details; len(d) != 1 || d[0].MaxSum != 1 || len(d[0].Actions) != 1 {
				t.Errorf("%s: the token has %+v", name, d)
			}
		}
	}
	whole := h.claims(h.post(h.Token, c, refreshing(refresh, nil)))
	if len(whole.Details) != 2 {
		t.Errorf("what one refresh narrowed, the next has not: %+v", whole.Details)
	}
	code := h.code(c, with{"authorization_details": vat, "scope": "openid"}, func(a *Approval) {
		a.Details, _ = parseDetails(vat)
		a.Scopes = []string{"openid", "filings:write", "filings:sign"}
	})
	narrowed := h.post(h.Token, c, redeeming(code, with{"authorization_details": strings.Replace(vat, "10000", "5", 1)}))
	if d := h.claims(narrowed).Details; len(d) != 1 || d[0].MaxSum != 5 {
		t.Errorf("narrowed at the code's exchange: %+v", d)
	}
}

// A grant without details has its scopes; one token of it may reach less far.
func TestAGrantWithoutDetailsCanBeNarrowedToSome(t *testing.T) {
	h := alone(t)
	c := h.reporter()
	a := h.signedIn(c, with{"scope": "openid filings:write filings:sign"})
	got := h.post(h.Token, c, refreshing(a.text("refresh_token"), with{"authorization_details": vat}))
	if d := h.claims(got).Details; len(d) != 1 || d[0].Kinds[0] != "NO_NDS" {
		t.Errorf("narrowed to %+v", d)
	}
	beyond := `[{"type":"urn:propusk:extract"}]`
	h.refused("details of scopes that were not granted", h.post(h.Token, c, refreshing(got.text("refresh_token"), with{"authorization_details": beyond})),
		400, "invalid_authorization_details")
}

// What the person unticks is gone with its scopes: no detail is no limit.
func TestADomainWhoseDetailsThePersonRefusedIsNotGranted(t *testing.T) {
	h := alone(t)
	c := h.reporter()
	two := strings.TrimSuffix(vat, "]") + `,{"type":"urn:propusk:extract"}]`
	request, err := h.authorizing(asking(c, with{"authorization_details": two, "scope": "openid members:read"}))
	if err != nil {
		t.Fatal(err)
	}
	left := request.Details[1:]
	if got := request.ScopesWithin(left); !slices.Equal(got, []string{"openid", "members:read", "extracts:read"}) {
		t.Errorf("scopes within are %v", got)
	}
	wish := with{"authorization_details": two, "scope": "openid members:read"}
	token := h.claims(h.signedIn(c, wish, func(a *Approval) { a.Details, a.Scopes = left, request.ScopesWithin(left) }))
	if token.Scope != "openid members:read extracts:read" || len(token.Details) != 1 {
		t.Errorf("the token has %q and %+v", token.Scope, token.Details)
	}
	for name, approve := range map[string]func(*Approval){
		"scopes without their details": func(a *Approval) { a.Details, a.Scopes = left, request.Scopes },
		"details beyond": func(a *Approval) {
			a.Details = directory.Details{{Type: directory.DetailPower, Actions: []string{"view"}}}
		},
		"no details at all": func(a *Approval) { a.Details, a.Scopes = nil, request.Scopes },
	} {
		approval := h.approval(request.Scopes)
		approve(&approval)
		if err := h.approvable(t.Context(), request, &approval); err == nil {
			t.Errorf("approved with %s", name)
		}
	}
}

func TestAServiceAsksForDetailsItself(t *testing.T) {
	h := alone(t)
	c := h.register(Client{
		Kind: Service, GrantTypes: []string{GrantClientCredentials, GrantTokenExchange}, OrganisationID: h.romashka.ID,
		Scope: "organization members:read filings:write filings:sign", TokenMetadata: client.TokenMetadata{DetailTypes: []directory.DetailType{directory.DetailFiling}},
	})
	ask := func(changes with) answer {
		return h.post(h.Token, c, parameters(with{"grant_type": GrantClientCredentials, "authorization_details": vat}, changes))
	}
	token := h.claims(ask(nil))
	if token.Scope != "filings:sign filings:write" || len(token.Details) != 1 || token.Details[0].Recipients[0] != "7707" ||
		!slices.Equal(token.Permissions, []string{"filings:sign", "filings:write"}) {
		t.Errorf("the token has %q, %v and %+v", token.Scope, token.Permissions, token.Details)
	}
	if got := h.claims(ask(with{"scope": "members:read"})); got.Scope != "members:read filings:sign filings:write" {
		t.Errorf("beside another scope: %q", got.Scope)
	}
	h.refused("a type it is not registered for", ask(with{"authorization_details": `[{"type":"urn:propusk:extract"}]`}), 400, "invalid_authorization_details")
	reading := strings.Replace(vat, `"write"`, `"read"`, 1)
	h.refused("an action whose scope it may not have", ask(with{"authorization_details": reading}), 400, "invalid_scope")
}

// RFC 9396 §3: in a signed request object the parameter is an array, not text.
func TestDetailsComeInARequestObject(t *testing.T) {
	got, err := objectParameter(parameterDetails, jws.Value(vat))
	if err != nil || got != vat {
		t.Errorf("an array is read as %q, %v", got, err)
	}
	if _, err := objectParameter("scope", `["openid"]`); err == nil {
		t.Error("another parameter is an array")
	}
}

func TestWhatWasAllowedWithinLimitsIsNotAllowedWithoutThem(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		c := h.reporter()
		narrow, err := parseDetails(vat)
		if err != nil {
			t.Fatal(err)
		}
		scopes := []string{"openid", "members:read", "filings:write", "filings:sign"}
		consented := func(scopes []string, details directory.Details) bool {
			t.Helper()
			yes, err := h.Consented(t.Context(), h.maria.ID, c.ID, h.romashka.ID, scopes, details...)
			if err != nil {
				t.Fatal(err)
			}
			return yes
		}
		if err := h.RememberConsent(t.Context(), h.maria.ID, c.ID, h.romashka.ID, scopes, narrow...); err != nil {
			t.Fatal(err)
		}
		wider := slices.Clone(narrow)
		wider[0].MaxSum = 0
		for name, test := range map[string]struct {
			scopes  []string
			details directory.Details
			want    bool
		}{
			"the same":                    {scopes, narrow, true},
			"the other scopes alone":      {scopes[:2], nil, true},
			"the scopes without limits":   {scopes, nil, false},
			"wider limits":                {scopes, wider, false},
			"another scope beside limits": {append(slices.Clone(scopes), "powers:read"), narrow, false},
		} {
			if got := consented(test.scopes, test.details); got != test.want {
				t.Errorf("%s: %v", name, got)
			}
		}
		if err := h.RememberConsent(t.Context(), h.maria.ID, c.ID, h.romashka.ID, scopes); err != nil {
			t.Fatal(err)
		}
		if !consented(scopes, wider) {
			t.Error("allowed without limits is not allowed within them")
		}
		list, err := h.Consents(t.Context(), h.maria.ID)
		if err != nil || len(list) != 1 || len(list[0].Details) != 1 {
			t.Errorf("the person is shown %+v, %v", list, err)
		}
	})
}

func TestRememberedDetailsAreBounded(t *testing.T) {
	t.Parallel()
	var all directory.Details
	for i := range maxConsentDetails + 5 {
		all = joined(all, directory.Details{{Type: directory.DetailExtract, Kinds: []string{"K" + strings.Repeat("x", i)}}})
	}
	if len(all) != maxConsentDetails || all[len(all)-1].Kinds[0] != "K"+strings.Repeat("x", maxConsentDetails+4) {
		t.Errorf("%d are remembered, the last is %v", len(all), all[len(all)-1])
	}
}

func FuzzAuthorizationDetails(f *testing.F) {
	for _, seed := range []string{
		vat, `[]`, `[{"type":"urn:propusk:extract"}]`, `[{"type":"urn:propusk:power","actions":["grant"],"powers":["2_FNS02"],"max_days":30}]`,
		`[{"type":"urn:propusk:extract","kinds":["a","b"],"locations":["http://localhost:8080/v1"]}]`, `[{"type":null}]`, `[[[[`, `[{"max_sum":1e400}]`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		details, err := parseDetails(text)
		if err != nil {
			if e := asError(err); e.Code != "invalid_authorization_details" || e.Description != ascii(e.Description) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		canonical, err := json.Marshal(details)
		if err != nil || len(canonical) > maxDetailsToken || len(details) > directory.MaxDetails {
			t.Fatalf("%q comes to %s, %v", text, canonical, err)
		}
		again, err := parseDetails(string(canonical))
		if err != nil || !reflect.DeepEqual(again, details) {
			t.Errorf("%s reads back as %+v, %v", canonical, again, err)
		}
		if !details.Cover(again) {
			t.Errorf("%s does not lie within itself", canonical)
		}
	})
}
