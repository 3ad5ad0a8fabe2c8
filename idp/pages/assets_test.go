package pages

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func get(kit *Kit, method, path, encoding string) *http.Response {
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set("Accept-Encoding", encoding)
	w := httptest.NewRecorder()
	kit.Assets().ServeHTTP(w, r)
	return w.Result()
}

func TestAssetsAreNamedByContentKeptForeverAndSentCompressed(t *testing.T) {
	t.Parallel()
	kit := setup(t)
	for name, kind := range map[string]string{
		"propusk.css": "text/css; charset=utf-8", "propusk.js": "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml",
		"fonts/golos-cyrillic.woff2": "font/woff2", "fonts/golos-latin.woff2": "font/woff2",
	} {
		url := kit.assets.named[name]
		if !regexp.MustCompile(`^/assets/[a-z-]+\.[\w-]{12}\.[a-z0-9]+$`).MatchString(url) {
			t.Errorf("%s is at %q", name, url)
		}
		plain := get(kit, http.MethodGet, url, "")
		body, _ := io.ReadAll(plain.Body)
		if plain.Header.Get("Content-Type") != kind || plain.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" || plain.Header.Get("Content-Encoding") != "" || len(body) == 0 {
			t.Errorf("%s: %v", name, plain.Header)
		}
		packed := get(kit, http.MethodGet, url, "br, gzip")
		if strings.HasPrefix(name, "fonts/") {
			if packed.Header.Get("Content-Encoding") != "" {
				t.Errorf("%s is compressed twice", name)
			}
			continue
		}
		zip, err := gzip.NewReader(packed.Body)
		if err != nil {
			t.Fatal(name, err)
		}
		if again, _ := io.ReadAll(zip); string(again) != string(body) || packed.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: the compressed body differs", name)
		}
	}
}

func TestStylePointsAtHashedFontsOnly(t *testing.T) {
	t.Parallel()
	kit := setup(t)
	body, _ := io.ReadAll(get(kit, http.MethodGet, kit.assets.named["propusk.css"], "").Body)
	urls := regexp.MustCompile(`url\(([^)]*)\)`).FindAllStringSubmatch(string(body), -1)
	if len(urls) != 2 {
		t.Fatalf("%d addresses in the style", len(urls))
	}
	for _, url := range urls {
		if got := get(kit, http.MethodGet, url[1], ""); got.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", url[1], got.Status)
		}
	}
}

func TestScriptsImportByHashedNamesOnly(t *testing.T) {
	t.Parallel()
	kit := setup(t)
	imports := 0
	for _, name := range assetNames {
		if !strings.HasPrefix(name, "scripts/") {
			continue
		}
		body, _ := io.ReadAll(get(kit, http.MethodGet, kit.assets.named[name], "").Body)
		for _, m := range regexp.MustCompile(`(?:from |import\()"([^"]+)"`).FindAllStringSubmatch(string(body), -1) {
			imports++
			if got := get(kit, http.MethodGet, m[1], ""); got.StatusCode != http.StatusOK {
				t.Errorf("%s imports %s: %s", name, m[1], got.Status)
			}
		}
	}
	if imports < 6 {
		t.Errorf("only %d imports found", imports)
	}
}

// The policy forbids it, and a library that needs it would fail in the browser only.
func TestNoScriptMakesCodeFromText(t *testing.T) {
	t.Parallel()
	for _, name := range assetNames {
		body, err := staticFiles.ReadFile("static/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if m := regexp.MustCompile(`\beval\(|new Function|innerHTML|outerHTML|document\.write|insertAdjacentHTML`).Find(body); strings.HasSuffix(name, ".js") && m != nil {
			t.Errorf("%s has %s", name, m)
		}
	}
}

func TestAssetRefusals(t *testing.T) {
	t.Parallel()
	kit := setup(t)
	style := kit.assets.named["propusk.css"]
	for _, c := range []struct {
		method, path string
		want         int
	}{
		{http.MethodGet, "/assets/propusk.css", http.StatusNotFound},
		{http.MethodGet, "/assets/../kit.go", http.StatusNotFound},
		{http.MethodGet, "/assets/", http.StatusNotFound},
		{http.MethodPost, style, http.StatusMethodNotAllowed},
		{http.MethodHead, style, http.StatusOK},
	} {
		if got := get(kit, c.method, c.path, ""); got.StatusCode != c.want {
			t.Errorf("%s %s: %s, want %d", c.method, c.path, got.Status, c.want)
		}
	}
}

func TestAcceptEncodingIsReadWithItsWeights(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]bool{
		"": false, "gzip": true, "br;q=1, GZIP;q=0.5": true, "gzip;q=0": false, "gzip; q=0.0": false, "*": true, "identity": false, "gzip;q=x": false, "xgzip": false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Encoding", header)
		if got := acceptsGzip(r); got != want {
			t.Errorf("%q: %v", header, got)
		}
	}
}
