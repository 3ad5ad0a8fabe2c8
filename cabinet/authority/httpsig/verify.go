package httpsig

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Window is how far a signature's time may be from the verifier's, either way, and
// so how long a nonce has to be remembered: twice that.
const Window = 5 * time.Minute

// ErrRefused: the message is not to be believed. The text says why.
var ErrRefused = errors.New("httpsig: refused")

func refuse(why string) error { return fmt.Errorf("%w: %s", ErrRefused, why) }

// Verifier judges signed messages.
type Verifier struct {
	// Key finds the key of an id, false when there is no such key.
	Key func(id string) (Public, bool)
	Now func() time.Time
	// Spend marks a request's nonce as used, for ttl; an error of it refuses the
	// message. nil: requests may be replayed within the window, for a peer that
	// recognises repeats by what they say.
	Spend func(ctx context.Context, nonce string, ttl time.Duration) error
	// Authority is the host[:port] that requests must have been signed for; "" takes
	// the one that they were sent to. Without it a message to another server whose
	// keys are the same can be passed on to this one.
	Authority string
}

// ErrTooLarge: the body is longer than the reader is ready to take.
var ErrTooLarge = errors.New("httpsig: the body is too large")

// Request verifies a request and reads its body, at most limit bytes of it. The
// signature is judged before the first byte of the body is taken, so that a stranger
// cannot fill the memory. An error that wraps ErrRefused or ErrTooLarge is the
// sender's fault; another one is that of Spend or of the connection.
func (v Verifier) Request(r *http.Request, limit int64) (keyID string, body []byte, err error) {
	if v.Authority != "" && authorityOf(r) != normalHost(v.Authority) {
		return "", nil, refuse("signed for another host")
	}
	in, err := v.verify(message{request: r, header: r.Header}, requestComponents)
	if err != nil {
		return "", nil, err
	}
	if body, err = readUpTo(r.Body, limit); err != nil {
		return "", nil, err
	}
	if err := holds(r.Header, body); err != nil {
		return "", nil, err
	}
	if v.Spend != nil {
		err = v.Spend(r.Context(), in.keyID+"/"+in.nonce, 2*Window)
	}
	return in.keyID, body, err
}

func readUpTo(r io.Reader, limit int64) ([]byte, error) {
	if r == nil {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("httpsig: read the body: %w", err)
	case int64(len(body)) > limit:
		return nil, ErrTooLarge
	}
	return body, nil
}

// holds reports whether the body is the one that the signed digest is of.
func holds(header http.Header, body []byte) error {
	if subtle.ConstantTimeCompare([]byte(header.Get("Content-Digest")), []byte(digest(body))) != 1 {
		return refuse("the body is not the one that was signed")
	}
	return nil
}

// Response verifies the answer to a request that was signed, with its whole body.
func (v Verifier) Response(resp *http.Response, body []byte, request *http.Request) (keyID string, err error) {
	in, err := v.verify(message{request: request, header: resp.Header, status: resp.StatusCode}, responseComponents)
	if err == nil {
		err = holds(resp.Header, body)
	}
	return in.keyID, err
}

// verify judges the signature, which covers the digest of the body but not yet the
// body.
func (v Verifier) verify(m message, wanted []string) (input, error) {
	for _, name := range []string{"Signature-Input", "Signature", "Content-Digest"} {
		if len(m.header.Values(name)) != 1 {
			return input{}, refuse(name + " must be there once")
		}
	}
	if len(m.header.Values("Content-Type")) > 1 { // the first would be covered, and the others not
		return input{}, refuse("Content-Type must be there once")
	}
	in, err := parseInput(m.header.Get("Signature-Input"))
	if err != nil {
		return input{}, refuse(err.Error())
	}
	if !in.covers(wanted) {
		return input{}, refuse("the signature must cover " + strings.Join(wanted, " "))
	}
	if age := v.Now().Sub(in.created); age > Window || age < -Window {
		return input{}, refuse("its time is more than five minutes from ours")
	}
	return in, v.check(m, in)
}

// check verifies the signature itself.
func (v Verifier) check(m message, in input) error {
	key, known := v.Key(in.keyID)
	if !known || key.alg != in.alg {
		return refuse("the key is not known")
	}
	text, begun := strings.CutPrefix(m.header.Get("Signature"), label+"=:")
	text, ended := strings.CutSuffix(text, ":")
	signature, err := base64.StdEncoding.Strict().DecodeString(text)
	if !begun || !ended || err != nil {
		return refuse("Signature does not have the form of the profile")
	}
	base, err := m.base(in)
	if err != nil {
		return refuse(err.Error())
	}
	if !key.verify(base, signature) {
		return refuse("the signature is not the key's over this message")
	}
	return nil
}

// Created is when a message says that it was signed, whoever signed it.
func Created(header http.Header) (time.Time, error) {
	in, err := parseInput(header.Get("Signature-Input"))
	if err != nil {
		return time.Time{}, refuse(err.Error())
	}
	return in.created.UTC(), nil
}
