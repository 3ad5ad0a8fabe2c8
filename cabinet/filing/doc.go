// Package filing is the room of reports: drafts, checks, signatures, sending, what
// bodies answer, corrections, and the calendar of deadlines.
//
//	draft ─► signed ─► sent ─► delivered ─► accepted ─► entered
//	  ▲        │                  │            └─► clarification ─► entered
//	  └─ edit ─┘                  └─► refused            │
//	                                    └────── corrected by a filing of its own
//
// state.go is that machine as a table. The formats of reports are package report's;
// here they are only asked: is this file right, what does it say, make one of these
// values.
//
// It owns: filings with their signatures, events and receipts, and which number
// each has. What was signed is never changed: an edit drops the signatures, and a
// correction is a filing of its own.
//
// Whatever has legal weight stores by which right it was done, in the transaction
// of the act: the signature with its verdict, the sending with its authority.
//
// It must not know: how a body is reached (cabinet/authority), where bytes lie
// (storage/file), who learns of an event (cabinet/notice), how a PDF is drawn
// (cabinet/paper), and what makes a signature good (signature).
package filing
