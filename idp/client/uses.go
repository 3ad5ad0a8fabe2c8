package client

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"propusk/storage"
)

// Used notes that a client has proved who it is. It costs a line in memory; Flush
// writes what has gathered.
func (s *Store) Used(id string) {
	now := s.now()
	s.usesMu.Lock()
	defer s.usesMu.Unlock()
	s.uses[id] = now
}

// Flush writes when clients were last used, one row a client whatever the number of
// tokens. Call it every half minute on every node, and at the end: what is lost with
// a process is half a minute of news.
func (s *Store) Flush(ctx context.Context) error {
	s.usesMu.Lock()
	gathered := s.uses
	s.uses = make(map[string]storage.Time)
	s.usesMu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(gathered)) {
		_, err := s.deps.DB.Exec(ctx, `INSERT INTO client_uses (client_id, used_at) VALUES ($1, $2)
			ON CONFLICT (client_id) DO UPDATE SET used_at = $2 WHERE client_uses.used_at < $2`, id, gathered[id])
		if err != nil {
			return fmt.Errorf("note the use of clients: %w", err)
		}
	}
	return nil
}

// LastUse is when a client last proved who it is, 0 for never.
func (s *Store) LastUse(ctx context.Context, id string) (storage.Time, error) {
	var at []storage.Time
	if err := s.deps.DB.Select(ctx, &at, `SELECT used_at FROM client_uses WHERE client_id = $1`, id); err != nil {
		return 0, fmt.Errorf("find the last use of a client: %w", err)
	}
	if len(at) == 0 {
		return 0, nil
	}
	return at[0], nil
}

// Listed is a client in a list of its organisation's.
type Listed struct {
	Client
	UsedAt storage.Time // 0 = never
}

// Owned returns clients of an organisation by id, those after the id given and limit
// at most.
func (s *Store) Owned(ctx context.Context, organisationID, after string, limit int) ([]Listed, error) {
	var rows []struct {
		row
		UsedAt storage.Time `db:"used_at"`
	}
	err := s.deps.DB.Select(ctx, &rows, `SELECT `+columns+`, COALESCE(used_at, 0) AS used_at
		FROM oauth_clients LEFT JOIN client_uses ON client_uses.client_id = oauth_clients.id
		WHERE organisation_id = $1 AND id > $2 ORDER BY id LIMIT $3`, organisationID, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list the clients of an organisation: %w", err)
	}
	listed := make([]Listed, len(rows))
	for i, found := range rows {
		listed[i] = Listed{found.client(), found.UsedAt}
	}
	return listed, nil
}

// CountOwned is how many clients an organisation has.
func (s *Store) CountOwned(ctx context.Context, organisationID string) (n int64, err error) {
	if err := s.deps.DB.Get(ctx, &n, `SELECT COUNT(*) FROM oauth_clients WHERE organisation_id = $1`, organisationID); err != nil {
		return 0, fmt.Errorf("count the clients of an organisation: %w", err)
	}
	return n, nil
}

// Page returns clients of every owner by id, those after the id given whose id begins
// with prefix, and limit at most.
func (s *Store) Page(ctx context.Context, prefix, after string, limit int) ([]Listed, error) {
	var rows []struct {
		row
		UsedAt storage.Time `db:"used_at"`
	}
	err := s.deps.DB.Select(ctx, &rows, `SELECT `+columns+`,
			COALESCE(used_at, 0) AS used_at FROM oauth_clients LEFT JOIN client_uses ON client_uses.client_id = oauth_clients.id
		WHERE id > $1 AND substr(id, 1, length($2)) = $2 ORDER BY id LIMIT $3`, after, prefix, limit)
	if err != nil {
		return nil, fmt.Errorf("list clients: %w", err)
	}
	list := make([]Listed, len(rows))
	for i, found := range rows {
		list[i] = Listed{Client: found.client(), UsedAt: found.UsedAt}
	}
	return list, nil
}
