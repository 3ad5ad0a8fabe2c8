// Package logo keeps the pictures of applications (logo_uri, RFC 7591 §2), so that a page
// that asks for consent can show one without a word of the person's browser to the
// application's server.
//
// The picture is fetched from here, by a job and through the guard that reaches nothing
// inside; what came is decoded as PNG, JPEG or GIF, whatever it says that it is, and drawn
// anew, small, as PNG. Nobody is ever served a byte of what a stranger wrote: no script in
// an SVG, nothing hidden behind a picture, no place where a photograph was taken.
//
// # Why not the address itself
//
// The page's policy lets it load nothing from elsewhere, and should: a picture at the
// application's own address would tell it who reads the page, when and from where, before
// he has agreed to anything, and could be another one tomorrow.
//
// It must not know whose picture is shown to whom: that is the page's business.
package logo
