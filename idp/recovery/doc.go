// Package recovery lets people back in who have lost a secret:
//
//	GET  /recovery               the password: by e-mail, by phone, by ИНН and e-mail
//	GET  /recovery/pin           an organisation's PIN: by ИНН and phone
//	GET  /recovery/link/{token}  from the e-mail: takes the token out of the address
//	GET  /recovery/open          asks; only the POST spends the link
//	GET  /recovery/code          or the code from the SMS
//	GET  /recovery/step          the dispatcher: every step goes back to it (step.go)
//	POST /recovery/second        another factor, of another kind than the first
//	POST /recovery/wait          when there is none, or it is lost: later, and every channel is told
//	GET  /recovery/cancel/{token} stops one that waits
//
// The rules:
//
//   - Whether somebody exists is found out by a job, which writes to him alone.
//     Who asks gets the same answers after the same work.
//   - A recovery proves two things where a sign-in does: what proved the first
//     cannot prove the second, so the mailbox alone, or the phone alone, opens
//     nothing. Who has one thing only, or has lost the others, waits while every
//     channel of his can stop it.
//   - The new password is longer, a second factor is owed at the next sign-in,
//     which asks for one as ever, and all that stood on the old password ends:
//     sessions, trusted devices, the grants of applications.
//   - Links hold 256 random bits that are kept as a digest, lead to the issuer,
//     and are spent once, by a POST.
//
// Operators who help (idp/directory: ProposeRecovery) end in the same pages.
//
// The package must not know how a credential is verified (idp/factor), nor sign
// anybody in (idp).
package recovery
