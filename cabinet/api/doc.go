// Package api is what every room of the cabinet API stands on: how a request is
// read, how it is answered, how it is refused, and what a route declares.
//
// A room (cabinet/filing, cabinet/document, …) is a list of Routes with their
// policy, the part of the OpenAPI document that describes them, and the words of
// its own problems. The server in package cabinet joins the rooms, puts the guard
// before them and the problems behind them; a room never sees a request that its
// Route does not admit.
//
//	Route ─► Call (who asks, for which organisation) ─► ReadObject, Query, Page
//	      ─► the room's own work ─► Answer, Created, File, NoContent
//	      ─► or an error: a Refusal becomes a problem (RFC 9457) with its code
//
// It must not know what any room does, nor how a token is verified.
package api
