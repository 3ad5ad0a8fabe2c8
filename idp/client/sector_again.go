package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"propusk/storage"
)

// A sector may let an application go: its file does not list the application's redirect
// URIs any more. From then on the application must not learn the names by which the
// sector's others know people (OpenID Connect Core §8.1). So the files are read again.

const (
	// sectorGrace is how long a file may leave out a redirect URI before the client is
	// disabled: a file is changed by hand, and by mistake, too.
	sectorGrace = 24 * time.Hour
	// sectorsAtOnce is how many clients are read from the database at a time.
	sectorsAtOnce = 200
)

// RecheckSectors reads the files of all sectors again. A client that its sector does not
// list is marked, which its owner's journal says; one that is not listed a day later
// either is disabled, with its tokens. A file that cannot be read says nothing: nobody
// is disabled because a server was down. Call it twice a day from one node.
func (s *Store) RecheckSectors(ctx context.Context) error {
	files, after := map[string]sectorFile{}, ""
	for {
		var rows []row
		err := s.deps.DB.Select(ctx, &rows, `SELECT `+columns+` FROM oauth_clients WHERE id > $1 ORDER BY id LIMIT $2`, after, sectorsAtOnce)
		if err != nil {
			return fmt.Errorf("list the clients of sectors: %w", err)
		}
		for _, found := range rows {
			c := found.client()
			if after = c.ID; c.SectorIdentifierURI == "" || !c.Active() {
				continue
			}
			if err := s.recheck(ctx, c, files); err != nil && !errors.Is(err, storage.ErrNotFound) {
				return fmt.Errorf("look at the sector of the client %s: %w", c.ID, err)
			}
		}
		if len(rows) < sectorsAtOnce {
			return nil
		}
	}
}

// sectorFile is what a file says now.
type sectorFile struct {
	listed []string
	err    error
}

// recheck reads each file once a round, however many clients name it.
func (s *Store) recheck(ctx context.Context, c Client, files map[string]sectorFile) error {
	file, known := files[c.SectorIdentifierURI]
	if !known {
		file.listed, file.err = s.readSector(ctx, c.SectorIdentifierURI)
		files[c.SectorIdentifierURI] = file
	}
	if file.err != nil {
		s.deps.Log.WarnContext(ctx, "sector_identifier_uri not read again", "client", c.ID, "error", file.err)
		return nil
	}
	left := slices.ContainsFunc(c.RedirectURIs, func(uri string) bool { return !slices.Contains(file.listed, uri) })
	now, action := s.now(), ""
	switch {
	case !left && c.SectorLeftAt == 0:
		return nil
	case !left:
		action = "client.sector_returned"
	case c.SectorLeftAt == 0:
		action = "client.sector_left"
	case now.Sub(c.SectorLeftAt) >= sectorGrace:
		action = "client.sector_disabled"
	default:
		return nil
	}
	s.deps.Log.WarnContext(ctx, "the sector of a client has changed", "client", c.ID, "action", action)
	_, err := s.change(ctx, c.ID, action, func(now *Client) error { return now.judgeSector(c, action, s.now()) })
	if errors.Is(err, errSectorMoved) {
		return nil
	}
	return err
}

// errSectorMoved: the client has changed since the file was read; the next round sees.
var errSectorMoved = errors.New("client: changed meanwhile")

func (c *Client) judgeSector(read Client, action string, now storage.Time) error {
	if newSector(read, *c) || c.SectorLeftAt != read.SectorLeftAt {
		return errSectorMoved
	}
	switch action {
	case "client.sector_left":
		c.SectorLeftAt = now
	case "client.sector_returned":
		c.SectorLeftAt = 0
	default:
		c.Status = StatusDisabled
	}
	return nil
}
