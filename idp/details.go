package idp

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/pages"
)

// What an application asks for within limits (RFC 9396), in a person's words, and
// what of it he leaves on the consent page.

// detailItems are the details as the page shows them.
func (s *Server) detailItems(lang string, details directory.Details) []pages.DetailItem {
	items := make([]pages.DetailItem, len(details))
	for i, d := range details {
		items[i] = pages.DetailItem{
			Value: strconv.Itoa(i), Title: s.detailTitle(lang, d), Limits: s.detailLimits(lang, d),
		}
		for _, kind := range d.Kinds {
			items[i].Kinds = append(items[i].Kinds, pages.KindItem{
				Value: kindBox(i, kind), Name: s.deps.Provider.KindName(d.Type, kind, lang),
			})
		}
	}
	return items
}

func kindBox(detail int, kind string) string { return strconv.Itoa(detail) + ":" + kind }

// detailTitle says what may be done: "Reports: view, prepare, sign and send".
func (s *Server) detailTitle(lang string, d directory.Detail) string {
	domain := map[directory.DetailType]string{
		directory.DetailFiling: "detail.filing", directory.DetailExtract: "detail.extract", directory.DetailPower: "detail.power",
	}[d.Type]
	acts := []string{}
	for _, action := range []string{
		directory.ActionRead, directory.ActionWrite, directory.ActionSign,
		directory.ActionView, directory.ActionGrant, directory.ActionRevoke,
	} {
		if slices.Contains(d.Actions, action) {
			acts = append(acts, s.pages.T(lang, "detail.act."+action))
		}
	}
	title := s.pages.T(lang, domain)
	if len(acts) == 0 {
		return title
	}
	return title + ": " + strings.Join(acts, ", ")
}

// detailLimits are the limits besides kinds, a sentence each.
func (s *Server) detailLimits(lang string, d directory.Detail) (limits []string) {
	add := func(key string, args ...any) { limits = append(limits, s.pages.T(lang, key, args...)) }
	switch {
	case len(d.Kinds) > 0:
	case d.Type == directory.DetailFiling:
		add("detail.any_report")
	case d.Type == directory.DetailExtract:
		add("detail.any_extract")
	}
	if len(d.Recipients) > 0 {
		add("detail.recipients", "List", strings.Join(d.Recipients, ", "))
	}
	if len(d.Powers) > 0 {
		labels := make([]string, len(d.Powers))
		for i, code := range d.Powers {
			power, _ := directory.FindPowerCode(code)
			labels[i] = power.Label(lang)
		}
		add("detail.powers", "List", strings.Join(labels, "; "))
	} else if slices.Contains(d.Actions, directory.ActionGrant) {
		add("detail.any_power")
	}
	switch {
	case d.MaxSum > 0 && d.Type == directory.DetailPower:
		add("detail.power_sum", "Sum", roubles(lang, d.MaxSum))
	case d.MaxSum > 0:
		add("detail.filing_sum", "Sum", roubles(lang, d.MaxSum))
	}
	if d.MaxDays > 0 {
		add("detail.days", "Days", d.MaxDays)
	}
	return limits
}

// roubles is a sum of kopecks as people read it: "1 234,50 ₽".
func roubles(lang string, kopecks int64) string {
	digits, groups := strconv.FormatInt(kopecks/100, 10), []string{}
	for len(digits) > 3 {
		groups = append([]string{digits[len(digits)-3:]}, groups...)
		digits = digits[:len(digits)-3]
	}
	separator, point := "\u00a0", ","
	if lang == "en" {
		separator, point = ",", "."
	}
	whole := strings.Join(append([]string{digits}, groups...), separator)
	return fmt.Sprintf("%s%s%02d\u00a0₽", whole, point, kopecks%100)
}

// allowedDetails are the details that the person left ticked, of the kinds that he
// left ticked. Boxes that were not on the page are not looked at.
func allowedDetails(c echo.Context, asked directory.Details) (directory.Details, error) {
	form := c.Request().PostForm
	if len(form["detail"]) > directory.MaxDetails || len(form["kind"]) > directory.MaxDetails*directory.MaxDetailCodes {
		return nil, browser.Malformed("too many boxes")
	}
	var allowed directory.Details
	for i, d := range asked {
		if !slices.Contains(form["detail"], strconv.Itoa(i)) {
			continue
		}
		limited := len(d.Kinds) > 0
		d.Kinds = slices.DeleteFunc(slices.Clone(d.Kinds), func(kind string) bool {
			return !slices.Contains(form["kind"], kindBox(i, kind))
		})
		if limited && len(d.Kinds) == 0 {
			continue // without a kind it would be for all of them
		}
		allowed = append(allowed, d)
	}
	return allowed, nil
}
