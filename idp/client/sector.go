package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"propusk/storage"
)

// The bounds of the file at a sector_identifier_uri.
const (
	maxSectorFile = 64 << 10 // bytes
	sectorTimeout = 5 * time.Second
)

// checkSector reads the file that sector_identifier_uri names, through the guard that
// leads nowhere inside, and sees that it lists every redirect URI of the client
// (OpenID Connect Core §8.1): else a client could give itself the names that another
// sector's applications know people by. It is read when the URI or the redirect URIs are
// registered, and looked at again every day (sector_again.go). What went wrong on the way is not told to whoever registers:
// it could say what is inside.
func (s *Store) checkSector(ctx context.Context, c *Client, f *faults) {
	if c.SectorIdentifierURI == "" || OutsideAddress(c.SectorIdentifierURI) != nil {
		return
	}
	const field = "sector_identifier_uri"
	key := c.SectorIdentifierURI + " " + strings.Join(c.RedirectURIs, " ")
	if s.sectors.seen(key, s.now()) {
		return
	}
	listed, err := s.readSector(ctx, c.SectorIdentifierURI)
	if err != nil {
		s.deps.Log.WarnContext(ctx, "sector_identifier_uri not read", "client", c.ID, "error", err)
		f.add(field, "it could not be read as a JSON array of redirect URIs")
		return
	}
	for _, uri := range c.RedirectURIs {
		if !slices.Contains(listed, uri) {
			f.add(field, "the file there does not list %q", uri)
			return
		}
	}
	s.sectors.add(key, s.now())
}

// Prepare does what a registration does with the network, so that it is done before
// a transaction of the caller's begins and not while that waits. Errors: ErrInvalid.
func (s *Store) Prepare(ctx context.Context, c Client) error {
	var f faults
	if s.checkSector(ctx, &c, &f); len(f) > 0 {
		return fmt.Errorf("%w: %w", ErrInvalid, errors.Join(f...))
	}
	return nil
}

// sectors remembers for a moment which files were found good.
type sectors struct {
	mu   sync.Mutex
	good map[string]storage.Time
}

// How long, and how many.
const (
	sectorKept  = time.Minute
	sectorsKept = 1000
)

func (s *sectors) seen(key string, now storage.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.good[key]
	return ok && now.Time().Sub(at.Time()) < sectorKept
}

func (s *sectors) add(key string, now storage.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.good == nil || len(s.good) >= sectorsKept {
		s.good = make(map[string]storage.Time)
	}
	s.good[key] = now
}

func (s *Store) readSector(ctx context.Context, address string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, sectorTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	response, err := s.deps.Outside.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answered %d", response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxSectorFile+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxSectorFile {
		return nil, fmt.Errorf("answered more than %d bytes", maxSectorFile)
	}
	var listed []string
	if err := json.Unmarshal(body, &listed); err != nil {
		return nil, err
	}
	return listed, nil
}
