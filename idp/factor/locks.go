package factor

import (
	"context"
	"errors"
	"time"

	"propusk/idp/directory"
	"propusk/storage"
)

// Policy says when a factor locks. The zero value is the default.
type Policy struct {
	Failures int           // consecutive ones that lock for a while; default 3
	Further  int           // after those, the ones that lock until a recovery or an administrator; default 5
	First    time.Duration // the first lock; each further one is twice as long; default 15 minutes
	Longest  time.Duration // default 24 hours
	Forget   time.Duration // after which a failure, or a lock that ended, no longer counts; default 24 hours
}

func (p Policy) withDefaults() Policy {
	if p.Failures <= 0 {
		p.Failures = 3
	}
	if p.Further <= 0 {
		p.Further = 5
	}
	if p.First <= 0 {
		p.First = 15 * time.Minute
	}
	if p.Longest <= 0 {
		p.Longest = 24 * time.Hour
	}
	if p.Forget <= 0 {
		p.Forget = 24 * time.Hour
	}
	return p
}

// length of the lock that ends a level; levels count from 0.
func (p Policy) length(level int) time.Duration {
	d := p.First
	for range level {
		if d >= p.Longest {
			break
		}
		d *= 2
	}
	return min(d, p.Longest)
}

// tries is how many attempts a level has, 0 above the last one. With 3 failures
// and 5 further ones they are 3, 3 and 2.
func (p Policy) tries(level int) int {
	return max(0, min(p.Failures, p.Failures+p.Further-level*p.Failures))
}

// LockStore keeps what must outlive the short-lived state;
// *directory.Directory.
type LockStore interface {
	LockState(ctx context.Context, personID, factor, scope string) (locked bool, lifted storage.Time, err error)
	FactorLocks(ctx context.Context, personID string) ([]directory.FactorLock, error)
	RecordLock(ctx context.Context, l directory.FactorLock) error
	Devices(ctx context.Context, personID string) ([]directory.Device, error)
}

// LockDeps is what Locks stands on. Policy has defaults, the rest is required.
type LockDeps struct {
	Directory LockStore
	Ephemeral storage.Ephemeral
	Now       func() time.Time
	Policy    Policy
}

// Locks guards the factors of every person against guessing. All verifiers of a
// house share one.
//
// Each factor of a person has a counter of its own for each known device, and
// one more for all devices that are not known: a stranger who knows no more
// than the login locks himself out, and not the person.
type Locks struct{ LockDeps }

// NewLocks returns the guard, or an error that names what is missing.
func NewLocks(deps LockDeps) (*Locks, error) {
	if deps.Directory == nil || deps.Ephemeral == nil || deps.Now == nil {
		return nil, errors.New("factor: locks: Directory, Ephemeral and Now are required")
	}
	deps.Policy = deps.Policy.withDefaults()
	return &Locks{deps}, nil
}

// guarded are the counters of a person; the PIN counts for itself.
var guarded = []string{
	"password", "totp", "sms", "email", "recovery",
	"sms.recovery", "email.recovery", "sms.contact", "email.contact", "sms.pin", "email.pin", "sms.act", "email.act",
}

func (ls *Locks) of(factor string) *lock { return &lock{LockDeps: ls.LockDeps, factor: factor} }

// Of lists what is locked of a person now: first what is locked until a
// recovery or an administrator (directory.UnlockFactors, UnlockMember), then
// what will unlock by itself.
func (ls *Locks) Of(ctx context.Context, personID string) ([]directory.FactorLock, error) {
	locks, err := ls.Directory.FactorLocks(ctx, personID)
	if err != nil {
		return nil, err
	}
	devices, err := ls.Directory.Devices(ctx, personID)
	if err != nil {
		return nil, err
	}
	for _, factor := range guarded {
		for _, device := range append([]directory.Device{{}}, devices...) {
			paused, err := ls.of(factor).pause(ctx, Guess{PersonID: personID, Device: device.ID})
			if err != nil {
				return nil, err
			}
			locks = append(locks, paused...)
		}
	}
	return locks, nil
}
