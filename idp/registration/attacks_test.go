package registration

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/idp/browser"
	"propusk/idp/browser/browsertest"
	"propusk/idp/directory"
)

// Whoever registers with contacts or a СНИЛС of others must not learn that they
// have accounts, and must not get into their way.

// TestAnAccountIsNotRevealed: the pages for contacts and numbers of others are
// those for anybody's, to the byte; only the holder of the contact is told.
func TestAnAccountIsNotRevealed(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		known := w.person()
		pages := map[string][]string{}
		for name, change := range map[string]func(a *directory.Applicant){
			"new":               func(*directory.Applicant) {},
			"another's e-mail":  func(a *directory.Applicant) { a.Email = known.Email },
			"another's phone":   func(a *directory.Applicant) { a.Phone = known.Phone },
			"another's СНИЛС":   func(a *directory.Applicant) { a.SNILS = known.SNILS },
			"another's contact": func(a *directory.Applicant) { a.Email, a.Phone = known.Email, known.Phone },
		} {
			a := w.somebody()
			change(&a)
			v := w.visitor()
			var seen []string
			look := func(got browsertest.Answer) { seen = append(seen, blurred(got, a.Email, shown(a.Phone))) }
			look(v.Post("/registration", fields(a)...))
			look(v.Get("/registration/confirm"))
			w.run()
			look(v.Get("/registration/confirm"))
			look(v.Post("/registration/confirm", "email_code", "000000", "sms_code", "000000"))
			look(v.Post("/registration/confirm/send", "channel", "email"))
			pages[name] = seen
		}
		for name, seen := range pages {
			if !slices.Equal(seen, pages["new"]) {
				t.Errorf("%s is answered otherwise:\n%s\n%s", name, seen, pages["new"])
			}
		}
		if m := w.newest(known.Email); m.Code != "" || !strings.Contains(m.Text, "учётная запись с ним уже есть") {
			t.Errorf("the holder of the mailbox reads: %q %q", m.Code, m.Text)
		}
		if m := w.newest(known.Phone); m.Code != "" || !strings.Contains(m.Text, "учётная запись с ним уже есть") {
			t.Errorf("the holder of the phone reads: %q %q", m.Code, m.Text)
		}
		if w.counted("known") != 4 {
			t.Errorf("known is counted %v times", w.counted("known"))
		}
	})
}

// shown is how pages write a Russian phone.
func shown(phone string) string {
	return fmt.Sprintf("%s %s %s-%s-%s", phone[:2], phone[2:5], phone[5:8], phone[8:10], phone[10:])
}

// TestAnAccountIsNotRevealedByTime: 300 registrations with contacts that have an
// account take as long as 300 that have none, while the jobs run.
func TestAnAccountIsNotRevealedByTime(t *testing.T) {
	w := small(t, func(d *Deps) { d.Asks = browser.Limit{Failures: 10_000} })
	known := w.person()
	w.must(w.deps.Jobs.Start(w.ctx))
	t.Cleanup(func() { w.must(w.deps.Jobs.Stop(w.ctx)) })
	const trials = 300
	browsertest.Alike(t, "contacts with and without an account", func() (a, b []time.Duration) {
		kinds := slices.Repeat([]bool{true, false}, trials)
		rand.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
		took := map[bool][]time.Duration{}
		for _, isKnown := range kinds {
			a := w.somebody()
			if isKnown {
				a.Email, a.Phone = known.Email, known.Phone
			}
			v := w.visitor()
			form := fields(a)
			began := time.Now()
			got := v.Post("/registration", form...)
			took[isKnown] = append(took[isKnown], time.Since(began))
			got.To(t, "/registration/confirm")
		}
		return took[true], took[false]
	})
}

// TestACodeOfAHolderOpensNothing: who registers with another's mailbox cannot
// have a code, whatever the holder is made to read out.
func TestACodeOfAHolderOpensNothing(t *testing.T) {
	t.Parallel()
	w := small(t, func(*Deps) {})
	known := w.person()
	a := w.somebody()
	a.Email = known.Email
	v := w.begun(a)
	v.Post("/registration/confirm", "email_code", w.newest(known.Email).Code, "sms_code", w.code(a.Phone)).
		Is(t, http.StatusUnprocessableEntity, "Подтвердите контакты").Says(t, "Введите код.")
	finish(v).To(t, "/registration/confirm")
}

// TestAnothersNumberIsOnlyClaimed: registering first with somebody's СНИЛС
// neither shuts him out nor makes a certificate of his open this account.
func TestAnothersNumberIsOnlyClaimed(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		thief, owner := w.somebody(), w.somebody() // both say 112-233-445 95
		finish(w.proved(thief)).Is(t, http.StatusOK, "")
		finish(w.proved(owner)).Is(t, http.StatusOK, "Учётная запись создана")
		if _, err := w.people.Resolve(w.ctx, "112-233-445 95"); err == nil {
			t.Error("a claimed number is a login")
		}
		if _, err := w.people.PersonBySNILS(w.ctx, "11223344595"); err == nil {
			t.Error("a claimed number names somebody to a certificate")
		}
		found, err := w.people.Resolve(w.ctx, owner.Email)
		w.must(err)
		w.must(w.people.ConfirmIdentity(w.ctx, directory.System(), found.Person.ID, directory.Confirmation{SNILS: "11223344595", Evidence: "акт 17"}))
		confirmed, err := w.people.PersonBySNILS(w.ctx, "11223344595")
		w.must(err)
		if confirmed.ID != found.Person.ID {
			t.Error("the number is another's")
		}
	})
}

// TestContactTakenMeanwhileIsToldToItsHolder: both contacts are proved, so it is
// he who learns that one has an account by now.
func TestContactTakenMeanwhileIsToldToItsHolder(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		a := w.somebody()
		first, second := w.begun(a), w.begun(a)
		_ = first
		second.Post("/registration/confirm", "email_code", w.code(a.Email), "sms_code", w.code(a.Phone)).To(t, "/registration/password")
		_, err := w.people.CreatePerson(w.ctx, directory.NewPerson{LastName: "Другая", FirstName: "Анна", Email: a.Email, EmailVerified: true})
		w.must(err)
		finish(second).Is(t, http.StatusConflict, "Учётная запись уже есть").Says(t, "Войти", "Восстановить доступ")
	})
}

// TestFloodFromOneAddressIsStopped and of messages to one contact, whoever asks.
func TestFloodFromOneAddressIsStopped(t *testing.T) {
	t.Parallel()
	w := small(t, func(d *Deps) { d.Asks = browser.Limit{Failures: 5, Window: time.Minute} })
	v := w.visitor()
	for range 5 {
		v.Post("/registration", fields(w.somebody())...).To(t, "/registration/confirm")
	}
	got := v.Post("/registration", fields(w.somebody())...).Is(t, http.StatusTooManyRequests, "")
	if got.Header.Get("Retry-After") != "60" {
		t.Errorf("Retry-After %q", got.Header.Get("Retry-After"))
	}
	v.Post("/registration/confirm", "email_code", "000000").Is(t, http.StatusTooManyRequests, "")
	other := w.visitor()
	other.Address = "198.51.100.7"
	other.Post("/registration", fields(w.somebody())...).To(t, "/registration/confirm")
}

func TestFloodOfMessagesToOneContactIsStopped(t *testing.T) {
	t.Parallel()
	w := small(t, func(d *Deps) { d.PerHour = 4 })
	victim := w.somebody()
	for i := range 10 {
		v := w.visitor()
		v.Address = fmt.Sprintf("198.51.100.%d", i)
		a := w.somebody()
		a.Phone = victim.Phone
		v.Post("/registration", fields(a)...).To(t, "/registration/confirm")
	}
	w.run()
	if got := w.count(victim.Phone); got != 4 {
		t.Errorf("%d messages to one phone, want 4", got)
	}
	if w.counted("limited") != 6 {
		t.Errorf("limited is counted %v times", w.counted("limited"))
	}
}

// TestNumbersAbroadHaveABoundTogether: whoever earns by messages to his numbers types one
// after the other, from as many addresses. Those at home, and mailboxes, get theirs.
func TestNumbersAbroadHaveABoundTogether(t *testing.T) {
	t.Parallel()
	w := small(t, func(d *Deps) { d.Abroad = 4 })
	sent := 0
	for i := range 10 {
		v := w.visitor()
		v.Address = fmt.Sprintf("198.51.100.%d", i)
		a := w.somebody()
		a.Phone = fmt.Sprintf("+37060000%03d", i)
		v.Post("/registration", fields(a)...).To(t, "/registration/confirm")
		w.run()
		sent += w.count(a.Phone)
		if w.count(a.Email) != 1 {
			t.Errorf("%d messages to the mailbox", w.count(a.Email))
		}
	}
	if sent != 4 || w.counted("limited") != 6 {
		t.Errorf("%d messages abroad, want 4; limited %v times", sent, w.counted("limited"))
	}
	home := w.somebody()
	w.begun(home)
	if w.run(); w.count(home.Phone) != 1 {
		t.Errorf("%d messages at home", w.count(home.Phone))
	}
	w.clock.Advance(time.Hour)
	late := w.somebody()
	late.Phone = "+37060000999"
	w.begun(late)
	if w.run(); w.count(late.Phone) != 1 {
		t.Errorf("%d messages an hour later", w.count(late.Phone))
	}
}

// TestAnotherSiteCannotRegister: forms of other sites are refused.
func TestAnotherSiteCannotRegister(t *testing.T) {
	t.Parallel()
	w := small(t, func(*Deps) {})
	v := w.visitor()
	v.Header.Set("Sec-Fetch-Site", "cross-site")
	v.Post("/registration", fields(w.somebody())...).Is(t, http.StatusForbidden, "")
}

// TestAnInvitedPersonRegisters and is a member, when the mailbox is the invited
// one; the link alone, followed to another mailbox, opens nothing.
func TestAnInvitedPersonRegisters(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		head := w.person()
		o, _, err := w.people.CreateOrganisation(w.ctx, directory.NewOrganisation{
			Kind: directory.KindLegal, INN: "7801234564", KPP: "780101001", OGRN: "1027801234560", Name: "ООО «Северный маяк»",
		}, head.ID, directory.Administrator)
		w.must(err)
		invite := func(email string) string {
			_, err := w.people.Invite(w.ctx, directory.Actor{PersonID: head.ID}, o.ID, directory.Invitation{
				LastName: "Ветрова", FirstName: "Анна", Email: email, Role: directory.Operator,
			})
			w.must(err)
			_, rest, _ := strings.Cut(w.newest(email).Text, "/invitations/")
			return strings.Fields(rest)[0]
		}
		a := w.somebody()
		token := invite(a.Email)
		v := w.visitor()
		v.Get("/registration?invitation="+token).Is(t, http.StatusOK, "Регистрация").Says(t, "Вас пригласили: ООО «Северный маяк»")
		a.Invitation = token
		finish(w.proved(a)).Is(t, http.StatusOK, "").Says(t, "ООО «Северный маяк»", "Вы сотрудник")
		found, err := w.people.Resolve(w.ctx, a.Email)
		w.must(err)
		m, err := w.people.Membership(w.ctx, found.Person.ID, o.ID)
		w.must(err)
		if m.Role != directory.Operator {
			t.Errorf("the role is %s", m.Role)
		}

		stolen, thief := invite("boris@nowhere.example"), w.somebody()
		thief.Invitation = stolen
		if got := finish(w.proved(thief)).Is(t, http.StatusOK, "Учётная запись создана"); strings.Contains(got.Text(), "Северный маяк") {
			t.Error("an invitation to another mailbox was accepted")
		}
		if _, err := w.people.InvitationByToken(w.ctx, stolen); err != nil {
			t.Errorf("it does not stand open any more: %v", err)
		}
		w.visitor().Get("/registration?invitation="+token).Is(t, http.StatusOK, "Регистрация")
	})
}
