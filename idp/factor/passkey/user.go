package passkey

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/go-webauthn/webauthn/webauthn"

	"propusk/idp/directory"
)

// user is a person as the library wants to see him. The user handle is the
// person's id, which tells nothing of him (WebAuthn §14.6.1).
type user struct {
	id, name, display string
	credentials       []webauthn.Credential
}

func (u *user) WebAuthnID() []byte                         { return []byte(u.id) }
func (u *user) WebAuthnName() string                       { return u.name }
func (u *user) WebAuthnDisplayName() string                { return u.display }
func (u *user) WebAuthnCredentials() []webauthn.Credential { return u.credentials }

// userOf shows a person by what he types to sign in, since that is what the
// browser's list of passkeys calls the account.
func userOf(p directory.Person, list []Credential) (*user, error) {
	u := &user{id: p.ID, display: p.FullName()}
	for _, name := range []string{p.Email, p.Phone, p.Number} {
		if u.name = name; name != "" {
			break
		}
	}
	return u, u.hold(list)
}

// hold reads the records of passkeys.
func (u *user) hold(list []Credential) error {
	for _, c := range list {
		record, err := read(c)
		if err != nil {
			return err
		}
		u.credentials = append(u.credentials, record)
	}
	return nil
}

// read makes the library's record of ours: what changes with each use stands in
// columns of its own.
func read(c Credential) (webauthn.Credential, error) {
	var record webauthn.Credential
	if err := json.Unmarshal(c.Record, &record); err != nil {
		return record, fmt.Errorf("passkey: read record of %s: %w", c.ID, err)
	}
	record.Authenticator.SignCount = uint32(c.SignCount)
	record.Flags.BackupState = c.BackedUp
	return record, nil
}

// encoded is a credential id as it is kept.
func encoded(id []byte) string { return base64.RawURLEncoding.EncodeToString(id) }
