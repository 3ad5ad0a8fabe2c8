package cabinettest

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"propusk/idp/directory"
	"propusk/storage"
)

// The levels of assurance.
const (
	Second    = "urn:propusk:2"
	Qualified = "urn:propusk:qualified"
)

// AllScopes is what the widest application may ask for.
func AllScopes() string {
	scopes := []string{"openid", "profile", "email", "phone", "organization", "recoveries", "moderation", "notices", "powers:own"}
	for _, p := range directory.Permissions() {
		scopes = append(scopes, string(p))
	}
	return strings.Join(scopes, " ")
}

// Claims are those of a member who has signed in with two factors; of no
// organisation when o is nil.
func (w *World) Claims(o *Office, m directory.MemberView) map[string]any {
	now := w.Clock.Now()
	claims := map[string]any{
		"iss": Issuer, "sub": m.Person.ID, "aud": []string{Audience}, "client_id": Client,
		"exp": now.Add(10 * time.Minute).Unix(), "iat": now.Unix(), "jti": storage.NewID(),
		"scope": AllScopes(), "sid": "session-" + m.Person.ID, "gid": "grant-" + m.Person.ID,
		"auth_time": now.Unix(), "acr": Second, "amr": []string{"pwd", "otp"},
	}
	if o != nil {
		claims["org"] = map[string]any{"id": o.ID, "inn": o.INN, "ogrn": o.OGRN, "kpp": o.KPP, "name": o.Name}
		claims["roles"] = []directory.Role{m.Role}
		claims["permissions"] = m.Permissions()
		claims["mv"] = m.Member.Version
	}
	return claims
}

// ServiceClaims are those of a client that acts for itself in an organisation.
func (w *World) ServiceClaims(o *Office, permissions ...directory.Permission) map[string]any {
	claims := w.Claims(o, directory.MemberView{})
	for _, name := range []string{"sid", "gid", "auth_time", "acr", "amr", "roles", "mv"} {
		delete(claims, name)
	}
	names := make([]string, len(permissions))
	for i, p := range permissions {
		names[i] = string(p)
	}
	claims["sub"], claims["client_id"] = Robot, Robot
	claims["scope"], claims["permissions"] = strings.Join(names, " "), names
	return claims
}

// But returns the claims with some replaced; nil takes one away.
func But(claims map[string]any, changes map[string]any) map[string]any {
	changed := maps.Clone(claims)
	for name, value := range changes {
		if changed[name] = value; value == nil {
			delete(changed, name)
		}
	}
	return changed
}

// PublicKey is what the issuer signs tokens with, as its key set shows it.
func PublicKey() jose.JSONWebKey {
	return jose.JSONWebKey{Key: issuerKey().Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"}
}

// Sign makes an access token as the issuer does.
func Sign(t testing.TB, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: issuerKey()},
		&jose.SignerOptions{ExtraHeaders: map[jose.HeaderKey]any{"typ": "at+jwt", "kid": "k1"}})
	Must(t, err)
	payload, err := json.Marshal(claims)
	Must(t, err)
	jws, err := signer.Sign(payload)
	Must(t, err)
	token, err := jws.CompactSerialize()
	Must(t, err)
	return token
}

// Token is a live token of the member with the role, with every scope.
func (w *World) Token(o *Office, role directory.Role) string {
	w.T.Helper()
	return Sign(w.T, w.Claims(o, o.Members[role]))
}

// QualifiedToken is Token after a sign-in by certificate.
func (w *World) QualifiedToken(o *Office, role directory.Role) string {
	w.T.Helper()
	return Sign(w.T, But(w.Claims(o, o.Members[role]), map[string]any{"acr": Qualified}))
}

// Service is a live token of a client that acts for itself in the office.
func (w *World) Service(o *Office, permissions ...directory.Permission) string {
	w.T.Helper()
	return Sign(w.T, w.ServiceClaims(o, permissions...))
}
