// Package storagetest gives tests a database of their own on each engine, a
// Redis and a clock, and drives a test over every body of a port.
//
// It uses the servers at PROPUSK_TEST_POSTGRES_URL (a role that may create
// databases) and PROPUSK_TEST_REDIS_URL. Where they are unset it starts private
// servers from the installed binaries, which end with the test process. Where
// that cannot be done the test is skipped, but with CI=true it fails: a promise
// of a real server that nobody keeps must be seen.
//
// Only tests may import it.
package storagetest
