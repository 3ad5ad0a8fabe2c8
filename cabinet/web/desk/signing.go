package desk

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"propusk/idp/pages"
)

// Signing is what a person is asked to sign: one file, shown in words, and where the
// signature goes.
type Signing struct {
	Title   string // "Подписать: Декларация по НДС"; a key or a text
	Lead    string // what the signature does
	Facts   []pages.Pair
	Preview string // the text itself, as people read it; "" = the file is to be downloaded
	// FileURL is the file that is signed, byte for byte, by a page of ours (GET). It
	// must stay the same until the signature comes.
	FileURL  string
	FileName string
	Size     int64  // bytes
	SHA256   string // hexadecimal
	// Action takes the form (POST): the signature by [Visit.Signature] and Fields.
	Action  string
	Fields  []pages.Hidden
	Act     string // the button: "Подписать и отправить"
	BackURL string // without signing
	Back    string
}

// SigningLimit is the limit of the route that takes a signature, in bytes.
const SigningLimit = 256 << 10

// signatureLimit bounds a signature file, in bytes.
const signatureLimit = 128 << 10

type signingView struct {
	Signing
	Ways     pages.Signing
	Verdict  *Verdict
	FileSize int64
}

// Sign draws the signing dialog: what is signed, then the ways to do it, each of
// which works by keyboard and one without script. verdict, which may be nil, is why
// the last signature was not taken.
func (v *Visit) Sign(status int, s Signing, verdict *Verdict, errs ...pages.FieldError) error {
	view := signingView{Signing: s, Verdict: verdict, FileSize: s.Size}
	view.Ways = pages.Signing{
		Action: s.Action, Fields: s.Fields, Act: v.T(s.Act), FileURL: s.FileURL, FileName: s.FileName,
	}
	for _, fault := range errs {
		if fault.Field == "signature" {
			view.Ways.Error = fault.Key
		}
	}
	return v.Page(status, "signing.html", s.Title, view, errs...)
}

// ErrNoSignature is what Signature returns when the form brings none.
var ErrNoSignature = errors.New("desk: no signature was sent")

// Signature is the signature of a signing dialog's form as it was sent: DER, PEM or
// base64. ErrNoSignature when there is none, or it is too large to be one.
func (v *Visit) Signature() ([]byte, error) {
	if made := v.Value("signature"); made != "" {
		return []byte(made), nil
	}
	file, _, err := v.File("signature")
	if errors.Is(err, ErrNoFile) {
		return nil, ErrNoSignature
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	body, err := io.ReadAll(io.LimitReader(file, signatureLimit+1))
	if err != nil {
		return nil, fmt.Errorf("read a signature: %w", err)
	}
	if len(body) == 0 || len(body) > signatureLimit {
		return nil, ErrNoSignature
	}
	return body, nil
}

// Verdict is the judgement of a signature, check by check, in words.
type Verdict struct {
	Accepted bool
	Text     string
	Checks   []pages.CheckLine
	Signer   string
}

// contentLimit bounds the file that a refused signature is judged over once more, in
// bytes: the largest that the API's verification takes.
const contentLimit = 10 << 20

// Judge asks the API to judge a signature over one of its files (a path below /v1),
// to show what each check found. It is asked when a room has refused the signature:
// the room says that it does, the judgement says why.
func (v *Visit) Judge(file string, signature []byte) (*Verdict, error) {
	answer, err := v.Raw(http.MethodGet, file, nil, nil, nil)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(io.LimitReader(answer.Body, contentLimit+1))
	if err != nil {
		return nil, errors.Join(errUnavailable, fmt.Errorf("read what is signed: %w", err))
	}
	return v.judged(content, signature)
}

// judged asks for the judgement of a signature over a content.
func (v *Visit) judged(content, signature []byte) (*Verdict, error) {
	var told struct {
		Accepted bool   `json:"accepted"`
		Text     string `json:"text"`
		Checks   []struct {
			Title  string `json:"title"`
			Status string `json:"status"`
			Code   string `json:"code"`
			Text   string `json:"text"`
		} `json:"checks"`
		Subject struct {
			CommonName   string `json:"common_name"`
			LastName     string `json:"last_name"`
			GivenNames   string `json:"given_names"`
			Organisation string `json:"organisation"`
		} `json:"subject"`
	}
	parts := []Part{
		{Name: "signature", File: bytes.NewReader(signature), FileName: "signature.p7s"},
		{Name: "content", File: bytes.NewReader(content), FileName: "content"},
	}
	if err := v.Upload("/signatures/verify", parts, &told); err != nil {
		return nil, err
	}
	verdict := &Verdict{Accepted: told.Accepted, Text: told.Text}
	verdict.Signer = strings.TrimSpace(told.Subject.LastName + " " + told.Subject.GivenNames)
	if verdict.Signer == "" {
		verdict.Signer = told.Subject.CommonName
	}
	for _, c := range told.Checks {
		verdict.Checks = append(verdict.Checks, pages.CheckLine{Name: c.Title, Status: c.Status, Text: c.Text, Code: c.Code})
	}
	return verdict, nil
}

// Unsigned answers a form whose signature a room has refused: it draws the dialog
// again with the refusal and, when the signature itself is at fault, with every
// check. file is the API's path of what was signed.
func (v *Visit) Unsigned(refusal error, s Signing, file string, signature []byte) error {
	return v.unsigned(refusal, s, func() (*Verdict, error) { return v.Judge(file, signature) })
}

// UnsignedText is Unsigned for a text that the API gives as a member of a thing
// ("text_to_sign") and not as a file.
func (v *Visit) UnsignedText(refusal error, s Signing, text string, signature []byte) error {
	return v.unsigned(refusal, s, func() (*Verdict, error) { return v.judged([]byte(text), signature) })
}

func (v *Visit) unsigned(refusal error, s Signing, judge func() (*Verdict, error)) error {
	if errors.Is(refusal, ErrNoSignature) {
		return v.Sign(http.StatusUnprocessableEntity, s, nil, pages.FieldError{Field: "signature", Key: v.T("desk.signing.none")})
	}
	status, errs, err := v.Faults(refusal, "signature")
	if err != nil {
		return err
	}
	for i := range errs {
		errs[i].Field = "" // the field is closed until its way is chosen; the summary says it all
	}
	if status != http.StatusUnprocessableEntity {
		return v.Sign(status, s, nil, errs...)
	}
	verdict, err := judge()
	if AsProblem(err) != nil {
		return v.Sign(status, s, nil, errs...) // what the room has said must do
	}
	if err != nil {
		return err
	}
	return v.Sign(status, s, verdict, errs...)
}

// Text answers with a text that a page signs, byte for byte as the API gave it.
func (v *Visit) Text(name, text string) error {
	header := v.w.Header()
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy", filePolicy("text/plain", false))
	header.Set("Cache-Control", "private, no-store")
	if _, err := io.WriteString(v.w, text); err != nil {
		return fmt.Errorf("hand a text over: %w", err)
	}
	return nil
}

// SignatureText is a signature for a member "signature" of the API's JSON: base64 of
// the bytes that came, whatever form they have.
func SignatureText(signature []byte) string { return base64.StdEncoding.EncodeToString(signature) }
