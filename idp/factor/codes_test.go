package factor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"propusk/storage"
	"propusk/storage/storagetest"
)

type codeWorld struct {
	*Codes
	box     *mailbox
	records *records
	clock   *storagetest.Clock
	memory  *storage.Memory
}

func newCodeWorld(t testing.TB) *codeWorld {
	w := &codeWorld{box: &mailbox{}, records: newRecords(), clock: storagetest.NewClock()}
	sealer, err := storage.NewSealer(bytes.Repeat([]byte{1}, 32))
	must(t, err)
	w.memory = storagetest.Memory(t, w.clock.Now)
	w.Codes, err = NewCodes(CodeDeps{Outbox: w.box, Ephemeral: w.memory, Sealer: sealer, Now: w.clock.Now, Locks: newLocks(t, w.records, w.clock)})
	must(t, err)
	return w
}

func (w *codeWorld) send(t testing.TB, attempt string) string {
	t.Helper()
	_, err := w.Send(context.Background(), CodeRequest{Guess: Guess{PersonID: "p1"}, Channel: "sms", To: "+79161234567", Application: "Бухгалтерия", AttemptID: attempt, Lang: "ru"})
	must(t, err)
	return w.box.last().Code
}

func (w *codeWorld) try(attempt, code string) error {
	return w.Verify(context.Background(), p1, attempt, code)
}

// not is another code than c.
func not(c string) string {
	if c == "000000" {
		return "000001"
	}
	return "000000"
}

func TestCodeMessageNamesTheApplicationWithoutALink(t *testing.T) {
	t.Parallel()
	w, ctx := newCodeWorld(t), context.Background()
	for _, test := range []struct{ channel, lang, subject, text string }{
		{"sms", "ru", "", "%s — код для входа в «Бухгалтерия». Никому его не сообщайте. Действует 5 мин."},
		{"sms", "en", "", "%s is your code to sign in to Бухгалтерия. Tell it to nobody. Valid for 5 min."},
		{"email", "ru", "Код для входа", "Код для входа в «Бухгалтерия»: %s\n\nКод действует 5 мин. и срабатывает один раз. Никому его не сообщайте.\nЕсли вы не входили, кто-то знает ваш пароль: смените его."},
		{"email", "en", "Your sign-in code", "Your code to sign in to Бухгалтерия: %s\n\nThe code is valid for 5 min and works once. Tell it to nobody.\nIf it was not you, somebody knows your password: change it."},
	} {
		sent, err := w.Send(ctx, CodeRequest{Guess: Guess{PersonID: "p1"}, Channel: test.channel, To: "somewhere", Application: "Бухгалтерия", AttemptID: test.channel + test.lang, Lang: test.lang})
		must(t, err)
		m := w.box.last()
		if m.Channel != test.channel || m.To != "somewhere" || m.Subject != test.subject || m.Text != fmt.Sprintf(test.text, m.Code) {
			t.Errorf("%+v", m)
		}
		if len(m.Code) != 6 || strings.Trim(m.Code, "0123456789") != "" || m.Expires.Time() != w.clock.Now().Add(5*time.Minute) {
			t.Errorf("%+v", m)
		}
		if sent.ResendAfter != time.Minute || !sent.ExpiresAt.Equal(w.clock.Now().Add(5*time.Minute)) {
			t.Errorf("%+v", sent)
		}
	}
	if _, err := w.Send(ctx, CodeRequest{Guess: Guess{PersonID: "p1"}, Channel: "pigeon", To: "x", Application: "x", AttemptID: "x", Lang: "ru"}); err == nil {
		t.Error("an unknown channel is taken")
	}
	if got := nameOnly("A\r\nB\tC"); got != "A B C" {
		t.Errorf("%q", got)
	}
}

func TestCodeIsUsedOnceByItsAttempt(t *testing.T) {
	t.Parallel()
	w := newCodeWorld(t)
	mine, other := w.send(t, "mine"), w.send(t, "other")
	if mine == other {
		t.Skip("the two codes happen to be the same")
	}
	if err := w.try("mine", other); !errors.Is(err, ErrWrong) {
		t.Errorf("the code of another attempt: %v", err)
	}
	must(t, w.try("mine", mine))
	for attempt, code := range map[string]string{"mine": mine, "never": mine, "": mine} {
		if err := w.try(attempt, code); !errors.Is(err, ErrWrong) {
			t.Errorf("%q again: %v", attempt, err)
		}
	}
}

func TestCodeExpires(t *testing.T) {
	t.Parallel()
	w := newCodeWorld(t)
	code := w.send(t, "a")
	w.clock.Advance(5 * time.Minute)
	if err := w.try("a", code); !errors.Is(err, ErrWrong) {
		t.Error(err)
	}
}

func TestCodeHasFiveTries(t *testing.T) {
	t.Parallel()
	w := newCodeWorld(t)
	w.Locks.Policy.Failures = 100
	code := w.send(t, "a")
	for range 5 {
		if err := w.try("a", not(code)); !errors.Is(err, ErrWrong) {
			t.Fatal(err)
		}
	}
	if err := w.try("a", code); !errors.Is(err, ErrWrong) {
		t.Errorf("the sixth try: %v", err)
	}
}

// Each channel has its own lock, and a new attempt or code is no new start.
func TestCodesLockAfterThreeFailures(t *testing.T) {
	t.Parallel()
	w := newCodeWorld(t)
	for _, attempt := range []string{"a", "b", "c"} {
		if err := w.try(attempt, not(w.send(t, attempt))); !errors.Is(err, ErrWrong) || errors.Is(err, ErrLocked) {
			t.Fatal(err)
		}
	}
	if err := w.try("d", w.send(t, "d")); !errors.Is(err, ErrLocked) {
		t.Errorf("the right code, locked: %v", err)
	}
	_, err := w.Send(context.Background(), CodeRequest{Guess: Guess{PersonID: "p1"}, Channel: "email", To: "m@example.ru", Application: "x", AttemptID: "e", Lang: "ru"})
	must(t, err)
	must(t, w.try("e", w.box.last().Code))
	w.clock.Advance(15 * time.Minute)
	must(t, w.try("f", w.send(t, "f")))
}

func TestCodeHasOneWinner(t *testing.T) {
	t.Parallel()
	w := newCodeWorld(t)
	w.Locks.Policy.Failures, w.Tries = 100, 100
	code, won := w.send(t, "a"), atomic.Int64{}
	var done sync.WaitGroup
	for range 40 {
		done.Go(func() {
			if err := w.try("a", code); err == nil {
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

func TestResendWaitsAndReplaces(t *testing.T) {
	t.Parallel()
	w, ctx := newCodeWorld(t), context.Background()
	old := w.send(t, "a")
	w.clock.Advance(59 * time.Second)
	var busy *Busy
	_, err := w.Send(ctx, CodeRequest{Guess: Guess{PersonID: "p1"}, Channel: "sms", To: "x", Application: "x", AttemptID: "a", Lang: "ru"})
	if !errors.Is(err, ErrTooSoon) || !errors.Is(err, ErrBusy) || !errors.As(err, &busy) || busy.RetryAfter != time.Second {
		t.Errorf("after 59 seconds: %v", err)
	}
	for _, wait := range []time.Duration{2 * time.Minute, 4 * time.Minute, 8 * time.Minute} {
		w.clock.Advance(wait / 2)
		sent, err := w.Send(ctx, CodeRequest{Guess: Guess{PersonID: "p1"}, Channel: "sms", To: "x", Application: "x", AttemptID: "a", Lang: "ru"})
		if err != nil || sent.ResendAfter != wait {
			t.Errorf("next after %s, %v; want %s", sent.ResendAfter, err, wait)
		}
	}
	code := w.box.last().Code
	if err := w.try("a", old); old != code && !errors.Is(err, ErrWrong) {
		t.Errorf("the replaced code: %v", err)
	}
	must(t, w.try("a", code))
}

func TestManyCodesToOnePersonAreTooMany(t *testing.T) {
	t.Parallel()
	w, ctx := newCodeWorld(t), context.Background()
	for i := range 20 {
		w.send(t, fmt.Sprint(i))
	}
	_, err := w.Send(ctx, CodeRequest{Guess: Guess{PersonID: "p1"}, Channel: "sms", To: "x", Application: "x", AttemptID: "one more", Lang: "ru"})
	var busy *Busy
	if !errors.As(err, &busy) || busy.RetryAfter <= 59*time.Minute || len(w.box.sent) != 20 {
		t.Errorf("%v, %d sent", err, len(w.box.sent))
	}
	_, err = w.Send(ctx, CodeRequest{Guess: Guess{PersonID: "p2"}, Channel: "sms", To: "x", Application: "x", AttemptID: "another person's", Lang: "ru"})
	must(t, err)
	w.clock.Advance(time.Hour)
	w.send(t, "later")
}

func TestConcurrentSendsAreOne(t *testing.T) {
	t.Parallel()
	storagetest.EachVolatile(t, func(t *testing.T, v storage.Volatile) {
		w := newCodeWorld(t)
		w.Ephemeral, w.Now = v, time.Now
		var done sync.WaitGroup
		for range 20 {
			done.Go(func() {
				_, err := w.Send(context.Background(), CodeRequest{Guess: Guess{PersonID: "p1"}, Channel: "sms", To: "x", Application: "x", AttemptID: "a", Lang: "ru"})
				if err != nil && !errors.Is(err, ErrTooSoon) {
					t.Error(err)
				}
			})
		}
		done.Wait()
		if len(w.box.sent) != 1 {
			t.Errorf("%d codes were sent", len(w.box.sent))
		}
		must(t, w.try("a", w.box.last().Code))
	})
}

// Who reads the memory learns no code, though there are only a million.
func TestCodeIsKeptUnderAKey(t *testing.T) {
	t.Parallel()
	w := newCodeWorld(t)
	code := w.send(t, "a")
	kept, err := w.memory.Get(context.Background(), codeKey("a"))
	must(t, err)
	if bytes.Contains(kept, []byte(code)) {
		t.Errorf("%s", kept)
	}
	if bytes.Equal(w.mac("a", "b", "c"), w.mac("a", "bc", "")) {
		t.Error("the MAC's parts run into each other")
	}
}

func TestAccidentsOfCodes(t *testing.T) {
	t.Parallel()
	w, ctx := newCodeWorld(t), context.Background()
	w.box.fail = errDown
	if _, err := w.Send(ctx, CodeRequest{Guess: Guess{PersonID: "p1"}, Channel: "sms", To: "x", Application: "x", AttemptID: "a", Lang: "ru"}); !errors.Is(err, errDown) {
		t.Errorf("the outbox is down: %v", err)
	}
	must(t, w.memory.Put(ctx, codeKey("odd"), []byte("{}"), time.Minute))
	if err := w.try("odd", "000000"); err == nil || errors.Is(err, ErrWrong) {
		t.Errorf("a malformed record: %v", err)
	}
	w.Ephemeral = down{}
	if _, err := w.Send(ctx, CodeRequest{Guess: Guess{PersonID: "p1"}, Channel: "sms", To: "x", Application: "x", AttemptID: "b", Lang: "ru"}); !errors.Is(err, errDown) {
		t.Errorf("the memory is down: %v", err)
	}
	if err := w.try("a", "000000"); !errors.Is(err, errDown) || errors.Is(err, ErrWrong) {
		t.Errorf("the memory is down: %v", err)
	}
	if _, err := NewCodes(CodeDeps{}); err == nil {
		t.Error("empty Deps are accepted")
	}
}

// Each digit is as likely as any other in each place.
func TestCodesAreEven(t *testing.T) {
	t.Parallel()
	var counts [6][10]int
	const n = 6000
	for range n {
		for place, c := range newCode() {
			counts[place][c-'0']++
		}
	}
	for place := range counts {
		for d, count := range counts[place] {
			if count < n/10*7/10 || count > n/10*13/10 {
				t.Errorf("digit %d stands %d times in place %d of %d codes", d, count, place, n)
			}
		}
	}
}
