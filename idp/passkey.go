package idp

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/idp/factor/passkey"
	"propusk/idp/pages"
	"propusk/idp/session"
	"propusk/storage"
)

// maxCredential bounds what an authenticator answers, in bytes.
const maxCredential = 48 << 10

// The ceremonies of an attempt. An answer to one is worth nothing in another.
const (
	ceremonyIdentify = "identify" // the authenticator says who it is
	ceremonyFactor   = "factor"   // a passkey of the person who is known already
	ceremonyConnect  = "connect"  // a new passkey
)

// ceremony names one to the verifier: it is the attempt's and the browser's.
func (t *turn) ceremony(kind string) string { return kind + "/" + t.ID + "/" + t.Browser }

// passkeyOf is the ceremony that a page offers for personID, "" = whoever the
// authenticator names; nil when there is none to be had.
func (s *Server) passkeyOf(c echo.Context, t *turn, kind, personID string) (*pages.Passkey, error) {
	options, err := s.deps.Passkeys.BeginSignIn(c.Request().Context(), t.ceremony(kind), personID)
	if errors.Is(err, factor.ErrUnavailable) || errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("begin passkey: %w", err)
	}
	return &pages.Passkey{Options: options}, nil
}

// passkey takes what the authenticator answered. Where a factor is due it is a
// further proof of the person who is known; everywhere else, like a password, it
// says who it is, and begins the attempt anew as that person.
func (s *Server) passkey(c echo.Context) error {
	t, err := s.turnOf(c)
	if err != nil {
		return err
	}
	answer, err := browser.Field(c.Request(), "credential", maxCredential)
	if err != nil {
		return err
	}
	if t.step.Kind == StepFactor {
		return s.passkeyAsFactor(c, t, answer)
	}
	who, credential, err := s.authenticateByPasskey(c, t, answer)
	if status, errs := passkeyFault(c, err); errs != nil {
		return s.showIdentify(c, t, status, identifyForm{Login: s.knownLogin(t), Errors: errs})
	}
	if err != nil {
		return err
	}
	proof := session.Proof{Factor: session.Passkey, Credential: credential.ID}
	if err := s.begin(c, t, directory.Resolved{Person: who}, proof); err != nil {
		return err
	}
	return browser.SeeOther(c, dispatcher(t.attempt))
}

// authenticateByPasskey verifies the answer, finds whose passkey it is, and
// records how it came out. A blocked person is told no more than a wrong one.
func (s *Server) authenticateByPasskey(c echo.Context, t *turn, answer string) (directory.Person, passkey.Credential, error) {
	ctx := c.Request().Context()
	var person directory.Person
	if err := s.signIns.Open(ctx, browser.Address(c.Request())); err != nil {
		return person, passkey.Credential{}, err
	}
	credential, verified := s.deps.Passkeys.FinishSignIn(ctx, t.ceremony(ceremonyIdentify), []byte(answer))
	outcome := outcomeOf(verified)
	if verified == nil {
		var err error
		if person, err = s.deps.Directory.Person(ctx, credential.PersonID); err != nil {
			return person, credential, fmt.Errorf("find the passkey's person: %w", err)
		}
		if person.Status != directory.StatusActive {
			outcome, verified = outcomeBlocked, factor.ErrWrong
		}
	}
	if err := s.recordProof(c, t, credential.PersonID, session.Passkey, outcome); err != nil {
		return person, credential, err
	}
	return person, credential, verified
}

// passkeyAsFactor adds a passkey of the very person who is signed in.
func (s *Server) passkeyAsFactor(c echo.Context, t *turn, answer string) error {
	err := s.provePasskey(c, t, ceremonyFactor, answer)
	if status, errs := passkeyFault(c, err); errs != nil {
		t.step.Factor = session.Passkey
		return s.showFactor(c, t, status, errs...)
	}
	if err != nil {
		return err
	}
	if err := s.trusting(c, t); err != nil {
		return err
	}
	return browser.SeeOther(c, dispatcher(t.attempt))
}

// provePasskey verifies a passkey of the turn's person in one of the attempt's
// ceremonies, and puts the proof into the session. The ceremony was begun for
// the person; that the answer is his is checked once more.
func (s *Server) provePasskey(c echo.Context, t *turn, kind, answer string) error {
	ctx := c.Request().Context()
	if err := s.signIns.Open(ctx, browser.Address(c.Request())); err != nil {
		return err
	}
	credential, verified := s.deps.Passkeys.FinishSignIn(ctx, t.ceremony(kind), []byte(answer))
	if verified == nil && credential.PersonID != t.person.ID {
		verified = fmt.Errorf("%w: a passkey of another person", factor.ErrWrong)
	}
	if err := s.recordProof(c, t, t.person.ID, session.Passkey, outcomeOf(verified)); err != nil {
		return err
	}
	if verified != nil {
		return verified
	}
	return s.strengthen(c, t, session.Proof{Factor: session.Passkey, Credential: credential.ID})
}

// passkeyFault is the answer to a passkey that left the person at the page.
func passkeyFault(c echo.Context, err error) (int, []pages.FieldError) {
	key := "error.passkey"
	switch {
	case errors.Is(err, factor.ErrUnavailable):
		return http.StatusUnprocessableEntity, browser.Wrong("", key)
	case errors.Is(err, passkey.ErrStale):
		key = "error.passkey_expired"
	case errors.Is(err, passkey.ErrCloned), errors.Is(err, passkey.ErrLocked):
		key = "error.passkey_cloned"
	}
	return browser.FormFault(c, err, "", key)
}
