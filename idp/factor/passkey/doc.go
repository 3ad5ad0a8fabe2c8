// Package passkey makes and verifies passkeys: discoverable WebAuthn credentials
// with user verification (Web Authentication Level 3), each of which counts as
// two factors.
//
// It owns the ceremonies: what the browser is asked for, the challenge that
// waits for its answer, and every check of that answer. A challenge belongs to
// one ceremony, which its key names (the attempt and the browser), and is used
// up by the first answer, right or wrong.
//
// It is the only importer of go-webauthn. It must not know what a proof is
// worth, when a passkey is asked for, or what a page looks like (idp); the
// records are kept by idp/directory.
package passkey
