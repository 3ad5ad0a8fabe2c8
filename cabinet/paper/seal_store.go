package paper

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"

	"propusk/signature"
	"propusk/storage"
	"propusk/storage/journal"
)

// record is one key with its certificates, as the database knows it.
type record struct {
	id        string
	chain     []*x509.Certificate
	createdAt storage.Time
}

type row struct {
	ID           string       `db:"id"`
	Sequence     int64        `db:"sequence"`
	Certificates string       `db:"certificates"` // PEM, the signer's first
	Sealed       []byte       `db:"sealed"`       // PKCS #8; empty when the key is configured
	CreatedAt    storage.Time `db:"created_at"`
}

// Reload reads all certificates, and the key unless it is configured.
func (s *Seal) Reload(ctx context.Context) error {
	var rows []row
	err := s.deps.DB.Select(ctx, &rows, `SELECT id, sequence, certificates, sealed, created_at FROM seals ORDER BY sequence`)
	if err != nil {
		return fmt.Errorf("paper: load the seal: %w", err)
	}
	known := make([]record, len(rows))
	current := s.stamp()
	latest := -1 // the last that has a key
	for i, row := range rows {
		chain, err := parseChain([]byte(row.Certificates))
		if err != nil {
			return fmt.Errorf("paper: the seal %s: %w", row.ID, err)
		}
		known[i] = record{row.ID, chain, row.CreatedAt}
		if len(row.Sealed) > 0 {
			latest = i
		}
	}
	if !s.Configured() && latest >= 0 && rows[latest].ID != current.id {
		if current, err = s.open(rows[latest], known[latest].chain); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known, s.current = known, current
	return nil
}

// open unseals a stored key and checks that it is the certificate's.
func (s *Seal) open(row row, chain []*x509.Certificate) (stamp, error) {
	der, err := s.deps.Sealer.Open(row.Sealed, sealContext(row.ID))
	if err != nil {
		return stamp{}, fmt.Errorf("paper: open the seal's key %s (is the master key the one it was sealed with?): %w", row.ID, err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return stamp{}, fmt.Errorf("paper: decode the seal's key %s: %w", row.ID, err)
	}
	key, ok := parsed.(crypto.Signer)
	if !ok {
		return stamp{}, fmt.Errorf("paper: the seal's key %s does not sign", row.ID)
	}
	opened := stamp{row.ID, key, chain}
	return opened, opened.try()
}

// try signs once, which finds every unfit pair of key and certificate.
func (s stamp) try() error {
	if certificateID(s.chain[0]) != s.id {
		return fmt.Errorf("paper: the seal's certificate is not %s", s.id)
	}
	_, err := signature.Sign(s.key, s.chain, nil, s.chain[0].NotBefore)
	return err
}

func sealContext(id string) string { return "seal/" + id }

// keep stores a key of the service's own making as the next one. Whoever comes
// second finds the sequence taken and leaves it at that.
func (s *Seal) keep(ctx context.Context, fresh stamp) error {
	der, err := x509.MarshalPKCS8PrivateKey(fresh.key)
	if err != nil {
		return fmt.Errorf("paper: encode the seal's key: %w", err)
	}
	s.mu.RLock()
	known := len(s.known)
	s.mu.RUnlock()
	return s.deps.DB.Tx(ctx, func(ctx context.Context) error {
		return s.insert(ctx, row{
			ID: fresh.id, Sequence: int64(known) + 1, Certificates: string(encodeChain(fresh.chain)),
			Sealed: s.deps.Sealer.Seal(der, sealContext(fresh.id)), CreatedAt: storage.Of(s.deps.Now()),
		})
	})
}

// introduce records the configured certificate, when it is new, so that it stays
// known after it is no longer configured. Of nodes that start together one may find
// its place in the sequence taken, and takes the next.
func (s *Seal) introduce(ctx context.Context, configured stamp) error {
	for range 8 {
		known, err := s.introduced(ctx, configured)
		if err != nil || known {
			return err
		}
	}
	return errors.New("paper: the seal's certificate could not be recorded")
}

// introduced reports whether the certificate is recorded; if not, it has tried.
func (s *Seal) introduced(ctx context.Context, configured stamp) (known bool, err error) {
	err = s.deps.DB.Tx(ctx, func(ctx context.Context) error {
		var last int64
		err := s.deps.DB.Get(ctx, &last, `SELECT sequence FROM seals WHERE id = $1`, configured.id)
		if known = err == nil; !errors.Is(err, storage.ErrNotFound) {
			return err
		}
		if err := s.deps.DB.Get(ctx, &last, `SELECT COALESCE(MAX(sequence), 0) FROM seals`); err != nil {
			return err
		}
		return s.insert(ctx, row{
			ID: configured.id, Sequence: last + 1, Certificates: string(encodeChain(configured.chain)),
			CreatedAt: storage.Of(s.deps.Now()),
		})
	})
	if err != nil {
		return false, fmt.Errorf("paper: record the seal's certificate: %w", err)
	}
	return known, nil
}

// insert adds a row unless its place is taken, and writes the journal when it did.
func (s *Seal) insert(ctx context.Context, r row) error {
	n, err := s.deps.DB.Exec(ctx, `
		INSERT INTO seals (id, sequence, certificates, sealed, created_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT DO NOTHING`, r.ID, r.Sequence, r.Certificates, r.Sealed, r.CreatedAt)
	if err != nil || n == 0 {
		return err
	}
	origin := "made"
	if len(r.Sealed) == 0 {
		origin = "configured"
	}
	return s.deps.Journal.Append(ctx, journal.Entry{
		Action: "seal.introduced", Object: "seal:" + r.ID, Outcome: "ok", Details: map[string]string{"origin": origin},
	})
}
