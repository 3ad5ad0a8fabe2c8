// Package pages is the page kit: the layouts, components, styles, scripts,
// fonts and translations that every page of Propusk is drawn with, and the
// sign-in's own pages.
//
// A page is a plain struct (pages.go). The caller fills it with what is true
// and gives it to [Kit.Render], which chooses the language, draws the page by
// html/template and sends it with its Content-Security-Policy. Pages work
// without script; the one script only saves a person some clicks.
//
// Other rooms (the cabinet in the browser, the demo) add their own templates
// and strings with [Kit.Extend] and draw them as [Custom] pages in the same
// layouts, with the same components.
//
// The package owns how things look and what they are called. It must not know
// how a sign-in proceeds, who a person is, or where anything is stored: it
// imports nothing of ours.
package pages
