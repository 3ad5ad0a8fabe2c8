package client

import (
	"context"
	"fmt"

	"propusk/storage"
)

// row is a client as it is stored.
type row struct {
	Metadata  storage.JSON[Client]          `db:"metadata"`
	Hashes    storage.JSON[[]string]        `db:"secret_hashes"`
	Terms     storage.JSON[map[string]Term] `db:"secret_terms"`
	CreatedAt storage.Time                  `db:"created_at"`
	UpdatedAt storage.Time                  `db:"updated_at"`
}

const columns = `metadata, secret_hashes, secret_terms, created_at, updated_at`

func (r row) client() Client {
	c := r.Metadata.V
	c.SecretHashes, c.SecretTerms, c.CreatedAt, c.UpdatedAt = r.Hashes.V, r.Terms.V, r.CreatedAt, r.UpdatedAt
	return c
}

// Find returns a client as it is stored, or storage.ErrNotFound.
func (s *Store) Find(ctx context.Context, id string) (Client, error) {
	var found row
	if err := s.deps.DB.Get(ctx, &found, `SELECT `+columns+` FROM oauth_clients WHERE id = $1`, id); err != nil {
		return Client{}, fmt.Errorf("find a client: %w", err)
	}
	return found.client(), nil
}

// List returns every client by id; of one organisation when it is not "".
func (s *Store) List(ctx context.Context, organisationID string) ([]Client, error) {
	var rows []row
	err := s.deps.DB.Select(ctx, &rows, `SELECT `+columns+` FROM oauth_clients
		WHERE organisation_id = $1 OR $1 = '' ORDER BY id`, organisationID)
	if err != nil {
		return nil, fmt.Errorf("list clients: %w", err)
	}
	clients := make([]Client, len(rows))
	for i, found := range rows {
		clients[i] = found.client()
	}
	return clients, nil
}

// insert leaves the row to whoever was quicker, and then reports none.
func (s *Store) insert(ctx context.Context, c *Client) (inserted int64, err error) {
	return s.deps.DB.Exec(ctx, `INSERT INTO oauth_clients
		(id, organisation_id, metadata, secret_hashes, secret_terms, warn_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING`,
		c.ID, c.OrganisationID, storage.JSON[Client]{V: *c}, storage.JSON[[]string]{V: c.SecretHashes}, storage.JSON[map[string]Term]{V: c.SecretTerms},
		c.nextWarning(s.now()), c.CreatedAt, c.UpdatedAt)
}

// Hold keeps every other change of the client waiting until the transaction of ctx
// ends: what is read after it is what the change rests on, and what is counted for the
// client after it is counted for no other transaction meanwhile. storage.ErrNotFound.
func (s *Store) Hold(ctx context.Context, id string) error {
	held, err := s.deps.DB.Exec(ctx, `UPDATE oauth_clients SET id = id WHERE id = $1`, id)
	if err == nil && held == 0 {
		err = storage.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("hold a client: %w", err)
	}
	return nil
}

func (s *Store) replace(ctx context.Context, c *Client) error {
	changed, err := s.deps.DB.Exec(ctx, `UPDATE oauth_clients
		SET organisation_id = $1, metadata = $2, secret_hashes = $3, secret_terms = $4, warn_at = $5, updated_at = $6 WHERE id = $7`,
		c.OrganisationID, storage.JSON[Client]{V: *c}, storage.JSON[[]string]{V: c.SecretHashes}, storage.JSON[map[string]Term]{V: c.SecretTerms},
		c.nextWarning(s.now()), c.UpdatedAt, c.ID)
	if err == nil && changed == 0 {
		return storage.ErrNotFound
	}
	return err
}

// belongings are the rows that go with a client: what was issued to it and what
// people allowed it, whose tables are idp/oauth's, and what is noted beside it here.
var belongings = []string{
	`DELETE FROM oauth_grants WHERE client_id = $1`,
	`DELETE FROM oauth_consents WHERE client_id = $1`,
	`DELETE FROM oauth_logins WHERE client_id = $1`,
	`DELETE FROM client_uses WHERE client_id = $1`,
	`DELETE FROM client_registrations WHERE client_id = $1`,
}

// remove deletes a client's row and its belongings.
func (s *Store) remove(ctx context.Context, id string) error {
	for _, statement := range append(belongings[:len(belongings):len(belongings)], `DELETE FROM oauth_clients WHERE id = $1`) {
		if _, err := s.deps.DB.Exec(ctx, statement, id); err != nil {
			return err
		}
	}
	return nil
}
