package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

// The bounds of the file at a sector_identifier_uri.
const (
	maxSectorFile = 64 << 10 // bytes
	sectorTimeout = 5 * time.Second
)

// checkSector reads the file that sector_identifier_uri names, through the guard that
// leads nowhere inside, and sees that it lists every redirect URI of the client
// (OpenID Connect Core §8.1): else a client could give itself the names that another
// sector's applications know people by. It is read once, when the URI or the redirect
// URIs are registered. What went wrong on the way is not told to whoever registers:
// it could say what is inside.
func (s *Store) checkSector(ctx context.Context, c *Client, f *faults) {
	if c.SectorIdentifierURI == "" || OutsideAddress(c.SectorIdentifierURI) != nil {
		return
	}
	const field = "sector_identifier_uri"
	listed, err := s.readSector(ctx, c.SectorIdentifierURI)
	if err != nil {
		s.deps.Log.WarnContext(ctx, "sector_identifier_uri not read", "client", c.ID, "error", err)
		f.add(field, "it could not be read as a JSON array of redirect URIs")
		return
	}
	for _, uri := range c.RedirectURIs {
		if !slices.Contains(listed, uri) {
			f.add(field, "the file there does not list %q", uri)
		}
	}
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
