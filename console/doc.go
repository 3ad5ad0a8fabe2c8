// Package console is the API of the house's own operators, under /console/v1: who asks
// for help, what waits for a decision, and how the house itself is.
//
//	request ─► Gate (the token: signature, audience {issuer}/console, key, revocation)
//	        ─► guard.go (person, scope, passkey or certificate, age, operator, role)
//	        ─► route ─► the part of the house that was handed in ─► journal
//
// Three roles share the routes: support (people, organisations, tickets, recoveries),
// moderator (registrations and changes of profiles) and security (trust, keys,
// clients, jobs, the journal). Data of people is masked. Who wants to see more says
// why first, and that he did is written before anything is shown: to the system's
// chain, to the organisation's own, and where the person reads it himself (look.go).
// Every act has a reason, which the journal keeps with the operator's name.
//
// It must not know how a token is verified, how a sign-in goes, nor how the rooms of
// the cabinet work: it has their interfaces from cmd. It is no part of the cabinet, and
// neither takes the other's tokens.
package console
