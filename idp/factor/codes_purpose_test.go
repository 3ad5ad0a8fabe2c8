package factor

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestCodeMessageSaysWhatTheCodeIsFor(t *testing.T) {
	t.Parallel()
	w, ctx := newCodeWorld(t), context.Background()
	_, err := w.SendFor(ctx, ForContact, "email", "p1", "to", "Пропуск", "a1", "ru")
	must(t, err)
	m := w.box.last()
	if m.Subject != "Код для смены контакта" || !strings.Contains(m.Text, "Код для смены контакта в «Пропуск»: "+m.Code) {
		t.Errorf("%+v", m)
	}
	must(t, w.try("a1", m.Code))
	if _, err := w.SendFor(ctx, "payment", "sms", "p1", "to", "Пропуск", "a2", "ru"); err == nil {
		t.Error("a purpose that nobody knows")
	}
}

// Who asks for somebody else's contact must not be able to tell: the same is
// counted and kept as for a code that was sent, but nothing can be entered.
func TestMessageToATakenContactHoldsNoCode(t *testing.T) {
	t.Parallel()
	w, ctx := newCodeWorld(t), context.Background()
	for _, test := range []struct{ channel, lang string }{{"sms", "ru"}, {"sms", "en"}, {"email", "ru"}, {"email", "en"}} {
		attempt := test.channel + test.lang
		sent, err := w.SendFor(ctx, ForTaken, test.channel, "p1", "owner", "Propusk", attempt, test.lang)
		must(t, err)
		m := w.box.last()
		if m.Code != "" || strings.ContainsAny(m.Text, "0123456789%") || m.To != "owner" {
			t.Errorf("%s: %+v", attempt, m)
		}
		if sent.ResendAfter != w.Resend {
			t.Errorf("%s: the next after %s", attempt, sent.ResendAfter)
		}
	}
	if _, err := w.SendFor(ctx, ForTaken, "sms", "p1", "owner", "Propusk", "smsru", "ru"); !errors.Is(err, ErrTooSoon) {
		t.Errorf("at once again: %v", err)
	}
	if err := w.try("smsru", "000000"); !errors.Is(err, ErrWrong) {
		t.Errorf("%v", err)
	}
}
