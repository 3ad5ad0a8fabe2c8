// Package sandbox is a state body to test against: over HTTP it takes submissions,
// answers them by rules, sends requirements and messages of its own, and keeps a
// register of organisations. docs/sandbox.md tells how to use it.
//
//	POST /submissions ─► signature ─► known id? ─► rule ─► log, fsync ─► receipt, signed
//	the clock reaches an answer's time ─► POST callback, signed ─► again until 2xx
//
// It owns: its log (everything accepted survives kill −9), its clock, its rules, the
// admin API by which a test drives it, the form of the receipts it makes, the charges of
// payers and the payment provider that it plays, with a page of its own.
//
// It must not know: the cabinet. All it shares with it are the wire's types and the
// signatures of package httpsig, as any agency would after docs/authority.md.
package sandbox
