// Package conformance holds the authorization server against the OpenID
// Foundation's conformance suite: its tests have the names of the suite's test
// modules and ask of a running server, over HTTPS, what those ask.
//
// It owns the plans (testdata/plans.json has the suite's own lists), one test for
// each of their modules, and docs/conformance.md, the table of what passes, what
// does not apply and why; TestTheTableIsTrue holds table, lists and tests against
// each other. `go test ./idp/conformance -update` writes the table anew.
//
// A module is named in the suite's words and told in ours: the tests were written
// from the suite's descriptions and the clauses they quote, and are no part of it.
// Passing them is no certification; that takes a run of the suite itself against a
// server that stands on the public network.
//
// The package has no code outside its tests. It must not know more of the server
// than its endpoints say: clients are registered through the provider, and all
// else goes by HTTP.
package conformance
