package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestEveryActionOfTheJournalHasWords: whoever reads a journal on a page reads what
// happened, in his language, and not the name that a program gave it.
func TestEveryActionOfTheJournalHasWords(t *testing.T) {
	t.Parallel()
	written := actionsWritten(t, "../..")
	if len(written) < 200 {
		t.Fatalf("only %d actions were found: the search is blind", len(written))
	}
	for _, lang := range []string{"ru", "en"} {
		words := map[string]any{}
		text, err := os.ReadFile("../../cabinet/web/desk/actions/translations/" + lang + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &words); err != nil {
			t.Fatal(err)
		}
		for _, action := range written {
			if said, _ := words["action."+action].(string); said == "" {
				t.Errorf("%s: action %q has no words", lang, action)
			}
		}
	}
}

// families are the actions that are put together when they are written: their
// beginning, and what may follow.
var families = map[string][]string{
	"moderation.":                {"taken", "seconded", "accepted", "refused", "withdrawn"},
	"organisation.change_":       {"proposed", "moderation", "applied", "refused", "cancelled", "expired"},
	"filing.":                    {"edited", "signed", "submitted", "delivered", "accepted", "refused", "entered", "clarification", "corrected"},
	"payment.":                   {"created", "sent", "paid", "refused", "expired", "cancelled"},
	"power.":                     {"draft", "checking", "active", "expired", "revoked", "refused"},
	"request.":                   {"replied", "asked", "explained", "commented", "withdrawn", "closed", "accepted", "planned", "reply_edited"},
	"signin.":                    {"password", "totp", "sms", "email", "passkey", "certificate", "recovery", "device", "pin", "enrol"},
	"tender.application_":        {"created", "changed", "signed", "submitted", "withdrawn", "replaced", "status", "told", "remembered"},
	"organisation.deactivation_": {"asked", "confirmed", "undone", "done", "expired"},
}

// anAction is how an action is spelled: a noun and what happened to it.
var (
	anAction = regexp.MustCompile(`^[a-z][a-z_]*(\.[a-z_]+)+$`)
	aPrefix  = regexp.MustCompile(`^[a-z_]+\.([a-z]+_)?$`)
	anAct    = regexp.MustCompile(`^[a-z_]+$`)
)

// actionsWritten are the actions in the house's source: what stands as Action of a
// journal.Entry, is called action, or comes to where a function makes an action of it.
func actionsWritten(t *testing.T, root string) []string {
	t.Helper()
	found := []string{"signin", "signout", "consent"}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		name := entry.Name()
		if name != ".." && (strings.HasPrefix(name, ".") || strings.HasSuffix(name, "test") || name == "e2e" || name == "web") {
			return fs.SkipDir
		}
		found = append(found, newActions(t, path).find()...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// actions finds those of one package.
type actions struct {
	t      *testing.T
	dir    string
	files  []*ast.File
	places map[string][]place // by the function's name
	found  []string
}

// place is where a function takes an action, or the end of one that begins with prefix.
type place struct {
	index  int
	prefix string
}

func newActions(t *testing.T, dir string) *actions {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	a := &actions{t: t, dir: dir, places: map[string][]place{}}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		a.files = append(a.files, file)
	}
	return a
}

func (a *actions) find() []string {
	a.eachFunction(a.learn)
	a.eachFunction(func(f *ast.FuncDecl) {
		if f.Body != nil {
			ast.Inspect(f.Body, func(n ast.Node) bool { a.look(n, f); return true })
		}
	})
	return a.found
}

func (a *actions) eachFunction(do func(*ast.FuncDecl)) {
	for _, file := range a.files {
		for _, declared := range file.Decls {
			if f, ok := declared.(*ast.FuncDecl); ok {
				do(f)
			}
		}
	}
}

// learn notes which parameters of a function are actions, or ends of actions.
func (a *actions) learn(f *ast.FuncDecl) {
	index := 0
	for _, field := range f.Type.Params.List {
		for _, name := range field.Names {
			if name.Name == "action" {
				a.places[f.Name.Name] = append(a.places[f.Name.Name], place{index, ""})
			} else if prefix := prefixOf(f, name.Name); prefix != "" {
				a.places[f.Name.Name] = append(a.places[f.Name.Name], place{index, prefix})
			}
			index++
		}
	}
}

// prefixOf is what a function writes before a parameter to make an action of it.
func prefixOf(f *ast.FuncDecl, parameter string) (prefix string) {
	if f.Body == nil {
		return ""
	}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if pair, ok := n.(*ast.KeyValueExpr); ok && named(pair.Key) == "Action" {
			if begin, end := joined(pair.Value); named(end) == parameter {
				prefix = begin
			}
		}
		return true
	})
	return prefix
}

// look finds actions in one node of a function.
func (a *actions) look(n ast.Node, in *ast.FuncDecl) {
	switch n := n.(type) {
	case *ast.KeyValueExpr:
		if name := named(n.Key); name == "Action" || name == "action" {
			a.take(n.Value, "", in)
		}
	case *ast.AssignStmt:
		for i, left := range n.Lhs {
			if named(left) == "action" && i < len(n.Rhs) {
				a.take(n.Rhs[i], "", in)
			}
		}
	case *ast.ValueSpec:
		for i, name := range n.Names {
			if name.Name == "action" && i < len(n.Values) {
				a.take(n.Values[i], "", in)
			}
		}
	case *ast.CallExpr:
		for _, p := range a.places[named(n.Fun)] {
			if p.index < len(n.Args) {
				a.take(n.Args[p.index], p.prefix, in)
			}
		}
	}
}

// take reads an expression that is an action, or the end of one.
func (a *actions) take(e ast.Expr, prefix string, in *ast.FuncDecl) {
	if begin, _ := joined(e); begin != "" {
		if slices.ContainsFunc(a.places[in.Name.Name], func(p place) bool { return p.prefix == begin }) {
			return // its callers say how it ends
		}
		if families[begin] == nil {
			a.t.Errorf("%s, %s: what may follow %q? The test's families do not say", a.dir, in.Name.Name, begin)
		}
		for _, rest := range families[begin] {
			a.found = append(a.found, begin+rest)
		}
		return
	}
	said, ok := literal(e)
	if !ok && prefix != "" {
		for _, rest := range families[prefix] {
			a.found = append(a.found, prefix+rest)
		}
	}
	switch {
	case ok && prefix != "" && anAct.MatchString(said):
		a.found = append(a.found, prefix+said)
	case ok && prefix == "" && anAction.MatchString(said) && !strings.HasSuffix(said, ".you"): // those are of notices
		a.found = append(a.found, said)
	}
}

// joined splits "noun." + rest.
func joined(e ast.Expr) (begin string, end ast.Expr) {
	sum, ok := e.(*ast.BinaryExpr)
	if !ok || sum.Op != token.ADD {
		return "", nil
	}
	if said, ok := literal(sum.X); ok && aPrefix.MatchString(said) {
		return said, sum.Y
	}
	return "", nil
}

func literal(e ast.Expr) (string, bool) {
	text, ok := e.(*ast.BasicLit)
	if !ok || text.Kind != token.STRING {
		return "", false
	}
	said, err := strconv.Unquote(text.Value)
	return said, err == nil
}

// named is the last name of an identifier or a selector.
func named(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}
