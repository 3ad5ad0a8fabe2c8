package passkey

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"propusk/idp/factor"
	"propusk/storage"
)

// maxAnswer bounds what a browser may answer, in bytes: attestation statements
// carry certificates, and there are no longer ones.
const maxAnswer = 64 << 10

// BeginSignIn asks for a passkey: the result is the argument of
// navigator.credentials.get as JSON, {"publicKey": …}, in the form that
// PublicKeyCredential.parseRequestOptionsFromJSON reads. key names the ceremony:
// the attempt and the browser, or the session and what it is for.
//
// personID "" lets the authenticator say who it is (also as autofill, mediation
// "conditional"). Else only that person's passkeys will do: storage.ErrNotFound
// when none is usable. factor.ErrUnavailable.
func (p *Passkeys) BeginSignIn(ctx context.Context, key, personID string) (options []byte, err error) {
	if !p.Available() {
		return nil, factor.ErrUnavailable
	}
	var (
		assertion *protocol.CredentialAssertion
		session   *webauthn.SessionData
	)
	if personID == "" {
		assertion, session, err = p.library.BeginDiscoverableLogin()
	} else {
		assertion, session, err = p.beginKnown(ctx, personID)
	}
	if err != nil {
		return nil, fmt.Errorf("passkey: begin sign-in: %w", err)
	}
	if err := p.wait(ctx, signIn, key, session); err != nil {
		return nil, err
	}
	return json.Marshal(assertion)
}

func (p *Passkeys) beginKnown(ctx context.Context, personID string) (*protocol.CredentialAssertion, *webauthn.SessionData, error) {
	list, err := p.store.Passkeys(ctx, personID)
	if err != nil {
		return nil, nil, err
	}
	if list = unlocked(list); len(list) == 0 {
		return nil, nil, storage.ErrNotFound
	}
	u := &user{id: personID}
	if err := u.hold(list); err != nil {
		return nil, nil, err
	}
	return p.library.BeginLogin(u)
}

// FinishSignIn checks the answer of the browser, PublicKeyCredential.toJSON, and
// says whose passkey it was. It asks for: the challenge of this key, once; our
// origin and relying party id; user presence and verification; the person asked
// for, if any; the signature; a counter that rises; the backup eligibility that
// the passkey has had from the beginning (WebAuthn §7.2).
//
// It returns factor.ErrWrong, ErrStale, ErrLocked or ErrCloned, and
// factor.ErrUnavailable. Whether the person may sign in is the caller's to know.
func (p *Passkeys) FinishSignIn(ctx context.Context, key string, answer []byte) (Credential, error) {
	if !p.Available() {
		return Credential{}, factor.ErrUnavailable
	}
	session, err := p.take(ctx, signIn, key)
	if err != nil {
		return Credential{}, err
	}
	if len(answer) > maxAnswer {
		return Credential{}, fmt.Errorf("%w: an answer of %d bytes", factor.ErrWrong, len(answer))
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return Credential{}, wrong("read answer", err)
	}
	kept, err := p.store.PasskeyByCredential(ctx, encoded(parsed.RawID))
	if errors.Is(err, storage.ErrNotFound) {
		return Credential{}, wrong("find passkey", err)
	}
	if err != nil {
		return Credential{}, err
	}
	record, err := p.verify(ctx, session, kept, parsed)
	switch {
	case err != nil:
		return Credential{}, err
	case kept.LockedAt != 0: // told to nobody who does not hold the key
		return Credential{}, ErrLocked
	}
	return p.used(ctx, kept, record)
}

// verify checks the signature and everything that it is over.
func (p *Passkeys) verify(ctx context.Context, session webauthn.SessionData, kept Credential, answer *protocol.ParsedCredentialAssertionData) (*webauthn.Credential, error) {
	owned, known := []Credential{kept}, len(session.UserID) > 0
	if known { // the library compares all that were allowed
		var err error
		if owned, err = p.store.Passkeys(ctx, kept.PersonID); err != nil {
			return nil, err
		}
	}
	u := &user{id: kept.PersonID}
	if err := u.hold(owned); err != nil {
		return nil, err
	}
	var record *webauthn.Credential
	var err error
	if known {
		record, err = p.library.ValidateLogin(u, session, answer)
	} else {
		_, record, err = p.library.ValidatePasskeyLogin(func(_, _ []byte) (webauthn.User, error) { return u, nil }, session, answer)
	}
	if err != nil {
		return nil, wrong("verify", err)
	}
	return record, nil
}

// used records the sign-in, or that the passkey was cloned.
func (p *Passkeys) used(ctx context.Context, kept Credential, record *webauthn.Credential) (Credential, error) {
	if record.Authenticator.CloneWarning {
		if err := p.store.LockPasskey(context.WithoutCancel(ctx), kept.ID); err != nil {
			return Credential{}, err
		}
		return Credential{}, ErrCloned
	}
	kept.SignCount, kept.BackedUp = int64(record.Authenticator.SignCount), record.Flags.BackupState
	err := p.store.UsePasskey(ctx, kept.ID, kept.SignCount, kept.BackedUp)
	if errors.Is(err, storage.ErrUsed) { // another answer with this counter was quicker
		return Credential{}, wrong("use passkey", err)
	}
	return kept, err
}

// wrong is factor.ErrWrong with its cause, for the log. The cause is text alone:
// nobody must take a passkey that was not found for something else missing.
func wrong(act string, err error) error {
	var told *protocol.Error
	if errors.As(err, &told) && told.DevInfo != "" {
		return fmt.Errorf("%w: %s: %s (%s)", factor.ErrWrong, act, told.Details, told.DevInfo)
	}
	return fmt.Errorf("%w: %s: %s", factor.ErrWrong, act, err.Error())
}
