package cabinet

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"propusk/cabinet/api"
	"propusk/signature"
)

const (
	// maxSignedContent is the largest document whose signature is verified, in
	// bytes.
	maxSignedContent = 10 << 20
	// maxSignatureBody is the largest request: both files in base64, and the rest.
	maxSignatureBody = maxSignedContent/3*4 + signature.MaxUpload/3*4 + 16<<10
	// verifyPatience bounds one verification, an outside service's too.
	verifyPatience = 25 * time.Second
)

// verification is the question of POST /v1/signatures/verify. Each number that is
// given narrows whose signature it should be.
type verification struct {
	Signature []byte    `json:"signature"`
	Content   []byte    `json:"content"`
	At        time.Time `json:"at"`
	SNILS     string    `json:"snils"`
	INN       string    `json:"inn"`
	INNLE     string    `json:"inn_le"`
	OGRN      string    `json:"ogrn"`
}

func (v verification) request() signature.Request {
	return signature.Request{
		Signature: signature.Decode(v.Signature), Content: v.Content, At: v.At,
		Expect: signature.Expectation{SNILS: v.SNILS, INN: v.INN, INNLE: v.INNLE, OGRN: v.OGRN},
	}
}

// verdictView is the answer. A refused signature is an answer like an accepted one.
type verdictView struct {
	Accepted    bool               `json:"accepted"`
	Code        signature.Code     `json:"code"`
	Text        string             `json:"text"`
	Checks      []checkView        `json:"checks"`
	At          time.Time          `json:"at"`
	SigningTime time.Time          `json:"signing_time,omitzero"`
	Subject     *signature.Subject `json:"subject,omitempty"`
	Certificate *signerView        `json:"certificate,omitempty"`
}

type checkView struct {
	Name   signature.CheckName `json:"name"`
	Title  string              `json:"title"`
	Status signature.Status    `json:"status"`
	Code   signature.Code      `json:"code"`
	Text   string              `json:"text"`
}

type signerView struct {
	Fingerprint string    `json:"fingerprint"`
	Serial      string    `json:"serial"`
	Issuer      string    `json:"issuer"`
	Algorithm   string    `json:"algorithm"`
	Class       string    `json:"class,omitempty"`
	NotBefore   time.Time `json:"not_before"`
	NotAfter    time.Time `json:"not_after"`
}

func newVerdictView(v signature.Verdict, lang string) verdictView {
	view := verdictView{
		Accepted: v.Accepted, Code: v.Code, Text: v.Text(lang), At: v.At, SigningTime: v.SigningTime, Subject: v.Subject,
	}
	for _, name := range signature.CheckNames {
		check := v.Check(name) // an outside verifier may know fewer
		view.Checks = append(view.Checks, checkView{name, name.Title(lang), check.Status, check.Code, check.Text(lang)})
	}
	if c := v.Certificate; c != nil {
		view.Certificate = &signerView{c.Fingerprint, c.Serial, c.Issuer, c.Algorithm, c.Class, c.NotBefore, c.NotAfter}
	}
	return view
}

// verifySignature answers POST /v1/signatures/verify: the ten checks of a detached
// signature over a document, by the authorities that this server trusts.
func (s *Server) verifySignature(c api.Call) error {
	if s.Signatures == nil {
		return api.Refuse("signatures_unavailable").Because("no verifier")
	}
	if err := s.limits.takeVerification(c.Ctx(), c.Response().Header(), c.Claims); err != nil {
		return err
	}
	end, err := s.verifications.begin(c.Claims.ClientID + " " + c.Claims.Subject)
	if err != nil {
		return err
	}
	defer end()
	discard, err := spool(c)
	if err != nil {
		return err
	}
	defer discard()
	free, err := s.verifications.place(c.Ctx())
	if err != nil {
		return err
	}
	defer free()
	question, err := readVerification(c)
	if err != nil {
		return err
	}
	verdict, err := s.judge(c.Ctx(), question.request())
	if err != nil {
		return err
	}
	lang := api.LanguageOf(c.Request())
	api.Speaks(c, lang)
	return api.Answer(c, http.StatusOK, "", newVerdictView(verdict, lang))
}

// judge asks the verifier, and says of what kept it from judging that the same
// may be asked again.
func (s *Server) judge(ctx context.Context, request signature.Request) (signature.Verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, verifyPatience)
	defer cancel()
	verdict, err := s.Signatures.Verify(ctx, request)
	switch {
	case err == nil:
		return verdict, nil
	case errors.Is(err, signature.ErrBusy):
		return verdict, busyVerifying().Wrap(err)
	default:
		return verdict, api.Refuse("signatures_unavailable").Wrap(err)
	}
}

// readVerification reads the question in either format and sees that both files
// are there. That a signature is no signature is for the verdict to say.
func readVerification(c api.Call) (verification, error) {
	var v verification
	var err error
	if kind, _, _ := mime.ParseMediaType(c.Request().Header.Get("Content-Type")); kind == multipartForm {
		v, err = readVerificationForm(c)
	} else {
		err = api.ReadBodyUpTo(c, maxSignatureBody, []string{api.PlainJSON, multipartForm}, &v, nil)
	}
	if err != nil {
		return v, err
	}
	var faults []api.FieldFault
	if len(v.Signature) == 0 {
		faults = append(faults, api.FieldFault{Pointer: "/signature", Code: "required"})
	}
	if len(v.Content) == 0 {
		faults = append(faults, api.FieldFault{Pointer: "/content", Code: "required"})
	}
	if len(v.Content) > maxSignedContent {
		faults = append(faults, api.FieldFault{Pointer: "/content", Code: "too_long"})
	}
	if len(faults) > 0 {
		return v, api.Invalid(faults...)
	}
	return v, nil
}

// multipartForm is the format of files as browsers and curl send them (RFC 7578).
const multipartForm = "multipart/form-data"

// maxParts bounds how many parts a form may have.
const maxParts = 16

// readVerificationForm reads the parts one after the other; nothing goes to disk.
func readVerificationForm(c api.Call) (verification, error) {
	r := c.Request()
	r.Body = http.MaxBytesReader(c.Response(), r.Body, maxSignatureBody)
	reader, err := r.MultipartReader()
	if err != nil {
		return verification{}, api.Refuse("body_malformed").With("reason", "no multipart/form-data").Wrap(err)
	}
	form := verificationForm{seen: map[string]bool{}}
	for range maxParts {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return form.verification, form.err()
		}
		if err != nil {
			return verification{}, unreadable(err)
		}
		if err := form.take(part.FormName(), part); err != nil {
			return verification{}, err
		}
	}
	return verification{}, api.Refuse("body_malformed").With("reason", "too many parts")
}

// verificationForm gathers the parts and their faults.
type verificationForm struct {
	verification
	seen   map[string]bool
	faults []api.FieldFault
}

func (f *verificationForm) take(name string, part io.Reader) error {
	limit := int64(64)
	switch name {
	case "signature":
		limit = signature.MaxUpload
	case "content":
		limit = maxSignedContent
	}
	value, err := io.ReadAll(io.LimitReader(part, limit+1))
	switch {
	case err != nil:
		return unreadable(err)
	case f.seen[name]:
		f.fault(name, "duplicate")
	case int64(len(value)) > limit:
		f.fault(name, "too_long")
	default:
		f.put(name, value)
	}
	f.seen[name] = true
	return nil
}

// put gives a part to its field.
func (f *verificationForm) put(name string, value []byte) {
	texts := map[string]*string{"snils": &f.SNILS, "inn": &f.INN, "inn_le": &f.INNLE, "ogrn": &f.OGRN}
	switch {
	case name == "signature":
		f.Signature = value
	case name == "content":
		f.Content = value
	case name == "at":
		at, err := time.Parse(time.RFC3339, string(value))
		if err != nil {
			f.fault(name, "format")
		}
		f.At = at
	case texts[name] != nil:
		*texts[name] = string(value)
	default:
		f.fault(name, "unknown")
	}
}

func (f *verificationForm) fault(name, code string) {
	f.faults = append(f.faults, api.FieldFault{Pointer: api.Pointer(name), Code: code})
}

func (f *verificationForm) err() error {
	if len(f.faults) == 0 {
		return nil
	}
	return api.Invalid(f.faults...)
}

// unreadable is a form that broke off or is too large.
func unreadable(err error) error {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return api.Refuse("upload_too_large")
	}
	return api.Refuse("body_malformed").With("reason", "unexpected end").Wrap(err)
}
