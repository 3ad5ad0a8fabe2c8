//go:build pkcs11

package pkcs11

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"github.com/miekg/pkcs11"
)

// rsaBits is the modulus length of RSA keys; RFC 7518 §3.3 asks for 2048 or more.
const rsaBits = 2048

// The mechanisms of Ed25519, from PKCS #11 3.0 (§2.3.5, §2.3.14), which the binding
// does not name; tokens of 2.40 offer them under the same numbers.
const (
	ckmEdwardsKeyPairGen = 0x1055
	ckmEdDSA             = 0x1057
	ckkEdwards           = 0x40
)

var (
	oidP256    = asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7} // RFC 5480 §2.1.1.1
	oidEd25519 = asn1.ObjectIdentifier{1, 3, 101, 112}            // RFC 8410 §3
)

// kind is how keys of an algorithm are made.
type kind struct {
	mechanism uint
	keyType   uint
	public    []*pkcs11.Attribute
}

func kindOf(algorithm string) (kind, error) {
	curve := func(oid asn1.ObjectIdentifier) []*pkcs11.Attribute {
		der, _ := asn1.Marshal(oid) // a constant
		return []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_EC_PARAMS, der)}
	}
	switch algorithm {
	case "ES256":
		return kind{pkcs11.CKM_EC_KEY_PAIR_GEN, pkcs11.CKK_EC, curve(oidP256)}, nil
	case "EdDSA":
		return kind{ckmEdwardsKeyPairGen, ckkEdwards, curve(oidEd25519)}, nil
	case "RS256", "PS256":
		return kind{pkcs11.CKM_RSA_PKCS_KEY_PAIR_GEN, pkcs11.CKK_RSA, []*pkcs11.Attribute{
			pkcs11.NewAttribute(pkcs11.CKA_MODULUS_BITS, rsaBits),
			pkcs11.NewAttribute(pkcs11.CKA_PUBLIC_EXPONENT, []byte{1, 0, 1}),
		}}, nil
	}
	return kind{}, fmt.Errorf("pkcs11: unknown algorithm %q", algorithm)
}

// Generate makes a key pair in the token.
func (t *token) Generate(ctx context.Context, algorithm string) (crypto.Signer, []byte, error) {
	k, err := kindOf(algorithm)
	if err != nil {
		return nil, nil, err
	}
	name := make([]byte, 16)
	_, _ = rand.Read(name) // never fails (crypto/rand)
	label := fmt.Sprintf("propusk %s %x", algorithm, name[:4])
	err = t.with(ctx, func(session pkcs11.SessionHandle) error {
		mechanism := []*pkcs11.Mechanism{pkcs11.NewMechanism(k.mechanism, nil)}
		_, _, err := t.lib.GenerateKeyPair(session, mechanism, k.publicTemplate(name, label), k.privateTemplate(name, label))
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("the token does not make %s keys: %w", algorithm, err)
	}
	signer, err := t.Find(ctx, algorithm, name)
	if err != nil {
		return nil, nil, errors.Join(err, t.Delete(ctx, name))
	}
	return signer, name, nil
}

func (k kind) publicTemplate(name []byte, label string) []*pkcs11.Attribute {
	return append([]*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_PUBLIC_KEY),
		pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, k.keyType),
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
		pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, false),
		pkcs11.NewAttribute(pkcs11.CKA_VERIFY, true),
		pkcs11.NewAttribute(pkcs11.CKA_ID, name),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, label),
	}, k.public...)
}

// privateTemplate is a key that signs, does nothing else, and stays where it is.
func (k kind) privateTemplate(name []byte, label string) []*pkcs11.Attribute {
	return []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_PRIVATE_KEY),
		pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, k.keyType),
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
		pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true),
		pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true),
		pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false),
		pkcs11.NewAttribute(pkcs11.CKA_SIGN, true),
		pkcs11.NewAttribute(pkcs11.CKA_DECRYPT, false),
		pkcs11.NewAttribute(pkcs11.CKA_UNWRAP, false),
		pkcs11.NewAttribute(pkcs11.CKA_ID, name),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, label),
	}
}

// Find returns the key pair of that name, after a look at what the private half
// says of itself.
func (t *token) Find(ctx context.Context, algorithm string, name []byte) (crypto.Signer, error) {
	k, err := kindOf(algorithm)
	if err != nil {
		return nil, err
	}
	s := &signer{token: t, algorithm: algorithm, name: name}
	err = t.with(ctx, func(session pkcs11.SessionHandle) error {
		private, err := t.object(session, pkcs11.CKO_PRIVATE_KEY, k.keyType, name)
		if err != nil {
			return err
		}
		if err := t.inescapable(session, private); err != nil {
			return err
		}
		public, err := t.object(session, pkcs11.CKO_PUBLIC_KEY, k.keyType, name)
		if err != nil {
			return err
		}
		s.handle = private
		s.public, err = t.publicKey(session, public, algorithm)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find the %s key %x: %w", algorithm, name, err)
	}
	return s, nil
}

// object finds the one object of a class and name.
func (t *token) object(session pkcs11.SessionHandle, class, keyType uint, name []byte) (pkcs11.ObjectHandle, error) {
	handles, err := t.objects(session,
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, class),
		pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, keyType),
		pkcs11.NewAttribute(pkcs11.CKA_ID, name))
	if err != nil {
		return 0, err
	}
	if len(handles) != 1 {
		return 0, fmt.Errorf("%w: the token has %d objects of that name", ErrKey, len(handles))
	}
	return handles[0], nil
}

func (t *token) objects(session pkcs11.SessionHandle, template ...*pkcs11.Attribute) ([]pkcs11.ObjectHandle, error) {
	if err := t.lib.FindObjectsInit(session, template); err != nil {
		return nil, fmt.Errorf("search the token: %w", err)
	}
	handles, _, err := t.lib.FindObjects(session, 4)
	return handles, errors.Join(err, t.lib.FindObjectsFinal(session))
}

// inescapable refuses a private key that can be, or once could be, taken out of
// the token, or that was put into it.
func (t *token) inescapable(session pkcs11.SessionHandle, private pkcs11.ObjectHandle) error {
	wanted := []struct {
		attribute uint
		value     byte
		says      string
	}{
		{pkcs11.CKA_SENSITIVE, 1, "can be read in the clear"},
		{pkcs11.CKA_EXTRACTABLE, 0, "can be taken out of the token"},
		{pkcs11.CKA_ALWAYS_SENSITIVE, 1, "could once be read in the clear"},
		{pkcs11.CKA_NEVER_EXTRACTABLE, 1, "could once be taken out of the token"},
		{pkcs11.CKA_LOCAL, 1, "was not made by the token"},
		{pkcs11.CKA_SIGN, 1, "may not sign"},
	}
	for _, want := range wanted {
		got, err := t.lib.GetAttributeValue(session, private, []*pkcs11.Attribute{pkcs11.NewAttribute(want.attribute, nil)})
		if err != nil {
			return fmt.Errorf("read the private key's attributes: %w", err)
		}
		if !bytes.Equal(got[0].Value, []byte{want.value}) {
			return fmt.Errorf("%w: the private key %s", ErrKey, want.says)
		}
	}
	return nil
}

func (t *token) publicKey(session pkcs11.SessionHandle, object pkcs11.ObjectHandle, algorithm string) (crypto.PublicKey, error) {
	types := []uint{pkcs11.CKA_EC_POINT}
	if algorithm == "RS256" || algorithm == "PS256" {
		types = []uint{pkcs11.CKA_MODULUS, pkcs11.CKA_PUBLIC_EXPONENT}
	}
	template := make([]*pkcs11.Attribute, len(types))
	for i, attribute := range types {
		template[i] = pkcs11.NewAttribute(attribute, nil)
	}
	values, err := t.lib.GetAttributeValue(session, object, template)
	if err != nil {
		return nil, fmt.Errorf("read the public key: %w", err)
	}
	if len(types) == 2 {
		exponent := new(big.Int).SetBytes(values[1].Value)
		if !exponent.IsInt64() || exponent.Int64() > 1<<31-1 {
			return nil, fmt.Errorf("%w: the public exponent is too large", ErrKey)
		}
		return &rsa.PublicKey{N: new(big.Int).SetBytes(values[0].Value), E: int(exponent.Int64())}, nil
	}
	return point(values[0].Value, algorithm)
}

// point reads CKA_EC_POINT: the point as an OCTET STRING (PKCS #11 2.40 §2.3.3),
// or, from some tokens, bare.
func point(value []byte, algorithm string) (crypto.PublicKey, error) {
	raw := value
	var inner []byte
	if rest, err := asn1.Unmarshal(value, &inner); err == nil && len(rest) == 0 {
		raw = inner
	}
	if algorithm == "EdDSA" {
		if len(raw) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("%w: %d bytes are no Ed25519 key", ErrKey, len(raw))
		}
		return ed25519.PublicKey(raw), nil
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), raw)
	if err != nil {
		return nil, fmt.Errorf("%w: the point is not on P-256", ErrKey)
	}
	return public, nil
}

// Delete destroys both halves.
func (t *token) Delete(ctx context.Context, name []byte) error {
	return t.with(ctx, func(session pkcs11.SessionHandle) error {
		handles, err := t.objects(session, pkcs11.NewAttribute(pkcs11.CKA_ID, name))
		for _, handle := range handles {
			err = errors.Join(err, t.lib.DestroyObject(session, handle))
		}
		return err
	})
}
