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

// where gathers conditions; ? in each becomes the next placeholder.
type where struct {
	conditions []string
	args       []any
	alias      string // of the table that is paged, with its dot; "" when there is one table
}

func (w *where) and(condition string, args ...any) {
	for _, arg := range args {
		w.args = append(w.args, arg)
		condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(w.args)), 1)
	}
	w.conditions = append(w.conditions, condition)
}

// page adds the end of every list: from the row of the page's cursor on, newest
// first, one row more than the limit, for api.Cut.
func (w *where) page(p api.Page) (text string, args []any) {
	a := w.alias
	if p.At != 0 {
		w.and("("+a+"created_at, "+a+"id) < (?, ?)", p.At, p.ID)
	}
	w.args = append(w.args, p.Limit+1)
	return fmt.Sprintf("%s ORDER BY %screated_at DESC, %sid DESC LIMIT $%d", w.text(), a, a, len(w.args)), w.args
}

func (w *where) text() string { return " WHERE " + strings.Join(w.conditions, " AND ") }

// List returns the documents that the filter chooses, newest first, one more than
// the page's limit where there are more. It walks one index of the organisation;
// words are looked for on the way.
func (d *Documents) List(ctx context.Context, organisationID string, f Filter, page api.Page) ([]Document, error) {
	text, args := f.where(organisationID).page(page)
	var documents []Document
	if err := d.DB.Select(ctx, &documents, `SELECT `+columns+` FROM documents`+text, args...); err != nil {
		return nil, fmt.Errorf("document: list: %w", err)
	}
	return documents, nil
}

func (f Filter) where(organisationID string) *where {
	if f.Status == "" {
		f.Status = Active
	}
	w := &where{}
	w.and("organisation_id = ?", organisationID)
	if f.Kind != "" {
		w.and("kind = ?", f.Kind)
	}
	w.and("status = ?", f.Status)
	if f.From != 0 {
		w.and("created_at >= ?", f.From)
	}
	if f.To != 0 {
		w.and("created_at < ?", f.To)
	}
	words := strings.Fields(Fold(f.Search))
	for _, word := range words[:min(len(words), maxWords)] {
		w.and(`search LIKE ? ESCAPE '!'`, "%"+likeEscape.Replace(word)+"%")
	}
	return w
}

// likeEscape makes a word mean itself in LIKE.
var likeEscape = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")
