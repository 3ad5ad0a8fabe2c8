package request

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The search is an index of words, so that it walks an index on either engine and
// knows Cyrillic upper and lower case, which SQLite's LIKE does not. A word is cut
// to its first stemLength letters, which takes most Russian endings off:
// «лицензия», «лицензии» and «лицензирование» all become «лиценз».
const (
	stemLength  = 6  // letters
	wordsStored = 12 // words of one request
	wordsAsked  = 6  // words of one search
)

// stems cuts a text into words that are looked for, without repeats, in the order
// in which they come: at least two letters or digits each, lower case, ё as е.
func stems(text string) []string {
	text = strings.ReplaceAll(strings.ToLower(text), "ё", "е")
	var found []string
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if utf8.RuneCountInString(word) < 2 {
			continue
		}
		if stem := stemOf(word); !slices.Contains(found, stem) {
			found = append(found, stem)
		}
	}
	return found
}

// Stems cuts a text into the words that it is found by.
func Stems(text string) []string { return stems(text) }

// Fits reports whether a text of these stems has all the words.
func Fits(have, words []string) bool {
	return !slices.ContainsFunc(words, func(word string) bool {
		return !slices.ContainsFunc(have, func(h string) bool { return strings.HasPrefix(h, word) })
	})
}

// stemOf cuts a word; a number stays whole, for its beginning says nothing.
func stemOf(word string) string {
	runes := []rune(word)
	if !strings.ContainsFunc(word, unicode.IsLetter) {
		return string(runes[:min(len(runes), 20)])
	}
	return string(runes[:min(len(runes), stemLength)])
}

// indexWords stores by which words a request is found: those of its subject, of
// the other side, and the digits of both numbers.
func (b *Inbox) indexWords(ctx context.Context, r *Request) error {
	words := stems(r.Subject + " " + r.Party)
	words = append(words[:min(len(words), wordsStored-2)], numberWords(r)...)
	slices.Sort(words)
	for _, word := range slices.Compact(words) {
		_, err := b.DB.Exec(ctx, `INSERT INTO request_words (organisation_id, word, created_at, request_id)
			VALUES ($1, $2, $3, $4) ON CONFLICT (organisation_id, word, created_at, request_id) DO NOTHING`,
			r.OrganisationID, word, r.CreatedAt, r.ID)
		if err != nil {
			return fmt.Errorf("request: index words: %w", err)
		}
	}
	return nil
}

func numberWords(r *Request) []string {
	words := []string{r.Number[4:13]}
	if outer := stems(r.OuterNumber); len(outer) > 0 {
		words = append(words, outer[0])
	}
	return words
}

// asked are the words of a search, the longest first: it is the rarest, so the
// walk goes along it and only looks the others up.
func asked(q string) []string {
	if number, ok := ParseNumber(q); ok {
		return []string{number[4:13]}
	}
	words := stems(q)
	slices.SortStableFunc(words, func(a, b string) int { return len(b) - len(a) })
	return words[:min(len(words), wordsAsked)]
}
