// Package authoritytest helps to test what stands on the gateway: Office is a state
// body in the test's own hands, Legal and Sole make records of the register with
// valid numbers, Files makes register files, good ones and faulty ones with the
// message that each deserves.
//
// Only tests may import it.
package authoritytest
