package keys

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"propusk/storage"
)

// Token is a device that holds private keys and signs with them, such as a
// hardware security module (PKCS #11). It is safe for concurrent use.
type Token interface {
	// Generate makes a key inside the device, one that cannot be taken out of it.
	// name finds it again, on every node that the device is attached to.
	Generate(ctx context.Context, algorithm string) (private crypto.Signer, name []byte, err error)
	// Find returns a key made before. It refuses one that could be taken out.
	Find(ctx context.Context, algorithm string, name []byte) (crypto.Signer, error)
	// Delete destroys a key. That there is none is no error.
	Delete(ctx context.Context, name []byte) error
}

// The places of private keys, as they stand in the column "store".
const (
	inDatabase = "database" // PKCS #8 (RFC 5958), sealed
	inToken    = "token"    // its name in Deps.Token, sealed
)

// ErrToken: a key lies in a token, and this node has none.
var ErrToken = errors.New("keys: the key lies in a PKCS #11 token, and none is configured here")

// held is a key and where it lies.
type held struct {
	Key
	store string
	kept  []byte // PKCS #8, or the name in the token
}

// make makes a key where this house keeps its keys.
func (r *Ring) make(ctx context.Context, algorithm string) (held, error) {
	if !slices.Contains(Algorithms(), algorithm) {
		return held{}, fmt.Errorf("%w: %s", ErrUnknown, algorithm)
	}
	if r.deps.Token == nil {
		key, err := generate(algorithm)
		if err != nil {
			return held{}, err
		}
		return inMemory(key)
	}
	private, name, err := r.deps.Token.Generate(ctx, algorithm)
	if err != nil {
		return held{}, fmt.Errorf("generate an %s key in the token: %w", algorithm, err)
	}
	key, err := newKey(algorithm, private)
	return held{key, inToken, name}, err
}

// inMemory is a key of this process, to be kept in the database.
func inMemory(key Key) (held, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key.Private)
	if err != nil {
		return held{}, fmt.Errorf("encode the %s key %s: %w", key.Algorithm, key.ID, err)
	}
	return held{key, inDatabase, der}, nil
}

// discard destroys what the token holds of a key whose row was not written, or is
// gone. A key that cannot be reached now stays there, and the log says which.
func (r *Ring) discard(ctx context.Context, key held) {
	if key.store != inToken || r.deps.Token == nil {
		return
	}
	if err := r.deps.Token.Delete(context.WithoutCancel(ctx), key.kept); err != nil {
		r.deps.Log.ErrorContext(ctx, "a key without use stays in the token", "kid", key.ID, "name", hex.EncodeToString(key.kept), "error", err)
	}
}

// open unseals what a row keeps of its key and checks that it is the key which
// the row names.
func (r *Ring) open(ctx context.Context, row row) (held, error) {
	kept, err := r.deps.Sealer.Open(row.Sealed, sealContext(row.KID))
	if err != nil {
		return held{}, fmt.Errorf("open the signing key %s (is the master key the one it was sealed with?): %w", row.KID, err)
	}
	var key Key
	switch {
	case row.Store == inDatabase:
		key, err = unmarshal(row.Algorithm, kept)
	case row.Store != inToken:
		err = fmt.Errorf("it is kept in %q, which this version does not know", row.Store)
	case r.deps.Token == nil:
		err = ErrToken
	default:
		var private crypto.Signer
		if private, err = r.deps.Token.Find(ctx, row.Algorithm, kept); err == nil {
			key, err = newKey(row.Algorithm, private)
		}
	}
	if err == nil && key.ID != row.KID {
		err = fmt.Errorf("what is kept there is the key %s", key.ID)
	}
	if err != nil {
		return held{}, fmt.Errorf("open the signing key %s: %w", row.KID, err)
	}
	return held{key, row.Store, kept}, nil
}

// unmarshal reads PKCS #8 (RFC 5958).
func unmarshal(algorithm string, der []byte) (Key, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return Key{}, fmt.Errorf("decode an %s key: %w", algorithm, err)
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return Key{}, fmt.Errorf("keys: a %T does not sign", parsed)
	}
	return newKey(algorithm, private)
}

// insert writes the row of a new key. storage.ErrExists when another node has
// made the algorithm's key of that sequence.
func (r *Ring) insert(ctx context.Context, key held, sequence int64, activates storage.Time) error {
	_, err := r.deps.DB.Exec(ctx,
		`INSERT INTO signing_keys (kid, algorithm, sequence, store, sealed, created_at, activates_at)
		 VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		key.ID, key.Algorithm, sequence, key.store, r.deps.Sealer.Seal(key.kept, sealContext(key.ID)),
		storage.Of(r.deps.Now()), activates)
	return err
}

// sealContext binds what is sealed to its key, so that rows cannot be swapped.
func sealContext(kid string) string { return "signing key " + kid }
