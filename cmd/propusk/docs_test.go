package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	testMade  = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w+)\(`)
	testNamed = regexp.MustCompile(`\b((?:Test|Fuzz|Benchmark)[A-Z]\w+)(…?)`)
	rowNamed  = regexp.MustCompile(`\b(\d{1,3})(?:–(\d{1,3}))?\b`)
	section   = regexp.MustCompile(`[AB]\d+\.?`)
)

// A document that says a test shows something is believed; so the test is there. An
// ellipsis stands for the rest of a name.
func TestTestsThatTheDocsNameAreThere(t *testing.T) {
	made := []string{}
	eachFile(t, "_test.go", func(_, text string) {
		for _, m := range testMade.FindAllStringSubmatch(text, -1) {
			made = append(made, m[1])
		}
	})
	eachFile(t, ".md", func(path, text string) {
		for _, m := range testNamed.FindAllStringSubmatch(text, -1) {
			if !anyStarts(made, m[1], m[2] != "") {
				t.Errorf("%s names %s, and there is none", path, m[1])
			}
		}
	})
}

func anyStarts(names []string, name string, cut bool) bool {
	for _, one := range names {
		if one == name || cut && strings.HasPrefix(one, name) {
			return true
		}
	}
	return false
}

// Each of the three hundred rows of the requirements stands in the first column of a
// table of docs/, beside where it is and what shows it.
func TestEveryRequirementHasItsPlaceInTheDocs(t *testing.T) {
	const rows = 300
	var told [rows + 1]bool
	eachFile(t, ".md", func(path, text string) {
		for line := range strings.Lines(text) {
			if !strings.HasPrefix(path, "docs"+string(filepath.Separator)) || !strings.HasPrefix(line, "| ") {
				continue
			}
			first, _, _ := strings.Cut(line[2:], "|")
			for _, m := range rowNamed.FindAllStringSubmatch(section.ReplaceAllString(first, ""), -1) {
				from, _ := strconv.Atoi(m[1])
				to, _ := strconv.Atoi(m[2])
				for n := from; n <= min(max(from, to), rows); n++ {
					told[n] = true
				}
			}
		}
	})
	for n := 1; n <= rows; n++ {
		if !told[n] {
			t.Errorf("row %d has no place in docs/", n)
		}
	}
}

// eachFile calls look with every file of the repository whose name ends so, by its
// path from the root.
func eachFile(t *testing.T, suffix string, look func(path, text string)) {
	t.Helper()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git" || d.Name() == ".venv" || d.Name() == "artifacts") {
			if err == nil {
				err = filepath.SkipDir
			}
			return err
		}
		if !strings.HasSuffix(path, suffix) {
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil {
			path, err = filepath.Rel(root, path)
		}
		look(path, string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
