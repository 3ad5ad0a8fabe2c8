package document

import (
	"errors"
	"slices"

	"propusk/storage/file"
)

// Kind is a type of document, as the parameter "type" names it.
type Kind string

// Sizes of files (requirements A23.4), in bytes.
const (
	profileLimit  = 5 << 20
	documentLimit = 10 << 20
)

// Other is the type of a document of which nothing more is said.
const Other Kind = "other"

// kindRow is what one type of document takes.
type kindRow struct {
	Kind   Kind
	ru, en string
	files  file.Kinds
	limit  int64
	// large: what comes in pieces may be as large as the archive takes.
	large bool
}

const (
	scans   = file.PDF | file.JPEG | file.PNG
	papers  = scans | file.DOCX | file.XML
	anyFile = papers | file.XLSX | file.ZIP | file.Signature | file.Text
)

// catalogue is in the order in which types are offered.
var catalogue = []kindRow{
	{"charter", "Устав", "Articles of association", scans, profileLimit, false},
	{"registration", "Свидетельство о регистрации, лист записи ЕГРЮЛ", "Certificate of registration", scans | file.XML, profileLimit, false},
	{"tax_registration", "Свидетельство о постановке на учёт", "Certificate of tax registration", scans, profileLimit, false},
	{"appointment", "Приказ или решение о назначении", "Appointment of the head", scans, profileLimit, false},
	{"power_of_attorney", "Доверенность", "Power of attorney", papers, documentLimit, false},
	{"contract", "Договор", "Contract", papers, documentLimit, false},
	{"act", "Акт", "Certificate of completion", papers | file.XLSX, documentLimit, false},
	{"invoice", "Счёт, счёт-фактура, УПД", "Invoice", papers | file.XLSX, documentLimit, false},
	{"waybill", "Накладная", "Waybill", papers | file.XLSX, documentLimit, false},
	{"report", "Отчёт", "Report", papers | file.XLSX | file.Text, documentLimit, false},
	{"certificate", "Справка", "Certificate", papers, documentLimit, false},
	{"receipt", "Квитанция об оплате", "Receipt of a payment", scans, documentLimit, false},
	{"extract", "Выписка", "Register extract", scans | file.XML, documentLimit, false},
	{"licence", "Лицензия, разрешение", "Licence or permit", papers, documentLimit, false},
	{"technical", "Техническая документация", "Technical documentation", papers | file.XLSX | file.ZIP, documentLimit, true},
	{"letter", "Письмо, обращение, ответ", "Letter", papers | file.Text, documentLimit, false},
	{"archive", "Архив документов", "Archive of documents", anyFile, documentLimit, true},
	{Other, "Другой документ", "Another document", anyFile, documentLimit, true},
}

// Valid reports whether k is one of the catalogue.
func (k Kind) Valid() bool {
	return slices.ContainsFunc(catalogue, func(row kindRow) bool { return row.Kind == k })
}

// row is the catalogue's line of k, that of Other for an unknown one.
func (k Kind) row() kindRow {
	for _, row := range catalogue {
		if row.Kind == k {
			return row
		}
	}
	return catalogue[len(catalogue)-1]
}

// Label names the type in lang ("en", anything else is Russian).
func (k Kind) Label(lang string) string {
	if row := k.row(); lang == "en" {
		return row.en
	} else {
		return row.ru
	}
}

// kinds lists the types for a parameter that names one.
func kinds() []string {
	names := make([]string, len(catalogue))
	for i, row := range catalogue {
		names[i] = string(row.Kind)
	}
	return names
}

// judge checks a file that came at one stroke against what the type takes; err is
// why it was not saved, nil when it was.
func (row kindRow) judge(f file.File, err error) error {
	if wrong, ok := errors.AsType[*file.KindError](err); ok {
		return &file.KindError{Found: wrong.Found, Wanted: row.files}
	}
	if err != nil {
		return err
	}
	if kind := file.KindOf(f.MediaType); !row.files.Has(kind) {
		return &file.KindError{Found: kind.String(), Wanted: row.files}
	}
	if f.Size > row.limit {
		return file.ErrTooLarge
	}
	return nil
}
