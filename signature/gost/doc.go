// Package gost verifies Russian digital signatures: GOST R 34.10-2012 with keys
// of 256 and 512 bits over every parameter set that authorities issue, and the
// hash function GOST R 34.11-2012 ("Streebog") that the signatures are made of.
//
// Why it exists: qualified certificates are mostly GOST, the standard library
// has no GOST, and no maintained Go module with a fitting licence can be had.
// The text it follows is RFC 6986 (hash), RFC 7091 (signature), RFC 7836
// (parameter sets) and RFC 9215 (encodings in X.509 and CMS).
//
// What it must not become: it holds no private keys and signs nothing. All its
// inputs are public (certificates, signatures, documents), therefore it makes no
// attempt to run in constant time, and it must never be extended to secret data.
//
// GOST R 34.10-2001 and GOST R 34.11-94 are absent on purpose: they are refused
// since 2020, and code that is not there cannot accept them.
package gost
