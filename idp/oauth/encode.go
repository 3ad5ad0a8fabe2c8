package oauth

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"

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
	o.textsUnlessEmpty("roles", a.Roles)
	o.textsUnlessEmpty("permissions", a.Permissions)
	o.numberUnlessZero("mv", a.MemberVersion)
	if a.Confirmation != nil {
		o.name("cnf")
		o.b = appendConfirmation(o.b, a.Confirmation)
	}
	return append(o.b, '}')
}

func appendConfirmation(b []byte, cnf *possession.Confirmation) []byte {
	o := jsonObject{b: append(b, '{')}
	o.textUnlessEmpty("x5t#S256", cnf.Certificate)
	o.textUnlessEmpty("jkt", cnf.Key)
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

func (r *tokenResponse) appendJSON(b []byte) []byte {
	o := jsonObject{b: append(b, '{')}
	o.text("access_token", r.AccessToken)
	o.text("token_type", r.TokenType)
	o.number("expires_in", r.ExpiresIn)
	o.textUnlessEmpty("refresh_token", r.RefreshToken)
	o.textUnlessEmpty("id_token", r.IDToken)
	o.text("scope", r.Scope)
	return append(o.b, '}')
}

// jsonObject is a JSON object in the making; its names need no escaping.
type jsonObject struct {
	b     []byte
	begun bool
}

func (o *jsonObject) name(name string) {
	if o.begun {
		o.b = append(o.b, ',')
	}
	o.begun = true
	o.b = append(o.b, '"')
	o.b = append(o.b, name...)
	o.b = append(o.b, '"', ':')
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

// plain tells that encoding/json writes value as it is: no quotes, control
// characters or HTML, valid UTF-8, and none of the block of U+2000 to U+203F,
// whose line separators it escapes.
func plain(value string) bool {
	ascii := true
	for i := range len(value) {
		switch c := value[i]; {
		case c < ' ', c == '"', c == '\\', c == '<', c == '>', c == '&':
			return false
		case c == 0xe2 && i+1 < len(value) && value[i+1] == 0x80:
			return false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return ascii || utf8.ValidString(value)
}
