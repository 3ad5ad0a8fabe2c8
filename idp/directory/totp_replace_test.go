package directory

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"propusk/storage"
)

func TestReplacedAuthenticatorNoLongerWorks(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person("owner")
		mark := w.mark()
		w.must(w.ReplaceTOTP(w.ctx, p.ID, []byte("first"), 7))
		w.must(w.ReplaceTOTP(w.ctx, p.ID, []byte("second"), 9))
		secret, confirmed, err := w.TOTP(w.ctx, p.ID)
		if err != nil || !confirmed || !bytes.Equal(secret, []byte("second")) {
			t.Errorf("%q, %v, %v", secret, confirmed, err)
		}
		if err := w.UseTOTPStep(w.ctx, p.ID, 9); !errors.Is(err, storage.ErrUsed) {
			t.Errorf("the step of the confirmation once more: %v", err)
		}
		w.must(w.DisconnectTOTP(w.ctx, p.ID))
		if err := w.DisconnectTOTP(w.ctx, p.ID); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("disconnected twice: %v", err)
		}
		want := []string{
			p.Email + ": Подключено приложение-генератор кодов", p.Email + ": Приложение-генератор кодов заменено",
			p.Email + ": Приложение-генератор кодов отключено",
		}
		slices.Sort(want)
		if got := w.messages(mark); !slices.Equal(got, want) {
			t.Errorf("told %q", got)
		}
	})
}

// An enrolment that somebody began at a sign-in and left is no authenticator to
// be disconnected, and does not stand in the way of one.
func TestUnconfirmedAuthenticatorIsNone(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person("owner")
		w.must(w.SetTOTP(w.ctx, p.ID, []byte("left")))
		if err := w.DisconnectTOTP(w.ctx, p.ID); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("disconnected: %v", err)
		}
		w.must(w.ReplaceTOTP(w.ctx, p.ID, []byte("new"), 1))
		if secret, confirmed, err := w.TOTP(w.ctx, p.ID); err != nil || !confirmed || string(secret) != "new" {
			t.Errorf("%q, %v, %v", secret, confirmed, err)
		}
		if e := w.lastEntry(""); e.Action != "totp.confirmed" {
			t.Errorf("journal %s", e.Action)
		}
	})
}
