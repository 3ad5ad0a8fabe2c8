package status

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"propusk/storage/revocation"
)

// typeStatusList is the typ and, below application/, the media type of a list
// (§5.1, §8.2).
const typeStatusList = "statuslist+jwt"

// claims are a status list token (§5.1).
type claims struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"` // its own URI
	IssuedAt  int64    `json:"iat"`
	ExpiresAt int64    `json:"exp"`
	TTL       int64    `json:"ttl"` // seconds
	List      bitsList `json:"status_list"`
}

// bitsList is a status list in JSON (§4.2).
type bitsList struct {
	Bits        int    `json:"bits"`
	List        string `json:"lst"`
	Aggregation string `json:"aggregation_uri"`
}

// compressed is a byte array as it stands in lst: zlib (RFC 1950) at its best,
// base64url without padding (§4.1).
func compressed(bits []byte) (string, error) {
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, zlib.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err := w.Write(bits); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b.Bytes()), nil
}

// sign makes the token of bits, unless it has one that is young enough.
func (l *Lists) sign(one *list, bits []byte, now time.Time) error {
	if bytes.Equal(bits, one.bits) && now.Sub(one.signed) < renewed && !l.withdrawn(one.token) {
		return nil
	}
	lst, err := compressed(bits)
	if err != nil {
		return fmt.Errorf("status: compress a list: %w", err)
	}
	payload, err := json.Marshal(claims{
		Issuer: l.deps.Issuer, Subject: l.uri(one.name), IssuedAt: now.Unix(), ExpiresAt: now.Add(expires).Unix(),
		TTL: int64(TTL.Seconds()), List: bitsList{Bits: 1, List: lst, Aggregation: l.deps.Issuer + Path},
	})
	if err != nil {
		return fmt.Errorf("status: encode a list: %w", err)
	}
	token, err := l.deps.Keys.Sign("", typeStatusList, payload)
	if err != nil {
		return fmt.Errorf("status: sign a list: %w", err)
	}
	if l.withdrawn(token) { // elsewhere, and this node has not read the keys again
		return fmt.Errorf("%w: its signing key was withdrawn", ErrStale)
	}
	digest := sha256.Sum256([]byte(token))
	one.bits, one.signed, one.token = bits, now, token
	one.etag = `"` + base64.RawURLEncoding.EncodeToString(digest[:12]) + `"`
	return nil
}

// withdrawn reports whether the key that signed the token was withdrawn since: what it
// signed proves nothing any more, and whoever has the key could make such a list that
// revokes nothing.
func (l *Lists) withdrawn(token string) bool {
	header, _, ok := strings.Cut(token, ".")
	if !ok {
		return false
	}
	raw, err := base64.RawURLEncoding.DecodeString(header)
	if err != nil {
		return false
	}
	var named struct {
		KeyID string `json:"kid"`
	}
	return json.Unmarshal(raw, &named) == nil && l.deps.Revoked.Revoked(revocation.Token{SigningKey: named.KeyID})
}
