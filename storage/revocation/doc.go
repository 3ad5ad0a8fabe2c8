// Package revocation knows which live tokens no longer count, on every node and
// within seconds, without a database read for each request.
//
// Log writes a revocation in the transaction of its cause (a member removed, a
// grant dead, a sign-out) and tells its own node with the commit, the others after
// it. List holds in
// memory what is in force: loaded from SQL, kept fresh by the events, and made
// sure of by reading what changed every two seconds, so that a lost event costs
// seconds and never a hole. An entry is kept until the last token it could
// concern has expired.
//
// It must not know what a token looks like, only what it is about.
package revocation
