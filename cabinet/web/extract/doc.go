// Package extract is the extracts and certificates in the browser: what can be
// ordered, an order with its progress, the finished paper with its signature, how
// anybody verifies it, and sending it by e-mail.
//
// It must not know how a paper is made; the API says how far it is.
package extract
