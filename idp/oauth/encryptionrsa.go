package oauth

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"

	"propusk/storage"
)

// rsaKeys are the keys to which clients encrypt request objects by RSA-OAEP-256 (RFC
// 7518 §4.3), for those whose libraries know no curves. They live as the keys on the
// curve do (encryptionKeys): one a period, the one before opens objects for another.
//
// Why stored and not derived: no standard says how an RSA key comes of a secret, and
// what the library makes of one differs from release to release. The first node that
// is asked for the key of a period makes it, sealed in a row; the others read it.
type rsaKeys struct {
	db     *storage.DB
	sealer *storage.Sealer
	now    func() time.Time
	log    *slog.Logger

	making sync.Mutex // one node makes one key at a time
	state  atomic.Pointer[rsaState]
}

type rsaState struct {
	period            int64
	current, previous jose.JSONWebKey // the zero value: there is none
}

// rsaBits is the size of the keys (RFC 7518 §4.3: 2048 or larger).
const rsaBits = 2048

// current is the published key, private. Without the database there may be none to
// tell of: a key set without it is better than no key set.
func (k *rsaKeys) current(ctx context.Context) (jose.JSONWebKey, bool) {
	state, err := k.at(ctx)
	if err != nil {
		k.log.ErrorContext(ctx, "the key to encrypt to by RSA cannot be had", "error", err)
		return jose.JSONWebKey{}, false
	}
	return state.current, true
}

// key finds the private key that an object names.
func (k *rsaKeys) key(ctx context.Context, kid string) (jose.JSONWebKey, bool) {
	state, err := k.at(ctx)
	if err != nil {
		k.log.ErrorContext(ctx, "the key to encrypt to by RSA cannot be had", "error", err)
		return jose.JSONWebKey{}, false
	}
	for _, key := range []jose.JSONWebKey{state.current, state.previous} {
		if key.KeyID == kid && kid != "" {
			return key, true
		}
	}
	return jose.JSONWebKey{}, false
}

func (k *rsaKeys) at(ctx context.Context) (*rsaState, error) {
	period := periodOf(k.now())
	if state := k.state.Load(); state != nil && state.period == period {
		return state, nil
	}
	k.making.Lock()
	defer k.making.Unlock()
	if state := k.state.Load(); state != nil && state.period == period {
		return state, nil
	}
	state := &rsaState{period: period}
	var err error
	if state.current, err = k.find(ctx, period); errors.Is(err, storage.ErrNotFound) {
		state.current, err = k.make(ctx, period)
	}
	if err != nil {
		return nil, err
	}
	if state.previous, err = k.find(ctx, period-1); err != nil && !errors.Is(err, storage.ErrNotFound) {
		return nil, err
	}
	k.state.Store(state)
	return state, nil
}

func sealOfPeriod(kid string) string { return "request object encryption/" + kid }

func (k *rsaKeys) find(ctx context.Context, period int64) (jose.JSONWebKey, error) {
	var row struct {
		KID    string `db:"kid"`
		Sealed []byte `db:"sealed"`
	}
	if err := k.db.Get(ctx, &row, `SELECT kid, sealed FROM encryption_keys WHERE period = $1`, period); err != nil {
		return jose.JSONWebKey{}, fmt.Errorf("find an encryption key: %w", err)
	}
	der, err := k.sealer.Open(row.Sealed, sealOfPeriod(row.KID))
	if err != nil {
		return jose.JSONWebKey{}, fmt.Errorf("open the encryption key %s: %w", row.KID, err)
	}
	private, err := x509.ParsePKCS1PrivateKey(der)
	if err != nil {
		return jose.JSONWebKey{}, fmt.Errorf("read the encryption key %s: %w", row.KID, err)
	}
	key, err := encryptionKeyOf(private)
	if err == nil && key.KeyID != row.KID {
		err = fmt.Errorf("the row of the encryption key %s holds another one", row.KID)
	}
	return key, err
}

// make makes the key of a period and forgets those of before the last one. Of nodes
// that make it at one time the first row counts, and all read that.
func (k *rsaKeys) make(ctx context.Context, period int64) (jose.JSONWebKey, error) {
	private, err := rsa.GenerateKey(rand.Reader, rsaBits)
	if err != nil {
		return jose.JSONWebKey{}, fmt.Errorf("make an encryption key: %w", err)
	}
	key, err := encryptionKeyOf(private)
	if err != nil {
		return jose.JSONWebKey{}, err
	}
	_, err = k.db.Exec(ctx, `INSERT INTO encryption_keys (period, kid, sealed, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (period) DO NOTHING`,
		period, key.KeyID, k.sealer.Seal(x509.MarshalPKCS1PrivateKey(private), sealOfPeriod(key.KeyID)), storage.Of(k.now()))
	if err == nil {
		_, err = k.db.Exec(ctx, `DELETE FROM encryption_keys WHERE period < $1`, period-1)
	}
	if err != nil {
		return jose.JSONWebKey{}, fmt.Errorf("keep an encryption key: %w", err)
	}
	return k.find(ctx, period)
}

func encryptionKeyOf(private *rsa.PrivateKey) (jose.JSONWebKey, error) {
	key := jose.JSONWebKey{Key: private, Use: "enc", Algorithm: string(jose.RSA_OAEP_256)}
	thumbprint, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return jose.JSONWebKey{}, fmt.Errorf("name an encryption key: %w", err)
	}
	key.KeyID = base64.RawURLEncoding.EncodeToString(thumbprint)
	return key, nil
}
