package conformance

import (
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the tables of docs/conformance.md")

const (
	tablePath = "../../docs/conformance.md"
	// begin and end hold the part of the page that is written by the test.
	begin = "<!-- tables: go test ./idp/conformance -run TestTheTableIsTrue -update -->\n"
	end   = "<!-- end of tables -->\n"
)

// suite are the suite's own lists.
type suite struct {
	Plans []struct {
		Name    string   `json:"name"`
		Modules []string `json:"modules"`
	} `json:"plans"`
}

// TestTheTableIsTrue walks the page: its tables are what the tests are, the tests
// are all that the suite has, in its order, and each test that is named exists.
func TestTheTableIsTrue(t *testing.T) {
	everyModuleOfTheSuite(t)
	tests := testFunctions(t)
	for _, pl := range plans() {
		if !slices.Contains(tests, pl.test) {
			t.Errorf("%s: there is no %s", pl.name, pl.test)
		}
		for _, m := range pl.modules {
			if (m.test == nil) == (m.why == "") {
				t.Errorf("%s has a test or a reason, and not both: %q", m.name, m.why)
			}
			if m.test != nil && !slices.ContainsFunc(pl.variants, m.goesWith) {
				t.Errorf("%s goes with no variant of %s", m.name, pl.name)
			}
		}
	}
	page, err := os.ReadFile(tablePath)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(page), begin)
	told, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has no place for the tables", tablePath)
	}
	want := tables()
	if *update {
		if err := os.WriteFile(tablePath, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if told != want {
		t.Errorf("%s says something else than the tests; run: go test ./idp/conformance -run TestTheTableIsTrue -update", tablePath)
	}
}

// everyModuleOfTheSuite holds our plans against testdata/plans.json.
func everyModuleOfTheSuite(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile("testdata/plans.json")
	if err != nil {
		t.Fatal(err)
	}
	var theirs suite
	if err := json.Unmarshal(text, &theirs); err != nil {
		t.Fatal(err)
	}
	ours := map[string][]string{}
	for _, pl := range plans() {
		for _, m := range pl.modules {
			ours[pl.name] = append(ours[pl.name], m.name)
		}
	}
	for _, pl := range theirs.Plans {
		if !slices.Equal(ours[pl.Name], pl.Modules) {
			t.Errorf("%s: the suite has\n%v\nand we\n%v", pl.Name, pl.Modules, ours[pl.Name])
		}
		delete(ours, pl.Name)
	}
	if len(ours) > 0 {
		t.Errorf("the suite does not have %v", ours)
	}
}

// testFunctions are the tests of this package.
func testFunctions(t *testing.T) (names []string) {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range parsed.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				names = append(names, f.Name.Name)
			}
		}
	}
	return names
}

// tables are the summary and one table for each plan.
func tables() string {
	var b strings.Builder
	b.WriteString("\n| plan | variants | modules | pass | not applicable |\n|---|---|---|---|---|\n")
	for _, pl := range plans() {
		passing := 0
		for _, m := range pl.modules {
			if m.test != nil {
				passing++
			}
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d |\n", pl.name, len(pl.variants), len(pl.modules), passing, len(pl.modules)-passing)
	}
	for _, pl := range plans() {
		b.WriteString(pl.table())
	}
	return b.String()
}

func (pl plan) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n## %s\n\n", pl.name)
	var names []string
	for _, v := range pl.variants {
		names = append(names, v.name)
	}
	fmt.Fprintf(&b, "`%s`, for %s.\n\n| module | test | state |\n|---|---|---|\n", pl.test, strings.Join(names, "; "))
	for _, m := range pl.modules {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", m.name, m.where(pl), m.state(pl))
	}
	return b.String()
}

// where names the test of a module.
func (m module) where(pl plan) string {
	if m.test == nil {
		return "-"
	}
	return "`" + pl.test + "/*/" + m.name + "`"
}

// state is pass, with the variants when it is not all of them, or why not.
func (m module) state(pl plan) string {
	if m.test == nil {
		return "not applicable: " + m.why
	}
	state := "pass"
	var parts []string
	for _, v := range pl.variants {
		if m.goesWith(v) {
			parts = append(parts, v.name)
		}
	}
	if len(parts) < len(pl.variants) {
		state += " (" + strings.Join(parts, "; ") + ")"
	}
	if m.note != "" {
		state += "; " + m.note
	}
	return state
}
