package pages

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// e2e/access_test.go looks at every page in a browser; it lets this package's
// own tests draw them: go test ./idp/pages -run TestGallery -gallery DIR
var galleryDir = flag.String("gallery", "", "write every sample page into this folder")

// picture is one page of the gallery, as it is answered.
type picture struct {
	Name   string `json:"name"`   // "identify-wrong"
	Lang   string `json:"lang"`   // "ru", "en"
	File   string `json:"file"`   // relative to the gallery
	Policy string `json:"policy"` // Content-Security-Policy
}

func TestGalleryHasEveryPageInBothLanguages(t *testing.T) {
	t.Parallel()
	dir := *galleryDir
	if dir == "" {
		dir = t.TempDir()
	}
	kit := setup(t)
	var all []picture
	for _, s := range samples() {
		for _, lang := range languages {
			w := render(t, kit, s.page, "/signin?ui_locales="+lang)
			name := strings.ReplaceAll(s.name, " ", "-")
			p := picture{Name: name, Lang: lang, File: lang + "/" + name + ".html", Policy: w.Header().Get("Content-Security-Policy")}
			keep(t, dir, p.File, w.Body.Bytes())
			all = append(all, p)
		}
	}
	for name, file := range kit.assets.files {
		keep(t, dir, "assets/"+name, file.plain)
	}
	index, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	keep(t, dir, "gallery.json", index)
	found, err := filepath.Glob(filepath.Join(dir, "*", "*.html"))
	if err != nil || len(found) != len(languages)*len(samples()) {
		t.Errorf("%d pages, want %d: two samples have one name (%v)", len(found), len(languages)*len(samples()), err)
	}
}

func keep(t *testing.T, dir, name string, body []byte) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, body, 0o644); err != nil {
		t.Fatal(err)
	}
}
