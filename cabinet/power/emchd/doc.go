// Package emchd reads and writes the machine-readable power of attorney (МЧД) in
// the unified format 003, EMCHD_1: file ON_EMCHD_YYYYMMDD_<GUID>.xml, namespace
// urn://x-artefacts/EMCHD_1.
//
//	bytes ─► tree (tree.go: bounded, no DTD, line and column of everything)
//	      ─► structure against the tables of schema.go
//	      ─► Form (form.go) ─► checks of what it says (check.go)
//
// Every fault has a stable code, its place, and words for people (texts.go). The
// elements whose inner structure nobody here has seen published (addresses,
// identity documents, the notary's block) are read leniently and never decide
// anything.
//
// It must not know who asks, where forms are kept, or whether a signature is good.
package emchd
