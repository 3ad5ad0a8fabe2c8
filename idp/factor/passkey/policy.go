package passkey

import (
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
)

// Policy says which authenticators a person may use. The zero value takes all
// and asks for no attestation.
//
// Without a chain of trust an authenticator's model is what it says of itself:
// Permitted and Prohibited then keep honest people to a list, no more.
type Policy struct {
	// Attestation is "none", the default, or "direct": the authenticator's
	// statement is asked for, checked as far as it can be alone, and kept with
	// the passkey, so that it can be judged later. Browsers ask the person.
	Attestation string
	Permitted   []string // AAGUIDs; empty: every model
	Prohibited  []string // AAGUIDs; not together with Permitted
	// DeviceBound refuses passkeys that can be synchronised between devices
	// (backup eligible).
	DeviceBound bool
}

func (p Policy) attested() bool { return p.Attestation == "direct" }

func (p Policy) apply(config *webauthn.Config) (err error) {
	switch p.Attestation {
	case "", "none":
		config.AttestationPreference = protocol.PreferNoAttestation
	case "direct":
		config.AttestationPreference = protocol.PreferDirectAttestation
	default:
		return fmt.Errorf("passkey: Attestation must be none or direct, not %q", p.Attestation)
	}
	config.Filtering = &webauthn.FilteringConfig{ProhibitBackupEligibility: p.DeviceBound}
	if config.Filtering.PermittedAAGUIDs, err = models(p.Permitted); err != nil {
		return err
	}
	config.Filtering.ProhibitedAAGUIDs, err = models(p.Prohibited)
	return err
}

func models(texts []string) (list []uuid.UUID, err error) {
	for _, text := range texts {
		id, err := uuid.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("passkey: AAGUID %q: %w", text, err)
		}
		list = append(list, id)
	}
	return list, nil
}

// modelNames are those of authenticators that many people have, by AAGUID.
var modelNames = map[string]string{
	"ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4": "Google Password Manager",
	"adce0002-35bc-c60a-648b-0b25f1f05503": "Chrome, Mac",
	"08987058-cadc-4b81-b6e1-30de50dcbe96": "Windows Hello",
	"9ddd1817-af5a-4672-a2b9-3e3dd95000a9": "Windows Hello",
	"6028b017-b1d4-4c02-b4b3-afcdafc96bb2": "Windows Hello",
	"fbfc3007-154e-4ecc-8c0b-6e020557d7bd": "iCloud Keychain",
	"dd4ec289-e01d-41c9-bb89-70fa845d4bf2": "iCloud Keychain",
	"53414d53-554e-4700-0000-000000000000": "Samsung Pass",
	"531126d6-e717-415c-9320-3d9aa6981239": "Dashlane",
	"bada5566-a7aa-401f-bd96-45619a55120d": "1Password",
	"d548826e-79b4-db40-a3d8-11116f7e8349": "Bitwarden",
	"50726f74-6f6e-5061-7373-50726f746f6e": "Proton Pass",
	"fdb141b2-5d84-443e-8a35-4698c205a502": "KeePassXC",
}

// Model is what people call the authenticator of an AAGUID; "" when unknown.
func Model(aaguid string) string { return modelNames[aaguid] }
