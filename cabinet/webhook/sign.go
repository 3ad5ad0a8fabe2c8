package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of a delivery, as Standard Webhooks 1.0 names them.
const (
	HeaderID        = "Webhook-Id"        // of the message: the same for every attempt and replay
	HeaderTimestamp = "Webhook-Timestamp" // of the attempt, seconds since 1970
	HeaderSignature = "Webhook-Signature" // "v1,<base64>" for each live secret, separated by spaces
)

// secretPrefix begins a secret, so that scanners of repositories find leaked ones.
const secretPrefix = "whsec_"

// newSecret makes a secret of 256 bits.
func newSecret() string {
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails: crypto/rand ends the program instead
	return secretPrefix + base64.StdEncoding.EncodeToString(key[:])
}

// Tolerance is how far a delivery's timestamp may be from the receiver's clock.
const Tolerance = 5 * time.Minute

// What is wrong with a delivery.
var (
	ErrSecret    = errors.New("webhook: the secret is not one of ours")
	ErrHeaders   = errors.New("webhook: a header of the delivery is missing or malformed")
	ErrTimestamp = errors.New("webhook: the delivery is too old or from the future")
	ErrSignature = errors.New("webhook: the signature is wrong")
)

func key(secret string) ([]byte, error) {
	text, ours := strings.CutPrefix(secret, secretPrefix)
	raw, err := base64.StdEncoding.DecodeString(text)
	if !ours || err != nil || len(raw) < 24 {
		return nil, ErrSecret
	}
	return raw, nil
}

// signature is HMAC-SHA256 under the secret of "id.timestamp.body".
func signature(secret, id, timestamp string, body []byte) ([]byte, error) {
	raw, err := key(secret)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, raw)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return mac.Sum(nil), nil
}

// sign writes the value of HeaderSignature, one signature for each secret.
func sign(secrets []string, id, timestamp string, body []byte) (string, error) {
	parts := make([]string, len(secrets))
	for i, secret := range secrets {
		sum, err := signature(secret, id, timestamp, body)
		if err != nil {
			return "", err
		}
		parts[i] = "v1," + base64.StdEncoding.EncodeToString(sum)
	}
	return strings.Join(parts, " "), nil
}

// Verify judges a delivery as a receiver does; docs/webhooks.md has it in other
// languages. Whoever has seen the id before has been given the message again.
func Verify(secret string, header http.Header, body []byte, now time.Time) error {
	id, timestamp := header.Get(HeaderID), header.Get(HeaderTimestamp)
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || id == "" {
		return ErrHeaders
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > Tolerance || age < -Tolerance {
		return ErrTimestamp
	}
	want, err := signature(secret, id, timestamp, body)
	if err != nil {
		return err
	}
	for part := range strings.FieldsSeq(header.Get(HeaderSignature)) {
		version, text, _ := strings.Cut(part, ",")
		got, err := base64.StdEncoding.DecodeString(text)
		if version == "v1" && err == nil && hmac.Equal(got, want) {
			return nil
		}
	}
	return ErrSignature
}
