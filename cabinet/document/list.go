package document

import (
	"context"
	"fmt"
	"strings"

	"propusk/cabinet/api"
	"propusk/storage"
)

// Filter chooses documents of one organisation. Empty fields choose all, but for
// Status, where "" is Active.
type Filter struct {
	Kind     Kind
	Status   Status
	Search   string       // words; each must be in the name, the description, the file's name or the type's
	From, To storage.Time // From <= created_at < To
}

// maxWords bounds a search; further words are not looked for.
const maxWords = 8

// pageOf is the end of every list: from the row of the page's cursor on, newest first,
// one row more than the limit, for api.Cut. alias is that of the table that is paged,
// with its dot, "" when there is one table.
func pageOf(w *storage.Where, alias string, p api.Page) (text string, args []any) {
	w.When(p.At != 0, "("+alias+"created_at, "+alias+"id) < (?, ?)", p.At, p.ID)
	limit := w.Arg(p.Limit + 1)
	return fmt.Sprintf("%s ORDER BY %[2]screated_at DESC, %[2]sid DESC LIMIT %[3]s", w, alias, limit), w.Args()
}

// List returns the documents that the filter chooses, newest first, one more than
// the page's limit where there are more. It walks one index of the organisation;
// words are looked for on the way.
func (d *Documents) List(ctx context.Context, organisationID string, f Filter, page api.Page) ([]Document, error) {
	text, args := pageOf(f.where(organisationID), "", page)
	var documents []Document
	if err := d.DB.Select(ctx, &documents, `SELECT `+columns+` FROM documents`+text, args...); err != nil {
		return nil, fmt.Errorf("document: list: %w", err)
	}
	return documents, nil
}

func (f Filter) where(organisationID string) *storage.Where {
	if f.Status == "" {
		f.Status = Active
	}
	w := &storage.Where{}
	w.And("organisation_id = ?", organisationID)
	w.When(f.Kind != "", "kind = ?", f.Kind)
	w.And("status = ?", f.Status)
	w.When(f.From != 0, "created_at >= ?", f.From)
	w.When(f.To != 0, "created_at < ?", f.To)
	words := strings.Fields(Fold(f.Search))
	for _, word := range words[:min(len(words), maxWords)] {
		w.And(`search LIKE ? ESCAPE '\'`, storage.MatchPart(word))
	}
	return w
}
