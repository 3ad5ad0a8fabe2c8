// Package tender is procurement (закупки): the register of announcements, and an
// organisation's part in them from the first draft to the commission's word.
//
//	job ─► Register.Since ─► announcements, terms ─► saved searches, applications ─► notices
//	draft ─► check ─► document (XML with a digest of every file) ─► one КЭП ─tx─► gateway
//	      ◄─tx─ registered, admitted, won … ◄─ answers of the register
//
// It owns: announcements and how they are found (announcement.go, search.go); saved
// searches (searches.go); documents of announcements, fetched, compared with their digest and
// kept (download.go); applications with their states (state.go), checks (check.go), the
// document that is signed (form.go), sending, change and withdrawal; templates;
// registration as a participant; the history, with what the register remembers from
// before; analytics.
//
// It must not know: how the register is spoken to (cabinet/authority), where a
// document of the organisation's archive lies, what its legal status forbids: those
// come as functions of its Deps.
package tender
