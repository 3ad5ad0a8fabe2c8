// Package browser is what every room of the authorization server that shows
// pages stands on: cookies, forms, budgets, headers, and one place where errors
// become answers.
//
//   - face.go: a Face routes requests and guards them, and draws pages
//   - headers.go: what every answer carries
//   - errors.go: an error's answer, a page to people and JSON to programs
//   - form.go: reading what a browser posted
//   - password.go: what is wrong with a new password, in words
//   - cookie.go: the cookies, and what is kept of their values
//   - budget.go: how often an address may fail
//   - here.go: who is signed in, and where to sign in first
//
// A room makes one Face with its own kit of pages and adds its routes. The
// package must not know any step of a sign-in, how a credential is verified, or
// what an application asked for.
package browser
