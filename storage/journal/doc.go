// Package journal is the house's audit: what was done, by whom, to what, with
// what outcome. It is append-only and hash-chained, one chain for each
// organisation and one for the system, so that nobody can change, drop or insert
// an entry unseen; checkpoints signed at export show what was cut off the end.
//
// An entry is written in the transaction of what it tells of: neither is there
// without the other.
//
// Hash: SHA-256 over netstrings (decimal length, ':', bytes, ',') of, in order,
// "propusk-journal-1", organisation, seq, at (unix microseconds), actor, client,
// action, object, outcome, the number of details, each detail's key and value in
// the order of the keys' bytes, ip, user agent, request id, prev. Numbers are
// decimal; prev is the hash before in hex, empty for seq 1.
//
// It must not know what the actions mean, and no secret enters it.
package journal
