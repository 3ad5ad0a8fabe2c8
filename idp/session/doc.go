// Package session knows who is signed in in a browser, and what was proved
// there and when.
//
// A Session is kept in SQL and is found by the secret in the browser's cookie,
// of which only the SHA-256 is stored. The secret is new at each proof, so that
// one known before the proof is worth nothing after it; the session's id stays,
// and stands in tokens as `sid`.
//
//   - assurance.go: factors, proofs and levels, and what proofs amount to
//   - session.go: one browser's sign-in
//   - store.go: how sessions begin, grow and are found
//   - end.go: how they end, with what applications got from them
//
// The package must not know how a factor is verified (idp/factor), what a
// sign-in asks for next (idp), or what an application gets (idp/oauth): it tells
// Deps.End of each session that is over.
package session
