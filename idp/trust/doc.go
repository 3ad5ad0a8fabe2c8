// Package trust keeps, for all nodes of a house, which certification authorities
// are trusted and what they have revoked, and judges signatures by it.
//
//	operator ─ Import, Configure, Remove ─→ SQL ─→ every node's signature.Store
//	one node ─ Refresh (a periodic job) ──→ SQL ─→ every node's signature.Revocations
//	                                               └→ Verifier, VerifyCertificate
//
// SQL is the truth; a node mirrors it in memory, hears of changes by an event and
// polls in case one was lost, so that no verdict waits for the database. A restart
// begins with the last good lists. Each change, and each signature that was let
// through by an operator's decision to do without revocation data, is in the
// journal's system chain.
//
// It owns the tables trust_*. What makes a signature good is package signature's;
// who signed, and what that opens, is idp/factor/certificate's.
package trust
