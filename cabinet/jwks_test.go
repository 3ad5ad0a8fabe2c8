package cabinet

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
)

// serveKeys is an issuer that publishes what keys answers.
func serveKeys(t testing.TB, keys func() any) *JWKS {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(keys())
	}))
	t.Cleanup(server.Close)
	return NewJWKS(server.URL, nil)
}
