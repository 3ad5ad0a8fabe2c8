package directory

import (
	"fmt"
	"slices"
	"strings"
)

// PowerLimits narrow what the powers of a power of attorney allow. An empty list
// is no limit; the zero value as a whole allows everything but signing.
type PowerLimits struct {
	Reports  []string `json:"reports,omitempty"`  // prefixes of reports: "NO_NDS"
	Extracts []string `json:"extracts,omitempty"` // codes of extracts
	Services []string `json:"services,omitempty"` // codes of services
	MaxSum   int64    `json:"max_sum,omitempty"`  // kopecks for one act; 0 = no limit
	MaySign  bool     `json:"may_sign"`           // signs what the powers let him prepare
}

// signing are the permissions that MaySign is about.
var signing = setOf([]Permission{FilingsSign, DocumentsSign})

// allows reports whether the limits let act through.
func (l PowerLimits) allows(act Act) bool {
	if l.MaxSum > 0 && act.Amount > l.MaxSum {
		return false
	}
	if permissionBits[act.Permission]&signing != 0 && !l.MaySign {
		return false
	}
	list := l.kinds(act.Permission)
	switch {
	case len(list) == 0:
		return true
	case act.Kind == "":
		// A look at a list is no act of any kind; anything else would be one of all.
		return strings.HasSuffix(string(act.Permission), ":read")
	default:
		return slices.ContainsFunc(list, func(limit string) bool {
			return act.Kind == limit || strings.HasPrefix(act.Kind, limit+"_")
		})
	}
}

// kinds is the list that limits acts under a permission.
func (l PowerLimits) kinds(p Permission) []string {
	noun, _, _ := strings.Cut(string(p), ":")
	switch noun {
	case "filings":
		return l.Reports
	case "extracts":
		return l.Extracts
	case "requests":
		return l.Services
	default:
		return nil
	}
}

// within reports whether l is nowhere wider than outer.
func (l PowerLimits) within(outer PowerLimits) bool {
	narrower := func(inner, outer []string) bool {
		if len(outer) == 0 {
			return true
		}
		return len(inner) > 0 && !slices.ContainsFunc(inner, func(s string) bool {
			return !slices.ContainsFunc(outer, func(o string) bool { return s == o || strings.HasPrefix(s, o+"_") })
		})
	}
	return narrower(l.Reports, outer.Reports) && narrower(l.Extracts, outer.Extracts) &&
		narrower(l.Services, outer.Services) && (outer.MaySign || !l.MaySign) &&
		(outer.MaxSum == 0 || l.MaxSum > 0 && l.MaxSum <= outer.MaxSum)
}

// The bounds of limits.
const (
	maxLimitCodes = 15
	maxLimitCode  = 40
)

// limits brings limits to canonical form: sorted lists of codes.
func (f *fields) limits(l PowerLimits) PowerLimits {
	l.Reports = f.codes("limits/reports", l.Reports)
	l.Extracts = f.codes("limits/extracts", l.Extracts)
	l.Services = f.codes("limits/services", l.Services)
	if l.MaxSum < 0 {
		f.faults.add("limits/max_sum", "invalid")
	}
	return l
}

func (f *fields) codes(field string, list []string) []string {
	if len(list) > maxLimitCodes {
		f.faults.add(field, "too_long")
		return nil
	}
	list = slices.Clone(list)
	for i, code := range list {
		if !codeLike(code) {
			f.faults.add(fmt.Sprintf("%s/%d", field, i), "invalid")
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// codeLike reports whether s has the form of a code: Latin letters, digits and
// the signs between them.
func codeLike(s string) bool {
	if s == "" || len(s) > maxLimitCode {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("_-.", r)
	})
}
