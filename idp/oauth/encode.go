package oauth

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"propusk/idp/directory"
	"propusk/idp/possession"
)

// Why an encoder of our own: these two objects are made for every token, and
// encoding/json spends on them as long as the rest of the request does beside
// the signature. Tests hold both against encoding/json, byte by byte.

// appendJSON appends the claims as encoding/json would write them.
func (a *accessToken) appendJSON(b []byte) []byte {
	o := jsonObject{b: append(b, '{')}
	o.text("iss", a.Issuer)
	o.text("sub", a.Subject)
	o.texts("aud", a.Audience)
	o.text("client_id", a.ClientID)
	o.number("exp", a.ExpiresAt)
	o.number("iat", a.IssuedAt)
	o.text("jti", a.ID)
	o.text("scope", a.Scope)
	o.textUnlessEmpty("sid", a.SessionID)
	o.textUnlessEmpty("gid", a.GrantID)
	o.numberUnlessZero("auth_time", a.AuthTime)
	o.textUnlessEmpty("acr", a.ACR)
	o.textsUnlessEmpty("amr", a.AMR)
	if a.Organisation != nil {
		o.name("org")
		o.b = a.Organisation.appendJSON(o.b)
	}
	if a.Roles != nil { // a representative has none, and the token says so
		o.texts("roles", a.Roles)
	}
	o.textsUnlessEmpty("permissions", a.Permissions)
	o.numberUnlessZero("mv", a.MemberVersion)
	if a.Power != nil {
		o.name("poa")
		o.b = a.Power.appendJSON(o.b)
	}
	if a.Actor != nil {
		o.name("act")
		o.b = a.Actor.appendJSON(o.b)
	}
	o.textUnlessEmpty("azp", a.Origin)
	o.details(a.Details)
	if a.Status != nil {
		o.name("status")
		o.b = a.Status.appendJSON(o.b)
	}
	if a.Confirmation != nil {
		o.name("cnf")
		o.b = appendConfirmation(o.b, a.Confirmation)
	}
	return append(o.b, '}')
}

// appendJSON appends the claims as encoding/json would write them. Claims about the
// person are few clients' wish, so that the library may take its time.
func (t *idToken) appendJSON(b []byte) []byte {
	if t.personClaims != (personClaims{}) {
		text, _ := json.Marshal(t) // strings and numbers always marshal
		return append(b, text...)
	}
	o := jsonObject{b: append(b, '{')}
	o.text("iss", t.Issuer)
	o.text("sub", t.Subject)
	o.texts("aud", t.Audience)
	o.number("exp", t.ExpiresAt)
	o.number("iat", t.IssuedAt)
	o.number("auth_time", t.AuthTime)
	o.textUnlessEmpty("nonce", t.Nonce)
	o.textUnlessEmpty("acr", t.ACR)
	o.textsUnlessEmpty("amr", t.AMR)
	o.text("sid", t.SessionID)
	o.textUnlessEmpty("at_hash", t.AccessTokenHash)
	if t.Organisation != nil {
		o.name("org")
		o.b = t.Organisation.appendJSON(o.b)
	}
	if t.Roles != nil {
		o.texts("roles", t.Roles)
	}
	if t.Power != nil {
		o.name("poa")
		o.b = t.Power.appendJSON(o.b)
	}
	return append(o.b, '}')
}

func appendConfirmation(b []byte, cnf *possession.Confirmation) []byte {
	o := jsonObject{b: append(b, '{')}
	o.textUnlessEmpty("x5t#S256", cnf.Certificate)
	o.textUnlessEmpty("jkt", cnf.Key)
	return append(o.b, '}')
}

func (a *actor) appendJSON(b []byte) []byte {
	o := jsonObject{b: append(b, '{')}
	o.text("sub", a.Subject)
	o.textUnlessEmpty("org", a.Organisation)
	if a.Before != nil {
		o.name("act")
		o.b = a.Before.appendJSON(o.b)
	}
	return append(o.b, '}')
}

func (org *organisation) appendJSON(b []byte) []byte {
	o := jsonObject{b: append(b, '{')}
	o.text("id", org.ID)
	o.text("inn", org.INN)
	o.text("ogrn", org.OGRN)
	o.textUnlessEmpty("kpp", org.KPP)
	o.text("name", org.Name)
	return append(o.b, '}')
}

// size is about how long the answer is, in bytes: long enough as a rule.
func (r *tokenResponse) size() int {
	return 256 + len(r.AccessToken) + len(r.RefreshToken) + len(r.IDToken) + len(r.Scope)
}

func (r *tokenResponse) appendJSON(b []byte) []byte {
	o := jsonObject{b: append(b, '{')}
	o.text("access_token", r.AccessToken)
	o.text("token_type", r.TokenType)
	o.textUnlessEmpty("issued_token_type", r.IssuedTokenType)
	o.number("expires_in", r.ExpiresIn)
	o.textUnlessEmpty("refresh_token", r.RefreshToken)
	o.textUnlessEmpty("id_token", r.IDToken)
	o.text("scope", r.Scope)
	o.details(r.Details)
	return append(o.b, '}')
}

// details writes them as encoding/json does; few tokens have any, so that the library
// may take its time.
func (o *jsonObject) details(details directory.Details) {
	if len(details) == 0 {
		return
	}
	text, _ := json.Marshal(details) // strings and numbers always marshal
	o.name("authorization_details")
	o.b = append(o.b, text...)
}

// jsonObject is a JSON object in the making; its names need no escaping.
type jsonObject struct {
	b     []byte
	begun bool
}

func (o *jsonObject) name(name string) {
	o.comma()
	o.b = append(o.b, '"')
	o.b = append(o.b, name...)
	o.b = append(o.b, '"', ':')
}

// comma ends the member before, if there is one.
func (o *jsonObject) comma() []byte {
	if o.begun {
		o.b = append(o.b, ',')
	}
	o.begun = true
	return o.b
}

func (o *jsonObject) text(name, value string) {
	o.name(name)
	o.b = appendText(o.b, value)
}

func (o *jsonObject) textUnlessEmpty(name, value string) {
	if value != "" {
		o.text(name, value)
	}
}

func (o *jsonObject) texts(name string, values []string) {
	o.name(name)
	o.list(values)
}

func (o *jsonObject) list(values []string) {
	if values == nil {
		o.b = append(o.b, "null"...)
		return
	}
	o.b = append(o.b, '[')
	for i, value := range values {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = appendText(o.b, value)
	}
	o.b = append(o.b, ']')
}

func (o *jsonObject) textsUnlessEmpty(name string, values []string) {
	if len(values) > 0 {
		o.texts(name, values)
	}
}

func (o *jsonObject) number(name string, value int64) {
	o.name(name)
	o.b = strconv.AppendInt(o.b, value, 10)
}

func (o *jsonObject) numberUnlessZero(name string, value int64) {
	if value != 0 {
		o.number(name, value)
	}
}

// appendText appends a JSON string. What encoding/json would escape is left to
// it; nothing in a token needs that but an odd name of an organisation.
func appendText(b []byte, value string) []byte {
	if !plain(value) {
		escaped, _ := json.Marshal(value) // a string always marshals
		return append(b, escaped...)
	}
	b = append(b, '"')
	b = append(b, value...)
	return append(b, '"')
}

// plain tells that encoding/json writes value as it is: valid UTF-8 without
// quotes, control characters, HTML, and U+2028 and U+2029.
func plain(value string) bool {
	odd := byte(0)
	for i := range len(value) {
		odd |= oddities[value[i]] // a branch would cost more: almost nothing is odd
	}
	return odd == 0 || plainText(value)
}

// oddities are 0 for the bytes of ASCII that need no look at what follows them.
var oddities = func() (odd [256]byte) {
	for c := range odd {
		if c < ' ' || c >= utf8.RuneSelf || strings.IndexByte(`"\<>&`, byte(c)) >= 0 {
			odd[c] = 1
		}
	}
	return odd
}()

func plainText(value string) bool {
	return utf8.ValidString(value) && !strings.ContainsFunc(value, func(r rune) bool {
		return r == '\u2028' || r == '\u2029' || r < utf8.RuneSelf && oddities[r] != 0
	})
}
