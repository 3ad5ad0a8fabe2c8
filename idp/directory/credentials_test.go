package directory

import (
	"bytes"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"propusk/storage"
)

func TestPasswordHashIsKept(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person("p")
		for _, id := range []string{p.ID, "", "nobody"} {
			if _, _, err := w.PasswordHash(w.ctx, id); !errors.Is(err, storage.ErrNotFound) {
				t.Errorf("%q has a password: %v", id, err)
			}
		}
		mark := w.mark()
		w.must(w.SetPasswordHash(w.ctx, p.ID, "$one"))
		if w.mark() != mark {
			t.Error("the first password is no change")
		}
		set := storage.Of(w.clock.Now())
		w.clock.Advance(time.Hour)
		w.must(w.UpgradePasswordHash(w.ctx, p.ID, "$one", "$one-again"))
		hash, changed, err := w.PasswordHash(w.ctx, p.ID)
		if err != nil || hash != "$one-again" || changed != set {
			t.Errorf("an upgrade is no new password: %s, %v, %v", hash, changed, err)
		}
		w.must(w.UpgradePasswordHash(w.ctx, p.ID, "$one", "$stale"))
		w.must(w.SetPasswordHash(w.ctx, p.ID, "$two"))
		hash, changed, err = w.PasswordHash(w.ctx, p.ID)
		if err != nil || hash != "$two" || changed != storage.Of(w.clock.Now()) {
			t.Errorf("%s, %v, %v", hash, changed, err)
		}
		if got := w.messages(mark); len(got) != 1 || got[0] != p.Email+": Ваш пароль изменён" {
			t.Errorf("notices %q", got)
		}
		if e := w.lastEntry(""); e.Action != "password.set" || e.Object != p.ID {
			t.Errorf("%+v", e)
		}
		if err := w.SetPasswordHash(w.ctx, "nobody", "$x"); !errors.Is(err, storage.ErrNotFound) {
			t.Error(err)
		}
	})
}

func TestTOTPFromEnrolmentToRemoval(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p, first, second := w.person("p"), []byte("first secret of 20 b"), []byte("other secret of 20 b")
		if _, _, err := w.TOTP(w.ctx, p.ID); !errors.Is(err, storage.ErrNotFound) {
			t.Error(err)
		}
		if err := w.ConfirmTOTP(w.ctx, p.ID); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("nothing was confirmed: %v", err)
		}
		w.must(w.SetTOTP(w.ctx, p.ID, first))
		w.must(w.SetTOTP(w.ctx, p.ID, second))
		secret, confirmed, err := w.TOTP(w.ctx, p.ID)
		if err != nil || confirmed || !bytes.Equal(secret, second) {
			t.Errorf("%q, %v, %v", secret, confirmed, err)
		}
		var sealed []byte
		w.must(w.db.Get(w.ctx, &sealed, `SELECT sealed FROM totp WHERE person_id = $1`, p.ID))
		if bytes.Contains(sealed, second) {
			t.Error("the secret is stored in the clear")
		}
		mark := w.mark()
		w.must(w.ConfirmTOTP(w.ctx, p.ID))
		if err := w.ConfirmTOTP(w.ctx, p.ID); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("confirmed twice: %v", err)
		}
		// Who holds the password alone cannot replace the second factor.
		if err := w.SetTOTP(w.ctx, p.ID, first); !errors.Is(err, storage.ErrExists) {
			t.Errorf("a confirmed secret was replaced: %v", err)
		}
		if secret, confirmed, err := w.TOTP(w.ctx, p.ID); err != nil || !confirmed || !bytes.Equal(secret, second) {
			t.Errorf("%q, %v, %v", secret, confirmed, err)
		}
		if err := w.RemoveTOTP(w.ctx, Actor{PersonID: p.ID}, p.ID); !errors.Is(err, ErrForbidden) {
			t.Errorf("removed by himself: %v", err)
		}
		w.must(w.RemoveTOTP(w.ctx, System(), p.ID))
		if err := w.RemoveTOTP(w.ctx, System(), p.ID); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("removed twice: %v", err)
		}
		if got := w.messages(mark); len(got) != 2 || w.lastEntry("").Action != "totp.removed" {
			t.Errorf("notices %q", got)
		}
	})
}

// A sealed secret put into another person's row does not open there.
func TestTOTPSecretBelongsToItsPerson(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		a, b := w.person("a"), w.person("b")
		w.must(w.SetTOTP(w.ctx, a.ID, []byte("a's")))
		w.must(w.SetTOTP(w.ctx, b.ID, []byte("b's")))
		_, err := w.db.Exec(w.ctx, `UPDATE totp SET sealed = (SELECT sealed FROM totp WHERE person_id = $1) WHERE person_id = $2`, a.ID, b.ID)
		w.must(err)
		if _, _, err := w.TOTP(w.ctx, b.ID); !errors.Is(err, storage.ErrSeal) {
			t.Error(err)
		}
	})
}

func TestTOTPStepIsUsedOnceAndOnlyRises(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person("p")
		if err := w.UseTOTPStep(w.ctx, p.ID, 1); !errors.Is(err, storage.ErrUsed) {
			t.Errorf("without an authenticator: %v", err)
		}
		w.must(w.SetTOTP(w.ctx, p.ID, []byte("secret")))
		var won atomic.Int64
		var done sync.WaitGroup
		for range 40 {
			done.Go(func() {
				switch err := w.UseTOTPStep(w.ctx, p.ID, 100); {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, storage.ErrUsed):
					t.Error(err)
				}
			})
		}
		done.Wait()
		if won.Load() != 1 {
			t.Errorf("%d used the step", won.Load())
		}
		if err := w.UseTOTPStep(w.ctx, p.ID, 99); !errors.Is(err, storage.ErrUsed) {
			t.Errorf("a step before: %v", err)
		}
		w.must(w.UseTOTPStep(w.ctx, p.ID, 101))
	})
}
