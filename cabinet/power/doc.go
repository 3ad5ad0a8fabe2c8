// Package power is the room of powers of attorney in the cabinet API: giving them
// as a machine-readable form (МЧД), as a document with the principal's qualified
// signature, or as a notary's; taking them back, giving them up, handing them on;
// and saying in words what each allows.
//
//	file and signature ─► emchd: is it a form, and ours?
//	                   ─► judge.go: did the principal's head sign it?
//	                   ─► directory: a power in the organisation's book ─► tokens
//
// It owns what a power rests on (table power_papers: files, verdict, identity
// documents under seal) and the words. It must not know what a token looks like:
// which powers are live, whom they let in and how far they reach is idp/directory's
// (powers*.go), and ending one there kills the tokens.
package power
