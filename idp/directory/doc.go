// Package directory knows who is who: people, organisations, who is a member
// of which and with what role, who is invited, and the records of people's
// credentials.
//
// It owns the tables of 00002_directory.sql, those that later migrations add for
// credentials, contacts, policies and ways in, and these rules:
//
//   - a login names one person (login.go), and numbers are valid by their
//     check digits (numbers.go);
//   - a role is a named set of permissions, individual grants and denials come
//     on top (roles.go), and nobody grants what he does not hold (actor.go);
//   - an organisation always keeps one administrator: the database refuses the
//     change that would take the last one away (organisations.administrators);
//   - a change of a member raises the membership's version, revokes the tokens
//     that carry an older one, enters the journal and notifies the people
//     concerned, in one transaction (members.go);
//   - an invitation belongs to the mailbox it was sent to, once (invitations.go);
//   - who registers himself has an account once both contacts are proved, and a
//     СНИЛС that he only claims (registrations.go, identities.go);
//   - a recovery is finished once, ends every other one of the person, and waits
//     where too little proves it (recoveries.go, recoveries_waiting.go); operators
//     help in twos (recoveries_assisted.go).
//
// It must not know how a credential is verified (idp/factor), what a token or
// a session looks like (idp/oauth, idp), or how pages and the API speak
// (idp/pages, cabinet).
package directory
