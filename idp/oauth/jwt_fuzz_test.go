package oauth

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"propusk/storage/storagetest"
)

// FuzzEveryJWTParameter gives one token to every place that takes JWTs (client
// assertions, request objects, DPoP proofs, hints, access tokens at userinfo and at
// introspection): what is taken is a genuine one, part by part, whatever it looks like.
func FuzzEveryJWTParameter(f *testing.F) {
	h := newHouse(f, storagetest.SQLite(f))
	places := h.jwtParameters()
	var genuine []string
	for _, place := range places {
		token := place.genuine()
		genuine = append(genuine, token)
		f.Add(token)
		parts := strings.Split(token, ".")
		signature, err := base64.RawURLEncoding.DecodeString(parts[2])
		if err != nil {
			f.Fatal(err)
		}
		for _, forged := range append(append(withoutSignature(), byHeader(f, "https://evil.example/jwks")...), append(otherForms(), hugeAndDeep()...)...) {
			f.Add(forged.make(headerOf(f, token), parts[1], signature))
		}
	}
	for _, seed := range []string{"", ".", "..", "...", "a.b.c", "e30.e30.", "eyJhbGciOiJub25lIn0..", " . . ", "\x00.\x00.\x00", "é.é.é"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if token == "" {
			return // a parameter without a value is left out (RFC 6749 §3.1)
		}
		h.t = t // the places speak to whoever runs them
		for _, place := range places {
			if place.carries || !place.takes(token) { // a proof brings its own key: whoever makes one owns it
				continue
			}
			if !sameJWT(token, genuine) {
				t.Errorf("%s: %q is taken, and nobody signed it", place.name, token)
			}
		}
	})
}

// sameJWT reports whether a token is one of the list, apart from bits of base64 that
// mean nothing.
func sameJWT(token string, list []string) bool {
	for _, one := range list {
		if bytes.Equal(decoded(token), decoded(one)) {
			return true
		}
	}
	return false
}

func decoded(token string) []byte {
	var all []byte
	for part := range strings.SplitSeq(token, ".") {
		raw, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			return []byte(token)
		}
		all = append(append(all, raw...), '.')
	}
	return all
}
