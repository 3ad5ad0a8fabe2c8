// Package registration lets a person register himself:
//
//	GET  /registration           names, birth date, СНИЛС, phone, e-mail, consent
//	POST /registration           kept, sealed, for this browser; a job sends two codes
//	GET  /registration/confirm   the codes by e-mail and SMS, each proves its contact
//	GET  /registration/password  the password; only now is there an account
//
// What was typed is kept for a day and is locked then; a week later it is gone.
// The texts agreed to are /registration/terms and /registration/consent, kept
// with their version. An invitation's token (?invitation=) is accepted at the
// end, when its mailbox is the one that was proved.
//
// Whether a contact has an account already is never looked at while somebody
// waits for the answer: the job finds out and writes to the contact's holder
// alone. The СНИЛС is only claimed (directory.Identity) and is compared with
// nobody's. So a stranger gets the same pages after the same work, whoever he
// asks about.
//
// The package owns these pages and the job. It must not know how a code or a
// password is verified (idp/factor), nor sign anybody in (idp).
package registration
