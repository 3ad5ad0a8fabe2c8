package paper_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/skip2/go-qrcode"

	"propusk/cabinet/paper"
	"propusk/cabinet/paper/papertest"
	"propusk/storage/storagetest"
)

var claims = map[string]any{"doc": "extract/egrul", "num": "20261122-5C6F0B7F4B11", "inn": "9900000017", "ogrn": "1029900000019", "till": "2026-12-22"}

func TestCodeSaysItsClaimsOfflineAgainstWhatTheSealPublishes(t *testing.T) {
	t.Parallel()
	db := storagetest.SQLite(t)
	now := func() time.Time { return noon }
	p, seal := papertest.New(t, db, now), papertest.Seal(t, db, now)
	code, err := p.Code(claims)
	if err != nil {
		t.Fatal(err)
	}
	if len(code) > 420 {
		t.Errorf("%d characters are many for a QR", len(code))
	}
	answer, err := json.Marshal(seal.Published())
	if err != nil {
		t.Fatal(err)
	}
	set, err := json.Marshal(seal.Published().Keys)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"PEM": seal.PEM(), "the answer of GET /v1/seal": answer, "JWK set": set} {
		trust, err := paper.ParseSeal(text)
		if err != nil {
			t.Fatal(name, err)
		}
		s, err := trust.Read(code)
		if err != nil || s.Issuer != papertest.Issuer || !s.At.Equal(noon) || s.Claims["num"] != claims["num"] || s.Claims["txt"] != nil {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
	published := seal.Published().Keys
	// Anybody's JOSE library verifies it by the JWK.
	jws, err := jose.ParseSignedCompact(code, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := jws.Verify(published.Key(jws.Signatures[0].Protected.KeyID)[0]); err != nil {
		t.Error(err)
	}
}

func TestCodesThatTheSealHasNotSignedAreForged(t *testing.T) {
	t.Parallel()
	p := newPaper(t)
	code, err := p.Code(claims)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(code, ".")
	swap := func(n int, text string) string {
		changed := append([]string{}, parts...)
		changed[n] = base64.RawURLEncoding.EncodeToString([]byte(text))
		return strings.Join(changed, ".")
	}
	other := newPaper(t)
	stranger, err := other.Code(claims)
	if err != nil {
		t.Fatal(err)
	}
	header, _ := base64.RawURLEncoding.DecodeString(parts[0])
	for name, c := range map[string]struct {
		code string
		want error
	}{
		"other claims":       {swap(1, `{"num":"1","iss":"https://id.example.ru","iat":1795338300}`), paper.ErrForged},
		"another service's":  {stranger, paper.ErrForged},
		"alg none":           {swap(0, strings.Replace(string(header), "ES256", "none", 1)), paper.ErrCode},
		"alg HS256":          {swap(0, strings.Replace(string(header), "ES256", "HS256", 1)), paper.ErrCode},
		"alg RS256":          {swap(0, strings.Replace(string(header), "ES256", "RS256", 1)), paper.ErrForged},
		"another purpose":    {swap(0, strings.Replace(string(header), `"paper"`, `"at+jwt"`, 1)), paper.ErrCode},
		"no purpose":         {swap(0, strings.Replace(string(header), `,"typ":"paper"`, "", 1)), paper.ErrCode},
		"no signature":       {parts[0] + "." + parts[1] + ".", paper.ErrForged},
		"two parts":          {parts[0] + "." + parts[1], paper.ErrCode},
		"nothing":            {"", paper.ErrCode},
		"longer than any":    {strings.Repeat("a", 3000), paper.ErrCode},
		"JSON serialisation": {`{"payload":"` + parts[1] + `","signatures":[]}`, paper.ErrCode},
	} {
		if _, err := p.VerifyCode(c.code); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCodeOfAnotherIssuerIsNotTakenForOurs(t *testing.T) {
	t.Parallel()
	db, now := storagetest.SQLite(t), func() time.Time { return noon }
	elsewhere, err := paper.New(paper.Deps{Seal: papertest.Seal(t, db, now), Issuer: "https://other.example.ru", Name: "Другой", Now: now})
	if err != nil {
		t.Fatal(err)
	}
	code, err := elsewhere.Code(claims)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := papertest.New(t, db, now).VerifyCode(code); !errors.Is(err, paper.ErrForged) {
		t.Errorf("%v", err)
	}
}

func TestCodeOfATimeOutsideTheCertificateIsForged(t *testing.T) {
	t.Parallel()
	db := storagetest.SQLite(t)
	at := noon
	p := papertest.New(t, db, func() time.Time { return at })
	for _, when := range []time.Time{noon.AddDate(-1, 0, 0), noon.AddDate(6, 0, 0)} {
		at = when
		code, err := p.Code(claims)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.VerifyCode(code); !errors.Is(err, paper.ErrForged) {
			t.Errorf("%s: %v", when, err)
		}
	}
}

func TestCodesTooLongForAQRAreRefused(t *testing.T) {
	t.Parallel()
	p := newPaper(t)
	if _, err := p.Code(map[string]any{"x": strings.Repeat("a", 2000)}); err == nil {
		t.Error("a code of 2,000 letters was made")
	}
	if _, err := p.Code(map[string]any{"x": func() {}}); err == nil {
		t.Error("a function was signed")
	}
	if _, err := p.PDF(paper.Document{Code: strings.Repeat("a", 4000)}); err == nil {
		t.Error("4,000 letters stand in a QR")
	}
}

func TestIssuedPaperIsBoundToItsCode(t *testing.T) {
	t.Parallel()
	p := newPaper(t)
	issue := func(number string) (paper.Printed, paper.Statement, []byte) {
		d := sample(60)
		d.Number = number
		pdf, code, err := p.Issue(d, claims)
		if err != nil {
			t.Fatal(err)
		}
		read, err := paper.ReadPDF(pdf)
		if err != nil || read.Code != code {
			t.Fatalf("%v: the code is %q, want %q", err, read.Code, code)
		}
		s, err := p.VerifyCode(code)
		if err != nil {
			t.Fatal(err)
		}
		return read, s, pdf
	}
	first, says, pdf := issue("1")
	second, other, _ := issue("2")
	if err := first.Belongs(says); err != nil {
		t.Error(err)
	}
	if err := second.Belongs(says); !errors.Is(err, paper.ErrOtherPaper) {
		t.Errorf("the code of one paper on another: %v", err)
	}
	if err := first.Belongs(other); !errors.Is(err, paper.ErrOtherPaper) {
		t.Errorf("the code of one paper on another: %v", err)
	}
	if plain, err := p.Code(claims); err != nil {
		t.Fatal(err)
	} else if s, _ := p.VerifyCode(plain); !errors.Is(first.Belongs(s), paper.ErrOtherPaper) {
		t.Error("a code that is bound to no text belongs to every paper")
	}
	// The code of another paper put into this file is found out by its text.
	swapped := bytes.Replace(pdf, []byte(first.Code), []byte(second.Code), 1)
	if read, err := paper.ReadPDF(swapped); err == nil {
		s, err := p.VerifyCode(read.Code)
		if err != nil || !errors.Is(read.Belongs(s), paper.ErrOtherPaper) {
			t.Errorf("a swapped code: %v", err)
		}
	}
}

func TestPDFThatWasChangedOrAppendedToIsNotAsIssued(t *testing.T) {
	t.Parallel()
	p := newPaper(t)
	pdf, _, err := p.Issue(sample(3), claims)
	if err != nil {
		t.Fatal(err)
	}
	appended := append(append([]byte{}, pdf...), []byte("5 0 obj\n<</Type /Page\n>>\nendobj\nxref\n0 1\ntrailer\nstartxref\n10\n%%EOF\n")...)
	for name, file := range map[string][]byte{
		"an incremental update":  appended,
		"cut short":              pdf[:len(pdf)-7],
		"something before":       append([]byte("\n"), pdf...),
		"something after":        append(append([]byte{}, pdf...), 'x'),
		"an object moved":        bytes.Replace(pdf, []byte("\n3 0 obj\n"), []byte("\n 3 0 obj\n"), 1),
		"a page without content": bytes.Replace(pdf, []byte("/Contents 4 0 R"), []byte("/Contents 9 9 R"), 1),
		"no table":               bytes.Replace(pdf, []byte("\nxref\n"), []byte("\nxerf\n"), 1),
		"no PDF":                 []byte("not a PDF"),
		"nothing":                nil,
	} {
		if read, err := paper.ReadPDF(file); !errors.Is(err, paper.ErrPDF) {
			t.Errorf("%s: %+v, %v", name, read, err)
		}
	}
}

// A file of small objects that all reach to the end of the last one is read once for
// each of them: strangers send such files.
func TestPDFOfOverlappingObjectsIsNotRead(t *testing.T) {
	t.Parallel()
	const objects = 2000
	var file, table bytes.Buffer
	file.WriteString("%PDF-1.3\n")
	for n := 1; n <= objects; n++ {
		fmt.Fprintf(&table, "%010d 00000 n \n", file.Len())
		fmt.Fprintf(&file, "%d 0 obj\n", n)
	}
	fmt.Fprintf(&file, "\nendobj\nxref\n0 %d\n0000000000 65535 f \n%strailer\nstartxref\n10\n%%%%EOF\n", objects+1, &table)
	if read, err := paper.ReadPDF(file.Bytes()); !errors.Is(err, paper.ErrPDF) {
		t.Errorf("%+v, %v", read, err)
	}
}

// FuzzReadPDF: whatever the bytes, an answer or ErrPDF; and what is read is text.
func FuzzReadPDF(f *testing.F) {
	p := newPaper(f)
	for _, rows := range []int{0, 3, 60} {
		pdf, _, err := p.Issue(sample(rows), claims)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(pdf)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		if read, err := paper.ReadPDF(file); err != nil && !errors.Is(err, paper.ErrPDF) || strings.ContainsAny(read.Text, " \n") {
			t.Errorf("%+v %v", read, err)
		}
	})
}

// FuzzReadCode: what is not signed is never believed.
func FuzzReadCode(f *testing.F) {
	p := newPaper(f)
	code, err := p.Code(claims)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(code)
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, changed string) {
		s, err := p.VerifyCode(changed)
		if err == nil && s.Claims["num"] != claims["num"] {
			t.Errorf("%q is believed: %+v", changed, s)
		}
		if err != nil && !errors.Is(err, paper.ErrCode) && !errors.Is(err, paper.ErrForged) {
			t.Errorf("%q: %v", changed, err)
		}
	})
}

// The squares on the page are those of the QR of the code, at half a millimetre.
func TestQROnThePageIsThatOfTheCode(t *testing.T) {
	t.Parallel()
	pdf, code, err := newPaper(t).Issue(sample(1), claims)
	if err != nil {
		t.Fatal(err)
	}
	want, err := qrcode.New(code, qrcode.Low)
	if err != nil {
		t.Fatal(err)
	}
	modules := want.Bitmap()
	const side, left, top, unit = 44.0, 210.0 - 15 - 44, 15.0, 72 / 25.4
	size := side / float64(len(modules))
	if size < 0.45 {
		t.Errorf("a module has %.2f mm", size)
	}
	drawn := make([][]bool, len(modules))
	for i := range drawn {
		drawn[i] = make([]bool, len(modules))
	}
	contents, err := paper.Contents(pdf)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(contents[0], "\n") {
		var x, y, w, h float64
		if n, _ := fmt.Sscanf(line, "%f %f %f %f re f", &x, &y, &w, &h); n < 4 {
			continue
		}
		column, row := int((x/unit-left)/size+0.5), int((297-y/unit-top)/size+0.5)
		for i := range int(w/unit/size + 0.5) {
			drawn[row][column+i] = true
		}
	}
	if !reflect.DeepEqual(drawn, modules) {
		t.Error("the page shows another QR")
	}
}
