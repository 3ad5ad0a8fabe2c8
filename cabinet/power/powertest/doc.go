// Package powertest makes machine-readable powers of attorney for tests: good
// ones, and faulty ones with what is wrong with each. Everybody in them is
// invented. Only tests may import it.
package powertest
