// Package webhook tells the programs of integrators what happened in an
// organisation: signed requests to addresses that the organisation registers.
//
// What people learn of as notices (cabinet/notice), programs learn of here:
//
//	notice.Tell ─► job ─► Receive: a delivery for each webhook that wants the type
//	dispatcher ─► takes a webhook (not a delivery) on a lease ─► signs, asks, notes the answer
//	           ─► again later, for three days ─► the webhook is disabled, people are told
//
// A webhook is worked for by one node at a time, with a few requests at once, and
// by one at a time while it fails; each has a worker of its own. So a slow or dead
// address delays nothing but itself, and the jobs of the house not at all.
//
// It owns: webhooks and their secrets, deliveries and the log of their attempts,
// the signature (sign.go), and what may be asked for by whom.
//
// It must not know what the events mean. Where requests may go is decided by
// storage/outside when the connection is made.
package webhook
