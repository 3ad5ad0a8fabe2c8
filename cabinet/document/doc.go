// Package document is an organisation's archive of documents: what it uploads,
// what it receives, who has signed what, and to whom it was handed.
//
//	POST /v1/documents ─► form.go: parts one by one ─► storage/file: kind, size, virus
//	                   ─► add.go: documents, in one transaction with the journal
//	large files        ─► uploads*.go: create, PATCH at an offset, finish
//
// It owns:
//   - the catalogue of document types, with the kinds of file and the size that
//     each takes (kind.go);
//   - versions: bytes are never changed, a new version stands beside the old one,
//     and restoring one makes a new one of its bytes (versions.go);
//   - signatures: detached CAdES, verified before they are kept, with the verdict
//     and the right of who added them (sign.go). A signature is of bytes; versions
//     with the same bytes share it;
//   - handing over: to another organisation, which sees the version under its
//     incoming documents and may sign it, or to an e-mail by a link that opens once
//     (share.go, incoming.go, link.go);
//   - what may be removed: nothing that is signed, handed over, or kept by another
//     part of the cabinet (remove.go).
//
// Other rooms put what they receive into the archive by their own call of Receive.
//
// It must not know how bytes are kept and what makes a file of a kind (storage/file),
// what makes a signature good (signature), or who may do what (the guard and
// idp/directory decide; this package names the act).
package document
