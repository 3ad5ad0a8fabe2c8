// Package provider is the port to whoever moves the money: a payment provider that
// takes orders over HTTP, shows the payer its own page, and says how each ended.
//
//	Create ─► POST URL/payments ─► {pay_url, qr, status}      signed both ways, RFC 9421
//	Find   ─► GET  URL/payments/ID ─► {status, amount}         the same
//	its callback ─► Read ─► State                              signed by the provider
//
// Data of cards never passes here: the payer types it on the provider's page (PCI
// DSS). A repeated Create with one id is one order. docs/cabinet/payments.md tells
// the form for those who build a provider's side.
//
// It must not know accruals, organisations or states of the house's payments.
package provider
