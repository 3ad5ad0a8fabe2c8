// Package veil makes what only this house can read: what a person is called to an
// application that must not compare him with others' users (pairwise subject
// identifiers, OpenID Connect Core §8.1), and access tokens that say nothing to
// whoever carries them (opaque tokens; RFC 6749 §1.4).
//
// Both are made by the authorization server and read by it and by the cabinet's
// guard, without a row and without asking each other: whoever has the master key
// reads them. That is why they live beside both and not inside one.
//
// It must not know what tokens say, which client is which, or who a person is. What
// it opens was made here and is not changed; whether it still counts (expiry,
// revocation, audience) is for the reader to decide.
package veil
