package main

import (
	"testing"

	"propusk/cabinet/document"
	"propusk/storage/file"
)

func TestArchiveReceivesWhatTheHouseMakes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		owner string
		kinds file.Kinds
		want  document.Kind
	}{
		{"extract/1", file.PDF, "extract"}, {"extract/1", file.XML, "extract"}, {"extract/1", file.Signature, ""}, {"extract/1", file.ZIP, ""},
		{"filing/1/receipts", file.XML, "certificate"}, {"filing/1", file.XML, ""}, {"document/1", file.PDF, ""}, {"upload/1", file.Part, ""},
		{"request/1", file.PDF, ""},
	} {
		if got, ok := received(tt.owner, file.File{MediaType: tt.kinds.MediaType()}); got != tt.want || ok != (tt.want != "") {
			t.Errorf("%s, %s: %q, %t", tt.owner, tt.kinds, got, ok)
		}
	}
}
