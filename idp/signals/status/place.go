package status

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"time"

	"propusk/storage"
	"propusk/storage/revocation"
)

const (
	// period is for how long places of a list are given out.
	period = time.Hour
	// size is how many places a list has: 16 KiB before compression.
	size = 1 << 17
	// crowded is how many places in a row may be taken before the next list of the
	// hour is begun; a list is then filled by a half or more.
	crowded = 8
	// perPeriod is how many lists an hour may have.
	perPeriod = 64
	// skew is how far the clocks of two nodes may differ.
	skew = time.Minute
)

// Place is where the status of a token stands.
type Place struct {
	List  string // its URI
	Index int64
}

// Key names a place to the revocation log (revocation.KindToken): for a token that
// is revoked alone, and takes the others of its place with it.
func (p Place) Key() string { return p.List + "#" + strconv.FormatInt(p.Index, 10) }

// owner is what a place is for. The tokens of one owner die by the same revocations.
func owner(t revocation.Token) string {
	who := fmt.Sprintf("%s/%s/%s/%s/%s/%d/%d/%s",
		t.Client, t.Grant, t.Session, t.Person, t.Organisation, t.MemberVersion, t.PowerVersion, t.Origin)
	if t.From != "" {
		who += "/" + t.From
	}
	return who
}

// numbered is the number of the period of a time.
func numbered(at time.Time) int64 { return at.Unix() / int64(period/time.Second) }

// held is a place as it is remembered.
type held struct {
	Place
	generation int64
}

// Place returns the place of a token with these facts; what is in t.ID does not
// count. It is one look into memory, but for an owner's first token of the hour on
// this node. In a transaction the row is part of it.
func (l *Lists) Place(ctx context.Context, t revocation.Token) (Place, error) {
	number, who := numbered(l.deps.Now()), owner(t)
	key := strconv.FormatInt(number, 10) + "/" + who
	known, ok := l.places.GetIfPresent(key)
	if ok && !l.deps.Revoked.Revoked(revocation.Token{ID: known.Key()}) {
		return known.Place, nil
	}
	found, err := l.take(ctx, number, key, t)
	if err != nil {
		return Place{}, err
	}
	l.deps.DB.AfterCommit(ctx, func() { l.places.Set(key, found) })
	return found.Place, nil
}

// take finds the owner's last place, or gives it one. A place that was revoked is
// left behind, and the owner gets the next.
func (l *Lists) take(ctx context.Context, number int64, key string, t revocation.Token) (held, error) {
	last, err := l.last(ctx, key)
	if err == nil && !l.deps.Revoked.Revoked(revocation.Token{ID: last.Key()}) {
		return last, nil
	}
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return held{}, err
	}
	generation := last.generation + 1
	for n := range perPeriod {
		list := name(number, n)
		for range crowded {
			place := held{Place{l.uri(list), random()}, generation}
			written, err := l.insert(ctx, list, key, number, place, t)
			if err != nil {
				return held{}, err
			}
			if written {
				return place, nil
			}
			if other, err := l.last(ctx, key); err == nil && other.generation >= generation {
				return other, nil // another node was first
			} else if err != nil && !errors.Is(err, storage.ErrNotFound) {
				return held{}, err
			}
		}
	}
	return held{}, errors.New("status: the lists of this hour are full")
}

func (l *Lists) last(ctx context.Context, key string) (held, error) {
	var row struct {
		List       string `db:"list"`
		Index      int64  `db:"idx"`
		Generation int64  `db:"generation"`
	}
	err := l.deps.DB.Get(ctx, &row, `SELECT list, idx, generation FROM token_statuses WHERE owner = $1 ORDER BY generation DESC LIMIT 1`, key)
	if err != nil {
		return held{}, fmt.Errorf("status: find a place: %w", err)
	}
	return held{Place{l.uri(row.List), row.Index}, row.Generation}, nil
}

// insert is not written when the place is taken, or the owner has one by now.
func (l *Lists) insert(ctx context.Context, list, key string, number int64, p held, t revocation.Token) (written bool, err error) {
	ends := storage.Of(time.Unix((number+1)*int64(period/time.Second), 0).Add(l.deps.Lifetime + skew))
	n, err := l.deps.DB.Exec(ctx, `INSERT INTO token_statuses (list, idx, owner, generation, client_id, grant_id, session_id,
			person_id, organisation_id, origin_id, exchanged_from, member_version, power_version, created_at, ends_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING`,
		list, p.Index, key, p.generation, t.Client, t.Grant, t.Session, t.Person, t.Organisation, t.Origin, t.From, t.MemberVersion, t.PowerVersion,
		storage.Of(l.deps.Now()), ends)
	if err != nil {
		return false, fmt.Errorf("status: give a place: %w", err)
	}
	return n == 1, nil
}

func random() int64 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return int64(binary.BigEndian.Uint32(b[:]) % size)
}

// name is a list's: the hour it is given out in, and which of the hour's it is.
func name(number int64, n int) string {
	return strconv.FormatInt(number, 10) + "-" + strconv.Itoa(n)
}

// Purge deletes the places whose last token has expired.
func (l *Lists) Purge(ctx context.Context) error {
	if _, err := l.deps.DB.Exec(ctx, `DELETE FROM token_statuses WHERE ends_at < $1`, storage.Of(l.deps.Now())); err != nil {
		return fmt.Errorf("status: purge: %w", err)
	}
	return nil
}
