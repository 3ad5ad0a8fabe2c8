package possession

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"sync/atomic"
	"time"
)

// nonceLifetime is how long a nonce may be used: a proof made ahead of time by
// somebody who had the key for a moment is worth nothing afterwards (RFC 9449
// §11.2).
const nonceLifetime = 5 * time.Minute

// nonces are BASE64URL(seconds ‖ MAC), one for each second: every node of a house
// that has the same key takes the nonces of every other, and none has to be kept.
type nonces struct {
	key []byte
	now func() time.Time
	// made spares the making of those that are in use, by their second.
	made [1024]atomic.Pointer[nonce]
}

// nonce is that of one second.
type nonce struct {
	second int64 // since 1970
	text   string
}

const (
	nonceTime = 8  // seconds since 1970, big endian
	nonceMAC  = 16 // 128 bits of HMAC-SHA256
)

func (n *nonces) make() string { return n.of(n.now().Unix()) }

// valid reports whether the nonce is ours and not older than nonceLifetime. How old it
// says to be is looked at first, so that nobody has those made that nobody may use.
func (n *nonces) valid(text string) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != nonceTime+nonceMAC {
		return false
	}
	second := int64(binary.BigEndian.Uint64(raw))
	age := n.now().Sub(time.Unix(second, 0))
	return age >= -nonceLifetime && age <= nonceLifetime && subtle.ConstantTimeCompare([]byte(text), []byte(n.of(second))) == 1
}

// of is the nonce of a second.
func (n *nonces) of(second int64) string {
	slot := &n.made[uint64(second)%uint64(len(n.made))]
	if known := slot.Load(); known != nil && known.second == second {
		return known.text
	}
	raw := binary.BigEndian.AppendUint64(make([]byte, 0, nonceTime+nonceMAC), uint64(second))
	mac := hmac.New(sha256.New, n.key)
	mac.Write(raw)
	made := &nonce{second, base64.RawURLEncoding.EncodeToString(mac.Sum(raw)[:nonceTime+nonceMAC])}
	slot.Store(made)
	return made.text
}
