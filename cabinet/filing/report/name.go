package report

import (
	"strings"
)

// FileName is the name of a file of exchange, R_T_A_K_O_GGGGMMDD_N.xml: the
// prefix, the office that receives and the one it is for, the sender, the day, and
// what makes the name unique.
type FileName struct {
	Prefix   string // R_T: NO_NDS
	Receiver string // A: the first office, four digits
	Office   string // K: the office the report is for; A unless there is transit
	Sender   string // O: ИНН and КПП together, 19 digits, or a person's ИНН, 12
	Day      Date
	Unique   string // N: 1 to 36 of Latin letters, digits and hyphens
}

// ID is the name without its extension, which ИдФайл repeats.
func (f FileName) ID() string {
	return strings.Join([]string{f.Prefix, f.Receiver, f.Office, f.Sender, f.Day.compact(), f.Unique}, "_")
}

// String is the whole name.
func (f FileName) String() string { return f.ID() + ".xml" }

// ParseFileName reads a name. part says which part does not keep to the rule, ""
// when all do.
func ParseFileName(name string) (f FileName, part string) {
	base, isXML := strings.CutSuffix(name, ".xml")
	if !isXML {
		if base, isXML = strings.CutSuffix(name, ".XML"); !isXML {
			return f, ".xml"
		}
	}
	parts := strings.Split(base, "_")
	// R_T itself has underscores; the last five parts are A, K, O, the day and N.
	if len(parts) < 7 {
		return f, "R_T_A_K_O_GGGGMMDD_N"
	}
	at := len(parts) - 5
	f = FileName{
		Prefix: strings.Join(parts[:at], "_"), Receiver: parts[at], Office: parts[at+1], Sender: parts[at+2], Unique: parts[at+4],
	}
	day := parts[at+3]
	var dated bool
	if len(day) == len("20060102") {
		f.Day, dated = ParseDate(day[:4] + "-" + day[4:6] + "-" + day[6:])
	}
	switch {
	case !officeKind.valid(f.Receiver):
		return f, "A"
	case !officeKind.valid(f.Office):
		return f, "K"
	case !validSender(f.Sender):
		return f, "O"
	case !dated:
		return f, "GGGGMMDD"
	case !validUnique(f.Unique):
		return f, "N"
	}
	return f, ""
}

func validSender(s string) bool {
	if len(s) == 19 {
		return legalKind.valid(s[:10]) && kppKind.valid(s[10:])
	}
	return personalKind.valid(s)
}

func validUnique(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20
		if (c < 'a' || c > 'z') && (s[i] < '0' || s[i] > '9') && s[i] != '-' {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= 36
}
