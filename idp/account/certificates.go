package account

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"propusk/idp/browser"
	"propusk/idp/factor"
	"propusk/idp/factor/certificate"
	"propusk/idp/pages"
	"propusk/idp/session"
	"propusk/signature"
	"propusk/storage"
)

type certificatesView struct {
	frame
	List []pages.Held
}

// certificates lists what is bound, each with its status of now.
func (s *Server) certificates(v *visit) error {
	list, err := s.deps.Certificates.List(v.ctx(), v.Person.ID)
	if err != nil {
		return err
	}
	view := certificatesView{frame: frame{v.notice()}}
	for _, c := range list {
		view.List = append(view.List, v.heldCertificate(c))
	}
	return v.page(http.StatusOK, "account_certificates.html", "account.place.certificates", view)
}

// statusKinds are the colours of certificate.Status.
var statusKinds = map[certificate.Status]string{
	certificate.StatusActive: "go", certificate.StatusExpires: "wait", certificate.StatusExpired: "stop", certificate.StatusRevoked: "stop",
}

func (v *visit) heldCertificate(c certificate.Certificate) pages.Held {
	title := c.Owner
	if c.Organisation != "" {
		title = c.Owner + " · " + c.Organisation
	}
	path := "/account/certificates/" + c.ID
	line := pages.Held{
		Icon: "certificate", Title: title,
		Tags: []pages.Tag{{Kind: statusKinds[c.Status], Text: "account.certificate.status." + string(c.Status)}},
		Facts: []pages.Fact{
			{Label: "account.certificate.until", At: c.NotAfter.Time()},
			{Label: "account.certificate.issuer", Text: c.Issuer},
			{Label: "account.certificate.serial", Text: c.Serial},
			{Text: c.Algorithm},
			{Label: "account.certificate.bound", At: c.BoundAt.Time()},
		},
		Acts: []pages.Act{
			{Title: "account.certificate.replace", URL: path + "/replace", About: c.Serial},
			{Title: "account.certificate.remove", URL: path + "/remove", Post: true, Stop: true, Ask: "account.certificate.remove.ask", About: c.Serial},
		},
	}
	if c.UsedAt != 0 {
		line.Facts = append(line.Facts, pages.Fact{Label: "account.used", At: c.UsedAt.Time()})
	}
	if c.Status != certificate.StatusActive {
		line.Text = "account.certificate.status." + string(c.Status) + ".text"
	}
	return line
}

type certificateFormView struct {
	frame
	Replaces string // whose place it takes, in words; "" = none
	Signing  pages.Signing
	Checks   []pages.CheckLine // why the last one was refused
}

// certificateForm asks for the test signature that proves possession of the key.
func (s *Server) certificateForm(v *visit) error { return s.certificatePage(v, http.StatusOK, nil) }

func (s *Server) certificatePage(v *visit, status int, checks []pages.CheckLine, errs ...pages.FieldError) error {
	replaced, err := s.ownCertificate(v)
	if err != nil {
		return err
	}
	challenge, err := s.challenge(v)
	if err != nil {
		return err
	}
	view := certificateFormView{frame: frame{v.notice()}, Checks: checks, Signing: pages.Signing{
		Action: "/account/certificates/new", ChallengeURL: "/account/certificates/challenge",
		Text: challenge.Text, ID: challenge.ID, Act: v.t("account.certificate.bind"),
	}}
	if replaced != nil {
		view.Replaces = replaced.Owner + ", " + replaced.Serial
		view.Signing.Action = "/account/certificates/" + replaced.ID + "/replace"
		view.Signing.Fields = []pages.Hidden{{Name: fieldReplaces, Value: replaced.ID}}
		view.Signing.Act = v.t("account.certificate.replace")
	}
	for _, e := range errs {
		if e.Field == "signature" {
			view.Signing.Error = v.t(e.Key, e.Args)
		}
	}
	return v.page(status, "account_certificate_new.html", "account.certificate.new", view, errs...)
}

// fieldReplaces names the certificate to be replaced in forms whose path does
// not: that of the challenge's file.
const fieldReplaces = "replaces"

// ownCertificate is the one that the path or the form names, among the person's;
// nil when none is named, storage.ErrNotFound when it is nobody's or another's.
func (s *Server) ownCertificate(v *visit) (*certificate.Certificate, error) {
	id, err := v.field(fieldReplaces, maxID)
	if err != nil {
		return nil, err
	}
	if id = cmp.Or(v.Param("id"), id); id == "" {
		return nil, nil
	}
	list, err := s.deps.Certificates.List(v.ctx(), v.Person.ID)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(list, func(c certificate.Certificate) bool { return c.ID == id })
	if at < 0 {
		return nil, fmt.Errorf("certificate of the path: %w", storage.ErrNotFound)
	}
	return &list[at], nil
}

// binding says for whom the challenge is: this session, in this browser.
func (v *visit) binding() certificate.Binding {
	return certificate.Binding{
		Purpose: certificate.PurposeBind, Attempt: v.Session.ID, Browser: browser.Browser(v.Response(), v.Request()),
	}
}

func (s *Server) challenge(v *visit) (certificate.Challenge, error) {
	who := certificate.Asker{Person: v.Person.ShortName(), Language: v.lang}
	challenge, err := s.deps.Certificates.Challenge(v.ctx(), v.binding(), who)
	if err != nil {
		return certificate.Challenge{}, fmt.Errorf("make a challenge: %w", err)
	}
	return challenge, nil
}

// certificateChallenge gives a script the text to sign, and a browser without
// one the file.
func (s *Server) certificateChallenge(v *visit) error {
	if strings.Contains(v.Request().Header.Get("Accept"), "application/json") {
		challenge, err := s.challenge(v)
		if err != nil {
			return err
		}
		return v.JSON(http.StatusOK, map[string]string{"id": challenge.ID, "text": challenge.Text})
	}
	return s.challengeFile(v)
}

// challengeFile sends the text that stands on the page: its id is in the form
// that the signature will come back with.
func (s *Server) challengeFile(v *visit) error {
	id, err := v.field("challenge", maxChallengeID)
	if err != nil {
		return err
	}
	challenge, err := s.deps.Certificates.Read(v.ctx(), id, v.binding())
	if err != nil {
		return s.certificateRefused(v, err, certificate.Signed{})
	}
	v.Response().Header().Set("Content-Disposition", `attachment; filename="`+certificate.FileName+`"`)
	return v.Blob(http.StatusOK, "text/plain; charset=utf-8", []byte(challenge.Text))
}

const (
	maxChallengeID = 128 // bytes
	maxID          = 128 // bytes of an id in a form
)

// bindCertificate takes the test signature and binds the certificate, in the
// place of the path's when there is one.
func (s *Server) bindCertificate(v *visit) error {
	replaced, err := s.ownCertificate(v)
	if err != nil {
		return err
	}
	id, err := v.field("challenge", maxChallengeID)
	if err != nil {
		return err
	}
	cms, err := v.cms()
	if err != nil {
		return err
	}
	if len(cms) == 0 {
		return s.certificatePage(v, http.StatusUnprocessableEntity, nil, browser.Wrong("signature", "error.certificate_required")...)
	}
	signed, err := s.deps.Certificates.Redeem(v.ctx(), id, v.binding(), cms)
	if err == nil {
		err = s.connect(v, replaced, signed)
	}
	if err != nil {
		return s.certificateRefused(v, err, signed)
	}
	return v.done("/account/certificates", "certificate")
}

func (s *Server) connect(v *visit, replaced *certificate.Certificate, signed certificate.Signed) error {
	if replaced == nil {
		_, err := s.deps.Certificates.Bind(v.ctx(), v.Person.ID, signed)
		return err
	}
	return s.withdrawing(v, func(ctx context.Context) error {
		_, err := s.deps.Certificates.Replace(ctx, v.Person.ID, replaced.ID, signed)
		return err
	}, by(session.Certificate, replaced.Fingerprint))
}

// refusals are the messages of certificate's errors.
var refusals = []struct {
	err error
	key string
}{
	{certificate.ErrChallenge, "error.certificate_expired"},
	{certificate.ErrContradiction, "account.error.certificate_contradiction"},
	{certificate.ErrBound, "account.error.certificate_bound"},
	{certificate.ErrFull, "account.error.certificate_full"},
}

// certificateRefused tells why nothing was bound, check by check when the
// signature was judged.
func (s *Server) certificateRefused(v *visit, err error, signed certificate.Signed) error {
	if errors.Is(err, certificate.ErrRefused) && len(signed.Verdict.Checks) > 0 {
		refused := pages.FieldError{Field: "signature", Key: "error.certificate_refused", Args: map[string]any{"Reason": signed.Verdict.Text(v.lang)}}
		return s.certificatePage(v, http.StatusUnprocessableEntity, v.checks(signed.Verdict), refused)
	}
	for _, refusal := range refusals {
		if errors.Is(err, refusal.err) {
			return s.certificatePage(v, http.StatusUnprocessableEntity, nil, browser.Wrong("signature", refusal.key)...)
		}
	}
	if busy, ok := errors.AsType[*factor.Busy](err); ok {
		browser.RetryAfter(v, busy.RetryAfter)
		return s.certificatePage(v, http.StatusServiceUnavailable, nil, browser.Wrong("", "error.busy")...)
	}
	return err
}

// cms reads the signature that came as a file or, from a script, as text.
func (v *visit) cms() ([]byte, error) {
	text, err := v.field("signature", signature.MaxUpload)
	if err != nil {
		return nil, err
	}
	if text != "" {
		return signature.Decode([]byte(text)), nil
	}
	file, err := v.upload("signature", signature.MaxUpload)
	return signature.Decode(file), err
}

// checks is a verdict in the page's words.
func (v *visit) checks(verdict signature.Verdict) []pages.CheckLine {
	lines := make([]pages.CheckLine, len(verdict.Checks))
	for i, c := range verdict.Checks {
		lines[i] = pages.CheckLine{Name: v.t("account.check." + string(c.Name)), Status: string(c.Status)}
		if c.Status != signature.Skipped { // it says no more than its status
			lines[i].Text, lines[i].Code = c.Text(v.lang), string(c.Code)
		}
	}
	return lines
}

// removeCertificate unbinds, unless nothing else says who one is.
func (s *Server) removeCertificate(v *visit) error {
	c, err := s.ownCertificate(v)
	if err != nil {
		return err
	}
	enough := func(h held) bool { return !h.opens() || h.without(c.ID).opens() }
	err = s.withdrawing(v, func(ctx context.Context) error {
		return s.leaving(ctx, v, enough, errLastWay, func(ctx context.Context) error {
			return s.deps.Certificates.Unbind(ctx, v.Person.ID, c.ID)
		})
	}, by(session.Certificate, c.Fingerprint))
	if errors.Is(err, errLastWay) {
		return v.refused("last_way")
	}
	if err != nil {
		return err
	}
	return v.done("/account/certificates", "certificate_removed")
}
