// Package signature judges qualified electronic signatures (КЭП): detached CMS
// in the CAdES-BES profile, against a store of accredited authorities and their
// revocation data, with RSA, elliptic curve and GOST keys.
//
// A verdict is an ordered list of named checks, each with a status, a stable code
// and a text in Russian and English, so that a person sees exactly why a signature
// was refused and an auditor can keep it. What is accepted and refused is written
// down in docs/signature.md.
//
//	Verifier           the small interface; Local is our body, Remote an outside service's
//	message.go         CMS, read strictly: what is not in the profile is not a signature
//	checks.go          the ten checks in their order
//	subject.go         who signed: ИНН, ОГРН, СНИЛС by object identifier, with check digits
//	trust.go           Store: authorities, when they were accredited, and who says so
//	revocation.go      Revocations: lists and OCSP answers, fetched, kept, and aged
//	files.go           the whole offline, for the command line
//	sign.go            Sign makes the same profile, by RSA and EC keys, for the service's seal
//	known.go           VerifyKnown judges by signers known beforehand, such as a seal
//
// It is a leaf: it imports the standard library and golang.org/x/crypto only, and
// can be lifted into another program. It must not know of accounts, sessions,
// databases or pages; whoever signs people in decides what a verdict is worth.
//
// It is not a certified means of electronic signature and does not claim to be
// one. Where the law asks for such a means, Remote takes its place.
package signature
