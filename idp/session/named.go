package session

import (
	"context"
	"fmt"
	"strings"
)

// Named finds sessions by their ids, ended ones left out, for whoever shows what
// rests on them. At most a few hundred at a time.
func (st *Store) Named(ctx context.Context, ids []string) (map[string]Session, error) {
	found := map[string]Session{}
	if len(ids) == 0 {
		return found, nil
	}
	marks, args := make([]string, len(ids)), make([]any, len(ids))
	for i, id := range ids {
		marks[i], args[i] = fmt.Sprintf("$%d", i+1), id
	}
	var list []Session
	err := st.db.Select(ctx, &list, `select `+columns+` from sessions where id in (`+strings.Join(marks, ", ")+`)`, args...)
	if err != nil {
		return nil, fmt.Errorf("find sessions: %w", err)
	}
	for _, s := range list {
		found[s.ID] = s
	}
	return found, nil
}
