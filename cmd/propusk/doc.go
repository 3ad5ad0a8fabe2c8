// Command propusk is the whole of it in one binary: `propusk serve` is a node,
// `propusk demo` is a node that needs nothing and is full of invented people,
// and the rest administers.
//
// This package wires: it is the only one that knows every other. house.go opens
// the parts from a configuration and names what each is given; server.go puts
// them behind one listener with what every request gets (request id, journal
// circumstances, access log, metrics, recovery); a file each holds a command.
//
// It must hold no rule of its own about people, tokens or organisations: a
// command parses, makes one call, prints.
package main
