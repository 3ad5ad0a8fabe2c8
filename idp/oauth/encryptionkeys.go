package oauth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// encryptionKeys are ours to which clients encrypt request objects by ECDH-ES: one a
// period, on the curve P-256, derived from the master key. Those for RSA are rsaKeys.
//
// Why derived and not stored: like a signing key's life it is a matter of time alone,
// so every node changes over at the same instant, and there is no row to seal, to
// make on the first start or to lose. What they protect is short-lived: an object is
// good for an hour at most. A key that must go goes with the master key.
type encryptionKeys struct {
	secret []byte
	now    func() time.Time
	state  atomic.Pointer[encryptionState]
}

// encryptionPeriod is how long a key is published. The one before opens objects for
// another period, far longer than any copy of the key set is kept.
const encryptionPeriod = 30 * 24 * time.Hour

// encryptionState are the keys of one period.
type encryptionState struct {
	period            int64
	current, previous jose.JSONWebKey
}

func newEncryptionKeys(secret []byte, now func() time.Time) *encryptionKeys {
	return &encryptionKeys{secret: secret, now: now}
}

// current is the published key, private.
func (k *encryptionKeys) current() jose.JSONWebKey { return k.at().current }

// key finds the private key that an object names.
func (k *encryptionKeys) key(kid string) (jose.JSONWebKey, bool) {
	state := k.at()
	for _, key := range []jose.JSONWebKey{state.current, state.previous} {
		if key.KeyID == kid {
			return key, true
		}
	}
	return jose.JSONWebKey{}, false
}

func (k *encryptionKeys) at() *encryptionState {
	period := periodOf(k.now())
	if state := k.state.Load(); state != nil && state.period == period {
		return state
	}
	state := &encryptionState{period: period, current: k.derive(period), previous: k.derive(period - 1)}
	k.state.Store(state)
	return state
}

// periodOf numbers the periods of encryption keys.
func periodOf(at time.Time) int64 { return at.Unix() / int64(encryptionPeriod.Seconds()) }

// derive makes the key of a period by rejection sampling (FIPS 186-5 §A.2.2): of
// about four billion tries one is no scalar of the curve, and the next is taken.
func (k *encryptionKeys) derive(period int64) jose.JSONWebKey {
	for try := 0; ; try++ {
		scalar, err := hkdf.Key(sha256.New, k.secret, nil, fmt.Sprintf("request objects %d %d", period, try), 32)
		if err != nil {
			panic(err) // only for lengths that SHA-256 cannot give
		}
		private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar)
		if err != nil {
			continue
		}
		key := jose.JSONWebKey{Key: private, Use: "enc"}
		thumbprint, err := key.Thumbprint(crypto.SHA256)
		if err != nil {
			panic(err) // a key on P-256 always has one
		}
		key.KeyID = base64.RawURLEncoding.EncodeToString(thumbprint)
		return key
	}
}
