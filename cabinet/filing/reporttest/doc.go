// Package reporttest makes reports for tests: good ones of every type in the form
// that the Federal Tax Service publishes, and faulty ones, each with what a check
// must say of it.
//
// The files are written out here as text, not by package report, so that a test
// compares two readings of the formats. All companies, people and numbers are
// invented; their check digits are right. It must not be imported by anything but
// tests and demonstrations.
package reporttest
