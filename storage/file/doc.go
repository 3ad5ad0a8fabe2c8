// Package file keeps the files of organisations: the bytes in a storage.Blob,
// encrypted, and a record of each in SQL.
//
//	Save ─► spool, size limit, SHA-256 ─► what is it, by its content ─► virus? ─► encrypt
//	     ─► Blob ─► record, loose ─► Keep, in the transaction of who wants it
//
// It owns:
//   - what a file is, told by its content and never by its name (kind.go and the
//     files named after formats);
//   - the order of the two stores: bytes before record when a file comes, record
//     before bytes when it goes. What a crash or a rollback leaves is then a blob
//     without a record or a record that nobody keeps, and Sweep removes both.
//     There is never a record without its file;
//   - encryption at rest, under keys derived from the master key (seal.go), so
//     that a copied folder or bucket tells nothing, and the check of every byte on
//     every read;
//   - Check, the scheduled look at everything (check.go);
//   - the antivirus port Scanner and its ClamAV body (clamav.go).
//
// It must not know what a file is for (its owner is a word such as "filing/<id>"),
// who may see it (whoever calls has decided, and names the organisation), or HTTP.
package file
