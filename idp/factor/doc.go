// Package factor verifies one credential each: the password (passwords.go,
// newpassword.go), the authenticator's code (totp.go), the code sent by SMS or
// e-mail (codes.go), the code on paper (recovery.go), the PIN of an
// organisation's cabinet (pins.go), and the browser that is known again
// (devices.go). Passkeys and qualified certificates, with the libraries they
// need, have rooms of their own: factor/passkey and factor/certificate.
//
// It owns how a credential is made, checked and guarded against guessing:
//
//   - the parameters of argon2id and how many run at a time (gate.go);
//   - what a new password must be: the rules (policy.go), the words that are
//     tried first (common.txt), the breached ones (hashlist.go), the ones of
//     before (newpassword.go);
//   - the locks that follow failures. A Guess says whose failures they are;
//     each factor has a counter for each known device and one for all others
//     (locks.go); lock.go is one counter.
//
// It must not know what a proof is worth, in which order factors are asked, or
// what a page says: idp decides that. The records themselves are kept by
// idp/directory.
package factor
