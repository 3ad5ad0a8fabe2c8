package pkcs11

import (
	"context"
	"crypto"
	"errors"
)

// Options say which token, and how to be let in.
type Options struct {
	Module   string // path of the maker's library
	Token    string // label of the token
	PIN      string // of its user
	Sessions int    // signatures at a time; 0 is 8
}

// ErrNotBuilt: this binary was built without PKCS #11.
var ErrNotBuilt = errors.New("keys.pkcs11 is configured, and this binary was built without PKCS #11; " +
	"build it with: CGO_ENABLED=1 go build -tags pkcs11 ./cmd/propusk")

// ErrKey: the token has no such key, or one that could be taken out of it.
var ErrKey = errors.New("pkcs11: no usable key")

// Token is an open PKCS #11 token. It is safe for concurrent use.
type Token interface {
	Generate(ctx context.Context, algorithm string) (private crypto.Signer, name []byte, err error)
	Find(ctx context.Context, algorithm string, name []byte) (crypto.Signer, error)
	Delete(ctx context.Context, name []byte) error
	Close() error
}
