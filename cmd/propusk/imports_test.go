package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// rule says what packages below from may import of the module (mayImport) and
// which outside modules are theirs alone. The first rule that fits a package
// decides. .golangci.yml gives the reasons.
var rules = []struct {
	from      string
	mayImport []string
}{
	{"signature", []string{"signature"}},
	{"storage", []string{"storage"}},
	{"conf", nil},
	{"idp/pages", []string{"idp/pages"}},
	{"idp/directory", []string{"idp/directory", "storage", "signature"}},
	{"idp/keys", []string{"idp/keys", "storage"}},
	{"idp/signals", []string{"idp/signals", "storage"}},
	{"idp/trust", []string{"idp/trust", "storage", "signature"}},
	{"idp/factor", []string{"idp/factor", "idp/directory", "storage", "signature"}},
	{"idp/jws", []string{"idp/jws"}},
	{"idp/possession", []string{"idp/possession", "idp/jws", "storage"}},
	{"idp/veil", []string{"idp/veil", "storage"}},
	{"idp/client", []string{"idp/client", "idp/directory", "idp/keys", "idp/possession", "storage"}},
	{"idp/oauth", []string{"idp/oauth", "idp/client", "idp/directory", "idp/jws", "idp/keys", "idp/possession", "idp/veil", "storage", "signature"}},
	{"idp", []string{"idp", "storage", "signature"}},
	{"cabinet/api", []string{"cabinet/api", "idp/directory", "idp/possession", "storage"}},
	{"cabinet/web", []string{"cabinet/web", "idp/pages", "storage"}},
	{"cabinet/client", []string{"cabinet/client", "cabinet/api", "cabinet/notice", "idp/client", "idp/directory", "storage"}},
	{"cabinet", []string{"cabinet", "idp/directory", "idp/possession", "idp/veil", "storage", "signature"}},
	{"console/web", []string{"console/web", "cabinet/web/desk", "idp/pages"}},
	{"console", []string{"console", "cabinet/api", "idp/client", "idp/directory", "idp/keys", "idp/trust", "storage"}},
	{"cmd", []string{"cmd", "conf", "idp", "cabinet", "console", "storage", "signature"}},
	{"client", nil},
	{"e2e", []string{"e2e"}},
}

// fences are outside modules that one part of the house answers for.
var fences = map[string]string{
	"github.com/ory/fosite":                 "idp/oauth",
	"github.com/go-jose/go-jose/v3":         "idp/oauth",
	"github.com/go-webauthn":                "idp/factor",
	"github.com/redis/go-redis":             "storage",
	"github.com/miekg/pkcs11":               "idp/keys/pkcs11",
	"github.com/jackc/pgx":                  "storage",
	"modernc.org/sqlite":                    "storage",
	"github.com/knadh/koanf":                "conf",
	"github.com/spf13/cobra":                "cmd",
	"github.com/alicebob/miniredis":         "storage/storagetest",
	"github.com/nicksnyder/go-i18n":         "idp/pages",
	"golang.org/x/crypto/argon2":            "idp/factor",
	"github.com/SherClockHolmes/webpush-go": "storage/outbox",
	"software.sslmate.com/src/go-pkcs12":    "cmd/propusk/demo",
}

// TestImportsPointOneWay reads every Go file of the module that is no test and
// holds its imports against the rules.
func TestImportsPointOneWay(t *testing.T) {
	root := filepath.Join("..", "..")
	files := 0
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "node_modules" || (strings.HasPrefix(entry.Name(), ".") && len(entry.Name()) > 2)) {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		files++
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		checkFile(t, file, filepath.ToSlash(filepath.Dir(rel)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 10 {
		t.Fatalf("only %d files were read; the walk is broken", files)
	}
}

func checkFile(t *testing.T, file, pkg string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Error(err)
		return
	}
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Error(err)
			continue
		}
		if why := forbidden(pkg, imported); why != "" {
			t.Errorf("%s imports %s: %s", file, imported, why)
		}
	}
}

// ground are the rooms of the cabinet that others stand on; the rest stand side by
// side, and their pages too. An application is a request of the inbox, so service
// stands on request; so is a report about an accrual.
var ground = map[string][]string{
	"":                {"cabinet/api", "cabinet/authority", "cabinet/export", "cabinet/notice", "cabinet/paper"},
	"cabinet/payment": {"cabinet/request"},
	"cabinet/service": {"cabinet/request"},
}

// played is the one seam that the sandbox reaches into: it plays the payment provider
// too, by the messages that a provider gets.
var played = map[string]string{"cabinet/authority/sandbox": "cabinet/payment/provider"}

// neighbours reports whether two packages are rooms of the cabinet, or of its pages,
// of which neither stands on the other.
func neighbours(pkg, ours string) bool {
	pages, others := pagesOf(pkg), pagesOf(ours)
	if pages != "" && others != "" && pages != others && others != "desk" {
		return !slices.Contains(ground["cabinet/"+pages], "cabinet/"+others)
	}
	if played[pkg] == ours {
		return false
	}
	room, other := roomOf(pkg), roomOf(ours)
	return room != "" && other != "" && room != other &&
		!slices.Contains(ground[""], other) && !slices.Contains(ground[room], other)
}

// roomOf is cabinet/<room> of a package in or below it, "" outside.
func roomOf(pkg string) string {
	parts := strings.SplitN(pkg, "/", 3)
	if len(parts) < 2 || parts[0] != "cabinet" {
		return ""
	}
	return "cabinet/" + parts[1]
}

// pagesOf is <room> of cabinet/web/<room>, "" outside.
func pagesOf(pkg string) string {
	room, _, _ := strings.Cut(strings.TrimPrefix(pkg, "cabinet/web/"), "/")
	if !strings.HasPrefix(pkg, "cabinet/web/") {
		return ""
	}
	return room
}

// kit reports whether a package is there for tests alone: by the house's custom its
// name is that of what it tests with "test" behind (storagetest, cabinettest).
func kit(pkg string) bool { return strings.HasSuffix(pkg, "test") }

// forbidden says why pkg may not import imported; empty when it may.
func forbidden(pkg, imported string) string {
	switch {
	case kit(pkg):
		return ""
	case strings.HasPrefix(imported, "propusk/") && kit(imported):
		return "the binary carries no test code"
	}
	for module, home := range fences {
		if within(imported, module) && !within(pkg, home) {
			return "only " + home + " may"
		}
	}
	ours, ok := strings.CutPrefix(imported, "propusk/")
	if !ok {
		return ""
	}
	if neighbours(pkg, ours) {
		return "rooms of the cabinet stand side by side; cmd joins them"
	}
	if pkg == "cabinet/web" && ours == "cabinet" || strings.HasPrefix(pkg, "cabinet") && ours == "idp" {
		return "they meet over HTTP"
	}
	for _, rule := range rules {
		if !within(pkg, rule.from) {
			continue
		}
		for _, allowed := range rule.mayImport {
			if within(ours, allowed) {
				return ""
			}
		}
		return "a package below " + rule.from + " may import of ours only " + strings.Join(rule.mayImport, ", ")
	}
	return "no rule knows the package " + pkg
}

func within(pkg, parent string) bool {
	return pkg == parent || strings.HasPrefix(pkg, parent+"/")
}

// TestImportRulesRefuse shows that the rules can refuse at all.
func TestImportRulesRefuse(t *testing.T) {
	for _, tt := range []struct {
		pkg, imported string
		refused       bool
	}{
		{"cabinet", "propusk/idp/oauth", true},
		{"cabinet", "propusk/idp/directory", false},
		{"cabinet/web", "propusk/idp/pages", false},
		{"cabinet/web", "propusk/idp/directory", true},
		{"cabinet/web", "propusk/cabinet", true},
		{"idp", "propusk/cabinet", true},
		{"idp", "github.com/ory/fosite", true},
		{"idp/oauth", "github.com/ory/fosite/handler/oauth2", false},
		{"storage/jobs", "propusk/storage", false},
		{"storage", "propusk/conf", true},
		{"signature", "propusk/storage", true},
		{"cmd/propusk", "propusk/storage/storagetest", true},
		{"cabinet/cabinettest", "propusk/storage/storagetest", false},
		{"cabinet/api", "propusk/cabinet", true},
		{"cabinet/filing", "propusk/cabinet/document", true},
		{"cabinet/filing/report", "propusk/cabinet/filing", false},
		{"cabinet/authority/sandbox", "propusk/cabinet/payment/provider", false},
		{"cabinet/authority", "propusk/cabinet/payment/provider", true},
		{"cabinet/payment", "propusk/cabinet/document", true},
		{"cabinet/extract", "propusk/cabinet/authority/egrul", false},
		{"cabinet/service", "propusk/cabinet/request", false},
		{"cabinet/request", "propusk/cabinet/service", true},
		{"cabinet/web/filing", "propusk/cabinet/web/desk", false},
		{"cabinet/web/filing", "propusk/cabinet/web/power", true},
		{"cabinet/web/desk", "propusk/cabinet/web/power", true},
		{"cabinet/web", "propusk/cabinet/web/power", false},
		{"client", "propusk/cabinet", true},
		{path.Join("unheard", "of"), "propusk/storage", true},
	} {
		if got := forbidden(tt.pkg, tt.imported) != ""; got != tt.refused {
			t.Errorf("%s importing %s: refused = %v, want %v", tt.pkg, tt.imported, got, tt.refused)
		}
	}
}
