package file

import "strings"

// Kinds is a set of kinds of files; a single kind is a set of one.
type Kinds uint16

// The kinds that can be asked for.
const (
	PDF  Kinds = 1 << iota
	XML        // well-formed at its beginning, without a DTD; UTF-8, UTF-16 or windows-1251
	XLSX       // Office Open XML workbook without macros
	DOCX       // Office Open XML text without macros
	JPEG
	PNG
	ZIP       // an archive that is neither of the above, nor a bomb, nor climbs out of its folder
	Signature // CMS SignedData (RFC 5652): DER, PEM or base64. Whether it is a good one is for a verifier to say
	Text      // plain text in UTF-8 or windows-1251
	// Part is bytes of any kind, a piece of a file that is judged and scanned when
	// it is whole. Such a file must not be shown to anybody.
	Part
)

// kindTable says how a kind is named and served. The first extension is the one
// that a name without a fitting one gets.
var kindTable = []struct {
	kind       Kinds
	name       string
	mediaType  string
	extensions []string
}{
	{PDF, "pdf", "application/pdf", []string{".pdf"}},
	{XML, "xml", "application/xml", []string{".xml"}},
	{XLSX, "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", []string{".xlsx"}},
	{DOCX, "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", []string{".docx"}},
	{JPEG, "jpeg", "image/jpeg", []string{".jpg", ".jpeg"}},
	{PNG, "png", "image/png", []string{".png"}},
	{ZIP, "zip", "application/zip", []string{".zip"}},
	{Signature, "signature", "application/pkcs7-signature", []string{".p7s", ".sig", ".sgn", ".pem"}},
	{Text, "text", "text/plain", []string{".txt", ".csv"}},
	{Part, "part", "application/octet-stream", nil},
}

// Has reports whether every kind of other is in k.
func (k Kinds) Has(other Kinds) bool { return other != 0 && k&other == other }

// Names lists the kinds by name, in the order of the table.
func (k Kinds) Names() []string {
	var names []string
	for _, row := range kindTable {
		if k.Has(row.kind) {
			names = append(names, row.name)
		}
	}
	return names
}

// String is the names with commas, for people and errors.
func (k Kinds) String() string { return strings.Join(k.Names(), ", ") }

// MediaType is how a single kind is served (RFC 6838).
func (k Kinds) MediaType() string {
	for _, row := range kindTable {
		if row.kind == k {
			return row.mediaType
		}
	}
	return "application/octet-stream"
}

// KindOf is the kind of a record's media type, 0 when it is none of ours.
func KindOf(mediaType string) Kinds {
	for _, row := range kindTable {
		if row.mediaType == mediaType {
			return row.kind
		}
	}
	return 0
}
