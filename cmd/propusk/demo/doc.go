// Package demo fills a node with invented people, organisations and
// applications, and shows them on three pages: whom to be (/), the messages
// that were sent (/demo/outbox), and what an application does with the code it
// got (/demo/callback).
//
// Everything here is invented; numbers carry valid check digits, addresses end
// in .example. Passwords, one-time codes and client secrets are shown on pages
// on purpose: the demo listens on loopback only, and cmd/propusk never mounts
// this package in `propusk serve`.
//
// It owns no storage but one file, demo.json, which keeps what the database
// holds only as hashes (passwords, client secrets) for the next start with the
// same --data.
package demo
