package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"propusk/storage"
)

// Ended is told of each session that is over, in the transaction that ends it.
type Ended func(ctx context.Context, sessionID string) error

// Changed is told when what a session amounts to has changed, in the transaction
// that changes it: its ACR before and after, "" for nothing proved.
type Changed func(ctx context.Context, sessionID, previous, current string) error

// Deps is what a Store stands on.
type Deps struct {
	DB       *storage.DB
	Idle     time.Duration    // without use; 0 = 30 minutes
	Absolute time.Duration    // since the last factor that says who it is; 0 = 12 hours
	End      Ended            // nil = nobody is told
	Changed  Changed          // nil = nobody is told
	Now      func() time.Time // nil = time.Now
}

// Store keeps sessions in SQL.
//
// Idle and absolute end differ: an idle session no longer signs anybody in,
// but what applications got from it goes on, since people work in them without
// coming back here. At the absolute end, at sign-out, and when another person
// takes the browser over, the session's grants end too.
type Store struct {
	db             *storage.DB
	idle, absolute time.Duration
	end            Ended
	changed        Changed
	now            func() time.Time
}

// New checks the dependencies.
func New(deps Deps) (*Store, error) {
	if deps.DB == nil {
		return nil, errors.New("session: DB is needed")
	}
	if deps.Idle <= 0 {
		deps.Idle = 30 * time.Minute
	}
	if deps.Absolute <= 0 {
		deps.Absolute = 12 * time.Hour
	}
	if deps.End == nil {
		deps.End = func(context.Context, string) error { return nil }
	}
	if deps.Changed == nil {
		deps.Changed = func(context.Context, string, string, string) error { return nil }
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	return &Store{db: deps.DB, idle: deps.Idle, absolute: deps.Absolute, end: deps.End, changed: deps.Changed, now: deps.Now}, nil
}

const columns = `id, person_id, proofs, organisation_id, device_id, ip, user_agent, country,
	created_at, seen_at, expires_at, idle, unusual`

// Find is the live session of a cookie's value. ErrNotFound: unknown, idle for
// too long, or past its end.
func (st *Store) Find(ctx context.Context, secret string, now storage.Time) (*Session, error) {
	s, err := st.Any(ctx, secret)
	if err != nil {
		return nil, err
	}
	if !st.live(s, now) {
		return nil, fmt.Errorf("session has ended: %w", storage.ErrNotFound)
	}
	return s, st.touch(ctx, s, now)
}

// live tells that the session still signs somebody in.
func (st *Store) live(s *Session, now storage.Time) bool {
	return now < s.ExpiresAt && now < st.IdleEnd(s)
}

// IdleEnd is when the session ends if it is not used before.
func (st *Store) IdleEnd(s *Session) storage.Time {
	return min(s.SeenAt.Add(s.idle(st.idle)), s.ExpiresAt)
}

// Any is the session of a cookie's value even when it is idle, for signing out.
func (st *Store) Any(ctx context.Context, secret string) (*Session, error) {
	if secret == "" {
		return nil, storage.ErrNotFound
	}
	var s Session
	err := st.db.Get(ctx, &s, `select `+columns+` from sessions where secret_hash = $1`, Hashed(secret))
	if err != nil {
		return nil, fmt.Errorf("find session: %w", err)
	}
	return &s, nil
}

// OfPerson lists the person's live sessions, the one used last first.
func (st *Store) OfPerson(ctx context.Context, personID string) ([]Session, error) {
	now := storage.Of(st.now())
	var list []Session
	err := st.db.Select(ctx, &list, `select `+columns+` from sessions
		where person_id = $1 and expires_at > $2 order by seen_at desc, id`, personID, now)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return slices.DeleteFunc(list, func(s Session) bool { return !st.live(&s, now) }), nil
}

// touch notes the use, at most once a minute, so that reading a page does not
// cost a write.
func (st *Store) touch(ctx context.Context, s *Session, now storage.Time) error {
	if now < s.SeenAt.Add(time.Minute) {
		return nil
	}
	s.SeenAt = now
	_, err := st.db.Exec(ctx, `update sessions set seen_at = $1 where id = $2`, now, s.ID)
	if err != nil {
		return fmt.Errorf("note the session's use: %w", err)
	}
	return nil
}

// Forget takes back what the session had proved, before a new identification
// revives one that no longer signed anybody in: its second factor ended with it.
func (st *Store) Forget(ctx context.Context, s *Session) error {
	before := s.acr()
	s.Proofs.V = nil
	return st.db.Tx(ctx, func(ctx context.Context) error {
		if _, err := st.db.Exec(ctx, `update sessions set proofs = $1 where id = $2`, s.Proofs, s.ID); err != nil {
			return fmt.Errorf("forget the session's proofs: %w", err)
		}
		if before == "" {
			return nil
		}
		return st.changed(ctx, s.ID, before, "")
	})
}

// Begin records the proof of a primary factor, at now: old goes on under a new
// secret when it is the same person's, and ends when it is not, or when it is past
// its absolute end: what applications got from it must not be taken along. old may
// be nil. The session and its cookie's new value are returned.
func (st *Store) Begin(ctx context.Context, old *Session, personID string, proof Proof, where Where, now storage.Time) (*Session, string, error) {
	if where.Unusual == nil {
		where.Unusual = []string{} // this identification decides, whatever was odd before
	}
	if old != nil && old.PersonID == personID && now < old.ExpiresAt {
		s, secret, err := st.Add(ctx, old, proof, where, now)
		if !errors.Is(err, storage.ErrNotFound) {
			return s, secret, err
		}
		old = nil // another tab ended it meanwhile
	}
	secret := Random()
	s := &Session{ID: storage.NewID(), PersonID: personID, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(st.absolute)}
	s.prove(proof, now)
	s.at(where)
	s.Unusual.V = where.Unusual
	err := st.db.Tx(ctx, func(ctx context.Context) error {
		if old != nil {
			if err := st.Drop(ctx, old.ID); err != nil {
				return err
			}
		}
		return st.insert(ctx, s, secret)
	})
	if err != nil {
		return nil, "", fmt.Errorf("begin session: %w", err)
	}
	return s, secret, nil
}

func (st *Store) insert(ctx context.Context, s *Session, secret string) error {
	_, err := st.db.Exec(ctx, `insert into sessions (`+columns+`, secret_hash)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		s.ID, s.PersonID, s.Proofs, s.OrganisationID, s.DeviceID, s.IP, s.UserAgent, s.Country,
		s.CreatedAt, s.SeenAt, s.ExpiresAt, s.IdleMicros, s.Unusual, Hashed(secret))
	return err
}

// Add records one more proof, at now, and gives the session a new secret, so
// that a secret known before the proof is worth nothing after it. ErrNotFound:
// the session ended meanwhile. A primary factor moves the absolute end, as far as
// the strictest organisation that was entered allows, and leaves behind what was
// proved longer ago than a session may last.
//
// Two tabs may prove two factors at once: the first update locks the row before
// it is read, so that neither proof is lost.
func (st *Store) Add(ctx context.Context, s *Session, proof Proof, where Where, now storage.Time) (*Session, string, error) {
	var renewed Session
	secret := Random()
	err := st.db.Tx(ctx, func(ctx context.Context) error {
		renewed = Session{}
		err := st.db.Get(ctx, &renewed, `update sessions set seen_at = $1 where id = $2 returning `+columns, now, s.ID)
		if err != nil {
			return err
		}
		before, lasts := renewed.acr(), renewed.lasts(st.absolute)
		renewed.prove(proof, now)
		renewed.at(where)
		if where.Unusual != nil {
			renewed.Unusual.V = where.Unusual
		}
		if proof.Factor.Primary() {
			renewed.ExpiresAt = now.Add(lasts)
			renewed.Proofs.V = slices.DeleteFunc(renewed.Proofs.V, func(p Proof) bool { return p.At <= now.Add(-st.absolute) })
		}
		if err := st.renew(ctx, &renewed, secret); err != nil || renewed.acr() == before {
			return err
		}
		return st.changed(ctx, s.ID, before, renewed.acr())
	})
	if err != nil {
		return nil, "", fmt.Errorf("add %s to session: %w", proof.Factor, err)
	}
	return &renewed, secret, nil
}

func (st *Store) renew(ctx context.Context, s *Session, secret string) error {
	_, err := st.db.Exec(ctx, `update sessions
		set secret_hash = $1, proofs = $2, expires_at = $3, device_id = $4, ip = $5, user_agent = $6, country = $7, unusual = $8 where id = $9`,
		Hashed(secret), s.Proofs, s.ExpiresAt, s.DeviceID, s.IP, s.UserAgent, s.Country, s.Unusual, s.ID)
	return err
}

// Chose remembers the organisation, to mark it first next time.
func (st *Store) Chose(ctx context.Context, s *Session, organisationID string) error {
	_, err := st.db.Exec(ctx, `update sessions set organisation_id = $1 where id = $2`, organisationID, s.ID)
	if err != nil {
		return fmt.Errorf("remember organisation: %w", err)
	}
	s.OrganisationID = organisationID
	return nil
}

// Enter shortens the session to what an organisation that is entered in it asks
// for: without use, and since who it is was proved. 0 = as the house says. A
// session never becomes longer by it.
func (st *Store) Enter(ctx context.Context, s *Session, idle, absolute time.Duration) error {
	before := *s
	if idle > 0 && (s.IdleMicros == 0 || idle.Microseconds() < s.IdleMicros) {
		s.IdleMicros = idle.Microseconds()
	}
	if absolute > 0 {
		s.ExpiresAt = min(s.ExpiresAt, s.IdentifiedAt().Add(absolute))
	}
	if s.IdleMicros == before.IdleMicros && s.ExpiresAt == before.ExpiresAt {
		return nil
	}
	// Another tab may have entered a stricter one since s was read.
	_, err := st.db.Exec(ctx, `update sessions set idle = case when (idle = 0 or idle > $1) and $1 <> 0 then $1 else idle end,
		expires_at = case when expires_at > $2 then $2 else expires_at end where id = $3`, s.IdleMicros, s.ExpiresAt, s.ID)
	if err != nil {
		return fmt.Errorf("shorten session: %w", err)
	}
	return nil
}

// OnDevice notes the known device that the session runs on.
func (st *Store) OnDevice(ctx context.Context, s *Session, deviceID string) error {
	if s.DeviceID == deviceID {
		return nil
	}
	_, err := st.db.Exec(ctx, `update sessions set device_id = $1 where id = $2`, deviceID, s.ID)
	if err != nil {
		return fmt.Errorf("note the session's device: %w", err)
	}
	s.DeviceID = deviceID
	return nil
}

// Usual strikes out what was odd about the last identification: the person has
// confirmed it, or proved it well enough.
func (st *Store) Usual(ctx context.Context, s *Session) error {
	s.Unusual.V = nil
	if _, err := st.db.Exec(ctx, `update sessions set unusual = $1 where id = $2`, s.Unusual, s.ID); err != nil {
		return fmt.Errorf("strike out what was unusual: %w", err)
	}
	return nil
}
