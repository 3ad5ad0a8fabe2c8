// Package pki reads and judges X.509 certificates, revocation lists and OCSP
// answers, for RSA, elliptic curve and GOST keys alike.
//
// It exists because crypto/x509 parses a GOST certificate but cannot verify it,
// and because it is lenient where a qualified signature must not be: it takes
// certificates without key usage, knows no directory name constraints, and does
// not say which rule a refused path broke. One parser and one path builder for
// all algorithms keep the rules the same for everyone; a differential test holds
// them against crypto/x509 where both apply.
//
// Everything here is a pure function of bytes and a time: no network, no files,
// no clock of its own. Every refusal is a *Fault with a stable Code. The package
// must not know what a CMS is, who is accredited, or where lists come from; that
// is package signature's.
package pki
