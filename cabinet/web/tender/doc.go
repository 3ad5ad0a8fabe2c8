// Package tender is procurement in the browser: the register of announcements with its
// search, applications from the draft to the commission's word, the archive of
// participations, won and lost, saved searches and templates, and the registration as
// a participant.
//
// It must not know who may take part or what stops an application: the API says so,
// and the pages show its words.
package tender
