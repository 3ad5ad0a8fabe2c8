package possession

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// nonceLifetime is how long a nonce may be used: a proof made ahead of time by
// somebody who had the key for a moment is worth nothing afterwards (RFC 9449
// §11.2).
const nonceLifetime = 5 * time.Minute

// nonces are BASE64URL(seconds ‖ MAC): every node of a house that has the same
// key takes the nonces of every other, and none is kept.
type nonces struct {
	key []byte
	now func() time.Time
}

const (
	nonceTime = 8  // seconds since 1970, big endian
	nonceMAC  = 16 // 128 bits of HMAC-SHA256
)

func (n nonces) make() string {
	nonce := binary.BigEndian.AppendUint64(make([]byte, 0, nonceTime+nonceMAC), uint64(n.now().Unix()))
	return base64.RawURLEncoding.EncodeToString(append(nonce, n.mac(nonce)...))
}

// valid reports whether the nonce is ours and not older than nonceLifetime.
func (n nonces) valid(nonce string) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(nonce)
	if err != nil || len(raw) != nonceTime+nonceMAC || !hmac.Equal(raw[nonceTime:], n.mac(raw[:nonceTime])) {
		return false
	}
	age := n.now().Sub(time.Unix(int64(binary.BigEndian.Uint64(raw)), 0))
	return age >= -nonceLifetime && age <= nonceLifetime
}

func (n nonces) mac(time []byte) []byte {
	mac := hmac.New(sha256.New, n.key)
	mac.Write(time)
	return mac.Sum(nil)[:nonceMAC]
}
