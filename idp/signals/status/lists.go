package status

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/prometheus/client_golang/prometheus"

	"propusk/storage"
	"propusk/storage/revocation"
)

// TTL is how long a resource server may use a list before it asks again (§5.1). A
// list that has not changed is answered 304, so asking is cheap.
const TTL = 2 * time.Second

// Fresh is how long an answer is used again, however many ask.
const Fresh = 500 * time.Millisecond

const (
	// renewed is how often a list that does not change is signed anew, and expires
	// how long a signed one is good (§5.1, exp).
	renewed = time.Minute
	expires = 5 * time.Minute
	// stale is how old the revocation list may be, which is read every two seconds:
	// with Fresh and TTL it makes the five seconds of a revocation.
	stale = 5*time.Second - TTL - Fresh
	// whole is how often all rows of a list are read again, for one whose transaction
	// took longer to commit than overlap allows for.
	whole = 5 * time.Minute
	// remembered bounds the places in memory.
	remembered = 100_000
	// overlap is how far back rows are read again: one gets its time before its
	// transaction commits, and other nodes' clocks differ.
	overlap = skew
)

// Path is where the lists are: the aggregation (§9.3) at Path, a list at Path/name.
const Path = "/oauth2/status-lists"

// Signer signs with the house's keys.
type Signer interface {
	Sign(algorithm, typ string, payload []byte) (string, error)
}

// Deps is what Lists work with. Log and Metrics may be nil.
type Deps struct {
	DB       *storage.DB
	Revoked  *revocation.List
	Keys     Signer
	Issuer   string // no slash at the end
	Now      func() time.Time
	Lifetime time.Duration // of the longest-lived access token
	Log      *slog.Logger
	Metrics  prometheus.Registerer
}

// Lists are the status lists. They are safe for concurrent use.
type Lists struct {
	deps   Deps
	places *otter.Cache[string, held]

	mu    sync.Mutex
	lists map[string]*list

	served *prometheus.CounterVec
}

// New checks the dependencies.
func New(deps Deps) (*Lists, error) {
	if deps.DB == nil || deps.Revoked == nil || deps.Keys == nil || deps.Issuer == "" || deps.Now == nil || deps.Lifetime <= 0 {
		return nil, errors.New("status: DB, Revoked, Keys, Issuer, Now and Lifetime are needed")
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	places, err := otter.New(&otter.Options[string, held]{
		MaximumSize: remembered, ExpiryCalculator: otter.ExpiryWriting[string, held](period),
	})
	if err != nil {
		return nil, fmt.Errorf("status: memory of places: %w", err)
	}
	l := &Lists{deps: deps, places: places, lists: map[string]*list{}}
	l.served = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "propusk_status_list_requests_total", Help: "Requests for status lists of tokens, by outcome.",
	}, []string{"outcome"})
	if deps.Metrics != nil {
		deps.Metrics.MustRegister(l.served)
	}
	return l, nil
}

func (l *Lists) uri(name string) string { return l.deps.Issuer + Path + "/" + name }

// ErrStale: this node does not know well enough what was revoked.
var ErrStale = errors.New("status: the revocation list of this node is too old")

// list is one list in memory.
type list struct {
	mu      sync.Mutex
	name    string
	rows    map[int64]revocation.Token
	read    storage.Time // rows are known up to here
	whole   time.Time    // when all of them were read last
	made    time.Time    // when bits and token were last held against the revocations
	bits    []byte
	token   string
	etag    string
	signed  time.Time
	missing bool // there is no such list
}

// get is the list of that name, as a JWT and its entity tag, quoted.
// storage.ErrNotFound for one that is not given out or long gone; ErrStale.
func (l *Lists) get(ctx context.Context, name string) (token, etag string, err error) {
	if !l.plausible(name) {
		return "", "", storage.ErrNotFound
	}
	one := l.remember(name)
	one.mu.Lock()
	defer one.mu.Unlock()
	now := l.deps.Now()
	if now.Sub(one.made) >= Fresh || now.Before(one.made) {
		if err := l.refresh(ctx, one, now); err != nil {
			return "", "", err
		}
	}
	if one.missing {
		return "", "", storage.ErrNotFound
	}
	return one.token, one.etag, nil
}

// plausible refuses names of lists that cannot be in use, before anything is read
// or remembered for them: strangers may ask.
func (l *Lists) plausible(name string) bool {
	hour, n, ok := strings.Cut(name, "-")
	number, err1 := strconv.ParseInt(hour, 10, 64)
	count, err2 := strconv.Atoi(n)
	if !ok || err1 != nil || err2 != nil || name != hour+"-"+strconv.Itoa(count) || hour != strconv.FormatInt(number, 10) {
		return false
	}
	now := l.deps.Now()
	return count >= 0 && count < perPeriod && number >= numbered(now.Add(-l.deps.Lifetime-skew)) && number <= numbered(now.Add(skew))
}

// remember is the list in memory; those that are over are forgotten.
func (l *Lists) remember(name string) *list {
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.lists[name]
	if one == nil {
		for other := range l.lists {
			if !l.plausible(other) {
				delete(l.lists, other)
			}
		}
		one = &list{name: name, rows: map[int64]revocation.Token{}}
		l.lists[name] = one
	}
	return one
}

// refresh reads the places that are new, looks at all of them, and signs when
// something has changed or the signature is old.
func (l *Lists) refresh(ctx context.Context, one *list, now time.Time) error {
	if l.deps.Revoked.Fresh() > stale {
		return ErrStale
	}
	if err := l.read(ctx, one, now); err != nil {
		return err
	}
	if one.missing = len(one.rows) == 0; one.missing {
		one.made = now
		return nil
	}
	bits := make([]byte, size/8)
	for index, t := range one.rows {
		if l.deps.Revoked.Revoked(t) {
			bits[index/8] |= 1 << (index % 8) // §4.1: the least significant bit first
		}
	}
	if err := l.sign(one, bits, now); err != nil {
		return err // and the next who asks does not get the token of before
	}
	one.made = now
	return nil
}

func (l *Lists) read(ctx context.Context, one *list, now time.Time) error {
	var rows []struct {
		Index          int64  `db:"idx"`
		ClientID       string `db:"client_id"`
		GrantID        string `db:"grant_id"`
		SessionID      string `db:"session_id"`
		PersonID       string `db:"person_id"`
		OrganisationID string `db:"organisation_id"`
		OriginID       string `db:"origin_id"`
		ExchangedFrom  string `db:"exchanged_from"`
		MemberVersion  int64  `db:"member_version"`
		PowerVersion   int64  `db:"power_version"`
	}
	since := one.read.Add(-overlap)
	if now.Sub(one.whole) >= whole {
		since, one.whole = 0, now
	}
	err := l.deps.DB.Select(ctx, &rows, `SELECT idx, client_id, grant_id, session_id, person_id, organisation_id, origin_id, exchanged_from, member_version, power_version
		FROM token_statuses WHERE list = $1 AND created_at >= $2`, one.name, since)
	if err != nil {
		one.whole = time.Time{}
		return fmt.Errorf("status: read a list: %w", err)
	}
	for _, row := range rows {
		one.rows[row.Index] = revocation.Token{
			ID: Place{l.uri(one.name), row.Index}.Key(), Client: row.ClientID, Grant: row.GrantID, Session: row.SessionID,
			Person: row.PersonID, Organisation: row.OrganisationID, Origin: row.OriginID, From: row.ExchangedFrom, MemberVersion: row.MemberVersion, PowerVersion: row.PowerVersion,
		}
	}
	one.read = storage.Of(now)
	return nil
}

// names are the lists that are in use.
func (l *Lists) names(ctx context.Context) ([]string, error) {
	list := []string{}
	now := l.deps.Now()
	for number := numbered(now.Add(-l.deps.Lifetime - skew)); number <= numbered(now); number++ {
		for n := range perPeriod {
			var have int64
			err := l.deps.DB.Get(ctx, &have, `SELECT COUNT(*) FROM (SELECT 1 FROM token_statuses WHERE list = $1 LIMIT 1) AS one`, name(number, n))
			if err != nil {
				return nil, fmt.Errorf("status: which lists there are: %w", err)
			}
			if have == 0 {
				break
			}
			list = append(list, name(number, n))
		}
	}
	return list, nil
}
