// Command bench measures the processor time that a request costs the whole
// server, against a process that does nothing but sign an ES256 JWT, both driven
// by the same client on the same machine. `make bench` runs it.
//
// The time is the server process's own (user and system, from /proc), not the
// client's and not the clock's, so that other work on the machine and the speed
// of the network matter little; the ratio is what to compare between machines.
package main
