// Package application is where programs register themselves as clients: OAuth 2.0
// Dynamic Client Registration (RFC 7591, OpenID Connect Registration) and its
// management (RFC 7592).
//
//	POST   /oauth2/register              an initial access token, or none where the policy is open
//	GET    /oauth2/register/{client_id}  the registration access token
//	PUT    /oauth2/register/{client_id}  the same; it is changed for another one
//	DELETE /oauth2/register/{client_id}  the same
//
// It owns initial and registration access tokens with their bounds, the reading of
// registration documents and software statements, and the answers. The record of
// clients and what is right or wrong in it is package client's. It must not know how
// people sign in or how tokens are made.
//
// A document comes from a stranger: it is bounded in bytes, members and depth, no
// name may stand in it twice, nothing in it is fetched but the sector identifier
// (through the guarded client), and only the members listed in metadata.go are looked
// at, so that nobody registers himself as first party or into an organisation.
package application
