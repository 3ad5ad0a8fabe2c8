package export

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"

	"propusk/cabinet/api"
	"propusk/cabinet/paper"
	"propusk/idp/directory"
	"propusk/storage"
)

// Kind is one list that can be exported.
type Kind struct {
	Name       string        // stable: "requests"
	Title      api.FieldText // in notices
	Scope      string        // what a token must have been allowed
	Permission directory.Permission
	Parameters []string // that Ask reads
	// Ask reads what of the list is asked for, and sees to it that the caller may. What
	// it answers is kept as JSON until the file is made; no secret belongs in it.
	Ask func(c api.Call, q *api.Query) (any, error)
	// Open begins to read what was asked for.
	Open func(ctx context.Context, o Order) (Listing, error)
}

// Order is what a file is made of.
type Order struct {
	OrganisationID string
	Lang           string          // ru or en
	Ask            json.RawMessage // what Kind.Ask answered
}

// Listing is a list that is ready to be read.
type Listing struct {
	Name  string      // of the file, without extension
	Table paper.Table // title and columns
	// Count is how many rows there are, counted up to most.
	Count func(ctx context.Context, most int) (int, error)
	// Rows come part by part, as Pages reads them.
	Rows iter.Seq2[[][]any, error]
}

// The formats of files.
const (
	XLSX = "xlsx"
	PDF  = "pdf"
)

var mediaTypes = map[string]string{
	XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", PDF: "application/pdf",
}

// bounds are how many rows of a format are drawn while the caller waits, and how many at
// all. A list of the first size takes well under a second of a processor; a longer PDF
// than of the second nobody reads, and a longer workbook few programs open.
var bounds = map[string]struct{ atOnce, most int }{XLSX: {2_000, 100_000}, PDF: {500, 5_000}}

// route is the policy of the list, as of a line of the API.
func (k Kind) route() *api.Route {
	return &api.Route{Access: api.OrganisationToken, Scope: k.Scope, Permission: k.Permission}
}

// read reads which rows a caller asks for.
func (k Kind) read(c api.Call, q *api.Query) (json.RawMessage, error) {
	asked, err := k.Ask(c, q)
	if fault := q.Err(); fault != nil { // told first: what is asked for is not clear
		return nil, fault
	}
	if err != nil {
		return nil, err
	}
	ask, err := json.Marshal(asked)
	if err != nil {
		return nil, fmt.Errorf("export: encode what is asked for: %w", err)
	}
	return ask, nil
}

// pageSize is how many rows are read at a time.
const pageSize = 500

// Pages reads a list page by page, as its own API does, and draws each.
func Pages[T any](read func(api.Page) ([]T, error), key func(T) (storage.Time, string), draw func([]T) ([][]any, error)) iter.Seq2[[][]any, error] {
	return func(yield func([][]any, error) bool) {
		page := api.Page{Limit: pageSize}
		for more := true; more; {
			part, err := read(page)
			if err != nil {
				yield(nil, err)
				return
			}
			if more = len(part) > page.Limit; more {
				part = part[:page.Limit]
				page.At, page.ID = key(part[len(part)-1])
			}
			rows, err := draw(part)
			if !yield(rows, err) || err != nil {
				return
			}
		}
	}
}

// Counted counts what a query finds, up to the LIMIT that it has.
func Counted(ctx context.Context, db *storage.DB, query string, args []any) (n int, err error) {
	if err = db.Get(ctx, &n, `SELECT COUNT(*) FROM (`+query+`) AS counted`, args...); err != nil {
		return 0, fmt.Errorf("export: count: %w", err)
	}
	return n, nil
}
