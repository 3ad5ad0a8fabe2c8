// Package certificate verifies one credential: the qualified certificate (КЭП)
// that a person holds the key of.
//
// It owns the challenge and its single use (challenge.go, redeem.go), the way of
// a TLS client certificate across two hosts (ticket.go), whose account a
// certificate opens (signin.go), what a person does with the certificates bound
// to the account (account.go), and the daily look at all of them (watch.go).
//
//	Challenge ── a text a person can read, bound to purpose, attempt, browser,
//	             client and issuer, five minutes
//	Redeem    ── a detached signature over it, judged once, right or wrong
//	SignIn    ── the person whose verified СНИЛС or ИНН the certificate names;
//	             the first use binds the certificate to the account
//
// It must not know how a signature is verified (signature), what the proof is
// worth and what comes next (idp), or how pages look. The records are kept by
// idp/directory.
package certificate
