package emchd

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"propusk/idp/directory"
	"propusk/storage"
)

// Parse reads a form. With faults that are no warnings the form is nil.
func Parse(raw []byte) (*Form, []Fault) {
	tree, fault := parseTree(raw)
	if fault != nil {
		return nil, []Fault{*fault}
	}
	if tree.name != "Доверенность" {
		return nil, []Fault{{Code: "root", Line: tree.line, Column: tree.column, Element: tree.name}}
	}
	var s structure
	s.check(tree, root)
	if len(s.faults) > 0 {
		return nil, s.faults
	}
	return read(tree), nil
}

// Principal is the organisation whose power a form should be.
type Principal struct{ INN, OGRN string }

// fileID is how a file is named, without extension.
var fileID = regexp.MustCompile(`^ON_EMCHD_(\d{8})_([0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12})$`)

// The codes of limits that this cabinet keeps to. A form with another one is not
// taken: a limit that is passed over would widen the power.
const (
	LimitReports  = "CAB_REPORTS"  // values: prefixes of reports
	LimitExtracts = "CAB_EXTRACTS" // values: codes of extracts
	LimitServices = "CAB_SERVICES" // values: codes of services
	LimitSum      = "CAB_MAX_SUM"  // value: kopecks
	LimitNoSign   = "CAB_NO_SIGN"  // no value: prepares, and does not sign
)

// checker collects the faults of what a form says.
type checker struct{ faults []Fault }

func (c *checker) add(code string, value ...string) {
	c.faults = append(c.faults, Fault{Code: code, Value: strings.Join(value, " ")})
}

func (c *checker) warn(code string, value ...string) {
	c.faults = append(c.faults, Fault{Code: code, Value: strings.Join(value, " "), Warning: true})
}

// Check holds what a form says against the day, the principal, and the name under
// which the file came ("" = it came without).
func (f *Form) Check(now storage.Time, ours Principal, fileName string) []Fault {
	var c checker
	c.file(f, fileName)
	c.term(f, now)
	c.principal(f, ours)
	c.representative(f)
	c.powers(f)
	_, faults := f.CabinetLimits()
	c.faults = append(c.faults, faults...)
	if f.Notary {
		c.warn("notary")
	}
	return c.faults
}

func (c *checker) file(f *Form, name string) {
	parts := fileID.FindStringSubmatch(f.FileID)
	if parts == nil {
		c.add("file_id", f.FileID)
		return
	}
	if name = strings.TrimSuffix(name, ".xml"); name != "" && !strings.EqualFold(name, f.FileID) {
		c.add("file_name", name)
	}
	if !validDate(parts[1][:4] + "-" + parts[1][4:6] + "-" + parts[1][6:]) {
		c.add("file_id", f.FileID)
	}
	if !strings.EqualFold(parts[2], f.Number) {
		c.warn("file_guid", parts[2])
	}
}

func (c *checker) term(f *Form, now storage.Time) {
	issued, _ := directory.PowerDay(f.IssuedOn)
	last, ok := directory.PowerDay(f.Until)
	switch {
	case issued > now:
		c.add("issued_later", f.IssuedOn)
	case f.Until < f.IssuedOn:
		c.add("until_before_issue", f.Until)
	case ok && last.Add(24*time.Hour) <= now:
		c.add("expired", f.Until)
	}
}

func (c *checker) principal(f *Form, ours Principal) {
	if len(f.Principals) > 1 {
		c.add("principals_several")
		return
	}
	p := f.Principals[0]
	switch {
	case p.Kind != KindOrganisation && p.Kind != KindSole:
		c.add("principal_kind")
	case p.INN != ours.INN:
		c.add("principal_other", p.INN)
	case p.OGRN != ours.OGRN:
		c.add("principal_ogrn", p.OGRN)
	case p.Kind == KindOrganisation && !slices.ContainsFunc(p.Heads, func(h Party) bool { return h.SNILS != "" || h.INN != "" }):
		c.add("head_numbers")
	}
	// One signature is checked, so that it must be enough: of heads who act together,
	// and of several who hand on, it is not.
	if f.First == "" && p.HeadsJoint && len(p.Heads) > 1 {
		c.add("heads_joint")
	}
	if f.MoreGivers {
		c.add("givers_several")
	}
}

func (c *checker) representative(f *Form) {
	if len(f.Representatives) > 1 {
		c.add("representatives_several")
		return
	}
	r := f.Representatives[0]
	switch {
	case r.Kind == KindForeign:
		c.add("representative_kind")
	case r.Kind == KindPerson && r.SNILS == "" && r.INN == "":
		c.add("representative_numbers")
	case r.Kind == KindPerson && r.SNILS == "":
		c.warn("representative_snils")
	}
	p := f.Principals[0]
	if r.Kind != KindPerson && r.INN == p.INN {
		c.add("representative_self")
	}
	if f.Joint {
		c.warn("joint")
	}
}

func (c *checker) powers(f *Form) {
	if len(f.Powers) == 0 {
		c.add("powers_in_words")
		return
	}
	known := 0
	seen := map[string]bool{}
	for _, p := range f.Powers {
		if seen[p.Code] {
			c.warn("power_repeated", p.Code)
		}
		seen[p.Code] = true
		if _, ok := directory.FindPowerCode(p.Code); ok {
			known++
		} else {
			c.warn("power_unknown", p.Code)
		}
	}
	if known == 0 {
		c.add("powers_unknown")
	}
	if f.Text != "" {
		c.warn("powers_text_too")
	}
}

// KnownPowers are the codes of the form that stand in the classifier, each once.
func (f *Form) KnownPowers() (codes []string) {
	for _, p := range f.Powers {
		if _, ok := directory.FindPowerCode(p.Code); ok && !slices.Contains(codes, p.Code) {
			codes = append(codes, p.Code)
		}
	}
	return codes
}

// CabinetLimits reads the form's limits as the cabinet keeps them.
func (f *Form) CabinetLimits() (directory.PowerLimits, []Fault) {
	limits := directory.PowerLimits{MaySign: true}
	var c checker
	if f.PartLimits {
		c.add("limit_of_one_power")
	}
	if len(f.Offices) > 0 { // the cabinet has no limit of this kind to keep to
		c.add("limit_offices", f.Offices...)
	}
	seen := map[string]bool{}
	for _, l := range f.Limits {
		if seen[l.Code] {
			c.add("limit_repeated", l.Code)
			continue
		}
		seen[l.Code] = true
		switch l.Code {
		case LimitReports:
			limits.Reports = append(limits.Reports, l.Values...)
		case LimitExtracts:
			limits.Extracts = append(limits.Extracts, l.Values...)
		case LimitServices:
			limits.Services = append(limits.Services, l.Values...)
		case LimitNoSign:
			limits.MaySign = false
		case LimitSum:
			sum, err := strconv.ParseInt(strings.Join(l.Values, ""), 10, 64)
			if err != nil || sum <= 0 {
				c.add("limit_sum", fmt.Sprint(l.Values))
				continue
			}
			limits.MaxSum = sum
		default:
			c.add("limit_unknown", l.Code)
			continue
		}
		if len(l.Values) == 0 && l.Code != LimitNoSign {
			c.add("limit_empty", l.Code)
		}
	}
	return limits, c.faults
}
