// Package organisation is how an organisation gets its cabinet, says who it is,
// and gives the cabinet up.
//
//	registration  draft, saved step by step ─► contacts confirmed ─► held against the
//	              register ─► who may open it ─► «Создать кабинет», or operators first
//	binding       ИНН ─► code to the official contact ─► a member
//	change        a block of the profile ─► code or qualified signature ─► the register
//	              where it knows the field ─► applied, or operators first
//	moderation    waiting ─► taken ─► (seconded ─►) accepted or refused
//	legal status  what the register says, kept and compared; corrections of it
//	deactivation  asked ─► confirmed by code ─► done within a day, undone until then
//
// It owns: these records and their states (states.go), what is compared with the
// register and how (compare.go), who counts as listed in it (listed.go), its own
// one-time codes (code.go), and which PDF is taken as a document (package pdf).
//
// It must not know how a profile is stored and checked (idp/directory does), how
// the register is reached (cabinet/authority), how a file is kept (storage/file),
// nor who learns of an event by which channel (cabinet/notice).
package organisation
