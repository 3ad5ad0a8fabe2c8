package cabinet

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"propusk/cabinet/api"
)

// FuzzGuardAdmitsNothingButWhatTheIssuerSigned: whatever stands in the header, it
// is refused with 4xx, unless it is the token that was signed.
func FuzzGuardAdmitsNothingButWhatTheIssuerSigned(f *testing.F) {
	p := newProbe(f, organisationRoute)
	good := sign(f, p.good())
	parts := strings.Split(good, ".")
	for _, seed := range []string{
		"", "Bearer", "Bearer ", "Bearer " + good, "bearer  " + good, "Bearer " + good + ".", "Basic Og==",
		"Bearer " + parts[0] + "." + parts[1] + ".", "Bearer eyJhbGciOiJub25lIn0.e30.", "Bearer a.b.c", "Bearer ..",
		"Bearer " + parts[0] + "." + parts[0] + "." + parts[2], "Bearer " + strings.Repeat("A.", 4000),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest("GET", "/v1/probe", nil)
		r.Header["Authorization"] = []string{header}
		recorder := httptest.NewRecorder()
		p.server.ServeHTTP(recorder, r)
		scheme, token, _ := strings.Cut(header, " ")
		genuine := strings.EqualFold(scheme, "Bearer") && strings.TrimLeft(token, " ") == good
		switch status := recorder.Code; {
		case genuine && status != 204:
			t.Errorf("the genuine token is refused: %d", status)
		case !genuine && (status < 400 || status > 499):
			t.Errorf("%q answers %d", header, status)
		}
	})
}

// FuzzClaims: a signed payload of any content is read or refused, never a panic,
// and what is admitted is for us.
func FuzzClaims(f *testing.F) {
	p := newProbe(f, organisationRoute)
	good, err := json.Marshal(p.good())
	must(f, err)
	for _, seed := range []string{string(good), `{}`, `null`, `[]`, `{"aud":null}`, `{"aud":[]}`, `{"exp":1e9}`, `{"org":{}}`, `{"iss":"a","iss":"b"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		claims, err := p.server.guard.checkClaims(payload)
		if err != nil {
			if claims != nil || api.AsRefusal(err).Code() != "token_invalid" {
				t.Errorf("refused as %v with %v", err, claims)
			}
			return
		}
		if claims.Issuer != testIssuer || claims.Subject == "" || claims.ClientID == "" || claims.ID == "" || claims.Expiry <= claims.IssuedAt {
			t.Errorf("admitted %+v", claims)
		}
		if claims.Organisation == nil && len(claims.Permissions) > 0 {
			t.Errorf("permissions nowhere: %+v", claims)
		}
	})
}
