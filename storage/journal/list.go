package journal

import (
	"context"
	"fmt"
	"strings"

	"propusk/storage"
)

// Filter chooses entries of one chain. Empty fields choose all.
type Filter struct {
	Organisation  string       // "" is the system's chain
	From, To      storage.Time // From <= at < To
	Actor, Action string       // exactly; an Action that ends in "." chooses all that begin so
	Before        int64        // seq < Before: the next page begins before the last one's end
	Limit         int          // at most 500; 0 is 50
}

// row is an entry as it is stored.
type row struct {
	Organisation string
	Seq          int64
	At           storage.Time
	Actor        string
	Client       string
	Action       string
	Object       string
	Outcome      string
	Details      storage.JSON[map[string]string]
	IP           string `db:"ip"`
	UserAgent    string
	RequestID    string `db:"request_id"`
	Prev         string
	Hash         string
}

func (r row) entry() Entry {
	return Entry{
		Organisation: r.Organisation, Seq: r.Seq, At: r.At, Actor: r.Actor, Client: r.Client, Action: r.Action,
		Object: r.Object, Outcome: r.Outcome, Details: r.Details.V, IP: r.IP, UserAgent: r.UserAgent,
		RequestID: r.RequestID, Prev: r.Prev, Hash: r.Hash,
	}
}

const columns = `organisation, seq, at, actor, client, action, object, outcome, details,
	ip, user_agent, request_id, prev, hash`

// List returns the entries that the filter chooses, newest first.
func (j *Journal) List(ctx context.Context, f Filter) ([]Entry, error) {
	if f.Limit <= 0 {
		f.Limit = 50
	}
	text, args := f.where()
	args = append(args, min(f.Limit, 500))
	text = fmt.Sprintf(`SELECT %s FROM journal WHERE %s ORDER BY seq DESC LIMIT $%d`, columns, text, len(args))
	return j.entries(ctx, text, args...)
}

// where is the filter's condition. Its text depends only on which fields are
// set, never on their values.
func (f Filter) where() (string, []any) {
	conditions, args := []string{"organisation = $1"}, []any{f.Organisation}
	add := func(set bool, condition string, arg any) {
		if set {
			args = append(args, arg)
			conditions = append(conditions, fmt.Sprintf(condition, len(args)))
		}
	}
	add(f.From != 0, "at >= $%d", f.From)
	add(f.To != 0, "at < $%d", f.To)
	add(f.Actor != "", "actor = $%d", f.Actor)
	if strings.HasSuffix(f.Action, ".") {
		add(true, "action >= $%d", f.Action)
		add(true, "action < $%d", f.Action[:len(f.Action)-1]+"/") // '/' follows '.'
	} else {
		add(f.Action != "", "action = $%d", f.Action)
	}
	add(f.Before != 0, "seq < $%d", f.Before)
	return strings.Join(conditions, " AND "), args
}

// after returns up to limit entries of the chain in its order, from seq+1 to last.
func (j *Journal) after(ctx context.Context, organisation string, seq, last int64, limit int) ([]Entry, error) {
	return j.entries(ctx, `SELECT `+columns+` FROM journal
		WHERE organisation = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4`, organisation, seq, last, limit)
}

func (j *Journal) entries(ctx context.Context, text string, args ...any) ([]Entry, error) {
	var rows []row
	if err := j.db.Select(ctx, &rows, text, args...); err != nil {
		return nil, fmt.Errorf("journal: read: %w", err)
	}
	entries := make([]Entry, len(rows))
	for i, r := range rows {
		entries[i] = r.entry()
	}
	return entries, nil
}

// Last is the number of the chain's last entry, 0 for a chain without any.
func (j *Journal) Last(ctx context.Context, organisation string) (int64, error) {
	return j.last(ctx, organisation)
}

// HashAt is the hash of one entry of a chain; storage.ErrNotFound.
func (j *Journal) HashAt(ctx context.Context, organisation string, seq int64) (hash string, err error) {
	err = j.db.Get(ctx, &hash, `SELECT hash FROM journal WHERE organisation = $1 AND seq = $2`, organisation, seq)
	if err != nil {
		return "", fmt.Errorf("journal: read entry %d: %w", seq, err)
	}
	return hash, nil
}
