// Package payment is what an organisation owes to the budget and how it pays
// (начисления и платежи, rows 223–231).
//
//	job, or somebody asks ─tx─► inquiry ─► gateway ─► charges of the body ─► accruals, one an УИН
//	POST /v1/payments ─tx─► created, accruals taken ─► provider ─► sent ─► paid │ refused │ expired
//	                        account: waits for the signature of its payment orders first
//	callback, or a look at the provider ─tx─► outcome, once ─► accruals, notice, receipt under the seal
//
// It owns: accruals with their checks and what a body's word changes in them; linked
// accounts; the state machine of payments (payment.go: one payment of an accrual at a
// time, one outcome of a payment whoever tells it and how often); receipts; exports.
//
// It must not know: how bodies and payment providers are spoken to
// (cabinet/authority, cabinet/payment/provider), how a PDF is made (cabinet/paper),
// who moves the money. Data of cards never enters it.
package payment
