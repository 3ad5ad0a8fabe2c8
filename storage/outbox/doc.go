// Package outbox sends messages out of the house: mail, SMS, push. A message is
// written in the transaction of what it tells of and delivered by a job, so none
// is lost and none tells of what was rolled back.
//
// Addressee and text are sealed in the database, because one-time codes and
// links are among them, and are wiped when the message has been delivered or has
// outlived its use. A message is delivered at least once: after a crash at the
// wrong moment it may go out again, with the same id for the far side to know it.
//
// Channels are SMTP, an HTTP gateway for SMS, and whatever implements Channel.
// With Keep (the demo) the messages stay and List shows them.
//
// It must not know what the messages say.
package outbox
