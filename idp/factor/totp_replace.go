package factor

import "crypto/rand"

// An authenticator that takes the place of another is not in the directory until
// its first code has come: the one before works until then, and whoever leaves
// the page half way has lost nothing. The caller keeps the offered secret,
// sealed and bound to who asked for it, and stores it with the step that
// Confirms returns.

// Offer makes a secret for another authenticator of somebody who may have one
// already. accountName is what the app shows beside the issuer.
func (t *TOTP) Offer(accountName string) (secret []byte, e Enrolment, err error) {
	secret = make([]byte, totpSecret)
	rand.Read(secret) // never fails (Go 1.24)
	e, err = t.enrolment(secret, accountName)
	return secret, e, err
}

// Show is the Enrolment of an offered secret, for a page that is drawn again.
func (t *TOTP) Show(secret []byte, accountName string) (Enrolment, error) {
	return t.enrolment(secret, accountName)
}

// Confirms reports whether code is one of the offered secret's now, and the time
// step to be stored as used (RFC 6238 §5.2). Nothing is counted: who guesses
// here was shown the secret.
func (t *TOTP) Confirms(secret []byte, code string) (step int64, ok bool) {
	return match(secret, code, t.now())
}
