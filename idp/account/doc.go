// Package account is the person's own pages at /account: profile, contacts,
// security, certificates, devices and sessions, the sign-in journal, connected
// applications, the person's data, and the closing of the account.
//
// server.go lists every route with who may call it; visit.go lets a request in;
// then one file a page.
//
// Three things are asked of every request before a page sees it:
//
//   - somebody is signed in in this browser, at the level that the account has:
//     a session with the password alone does not open the pages of who has a
//     second factor (a half-signed-in session);
//   - a form was sent from our own pages (browser.Page);
//   - what adds or removes a factor, or hands data out, finds proofs of that
//     level no older than five minutes. Who has none goes to /signin/here, proves
//     them, and finds the form as it was.
//
// A path or a form never names the person: it is the session's. Ids in paths are
// looked for among the person's own things, and those of others are not found.
//
// The package owns these pages and the state of their ceremonies (Ephemeral,
// bound to the session). It must not know how a credential is verified
// (idp/factor), how a session proves something (idp, idp/session) or what a
// token is (idp/oauth); the records are kept by idp/directory, which writes the
// journal and the notices in the transaction of each change.
package account
