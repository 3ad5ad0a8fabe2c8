package factor

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"propusk/storage/outbox"
)

func TestCodeMessageSaysWhatTheCodeIsFor(t *testing.T) {
	t.Parallel()
	w, ctx := newCodeWorld(t), context.Background()
	for purpose, want := range map[Purpose]struct{ subject, ru, en string }{
		ForRegistration: {"Код для регистрации", "Код для регистрации в «Пропуск»: ", "Your code to register at Пропуск: "},
		ForRecovery:     {"Код для восстановления доступа", "Код для восстановления доступа к «Пропуск»: ", "Your code to recover access to Пропуск: "},
		ForContact:      {"Код для смены контакта", "Код для смены контакта в «Пропуск»: ", "Your code to change a contact at Пропуск: "},
		ForPIN:          {"Код для нового ПИН-кода", "Код для нового ПИН-кода в «Пропуск»: ", "Your code for a new PIN at Пропуск: "},
		ForAct:          {"Код подтверждения", "Код для подтверждения действия в «Пропуск»: ", "Your code to confirm what you do at Пропуск: "},
	} {
		r := CodeRequest{Guess: p1, Purpose: purpose, Channel: "email", To: "to", Application: "Пропуск", AttemptID: string(purpose), Lang: "ru"}
		_, err := w.Send(ctx, r)
		must(t, err)
		m := w.box.last()
		if m.Subject != want.subject || !strings.HasPrefix(m.Text, want.ru+m.Code+"\n") {
			t.Errorf("%+v", m)
		}
		must(t, w.try(r.AttemptID, m.Code))
		r.AttemptID, r.Lang = r.AttemptID+"/en", "en"
		_, err = w.Send(ctx, r)
		must(t, err)
		if m := w.box.last(); !strings.HasPrefix(m.Text, want.en+m.Code+"\n") {
			t.Errorf("%+v", m)
		}
	}
	if _, err := w.Send(ctx, CodeRequest{Guess: p1, Purpose: "payment", Channel: "sms", To: "to", AttemptID: "x"}); err == nil {
		t.Error("a purpose that nobody knows")
	}
}

// Who asks for somebody else's contact must not be able to tell: the same is
// counted and kept as for a code that was sent, but nothing can be entered.
func TestMessageToATakenContactHoldsNoCode(t *testing.T) {
	t.Parallel()
	w, ctx := newCodeWorld(t), context.Background()
	for _, test := range []struct{ channel, lang string }{{"sms", "ru"}, {"sms", "en"}, {"email", "ru"}, {"email", "en"}} {
		r := CodeRequest{
			Guess: p1, Purpose: ForContact, Channel: test.channel, To: "owner", Application: "Propusk",
			AttemptID: test.channel + test.lang, Lang: test.lang, Taken: true,
		}
		sent, err := w.Send(ctx, r)
		must(t, err)
		m := w.box.last()
		if m.Code != "" || strings.ContainsAny(m.Text, "0123456789%") || m.To != "owner" {
			t.Errorf("%s: %+v", r.AttemptID, m)
		}
		if sent.ResendAfter != w.Resend {
			t.Errorf("%s: the next after %s", r.AttemptID, sent.ResendAfter)
		}
		if _, err := w.Send(ctx, r); !errors.Is(err, ErrTooSoon) {
			t.Errorf("at once again: %v", err)
		}
		if err := w.try(r.AttemptID, ""); !errors.Is(err, ErrWrong) {
			t.Errorf("%v", err)
		}
	}
}

// A recovery for a login that nobody has: nothing goes out, nothing fits, and
// the limits are the same.
func TestCodeToNobodyLooksLikeAnyOther(t *testing.T) {
	t.Parallel()
	w, ctx := newCodeWorld(t), context.Background()
	send := func(r CodeRequest) (times int) {
		for {
			sent, err := w.Send(ctx, r)
			if errors.Is(err, ErrTooSoon) {
				return times
			}
			must(t, err)
			if sent.ResendAfter <= 0 || !sent.ExpiresAt.Equal(w.clock.Now().Add(5*time.Minute)) {
				t.Fatalf("%+v", sent)
			}
			times++
			r.AttemptID += "+"
		}
	}
	known := CodeRequest{Guess: p1, Purpose: ForRecovery, Channel: "email", To: "maria@example.ru", AttemptID: "known"}
	nobody := CodeRequest{Guess: Guess{Login: "nobody@example.ru"}, Purpose: ForRecovery, Channel: "email", AttemptID: "nobody"}
	if a, b := send(known), send(nobody); a != 5 || b != 5 {
		t.Errorf("a stranger has %d codes sent to somebody, %d to nobody", a, b)
	}
	if len(w.box.sent) != 5 {
		t.Errorf("%d messages", len(w.box.sent))
	}
	if err := w.Verify(ctx, nobody.Guess, nobody.AttemptID, ""); !errors.Is(err, ErrWrong) {
		t.Error(err)
	}
	known.Device, known.AttemptID = "laptop", "own"
	if n := send(known); n != 5 {
		t.Errorf("the owner's own device has %d codes left", n)
	}
}

// A code for one purpose is tried against its own counter, and outside the
// sign-in never locks for good: a recovery must stay possible.
func TestRecoveryCodesBySMSPauseAndNeverLockForGood(t *testing.T) {
	t.Parallel()
	w, ctx := newCodeWorld(t), context.Background()
	for round := range 12 {
		r := CodeRequest{Guess: p1, Purpose: ForRecovery, Channel: "sms", To: "x", AttemptID: string(rune('a' + round))}
		_, err := w.Send(ctx, r)
		must(t, err)
		looked := 0
		for range 10 {
			if err := w.try(r.AttemptID, not(w.box.last().Code)); !errors.Is(err, ErrLocked) {
				looked++
			}
		}
		if looked != 3 {
			t.Fatalf("round %d: %d looked at", round, looked)
		}
		w.clock.Advance(24 * time.Hour)
	}
	if len(w.records.locks) != 0 {
		t.Errorf("%+v", w.records.locks)
	}
	must(t, w.try("signin", w.send(t, "signin")))
}

func TestCodeOfAnotherPersonDoesNotFit(t *testing.T) {
	t.Parallel()
	w := newCodeWorld(t)
	code := w.send(t, "a")
	if err := w.Verify(context.Background(), Guess{PersonID: "p2"}, "a", code); !errors.Is(err, ErrWrong) {
		t.Error(err)
	}
	must(t, w.Verify(context.Background(), Guess{PersonID: "p1", Device: "laptop"}, "a", code))
}

// A house without the channel says so, so that another factor is offered.
func TestChannelThatIsNotThere(t *testing.T) {
	t.Parallel()
	w := newCodeWorld(t)
	w.box.fail = outbox.ErrChannel
	_, err := w.Send(context.Background(), CodeRequest{Guess: p1, Channel: "sms", To: "x", AttemptID: "a"})
	if !errors.Is(err, ErrUnavailable) || !errors.Is(err, outbox.ErrChannel) {
		t.Error(err)
	}
}

// Whoever registers an application chooses its name.
func TestNameOfAnApplicationAddsNoLink(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Бухгалтерия":              "Бухгалтерия",
		"1С:Предприятие 8.3":       "1С:Предприятие 8.3",
		"A\r\nB\tC":                "A B C",
		"банк.рф":                  "банк рф",
		"see evil.example/x":       "see evil example/x",
		"https://evil.example/a//": "https:  evil example/a  ",
		"a.example.bb.example":     "a example bb example",
		strings.Repeat("я", 100):   strings.Repeat("я", 59) + "…",
	} {
		if got := nameOnly(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
