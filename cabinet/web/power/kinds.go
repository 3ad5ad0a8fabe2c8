package power

import (
	"strings"

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

// named puts names in the place of the kinds' ids, which stand at the end of a sentence
// after a colon. Nothing is asked for when no sentence has any.
func named(v *desk.Visit, sentences []string) error {
	var names map[string]string
	for i, sentence := range sentences {
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
