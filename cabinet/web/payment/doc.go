// Package payment is finances in the browser: what the organisation owes, the card of
// an accrual, paying, the history of payments and the accounts that it pays from.
//
// Data of cards is never asked for here: to pay by one the person goes to the payment
// provider's own page by a link. It must not know how payments end; the API says.
package payment
