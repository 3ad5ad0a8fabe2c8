package sandbox

import (
	"bytes"
	"fmt"

	"propusk/cabinet/authority"
)

// resultOf makes the document that an application's result consists of, when the
// rule has none: one page of PDF (ISO 32000-1 §7) in Latin letters.
func resultOf(sub authority.Submission, taken *received, a authority.Answer) (authority.File, bool) {
	if a.Event != authority.Result || sub.Kind != "application" || len(a.Files) > 0 {
		return authority.File{}, false
	}
	return authority.File{
		Name: "rezultat-" + taken.Number + ".pdf", MediaType: "application/pdf",
		Content: onePage("Result of a service (sandbox)", "No. "+taken.Number, "INN "+sub.INN, "Date "+a.At.Time().Format("02.01.2006")),
	}, true
}

// onePage writes lines of ASCII on one page of A4.
func onePage(lines ...string) []byte {
	var text bytes.Buffer
	text.WriteString("BT /F1 14 Tf 72 760 Td 22 TL")
	for _, line := range lines {
		fmt.Fprintf(&text, " (%s) Tj T*", line)
	}
	text.WriteString(" ET")
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", text.Len(), text.String()),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
	}
	var out bytes.Buffer
	out.WriteString("%PDF-1.4\n")
	offsets := make([]int, len(objects))
	for i, object := range objects {
		offsets[i] = out.Len()
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	table := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, offset := range offsets {
		fmt.Fprintf(&out, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&out, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, table)
	return out.Bytes()
}
