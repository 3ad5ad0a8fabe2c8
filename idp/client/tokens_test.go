package client

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"propusk/storage/outside"
	"propusk/storage/storagetest"
)

// OpenID Connect Core §8.1: the sector is the host of the redirect URIs, or of the
// sector identifier.
func TestTheSectorOfAClient(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		redirects []string
		sectorURI string
		want      string
	}{
		"one host":           {[]string{"https://App.example/a", "https://app.example:8443/b"}, "", "app.example"},
		"two hosts":          {[]string{"https://app.example/a", "https://app2.example/b"}, "", ""},
		"two, with a sector": {[]string{"https://app.example/a", "https://app2.example/b"}, "https://Sector.example/x.json", "sector.example"},
		"a private scheme":   {[]string{"com.example.app:/callback"}, "", ""},
		"none":               {nil, "", ""},
	} {
		c := Client{RedirectURIs: test.redirects, TokenMetadata: TokenMetadata{SectorIdentifierURI: test.sectorURI}}
		if got := c.Sector(); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// sectorHouse is a house that reaches loopback, where files of sectors are served.
func sectorHouse(t *testing.T, serve http.HandlerFunc) (*house, *httptest.Server) {
	t.Helper()
	h := newHouse(t, storagetest.SQLite(t))
	h.deps.Outside = outside.NewClient(outside.Options{Reach: outside.Loopback})
	server := httptest.NewServer(serve)
	t.Cleanup(server.Close)
	return h, server
}

func pairwise(sector string) Client {
	return Client{
		Name: "Учёт", Kind: Web, RedirectURIs: []string{"https://a.example/cb", "https://b.example/cb"}, Scope: "openid",
		TokenMetadata: TokenMetadata{SubjectType: SubjectPairwise, SectorIdentifierURI: sector},
	}
}

// Core §8.1: the file must list every redirect URI, or a client could take the names of
// another sector.
func TestASectorMustListEveryRedirectURI(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"/good":     `["https://a.example/cb","https://b.example/cb","https://c.example/cb"]`,
		"/one":      `["https://a.example/cb"]`,
		"/prefix":   `["https://a.example/","https://b.example/"]`,
		"/object":   `{"https://a.example/cb":1}`,
		"/numbers":  `[1,2]`,
		"/empty":    ``,
		"/large":    `["` + strings.Repeat("a", maxSectorFile) + `","https://a.example/cb","https://b.example/cb"]`,
		"/trailing": `["https://a.example/cb","https://b.example/cb"] []`,
	}
	h, server := sectorHouse(t, func(w http.ResponseWriter, r *http.Request) {
		switch file, there := files[r.URL.Path]; {
		case r.URL.Path == "/moved":
			http.Redirect(w, r, "/good", http.StatusFound)
		case !there:
			w.WriteHeader(http.StatusNotFound)
		default:
			_, _ = w.Write([]byte(file))
		}
	})
	for path := range files {
		_, _, err := h.Create(t.Context(), pairwise(server.URL+path))
		if (err == nil) != (path == "/good") {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, path := range []string{"/missing", "/moved"} {
		_, _, err := h.Create(t.Context(), pairwise(server.URL+path))
		if err == nil || strings.Contains(err.Error(), "404") || strings.Contains(err.Error(), "302") {
			t.Errorf("%s: %v", path, err)
		}
	}
	c, _, err := h.Create(t.Context(), pairwise(server.URL+"/good"))
	if err != nil {
		t.Fatal(err)
	}
	c.RedirectURIs = append(c.RedirectURIs, "https://d.example/cb")
	if _, err := h.Update(t.Context(), c); err == nil {
		t.Error("a redirect URI that the sector does not list is added later")
	}
}

// SSRF: what a stranger registers leads nowhere inside, and why it failed is not told.
func TestASectorIdentifierLeadsNowhereInside(t *testing.T) {
	t.Parallel()
	asked := false
	h, server := sectorHouse(t, func(http.ResponseWriter, *http.Request) { asked = true })
	h.deps.Outside = outside.NewClient(outside.Options{})
	for _, address := range []string{
		server.URL + "/good", "https://127.0.0.1/x", "https://localhost/x", "https://[::1]/x", "https://169.254.169.254/latest/meta-data",
		"https://10.0.0.1/x", "https://0.0.0.0/x", "https://2130706433/x",
		"http://app.example/x", "file:///etc/passwd", "https://user:pass@app.example/x", "https://app.example/x#f", "app.example",
	} {
		_, _, err := h.Create(t.Context(), pairwise(address))
		if err == nil || strings.Contains(err.Error(), "refused") || strings.Contains(err.Error(), "dial") {
			t.Errorf("%s: %v", address, err)
		}
	}
	if asked {
		t.Error("a server on loopback was asked")
	}
}

func TestPairwiseWithoutASectorIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storagetest.SQLite(t))
	if _, _, err := h.Create(t.Context(), pairwise("")); err == nil || !strings.Contains(err.Error(), "subject_type") {
		t.Errorf("%v", err)
	}
}

func TestAnEncryptionWithoutEncIsTheRegistrysDefault(t *testing.T) {
	t.Parallel()
	m := TokenMetadata{IDTokenEncryptionAlg: "ECDH-ES", RequestEncryptionAlg: "ECDH-ES", RequestEncryptionEnc: "A256GCM"}
	m.completeTokens()
	if m.IDTokenEncryptionEnc != "A128CBC-HS256" || m.RequestEncryptionEnc != "A256GCM" || m.UserInfoEncryptionEnc != "" {
		t.Errorf("%+v", m)
	}
}
