package pages

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

//go:embed static
var staticFiles embed.FS

// assetsPath is where the assets are served.
const assetsPath = "/assets/"

// asset is one file ready to be sent: its name holds a hash of its content, so
// it may be kept forever.
type asset struct {
	kind    string // Content-Type
	plain   []byte
	gzipped []byte // nil when it does not pay
}

// assets are the styles, the scripts, the icon and the fonts.
type assets struct {
	named map[string]string // "propusk.css" → "/assets/propusk.9f2c….css"
	files map[string]asset  // by the name with the hash
}

// assetNames are the files under static, a script after those that it imports.
var assetNames = []string{
	"fonts/golos-cyrillic.woff2", "fonts/golos-latin.woff2", "icon.svg", "propusk.js",
	"vendor/pki.js",
	"scripts/strength.js", "scripts/idle.js", "scripts/passkey.js",
	"scripts/cryptopro.js", "scripts/keyfile.js", "scripts/cades.js", "scripts/fitness.js", "scripts/signing.js",
	"scripts/live.js", "scripts/check.js", "scripts/words.js", "scripts/progress.js", "scripts/autosave.js", "scripts/upload.js", "scripts/push.js",
	"scripts/tabs.js", "scripts/bell.js",
}

// newAssets names and compresses everything once.
func newAssets() (*assets, error) {
	a := &assets{named: map[string]string{}, files: map[string]asset{}}
	for _, name := range assetNames {
		body, err := staticFiles.ReadFile("static/" + name)
		if err != nil {
			return nil, fmt.Errorf("read the asset %s: %w", name, err)
		}
		if path.Ext(name) == ".js" {
			body = a.link(body)
		}
		if err := a.add(name, body); err != nil {
			return nil, err
		}
	}
	style, err := a.style()
	if err != nil {
		return nil, err
	}
	return a, a.add("propusk.css", style)
}

// style joins the style sheets in the order of their names and points them at
// the hashed fonts.
func (a *assets) style() ([]byte, error) {
	names, err := fs.Glob(staticFiles, "static/css/*.css")
	if err != nil {
		return nil, fmt.Errorf("list the style sheets: %w", err)
	}
	slices.Sort(names)
	var out bytes.Buffer
	for _, name := range names {
		body, err := staticFiles.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read the style sheet %s: %w", name, err)
		}
		out.Write(body)
	}
	text := out.String()
	for name, url := range a.named {
		text = strings.ReplaceAll(text, "url("+name+")", "url("+url+")")
	}
	return []byte(text), nil
}

// link points the imports of a script at the hashed names of what it imports.
func (a *assets) link(script []byte) []byte {
	text := string(script)
	for name, url := range a.named {
		switch path.Dir(name) {
		case "scripts":
			text = strings.ReplaceAll(text, `"./`+path.Base(name)+`"`, `"`+url+`"`)
		case "vendor":
			text = strings.ReplaceAll(text, `"../`+name+`"`, `"`+url+`"`)
		}
	}
	return []byte(text)
}

// add stores body under a name with the hash of its content.
func (a *assets) add(name string, body []byte) error {
	sum := sha256.Sum256(body)
	ext := path.Ext(name)
	hashed := strings.TrimSuffix(path.Base(name), ext) + "." + base64.RawURLEncoding.EncodeToString(sum[:9]) + ext
	file := asset{kind: contentType(ext), plain: body}
	if ext != ".woff2" { // compressed already
		packed, err := pack(body)
		if err != nil {
			return fmt.Errorf("compress the asset %s: %w", name, err)
		}
		file.gzipped = packed
	}
	a.named[name] = assetsPath + hashed
	a.files[hashed] = file
	return nil
}

func contentType(ext string) string {
	switch ext {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	}
	return "application/octet-stream"
}

func pack(body []byte) ([]byte, error) {
	var out bytes.Buffer
	zip, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := zip.Write(body); err != nil {
		return nil, err
	}
	if err := zip.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// ServeHTTP sends one asset. A name whose hash is not of this build is not
// found: an old page asks for its old style in vain rather than get a wrong one.
func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	file, ok := a.files[strings.TrimPrefix(r.URL.Path, assetsPath)]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", file.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'")
	body := file.plain
	if file.gzipped != nil {
		h.Set("Vary", "Accept-Encoding")
		if acceptsGzip(r) {
			h.Set("Content-Encoding", "gzip")
			body = file.gzipped
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body) // a reader that went away is no concern of ours
}

// acceptsGzip reads Accept-Encoding (RFC 9110 §12.5.3) as far as it matters:
// gzip or * named, and not with q=0.
func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		coding, weight, _ := strings.Cut(part, ";")
		coding = strings.ToLower(strings.TrimSpace(coding))
		if coding != "gzip" && coding != "*" {
			continue
		}
		q, found := strings.CutPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
		value, err := strconv.ParseFloat(q, 64)
		return !found || (err == nil && value > 0)
	}
	return false
}

// Assets serves /assets/….
func (k *Kit) Assets() http.Handler { return k.assets }
