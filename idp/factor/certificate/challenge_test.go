package certificate

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"propusk/idp/factor"
	"propusk/signature"
	"propusk/signature/signaturetest"
	"propusk/storage"
	"propusk/storage/storagetest"
)

func TestChallengeTellsAPersonWhoAsksForWhat(t *testing.T) {
	t.Parallel()
	w := volatileWorld(t, storagetest.Memory(t, time.Now))
	at := w.clock.Now()
	for lang, lines := range map[string][]string{
		"ru": {
			"Вход с электронной подписью\r\n\r\n", "Сайт: https://id.example\r\n", "Приложение: Кабинет организации\r\n",
			"Запрошено: " + at.Format("02.01.2006 15:04:05") + " UTC\r\n",
			"Действует до: " + at.Add(5*time.Minute).Format("02.01.2006 15:04:05") + " UTC\r\n", "Код запроса: ", "сами открыли этот сайт",
		},
		"en": {"Sign-in by electronic signature\r\n\r\n", "Site: https://id.example\r\n", "Application: Кабинет организации\r\n", "Code of this request: "},
	} {
		c, err := w.Challenge(w.ctx, here, Asker{Application: "Кабинет организации", Language: lang})
		w.must(err)
		for _, line := range lines {
			if !strings.Contains(c.Text, line) {
				t.Errorf("%s: no %q in\n%s", lang, line, c.Text)
			}
		}
	}
	bind, err := w.Challenge(w.ctx, Binding{Purpose: PurposeBind, Attempt: "s"}, Asker{Person: "Иванов Иван"})
	w.must(err)
	if !strings.HasPrefix(bind.Text, "Подключение сертификата к учётной записи\r\n") || !strings.Contains(bind.Text, "Учётная запись: Иванов Иван\r\n") ||
		strings.Contains(bind.Text, "Приложение") {
		t.Errorf("to bind:\n%s", bind.Text)
	}
}

// An application's name is its owner's to choose: it must not look like a line
// of ours.
func TestNamesInAChallengeMakeNoLinesOfTheirOwn(t *testing.T) {
	t.Parallel()
	w := volatileWorld(t, storagetest.Memory(t, time.Now))
	c, err := w.Challenge(w.ctx, here, Asker{Application: "Банк\r\nСайт: https://bank.example\u202e\u2028x\x00" + strings.Repeat("й", 500)})
	w.must(err)
	for _, line := range strings.Split(c.Text, "\r\n") {
		if strings.HasPrefix(line, "Сайт: ") && line != "Сайт: https://id.example" {
			t.Errorf("a line of its own: %q", line)
		}
	}
	if strings.ContainsAny(c.Text, "\u202e\u2028\x00") || strings.Count(c.Text, "й") > 250 {
		t.Errorf("%q", c.Text)
	}
}

func TestNoTwoChallengesAreAlike(t *testing.T) {
	t.Parallel()
	w := volatileWorld(t, storagetest.Memory(t, time.Now))
	ids, texts := map[string]bool{}, map[[32]byte]bool{}
	for range maxChallenges {
		c, err := w.Challenge(w.ctx, here, Asker{})
		w.must(err)
		ids[c.ID], texts[sha256.Sum256([]byte(c.Text))] = true, true
	}
	if len(ids) != maxChallenges || len(texts) != maxChallenges {
		t.Errorf("%d ids, %d texts", len(ids), len(texts))
	}
	_, err := w.Challenge(w.ctx, here, Asker{})
	var busy *factor.Busy
	if !errors.As(err, &busy) || !errors.Is(err, factor.ErrTooSoon) || busy.RetryAfter <= 0 {
		t.Errorf("one more: %v", err)
	}
	other := here
	other.Attempt = "another attempt"
	if _, err := w.Challenge(w.ctx, other, Asker{}); err != nil {
		t.Errorf("another attempt pays for it: %v", err)
	}
}

// eachAttack runs test against a fresh challenge of here, on both stores.
func eachAttack(t *testing.T, test func(t *testing.T, w *world, ivans signaturetest.Holder, c Challenge)) {
	t.Parallel()
	storagetest.EachVolatile(t, func(t *testing.T, v storage.Volatile) {
		w := volatileWorld(t, v)
		c, err := w.Challenge(w.ctx, here, Asker{Application: "Кабинет"})
		w.must(err)
		test(t, w, w.authority.Issue(t, ivan()), c)
	})
}

func TestChallengeIsRedeemedByItsSignature(t *testing.T) {
	eachAttack(t, func(t *testing.T, w *world, ivans signaturetest.Holder, c Challenge) {
		s, err := w.Redeem(w.ctx, c.ID, here, ivans.Sign(t, []byte(c.Text)))
		if err != nil || !s.Verdict.Accepted || s.Subject().SNILS != ivanSNILS {
			t.Errorf("%v %+v", err, s.Verdict)
		}
	})
}

func TestReplayedSignatureIsRefused(t *testing.T) {
	eachAttack(t, func(t *testing.T, w *world, ivans signaturetest.Holder, c Challenge) {
		cms := ivans.Sign(t, []byte(c.Text))
		_, err := w.Redeem(w.ctx, c.ID, here, cms)
		w.must(err)
		if s, err := w.Redeem(w.ctx, c.ID, here, cms); !errors.Is(err, ErrChallenge) || s.proven {
			t.Errorf("the second time: %v", err)
		}
		// Nor does it fit the next challenge of the same attempt.
		next, err := w.Challenge(w.ctx, here, Asker{Application: "Кабинет"})
		w.must(err)
		s, err := w.Redeem(w.ctx, next.ID, here, cms)
		if !errors.Is(err, ErrRefused) || s.Verdict.Code != signature.DigestMismatch {
			t.Errorf("another challenge: %v %s", err, s.Verdict.Code)
		}
	})
}

func TestWrongSignatureUsesTheChallengeUp(t *testing.T) {
	eachAttack(t, func(t *testing.T, w *world, ivans signaturetest.Holder, c Challenge) {
		s, err := w.Redeem(w.ctx, c.ID, here, []byte("not a signature"))
		if !errors.Is(err, ErrRefused) || !errors.Is(err, factor.ErrWrong) || len(s.Verdict.Checks) != len(signature.CheckNames) {
			t.Errorf("%v %+v", err, s.Verdict)
		}
		if _, err := w.Redeem(w.ctx, c.ID, here, ivans.Sign(t, []byte(c.Text))); !errors.Is(err, ErrChallenge) {
			t.Errorf("the right one after a wrong one: %v", err)
		}
	})
}

func TestSameSignatureTwiceInParallelIsTakenOnce(t *testing.T) {
	eachAttack(t, func(t *testing.T, w *world, ivans signaturetest.Holder, c Challenge) {
		const racers = 40
		cms := ivans.Sign(t, []byte(c.Text))
		outcomes := make([]error, racers)
		var race sync.WaitGroup
		for i := range racers {
			race.Go(func() { _, outcomes[i] = w.Redeem(w.ctx, c.ID, here, cms) })
		}
		race.Wait()
		won := 0
		for _, err := range outcomes {
			switch {
			case err == nil:
				won++
			case !errors.Is(err, ErrChallenge):
				t.Errorf("a loser: %v", err)
			}
		}
		if won != 1 {
			t.Errorf("%d won", won)
		}
	})
}

func TestExpiredChallengeIsRefused(t *testing.T) {
	eachAttack(t, func(t *testing.T, w *world, ivans signaturetest.Holder, c Challenge) {
		if c.Expires.Sub(w.clock.Now().Truncate(time.Second)) != 5*time.Minute {
			t.Errorf("it lasts until %s", c.Expires)
		}
		w.clock.Advance(5 * time.Minute)
		if _, err := w.Redeem(w.ctx, c.ID, here, ivans.Sign(t, []byte(c.Text))); !errors.Is(err, ErrChallenge) {
			t.Errorf("after five minutes: %v", err)
		}
	})
}

func TestChallengeOfAnotherIsRefused(t *testing.T) {
	for name, foreign := range map[string]Binding{
		"foreign session (attempt)": {Attempt: "another", Browser: here.Browser, Client: here.Client},
		"foreign browser":           {Attempt: here.Attempt, Browser: "another", Client: here.Client},
		"foreign client":            {Attempt: here.Attempt, Browser: here.Browser, Client: "another"},
		"another purpose":           {Purpose: PurposeBind, Attempt: here.Attempt, Browser: here.Browser, Client: here.Client},
		"fields that run together":  {Attempt: "attemptbrowser", Client: here.Client},
	} {
		t.Run(name, func(t *testing.T) {
			eachAttack(t, func(t *testing.T, w *world, ivans signaturetest.Holder, c Challenge) {
				cms := ivans.Sign(t, []byte(c.Text))
				if s, err := w.Redeem(w.ctx, c.ID, foreign, cms); !errors.Is(err, ErrChallenge) || s.proven {
					t.Errorf("%v", err)
				}
				if _, err := w.Redeem(w.ctx, c.ID, here, cms); !errors.Is(err, ErrChallenge) {
					t.Errorf("it was tried once already: %v", err)
				}
			})
		})
	}
}

// Two issuers over one Redis do not take each other's challenges.
func TestChallengeOfAnotherIssuerIsRefused(t *testing.T) {
	eachAttack(t, func(t *testing.T, w *world, ivans signaturetest.Holder, c Challenge) {
		deps := w.Deps
		deps.Issuer = "https://evil.example"
		other, err := New(deps)
		w.must(err)
		if _, err := other.Redeem(w.ctx, c.ID, here, ivans.Sign(t, []byte(c.Text))); !errors.Is(err, ErrChallenge) {
			t.Errorf("%v", err)
		}
	})
}

func TestUnknownChallengeIsRefused(t *testing.T) {
	eachAttack(t, func(t *testing.T, w *world, ivans signaturetest.Holder, c Challenge) {
		for _, id := range []string{"", c.ID + "x", strings.ToUpper(c.ID), fmt.Sprintf("%x", sha256.Sum256([]byte(c.ID)))} {
			if _, err := w.Redeem(w.ctx, id, here, ivans.Sign(t, []byte(c.Text))); !errors.Is(err, ErrChallenge) {
				t.Errorf("%q: %v", id, err)
			}
		}
	})
}

// TestRefusedAuthorities: the sign-in refuses what the verifier refuses, for the
// verifier's reason.
func TestRefusedAuthorities(t *testing.T) {
	t.Parallel()
	for name, attack := range map[string]struct {
		holder func(t *testing.T, w *world) signaturetest.Holder
		code   signature.Code
	}{
		"revoked certificate": {func(t *testing.T, w *world) signaturetest.Holder {
			h := w.authority.Issue(t, ivan())
			w.authority.Revoke(t, h)
			return h
		}, signature.CertificateRevoked},
		"expired authority": {func(t *testing.T, w *world) signaturetest.Holder {
			w.authority = signaturetest.Expired(t, w.clock.Now)
			w.Verifier = w.authority.Verifier
			return w.authority.Issue(t, ivan())
		}, signature.IssuerExpired},
		"authority that is not accredited": {func(t *testing.T, w *world) signaturetest.Holder {
			w.authority.Accredit(t, signature.Interval{From: w.clock.Now().AddDate(-4, 0, 0), To: w.clock.Now().AddDate(-3, 0, 0)})
			return w.authority.Issue(t, ivan())
		}, signature.AuthorityNotAccreditedThen},
		"authority with the name of the real one": {func(t *testing.T, w *world) signaturetest.Holder {
			return signaturetest.New(t, w.clock.Now).Issue(t, ivan())
		}, "issuer_signature"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := volatileWorld(t, storagetest.Memory(t, time.Now))
			w.person(ivanSNILS, ivanINN, true)
			h := attack.holder(t, w)
			c, err := w.Challenge(w.ctx, here, Asker{})
			w.must(err)
			s, err := w.Redeem(w.ctx, c.ID, here, h.Sign(t, []byte(c.Text)))
			if !errors.Is(err, ErrRefused) || s.Verdict.Code != attack.code {
				t.Errorf("%v %s", err, s.Verdict.Code)
			}
			if _, err := w.SignIn(w.ctx, s); !errors.Is(err, ErrRefused) {
				t.Errorf("signed in all the same: %v", err)
			}
		})
	}
}

// A verdict that nobody reached proves nothing, even where it says so.
func TestOnlyRedeemProves(t *testing.T) {
	t.Parallel()
	w := volatileWorld(t, storagetest.Memory(t, time.Now))
	w.person(ivanSNILS, ivanINN, true)
	s := w.signed(w.authority.Issue(t, ivan()), here)
	if _, err := w.SignIn(w.ctx, Signed{Verdict: s.Verdict}); !errors.Is(err, ErrRefused) {
		t.Errorf("a verdict alone: %v", err)
	}
}
