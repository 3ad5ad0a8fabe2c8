package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestFilesAreBesideTheDatabaseUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ address, database, want string }{
		{"", "sqlite:///var/lib/propusk/propusk.db", "file:///var/lib/propusk/propusk.db.files"},
		{"", "sqlite:///var/lib/propusk/propusk.db?readers=2", "file:///var/lib/propusk/propusk.db.files"},
		{"", "sqlite:propusk.db", "file://" + filepath.Join(here, "propusk.db.files")},
		{"", "postgres://db/propusk", "file://" + filepath.Join(here, "propusk.files")},
		{"file:there", "sqlite:propusk.db", "file://" + filepath.Join(here, "there")},
		{"file:///srv/files", "postgres://db/propusk", "file:///srv/files"},
		{"s3://k:s@bucket?endpoint=https://s3.example.ru", "postgres://db/propusk", "s3://k:s@bucket?endpoint=https://s3.example.ru"},
	} {
		if got, err := blobURL(tt.address, tt.database); err != nil || got != tt.want {
			t.Errorf("%q over %q: %q, %v, want %q", tt.address, tt.database, got, err, tt.want)
		}
	}
}
