// Package security is the safety of an organisation in the browser: what it demands
// of those who act for it, tried on its people before it is set; who is at work in
// its name now, and where; and the stopping of one person at once.
//
// It must not know what makes a policy lock somebody out, nor how an access ends:
// the API says and does it.
package security
