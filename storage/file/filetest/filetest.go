// Package filetest makes small files of every kind for tests, each whole and
// valid, and a store for them. Only tests may import it.
package filetest

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"log/slog"
	"testing"
	"time"

	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/journal"
)

// Store opens a store in the test's folder, with a key of its own.
func Store(t testing.TB, db *storage.DB, now func() time.Time, changes ...func(*file.Deps)) *file.Store {
	t.Helper()
	blob, err := storage.OpenBlob("file://" + t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := storage.NewSealer(bytes.Repeat([]byte{9}, 32))
	if err != nil {
		t.Fatal(err)
	}
	deps := file.Deps{
		DB: db, Blob: blob, Sealer: sealer, Journal: journal.New(journal.Deps{DB: db, Now: now}), Now: now,
		Log: slog.New(slog.DiscardHandler),
	}
	for _, change := range changes {
		change(&deps)
	}
	store, err := file.New(deps)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// Saved saves content and has owner keep it.
func Saved(t testing.TB, s *file.Store, organisationID, owner, name string, content []byte) file.File {
	t.Helper()
	f, err := s.Save(context.Background(), organisationID, name, ^file.Part, 10<<20, bytes.NewReader(content))
	if err == nil {
		err = s.Keep(context.Background(), organisationID, owner, f.ID)
	}
	if err != nil {
		t.Fatalf("save %s: %v", name, err)
	}
	return f
}

// PDF is one page with a line of ASCII text.
func PDF(text string) []byte {
	var b bytes.Buffer
	stream := fmt.Sprintf("BT /F1 12 Tf 72 720 Td (%s) Tj ET", text)
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(stream), stream),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
	}
	b.WriteString("%PDF-1.7\n")
	places := make([]int, len(objects))
	for i, object := range objects {
		places[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, place := range places {
		fmt.Fprintf(&b, "%010d 00000 n \n", place)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, start)
	return b.Bytes()
}

// PNG is a square of one colour.
func PNG() []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8))) // into memory
	return b.Bytes()
}

// JPEG is a square of one colour.
func JPEG() []byte {
	var b bytes.Buffer
	_ = jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8)), nil) // into memory
	return b.Bytes()
}

// XML is a small document in UTF-8.
func XML(text string) []byte {
	return []byte(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<Файл><Документ>" + text + "</Документ></Файл>\n")
}

// Entry is one file of an archive.
type Entry struct{ Name, Content string }

// ZIP packs entries.
func ZIP(entries ...Entry) []byte {
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	for _, e := range entries {
		w, err := archive.CreateHeader(&zip.FileHeader{Name: e.Name, Method: zip.Deflate})
		if err == nil {
			_, err = io.WriteString(w, e.Content)
		}
		if err != nil {
			panic(err) // into memory
		}
	}
	_ = archive.Close() // into memory
	return b.Bytes()
}

// XLSX is a workbook's skeleton; more entries are added to it.
func XLSX(more ...Entry) []byte {
	return office("xl/workbook.xml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml", more)
}

// DOCX is a text's skeleton; more entries are added to it.
func DOCX(more ...Entry) []byte {
	return office("word/document.xml", "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml", more)
}

func office(part, contentType string, more []Entry) []byte {
	return ZIP(append([]Entry{
		{"[Content_Types].xml", `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/` +
			part + `" ContentType="` + contentType + `"/></Types>`},
		{"_rels/.rels", `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"/>`},
		{part, `<?xml version="1.0"?><root/>`},
	}, more...)...)
}

// CMS is the beginning of a SignedData in DER, enough to be taken for a signature
// and for no verifier to accept.
func CMS() []byte {
	return append([]byte{0x30, 0x0f}, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02, 0xa0, 0x02, 0x30, 0x00)
}
