// Package possession checks that whoever sends a token holds the key it is bound
// to: the private key of a TLS client certificate (RFC 8705 §3) or of a DPoP
// proof (RFC 9449).
//
// It owns the claim cnf (RFC 7800 §3.1), the checking of proofs with their
// replay marks, and the nonces that a server hands out for them. The issuer uses
// it when it binds a token and every resource server of the house when it takes
// one, so that both have one opinion of what a proof is.
//
// It must not know what a token says, who signed it, which client asked for it or
// what an endpoint answers: idp/oauth and cabinet turn its errors into theirs.
package possession
