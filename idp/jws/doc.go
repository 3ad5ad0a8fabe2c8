// Package jws reads the JSON Web Signatures that clients make (RFC 7515 §7.1, the
// compact serialization): client assertions, DPoP proofs, request objects. It is
// strict, and quick because each byte is read once.
//
// It owns three things: the parts of a JWS and their base64url (Reader.Parse), the
// verification of a signature by a key (Signed.Verify), and the reading of claims
// without a member that comes twice (Members). A header is read by go-jose, which
// knows every kind of key; of headers that came with a good signature the reading is
// remembered by their bytes, since a client sends the same one with each request.
// What is remembered is what the bytes say, never that something was true: every
// signature is verified.
//
// It must not know which algorithms, types, keys and claims are wanted: whoever reads
// a JWS says so, and decides.
package jws
