// Package paper makes what the service prints and signs for every room of the
// cabinet: PDF with Cyrillic text, XLSX, detached signatures by the service's own
// seal, and short signed codes that a QR carries.
//
//	paper.go     Paper: PDF, XLSX, Sign, Code, and Issue, which ties a PDF to its code
//	document.go  what a paper says: Document and its blocks; Table is for PDF and XLSX alike
//	pdf*.go      the A4 sheet: fonts, wrapped text, tables across pages, page x of y
//	xlsx.go      a workbook in which no text becomes a formula
//	seal*.go     the service's key and certificates: configured or made, rotated, published
//	code.go      the code: a compact JWS (RFC 7515) and its reading, offline
//	read.go      the text and the code of a PDF that this package made
//
// The seal's old certificates stay published for ever, so that a paper of years ago
// verifies; its private keys are sealed in the database or stand in a file, and
// leave the process in no other form.
//
// It must not know whose papers these are nor what they mean: organisations,
// permissions and HTTP belong to the rooms. It is not a certified means of signing;
// with a qualified certificate of the operator's in the configuration it seals with
// that one.
package paper
