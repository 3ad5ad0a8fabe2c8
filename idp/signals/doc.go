// Package signals tells other programs at once what they would otherwise learn of
// when a token expires: that a session ended, a credential changed, a person has
// other rights in an organisation or an account is blocked. It is a transmitter of
// the OpenID Shared Signals Framework 1.0 (SSF), with the events of CAEP 1.0 and
// RISC 1.0, as Security Event Tokens (SET, RFC 8417).
//
//	change ─► journal / session / revocation ─► Signals, in the same transaction
//	       ─► whom does it concern? ─► a row for each stream that wants it
//	       ─► push (RFC 8935): a job, one event after the other, until it is taken
//	       ─► poll (RFC 8936): the receiver comes, takes and acknowledges
//
// Nobody is told of strangers. A receiver is an OAuth client, and hears of a person
// only while he has, or until minutes ago had, a grant with that very client; and of
// the members of the organisation that owns the client what the organisation's own
// journal tells it. What a receiver says it wants to hear of can make that less and
// never more, so asking for a stranger tells nothing, not even whether he exists.
// The subject is what that client knows the person by.
//
//   - server.go: routes; handlers.go, poll.go: what a receiver may ask
//   - configuration.go, subject.go: reading what receivers send
//   - stream.go, streams.go: a stream, and how it changes
//   - event.go: the events and what is told in them; change.go: from which changes
//   - queue.go, push.go: events that wait, and how they get to their receiver
//
// The status lists of tokens are signals/status.
//
// The package must not know how tokens look, how people prove who they are, or what
// a page is. Who the caller is, who has grants and what a person is called by a
// client is idp/oauth's, and comes in as functions.
package signals
