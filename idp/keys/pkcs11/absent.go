//go:build !pkcs11

package pkcs11

// Open returns ErrNotBuilt.
func Open(Options) (Token, error) { return nil, ErrNotBuilt }
