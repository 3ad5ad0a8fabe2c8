// Package filing is the reports' part of the cabinet in the browser: what is due,
// a wizard that fills a report in and tells faults while one types, uploads, the
// signing and sending, the story of each report, receipts, corrections.
//
// It owns the pages and what a section of a form looks like ([steps]). It must not
// know what makes a report right: the API checks, and tells faults in words with the
// path of the value.
package filing
