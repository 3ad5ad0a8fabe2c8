package registry

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Faults are shown with the name of the archive's file: a hostile one must not write
// on the operator's screen.
func TestNamesInAnArchiveDoNotWriteOnTheScreen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.zip")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(file)
	for _, name := range []string{"\x1b[2J\u202eготово\r\n.xml", "Реестр 1.xml", "\xff.xml"} {
		if _, err := w.Create(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var names []string
	if err := eachXML(path, func(name string, _ io.Reader) error { names = append(names, name); return nil }); err != nil {
		t.Fatal(err)
	}
	want := []string{path + `!\x1b[2J\u202eготово\r\n.xml`, path + "!Реестр 1.xml", path + `!\xff.xml`}
	if !slices.Equal(names, want) {
		t.Errorf("%q", names)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}
