//go:build !pkcs11

package pkcs11_test

import (
	"errors"
	"strings"
	"testing"

	"propusk/idp/keys/pkcs11"
)

func TestABinaryWithoutPKCS11SaysHowToBuildOne(t *testing.T) {
	t.Parallel()
	token, err := pkcs11.Open(pkcs11.Options{Module: "/usr/lib/softhsm/libsofthsm2.so", Token: "propusk", PIN: "1234"})
	if token != nil || !errors.Is(err, pkcs11.ErrNotBuilt) || !strings.Contains(err.Error(), "-tags pkcs11") {
		t.Errorf("%v, %v", token, err)
	}
}
