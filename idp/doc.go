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
//	        ├─ Identify ······ page ── POST /signin/identify ─────┐
//	        ├─ Factor ········ page ── POST /signin/code, /totp ──┤ each checks that it is
//	        ├─ Organisation ·· page ── POST /signin/organisation ─┤ its turn, does its one
//	        ├─ Consent ······· page ── POST /signin/consent ──────┤ thing, and answers 303
//	        │                                                     │ back to the dispatcher;
//	        │◀────────────────────────────────────────────────────┘ steps never route to each other
//	        ├─ Refuse ── 303 redirect_uri?error=…&state=…&iss=…
//	        └─ Issue ─── 303 redirect_uri?code=…&state=…&iss=…
//
// Reading order: server.go has every route in the order a sign-in meets them;
// flow.go alone decides what comes next; attempt.go and session.go are the two
// states it looks at; then one file an endpoint.
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
// The package owns the flow, the browser's cookies and sessions, and the
// translation of errors into pages and headers. It must not know how a grant
// is stored or a token is made (idp/oauth), how a credential is verified
// (idp/factor), who may act for whom (idp/directory), or how a page looks
// (idp/pages); it never sees fosite.
package idp
