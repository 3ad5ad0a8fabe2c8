package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	webpush "github.com/SherClockHolmes/webpush-go"

	"propusk/storage"
)

// VAPID is the key by which push services know this house (RFC 8292). It is made
// once, when it is first needed, and is the same on every node: a browser's
// subscription is bound to it. The private half is sealed in the database.
type VAPID struct {
	DB     *storage.DB
	Sealer *storage.Sealer
	Now    func() time.Time

	mu   sync.Mutex
	keys vapidKeys
}

// vapidKeys are a P-256 pair: the private scalar and the uncompressed point, both
// base64url without padding.
type vapidKeys struct {
	Private string `json:"private"`
	Public  string `json:"public"`
}

const (
	vapidID   = "vapid"
	vapidSeal = "push/vapid"
)

// PublicKey is what a browser subscribes with (applicationServerKey).
func (v *VAPID) PublicKey(ctx context.Context) (string, error) {
	keys, err := v.open(ctx)
	return keys.Public, err
}

// open reads the pair, and makes it when there is none.
func (v *VAPID) open(ctx context.Context) (vapidKeys, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.keys.Public != "" {
		return v.keys, nil
	}
	keys, err := v.read(ctx)
	if errors.Is(err, storage.ErrNotFound) {
		if err = v.make(ctx); err == nil {
			keys, err = v.read(ctx) // another node may have been first
		}
	}
	if err != nil {
		return vapidKeys{}, fmt.Errorf("webpush: the key of this house: %w", err)
	}
	v.keys = keys
	return keys, nil
}

func (v *VAPID) read(ctx context.Context) (keys vapidKeys, err error) {
	var sealed []byte
	if err := v.DB.Get(ctx, &sealed, `SELECT sealed FROM push_keys WHERE id = $1`, vapidID); err != nil {
		return keys, err
	}
	plain, err := v.Sealer.Open(sealed, vapidSeal)
	if err != nil {
		return keys, err
	}
	return keys, json.Unmarshal(plain, &keys)
}

func (v *VAPID) make(ctx context.Context) error {
	private, public, err := webpush.GenerateVAPIDKeys()
	if err != nil {
		return err
	}
	plain, err := json.Marshal(vapidKeys{private, public})
	if err != nil {
		return err
	}
	_, err = v.DB.Exec(ctx, `INSERT INTO push_keys (id, sealed, created_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING`,
		vapidID, v.Sealer.Seal(plain, vapidSeal), storage.Of(v.Now()))
	return err
}
