package passkey

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"

	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/storage"
)

// Outcomes of a ceremony, beside nil. All but ErrFull and ErrKnown are
// factor.ErrWrong too; any other error is an accident of storage.
var (
	// ErrStale: no such challenge waits; it has expired, was answered before, or
	// belongs to another ceremony. Beginning anew helps.
	ErrStale = fmt.Errorf("%w: no challenge waits for this answer", factor.ErrWrong)
	// ErrCloned: the signature is right, but its counter went back, as it does
	// when the key was copied. The passkey is locked now.
	ErrCloned = fmt.Errorf("%w: the passkey's counter went back", factor.ErrLocked)
	// ErrLocked: the passkey was locked before.
	ErrLocked = fmt.Errorf("%w: the passkey is locked", factor.ErrLocked)
	// ErrFull: the person has as many passkeys as may be.
	ErrFull = errors.New("passkey: too many passkeys")
	// ErrKnown: the authenticator gave a credential that somebody has already.
	ErrKnown = errors.New("passkey: the credential is connected already")
)

// Credential is a passkey as it is kept.
type Credential = directory.Passkey

// Store keeps the records; *directory.Directory.
type Store interface {
	Passkeys(ctx context.Context, personID string) ([]directory.Passkey, error)
	PasskeyByCredential(ctx context.Context, credentialID string) (directory.Passkey, error)
	AddPasskey(ctx context.Context, p directory.Passkey) (directory.Passkey, error)
	UsePasskey(ctx context.Context, id string, signCount int64, backedUp bool) error
	LockPasskey(ctx context.Context, id string) error
	RenamePasskey(ctx context.Context, personID, id, name string) error
	RemovePasskey(ctx context.Context, personID, id string) error
}

// Deps is what Passkeys stands on. What has a default may be zero.
type Deps struct {
	Store     Store
	Ephemeral storage.Ephemeral
	Issuer    string // scheme://host[:port]; its host is the relying party's id, itself the only origin
	Name      string // of the house, as the browser's dialogue shows it
	Policy    Policy
	Lifetime  time.Duration // of a challenge; default 30 minutes, as it stands in the page of a sign-in
}

// Passkeys runs the ceremonies.
type Passkeys struct {
	store     Store
	ephemeral storage.Ephemeral
	lifetime  time.Duration
	attested  bool               // attestation statements are kept
	library   *webauthn.WebAuthn // nil: not in this house
}

// New returns Passkeys, or an error that names what is missing or wrong. For an
// issuer at which browsers offer no WebAuthn (an IP address, or plain HTTP but
// for localhost), it returns one that is not Available.
func New(deps Deps) (*Passkeys, error) {
	if deps.Store == nil || deps.Ephemeral == nil || deps.Name == "" {
		return nil, errors.New("passkey: Store, Ephemeral and Name are required")
	}
	issuer, err := url.Parse(deps.Issuer)
	if err != nil || issuer.Host == "" {
		return nil, fmt.Errorf("passkey: Issuer must be scheme://host[:port]: %q", deps.Issuer)
	}
	if deps.Lifetime <= 0 {
		deps.Lifetime = 30 * time.Minute
	}
	p := &Passkeys{store: deps.Store, ephemeral: deps.Ephemeral, lifetime: deps.Lifetime, attested: deps.Policy.attested()}
	if !secure(issuer) {
		return p, nil
	}
	config, err := deps.config(issuer)
	if err != nil {
		return nil, err
	}
	if p.library, err = webauthn.New(config); err != nil {
		return nil, fmt.Errorf("passkey: %w", err)
	}
	return p, nil
}

// secure tells where browsers offer WebAuthn: at a name, over TLS or on the
// machine itself (Secure Contexts §3.1).
func secure(issuer *url.URL) bool {
	_, err := netip.ParseAddr(issuer.Hostname())
	return err != nil && (issuer.Scheme == "https" || issuer.Hostname() == "localhost")
}

// Available reports whether browsers offer passkeys at this issuer. When not,
// every ceremony is refused with factor.ErrUnavailable.
func (p *Passkeys) Available() bool { return p.library != nil }

func (d Deps) config(issuer *url.URL) (*webauthn.Config, error) {
	config := &webauthn.Config{
		RPID:          issuer.Hostname(),
		RPDisplayName: d.Name,
		RPOrigins:     []string{issuer.Scheme + "://" + issuer.Host},
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey:        protocol.ResidentKeyRequirementRequired,
			RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification:   protocol.VerificationRequired,
		},
		// Password managers answer extensions that nobody asked for. We use none.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	}
	return config, d.Policy.apply(config)
}

// algorithms of keys that we take, the one that we like best first.
var algorithms = []protocol.CredentialParameter{
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgES256},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgEdDSA},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgRS256},
}

// List is the person's passkeys, the locked ones too, in the order in which they
// were added.
func (p *Passkeys) List(ctx context.Context, personID string) ([]Credential, error) {
	return p.store.Passkeys(ctx, personID)
}

// Usable reports whether the person has a passkey that is not locked.
func (p *Passkeys) Usable(ctx context.Context, personID string) (bool, error) {
	list, err := p.store.Passkeys(ctx, personID)
	return p.Available() && len(unlocked(list)) > 0, err
}

// Rename gives the person's passkey another name; storage.ErrNotFound,
// directory.FieldErrors for the field "name".
func (p *Passkeys) Rename(ctx context.Context, personID, id, name string) error {
	return p.store.RenamePasskey(ctx, personID, id, name)
}

// Remove takes the person's passkey away; storage.ErrNotFound.
func (p *Passkeys) Remove(ctx context.Context, personID, id string) error {
	return p.store.RemovePasskey(ctx, personID, id)
}

func unlocked(list []Credential) (open []Credential) {
	for _, c := range list {
		if c.LockedAt == 0 {
			open = append(open, c)
		}
	}
	return open
}
