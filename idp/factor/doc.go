// Package factor verifies one credential each: the password (passwords.go), the
// authenticator's code (totp.go), the code sent by SMS or e-mail (codes.go).
//
// It owns how a credential is made, checked and guarded against guessing: the
// parameters of argon2id and how many run at a time (gate.go), the rules for
// new passwords (policy.go), and the lock that follows failures (lock.go).
//
// It must not know what a proof is worth, in which order factors are asked, or
// what a page says: idp decides that. The records themselves are kept by
// idp/directory.
package factor
