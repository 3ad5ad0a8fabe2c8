package directory

import "strings"

// The numbers of banks and classifiers that an organisation's profile holds. The
// Valid functions take the canonical form, as those of numbers.go do.

// accountWeights repeat over the 23 digits that a settlement account is checked
// by (Порядок расчёта контрольного ключа, ЦБ РФ № 515).
var accountWeights = [...]int{7, 1, 3}

// ValidBIC reports whether s has the form of a БИК: nine digits, the first two of
// them the country's 04, or 00 to 03 of the Treasury and the Bank of Russia. A БИК
// has no check digit.
func ValidBIC(s string) bool { return isDigits(s, 9) && s[0] == '0' && s[1] <= '4' }

// ValidAccount reports whether a settlement account of twenty digits belongs to
// the bank: its ninth digit checks it together with the last three digits of the
// БИК. The accounts that the Bank of Russia keeps itself (БИК ending in 000, 001
// or 002) are checked as correspondent accounts are.
func ValidAccount(bic, account string) bool {
	if !ValidBIC(bic) || !isDigits(account, 20) {
		return false
	}
	switch bic[6:] {
	case "000", "001", "002":
		return accountCheck("0" + bic[4:6] + account)
	}
	return accountCheck(bic[6:] + account)
}

// ValidCorrespondentAccount reports whether s is a correspondent account (301…)
// of the bank with the Bank of Russia.
func ValidCorrespondentAccount(bic, s string) bool {
	return ValidBIC(bic) && isDigits(s, 20) && strings.HasPrefix(s, "301") && accountCheck("0"+bic[4:6]+s)
}

func accountCheck(digits string) bool {
	sum := 0
	for i := range digits {
		sum += digit(digits, i) * accountWeights[i%len(accountWeights)] % 10
	}
	return sum%10 == 0
}

// okvedClasses are the classes that ОКВЭД-2 (ОК 029-2014) has: pairs of the first
// and the last of each unbroken run.
var okvedClasses = [...][2]int{
	{1, 3}, {5, 9}, {10, 33}, {35, 39}, {41, 43}, {45, 47}, {49, 53}, {55, 56}, {58, 66}, {68, 75}, {77, 82}, {84, 88}, {90, 99},
}

// ValidOKVED reports whether s is written as a code of ОКВЭД-2 of an existing
// class, with at least the four digits that the register takes: 62.01, 62.01.1.
// Whether the classifier has that very group is not checked.
func ValidOKVED(s string) bool { return okvedFault(s) == "" }

// okvedFault says what is wrong with a code: okved_incomplete,
// invalid, "" for nothing.
func okvedFault(s string) string {
	parts := strings.Split(s, ".")
	if len(parts) > 3 || !isDigits(parts[0], 2) || !okvedClass(parts[0]) {
		return "invalid"
	}
	for _, part := range parts[1:] {
		if !isDigits(part, 1) && !isDigits(part, 2) {
			return "invalid"
		}
	}
	switch {
	case len(parts) == 1, len(parts[1]) == 1 && len(parts) == 2:
		return "okved_incomplete"
	case len(parts[1]) == 1:
		return "invalid"
	}
	return ""
}

func okvedClass(two string) bool {
	class := digit(two, 0)*10 + digit(two, 1)
	for _, run := range okvedClasses {
		if class >= run[0] && class <= run[1] {
			return true
		}
	}
	return false
}

// ValidOKTMO reports whether s has the form of a code of ОКТМО: eight digits of a
// municipality or eleven of a settlement.
func ValidOKTMO(s string) bool { return isDigits(s, 8) || isDigits(s, 11) }

// ValidTaxOffice reports whether s has the form of a tax office's code (СОНО):
// four digits, the first two the region.
func ValidTaxOffice(s string) bool { return isDigits(s, 4) && s[:2] != "00" }

// legalForms are the forms of ОКОПФ (ОК 028-2012) that an organisation may choose
// among, with their full names; what the register holds beyond them is taken from
// it as it stands.
var legalForms = []struct{ code, kind, name, short string }{
	{"12300", KindLegal, "Общество с ограниченной ответственностью", "ООО"},
	{"12267", KindLegal, "Непубличное акционерное общество", "АО"},
	{"12247", KindLegal, "Публичное акционерное общество", "ПАО"},
	{"12200", KindLegal, "Акционерное общество", "АО"},
	{"14000", KindLegal, "Производственный кооператив", "ПК"},
	{"11000", KindLegal, "Хозяйственное товарищество", "ХТ"},
	{"65000", KindLegal, "Унитарное предприятие", "УП"},
	{"70400", KindLegal, "Фонд", "Фонд"},
	{"71400", KindLegal, "Автономная некоммерческая организация", "АНО"},
	{"75500", KindLegal, "Учреждение", "Учреждение"},
	{"20200", KindLegal, "Потребительский кооператив", "ПК"},
	{"20600", KindLegal, "Ассоциация (союз)", "Ассоциация"},
	{"50102", KindSole, "Индивидуальный предприниматель", "ИП"},
	{"50101", KindSole, "Глава крестьянского (фермерского) хозяйства", "КФХ"},
}

// LegalForm is one of the forms that a profile may name.
type LegalForm struct {
	Code string `json:"code"` // ОКОПФ
	Kind string `json:"kind"` // KindLegal or KindSole
	Name string `json:"name"`
}

// LegalForms lists the forms of ОКОПФ that can be chosen for a kind.
func LegalForms(kind string) []LegalForm {
	var list []LegalForm
	for _, form := range legalForms {
		if form.kind == kind {
			list = append(list, LegalForm{form.code, form.kind, form.name})
		}
	}
	return list
}

// LegalFormName is the full name of a form; "" for a code that is not listed.
func LegalFormName(code string) string {
	for _, form := range legalForms {
		if form.code == code {
			return form.name
		}
	}
	return ""
}
