package factor

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"

	"propusk/idp/directory"
	"propusk/storage/storagetest"
)

type passwordWorld struct {
	*Passwords
	records *records
	clock   *storagetest.Clock
	runs    atomic.Int64 // of the hash
}

func newPasswordWorld(t testing.TB) *passwordWorld {
	w := &passwordWorld{records: newRecords(), clock: storagetest.NewClock()}
	var err error
	w.Passwords, err = NewPasswords(PasswordDeps{Directory: w.records, Locks: newLocks(t, w.records, w.clock), Now: w.clock.Now, Params: cheap, Concurrency: 4})
	must(t, err)
	w.derive = func(password, salt []byte, p Params) []byte {
		w.runs.Add(1)
		return argon2id(password, salt, p)
	}
	must(t, w.Set(context.Background(), maria, good, PasswordPolicy{}))
	w.runs.Store(0)
	return w
}

func (w *passwordWorld) try(id, login, password string) error {
	return w.Verify(context.Background(), Guess{PersonID: id, Login: login}, password)
}

func TestPasswordIsCaseAndSpaceSensitive(t *testing.T) {
	t.Parallel()
	w := newPasswordWorld(t)
	for _, wrong := range []string{"", " ", strings.ToLower(good), good + " ", " " + good, good[:len(good)-1], good + "\x00"} {
		if err := w.try("p1", "x", wrong); !errors.Is(err, ErrWrong) {
			t.Errorf("%q: %v", wrong, err)
		}
		w.clock.Advance(48 * time.Hour)
	}
	must(t, w.try("p1", "x", good))
	if composed := norm.NFD.String(good); composed == good || w.try("p1", "x", composed) != nil {
		t.Error("й of another keyboard is another letter")
	}
}

// Unknown login, wrong password, none set, oversized, locked: each one hash, the
// same error for the page.
func TestEveryRefusalCostsOneHash(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, id, login, password string
		prepare                   func(*passwordWorld)
		locked                    bool
	}{
		{name: "unknown login", login: "nobody@example.ru", password: good},
		{name: "wrong password", id: "p1", login: "x", password: "wrong"},
		{name: "empty password", id: "p1", login: "x"},
		{name: "oversized password", id: "p1", login: "x", password: strings.Repeat("я", 100_000)},
		{name: "no password set", id: "p2", login: "x", password: good},
		{name: "locked, wrong password", id: "p1", login: "x", password: "wrong", locked: true, prepare: func(w *passwordWorld) {
			for range 3 {
				w.try("p1", "x", "wrong")
			}
		}},
		{name: "locked, right password", id: "p1", login: "x", password: good, locked: true, prepare: func(w *passwordWorld) {
			for range 3 {
				w.try("p1", "x", "wrong")
			}
		}},
		{name: "locked, unknown login", login: "nobody", password: good, locked: true, prepare: func(w *passwordWorld) {
			for range 3 {
				w.try("", "nobody", "wrong")
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newPasswordWorld(t)
			if test.prepare != nil {
				test.prepare(w)
				w.runs.Store(0)
			}
			err := w.try(test.id, test.login, test.password)
			if !errors.Is(err, ErrWrong) || errors.Is(err, ErrLocked) != test.locked {
				t.Errorf("%v", err)
			}
			if w.runs.Load() != 1 {
				t.Errorf("%d hashes", w.runs.Load())
			}
		})
	}
}

// With the parameters of production, the refusals cost the same: nothing but
// the hash costs anything. The processor's time is compared, the least of nine,
// since a busy machine makes any of them slow on the clock.
func TestRefusalsTakeTheSameTime(t *testing.T) {
	if testing.Short() || raceEnabled {
		t.Skip("measures time")
	}
	w := newPasswordWorld(t)
	w.params = Params{}.withDefaults()
	w.nobody.params = w.params
	w.derive = argon2id
	w.records.hashes["p1"] = derive(argon2id).make(good, w.params).String()
	for range 3 {
		w.try("p3", "x", "wrong")
	}
	w.records.hashes["p3"] = w.records.hashes["p1"]
	w.lock.Policy.Failures = 1 << 30 // but for p3, which is locked already
	least := w.least(t)
	t.Logf("unknown %s, wrong %s, locked %s", least[0], least[1], least[2])
	if slices.Max(least) > 3*slices.Min(least)/2 {
		t.Errorf("they differ: %v", least)
	}
}

// busy is the processor's time that this process has taken.
func busy(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	must(t, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// least is what it takes to refuse an unknown login, a wrong password,
// and one that is locked (p3).
func (w *passwordWorld) least(t *testing.T) (times []time.Duration) {
	for _, kind := range []struct{ id, login, password string }{{"", "nobody", good}, {"p1", "x", "wrong"}, {"p3", "x", good}} {
		least := time.Hour
		for range 9 {
			before := busy(t)
			if err := w.try(kind.id, kind.login, kind.password); !errors.Is(err, ErrWrong) || errors.Is(err, ErrLocked) != (kind.id == "p3") {
				t.Fatal(kind, err)
			}
			least = min(least, busy(t)-before)
		}
		times = append(times, least)
	}
	return times
}

func TestLockedPasswordOpensAgain(t *testing.T) {
	t.Parallel()
	w := newPasswordWorld(t)
	for i := range 3 {
		if err := w.try("p1", "x", "wrong"); errors.Is(err, ErrLocked) {
			t.Fatalf("locked after %d", i)
		}
	}
	if err := w.try("p1", "another login of the same person", good); !errors.Is(err, ErrLocked) {
		t.Errorf("the right password, locked: %v", err)
	}
	w.clock.Advance(15 * time.Minute)
	must(t, w.try("p1", "x", good))
}

// Spelling an unknown login differently is no new start.
func TestUnknownLoginsAreCountedFolded(t *testing.T) {
	t.Parallel()
	w := newPasswordWorld(t)
	for _, login := range []string{"Nobody@Example.ru", " nobody@example.ru", "ｎobody@example.ru"} {
		if err := w.try("", login, "x"); errors.Is(err, ErrLocked) {
			t.Fatal(err)
		}
	}
	if err := w.try("", "nobody@example.ru", "x"); !errors.Is(err, ErrLocked) {
		t.Error(err)
	}
	if err := w.try("p1", "nobody@example.ru", good); err != nil {
		t.Errorf("a person is counted by himself: %v", err)
	}
}

func TestHashIsUpgradedAtSignIn(t *testing.T) {
	t.Parallel()
	w := newPasswordWorld(t)
	old := w.records.hashes["p1"]
	w.params = Params{Memory: 128, Time: 1, Threads: 1}
	if err := w.try("p1", "x", "wrong"); !errors.Is(err, ErrWrong) || w.records.hashes["p1"] != old {
		t.Fatalf("a wrong password: %v", err)
	}
	must(t, w.try("p1", "x", good))
	if got := w.records.hashes["p1"]; !strings.HasPrefix(got, "$argon2id$v=19$m=128,t=1,p=1$") {
		t.Error(got)
	}
	w.runs.Store(0)
	must(t, w.try("p1", "x", good))
	if w.runs.Load() != 1 {
		t.Errorf("%d hashes", w.runs.Load())
	}
}

// Above the bound nothing is verified, nothing counted, and the wait is said.
func TestHashesAreBounded(t *testing.T) {
	t.Parallel()
	w := newPasswordWorld(t)
	w.gate = newGate(2)
	w.gate.wait = 20 * time.Millisecond
	var running, most atomic.Int64
	release := make(chan struct{})
	w.derive = func(password, salt []byte, p Params) []byte {
		most.Store(max(most.Load(), running.Add(1)))
		<-release
		running.Add(-1)
		return argon2id(password, salt, p)
	}
	var done sync.WaitGroup
	for range 2 {
		done.Go(func() { w.try("", "x", "x") })
	}
	for running.Load() < 2 {
		runtime.Gosched()
	}
	for i := range 10 {
		err := w.try("p1", "x", good)
		var busy *Busy
		if !errors.Is(err, ErrBusy) || !errors.As(err, &busy) || busy.RetryAfter != 3*time.Second || errors.Is(err, ErrWrong) {
			t.Fatalf("attempt %d: %v", i, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := w.Verify(ctx, p1, good); !errors.Is(err, context.Canceled) {
		t.Errorf("after the client left: %v", err)
	}
	close(release)
	done.Wait()
	if most.Load() != 2 {
		t.Errorf("%d at a time", most.Load())
	}
	must(t, w.try("p1", "x", good)) // the ten did not lock
}

// However many come at once, no more are admitted than can be looked at in the time that
// one waits; who leaves makes room, and whoever is in may verify.
func TestAdmissionsAreBounded(t *testing.T) {
	t.Parallel()
	w := newPasswordWorld(t)
	w.gate = newGate(2)
	var wait sync.WaitGroup
	var refused atomic.Int64
	admissions := make(chan Admission, 200)
	for range 200 {
		wait.Go(func() {
			admission, err := w.Admit()
			var busy *Busy
			switch {
			case err == nil:
				admissions <- admission
			case errors.As(err, &busy) && busy.RetryAfter == gateRetry:
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if in := len(admissions); in != 2*(1+gateQueue) || refused.Load() != int64(200-in) {
		t.Fatalf("%d are in, %d refused", in, refused.Load())
	}
	if err := w.try("p1", "x", good); !errors.Is(err, ErrBusy) {
		t.Errorf("verified beside them: %v", err)
	}
	first := <-admissions
	must(t, first.Verify(context.Background(), p1, good))
	first.Leave()
	must(t, w.try("p1", "x", good))
	for len(admissions) > 0 {
		(<-admissions).Leave()
	}
	if n := w.gate.inside.Load(); n != 0 || len(w.gate.places) != 0 {
		t.Errorf("%d are still inside, %d at work", n, len(w.gate.places))
	}
}

func TestAccidentsVerifyNothing(t *testing.T) {
	t.Parallel()
	w := newPasswordWorld(t)
	w.records.hashes["p1"] = "$2b$12$not-ours"
	if err := w.try("p1", "x", good); !errors.Is(err, errHash) || errors.Is(err, ErrWrong) {
		t.Errorf("a malformed hash: %v", err)
	}
	w = newPasswordWorld(t)
	w.records.fail = errDown
	if err := w.try("p1", "x", good); !errors.Is(err, errDown) {
		t.Errorf("the database is down: %v", err)
	}
	w.lock.Ephemeral = down{}
	if err := w.try("p1", "x", good); !errors.Is(err, errDown) {
		t.Errorf("the counters are down: %v", err)
	}
	if _, err := NewPasswords(PasswordDeps{}); err == nil {
		t.Error("empty Deps are accepted")
	}
}

func TestNewPasswordIsAnother(t *testing.T) {
	t.Parallel()
	w, ctx := newPasswordWorld(t), context.Background()
	var fault *directory.FieldError
	if err := w.Set(ctx, maria, good, PasswordPolicy{}); !errors.As(err, &fault) || fault.Code != "password_same" {
		t.Errorf("the same again: %v", err)
	}
	must(t, w.Set(ctx, maria, "Другой-Пёс 82", PasswordPolicy{}))
	if err := w.try("p1", "x", good); !errors.Is(err, ErrWrong) {
		t.Errorf("the old one: %v", err)
	}
	must(t, w.try("p1", "x", "Другой-Пёс 82"))
	if err := w.Set(ctx, maria, "short", PasswordPolicy{}); !errors.As(err, &fault) {
		t.Errorf("a bad one: %v", err)
	}
}

func TestPasswordPolicy(t *testing.T) {
	t.Parallel()
	strict := PasswordPolicy{MinLength: StrictPassword, Forbidden: []string{"7707083893", "tester"}}
	for _, test := range []struct {
		password string
		policy   PasswordPolicy
		want     string
	}{
		{good, strict, ""},
		{"Kx7$wrqz", PasswordPolicy{}, ""},
		{"Kx7$wrqz", strict, "password_short"},
		{"", PasswordPolicy{}, "password_short password_upper password_lower password_digit password_special password_common"},
		{"Kx7$wrq", PasswordPolicy{}, "password_short"},
		{"kx7$wrqzkl", PasswordPolicy{}, "password_upper"},
		{"KX7$WRQZKL", PasswordPolicy{}, "password_lower"},
		{"Kxv$wrqzkl", PasswordPolicy{}, "password_digit"},
		{"Kx7twrqzkl", PasswordPolicy{}, "password_special"},
		{"Kx7 twrqzkl", PasswordPolicy{}, "password_special"}, // a space is no special character
		{" Kx7$wrqz", PasswordPolicy{}, "password_spaces"},
		{"Kx7$wrqz\t", PasswordPolicy{}, "password_spaces"},
		{"Kx7$" + strings.Repeat("wrqz", 200), PasswordPolicy{}, "password_long"},
		{"Мария$1956-лет", PasswordPolicy{}, "password_personal"},
		{"xМ.ИВАНОВА-77y", PasswordPolicy{}, "password_personal"},
		{"M.Ivanova-77yK", PasswordPolicy{}, "password_personal"},
		{"Tk$9161234567", PasswordPolicy{}, "password_personal"},
		{"Tk$7707083893", strict, "password_personal"},
		{"Tk$500100732259x", PasswordPolicy{}, "password_personal"},
		{"a-TESTER-a77Q", strict, "password_personal"},
		{"P@ssw0rd1!", PasswordPolicy{}, "password_common"},
		{"Password2024!", PasswordPolicy{}, "password_common"},
		{"1Qwerty!1", PasswordPolicy{}, "password_common"},
		{"Пароль123!", PasswordPolicy{}, "password_common"},
		{"Gfhjkm-123", PasswordPolicy{}, "password_common"},
		{"$3cret99!A", PasswordPolicy{}, ""},
		{"Aa1!Aa1!Aa1!", PasswordPolicy{}, "password_common"},
		{"Dragon-forest-91!", PasswordPolicy{}, ""},
	} {
		err := test.policy.Check(maria, test.password)
		var faults directory.FieldErrors
		var got []string
		if errors.As(err, &faults) {
			for _, f := range faults {
				if f.Field != "password" {
					t.Errorf("%q: field %s", test.password, f.Field)
				}
				got = append(got, f.Code)
			}
		}
		if strings.Join(got, " ") != test.want || (err == nil) != (test.want == "") {
			t.Errorf("%q: %q, want %q", test.password, strings.Join(got, " "), test.want)
		}
	}
	var fault *directory.FieldError
	if err := strict.Check(maria, "Kx7$wrqz"); !errors.As(err, &fault) || fault.Args["min"] != 12 {
		t.Errorf("%v", fault)
	}
}

func TestCommonWordsAreThere(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"password", "qwerty", "dragon", "пароль", "gfhjkm"} {
		if !commonWords()[word] {
			t.Errorf("%s is missing", word)
		}
	}
	if len(commonWords()) < 5000 || commonWords()["#"] {
		t.Errorf("%d words", len(commonWords()))
	}
}

// Vector of the reference implementation (P-H-C/phc-winner-argon2, test.c):
// version 0x13, t=2, m=2^16, p=1, "password", "somesalt".
func TestHashIsArgon2id(t *testing.T) {
	t.Parallel()
	const vector = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	h, err := parseHash(vector)
	must(t, err)
	if d := derive(argon2id); !d.fits("password", h) || d.fits("Password", h) {
		t.Error("the vector does not fit")
	}
	if h.String() != vector {
		t.Error(h.String())
	}
	def := Params{}.withDefaults()
	if def != (Params{Memory: 19456, Time: 2, Threads: 1}) {
		t.Errorf("%+v", def)
	}
}

func FuzzParseHash(f *testing.F) {
	f.Add("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Add("$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Add("$argon2i$v=19$m=64,t=1,p=1$$")
	f.Add("$$$$$")
	f.Fuzz(func(t *testing.T, s string) {
		h, err := parseHash(s)
		if err != nil {
			return
		}
		if h.String() != s {
			t.Fatalf("%q reads as %q", s, h.String())
		}
		if h.params.Memory > maxMemory || h.params.Time > maxTime || h.params.Time == 0 || h.params.Threads == 0 || len(h.hash) != hashLength {
			t.Fatalf("%q asks for %+v", s, h.params)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	w := newPasswordWorld(b)
	w.params = Params{}.withDefaults()
	w.records.hashes["p1"] = derive(argon2id).make(good, w.params).String()
	w.derive = argon2id
	b.ReportAllocs()
	for b.Loop() {
		if err := w.try("p1", "x", good); err != nil {
			b.Fatal(err)
		}
	}
}
