// Package unusual tells a sign-in that does not look like the person's others:
// from a device never seen, from a country never seen, or from farther away
// than anybody could have travelled since the last one.
//
// Where an address lies is read from a database file of the MaxMind format that
// the operator brings (places.go); without one only devices are told apart. The
// package keeps where a person has signed in from, one row a country
// (watch.go). It must not know what a sign-in asks for when something is
// unusual: idp decides that.
package unusual
