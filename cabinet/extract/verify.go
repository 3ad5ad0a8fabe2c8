package extract

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/paper"
	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/journal"
)

// getSeal publishes what papers verify by; as PEM for openssl.
func (x *Extracts) getSeal(c api.Call) error {
	q := c.Query("format")
	format := q.OneOf("format", "json", "pem")
	if err := q.Err(); err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "public, max-age=300")
	if format == "pem" {
		text := x.Seal.PEM()
		return api.File(c, api.FileAnswer{Name: "seal.pem", MediaType: "application/x-pem-file", Size: int64(len(text))}, strings.NewReader(string(text)))
	}
	return api.Answer(c, http.StatusOK, "", x.Seal.Published())
}

// The bounds of what strangers may ask.
const (
	verifyPerMinute = 30
	verifyWindow    = time.Minute
)

// verdict is what is said about a paper: no more than its code says itself.
type verdict struct {
	Genuine bool       `json:"genuine"`
	Reason  string     `json:"reason,omitempty"`
	Detail  string     `json:"detail"`
	Paper   *paperView `json:"paper,omitempty"`
}

type paperView struct {
	Document   string         `json:"document"`
	Name       string         `json:"name,omitempty"`
	Number     string         `json:"number,omitempty"`
	INN        string         `json:"inn,omitempty"`
	OGRN       string         `json:"ogrn,omitempty"`
	ValidUntil string         `json:"valid_until,omitempty"`
	Valid      bool           `json:"valid"`
	Issuer     string         `json:"issuer"`
	IssuedAt   storage.Time   `json:"issued_at"`
	KeyID      string         `json:"kid"`
	Says       map[string]any `json:"says,omitempty"` // what papers of other rooms say beside
}

// verify tells anybody whether a code, or a PDF with its code, is genuine.
func (x *Extracts) verify(c api.Call) error {
	if err := x.spend(c); err != nil {
		return err
	}
	leave, err := x.strangers.enter(c)
	if err != nil {
		return err
	}
	defer leave()
	var body struct {
		Code string `json:"code"`
		PDF  []byte `json:"pdf"`
	}
	if err := api.ReadObjectUpTo(c, verifyLimit, &body); err != nil {
		return err
	}
	if (body.Code == "") == (len(body.PDF) == 0) {
		return api.InvalidField("/code", "one_of_code_and_pdf")
	}
	v, err := x.judge(c.Ctx(), c.Lang(), body.Code, body.PDF)
	if err != nil {
		return err
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", v)
}

// spend counts the questions of one address, of IPv6 of one network.
func (x *Extracts) spend(c api.Call) error {
	n, left, err := x.Ephemeral.Incr(c.Ctx(), "papers-verify/"+storage.Network(journal.From(c.Ctx()).IP), verifyWindow)
	if err != nil {
		return err
	}
	if n > verifyPerMinute {
		return api.Refuse("rate_limited").After(int(left/time.Second) + 1)
	}
	return nil
}

// verdicts say the reasons in words.
var verdicts = map[string]words{
	"ok":               {"Код подписан печатью этого сервиса. Сравните сведения с напечатанными на документе.", "The code is signed by this service's seal. Compare what it says with what is printed."},
	"ok_pdf":           {"Этот файл выдан этим сервисом и не изменён. Подпись файла проверяется отдельно.", "The file was issued by this service and is unchanged. Its signature is verified separately."},
	"not_a_code":       {"Это не код документа этого сервиса.", "This is not a code of a document of this service."},
	"forged":           {"Код не подписан печатью этого сервиса: документ поддельный.", "The code is not signed by this service's seal: the document is a forgery."},
	"not_as_issued":    {"Файл PDF изменён после выдачи или выдан не этим сервисом.", "The PDF was changed after it was issued, or was issued by somebody else."},
	"without_code":     {"На этом документе нет кода: проверьте файл подписи.", "This document has no code: verify its signature file."},
	"of_another_paper": {"Код подлинный, но взят с другого документа.", "The code is genuine and was taken from another document."},
}

// judge reads a code, or the PDF that it is on.
func (x *Extracts) judge(ctx context.Context, lang, code string, pdf []byte) (verdict, error) {
	no := func(reason string) (verdict, error) {
		return verdict{Reason: reason, Detail: verdicts[reason].in(lang)}, nil
	}
	var printed paper.Printed
	if len(pdf) > 0 {
		var err error
		if printed, err = paper.ReadPDF(pdf); err != nil {
			return no("not_as_issued")
		}
		if printed.Code == "" {
			return no("without_code")
		}
		code = printed.Code
	}
	s, err := x.Paper.VerifyCode(code)
	switch {
	case errors.Is(err, paper.ErrForged):
		return no("forged")
	case err != nil:
		return no("not_a_code")
	case len(pdf) > 0 && printed.Belongs(s) != nil:
		return no("of_another_paper")
	}
	yes := "ok"
	if len(pdf) > 0 {
		issued, err := x.issued(ctx, s)
		sum := sha256.Sum256(pdf)
		switch {
		case err == nil && issued.SHA256 != hex.EncodeToString(sum[:]):
			return no("not_as_issued")
		case err == nil:
			yes = "ok_pdf"
		case !errors.Is(err, storage.ErrNotFound):
			return verdict{}, err
		}
	}
	return verdict{Genuine: true, Detail: verdicts[yes].in(lang), Paper: x.say(s, lang)}, nil
}

// issued is the PDF to which an extract's code was given; storage.ErrNotFound for
// papers of other rooms. The text alone does not prove a file: a page that is cut
// or drawn over says what it said.
func (x *Extracts) issued(ctx context.Context, s paper.Statement) (file.File, error) {
	doc, _ := s.Claims["doc"].(string)
	number, _ := s.Claims["num"].(string)
	if !strings.HasPrefix(doc, "extract/") {
		return file.File{}, storage.ErrNotFound
	}
	var e Extract
	if err := x.DB.Get(ctx, &e, `SELECT `+columns+` FROM extracts WHERE number = $1`, number); err != nil {
		return file.File{}, fmt.Errorf("extract: of a code: %w", err)
	}
	return x.Files.Get(ctx, e.OrganisationID, e.Files.V.PDF)
}

// say tells what a genuine code says. What this room does not know is passed on as
// it stands.
func (x *Extracts) say(s paper.Statement, lang string) *paperView {
	claim := func(name string) string { text, _ := s.Claims[name].(string); return text }
	v := &paperView{
		Document: claim("doc"), Number: claim("num"), INN: claim("inn"), OGRN: claim("ogrn"), ValidUntil: claim("till"),
		Issuer: s.Issuer, IssuedAt: storage.Of(s.At), KeyID: paper.KeyID(s.Certificate), Says: map[string]any{},
	}
	if t, ok := typeOf(strings.TrimPrefix(v.Document, "extract/")); ok {
		v.Name = t.name.in(lang)
	}
	v.Valid = v.ValidUntil == "" || !x.today().After(day(v.ValidUntil))
	for name, value := range s.Claims {
		switch name {
		case "doc", "num", "inn", "ogrn", "till", "iss", "iat", "txt":
		default:
			v.Says[name] = value
		}
	}
	return v
}
