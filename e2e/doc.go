// Package e2e holds the black-box tests: they build the binary, start it on a
// free port, and use it as others do. They import nothing of ours.
//
// eachSite runs a test on both engines: the demo (SQLite, state in the process)
// and `propusk serve` over PostgreSQL and Redis, filled through the command
// line. A visitor (visitor_test.go) is a browser without script; Chromium does
// the same with eyes (chromium_test.go) and leaves a picture of every page in
// artifacts/.
package e2e
