// Package extract is where an organisation orders official extracts and
// certificates about itself (выписки и справки) and keeps them.
//
//	POST /v1/extracts ─tx─► ordered ─► job: record of the register ─► PDF, XML ─► seal ─► files ─► ready
//	                  └tx─► requested ─► gateway ─► the authority's answer ─┘                 └► notice, mail
//
// It owns: the catalogue of what can be ordered, as data (catalogue.go); the states
// of an order (state.go); how a record of the register (register.go) and an authority's
// answer (facts.go) become a paper and an XML file; the archive of what was made, with its
// signatures, and its sending by mail; the seal's and the papers' public routes
// (GET /v1/seal, POST /v1/papers/verify).
//
// It must not know: where the register's records come from and how bodies are
// spoken to (cabinet/authority), how a PDF or a signature is made (cabinet/paper),
// where bytes lie (storage/file).
package extract
