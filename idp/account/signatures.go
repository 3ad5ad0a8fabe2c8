package account

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"propusk/idp/browser"
	"propusk/idp/pages"
	"propusk/signature"
)

type signaturesView struct {
	frame
	Signing pages.Signing
	Verdict *verdictView // nil = nothing was judged yet
}

// verdictView is what was found of one signature.
type verdictView struct {
	Accepted bool
	Text     string
	File     string // name of the file that was signed
	Facts    []pages.Pair
	Checks   []pages.CheckLine
}

// signatures signs any file in the browser to see the verdict, and judges a
// signature that anyone brings.
func (s *Server) signatures(v *visit) error { return v.signaturesPage(http.StatusOK, nil) }

func (v *visit) signaturesPage(status int, verdict *verdictView, errs ...pages.FieldError) error {
	view := signaturesView{frame: frame{v.notice()}, Verdict: verdict, Signing: pages.Signing{
		Action: "/account/signatures", Content: true, Act: v.t("account.signatures.act"),
	}}
	for _, e := range errs {
		if e.Field == "signature" {
			view.Signing.Error = v.t(e.Key)
		}
	}
	return v.page(status, "account_signatures.html", "account.signatures", view, errs...)
}

const (
	maxContent   = 10 << 20 // bytes of a file to be judged
	judgedMost   = 120      // signatures that one person may have judged in judgedWindow
	judgedWindow = time.Hour
)

// judge says what is found of the signature over the file. Neither is kept.
func (s *Server) judge(v *visit) error {
	content, err := v.upload("content", maxContent)
	if err != nil {
		return err
	}
	cms, err := v.cms()
	if err != nil {
		return err
	}
	which, err := v.field("form", 8)
	if err != nil {
		return err
	}
	if errs := v.missing(which, cms); len(errs) > 0 {
		return v.signaturesPage(http.StatusUnprocessableEntity, nil, errs...)
	}
	wait, err := s.mayJudge(v)
	if err != nil {
		return err
	}
	if wait > 0 {
		browser.RetryAfter(v, wait)
		return v.signaturesPage(http.StatusTooManyRequests, nil, browser.Wrong("", "account.error.judged")...)
	}
	verdict, err := s.deps.Verifier.Verify(v.ctx(), signature.Request{Signature: cms, Content: content, At: s.deps.Now()})
	if errors.Is(err, signature.ErrBusy) {
		browser.RetryAfter(v, retryJudge)
		return v.signaturesPage(http.StatusServiceUnavailable, nil, browser.Wrong("", "error.busy")...)
	}
	if err != nil {
		return fmt.Errorf("judge a signature: %w", err)
	}
	return v.signaturesPage(http.StatusOK, v.verdict(verdict, v.uploaded("content")))
}

// formCheck names the form that checks a finished signature, beside the one that
// signs here.
const formCheck = "check"

// missing says what the form, which of the two, lacks.
func (v *visit) missing(which string, cms []byte) (errs []pages.FieldError) {
	prefix := ""
	if which == formCheck {
		prefix = formCheck + "-"
	}
	if v.uploaded("content") == "" {
		errs = browser.Wrong(prefix+"content", "account.error.content_required")
	}
	if len(cms) == 0 {
		errs = append(errs, browser.Wrong(prefix+"signature", "account.error.signature_required")...)
	}
	return errs
}

// retryJudge is when to come back after too many checks at once.
const retryJudge = 3 * time.Second

// mayJudge counts: a check of GOST costs much, and each person gets his share. It
// returns how long to wait, 0 = not at all.
func (s *Server) mayJudge(v *visit) (wait time.Duration, err error) {
	n, left, err := s.deps.Ephemeral.Incr(v.ctx(), "account/judged/"+v.Person.ID, judgedWindow)
	if err != nil {
		return 0, fmt.Errorf("count signatures: %w", err)
	}
	if n > judgedMost {
		return left, nil
	}
	return 0, nil
}

func (v *visit) verdict(found signature.Verdict, file string) *verdictView {
	view := &verdictView{Accepted: found.Accepted, Text: found.Text(v.lang), File: file, Checks: v.checks(found)}
	add := func(label, text string) {
		if text != "" {
			view.Facts = append(view.Facts, pages.Pair{Label: label, Text: text})
		}
	}
	add("account.signatures.file", file)
	if s := found.Subject; s != nil {
		add("account.signatures.signer", cmp.Or(s.LastName+" "+s.GivenNames, s.CommonName))
		add("account.signatures.organisation", s.Organisation)
		add("account.signatures.title", s.Title)
		add("account.inn", s.INN)
		add("account.signatures.inn_le", s.INNLE)
		add("number.ogrn", s.OGRN)
		add("number.ogrnip", s.OGRNIP)
		add("account.snils", s.SNILS)
	}
	if c := found.Certificate; c != nil {
		add("account.certificate.issuer", c.Issuer)
		add("account.certificate.serial", c.Serial)
		add("account.signatures.algorithm", c.Algorithm)
		view.Facts = append(view.Facts, pages.Pair{Label: "account.certificate.until", At: c.NotAfter})
	}
	if !found.SigningTime.IsZero() {
		view.Facts = append(view.Facts, pages.Pair{Label: "account.signatures.signed", At: found.SigningTime, Under: "account.signatures.signed.hint"})
	}
	return view
}

// upload reads a file of the form, nil when there is none; one above limit bytes
// is refused.
func (v *visit) upload(name string, limit int64) ([]byte, error) {
	file, header, err := v.Request().FormFile(name)
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		return nil, nil
	}
	if err != nil {
		return nil, browser.Malformed("the file %s: %w", name, err)
	}
	defer file.Close()
	if header.Size > limit {
		return nil, browser.Fault{Status: http.StatusRequestEntityTooLarge, Page: pages.FailureLarge, Err: fmt.Errorf("the file %s has %d bytes", name, header.Size)}
	}
	body, err := io.ReadAll(file)
	if err != nil {
		return nil, fmt.Errorf("read the file %s: %w", name, err)
	}
	return body, nil
}

// uploaded is the name that the browser gives to a file of the form; "" when
// there is none.
func (v *visit) uploaded(name string) string {
	if form := v.Request().MultipartForm; form != nil && len(form.File[name]) > 0 {
		return form.File[name][0].Filename
	}
	return ""
}
