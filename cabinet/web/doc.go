// Package web is the cabinet in the browser: an OpenID Connect relying party of
// the issuer like any other, and a client of the cabinet's API over HTTP.
//
// Each part of it is a package below: desk is what all stand on (sign-in, session,
// frame, forms), the others are rooms with their pages. This package only joins
// them. Nothing below knows the directory, the issuer's insides or the database.
package web
