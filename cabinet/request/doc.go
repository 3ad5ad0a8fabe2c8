// Package request is the inbox of an organisation: everything that it asks of
// authorities and of support, and everything that it is asked.
//
//	application  asked of an authority, drafted and submitted in cabinet/service
//	appeal       asked of an authority, due in thirty days
//	correction   an appeal against wrong data of a register, due in five working days
//	message      words between the organisation and an authority
//	requirement  asked of the organisation by an authority, with a date
//	ticket       asked of the cabinet's own support, answered within 24 hours
//
// All are rows of one table, so that one list shows them all; what each may
// become is machine.go, a pure table. A request has a thread of messages whose
// sent texts are kept in every version, a history of acts, and one responsible
// member. Answers leave through authority.Gateway and come back through its
// handlers; the clock (clock.go) marks what is overdue and reminds.
//
// It must not know how an application is filled in (cabinet/service), how files
// are kept (storage/file), how people are told (cabinet/notice) or how the bytes
// travel to an authority (cabinet/authority).
package request
