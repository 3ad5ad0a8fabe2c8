// Package e2e holds the black-box tests: they build the binary, start it on a
// free port, and use it as others do. They import nothing of ours.
//
// eachSite runs a test on both engines: the demo (SQLite, state in the process)
// and `propusk serve` over PostgreSQL and Redis, filled through the command
// line. A visitor (visitor_test.go) is a browser without script; Chromium does
// the same with eyes (chromium_test.go) and leaves a picture of every page in
// artifacts/.
//
// Several tests run at a time, and others may use the machine, too, so a step waits
// for what it needs and not for a time: send and next wait until the next page is here
// whole, says until it says it. What is timed has the machine for itself (not
// t.Parallel) and is timed again before it is called slow. Walks through very many
// pages start the demo with a rate of their own (walking), so that they never wait for
// the next minute.
package e2e
