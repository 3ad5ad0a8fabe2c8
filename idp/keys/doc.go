// Package keys owns the authorization server's signing keys: it makes them,
// keeps their private halves sealed in the database or has a token keep them
// (keys/pkcs11), rotates them and publishes the public halves as a JSON Web Key
// Set (RFC 7517).
//
// A key's life is a matter of time alone, so every node of a cluster changes
// over at the same instant without talking to the others:
//
//	next     published, not used yet; relying parties learn it
//	active   signs
//	retired  published still, until the last token it signed has died
//	gone     neither published nor kept
//
// The rows never change. A key becomes active at the instant written in its
// row and retires at the instant written in its successor's; what is gone is
// deleted, in the token too. Any number of nodes may find a rotation due: the
// sequence number in the row lets one of them make the next key. A key that got
// into wrong hands is withdrawn: out of the set at once, and into the revocation
// list for those who keep a copy of the set.
//
// The package knows JWS (RFC 7515) and key material. It must not know what is
// signed: claims, clients and grants belong to idp/oauth.
package keys
