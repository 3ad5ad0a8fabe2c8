// Package document is the pages of the organisation's archive: finding, uploading (in
// pieces, with progress, where the browser has script), looking at PDF and pictures
// in place, versions, signatures with their verdicts, and handing documents over.
//
//	/cabinet/documents                   the archive, newest first
//	/cabinet/documents/upload            new documents
//	/cabinet/documents/{id}              one of them: preview, signatures, versions, recipients
//	/cabinet/documents/{id}/sign         the signing dialog
//	/cabinet/documents/incoming          what others handed over
//
// It is a client of the API's room document. What is shown in place is what the API
// tells to be PDF or a picture by its content; nothing in it runs.
package document
