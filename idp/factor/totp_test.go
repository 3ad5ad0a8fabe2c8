package factor

import (
	"bytes"
	"context"
	"encoding/base32"
	"errors"
	"image/png"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"propusk/storage"
	"propusk/storage/storagetest"
)

type totpWorld struct {
	*TOTP
	records *records
	clock   *storagetest.Clock
	secret  string
}

// newTOTPWorld has one person, p1, with a confirmed authenticator, whose last
// code is older than those of now.
func newTOTPWorld(t testing.TB) *totpWorld {
	w := &totpWorld{records: newRecords(), clock: storagetest.NewClock()}
	var err error
	w.TOTP, err = NewTOTP(TOTPDeps{Directory: w.records, Ephemeral: storagetest.Memory(t, w.clock.Now), Locks: newLocks(t, w.records, w.clock), Now: w.clock.Now, Issuer: "Пропуск"})
	must(t, err)
	e, err := w.Enrol(context.Background(), "p1", "maria@example.ru", "first")
	must(t, err)
	w.secret = e.Secret
	must(t, w.Confirm(context.Background(), p1, w.code(0)))
	w.clock.Advance(5 * time.Minute)
	return w
}

// code is what the app shows some steps from now.
func (w *totpWorld) code(steps int) string {
	code, err := totp.GenerateCode(w.secret, w.clock.Now().Add(time.Duration(steps)*30*time.Second))
	if err != nil {
		panic(err)
	}
	return code
}

func (w *totpWorld) try(code string) error { return w.Verify(context.Background(), p1, code) }

func TestTOTPAcceptsOneStepAround(t *testing.T) {
	t.Parallel()
	for steps, fits := range map[int]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
		w := newTOTPWorld(t)
		if err := w.try(w.code(steps)); (err == nil) != fits || err != nil && !errors.Is(err, ErrWrong) {
			t.Errorf("%d steps away: %v", steps, err)
		}
	}
}

// RFC 6238 §5.2: a code is accepted once; and none before it any more.
func TestTOTPCodeIsUsedOnce(t *testing.T) {
	t.Parallel()
	w := newTOTPWorld(t)
	must(t, w.try(w.code(0)))
	for name, code := range map[string]string{"the same": w.code(0), "the one before": w.code(-1)} {
		if err := w.try(code); !errors.Is(err, ErrWrong) {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, w.try(w.code(1)))
}

func TestTOTPCodeHasOneWinner(t *testing.T) {
	t.Parallel()
	w := newTOTPWorld(t)
	code, won := w.code(0), atomic.Int64{}
	w.lock.Policy.Failures = 100
	var done sync.WaitGroup
	for range 40 {
		done.Go(func() {
			if err := w.try(code); err == nil {
				won.Add(1)
			} else if !errors.Is(err, ErrWrong) {
				t.Error(err)
			}
		})
	}
	done.Wait()
	if won.Load() != 1 {
		t.Errorf("%d of 40 won", won.Load())
	}
}

// RFC 6238, appendix B: SHA-1, last six of the eight digits.
func TestTOTPVectors(t *testing.T) {
	t.Parallel()
	secret := []byte("12345678901234567890")
	for at, code := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		if step, ok := match(secret, code, time.Unix(at, 0)); !ok || step != at/30 {
			t.Errorf("%d: %d, %v", at, step, ok)
		}
	}
}

func TestTOTPThatIsNone(t *testing.T) {
	t.Parallel()
	w := newTOTPWorld(t)
	for _, code := range []string{"", "0", "abcdef", w.code(0) + "0", " " + w.code(0), "１２３４５６", "\x00\x00\x00\x00\x00\x00"} {
		if err := w.try(code); !errors.Is(err, ErrWrong) {
			t.Errorf("%q: %v", code, err)
		}
		w.clock.Advance(48 * time.Hour)
	}
	if err := w.Verify(context.Background(), Guess{PersonID: "nobody"}, w.code(0)); !errors.Is(err, ErrWrong) {
		t.Errorf("who has none: %v", err)
	}
	if _, err := NewTOTP(TOTPDeps{}); err == nil {
		t.Error("empty Deps are accepted")
	}
}

func TestTOTPLocksAfterThreeFailures(t *testing.T) {
	t.Parallel()
	w := newTOTPWorld(t)
	wrong := w.code(10)
	for range 3 {
		if err := w.try(wrong); !errors.Is(err, ErrWrong) || errors.Is(err, ErrLocked) {
			t.Fatal(err)
		}
	}
	if err := w.try(w.code(0)); !errors.Is(err, ErrLocked) {
		t.Errorf("the right code, locked: %v", err)
	}
	w.clock.Advance(15 * time.Minute)
	must(t, w.try(w.code(0)))
}

func TestEnrolment(t *testing.T) {
	t.Parallel()
	w, ctx := newTOTPWorld(t), context.Background()
	e, err := w.Enrol(ctx, "p2", "m.ivanova@example.ru", "a1")
	must(t, err)
	u, err := url.Parse(e.URI)
	must(t, err)
	if u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/Пропуск:m.ivanova@example.ru" || u.Query().Get("secret") != e.Secret || u.Query().Get("issuer") != "Пропуск" {
		t.Error(e.URI)
	}
	if key, err := otp.NewKeyFromURL(e.URI); err != nil || key.Period() != 30 || key.Digits() != otp.DigitsSix || key.Algorithm() != otp.AlgorithmSHA1 {
		t.Errorf("%v, %v", key, err)
	}
	if secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(e.Secret); err != nil || len(secret) != 20 {
		t.Errorf("%d bytes, %v", len(secret), err)
	}
	if picture, err := png.Decode(bytes.NewReader(e.QR)); err != nil || picture.Bounds().Dx() < 200 {
		t.Errorf("QR: %v", err)
	}
	code, _ := totp.GenerateCode(e.Secret, w.clock.Now())
	if err := w.Verify(ctx, p2, code); !errors.Is(err, ErrWrong) {
		t.Errorf("a factor before it was confirmed: %v", err)
	}
	if err := w.Confirm(ctx, p2, "000000"); !errors.Is(err, ErrWrong) {
		t.Errorf("confirmed by a wrong code: %v", err)
	}
	must(t, w.Confirm(ctx, p2, code))
	if err := w.Verify(ctx, p2, code); !errors.Is(err, ErrWrong) {
		t.Errorf("the confirming code serves as a factor, too: %v", err)
	}
	if err := w.Confirm(ctx, p2, code); !errors.Is(err, ErrWrong) {
		t.Errorf("confirmed again: %v", err)
	}
	if _, err := w.Enrol(ctx, "p2", "x", "a1"); !errors.Is(err, storage.ErrExists) {
		t.Errorf("the password alone replaces a confirmed authenticator: %v", err)
	}
}

// The page may be drawn again; a stranger who began before does not share the
// secret.
func TestEnrolmentBelongsToItsAttempt(t *testing.T) {
	t.Parallel()
	w, ctx := newTOTPWorld(t), context.Background()
	first, err := w.Enrol(ctx, "p2", "x", "stranger")
	must(t, err)
	again, err := w.Enrol(ctx, "p2", "x", "stranger")
	must(t, err)
	if again.Secret != first.Secret {
		t.Error("drawn again, it is another secret")
	}
	own, err := w.Enrol(ctx, "p2", "x", "own")
	must(t, err)
	if own.Secret == first.Secret {
		t.Error("another attempt sees the same secret")
	}
	stale, _ := totp.GenerateCode(first.Secret, w.clock.Now())
	if err := w.Confirm(ctx, p2, stale); !errors.Is(err, ErrWrong) {
		t.Errorf("the replaced secret is confirmed: %v", err)
	}
	back, err := w.Enrol(ctx, "p2", "x", "stranger")
	must(t, err)
	if back.Secret == own.Secret {
		t.Error("the stranger sees the person's secret")
	}
	w.ephemeral = down{}
	if _, err := w.Enrol(ctx, "p2", "x", "own"); !errors.Is(err, errDown) {
		t.Errorf("without memory: %v", err)
	}
}
