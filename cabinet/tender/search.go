package tender

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"propusk/cabinet/api"
	"propusk/storage"
)

// Filter narrows the register; zero fields do not.
type Filter struct {
	Words     string       `json:"q,omitempty"`
	Sector    string       `json:"sector,omitempty"` // beginning of an ОКПД2: "62.01"
	Region    string       `json:"region,omitempty"`
	Customer  string       `json:"customer,omitempty"`   // ИНН
	PriceFrom int64        `json:"price_from,omitempty"` // kopecks
	PriceTo   int64        `json:"price_to,omitempty"`   // kopecks
	Phase     string       `json:"state,omitempty"`
	Until     storage.Time `json:"-"` // its deadline is before
}

// terms are those that the search goes by, the rarest first.
func (f Filter) terms() (list []string, some bool) {
	if f.Words != "" {
		words := asked(f.Words)
		if len(words) == 0 {
			return nil, false
		}
		for _, word := range words {
			list = append(list, "w:"+word)
		}
	}
	for prefix, value := range map[string]string{"c:": f.Customer, "s:": f.Sector, "r:": f.Region} {
		if value != "" {
			list = append(list, prefix+value)
		}
	}
	// A customer is rarer than a word, a word than a sector, a sector than a region.
	rank := func(term string) int { return strings.IndexByte("cwsr", term[0]) }
	slices.SortStableFunc(list, func(a, b string) int { return rank(a) - rank(b) })
	return list, true
}

// Search reads a page of the register, the latest announcements first, and one row
// more when there are more.
func (t *Tenders) Search(ctx context.Context, f Filter, page api.Page) ([]Tender, error) {
	text, args, some := f.query(t.now(), page)
	if !some {
		return nil, nil
	}
	var list []Tender
	if err := t.DB.Select(ctx, &list, text, args...); err != nil {
		return nil, fmt.Errorf("tender: search: %w", err)
	}
	return list, nil
}

// query walks the terms of the first term where there is one, and looks the others
// up by their whole key; else it walks the list.
func (f Filter) query(now storage.Time, page api.Page) (text string, args []any, some bool) {
	terms, some := f.terms()
	if !some {
		return "", nil, false
	}
	q := &storage.Where{}
	from, at, id := "tenders a", "a.published_at", "a.id"
	if len(terms) > 0 {
		// CROSS JOIN keeps SQLite to this order.
		from, at, id = "tender_terms w CROSS JOIN tenders a", "w.published_at", "w.tender_id"
		q.And("w.term = ?", terms[0])
		q.And("a.id = w.tender_id")
		for _, term := range terms[1:] {
			// A scalar, not EXISTS: PostgreSQL makes a join of that, reads all of two
			// common terms and sorts what they share.
			q.And(`(SELECT 1 FROM tender_terms x WHERE x.term = ? AND x.published_at = w.published_at AND x.tender_id = w.tender_id) = 1`, term)
		}
	}
	f.narrow(q, now)
	if page.ID != "" {
		q.And("("+at+", "+id+") < (?, ?)", page.At, page.ID)
	}
	limit := q.Arg(page.Limit + 1)
	return fmt.Sprintf("SELECT %s FROM %s%s ORDER BY %s DESC, %s DESC LIMIT %s", storage.Prefixed("a", tenderColumns), from, q, at, id, limit), q.Args(), true
}

// narrow adds what is looked at on the way.
func (f Filter) narrow(q *storage.Where, now storage.Time) {
	switch f.Phase {
	case Open:
		q.And("a.state = ?", Open)
		q.And("a.deadline_at > ?", now)
	case Review:
		q.And("a.state IN ('open', 'review')")
		q.And("(a.state = 'review' OR a.deadline_at <= ?)", now)
	case "":
	default:
		q.And("a.state = ?", f.Phase)
	}
	q.When(f.PriceFrom > 0, "a.price >= ?", f.PriceFrom)
	q.When(f.PriceTo > 0, "a.price <= ?", f.PriceTo)
	q.When(f.Until > 0, "a.deadline_at < ?", f.Until)
}

// fits reports whether an announcement is one that the filter finds.
func (f Filter) fits(a Tender, now storage.Time) bool {
	wanted, some := f.terms()
	have := terms(a.Content.V)
	lacks := slices.ContainsFunc(wanted, func(term string) bool { return !slices.Contains(have, term) })
	return some && !lacks && (f.Phase == "" || f.Phase == a.phase(now)) && a.Price >= f.PriceFrom && (f.PriceTo == 0 || a.Price <= f.PriceTo)
}
