package document_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"propusk/cabinet/api"
	"propusk/cabinet/cabinettest"
	"propusk/idp/directory"
	"propusk/signature/signaturetest"
	"propusk/storage"
	"propusk/storage/file/filetest"
	"propusk/storage/storagetest"
)

// TestNothingOfAnotherOrganisationOnAnyRoute: every route as every role, on the own
// and on another organisation's documents.
func TestNothingOfAnotherOrganisationOnAnyRoute(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		aim := &aiming{
			w: w, gamma: w.Office("Gamma"), holders: map[string]signaturetest.Holder{}, documents: map[string]string{},
			signatures: map[string]string{}, shares: map[string]string{},
		}
		cabinettest.Isolation(t, w.World, w.room, aim.at, map[string]string{
			"GET /v1/documents/links/{token}":        "the secret decides, and this one is nobody's",
			"POST /v1/documents/links/{token}":       "the secret decides, and this one is nobody's",
			"GET /v1/documents/uploads/{id}":         "an upload is its maker's alone, whatever the role",
			"PATCH /v1/documents/uploads/{id}":       "an upload is its maker's alone, whatever the role",
			"DELETE /v1/documents/uploads/{id}":      "an upload is its maker's alone, whatever the role",
			"POST /v1/documents/uploads/{id}/finish": "an upload is its maker's alone, whatever the role",
			"POST /v1/documents/uploads":             "an organisation has twenty unfinished ones at most",
			"POST /v1/documents/{id}/signatures":     "the certificate must be the organisation's",
		})
	})
}

// aiming makes what a request of the isolation test is about.
type aiming struct {
	w       *world
	gamma   *cabinettest.Office
	holders map[string]signaturetest.Holder
	// kept are the document, its signature and the share of an office that requests
	// share which do not use them up.
	documents, signatures, shares map[string]string
	n                             int
}

func (a *aiming) at(route api.Route, o *cabinettest.Office) (string, any, []string) {
	a.n++
	name := route.Method + " " + strings.TrimPrefix(route.Path, "/v1/documents")
	path := route.Path
	switch {
	case strings.Contains(path, "/incoming/{id}"):
		path = strings.Replace(path, "{id}", kept(a.shares, o, route.Method == "GET", a.received), 1)
	case strings.Contains(path, "/uploads/{id}"):
		path = strings.Replace(path, "{id}", storage.NewID(), 1)
	case strings.Contains(path, "{id}"):
		path = a.document(name, path, o)
	case strings.Contains(path, "{token}"):
		path = strings.Replace(path, "{token}", strings.Repeat("A", 43), 1)
	case name == "GET ":
		path += "?q=" + o.Tag
	}
	body, headers := a.body(name, o)
	return path, body, headers
}

// kept makes a thing of the office once, or anew where it is used up.
func kept(known map[string]string, o *cabinettest.Office, again bool, build func(*cabinettest.Office) string) string {
	if id, ok := known[o.ID]; ok && again {
		return id
	}
	known[o.ID] = build(o)
	return known[o.ID]
}

// document puts one into the path, with what else the path names of it.
func (a *aiming) document(name, path string, o *cabinettest.Office) string {
	w, token := a.w, a.w.Token(o, directory.Administrator)
	usesUp := name == "DELETE /{id}" || name == "POST /{id}/signatures" || strings.HasSuffix(name, "/restore")
	if strings.HasPrefix(name, "GET /{id}/signatures") {
		signature := kept(a.signatures, o, true, func(o *cabinettest.Office) string {
			id := w.pdf(o).ID
			w.Expect(w.sign("/v1/documents/"+id+"/signatures", token, a.holder(o).Sign(w.t, filetest.PDF("contract "+o.Tag))), http.StatusCreated, "")
			return id + "/" + w.get(o, directory.Administrator, id).SignatureList[0].ID
		})
		id, which, _ := strings.Cut(signature, "/")
		return strings.NewReplacer("{id}", id, "{signature}", which).Replace(path)
	}
	id := kept(a.documents, o, !usesUp, func(o *cabinettest.Office) string { return w.pdf(o).ID })
	path = strings.Replace(path, "{id}", id, 1)
	switch name {
	case "POST /{id}/versions/{number}/restore":
		w.Expect(w.post("/v1/documents/"+id+"/versions", token, nil, upload{"b.pdf", filetest.PDF("second")}), http.StatusCreated, "")
		path = strings.Replace(path, "{number}", "1", 1)
	case "DELETE /{id}/shares/{share}":
		path = strings.Replace(path, "{share}", w.share(o, id, `{"recipient":"`+a.gamma.INN+`"}`).ID, 1)
	case "PATCH /{id}", "POST /{id}/versions", "POST /{id}/shares":
		w.Expect(w.Do("POST", "/v1/documents/"+id+"/unarchive", token, nil), http.StatusOK, "")
	}
	return path
}

// received hands a document of Gamma to the office and returns the share.
func (a *aiming) received(o *cabinettest.Office) string {
	d := a.w.add(a.gamma, directory.Administrator, "Для "+o.Tag+".pdf", filetest.PDF("for "+o.Tag))
	return a.w.share(a.gamma, d.ID, `{"recipient":"`+o.INN+`","signature_requested":true}`).ID
}

func (a *aiming) holder(o *cabinettest.Office) signaturetest.Holder {
	if _, ok := a.holders[o.ID]; !ok {
		a.holders[o.ID] = a.w.holder(o)
	}
	return a.holders[o.ID]
}

func (a *aiming) body(name string, o *cabinettest.Office) (any, []string) {
	switch name {
	case "POST ", "POST /{id}/versions":
		body, contentType := form(nil, upload{"new.pdf", filetest.PDF(fmt.Sprint("new ", a.n))})
		return body, []string{"Content-Type", contentType}
	case "PATCH /{id}":
		return `{"description":"проверено"}`, nil
	case "POST /{id}/signatures":
		return map[string]any{"signature": a.holder(o).Sign(a.w.t, filetest.PDF("contract "+o.Tag))}, nil
	case "POST /incoming/{id}/signatures":
		return map[string]any{"signature": a.holder(o).Sign(a.w.t, filetest.PDF("for "+o.Tag))}, nil
	case "POST /{id}/shares":
		return `{"recipient":"` + a.gamma.INN + `"}`, nil
	case "POST /uploads":
		return `{"file_name":"a.zip","size":1000}`, nil
	case "PATCH /uploads/{id}":
		return "x", []string{"Content-Type", "application/partial-upload", "Upload-Offset", "0"}
	}
	return nil, nil
}

// The lists walk indexes on PostgreSQL.
func TestListsWalkIndexes(t *testing.T) {
	t.Parallel()
	db := storagetest.Postgres(t)
	w := newWorld(t, db)
	a := w.Office("Alpha")
	d := w.pdf(a)
	w.share(a, d.ID, `{"recipient":"`+w.Office("Beta").INN+`"}`)
	for _, statement := range []string{
		`INSERT INTO documents SELECT 'd' || n, organisation_id, CASE WHEN n % 5 = 0 THEN 'act' ELSE kind END, name || n, description, valid_until, status, source,
			search || n, versions, file_id, file_name, media_type, size, sha256, signatures, version, created_by, created_at + n, updated_at, archived_at
			FROM documents, generate_series(1, 20000) n WHERE id = '` + d.ID + `'`,
		`INSERT INTO document_versions SELECT 'd' || n, number, file_id, file_name, media_type, size, sha256, note, restored_from, created_by, created_at
			FROM document_versions, generate_series(1, 20000) n WHERE document_id = '` + d.ID + `'`,
		`INSERT INTO document_shares SELECT 's' || n, 'd' || n, organisation_id, sender_inn, sender_name, 'r' || n % 50, recipient_inn, recipient_name, email,
			link_hash, number, message, signature_requested, expires_at, revoked_at, opened_at, created_by, created_at + n
			FROM document_shares, generate_series(1, 20000) n WHERE document_id = '` + d.ID + `'`,
		`ANALYZE documents`, `ANALYZE document_versions`, `ANALYZE document_shares`,
	} {
		_, err := db.Exec(t.Context(), statement)
		must(t, err)
	}
	for name, query := range w.documents.Plans(a.ID, "r7") {
		var plan []string
		must(t, db.Select(t.Context(), &plan, `EXPLAIN `+query.Text, query.Args...))
		if text := strings.Join(plan, "\n"); strings.Contains(text, "Seq Scan") || strings.Contains(text, "Sort") && name != "shares of a document" {
			t.Errorf("%s:\n%s", name, text)
		}
	}
}
