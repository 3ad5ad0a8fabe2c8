package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"propusk/storage"
)

// What operators look people and organisations up by: contacts and numbers exactly,
// names by the beginnings of their words. Words are indexed shortly after a change
// (IndexWords), so that neither a change pays for the search, nor a search reads a
// table through.

// ErrVague: the query is too short to look for.
var ErrVague = errors.New("directory: the query is too short")

const (
	wordsMost        = 12 // of one name
	wordsAsked       = 4  // of one search
	wordLeast        = 3  // letters of the longest word of a search
	indexBatch       = 500
	indexOverlap     = time.Minute // changes that commit late are still seen
	wordPerson       = "person"
	wordOrganisation = "organisation"
)

// words cuts a name into what it is found by: lower case, ё as е, each once.
func words(text string) []string {
	text = strings.ReplaceAll(strings.ToLower(text), "ё", "е")
	var found []string
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if !slices.Contains(found, word) && len(found) < wordsMost {
			found = append(found, word)
		}
	}
	return found
}

// indexed is a row whose words are to be stored.
type indexed struct {
	ID        string       `db:"id"`
	Text      string       `db:"text"`
	UpdatedAt storage.Time `db:"updated_at"`
}

// indexes are where the words of each kind come from.
var indexes = []struct{ kind, rows string }{
	{wordPerson, `SELECT id, last_name || ' ' || first_name || ' ' || middle_name AS text, updated_at FROM persons`},
	{wordOrganisation, `SELECT id, name || ' ' || full_name AS text, updated_at FROM organisations`},
}

// IndexWords brings the words of people and organisations up to date. It may run on
// many nodes at once: what it writes does not depend on who does.
func (d *Directory) IndexWords(ctx context.Context) error {
	for _, of := range indexes {
		for {
			n, err := d.indexSome(ctx, of.kind, of.rows)
			if err != nil {
				return fmt.Errorf("directory: index words: %w", err)
			}
			if n < indexBatch {
				break
			}
		}
	}
	return nil
}

// indexSome indexes the next rows and moves the mark that says how far it is. The mark
// stays a little behind the clock, so that what commits late comes once more.
func (d *Directory) indexSome(ctx context.Context, kind, rows string) (n int, err error) {
	err = d.db.Tx(ctx, func(ctx context.Context) error {
		var mark struct {
			At storage.Time `db:"updated_at"`
			ID string       `db:"object_id"`
		}
		err := d.db.Get(ctx, &mark, `SELECT updated_at, object_id FROM console_indexed WHERE kind = $1`, kind)
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return err
		}
		var list []indexed
		err = d.db.Select(ctx, &list, rows+` WHERE (updated_at, id) > ($1, $2) ORDER BY updated_at, id LIMIT $3`, mark.At, mark.ID, indexBatch)
		if n = len(list); err != nil || n == 0 {
			return err
		}
		for _, row := range list {
			if err := d.storeWords(ctx, kind, row); err != nil {
				return err
			}
		}
		last := list[n-1]
		if late := d.time().Add(-indexOverlap); last.UpdatedAt > late && n < indexBatch {
			last.UpdatedAt, last.ID = max(late, mark.At), ""
		}
		_, err = d.db.Exec(ctx, `INSERT INTO console_indexed (kind, updated_at, object_id) VALUES ($1, $2, $3)
			ON CONFLICT (kind) DO UPDATE SET updated_at = excluded.updated_at, object_id = excluded.object_id`,
			kind, last.UpdatedAt, last.ID)
		return err
	})
	return n, err
}

// storeWords replaces the words of one object, where they differ.
func (d *Directory) storeWords(ctx context.Context, kind string, row indexed) error {
	var stored [][]byte
	if err := d.db.Select(ctx, &stored, `SELECT word FROM console_words WHERE kind = $1 AND object_id = $2`, kind, row.ID); err != nil {
		return err
	}
	now := words(row.Text)
	for _, word := range stored {
		if slices.Contains(now, string(word)) {
			continue
		}
		if _, err := d.db.Exec(ctx, `DELETE FROM console_words WHERE kind = $1 AND word = $2 AND object_id = $3`, kind, word, row.ID); err != nil {
			return err
		}
	}
	for _, word := range now {
		if slices.ContainsFunc(stored, func(s []byte) bool { return string(s) == word }) {
			continue
		}
		_, err := d.db.Exec(ctx, `INSERT INTO console_words (kind, word, object_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
			kind, []byte(word), row.ID)
		if err != nil {
			return err
		}
	}
	return nil
}

// byWords finds the objects that have a word with each beginning, at most limit. The
// longest beginning is walked: it is the rarest. ErrVague for words too short.
func (d *Directory) byWords(ctx context.Context, kind, query string, limit int) ([]string, error) {
	asked := words(query)
	slices.SortStableFunc(asked, func(a, b string) int { return utf8.RuneCountInString(b) - utf8.RuneCountInString(a) })
	asked = asked[:min(len(asked), wordsAsked)]
	if len(asked) == 0 || utf8.RuneCountInString(asked[0]) < wordLeast {
		return nil, ErrVague
	}
	text, args := `SELECT w.object_id FROM console_words w WHERE w.kind = $1 AND w.word >= $2 AND w.word < $3`, []any{kind, []byte(asked[0]), after(asked[0])}
	for _, word := range asked[1:] {
		n := len(args)
		text += fmt.Sprintf(` AND EXISTS (SELECT 1 FROM console_words o WHERE o.kind = w.kind AND o.object_id = w.object_id
			AND o.word >= $%d AND o.word < $%d)`, n+1, n+2)
		args = append(args, []byte(word), after(word))
	}
	var ids []string
	err := d.db.Select(ctx, &ids, text+fmt.Sprintf(` ORDER BY w.word, w.object_id LIMIT $%d`, len(args)+1), append(args, 2*limit)...)
	if err != nil {
		return nil, fmt.Errorf("directory: search words: %w", err)
	}
	var found []string
	for _, id := range ids { // two words of one name may begin alike
		if !slices.Contains(found, id) {
			found = append(found, id)
		}
	}
	return found[:min(len(found), limit)], nil
}

// after is the first text behind all that begin with word: the last byte of UTF-8 is
// never the greatest one.
func after(word string) []byte {
	end := []byte(word)
	end[len(end)-1]++
	return end
}

// SearchPeople finds people by a whole contact or number, or by beginnings of names, at
// most limit; kind says what the query was taken for: email, phone, snils, number, inn
// or name. Blocked and closed ones are found too. ErrVague for a query too short.
func (d *Directory) SearchPeople(ctx context.Context, query string, limit int) (people []Person, kind string, err error) {
	l, _ := parseLogin(strings.TrimSpace(query))
	inn := strings.Join(strings.Fields(query), "")
	if !ValidPersonalINN(inn) {
		inn = ""
	}
	for _, by := range []struct{ kind, column, value string }{
		{"email", "email", l.email}, {"phone", "phone", l.phone}, {"snils", "snils", l.snils}, {"number", "number", l.number}, {"inn", "inn", inn},
	} {
		if by.value == "" {
			continue
		}
		kind = by.kind
		var found []Person
		err := d.db.Select(ctx, &found, "SELECT "+columns("p", "", personNames)+" FROM persons p WHERE p."+by.column+" = $1 AND p."+by.column+" <> '' LIMIT $2", by.value, limit)
		if err != nil {
			return nil, "", fmt.Errorf("directory: search people: %w", err)
		}
		people = append(people, found...)
	}
	if kind != "" {
		return people, kind, nil
	}
	ids, err := d.byWords(ctx, wordPerson, query, limit)
	for _, id := range ids {
		p, err := d.Person(ctx, id)
		if err != nil {
			return nil, "", err
		}
		people = append(people, p)
	}
	return people, "name", err
}

// SearchOrganisations finds organisations, closed ones too, by ИНН, ОГРН or ОГРНИП, or
// by beginnings of the words of their names. ErrVague for a query too short.
func (d *Directory) SearchOrganisations(ctx context.Context, query string, limit int) (list []Organisation, kind string, err error) {
	number := strings.Join(strings.Fields(query), "")
	column := ""
	switch {
	case ValidINN(number):
		column = "inn"
	case ValidOGRN(number), ValidOGRNIP(number):
		column = "ogrn"
	}
	if column != "" {
		err := d.db.Select(ctx, &list, "SELECT "+columns("o", "", organisationNames)+" FROM organisations o WHERE o."+column+" = $1 ORDER BY o.id DESC LIMIT $2", number, limit)
		return list, column, wrapped("search organisations", err)
	}
	ids, err := d.byWords(ctx, wordOrganisation, query, limit)
	for _, id := range ids {
		o, err := d.Organisation(ctx, id)
		if err != nil {
			return nil, "", err
		}
		list = append(list, o)
	}
	return list, "name", err
}
