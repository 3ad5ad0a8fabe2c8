package pdf

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// builder writes a PDF of one page, with more in its catalogue, its page and
// beside them.
type builder struct {
	catalog, page, more, content string
	compressed                   bool
}

func (b builder) bytes() []byte {
	if b.content == "" {
		b.content = "BT /F1 12 Tf (Ustav) Tj ET"
	}
	stream, filter := []byte(b.content), ""
	if b.compressed {
		stream, filter = pack(stream), "/Filter /FlateDecode "
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "%%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R %s >>\nendobj\n", b.catalog)
	fmt.Fprintf(&out, "2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n")
	fmt.Fprintf(&out, "3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R %s >>\nendobj\n", b.page)
	fmt.Fprintf(&out, "4 0 obj\n<< %s/Length %d >>\nstream\n%s\nendstream\nendobj\n%s\n", filter, len(stream), stream, b.more)
	fmt.Fprintf(&out, "trailer\n<< /Root 1 0 R /Size 5 >>\nstartxref\n0\n%%%%EOF\n")
	return out.Bytes()
}

func pack(plain []byte) []byte {
	var packed bytes.Buffer
	w := zlib.NewWriter(&packed)
	_, _ = w.Write(plain)
	_ = w.Close()
	return packed.Bytes()
}

// hidden is an object stream that holds the value as object 9.
func hidden(value, parameters string, change func([]byte) []byte) string {
	plain := []byte("9 0 " + value)
	if change != nil {
		plain = change(plain)
	}
	stream := pack(plain)
	return fmt.Sprintf("8 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode %s/Length %d >>\nstream\n%s\nendstream\nendobj", parameters, len(stream), stream)
}

func code(err error) string {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f.Code
	}
	return ""
}

func TestOrdinaryPDFIsTaken(t *testing.T) {
	t.Parallel()
	for name, b := range map[string]builder{
		"plain":                {},
		"compressed":           {compressed: true},
		"a link":               {page: "/Annots [<< /Subtype /Link /Rect [0 0 1 1] /F 2 /A << /S /URI /URI (https://nalog.example) >> >>]"},
		"opens on a page":      {catalog: "/OpenAction [3 0 R /Fit]"},
		"visible layers":       {catalog: "/OCProperties << /OCGs [7 0 R] /D << /Order [7 0 R] /ON [7 0 R] /OFF [] >> >>"},
		"an appearance":        {page: "/Annots [<< /Subtype /Widget /Rect [0 0 1 1] /F 4 /AS /Off >>]"},
		"a scan":               {content: "q 595 0 0 842 0 0 cm /Im0 Do Q"},
		"content in pieces":    {page: "/Contents [4 0 R]"},
		"objects in a stream":  {more: hidden("<< /Type /Font >>", "", nil)},
		"bytes like an object": {more: "6 0 obj\n<< /Length 12 >>\nstream\n7 0 obj <<((\nendstream\nendobj"},
	} {
		if err := Check(b.bytes()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Row 117, and how each thing is hidden from who looks for its name only.
func TestWhatHidesOrActsIsRefused(t *testing.T) {
	t.Parallel()
	script := "<< /S /JavaScript /JS (app.alert\\(1\\)) >>"
	for name, test := range map[string]struct {
		builder
		code string
	}{
		"script at opening":                {builder{catalog: "/OpenAction " + script}, "script"},
		"script by an escaped name":        {builder{catalog: "/OpenAction << /S /J#61v#61Script /J#53 (x) >>"}, "script"},
		"script by reference":              {builder{catalog: "/OpenAction 7 0 R", more: "7 0 obj\n<< /S 8 0 R >>\nendobj\n8 0 obj\n/JavaScript\nendobj"}, "script"},
		"script that nothing refers to":    {builder{more: "7 0 obj\n" + script + "\nendobj"}, "script"},
		"script in an object stream":       {builder{more: hidden(script, "", nil)}, "script"},
		"script inside a stream's bytes":   {builder{more: "7 0 obj\n<< /Length 60 >>\nstream\n9 0 obj " + script + " endobj\nendstream\nendobj"}, "script"},
		"script after a wrong length":      {builder{more: "7 0 obj\n<< /Length 9999 >>\nstream\nx\nendstream\nendobj\n9 0 obj\n" + script + "\nendobj"}, "script"},
		"script in an old version":         {builder{more: "7 0 obj\n" + script + "\nendobj\n7 0 obj\nnull\nendobj"}, "script"},
		"a name given twice":               {builder{catalog: "/OpenAction << /S /GoTo /S /Launch >>"}, "action"},
		"script in a comment's shadow":     {builder{catalog: "/OpenAction %\n" + script}, "script"},
		"script in the name tree":          {builder{catalog: "/Names << /JavaScript 7 0 R >>"}, "script"},
		"launch":                           {builder{page: "/Annots [<< /Subtype /Link /Rect [0 0 1 1] /A << /S /Launch /F (cmd.exe) >> >>]"}, "action"},
		"a form that is sent":              {builder{page: "/Annots [<< /Subtype /Widget /A << /S /SubmitForm >> >>]"}, "action"},
		"additional actions":               {builder{page: "/AA << /O << /S /GoTo >> >>"}, "action"},
		"embedded files":                   {builder{catalog: "/Names << /EmbeddedFiles << /Names [] >> >>"}, "attachment"},
		"a file in an annotation":          {builder{page: "/Annots [<< /Subtype /FileAttachment /Rect [0 0 1 1] >>]"}, "attachment"},
		"a file specification":             {builder{more: "7 0 obj\n<< /Type /Filespec /EF << /F 9 0 R >> >>\nendobj"}, "attachment"},
		"a portfolio":                      {builder{catalog: "/Collection << >>"}, "attachment"},
		"another file":                     {builder{catalog: "/OpenAction << /S /GoToE >>"}, "attachment"},
		"video":                            {builder{page: "/Annots [<< /Subtype /RichMedia /Rect [0 0 1 1] >>]"}, "media"},
		"sound":                            {builder{catalog: "/OpenAction << /S /Sound >>"}, "media"},
		"a dynamic form":                   {builder{catalog: "/AcroForm << /XFA [] >>"}, "form"},
		"a layer that is off":              {builder{catalog: "/OCProperties << /OCGs [7 0 R] /D << /OFF [7 0 R] >> >>"}, "layers"},
		"all layers off":                   {builder{catalog: "/OCProperties << /D << /BaseState /OFF >> >>"}, "layers"},
		"layers by event":                  {builder{catalog: "/OCProperties << /D << /AS [<< /Event /Print /Category [/Print] >>] >> >>"}, "layers"},
		"another configuration":            {builder{catalog: "/OCProperties << /D << >> /Configs [<< /OFF [] >>] >>"}, "layers"},
		"a switch of layers":               {builder{catalog: "/OpenAction << /S /SetOCGState >>"}, "layers"},
		"a hidden annotation":              {builder{page: "/Annots [<< /Subtype /FreeText /Rect [0 0 1 1] /F 2 >>]"}, "layers"},
		"an annotation not for view":       {builder{page: "/Annots [<< /Subtype /Stamp /Rect [0 0 1 1] /F 32 >>]"}, "layers"},
		"encrypted":                        {builder{more: "trailer\n<< /Encrypt 7 0 R >>"}, "encrypted"},
		"a blank page":                     {builder{content: "q Q"}, "blank"},
		"an object stream of another kind": {builder{more: "8 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /ASCIIHexDecode /Length 2 >>\nstream\n00\nendstream\nendobj"}, "unreadable"},
		"an object stream elsewhere":       {builder{more: "8 0 obj\n<< /Type /ObjStm /N 1 /First 4 /F (x) /Length 2 >>\nstream\n00\nendstream\nendobj"}, "unreadable"},
	} {
		if got := code(Check(test.bytes())); got != test.code {
			t.Errorf("%s: %q, want %q", name, got, test.code)
		}
	}
}

func TestDamagedAndGluedFilesAreRefused(t *testing.T) {
	t.Parallel()
	good := builder{}.bytes()
	for name, test := range map[string]struct {
		data []byte
		code string
	}{
		"nothing":                     {nil, "header"},
		"something before":            {append([]byte("GIF89a"), good...), "header"},
		"something after":             {append(bytes.Clone(good), "PK\x03\x04"...), "tail"},
		"much white after":            {append(bytes.Clone(good), bytes.Repeat([]byte("\n"), 200)...), "tail"},
		"cut":                         {good[:len(good)-20], "tail"},
		"no pages":                    {[]byte("%PDF-1.4\n1 0 obj\n<< >>\nendobj\n%%EOF"), "no_pages"},
		"a bomb":                      {builder{more: hidden("["+strings.Repeat(" ", 40<<20)+"]", "", nil)}.bytes(), "too_complex"},
		"nesting":                     {builder{more: "7 0 obj\n" + strings.Repeat("[", 5000) + "\nendobj"}.bytes(), "too_complex"},
		"content that cannot be read": {bytes.Replace(builder{more: "7 0 obj\n<< /Filter /LZWDecode /Length 1 >>\nstream\nx\nendstream\nendobj"}.bytes(), []byte("/Contents 4"), []byte("/Contents 7"), 1), "unreadable"},
		"a wrong object count":        {builder{more: strings.Replace(hidden("<< >>", "", nil), "/N 1", "/N 7", 1)}.bytes(), "unreadable"},
	} {
		if got := code(Check(test.data)); got != test.code {
			t.Errorf("%s: %q, want %q", name, got, test.code)
		}
	}
}

// A predictor (ISO 32000-1 §7.4.4.4) hides nothing.
func TestObjectStreamBehindAPredictorIsRead(t *testing.T) {
	t.Parallel()
	script := "<< /S /JavaScript /JS (x) >>"
	for filter := byte(0); filter <= 4; filter++ {
		more := hidden(script, "/DecodeParms << /Predictor 12 /Columns 4 >> ", func(plain []byte) []byte { return predicted(plain, 4, filter) })
		if got := code(Check(builder{more: more}.bytes())); got != "script" {
			t.Errorf("filter %d: %q", filter, got)
		}
	}
	more := hidden(script, "/DecodeParms << /Predictor 2 >> ", nil)
	if got := code(Check(builder{more: more}.bytes())); got != "unreadable" {
		t.Errorf("TIFF's predictor: %q", got)
	}
}

// predicted applies a PNG filter to rows of so many bytes.
func predicted(plain []byte, columns int, filter byte) []byte {
	for len(plain)%columns != 0 {
		plain = append(plain, ' ')
	}
	var out []byte
	before := make([]byte, columns)
	for at := 0; at < len(plain); at += columns {
		row := plain[at : at+columns]
		out = append(out, filter)
		for i := range row {
			var left, corner byte
			if i > 0 {
				left, corner = row[i-1], before[i-1]
			}
			guess := []byte{0, left, before[i], byte((int(left) + int(before[i])) / 2), paeth(left, before[i], corner)}[filter]
			out = append(out, row[i]-guess)
		}
		before = row
	}
	return out
}

// An attacker's file costs no more than an honest one of its size.
func TestWorkIsBoundedByTheSizeOfTheFile(t *testing.T) {
	t.Parallel()
	const size = 512 << 10 // read to the end from each beginning, it would be gigabytes
	for beginning, code := range map[string]string{
		"1 0 obj(": "too_complex", "1 0 obj%": "too_complex", "1 0 ": "no_pages", "1 0 obj<<>>stream ": "too_complex",
	} {
		data := []byte("%PDF-1.4\n" + strings.Repeat(beginning, size/len(beginning)) + "\n%%EOF")
		if err := Check(data); err == nil || !strings.Contains(err.Error(), code) {
			t.Errorf("%q again and again: %v, want %s", beginning, err, code)
		}
	}
}

// FuzzCheck: whatever the bytes, an answer comes, and what is taken has a page.
func FuzzCheck(f *testing.F) {
	f.Add(builder{}.bytes())
	f.Add(builder{compressed: true, more: hidden("<< /A [1 0 R (x) <41>] >>", "", nil)}.bytes())
	f.Add(builder{catalog: "/OpenAction << /S /JavaScript /JS (x) >>"}.bytes())
	f.Add([]byte("%PDF-1.4\n1 0 obj<</a(\\)/b<4>>>stream\n%%EOF"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := Check(data); err == nil && !bytes.Contains(data, []byte("obj")) {
			t.Error("taken without an object")
		}
	})
}
