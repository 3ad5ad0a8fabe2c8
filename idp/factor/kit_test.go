package factor

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/outbox"
	"propusk/storage/storagetest"
)

// records stands in for the directory's records of one process: what factor
// asks of them is four lines each, and the directory's own tests hold it to
// them on both databases.
type records struct {
	mu     sync.Mutex
	hashes map[string]string
	totp   map[string]*totpRecord
	fail   error

	history []string
	locks   []directory.FactorLock // those without an end
	notices []directory.FactorLock // all that were recorded
	devices []directory.Device
	lifted  storage.Time
}

type totpRecord struct {
	secret    []byte
	confirmed bool
	step      int64
}

func newRecords() *records {
	return &records{hashes: map[string]string{}, totp: map[string]*totpRecord{}}
}

func (r *records) PasswordHash(_ context.Context, id string) (string, storage.Time, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if hash, ok := r.hashes[id]; ok {
		return hash, 1, r.fail
	}
	return "", 0, errors.Join(storage.ErrNotFound, r.fail)
}

func (r *records) SetPasswordHash(_ context.Context, id, hash string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hashes[id] = hash
	return r.fail
}

func (r *records) UpgradePasswordHash(_ context.Context, id, old, upgraded string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.hashes[id] == old {
		r.hashes[id] = upgraded
	}
	return r.fail
}

func (r *records) PasswordHistory(context.Context, string) ([]string, error) { return r.history, nil }

func (r *records) LockState(_ context.Context, id, factor, scope string) (bool, storage.Time, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.locks, func(l directory.FactorLock) bool {
		return l.PersonID == id && l.Factor == factor && l.Scope == scope
	}), r.lifted, nil
}

func (r *records) FactorLocks(_ context.Context, id string) (list []directory.FactorLock, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.locks {
		if l.PersonID == id {
			list = append(list, l)
		}
	}
	return list, nil
}

func (r *records) RecordLock(_ context.Context, l directory.FactorLock) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notices = append(r.notices, l)
	if l.Until == 0 && l.PersonID != "" {
		r.locks = append(r.locks, l)
	}
	return r.fail
}

// unlock lifts every lock of everybody.
func (r *records) unlock(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.locks, r.lifted = nil, storage.Of(now)
}

func (r *records) Devices(_ context.Context, id string) (list []directory.Device, err error) {
	for _, d := range r.devices {
		if d.PersonID == id {
			list = append(list, d)
		}
	}
	return list, nil
}

func (r *records) TOTP(_ context.Context, id string) ([]byte, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.totp[id]; t != nil {
		return t.secret, t.confirmed, nil
	}
	return nil, false, storage.ErrNotFound
}

func (r *records) SetTOTP(_ context.Context, id string, secret []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.totp[id]; t != nil && t.confirmed {
		return storage.ErrExists
	}
	r.totp[id] = &totpRecord{secret: secret}
	return nil
}

func (r *records) ConfirmTOTP(_ context.Context, id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.totp[id]; t != nil && !t.confirmed {
		t.confirmed = true
		return nil
	}
	return storage.ErrNotFound
}

func (r *records) UseTOTPStep(_ context.Context, id string, step int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.totp[id]; t != nil && t.step < step {
		t.step = step
		return nil
	}
	return storage.ErrUsed
}

// mailbox is an outbox that keeps what it is given.
type mailbox struct {
	mu   sync.Mutex
	sent []outbox.Message
	fail error
}

func (m *mailbox) Send(_ context.Context, msg outbox.Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sent = append(m.sent, msg)
	return m.fail
}

func (m *mailbox) last() outbox.Message {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sent[len(m.sent)-1]
}

// newLocks are locks over the records, of a short-lived state of their own.
func newLocks(t testing.TB, r *records, clock *storagetest.Clock) *Locks {
	t.Helper()
	locks, err := NewLocks(LockDeps{Directory: r, Ephemeral: storagetest.Memory(t, clock.Now), Now: clock.Now})
	must(t, err)
	return locks
}

// p1 and p2 are people on devices that are not known.
var p1, p2 = Guess{PersonID: "p1"}, Guess{PersonID: "p2"}

var errDown = errors.New("down")

// down is an Ephemeral that does not answer.
type down struct{ storage.Ephemeral }

func (down) Get(context.Context, string) ([]byte, error) { return nil, errDown }

// cheap are parameters that make tests quick.
var cheap = Params{Memory: 64, Time: 1, Threads: 1}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var maria = directory.Person{
	ID: "p1", LastName: "Иванова", FirstName: "Мария", Email: "m.ivanova@example.ru", Phone: "+79161234567",
	Number: "123456782", SNILS: "11223344595", INN: "500100732259",
}

const good = "Верный-Кот 81"

var (
	_ PasswordStore = (*directory.Directory)(nil)
	_ TOTPStore     = (*directory.Directory)(nil)
	_ LockStore     = (*directory.Directory)(nil)
	_ RecoveryStore = (*directory.Directory)(nil)
	_ PINStore      = (*directory.Directory)(nil)
	_ DeviceStore   = (*directory.Directory)(nil)
	_ Outbox        = (*outbox.Outbox)(nil)
	_               = storagetest.NewClock
)
