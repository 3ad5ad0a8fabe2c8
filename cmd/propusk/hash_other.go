//go:build !unix

package main

// stepBack does nothing where there are no such priorities.
func stepBack() {}
