package document_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"propusk/cabinet/cabinettest"
	"propusk/cabinet/document"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/file/filetest"
	"propusk/storage/storagetest"
)

const kib = 1 << 10

// archive is a ZIP of about n bytes that does not pack.
func archive(n int) []byte {
	noise := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(noise)
	return filetest.ZIP(filetest.Entry{Name: "noise.txt", Content: string(noise)})
}

func digest(p []byte) string {
	sum := sha256.Sum256(p)
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

func hexSum(p []byte) string {
	sum := sha256.Sum256(p)
	return hex.EncodeToString(sum[:])
}

// began is an upload in pieces by the office's administrator.
type began struct {
	w     *world
	path  string
	token string
}

func (w *world) begin(o *cabinettest.Office, body string) *began {
	w.t.Helper()
	u := &began{w: w, token: w.Token(o, directory.Administrator)}
	got := w.Expect(w.Do("POST", "/v1/documents/uploads", u.token, body), 201, "")
	u.path = got.Header.Get("Location")
	if got.Header.Get("Upload-Offset") != "0" || got.Header.Get("Upload-Limit") != "max-append-size=16777216, min-append-size=262144" {
		w.t.Errorf("headers %v", got.Header)
	}
	return u
}

func (u *began) send(offset int, piece []byte, headers ...string) cabinettest.Reply {
	u.w.t.Helper()
	headers = append([]string{"Content-Type", "application/partial-upload", "Upload-Offset", fmt.Sprint(offset)}, headers...)
	return u.w.Do("PATCH", u.path, u.token, piece, headers...)
}

func (u *began) finish() cabinettest.Reply {
	u.w.t.Helper()
	return u.w.Do("POST", u.path+"/finish", u.token, nil)
}

func (u *began) offset() string {
	u.w.t.Helper()
	return u.w.Do("HEAD", u.path, u.token, nil).Header.Get("Upload-Offset")
}

func TestLargeFileComesInPieces(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		a := w.Office("Alpha")
		content := archive(700 * kib)
		u := w.begin(a, fmt.Sprintf(`{"file_name":"Архив.zip","size":%d,"type":"archive","description":"За год","sha256":"%s"}`, len(content), hexSum(content)))
		w.Expect(u.finish(), 409, "document_unfinished")
		for at := 0; at < len(content); at += 256 * kib {
			if u.offset() != fmt.Sprint(at) {
				t.Fatalf("it stands at %s, want %d", u.offset(), at)
			}
			piece := content[at:min(at+256*kib, len(content))]
			w.Expect(u.send(at, piece, "Content-Digest", digest(piece)), 204, "")
		}
		var state struct {
			Offset, Size int64
			Complete     bool
		}
		w.Expect(w.Do("GET", u.path, u.token, nil), 200, "").Into(t, &state)
		if !state.Complete || state.Offset != int64(len(content)) {
			t.Errorf("%+v", state)
		}
		var v view
		w.Expect(u.finish(), 201, "").Into(t, &v)
		if v.Name != "Архив" || v.Type != "archive" || v.Description != "За год" || v.File.SHA256 != hexSum(content) || v.File.MediaType != "application/zip" {
			t.Errorf("%+v", v)
		}
		if got := w.Do("GET", "/v1/documents/"+v.ID+"/content", u.token, nil); got.Text != string(content) {
			t.Error("other bytes came back")
		}
		w.Expect(u.finish(), 404, "not_found")
		w.Clock.Advance(25 * time.Hour)
		_, err := w.files.Sweep(t.Context())
		must(t, err)
		var n int
		must(t, db.Get(t.Context(), &n, `SELECT COUNT(*) FROM files`))
		if n != 1 {
			t.Errorf("%d files are left, want the whole alone", n)
		}
	})
}

func TestPieceMustFitWhereItIsPut(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		a := w.Office("Alpha", directory.Operator)
		content := archive(600 * kib)
		u := w.begin(a, fmt.Sprintf(`{"file_name":"a.zip","size":%d,"type":"archive"}`, len(content)))
		first := content[:300*kib]
		for offset, want := range map[int]string{1: "0", len(content): "0", 1 << 40: "0"} {
			if got := w.Expect(u.send(offset, first), 409, "document_offset"); got.Header.Get("Upload-Offset") != want {
				t.Errorf("at %d: told %q", offset, got.Header.Get("Upload-Offset"))
			}
		}
		w.Expect(u.send(0, first, "Content-Digest", digest(content)), 422, "document_digest")
		w.Expect(u.send(0, first[:1000]), 422, "document_piece")
		w.Expect(u.send(0, nil), 422, "document_piece")
		w.Expect(u.send(0, append(bytes.Clone(content), 'x')), 422, "document_piece")
		w.Expect(u.send(0, first, "Content-Type", "text/plain"), 415, "content_type_unsupported")
		w.Expect(u.send(0, first, "Upload-Offset", "-1"), 400, "document_offset_missing")
		w.Expect(u.send(0, first, "Upload-Offset", "0x0"), 400, "document_offset_missing")
		w.Expect(u.send(0, first, "Upload-Offset", "9999999999999999999999"), 400, "document_offset_missing")
		for _, malformed := range []string{"sha-256=abc", "sha-256=:abc:", "sha-256=::", "sha-256=:" + base64.StdEncoding.EncodeToString([]byte("x")) + ":"} {
			w.Expect(u.send(0, first, "Content-Digest", malformed), 400, "document_digest_malformed")
		}
		if u.offset() != "0" {
			t.Errorf("it moved to %s", u.offset())
		}
		w.Expect(u.send(0, first, "Content-Digest", "sha-512=:x:, "+digest(first)), 204, "")
		w.Expect(u.send(0, first), 409, "document_offset") // the same again, after a lost answer
		if u.offset() != fmt.Sprint(300*kib) {
			t.Errorf("it stands at %s", u.offset())
		}
		colleague := w.Token(a, directory.Operator)
		w.Expect(w.Do("GET", u.path, colleague, nil), 404, "not_found")
		w.Expect(w.Do("DELETE", u.path, colleague, nil), 404, "not_found")
		w.Expect(w.Do("DELETE", u.path, u.token, nil), 204, "")
		w.Expect(u.send(300*kib, content[300*kib:]), 404, "not_found")
		w.Expect(w.Do("DELETE", u.path, u.token, nil), 404, "not_found")
	})
}

// TestOfTwoPiecesAtOnePlaceOneIsTaken: the loser is told where to go on.
func TestOfTwoPiecesAtOnePlaceOneIsTaken(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		a := w.Office("Alpha")
		actor := directory.Actor{PersonID: a.Admin.ID, ClientID: cabinettest.Client}
		content := archive(500 * kib)
		u, err := w.documents.BeginUpload(t.Context(), actor, a.ID, int64(len(content)), document.UploadRequest{NewDocument: document.NewDocument{Kind: "archive"}, FileName: "a.zip"})
		must(t, err)
		var taken, told atomic.Int64
		var racers sync.WaitGroup
		for range 8 {
			racers.Go(func() {
				_, err := w.documents.Append(context.Background(), actor, a.ID, u.ID, 0, "", bytes.NewReader(content[:256*kib]))
				if wrong, ok := errors.AsType[*document.OffsetError](err); ok && wrong.Received == 256*kib {
					told.Add(1)
				} else if err == nil {
					taken.Add(1)
				} else {
					t.Error(err)
				}
			})
		}
		racers.Wait()
		if taken.Load() != 1 || told.Load() != 7 {
			t.Errorf("%d were taken, %d told", taken.Load(), told.Load())
		}
		_, err = w.documents.Append(t.Context(), actor, a.ID, u.ID, 256*kib, "", bytes.NewReader(content[256*kib:]))
		must(t, err)
		doc, err := w.documents.Finish(t.Context(), actor, a.ID, u.ID)
		if must(t, err); doc.SHA256 != hexSum(content) {
			t.Error("the pieces do not make the whole")
		}
	})
}

// The whole is judged as any file is: pieces are no way around it.
func TestPiecesAreJudgedWhenTheyAreWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a := w.Office("Alpha")
	program := append([]byte("MZ\x90\x00\x03\x00\x00\x00"), make([]byte, 300*kib)...)
	u := w.begin(a, fmt.Sprintf(`{"file_name":"a.zip","size":%d,"type":"archive"}`, len(program)))
	w.Expect(u.send(0, program), 204, "")
	w.Expect(u.finish(), 422, "file_dangerous")
	content := archive(10 * kib)
	u = w.begin(a, fmt.Sprintf(`{"file_name":"a.zip","size":%d,"type":"archive","sha256":"%s"}`, len(content), hexSum(program)))
	w.Expect(u.send(0, content), 204, "")
	w.Expect(u.finish(), 422, "document_digest")
	if len(w.list(a, "")) != 0 {
		t.Error("a document came of it")
	}
}

func TestUploadInPiecesBecomesAVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t))
	a, b := w.Office("Alpha"), w.Office("Beta")
	d, other := w.pdf(a), w.pdf(b)
	content := filetest.PDF("second")
	body := `{"file_name":"2.pdf","size":%d,"document_id":"%s","note":"второй","type":"archive"}`
	u := w.begin(a, fmt.Sprintf(body, len(content), d.ID))
	w.Expect(u.send(0, content), 204, "")
	var v view
	w.Expect(u.finish(), 201, "").Into(t, &v)
	if v.ID != d.ID || v.Version != 2 || v.Type != "contract" {
		t.Errorf("%+v", v)
	}
	w.Expect(w.Do("POST", "/v1/documents/uploads", u.token, fmt.Sprintf(body, 10, other.ID)), 422, "validation_failed")
	w.Expect(w.Do("POST", "/v1/documents/uploads", u.token, fmt.Sprintf(body, 11<<20, d.ID)), 413, "file_too_large") // a contract's limit
}

func TestUploadRefusesWhatItCannotBecome(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storagetest.SQLite(t), func(d *document.Deps) { d.Largest = 50 << 20 })
	a := w.Office("Alpha")
	token := w.Token(a, directory.Administrator)
	for body, fault := range map[string]string{
		`{"size":1}`: "/file_name required", `{"file_name":"a"}`: "/size out_of_range", `{"file_name":"a","size":-1}`: "/size out_of_range",
		`{"file_name":"a","size":1,"type":"x"}`: "/type invalid", `{"file_name":"a","size":1,"sha256":"x"}`: "/sha256 format",
		`{"file_name":"a","size":1,"sha256":"` + strings.Repeat("A", 64) + `"}`: "/sha256 format",
		`{"file_name":"a","size":1,"document_id":"x"}`:                          "/document_id format",
		`{"file_name":"` + strings.Repeat("a", 1001) + `","size":1}`:            "/file_name too_long",
		`{"file_name":"a","size":1,"note":"` + strings.Repeat("a", 2001) + `"}`: "/note too_long",
	} {
		p := w.Expect(w.Do("POST", "/v1/documents/uploads", token, body), 422, "validation_failed").Problem(t)
		if got := p.Errors[0].Pointer + " " + p.Errors[0].Code; got != fault {
			t.Errorf("%s: %s", body, got)
		}
	}
	for body, status := range map[string]int{
		`{"file_name":"a","size":52428800}`: 201, `{"file_name":"a","size":52428801}`: 413, `{"file_name":"a","size":5242881,"type":"charter"}`: 413,
	} {
		if got := w.Do("POST", "/v1/documents/uploads", token, body); got.StatusCode != status {
			t.Errorf("%s: %s", body, got.Text)
		}
	}
	for range 19 {
		w.Expect(w.Do("POST", "/v1/documents/uploads", token, `{"file_name":"a","size":1}`), 201, "")
	}
	w.Expect(w.Do("POST", "/v1/documents/uploads", token, `{"file_name":"a","size":1}`), 409, "document_uploads_many")
}

func TestUploadExpiresWithItsPieces(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		a := w.Office("Alpha")
		content := archive(600 * kib)
		u := w.begin(a, fmt.Sprintf(`{"file_name":"a.zip","size":%d,"type":"archive"}`, len(content)))
		w.Clock.Advance(23 * time.Hour)
		u.token = w.Token(a, directory.Administrator)
		w.Expect(u.send(0, content[:300*kib]), 204, "") // the time begins anew
		w.Clock.Advance(23 * time.Hour)
		must(t, w.documents.Expire(t.Context()))
		u.token = w.Token(a, directory.Administrator)
		if u.offset() != fmt.Sprint(300*kib) {
			t.Fatal("it expired too early")
		}
		w.Clock.Advance(time.Hour)
		u.token = w.Token(a, directory.Administrator)
		w.Expect(u.send(300*kib, content[300*kib:]), 404, "not_found")
		must(t, w.documents.Expire(t.Context()))
		if used, err := w.files.Used(t.Context(), a.ID); err != nil || used != 0 {
			t.Errorf("%d bytes of it are left: %v", used, err)
		}
	})
}

// FuzzUploadProtocol sends pieces at any offsets, in any order, some of them cut:
// what is finished is the file, whatever came before.
func FuzzUploadProtocol(f *testing.F) {
	f.Add([]byte{0, 255, 1, 255, 2, 255})
	f.Add([]byte{2, 255, 1, 9, 0, 255, 0, 255, 1, 255})
	f.Add([]byte{})
	db := storagetest.SQLite(f)
	w := newWorld(f, db)
	a := w.Office("Alpha")
	actor := directory.Actor{PersonID: a.Admin.ID, ClientID: cabinettest.Client}
	content := archive(700 * kib)
	const size = 256 * kib
	f.Fuzz(func(t *testing.T, script []byte) {
		ctx := t.Context()
		u, err := w.documents.BeginUpload(ctx, actor, a.ID, int64(len(content)), document.UploadRequest{
			NewDocument: document.NewDocument{Kind: "archive"}, FileName: "a.zip", SHA256: hexSum(content),
		})
		must(t, err)
		for pair := range slices.Chunk(script[:min(len(script), 16)], 2) {
			if len(pair) < 2 {
				break
			}
			at := min(int(pair[0])*size, len(content))
			piece := content[at:min(at+size, len(content))]
			piece = piece[:len(piece)*int(pair[1])/255]
			before := u.Received
			next, err := w.documents.Append(ctx, actor, a.ID, u.ID, int64(at), "", bytes.NewReader(piece))
			switch {
			case err == nil && (int64(at) != before || next.Received != before+int64(len(piece))):
				t.Fatalf("a piece of %d at %d was taken at %d", len(piece), at, before)
			case err == nil:
				u = next
			}
		}
		doc, err := w.documents.Finish(ctx, actor, a.ID, u.ID)
		switch {
		case u.Received < u.Size && !errors.Is(err, document.ErrUnfinished):
			t.Fatalf("finished at %d: %v", u.Received, err)
		case u.Received == u.Size && (err != nil || doc.SHA256 != hexSum(content)):
			t.Fatalf("not finished: %v", err)
		}
		if err != nil {
			must(t, w.documents.Abandon(ctx, actor, a.ID, u.ID))
		}
	})
}

// FuzzForm: whatever the body is, the answer is one of the documented ones and never
// our own fault.
func FuzzForm(f *testing.F) {
	body, contentType := form([]string{"type", "act", "valid_until", "2026-12-31"}, upload{"a.pdf", filetest.PDF("x")}, upload{"b.zip", filetest.ZIP(filetest.Entry{Name: "a", Content: "b"})})
	f.Add(body, contentType)
	f.Add(body[:len(body)/2], contentType)
	f.Add([]byte("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"..\\..\\a\"\r\n\r\nx\r\n--x--"), "multipart/form-data; boundary=x")
	f.Add([]byte("--x\r\nContent-Disposition: form-data; name=file\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=4D=5A\r\n--x--"), "multipart/form-data; boundary=x")
	f.Add([]byte{}, "multipart/form-data; boundary=\"\"")
	w := newWorld(f, storagetest.SQLite(f))
	a := w.Office("Alpha")
	token := w.Token(a, directory.Administrator)
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		if strings.ContainsAny(contentType, "\r\n\x00") {
			return
		}
		got := w.Send(cabinettest.Request(t, "POST", "/v1/documents", token, body, "Content-Type", contentType))
		if !slices.Contains([]int{201, 207, 400, 413, 415, 422}, got.StatusCode) {
			t.Fatalf("status %d: %s", got.StatusCode, got.Text)
		}
	})
}
