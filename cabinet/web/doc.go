// Package web is the cabinet in the browser: an OpenID Connect relying party of
// the issuer like any other (authorization code with PKCE, OpenID Connect Core
// §3.1; sign-out by OpenID Connect RP-Initiated Logout), and a client of the
// cabinet's API over HTTP.
//
// The browser holds one opaque cookie. Tokens stay on the server, in Ephemeral,
// sealed; they are refreshed before they expire, and a person whose token the
// API no longer takes is sent to sign in again and comes back to the page, with
// the unfinished form kept.
//
// A request passes: session → me (whose cabinet) → the page's calls → the page.
// What the API refuses is told in the API's own words, with the missing right
// named.
//
// The package draws with the page kit and keeps sessions in storage. It must
// know nothing else of the house: not the directory, not the issuer's insides,
// no database. Who may do what is decided by the API alone; the pages only hide
// what it would refuse.
package web
