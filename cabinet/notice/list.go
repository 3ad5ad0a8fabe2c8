package notice

import (
	"context"
	"fmt"
	"strings"

	"propusk/storage"
)

// reader is whose notices are read: a person in the organisation of his token, or
// his personal ones, with the permissions he has there now. What he may not learn
// of any more is not shown to him.
type reader struct {
	person, organisation string
	permissions          []string
}

// sees is a LIKE pattern's other side: the permissions between commas.
func (r reader) sees() string { return "," + strings.Join(r.permissions, ",") + "," }

// mine is the beginning of every query for a reader's notices: parameters 1 to 3.
const mine = ` n.organisation_id = $1 AND n.person_id = $2 AND (n.permission = '' OR $3 LIKE '%,' || n.permission || ',%')`

// filter narrows a list; zero members do not.
type filter struct {
	category, kind, document string
	importance               Importance // and above
	unread                   bool
	from, to                 storage.Time
	before                   int64 // seq; 0 = from the newest
	limit                    int
}

// shown is a notice with the words of its event.
type shown struct {
	ID         string              `db:"id"`
	Seq        int64               `db:"seq"`
	Type       string              `db:"type"`
	Category   Category            `db:"category"`
	Importance Importance          `db:"importance"`
	Document   string              `db:"document"`
	CreatedAt  storage.Time        `db:"created_at"`
	ReadAt     storage.Time        `db:"read_at"`
	Texts      storage.JSON[Texts] `db:"texts"`
	Path       string              `db:"path"`
	Source     string              `db:"source"`
}

const shownColumns = `n.id, n.seq, n.type, n.category, n.importance, n.document, n.created_at, n.read_at, e.texts, e.path, e.source
	FROM notices n JOIN notice_events e ON e.id = n.event_id WHERE` + mine

// beyond is a seq above all.
const beyond = int64(1) << 62

// list is the reader's notices, newest first.
func (n *Notices) list(ctx context.Context, r reader, f filter) (list []shown, err error) {
	if f.before == 0 {
		f.before = beyond
	}
	if f.to == 0 {
		f.to = storage.Time(beyond)
	}
	err = n.DB.Select(ctx, &list, `SELECT `+shownColumns+`
			AND n.seq < $4 AND ($5 = '' OR n.category = $5) AND ($6 = '' OR n.type = $6) AND ($7 = '' OR n.document = $7)
			AND n.importance >= $8 AND n.created_at >= $9 AND n.created_at < $10 AND (NOT $11 OR n.read_at = 0)
		ORDER BY n.seq DESC LIMIT $12`,
		r.organisation, r.person, r.sees(), f.before, f.category, f.kind, f.document, f.importance, f.from, f.to, f.unread, f.limit)
	if err != nil {
		return nil, fmt.Errorf("notice: list: %w", err)
	}
	return list, nil
}

// one reads a notice; storage.ErrNotFound for somebody else's as for none.
func (n *Notices) one(ctx context.Context, r reader, id string) (s shown, err error) {
	if err = n.DB.Get(ctx, &s, `SELECT `+shownColumns+` AND n.id = $4`, r.organisation, r.person, r.sees(), id); err != nil {
		return s, fmt.Errorf("notice: one: %w", err)
	}
	return s, nil
}

// following is the reader's notices after seq, oldest first: what a stream sends.
func (n *Notices) following(ctx context.Context, r reader, seq int64, limit int) (list []shown, err error) {
	err = n.DB.Select(ctx, &list, `SELECT `+shownColumns+` AND n.seq > $4 ORDER BY n.seq LIMIT $5`,
		r.organisation, r.person, r.sees(), seq, limit)
	if err != nil {
		return nil, fmt.Errorf("notice: following: %w", err)
	}
	return list, nil
}

// last is the number of the reader's newest notice, 0 without any.
func (n *Notices) last(ctx context.Context, r reader) (seq int64, err error) {
	err = n.DB.Get(ctx, &seq, `SELECT COALESCE(MAX(last), 0) FROM notice_counters WHERE organisation_id = $1 AND person_id = $2`,
		r.organisation, r.person)
	return seq, err
}

// mark sets a notice to read or unread; storage.ErrNotFound as one.
func (n *Notices) mark(ctx context.Context, r reader, id string, read bool) (shown, error) {
	at := storage.Time(0)
	if read {
		at = storage.Of(n.Now())
	}
	var s shown
	err := n.DB.Tx(ctx, func(ctx context.Context) (err error) {
		if s, err = n.one(ctx, r, id); err != nil || (s.ReadAt != 0) == read {
			return err
		}
		s.ReadAt = at
		_, err = n.DB.Exec(ctx, `UPDATE notices SET read_at = $1 WHERE id = $2`, at, id)
		return err
	})
	return s, err
}

// markAll sets the reader's notices up to seq to read and counts them.
func (n *Notices) markAll(ctx context.Context, r reader, seq int64) (int64, error) {
	read, err := n.DB.Exec(ctx, `UPDATE notices SET read_at = $1
		WHERE organisation_id = $2 AND person_id = $3 AND read_at = 0 AND seq <= $4`,
		storage.Of(n.Now()), r.organisation, r.person, seq)
	if err != nil {
		return 0, fmt.Errorf("notice: mark all: %w", err)
	}
	return read, nil
}

// countMost is as far as unread notices are counted.
const countMost = 1000

// count counts the reader's unread notices by category, countMost at most.
func (n *Notices) count(ctx context.Context, r reader) (by map[Category]int64, err error) {
	var rows []struct {
		Category Category `db:"category"`
		N        int64    `db:"n"`
	}
	err = n.DB.Select(ctx, &rows, `SELECT category, COUNT(*) AS n FROM (
			SELECT n.category FROM notices n WHERE`+mine+` AND n.read_at = 0 ORDER BY n.seq DESC LIMIT $4) unread
		GROUP BY category`, r.organisation, r.person, r.sees(), countMost)
	if err != nil {
		return nil, fmt.Errorf("notice: count: %w", err)
	}
	by = map[Category]int64{}
	for _, row := range rows {
		by[row.Category] = row.N
	}
	return by, nil
}

// history is the deliveries to the reader, newest first, after the row of at and id.
func (n *Notices) history(ctx context.Context, r reader, channel, state, notice string, at storage.Time, id string, limit int) (list []delivery, err error) {
	if at == 0 {
		at = storage.Time(beyond)
	}
	err = n.DB.Select(ctx, &list, `SELECT `+deliveryColumns+` FROM notice_deliveries
		WHERE organisation_id = $1 AND person_id = $2 AND ($3 = '' OR channel = $3) AND ($4 = '' OR state = $4) AND ($5 = '' OR notice_id = $5)
			AND created_at <= $6 AND (created_at < $6 OR id < $7)
		ORDER BY created_at DESC, id DESC LIMIT $8`, r.organisation, r.person, channel, state, notice, at, id, limit)
	if err != nil {
		return nil, fmt.Errorf("notice: history: %w", err)
	}
	return list, nil
}
