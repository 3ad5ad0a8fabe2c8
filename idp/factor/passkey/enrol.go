package passkey

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"

	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/storage"
)

// most passkeys that a person may have.
const most = 20

// BeginEnrol asks the authenticator for a new passkey: the argument of
// navigator.credentials.create as JSON, {"publicKey": …}, in the form that
// PublicKeyCredential.parseCreationOptionsFromJSON reads. Authenticators that
// hold a passkey of the person refuse to make another one. key is as with
// BeginSignIn. That the person has just proved who he is, is for the caller to
// know. ErrFull, factor.ErrUnavailable.
func (p *Passkeys) BeginEnrol(ctx context.Context, key string, person directory.Person) (options []byte, err error) {
	if !p.Available() {
		return nil, factor.ErrUnavailable
	}
	list, err := p.store.Passkeys(ctx, person.ID)
	if err != nil {
		return nil, err
	}
	if len(list) >= most {
		return nil, ErrFull
	}
	u, err := userOf(person, list)
	if err != nil {
		return nil, err
	}
	creation, session, err := p.library.BeginRegistration(u,
		webauthn.WithExclusions(webauthn.Credentials(u.credentials).CredentialDescriptors()),
		webauthn.WithCredentialParameters(algorithms))
	if err != nil {
		return nil, fmt.Errorf("passkey: begin enrolment: %w", err)
	}
	if err := p.wait(ctx, enrol, key, session); err != nil {
		return nil, err
	}
	return json.Marshal(creation)
}

// FinishEnrol checks the answer of the browser, PublicKeyCredential.toJSON, and
// keeps the passkey under the name; "" takes what the authenticator is called.
// It asks for the challenge of this key, once, and of this person; our origin
// and relying party id; user presence and verification; an algorithm that we
// take; an attestation as the policy wants it (WebAuthn §7.1).
//
// It returns factor.ErrWrong, ErrStale, ErrKnown, ErrFull, directory.FieldErrors
// for the field "name", which leave the challenge unused, or
// factor.ErrUnavailable.
func (p *Passkeys) FinishEnrol(ctx context.Context, key string, person directory.Person, name string, answer []byte) (Credential, error) {
	if !p.Available() {
		return Credential{}, factor.ErrUnavailable
	}
	if name = strings.TrimSpace(name); name != "" {
		var err error
		if name, err = directory.PasskeyName(name); err != nil {
			return Credential{}, err
		}
	}
	record, err := p.created(ctx, key, person, answer)
	if err != nil {
		return Credential{}, err
	}
	if !p.attested { // not asked for: it would only tell the person's device from others
		record.Attestation, record.AttestationFormat, record.AttestationType = webauthn.CredentialAttestation{}, "none", "none"
	}
	kept, err := credentialOf(person.ID, record)
	if err != nil {
		return Credential{}, err
	}
	if kept.Name = name; name == "" {
		kept.Name = proposed(kept.AAGUID)
	}
	return p.keep(ctx, kept)
}

// created checks the answer.
func (p *Passkeys) created(ctx context.Context, key string, person directory.Person, answer []byte) (*webauthn.Credential, error) {
	session, err := p.take(ctx, enrol, key)
	if err != nil {
		return nil, err
	}
	if len(answer) > maxAnswer {
		return nil, fmt.Errorf("%w: an answer of %d bytes", factor.ErrWrong, len(answer))
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return nil, wrong("read answer", err)
	}
	record, err := p.library.CreateCredential(&user{id: person.ID}, session, parsed)
	if err != nil {
		return nil, wrong("verify", err)
	}
	return record, nil
}

// credentialOf is our record of the library's.
func credentialOf(personID string, record *webauthn.Credential) (Credential, error) {
	text, err := json.Marshal(record)
	if err != nil {
		return Credential{}, fmt.Errorf("passkey: write record: %w", err)
	}
	model, err := uuid.FromBytes(record.Authenticator.AAGUID)
	if err != nil {
		return Credential{}, wrong("read AAGUID", err)
	}
	return Credential{
		PersonID: personID, CredentialID: encoded(record.ID), Record: text,
		SignCount:      int64(record.Authenticator.SignCount),
		BackupEligible: record.Flags.BackupEligible, BackedUp: record.Flags.BackupState,
		AAGUID: model.String(), Attestation: record.AttestationFormat,
	}, nil
}

// keep stores the passkey unless the person has too many by now.
func (p *Passkeys) keep(ctx context.Context, c Credential) (Credential, error) {
	list, err := p.store.Passkeys(ctx, c.PersonID)
	if err != nil {
		return Credential{}, err
	}
	if len(list) >= most {
		return Credential{}, ErrFull
	}
	c, err = p.store.AddPasskey(ctx, c)
	if errors.Is(err, storage.ErrExists) {
		return Credential{}, ErrKnown
	}
	return c, err
}

// proposed is the name of a passkey that the person gave none.
func proposed(aaguid string) string {
	if name := Model(aaguid); name != "" {
		return name
	}
	return "Passkey"
}
