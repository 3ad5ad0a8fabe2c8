package certificate

import (
	"errors"
	"sync"
	"testing"
	"time"

	"propusk/idp/factor"
	"propusk/signature"
	"propusk/signature/signaturetest"
	"propusk/storage"
	"propusk/storage/storagetest"
)

// eachTicket runs test on both stores with a ticket of here.
func eachTicket(t *testing.T, test func(t *testing.T, w *world, ivans signaturetest.Holder, ticket string)) {
	t.Parallel()
	storagetest.EachVolatile(t, func(t *testing.T, v storage.Volatile) {
		w := volatileWorld(t, v)
		ticket, err := w.Ticket(w.ctx, here)
		w.must(err)
		test(t, w, w.authority.Issue(t, ivan()), ticket)
	})
}

// present is the other host's part of an honest visit.
func (w *world) present(ticket string, h signaturetest.Holder) string {
	w.t.Helper()
	code, err := w.Present(w.ctx, ticket, [][]byte{h.Certificate.Raw})
	w.must(err)
	return code
}

func TestSignInByTLSCertificate(t *testing.T) {
	eachTicket(t, func(t *testing.T, w *world, ivans signaturetest.Holder, ticket string) {
		p := w.person(ivanSNILS, ivanINN, true)
		s, err := w.Claim(w.ctx, w.present(ticket, ivans), here)
		w.must(err)
		entry, err := w.SignIn(w.ctx, s)
		if err != nil || entry.Person.ID != p.ID || !entry.Bound || entry.Certificate.Fingerprint != fingerprint(ivans) {
			t.Errorf("%+v %v", entry, err)
		}
	})
}

// The attacker begins, lures a victim to the other host with the ticket, and the
// victim's browser comes back with the code. Neither of the two can spend it:
// the victim's browser does not own the attempt, and the attacker never sees
// the code; the ticket, which he knows, is no code.
func TestLuredVictimsCertificateDoesNotFinishTheAttackersSignIn(t *testing.T) {
	eachTicket(t, func(t *testing.T, w *world, victims signaturetest.Holder, ticket string) {
		code := w.present(ticket, victims)
		victim := Binding{Attempt: here.Attempt, Browser: "the victim's", Client: here.Client}
		if _, err := w.Claim(w.ctx, ticket, here); !errors.Is(err, ErrChallenge) {
			t.Errorf("the attacker with the ticket: %v", err)
		}
		if s, err := w.Claim(w.ctx, code, victim); !errors.Is(err, ErrChallenge) || s.proven {
			t.Errorf("the victim's browser: %v", err)
		}
		if _, err := w.Claim(w.ctx, code, here); !errors.Is(err, ErrChallenge) {
			t.Errorf("the code was spent by the victim's visit: %v", err)
		}
	})
}

func TestTicketAndCodeAreUsedOnce(t *testing.T) {
	eachTicket(t, func(t *testing.T, w *world, ivans signaturetest.Holder, ticket string) {
		code := w.present(ticket, ivans)
		if _, err := w.Present(w.ctx, ticket, [][]byte{ivans.Certificate.Raw}); !errors.Is(err, ErrChallenge) {
			t.Errorf("the ticket again: %v", err)
		}
		outcomes := make([]error, 20)
		var race sync.WaitGroup
		for i := range outcomes {
			race.Go(func() { _, outcomes[i] = w.Claim(w.ctx, code, here) })
		}
		race.Wait()
		won := 0
		for _, err := range outcomes {
			if err == nil {
				won++
			}
		}
		if won != 1 {
			t.Errorf("%d claimed it", won)
		}
	})
}

func TestCodeOfAnotherPurposeOrAttemptIsRefused(t *testing.T) {
	for name, foreign := range map[string]Binding{
		"attempt": {Attempt: "another", Browser: here.Browser, Client: here.Client},
		"client":  {Attempt: here.Attempt, Browser: here.Browser, Client: "another"},
		"purpose": {Purpose: PurposeBind, Attempt: here.Attempt, Browser: here.Browser, Client: here.Client},
	} {
		t.Run(name, func(t *testing.T) {
			eachTicket(t, func(t *testing.T, w *world, ivans signaturetest.Holder, ticket string) {
				if _, err := w.Claim(w.ctx, w.present(ticket, ivans), foreign); !errors.Is(err, ErrChallenge) {
					t.Errorf("%v", err)
				}
			})
		})
	}
}

func TestRefusedTLSCertificateIsToldWithItsChecks(t *testing.T) {
	eachTicket(t, func(t *testing.T, w *world, ivans signaturetest.Holder, ticket string) {
		w.authority.Revoke(t, ivans)
		s, err := w.Claim(w.ctx, w.present(ticket, ivans), here)
		if !errors.Is(err, ErrRefused) || s.Verdict.Code != signature.CertificateRevoked || s.proven {
			t.Errorf("%v %s", err, s.Verdict.Code)
		}
	})
}

func TestBrowserWithoutACertificateIsToldSo(t *testing.T) {
	eachTicket(t, func(t *testing.T, w *world, _ signaturetest.Holder, ticket string) {
		code, err := w.Present(w.ctx, ticket, nil)
		w.must(err)
		if _, err := w.Claim(w.ctx, code, here); !errors.Is(err, ErrNoCertificate) || !errors.Is(err, factor.ErrWrong) {
			t.Errorf("%v", err)
		}
	})
}

func TestTicketAndCodeExpire(t *testing.T) {
	t.Parallel()
	clock := storagetest.NewClock()
	w := newWorld(t, storagetest.SQLite(t), storagetest.Memory(t, clock.Now), clock)
	ivans := w.authority.Issue(t, ivan())
	ticket, err := w.Ticket(w.ctx, here)
	w.must(err)
	clock.Advance(5 * time.Minute)
	if _, err := w.Present(w.ctx, ticket, [][]byte{ivans.Certificate.Raw}); !errors.Is(err, ErrChallenge) {
		t.Errorf("the ticket: %v", err)
	}
	if ticket, err = w.Ticket(w.ctx, here); err != nil {
		t.Fatal(err)
	}
	code := w.present(ticket, ivans)
	clock.Advance(5 * time.Minute)
	if _, err := w.Claim(w.ctx, code, here); !errors.Is(err, ErrChallenge) {
		t.Errorf("the code: %v", err)
	}
}

// A judge that is busy costs no ticket.
func TestTicketSurvivesABusyJudge(t *testing.T) {
	eachTicket(t, func(t *testing.T, w *world, ivans signaturetest.Holder, ticket string) {
		judge := w.Judge
		w.Judge = failing{signature.ErrBusy}
		if _, err := w.Present(w.ctx, ticket, [][]byte{ivans.Certificate.Raw}); !errors.Is(err, factor.ErrBusy) {
			t.Errorf("busy: %v", err)
		}
		w.Judge = judge
		w.present(ticket, ivans)
	})
}
