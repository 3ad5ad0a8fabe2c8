// Package web is the operators' console in the browser: an OpenID Connect relying
// party of the issuer of its own, and a client of the console's API over HTTP.
//
// It stands on the kernel of the cabinet's pages (cabinet/web/desk), set up as a
// house in which nobody acts for an organisation: see [House]. Its pages are in one
// room, a file for each matter of the operators: people, organisations, tickets,
// recoveries and moderation (the work), then trust, keys, clients, jobs, messages
// and the journal (the machine).
//
// Most pages are one of three shapes: a list (list.go), a card (card.go) and a deed,
// which is a form that asks for the reason of an act before it is done (deed.go).
//
// The package decides nothing. Who may see what, how often, and with which reason,
// is the API's; pages only leave out what it would refuse. It must know neither the
// directory nor the database, and keeps nothing of what it shows.
package web
