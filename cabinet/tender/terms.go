package tender

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"propusk/cabinet/authority"
)

// Announcements are found by terms, so that each search walks an index on either
// engine: beginnings of the sectors, the region, the customer, and words without their
// endings, cut to their first letters («маяка», «маяков»; «поставка», «поставить»).
const (
	stemLength  = 6  // letters
	wordsStored = 60 // words of one announcement
	wordsAsked  = 6  // words of one search
)

// stems cuts a text into words that are looked for, without repeats: lower case, ё
// as е, at least two letters or digits each. A number stays whole.
func stems(text string, most int) []string {
	text = strings.ReplaceAll(strings.ToLower(text), "ё", "е")
	var found []string
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if utf8.RuneCountInString(word) < 2 {
			continue
		}
		if stem := stemOf(word); !slices.Contains(found, stem) {
			found = append(found, stem)
		}
		if len(found) == most {
			break
		}
	}
	return found
}

// endings are those of Russian nouns, adjectives and verbs, the longest first.
var endings = []string{
	"ами", "ями", "ого", "его", "ому", "ему", "ыми", "ими", "ить", "ать", "ять", "еть", "ов", "ев", "ей", "ам", "ям", "ах", "ях", "ом", "ем", "ой",
	"ый", "ий", "ая", "яя", "ое", "ее", "ые", "ие", "ую", "юю", "ых", "их", "ия", "ии", "ию", "а", "я", "о", "е", "ы", "и", "у", "ю", "ь", "й",
}

// stemOf is a word without its ending, of which at least three letters stay, cut.
func stemOf(word string) string {
	if !strings.ContainsFunc(word, unicode.IsLetter) {
		runes := []rune(word)
		return string(runes[:min(len(runes), 20)])
	}
	for _, ending := range endings {
		if stem, ok := strings.CutSuffix(word, ending); ok && utf8.RuneCountInString(stem) >= 3 {
			word = stem
			break
		}
	}
	runes := []rune(word)
	return string(runes[:min(len(runes), stemLength)])
}

// asked are the words of a search, the longest first: it is the rarest.
func asked(text string) []string {
	found := stems(text, wordsAsked)
	slices.SortStableFunc(found, func(a, b string) int { return utf8.RuneCountInString(b) - utf8.RuneCountInString(a) })
	return found
}

// terms are everything by which an announcement is found, sorted.
func terms(a authority.Tender) []string {
	found := []string{"r:" + a.Region, "c:" + a.Customer.INN}
	for _, sector := range a.Sectors {
		for _, begin := range beginnings(sector.Code) {
			found = append(found, "s:"+begin)
		}
	}
	text := a.Number + " " + a.Object + " " + a.Customer.Name
	for _, word := range stems(text, wordsStored) {
		found = append(found, "w:"+word)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// beginnings are the code and all that it begins with as people ask for a sector:
// "62.01.1" gives "62", "62.0", "62.01", "62.01.1".
func beginnings(code string) (list []string) {
	for n := 2; n <= len(code); n++ {
		if code[n-1] != '.' {
			list = append(list, code[:n])
		}
	}
	return list
}
