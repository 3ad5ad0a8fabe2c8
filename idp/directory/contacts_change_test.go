package directory

import (
	"errors"
	"slices"
	"testing"
	"time"

	"propusk/storage"
)

func TestContactTypedIsBroughtToItsForm(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ channel, typed, want, code string }{
		{ChannelEmail, " Elena@Mayak.RU ", "elena@mayak.ru", ""},
		{ChannelSMS, "8 (916) 123-45-67", "+79161234567", ""},
		{ChannelEmail, "  ", "", "required"},
		{ChannelSMS, "elena@mayak.ru", "", "invalid"},
		{ChannelEmail, "elena", "", "invalid"},
	} {
		got, err := NormaliseContact(test.channel, test.typed)
		var fault *FieldError
		if got != test.want || (err != nil) != (test.code != "") || errors.As(err, &fault) && fault.Code != test.code {
			t.Errorf("%s %q: %q, %v", test.channel, test.typed, got, err)
		}
	}
}

func TestChangedContactIsToldOnTheOldChannelsAndTheNewOne(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person("before")
		mark := w.mark()
		w.must(w.ChangeContact(w.ctx, p.ID, ChannelSMS, "", "+79160000001"))
		w.must(w.ChangeContact(w.ctx, p.ID, ChannelEmail, p.Email, "after@example.ru"))
		changed, err := w.Person(w.ctx, p.ID)
		w.must(err)
		if changed.Email != "after@example.ru" || !changed.EmailVerified || changed.Phone != "+79160000001" || !changed.PhoneVerified {
			t.Errorf("%+v", changed)
		}
		var to []string
		for _, m := range w.since(mark) {
			to = append(to, m.Channel+" "+m.To+" "+m.Subject)
		}
		slices.Sort(to)
		want := []string{
			"email " + p.Email + " Адрес почты вашей учётной записи изменён",
			"email " + p.Email + " Номер телефона вашей учётной записи изменён",
			"email after@example.ru Адрес почты вашей учётной записи изменён",
			"sms +79160000001 ", "sms +79160000001 ",
		}
		slices.Sort(want)
		if !slices.Equal(to, want) {
			t.Errorf("told %q\nwant %q", to, want)
		}
		if e := w.lastEntry(""); e.Action != "person.contact_changed" || e.Actor != p.ID || e.Details["channel"] != "email" || len(e.Details) != 1 {
			t.Errorf("journal %+v", e)
		}
	})
}

func TestContactIsNotChangedFromAnotherThanThePresentOne(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p, other := w.person("one"), w.person("other")
		mark := w.mark()
		for name, test := range map[string]struct {
			channel, from, to string
			want              error
		}{
			"another present one": {ChannelEmail, "stale@example.ru", "new@example.ru", storage.ErrNotFound},
			"somebody else's":     {ChannelEmail, p.Email, other.Email, storage.ErrExists},
		} {
			if err := w.ChangeContact(w.ctx, p.ID, test.channel, test.from, test.to); !errors.Is(err, test.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := w.ChangeContact(w.ctx, p.ID, "fax", "", "1"); err == nil {
			t.Error("an unknown channel was changed")
		}
		if err := w.ChangeContact(w.ctx, "nobody", ChannelEmail, "", "x@example.ru"); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("nobody: %v", err)
		}
		if kept, _ := w.Person(w.ctx, p.ID); kept != p || w.mark() != mark {
			t.Errorf("something came of a refusal: %+v", kept)
		}
	})
}

func TestContactOfAnotherIsTaken(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p, owner := w.person("one"), w.person("owner")
		w.must(w.ChangeContact(w.ctx, owner.ID, ChannelSMS, "", "+79160000002"))
		for _, test := range []struct {
			channel, value string
			want           bool
		}{
			{ChannelEmail, "free@example.ru", false}, {ChannelEmail, p.Email, false}, {ChannelEmail, owner.Email, true},
			{ChannelSMS, "+79160000002", true}, {ChannelSMS, "+79160000003", false},
		} {
			if taken, err := w.ContactTaken(w.ctx, p.ID, test.channel, test.value); err != nil || taken != test.want {
				t.Errorf("%s: %v, %v", test.value, taken, err)
			}
		}
	})
}

func TestLocaleIsOneThatWeSpeak(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person("speaker")
		w.must(w.SetLocale(w.ctx, p.ID, "en"))
		if p, _ = w.Person(w.ctx, p.ID); p.Locale != "en" {
			t.Errorf("%+v", p)
		}
		var fault *FieldError
		if err := w.SetLocale(w.ctx, p.ID, "de"); !errors.As(err, &fault) || fault.Field != "locale" {
			t.Errorf("German: %v", err)
		}
		if err := w.SetLocale(w.ctx, "nobody", "ru"); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("nobody: %v", err)
		}
	})
}

// Whoever reads the mailbox of before must not come in by what was sent there.
func TestChangedContactEndsTheRecoveriesUnderWay(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p, other := w.person("before"), w.person("other")
		sent := func(p Person) Recovery {
			r, err := w.AskRecovery(w.ctx, RecoveryRequest{Kind: RecoverPassword, Email: p.Email}, "", w.time().Add(time.Hour))
			w.must(err)
			w.must(w.SendRecovery(w.ctx, r.ID, Recovering{Person: p}))
			return r
		}
		mine, theirs := sent(p), sent(other)
		w.must(w.ChangeContact(w.ctx, p.ID, ChannelEmail, p.Email, "after.recovery@example.ru"))
		if r, err := w.RecoveryByID(w.ctx, mine.ID); err != nil || r.State != RecoveryCancelled || r.EndedAt == 0 {
			t.Errorf("the person's: %+v, %v", r, err)
		}
		if r, err := w.RecoveryByID(w.ctx, theirs.ID); err != nil || r.State != RecoverySent {
			t.Errorf("another's: %+v, %v", r, err)
		}
	})
}
