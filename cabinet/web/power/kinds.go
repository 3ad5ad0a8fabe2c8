package power

import (
	"regexp"
	"strings"
	"time"

	"propusk/cabinet/web/desk"
)

// kind is a report or an extract that a power can be limited to.
type kind struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// kinds are those that the visitor may see; without the right there are none.
func kinds(v *desk.Visit) (reports, extracts []kind, err error) {
	if v.May("filings:read") {
		var found struct {
			Kinds []kind `json:"report_types"`
		}
		if err := v.Get("/report-types", nil, &found); err != nil {
			return nil, nil, err
		}
		reports = found.Kinds
	}
	if v.May("extracts:read") {
		var found struct {
			Items []kind `json:"items"`
		}
		if err := v.Get("/extract-types", nil, &found); err != nil {
			return nil, nil, err
		}
		extracts = found.Items
	}
	return reports, extracts, nil
}

var isoDay = regexp.MustCompile(`\b\d{4}-\d{2}-\d{2}\b`)

// named puts names in the place of the kinds' ids, which stand at the end of a sentence
// after a colon, and days as people write them. Nothing is asked for when no sentence
// has a kind.
func named(v *desk.Visit, sentences []string) error {
	var names map[string]string
	for i, sentence := range sentences {
		sentences[i] = isoDay.ReplaceAllStringFunc(sentence, func(iso string) string {
			if at, err := time.Parse(time.DateOnly, iso); err == nil {
				return at.Format("02.01.2006")
			}
			return iso
		})
		begin, list, found := strings.Cut(sentence, ": ")
		if !found {
			continue
		}
		if names == nil {
			reports, extracts, err := kinds(v)
			if err != nil {
				return err
			}
			names = map[string]string{}
			for _, k := range append(reports, extracts...) {
				names[k.ID] = k.Name
			}
		}
		ids := strings.Split(strings.TrimSuffix(list, "."), ", ")
		for j, id := range ids {
			if name := names[id]; name != "" {
				ids[j] = name
			}
		}
		sentences[i] = begin + ": " + strings.Join(ids, ", ") + "."
	}
	return nil
}
