// Package browsertest is a browser without script for tests of pages: it keeps
// cookies, fills the forms that a page has, and follows redirects only when
// told.
//
// Only tests may import it.
package browsertest
