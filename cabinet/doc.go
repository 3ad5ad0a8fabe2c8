// Package cabinet is the resource server: the HTTP API of an organisation's
// cabinet under /v1/, opened by access tokens of the authorization server.
//
// Read it in this order: server.go holds the route table, which is data, with
// the policy of each route beside its handler; guard.go admits or refuses a
// request by that policy; then one file for each noun.
//
//	request ─► authorization header ─► token seen before? ─► signature, typ, iss, aud
//	        ─► exp, nbf ─► revoked? ─► limits ─► person? organisation? ─► scope
//	        ─► permission ─► assurance (RFC 9470) ─► handler ─► JSON or problem (RFC 9457)
//
// It owns: what a token opens here, the shape of the API's JSON, its errors, its
// limits, and the OpenAPI document that describes them.
//
// It must not know: how a token was granted or who grants it (it reads the
// published keys over HTTP as every resource server does), how a person proves
// who he is, and how people and organisations are stored (idp/directory does).
// It never asks for an organisation's identifier: the token names the one
// organisation that a request is about, so there is no parameter through which
// another one could be reached.
package cabinet
