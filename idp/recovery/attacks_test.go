package recovery

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"propusk/idp/browser"
	"propusk/idp/browser/browsertest"
	"propusk/idp/directory"
	"propusk/storage/journal"
)

// TestNobodyLearnsWhoExists: the pages for known, unknown, blocked, unproved and
// limited contacts are equal to the byte, by each way, before and after the job.
func TestNobodyLearnsWhoExists(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		known := w.person(asIs)
		w.organisation(known)
		blocked, unproved := w.person(asIs), w.person(func(n *directory.NewPerson) { n.EmailVerified, n.PhoneVerified = false, false })
		w.must(w.people.SetPersonStatus(w.ctx, directory.System(), blocked.ID, directory.StatusBlocked))
		contacts := map[string][2]string{
			"known": {known.Email, known.Phone}, "blocked": {blocked.Email, blocked.Phone},
			"unproved": {unproved.Email, unproved.Phone}, "unknown": {"nobody@nowhere.example", "+79990000000"},
		}
		pages := map[string][]string{}
		for name, c := range contacts {
			var seen []string
			look := func(got browsertest.Answer) { seen = append(seen, blurred(got, c[0], c[1])) }
			mail, phone, pin := w.visitor(), w.visitor(), w.visitor()
			look(mail.Post("/recovery", "contact", c[0]))
			look(mail.Get("/recovery/sent"))
			for v, path := range map[*browsertest.Visitor]string{phone: "/recovery", pin: "/recovery/pin"} {
				look(v.Post(path, "contact", c[1], "inn", map[string]string{"/recovery/pin": orgINN}[path]))
			}
			w.run()
			for _, v := range []*browsertest.Visitor{phone, pin} {
				look(v.Get("/recovery/code"))
				look(v.Post("/recovery/code", "code", "000000"))
				look(v.Post("/recovery/code/send"))
				look(v.Get("/recovery/step"))
			}
			look(mail.Get("/recovery/step"))
			slices.Sort(seen[2:4])
			pages[name] = seen
		}
		for name, seen := range pages {
			if !slices.Equal(seen, pages["unknown"]) {
				t.Errorf("%s is answered otherwise than unknown", name)
				for i := range seen {
					if seen[i] != pages["unknown"][i] {
						t.Logf("answer %d:\n%.300s\n%.300s", i, seen[i], pages["unknown"][i])
					}
				}
			}
		}
		if got := w.messages(blocked.Email); len(got) == 0 || !strings.Contains(got[0].Text, "заблокирована оператором") || w.linkTo(blocked.Email, "link") != "" {
			t.Errorf("the blocked person reads: %v", got)
		}
		if len(w.messages(unproved.Email)) != 0 || len(w.messages("nobody@nowhere.example")) != 0 {
			t.Error("somebody was written to who was not to be")
		}
		if w.counted("nobody") != 7 || w.counted("blocked") != 2 || w.counted("sent") != 3 {
			t.Errorf("counted: nobody %v, blocked %v, sent %v", w.counted("nobody"), w.counted("blocked"), w.counted("sent"))
		}
	})
}

// TestNobodyLearnsWhoExistsByTime: 300 recoveries of somebody take as long as
// 300 of nobody, by e-mail and by phone, while the jobs run.
func TestNobodyLearnsWhoExistsByTime(t *testing.T) {
	w := small(t, func(d *Deps) { d.Asks = browser.Limit{Failures: 100_000} })
	known := w.person(asIs)
	w.must(w.deps.Jobs.Start(w.ctx))
	t.Cleanup(func() { w.must(w.deps.Jobs.Stop(w.ctx)) })
	for way, contact := range map[string][2]string{
		"mailbox": {known.Email, "pavel9@orlov.example"}, "phone": {known.Phone, "+79217779999"},
	} {
		browsertest.Alike(t, "a "+way+" with and without an account", func() (a, b []time.Duration) {
			kinds := slices.Repeat([]int{0, 1}, 300)
			rand.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
			took := [2][]time.Duration{}
			for _, kind := range kinds {
				v := w.visitor()
				began := time.Now()
				got := v.Post("/recovery", "contact", contact[kind])
				took[kind] = append(took[kind], time.Since(began))
				if got.Status != http.StatusSeeOther {
					t.Fatalf("status %d", got.Status)
				}
			}
			return took[0], took[1]
		})
	}
}

// TestALinkWorksOnce, and a GET of it, as mail scanners send, spends nothing.
func TestALinkWorksOnce(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(asIs)
		w.visitor().Post("/recovery", "contact", p.Email)
		w.run()
		link := w.linkTo(p.Email, "link")
		for range 3 { // a scanner, with and without cookies
			scanner := w.visitor()
			scanner.Get(link).To(t, "/recovery/open")
			scanner.Get("/recovery/open").Is(t, http.StatusOK, "")
		}
		w.open(link)
		again := w.visitor()
		again.Get(link).To(t, "/recovery/open")
		again.Get("/recovery/open").Is(t, http.StatusGone, "Ссылка или код уже не действуют")
		again.Post("/recovery/open").Is(t, http.StatusGone, "")
		again.Get("/recovery/step").Is(t, http.StatusGone, "")
	})
}

// TestTwoWhoOpenALinkAtOnce: one gets it.
func TestTwoWhoOpenALinkAtOnce(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(asIs)
		w.visitor().Post("/recovery", "contact", p.Email)
		w.run()
		link := w.linkTo(p.Email, "link")
		var won int
		var mu sync.Mutex
		var all sync.WaitGroup
		for range 8 {
			v := w.visitor()
			v.Get(link)
			all.Go(func() {
				if v.Post("/recovery/open").Status == http.StatusSeeOther {
					mu.Lock()
					won++
					mu.Unlock()
				}
			})
		}
		all.Wait()
		if won != 1 {
			t.Errorf("%d of 8 opened one link", won)
		}
	})
}

// TestTheSecretOfALinkStaysOutOfAddresses: the page after it has none in its
// own, so that no Referer can carry it, and the answer before forbids one.
func TestTheSecretOfALinkStaysOutOfAddresses(t *testing.T) {
	t.Parallel()
	w := small(t, func(*Deps) {})
	p := w.person(asIs)
	w.visitor().Post("/recovery", "contact", p.Email)
	w.run()
	link := w.linkTo(p.Email, "link")
	secret := link[strings.LastIndex(link, "/")+1:]
	v := w.visitor()
	got := v.Get(link).To(t, "/recovery/open")
	if got.Header.Get("Referrer-Policy") != "no-referrer" || strings.Contains(got.Location, secret) {
		t.Errorf("Referrer-Policy %q, Location %q", got.Header.Get("Referrer-Policy"), got.Location)
	}
	for _, page := range []browsertest.Answer{v.Get("/recovery/open"), v.Follow(v.Post("/recovery/open"))} {
		if strings.Contains(page.Body, secret) || page.Header.Get("Referrer-Policy") != "same-origin" {
			t.Errorf("the page: Referrer-Policy %q: %s", page.Header.Get("Referrer-Policy"), page.Body)
		}
	}
	var stored string
	w.must(w.db.Get(w.ctx, &stored, `SELECT link_hash || holder_hash || cancel_hash FROM recoveries`))
	if strings.Contains(stored, secret) || len(secret) != 43 {
		t.Errorf("the secret of %d characters stands in the database", len(secret))
	}
}

func TestAnOldLinkIsDead(t *testing.T) {
	t.Parallel()
	w := small(t, func(*Deps) {})
	p := w.person(asIs)
	w.visitor().Post("/recovery", "contact", p.Email)
	w.run()
	link := w.linkTo(p.Email, "link")
	w.clock.Advance(30 * time.Minute)
	v := w.visitor()
	v.Get(link).To(t, "/recovery/open")
	v.Get("/recovery/open").Is(t, http.StatusGone, "")
	v.Post("/recovery/open").Is(t, http.StatusGone, "")
	for _, bad := range []string{"/recovery/link/x", "/recovery/link/" + strings.Repeat("A", 42), "/recovery/cancel/..%2f"} {
		w.visitor().Get(bad).Is(t, http.StatusGone, "")
	}
}

// TestTheStepsHaveTheirTime: a browser left open is no way in next day.
func TestTheStepsHaveTheirTime(t *testing.T) {
	t.Parallel()
	w := small(t, func(*Deps) {})
	v := w.proved(w.person(asIs))
	w.clock.Advance(15 * time.Minute)
	set(v, newPassword).Is(t, http.StatusGone, "")
	w.must(w.Wake(w.ctx))
	set(v, newPassword).Is(t, http.StatusGone, "")
}

// TestALinkOfAnotherPersonRecoversThatOne: the link decides whose recovery it is,
// whatever else this browser began or is signed in as.
func TestALinkOfAnotherPersonRecoversThatOne(t *testing.T) {
	t.Parallel()
	w := small(t, func(*Deps) {})
	victim, thief := w.person(asIs), w.person(asIs)
	v := w.visitor()
	v.Post("/recovery", "contact", victim.Phone).To(t, "/recovery/code") // the thief begins the victim's
	w.visitor().Post("/recovery", "contact", thief.Email)
	w.run()
	v.Get(w.linkTo(thief.Email, "link")) // and opens his own link in the same browser
	v.Post("/recovery/open").To(t, "/recovery/step")
	w.prove(thief, v)
	set(v, newPassword).Is(t, http.StatusOK, "")
	if !w.fits(victim, password) || !w.fits(thief, newPassword) {
		t.Error("another person's password was set")
	}
}

// TestAPoisonedHostDoesNotReachTheLink: links lead to the issuer.
func TestAPoisonedHostDoesNotReachTheLink(t *testing.T) {
	t.Parallel()
	w := small(t, func(*Deps) {})
	p := w.person(asIs)
	v := w.visitor()
	v.Host = "evil.example"
	v.Header.Set("X-Forwarded-Host", "evil.example")
	v.Header.Set("Forwarded", "host=evil.example")
	v.Post("/recovery", "contact", p.Email)
	w.run()
	if m := w.messages(p.Email)[0]; strings.Contains(m.Text, "evil") || !strings.Contains(m.Text, issuer+"/recovery/link/") {
		t.Errorf("the message: %s", m.Text)
	}
}

// TestRecoveryDoesNotShedTheSecondFactor: no way around the second proof, and
// what proved the first does not prove the second.
func TestRecoveryDoesNotShedTheSecondFactor(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(asIs)
		secret := w.authenticator(p)
		v := w.opened(p)
		set(v, newPassword).To(t, "/recovery/step")
		v.Post("/recovery/pin/new", "pin", "5829", "pin_again", "5829").To(t, "/recovery/step")
		v.Post("/recovery/second/send", "channel", "email").Is(t, http.StatusBadRequest, "")
		v.Post("/recovery/second", "kind", "email", "code", "000000").Is(t, http.StatusBadRequest, "")
		v.Post("/recovery/second", "kind", wayElsewhere, "code", "000000").Is(t, http.StatusBadRequest, "")
		v.Get("/recovery/step?by=email").Is(t, http.StatusOK, "Подтвердите, что это вы")
		set(v, newPassword).To(t, "/recovery/step")
		// The wait that says "lost" gives nothing now.
		v.Post("/recovery/wait").Is(t, http.StatusOK, "Восстановление начато")
		set(v, newPassword).Is(t, http.StatusGone, "")
		if !w.fits(p, password) {
			t.Fatal("the password was changed with one proof")
		}
		if _, confirmed, err := w.people.TOTP(w.ctx, p.ID); err != nil || !confirmed {
			t.Errorf("the authenticator: %v", err)
		}
		// A full recovery leaves the second factor where it is.
		v = w.opened(p)
		v.Post("/recovery/second", "kind", "totp", "code", w.totp(secret)).To(t, "/recovery/step")
		set(v, newPassword).Is(t, http.StatusOK, "")
		if _, confirmed, err := w.people.TOTP(w.ctx, p.ID); err != nil || !confirmed {
			t.Errorf("the authenticator after a full recovery: %v", err)
		}
	})
}

// TestWhoStillHasTheFactorStopsIt: a sign-in with a second factor while a
// recovery waits that says it is lost.
func TestWhoStillHasTheFactorStopsIt(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(asIs)
		w.opened(p).Post("/recovery/wait").Is(t, http.StatusOK, "")
		signedIn := func(factor, outcome string) {
			w.must(w.deps.Journal.Append(w.ctx, journal.Entry{Actor: p.ID, Action: "signin." + factor, Object: p.ID, Outcome: outcome}))
		}
		signedIn("password", "accepted")
		signedIn("totp", "wrong")
		w.clock.Advance(72*time.Hour - time.Minute)
		signedIn("totp", "accepted")
		w.clock.Advance(time.Minute)
		before := w.linkTo(p.Email, "link")
		w.must(w.Wake(w.ctx))
		if w.linkTo(p.Email, "link") != before || w.counted("woken") != 0 {
			t.Error("the link came all the same")
		}
		if got := w.actions("recovery."); !slices.Contains(got, "recovery.cancelled") {
			t.Errorf("journal: %v", got)
		}
		if !strings.Contains(w.messages(p.Email)[0].Subject, "остановлено") {
			t.Error("nobody was told")
		}
	})
}

// TestFailedSignInsDoNotHideTheOwners: whoever waits for the link can fail as
// often as he likes.
func TestFailedSignInsDoNotHideTheOwners(t *testing.T) {
	t.Parallel()
	w := small(t, func(*Deps) {})
	p := w.person(asIs)
	w.opened(p).Post("/recovery/wait").Is(t, http.StatusOK, "")
	w.must(w.db.Tx(w.ctx, func(ctx context.Context) error {
		w.must(w.deps.Journal.Append(ctx, journal.Entry{Actor: p.ID, Action: "signin.totp", Object: p.ID, Outcome: "accepted"}))
		for range 600 {
			w.must(w.deps.Journal.Append(ctx, journal.Entry{Actor: p.ID, Action: "signin.password", Object: p.ID, Outcome: "wrong"}))
		}
		return nil
	}))
	w.clock.Advance(72 * time.Hour)
	w.must(w.Wake(w.ctx))
	if w.counted("woken") != 0 {
		t.Error("the link came all the same")
	}
}

// TestASignInStopsALinkThatHasCome: the owner who comes back after the wait, and
// before the link is used, has not lost his factors either.
func TestASignInStopsALinkThatHasCome(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(asIs)
		w.opened(p).Post("/recovery/wait").Is(t, http.StatusOK, "")
		w.clock.Advance(72 * time.Hour)
		w.must(w.Wake(w.ctx))
		w.must(w.deps.Journal.Append(w.ctx, journal.Entry{Actor: p.ID, Action: "signin.totp", Object: p.ID, Outcome: "accepted"}))
		v := w.open(w.linkTo(p.Email, "link"))
		v.Get("/recovery/step").Is(t, http.StatusGone, "")
		set(v, newPassword).Is(t, http.StatusGone, "")
		if !w.fits(p, password) {
			t.Error("the password was changed")
		}
		if got := w.actions("recovery."); !slices.Contains(got, "recovery.cancelled") {
			t.Errorf("journal: %v", got)
		}
	})
}

// TestTheOwnerStopsAWaitingRecovery by the link in the notice; its GET stops
// nothing.
func TestTheOwnerStopsAWaitingRecovery(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(asIs)
		w.opened(p).Post("/recovery/wait").Is(t, http.StatusOK, "")
		owner := w.visitor()
		owner.Get(w.linkTo(p.Email, "cancel")).To(t, "/recovery/cancel")
		owner.Get("/recovery/cancel").Is(t, http.StatusOK, "Остановить восстановление?")
		owner.Post("/recovery/cancel").Is(t, http.StatusOK, "Восстановление остановлено")
		owner.Post("/recovery/cancel").Is(t, http.StatusGone, "")
		w.clock.Advance(100 * time.Hour)
		w.must(w.Wake(w.ctx))
		if w.counted("woken") != 0 {
			t.Error("a stopped recovery woke up")
		}
	})
}

// TestStoppingOneStopsThemAll: whoever begins many must not have the owner find
// each one's notice.
func TestStoppingOneStopsThemAll(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p, other := w.person(asIs), w.person(asIs)
		for _, who := range []directory.Person{p, p, other} {
			w.opened(who).Post("/recovery/wait").Is(t, http.StatusOK, "")
		}
		owner := w.visitor()
		owner.Get(w.linkTo(p.Email, "cancel")).To(t, "/recovery/cancel")
		owner.Post("/recovery/cancel").Is(t, http.StatusOK, "Восстановление остановлено")
		w.clock.Advance(72 * time.Hour)
		w.must(w.Wake(w.ctx))
		if w.counted("woken") != 1 {
			t.Errorf("%v woke up, of which one is another's", w.counted("woken"))
		}
	})
}

// TestTwoRecoveriesRace: of two that finish at once one sets its password.
func TestTwoRecoveriesRace(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(asIs)
		first := w.proved(p)
		w.clock.Advance(time.Minute) // the next SMS
		second := w.proved(p)
		answers := make(chan int, 2)
		for v, typed := range map[*browsertest.Visitor]string{first: newPassword, second: newPassword + "-2"} {
			go func() { answers <- set(v, typed).Status }()
		}
		got := []int{<-answers, <-answers}
		slices.Sort(got)
		if !slices.Equal(got, []int{http.StatusOK, http.StatusGone}) {
			t.Errorf("statuses %v, want one 200 and one 410", got)
		}
		if len(w.grants.people) != 1 && w.db.Engine() == "sqlite" {
			t.Errorf("grants ended %d times", len(w.grants.people))
		}
	})
}

// TestARecoveryEndsTheOthers: a link that a thief asked for before is dead once
// the owner is back in.
func TestARecoveryEndsTheOthers(t *testing.T) {
	t.Parallel()
	w := small(t, func(*Deps) {})
	p := w.person(asIs)
	w.visitor().Post("/recovery", "contact", p.Email)
	w.run()
	stale := w.linkTo(p.Email, "link")
	open := w.opened(p)
	w.clock.Advance(time.Minute)
	set(w.proved(p), newPassword).Is(t, http.StatusOK, "")
	open.Get("/recovery/step").Is(t, http.StatusGone, "")
	v := w.visitor()
	v.Get(stale)
	v.Post("/recovery/open").Is(t, http.StatusGone, "")
}

// TestWhoAskedDoesNotSeeTheOwnerComeBack: the pages of somebody who asked for
// another's recovery are those of nobody's, also after the owner has used the
// link or come back by another one.
func TestWhoAskedDoesNotSeeTheOwnerComeBack(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(asIs)
		byMail, byPhone, forNobody := w.visitor(), w.visitor(), w.visitor()
		byMail.Post("/recovery", "contact", p.Email)
		byPhone.Post("/recovery", "contact", p.Phone)
		forNobody.Post("/recovery", "contact", "+79990000000")
		w.run()
		code := w.code(p.Phone)
		look := func(v *browsertest.Visitor, path string) string { return blurred(v.Get(path)) }
		mail, step := look(byMail, "/recovery/step"), look(forNobody, "/recovery/step")
		set(w.prove(p, w.open(w.linkTo(p.Email, "link"))), newPassword).Is(t, http.StatusOK, "")
		if look(byMail, "/recovery/step") != mail {
			t.Error("who asked for the link sees that it was used")
		}
		if look(byPhone, "/recovery/step") != step || look(byPhone, "/recovery/code") != look(forNobody, "/recovery/code") {
			t.Error("who asked for the code sees that the owner is back")
		}
		byPhone.Post("/recovery/code", "code", code).Is(t, http.StatusGone, "") // who holds the phone may know
		if w.fits(p, password) {
			t.Error("the password is the old one")
		}
	})
}

// TestABlockedPersonIsNotLetIn, wherever in the recovery the block comes.
func TestABlockedPersonIsNotLetIn(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(asIs)
		w.visitor().Post("/recovery", "contact", p.Email)
		w.run()
		link, v := w.linkTo(p.Email, "link"), w.proved(p)
		w.must(w.people.SetPersonStatus(w.ctx, directory.System(), p.ID, directory.StatusBlocked))
		v.Get("/recovery/step").Is(t, http.StatusGone, "")
		set(v, newPassword).Is(t, http.StatusGone, "")
		late := w.visitor()
		late.Get(link)
		late.Follow(late.Post("/recovery/open")).Is(t, http.StatusGone, "")
		if !w.fits(p, password) {
			t.Error("the password of a blocked person was changed")
		}
	})
}

// TestFloodOfAsks: an address is stopped, a person is not buried, and a stranger
// cannot use up what the owner may ask for.
func TestFloodOfAsks(t *testing.T) {
	t.Parallel()
	w := small(t, func(d *Deps) { d.PerDay = 8; d.Asks = browser.Limit{Failures: 6, Window: time.Minute} })
	p := w.person(asIs)
	stranger := w.visitor()
	for range 6 {
		stranger.Post("/recovery", "contact", p.Email).To(t, "/recovery/sent")
	}
	stranger.Post("/recovery", "contact", p.Email).Is(t, http.StatusTooManyRequests, "")
	w.run()
	if got := len(w.messages(p.Email)); got != 3 {
		t.Errorf("a stranger had %d messages sent, want 3", got)
	}
	owner := w.visitor()
	owner.Address = "198.51.100.1"
	owner.Post("/recovery", "contact", p.Email)
	w.run()
	if got := len(w.messages(p.Email)); got != 4 {
		t.Errorf("%d messages: the owner's ask was not heard", got)
	}
	for i := range 12 {
		v := w.visitor()
		v.Address = fmt.Sprintf("203.0.113.%d", i)
		v.Post("/recovery", "contact", p.Email)
	}
	w.run()
	if got := len(w.messages(p.Email)); got != 8 {
		t.Errorf("%d messages in a day, want 8", got)
	}
	if w.counted("limited") != 11 {
		t.Errorf("limited is counted %v times", w.counted("limited"))
	}
}

// TestGuessedCodesArePaused, for this recovery alone.
func TestGuessedCodesArePaused(t *testing.T) {
	t.Parallel()
	w := small(t, func(*Deps) {})
	p := w.person(asIs)
	v, owner := w.visitor(), w.visitor()
	v.Post("/recovery", "contact", p.Phone)
	w.run()
	stolen := w.code(p.Phone)
	for range 5 {
		v.Post("/recovery/code", "code", "000000").Is(t, http.StatusUnprocessableEntity, "").Says(t, "Код не подходит")
	}
	v.Post("/recovery/code", "code", stolen).Is(t, http.StatusUnprocessableEntity, "")
	owner.Address = "198.51.100.1"
	owner.Post("/recovery", "contact", p.Phone)
	w.run()
	owner.Post("/recovery/code", "code", stolen).Is(t, http.StatusUnprocessableEntity, "")
	owner.Post("/recovery/code", "code", w.code(p.Phone)).To(t, "/recovery/step")
}

// TestAnotherCodeOfTheSecondProofWaits and a wrong channel is refused.
func TestAnotherCodeOfTheSecondProofWaits(t *testing.T) {
	t.Parallel()
	w := small(t, func(*Deps) {})
	p := w.person(asIs)
	v := w.opened(p)
	v.Post("/recovery/second/send", "channel", "sms").To(t, "/recovery/step?by=sms")
	got := v.Post("/recovery/second/send", "channel", "sms").Is(t, http.StatusTooManyRequests, "")
	if got.Header.Get("Retry-After") != "60" {
		t.Errorf("Retry-After %q", got.Header.Get("Retry-After"))
	}
	phone := w.visitor()
	phone.Post("/recovery", "contact", p.Phone)
	w.run()
	phone.Post("/recovery/code/send").Is(t, http.StatusTooManyRequests, "")
	w.clock.Advance(time.Minute)
	phone.Post("/recovery/code/send").To(t, "/recovery/code")
	w.run()
	phone.Post("/recovery/code", "code", w.code(p.Phone)).To(t, "/recovery/step")
}

// TestAnotherSiteCannotActHere: forms of other sites are refused.
func TestAnotherSiteCannotActHere(t *testing.T) {
	t.Parallel()
	w := small(t, func(*Deps) {})
	v := w.proved(w.person(asIs))
	v.Header.Set("Sec-Fetch-Site", "cross-site")
	for _, path := range []string{"/recovery", "/recovery/open", "/recovery/wait", "/recovery/password", "/recovery/cancel"} {
		v.Post(path, "password", newPassword, "password_again", newPassword).Is(t, http.StatusForbidden, "")
	}
}

// TestAnOperatorsFactorsAreNotRecoveredAway: whoever holds an operator's mailbox, and says
// that the rest is lost, would be an operator after three days. With another factor he
// comes back in, and keeps what opens the console.
func TestAnOperatorsFactorsAreNotRecoveredAway(t *testing.T) {
	t.Parallel()
	w := small(t, func(*Deps) {})
	p := w.person(asIs)
	secret := w.authenticator(p)
	w.must(w.people.AppointOperator(w.ctx, directory.System(), p.ID, directory.OperatorSecurity))
	v := w.opened(p)
	if refused := v.Post("/recovery/wait"); refused.Status != http.StatusForbidden || !strings.Contains(refused.Body, "Вы оператор службы") {
		t.Errorf("%d: %s", refused.Status, refused.Body)
	}
	w.clock.Advance(72 * time.Hour)
	w.must(w.Wake(w.ctx))
	if w.counted("waiting")+w.counted("woken") != 0 || slices.Contains(w.actions("recovery."), "recovery.waiting") {
		t.Errorf("it waits: %v", w.actions("recovery."))
	}
	v = w.opened(p)
	v.Post("/recovery/second", "kind", "totp", "code", w.totp(secret)).To(t, "/recovery/step")
	set(v, newPassword).Is(t, http.StatusOK, "")

	// Who has nothing but the mailbox is no exception.
	alone := w.person(mailboxOnly)
	w.must(w.people.AppointOperator(w.ctx, directory.System(), alone.ID))
	w.opened(alone).Post("/recovery/wait").Is(t, http.StatusGone, "")

	// Nor those of who is appointed while his recovery waits.
	q := w.person(asIs)
	w.authenticator(q)
	w.opened(q).Post("/recovery/wait").Is(t, http.StatusOK, "")
	w.clock.Advance(72 * time.Hour)
	w.must(w.Wake(w.ctx))
	v = w.open(w.linkTo(q.Email, "link"))
	w.must(w.people.AppointOperator(w.ctx, directory.System(), q.ID))
	set(v, newPassword).Is(t, http.StatusGone, "")
	if _, confirmed, err := w.people.TOTP(w.ctx, q.ID); err != nil || !confirmed || !w.fits(q, password) {
		t.Errorf("the authenticator: %v %v", confirmed, err)
	}
}
