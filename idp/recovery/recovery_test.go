package recovery

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/idp/directory"
	"propusk/idp/session"
	"propusk/storage/outbox"
)

// next decides alone; every state of it.
func TestNext(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		r    directory.Recovery
		ways []string
		want Step
	}{
		"another factor":              {directory.Recovery{}, []string{"sms"}, StepSecond},
		"nothing else":                {directory.Recovery{}, nil, StepWait},
		"another factor was proved":   {directory.Recovery{SecondAt: 1}, []string{"sms"}, StepPassword},
		"it has waited":               {directory.Recovery{DueAt: 1}, nil, StepPassword},
		"waited, factors lost":        {directory.Recovery{DueAt: 1, ResetFactors: true}, []string{"totp"}, StepPassword},
		"PIN":                         {directory.Recovery{Kind: directory.RecoverPIN}, []string{"totp"}, StepPIN},
		"PIN, nothing else":           {directory.Recovery{Kind: directory.RecoverPIN}, nil, StepPIN},
		"lost says nothing by itself": {directory.Recovery{ResetFactors: true}, []string{"totp"}, StepSecond},
	} {
		if got := next(c.r, c.ways); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestPasswordByEmail(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(asIs)
		asker := w.visitor()
		asker.Get("/recovery").Is(t, http.StatusOK, "Восстановление доступа")
		asker.Post("/recovery", "contact", " Pavel1@ORLOV.example ").To(t, "/recovery/sent")
		asker.Get("/recovery/sent").Is(t, http.StatusOK, "Проверьте почту")
		w.run()
		m := w.messages(p.Email)[0]
		if m.Subject != "Восстановление доступа" || m.Code != "" || !strings.Contains(m.Text, issuer+"/recovery/link/") {
			t.Fatalf("the message: %+v", m)
		}
		known := w.visitor()
		w.signedIn(known, p, session.Password, session.SMS)
		w.must(w.deps.Directory.RecordLock(w.ctx, directory.FactorLock{PersonID: p.ID, Factor: "password", Reason: directory.LockedByFailures}))
		w.must(w.people.Oblige(w.ctx, directory.System(), p.ID, directory.Obligations{ChangePassword: true}))

		v := w.prove(p, w.open(w.linkTo(p.Email, "link")))
		set(v, newPassword).Is(t, http.StatusOK, "Пароль изменён").Says(t, "вторым фактором", "Войти")
		if !w.fits(p, newPassword) || w.fits(p, password) {
			t.Error("the password is not the new one alone")
		}
		if live, err := w.sessions.OfPerson(w.ctx, p.ID); err != nil || len(live) != 0 {
			t.Errorf("%d sessions live on, %v", len(live), err)
		}
		if !slices.Equal(w.grants.people, []string{p.ID}) {
			t.Errorf("grants ended of %v", w.grants.people)
		}
		if owed, err := w.people.Obligations(w.ctx, p.ID); err != nil || owed != (directory.Obligations{AddFactor: true}) {
			t.Errorf("owed is not a second factor alone: %+v, %v", owed, err)
		}
		if locks, err := w.people.FactorLocks(w.ctx, p.ID); err != nil || len(locks) != 0 {
			t.Errorf("locks stay: %v, %v", locks, err)
		}
		want := []string{"recovery.begun", "recovery.proved", "recovery.second_proved", "recovery.done"}
		if got := w.actions("recovery."); !slices.Equal(got, want) {
			t.Errorf("journal: %v", got)
		}
		for _, to := range []string{p.Email, p.Phone} {
			if !slices.ContainsFunc(w.messages(to), func(m message) bool {
				return strings.Contains(m.Subject+m.Text, "Доступ восстановлен, пароль изменён")
			}) {
				t.Errorf("%s was not told", to)
			}
		}
		v.Get("/recovery/step").Is(t, http.StatusGone, "Ссылка или код уже не действуют")
	})
}

func TestPasswordByPhone(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(asIs)
		v := w.visitor()
		v.Post("/recovery", "contact", p.Phone).To(t, "/recovery/code")
		v.Get("/recovery/step").To(t, "/recovery/code")
		w.run()
		before := v.Cookies[cookieHolder]
		v.Get("/recovery/code").Is(t, http.StatusOK, "Код из SMS")
		v.Post("/recovery/code", "code", "").Is(t, http.StatusUnprocessableEntity, "Код из SMS").Says(t, "Введите код.")
		v.Post("/recovery/code", "code", w.code(p.Phone)).To(t, "/recovery/step")
		if v.Cookies[cookieHolder] == before {
			t.Error("the secret of before the proof is still good")
		}
		v.Get("/recovery/code").To(t, "/recovery/step")
		got := v.Get("/recovery/step").Is(t, http.StatusOK, "Подтвердите, что это вы").Says(t, "Код из письма")
		if strings.Contains(got.Text(), "Код из SMS") {
			t.Error("the phone is to prove itself a second time")
		}
		v.Post("/recovery/second/send", "channel", "email").To(t, "/recovery/step?by=email")
		v.Get("/recovery/step?by=email").Is(t, http.StatusOK, "").Says(t, "p···@orlov.example")
		v.Post("/recovery/second", "kind", "email", "code", w.code(p.Email)).To(t, "/recovery/step")
		set(v, newPassword).Is(t, http.StatusOK, "Пароль изменён")
	})
}

func TestPasswordByINNAndEmail(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(func(n *directory.NewPerson) { n.INN = "500100732259" })
		w.organisation(p)
		for inn, sent := range map[string]bool{orgINN: true, "500100732259": true, "2312345678": false} {
			before := len(w.messages(p.Email))
			v := w.visitor()
			v.Address = "198.51.100." + inn[:1]
			v.Post("/recovery", "contact", p.Email, "inn", inn).To(t, "/recovery/sent")
			w.run()
			if got := len(w.messages(p.Email)) > before; got != sent {
				t.Errorf("ИНН %s: a link was sent: %t", inn, got)
			}
		}
		w.visitor().Post("/recovery", "contact", p.Email, "inn", "123").Is(t, http.StatusUnprocessableEntity, "").Says(t, "В ИНН ошибка")
	})
}

func TestPIN(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(asIs)
		o := w.organisation(p)
		w.must(w.deps.PINs.Set(w.ctx, p, o.ID, "4071"))
		for range 3 {
			_ = w.deps.PINs.Verify(w.ctx, p.ID, o.ID, "0000")
		}
		v := w.visitor()
		v.Get("/recovery/pin").Is(t, http.StatusOK, "Новый ПИН-код")
		v.Post("/recovery/pin", "contact", p.Phone).Is(t, http.StatusUnprocessableEntity, "").Says(t, "Введите ИНН организации")
		v.Post("/recovery/pin", "contact", p.Email, "inn", orgINN).Is(t, http.StatusUnprocessableEntity, "").Says(t, "по телефону")
		v.Post("/recovery/pin", "contact", p.Phone, "inn", orgINN).To(t, "/recovery/code")
		w.run()
		if m := w.messages(p.Phone)[0]; !strings.Contains(m.Text, "ПИН-код") {
			t.Errorf("the message does not say what the code is for: %s", m.Text)
		}
		v.Post("/recovery/code", "code", w.code(p.Phone)).To(t, "/recovery/step")
		v.Get("/recovery/step").Is(t, http.StatusOK, "Новый ПИН-код")
		set(v, newPassword).To(t, "/recovery/step") // a PIN's recovery is no password's
		for typed, says := range map[string]string{"12a4": "ровно 4 цифры", "1111": "подбирают первым"} {
			v.Post("/recovery/pin/new", "pin", typed, "pin_again", typed).Is(t, http.StatusUnprocessableEntity, "").Says(t, says)
		}
		v.Post("/recovery/pin/new", "pin", "5829", "pin_again", "5820").Is(t, http.StatusUnprocessableEntity, "").Says(t, "не совпадают")
		v.Post("/recovery/pin/new", "pin", "5829", "pin_again", "5829").Is(t, http.StatusOK, "ПИН-код изменён")
		if err := w.deps.PINs.Verify(w.ctx, p.ID, o.ID, "5829"); err != nil {
			t.Errorf("the new PIN, after the lock: %v", err)
		}
		if !w.fits(p, password) {
			t.Error("the password has gone")
		}
	})
}

// Each factor that the person has can be the second proof.
func TestEachOtherFactorIsTaken(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(mailboxOnly)
		secret := w.authenticator(p)
		codes, err := w.deps.RecoveryCodes.Make(w.ctx, p.ID)
		w.must(err)
		v := w.opened(p)
		v.Get("/recovery/step").Is(t, http.StatusOK, "Подтвердите, что это вы").Says(t, "приложения-генератора", "Резервный код")
		v.Post("/recovery/second", "kind", "totp", "code", "000000").Is(t, http.StatusUnprocessableEntity, "").Says(t, "Код не подходит")
		v.Post("/recovery/second", "kind", "totp", "code", "").Is(t, http.StatusUnprocessableEntity, "").Says(t, "Введите код.")
		v.Post("/recovery/second", "kind", "totp", "code", w.totp(secret)).To(t, "/recovery/step")
		v.Get("/recovery/step").Is(t, http.StatusOK, "Новый пароль")

		v = w.opened(p)
		v.Post("/recovery/second/send", "channel", "recovery").To(t, "/recovery/step?by=recovery")
		v.Get("/recovery/step?by=recovery").Is(t, http.StatusOK, "").Says(t, "один из резервных кодов")
		v.Post("/recovery/second", "kind", "recovery", "code", codes[3]).To(t, "/recovery/step")
		v.Get("/recovery/step").Is(t, http.StatusOK, "Новый пароль")
	})
}

// A sign-in without the password, in the same browser and since then, is the
// other proof; one of before, or of another person, is not.
func TestASignInByPasskeyIsTaken(t *testing.T) {
	t.Parallel()
	w := small(t, func(*Deps) {})
	p, other := w.person(mailboxOnly), w.person(asIs)
	_, err := w.people.AddPasskey(w.ctx, directory.Passkey{PersonID: p.ID, CredentialID: "Y3JlZGVudGlhbA", Name: "Телефон", Record: []byte("{}")})
	w.must(err)
	v := w.visitor()
	w.signedIn(v, p, session.Passkey)
	before := v.Cookies
	w.clock.Advance(time.Second)
	v = w.opened(p)
	v.Get("/recovery/step").Is(t, http.StatusOK, "Подтвердите, что это вы").Says(t, "Войти без пароля")
	for name, value := range before {
		v.Cookies[name] = value
	}
	v.Get("/recovery/step").Is(t, http.StatusOK, "Подтвердите, что это вы")
	w.signedIn(v, other, session.Passkey)
	v.Get("/recovery/step").Is(t, http.StatusOK, "Подтвердите, что это вы")
	for _, more := range [][]session.Factor{{}, {session.Device}, {session.Email}} { // the mailbox has been proved already
		w.signedIn(v, p, append([]session.Factor{session.Password}, more...)...)
		v.Get("/recovery/step").Is(t, http.StatusOK, "Подтвердите, что это вы")
	}
	w.signedIn(v, p, session.Passkey)
	v.Get("/recovery/step").Is(t, http.StatusOK, "Новый пароль")
	set(v, newPassword).Is(t, http.StatusOK, "Пароль изменён")
}

func TestTheNewPasswordIsStricter(t *testing.T) {
	t.Parallel()
	w := small(t, func(*Deps) {})
	p := w.person(asIs)
	w.organisation(p)
	v := w.proved(p)
	for typed, says := range map[string]string{
		"Берёза-73-":      "короче 12",
		"7801234564-Ель-": "есть ваше имя", // the organisation's ИНН
		password:          "уже был",
	} {
		set(v, typed).Is(t, http.StatusUnprocessableEntity, "Новый пароль").Says(t, says)
	}
	v.Post("/recovery/password", "password", newPassword, "password_again", "").Is(t, http.StatusUnprocessableEntity, "").Says(t, "Пароли не совпадают")
	if !w.fits(p, password) {
		t.Error("a refused password has changed something")
	}
	set(v, newPassword).Is(t, http.StatusOK, "Пароль изменён")
}

// message is shorter to write in the tests.
type message = outbox.Message

func TestWhoHasOneChannelWaits(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(mailboxOnly)
		v := w.opened(p)
		v.Get("/recovery/step").Is(t, http.StatusOK, "Нужно подождать").Says(t, "через 24 часа")
		set(v, newPassword).To(t, "/recovery/step")
		v.Post("/recovery/wait").Is(t, http.StatusOK, "Восстановление начато")
		v.Get("/recovery/step").Is(t, http.StatusGone, "")
		w.clock.Advance(24*time.Hour - time.Minute)
		w.must(w.Wake(w.ctx))
		if w.counted("woken") != 0 {
			t.Error("the link came before its time")
		}
		old := w.linkTo(p.Email, "link")
		w.clock.Advance(time.Minute)
		w.must(w.Wake(w.ctx))
		link := w.linkTo(p.Email, "link")
		if w.counted("woken") != 1 || link == old {
			t.Fatal("the link did not come")
		}
		v = w.open(link)
		v.Get("/recovery/step").Is(t, http.StatusOK, "Новый пароль")
		set(v, newPassword).Is(t, http.StatusOK, "Пароль изменён")
	})
}

func TestLostFactorsGoAfterTheWait(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(asIs)
		w.authenticator(p)
		_, err := w.deps.RecoveryCodes.Make(w.ctx, p.ID)
		w.must(err)
		_, err = w.people.AddPasskey(w.ctx, directory.Passkey{PersonID: p.ID, CredentialID: "Y3JlZGVudGlhbA", Name: "Телефон", Record: []byte("{}")})
		w.must(err)
		v := w.opened(p)
		v.Post("/recovery/wait").Is(t, http.StatusOK, "Восстановление начато")
		for _, to := range []string{p.Email, p.Phone} {
			if !slices.ContainsFunc(w.messages(to), func(m message) bool {
				return strings.Contains(m.Subject+m.Text, "осстановление доступа к вашей учётной записи")
			}) {
				t.Errorf("%s was not told", to)
			}
		}
		w.clock.Advance(72 * time.Hour)
		w.must(w.Wake(w.ctx))
		v = w.open(w.linkTo(p.Email, "link"))
		set(v, newPassword).Is(t, http.StatusOK, "Пароль изменён")
		if _, confirmed, _ := w.people.TOTP(w.ctx, p.ID); confirmed {
			t.Error("the authenticator stays")
		}
		if left, _ := w.deps.RecoveryCodes.Left(w.ctx, p.ID); left != 0 {
			t.Error("recovery codes stay")
		}
		if keys, _ := w.people.Passkeys(w.ctx, p.ID); len(keys) != 0 {
			t.Error("passkeys stay")
		}
		if owed, _ := w.people.Obligations(w.ctx, p.ID); !owed.AddFactor {
			t.Error("a second factor is not owed")
		}
	})
}

// A phone alone gets the link by SMS, once it has waited.
func TestWhoHasAPhoneOnly(t *testing.T) {
	t.Parallel()
	w := small(t, func(*Deps) {})
	p := w.person(phoneOnly)
	v := w.visitor()
	v.Post("/recovery", "contact", p.Phone).To(t, "/recovery/code")
	w.run()
	v.Post("/recovery/code", "code", w.code(p.Phone)).To(t, "/recovery/step")
	v.Get("/recovery/step").Is(t, http.StatusOK, "Нужно подождать")
	v.Post("/recovery/wait").Is(t, http.StatusOK, "Восстановление начато")
	w.clock.Advance(24 * time.Hour)
	w.must(w.Wake(w.ctx))
	set(w.open(w.linkTo(p.Phone, "link")), newPassword).Is(t, http.StatusOK, "Пароль изменён")
}

func TestOperatorsHelp(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p, first, second := w.person(phoneOnly), w.person(asIs), w.person(asIs)
		for _, operator := range []directory.Person{first, second} {
			w.must(w.people.AppointOperator(w.ctx, directory.System(), operator.ID))
		}
		r, err := w.people.ProposeRecovery(w.ctx, directory.Actor{PersonID: first.ID}, directory.RecoveryProposal{
			PersonID: p.ID, Reason: "паспорт показан в офисе, акт 17", Mailbox: "new@orlov.example", ResetFactors: true,
		})
		w.must(err)
		_, err = w.people.ApproveRecovery(w.ctx, directory.Actor{PersonID: second.ID}, r.ID)
		w.must(err)
		w.must(w.Wake(w.ctx))
		if w.linkTo("new@orlov.example", "link") != "" {
			t.Fatal("a new mailbox got the link at once")
		}
		w.clock.Advance(72 * time.Hour)
		w.must(w.Wake(w.ctx))
		v := w.open(w.linkTo("new@orlov.example", "link"))
		set(v, newPassword).Is(t, http.StatusOK, "Пароль изменён")
		now, err := w.people.Person(w.ctx, p.ID)
		w.must(err)
		if now.Email != "new@orlov.example" || !now.EmailVerified || !w.fits(p, newPassword) {
			t.Errorf("after it: %+v", now)
		}
		want := []string{"recovery.proposed", "recovery.approved", "recovery.waiting", "recovery.proved", "recovery.done"}
		if got := w.actions("recovery."); !slices.Equal(got, want) {
			t.Errorf("journal: %v", got)
		}
	})
}

func TestDepsAreChecked(t *testing.T) {
	t.Parallel()
	w := small(t, func(*Deps) {})
	for name, without := range map[string]func(d *Deps){
		"recovery: DB":        func(d *Deps) { d.DB = nil },
		"recovery: Directory": func(d *Deps) { d.Sessions = nil },
		"recovery: Passwords": func(d *Deps) { d.PINs = nil },
	} {
		deps := w.deps
		without(&deps)
		if _, err := New(deps); err == nil || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, route := range w.Routes() {
		if !strings.HasPrefix(route.Path, "/recovery") {
			t.Errorf("%s is no path of this room", route.Path)
		}
	}
}
