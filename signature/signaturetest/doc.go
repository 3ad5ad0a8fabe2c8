// Package signaturetest makes what tests of signatures need and no library
// makes: an authority of its own, qualified-like certificates with any subject,
// and detached signatures in the profile of package signature by RSA and EC keys.
//
// It must not be imported by anything but tests. GOST signatures are made by the
// openssl command and its engine, where a test needs one.
package signaturetest
