// Package idp is the authorization server's HTTP face: the sign-in in the
// browser and the OAuth 2.0 / OpenID Connect endpoints beside it.
//
// One sign-in, from the application's click to its code:
//
//	GET /oauth2/authorize ── oauth.Provider checks client, redirect_uri, PKCE, scope
//	        │                 → an attempt, kept server side, bound to this browser
//	        │ 303
//	        ▼
//	GET /signin?request=ID ── the dispatcher: next(situation, now) says the step
//	        │
//	        ├─ Identify ······ page ── POST /signin/identify, /passkey, /certificate ─┐
//	        ├─ Factor ········ page ── POST /signin/code, /passkey, /totp ────────────┤ each checks
//	        ├─ Confirm ······· page ── POST /signin/confirm ──────────────────────────┤ that it is its
//	        ├─ Password ······ page ── POST /signin/password ─────────────────────────┤ turn, does its
//	        ├─ Organisation ·· page ── POST /signin/organisation ─────────────────────┤ one thing, and
//	        ├─ PIN ··········· page ── POST /signin/pin ──────────────────────────────┤ answers 303 back
//	        ├─ Connect ······· page ── POST /signin/connect ──────────────────────────┤ to the dispatcher;
//	        ├─ Consent ······· page ── POST /signin/consent ──────────────────────────┤ steps never route
//	        │◀────────────────────────────────────────────────────────────────────────┘ to each other
//	        ├─ Refuse ── 303 redirect_uri?error=…&state=…&iss=…
//	        └─ Issue ─── 303 redirect_uri?code=…&state=…&iss=…
//
// A request that comes from another machine (a device's code typed at /device, an
// application's request found at /confirmations) begins an attempt of the same kind;
// its Issue is a decision that the other machine fetches (waiting.go).
//
// Reading order: server.go has every route in the order a sign-in meets them;
// flow.go alone decides what comes next, by how much proof is demanded (demand.go)
// and which factor to ask for (offer.go); attempt.go and idp/session are the two
// states it looks at; then one file an endpoint. docs/sign-in.md tells it to
// those who run the server.
//
// Three things tie a sign-in together, and each is checked at every step:
//
//   - the attempt (Ephemeral, 30 minutes) belongs to the browser that began
//     it: a random cookie whose hash is in the attempt;
//   - the session (SQL) says what this browser has proved and when. Its cookie
//     gets a new value at each proof, so a planted one is worth nothing;
//   - an attempt belongs to one person from the moment it meets a session.
//     When another tab signs somebody else in, it begins anew.
//
// The package owns the flow. Cookies, headers, forms and what becomes of errors
// are idp/browser's, for every room that shows pages; what a session has proved is
// idp/session's. It must not know how a grant is stored or a token is made
// (idp/oauth), how a credential is verified (idp/factor), what is unusual about a
// sign-in (idp/unusual), who may act for whom (idp/directory), or how a page looks
// (idp/pages); it never sees fosite.
package idp
