// Package power is the powers of attorney in the browser: given and received, what
// each allows in words, a wizard that gives one, forms made elsewhere (МЧД), papers,
// revocation with its effect told before, and who has acted under a power.
//
// It must not know what a power opens: the API says so, and the classifier's labels
// are its own.
package power
