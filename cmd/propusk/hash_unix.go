//go:build unix && !linux

package main

import "syscall"

// stepBack gives the process the lowest priority. A system that does not let it
// lets it work all the same.
func stepBack() { _ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, 19) }
