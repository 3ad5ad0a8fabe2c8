// Package pkcs11 is a keys.Token over PKCS #11 (Cryptoki 2.40): signing keys that
// are made in a hardware security module and never leave it.
//
// Cryptoki is a C library that each maker brings, so this package needs cgo, while
// the binary as it is released needs none. It is compiled with the tag pkcs11:
//
//	CGO_ENABLED=1 go build -tags pkcs11 ./cmd/propusk
//
// Without the tag Open says so, and nothing else is here.
//
// What it asks of the token is checked, not believed: a private key must be
// sensitive, not extractable, never have been otherwise, and be made by the token
// itself (CKA_SENSITIVE, CKA_EXTRACTABLE, CKA_ALWAYS_SENSITIVE,
// CKA_NEVER_EXTRACTABLE, CKA_LOCAL). A key that does not say so of itself is not
// used, whoever put it there.
//
// It must not know what keys are for, when they rotate or where their names are
// kept: that is idp/keys.
package pkcs11
