package document_test

import (
	"context"
	"strings"
	"testing"

	"propusk/cabinet/document"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/storagetest"
)

// What another room made is read under that room's own right, here as there: the
// limits of a power of attorney for extracts are not got around by the archive.
func TestADocumentOfAnotherRoomIsReadUnderThatRoomsRight(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a := w.Office("Alpha")
	admin := w.Token(a, directory.Administrator)
	content := archive(1 * kib)
	saved, err := w.files.SaveOurs(t.Context(), a.ID, "extract.zip", file.ZIP, 1<<20, strings.NewReader(string(content)))
	must(t, err)
	made := storage.NewID()
	id, err := w.documents.Receive(t.Context(), a.ID, "extract/"+made, document.NewDocument{Kind: "extract"}, saved.ID)
	must(t, err)
	path := "/v1/documents/" + id
	refused := false
	w.documents.Guard("extract/", func(_ context.Context, actor directory.Actor, organisationID, of string) error {
		if of != made || organisationID != a.ID || actor.PersonID == "" {
			t.Errorf("asked about %s of %s for %q", of, organisationID, actor.PersonID)
		}
		if refused {
			return directory.ErrPowerExceeded
		}
		return nil
	})
	w.Expect(w.Do("GET", path, admin, nil), 200, "")
	refused = true
	for _, read := range []string{"", "/content", "/container", "/versions", "/signatures", "/shares"} {
		w.Expect(w.Do("GET", path+read, admin, nil), 403, "power_exceeded")
	}
	w.Expect(w.Do("POST", path+"/shares", admin, map[string]any{"recipient": "stranger@example.ru"}), 403, "power_exceeded")
	if list := w.Expect(w.Do("GET", "/v1/documents", admin, nil), 200, ""); strings.Contains(list.Text, id) {
		t.Errorf("listed: %s", list.Text)
	}
}
