package registration

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/idp/browser/browsertest"
	"propusk/idp/directory"
)

func TestSomebodyNewRegisters(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		a := w.somebody()
		v := w.visitor()
		v.Get("/registration").Is(t, http.StatusOK, "Регистрация").Says(t, "Данные", "Дата рождения")
		v.Post("/registration", fields(a)...).To(t, "/registration/confirm")
		w.run()
		v.Get("/registration/confirm").Is(t, http.StatusOK, "Подтвердите контакты").Says(t, a.Email)
		if m := w.newest(a.Email); !strings.Contains(m.Text, "для регистрации") || strings.Contains(m.Text, "http") {
			t.Errorf("the code's message: %s", m.Text)
		}
		v.Get("/registration/password").To(t, "/registration/confirm")
		v.Post("/registration/confirm", "email_code", w.code(a.Email), "sms_code", w.code(a.Phone)).To(t, "/registration/password")
		v.Get("/registration/password").Is(t, http.StatusOK, "Придумайте пароль").Says(t, "не меньше 8 знаков")
		finish(v).Is(t, http.StatusOK, "Учётная запись создана").Says(t, "Анна, теперь вы можете войти", "Стандартная")

		found, err := w.people.Resolve(w.ctx, a.Email)
		w.must(err)
		p := found.Person
		if p.FullName() != "Ветрова Анна Павловна" || !p.EmailVerified || !p.PhoneVerified || p.Phone != a.Phone || p.SNILS != "" {
			t.Errorf("the person: %+v", p)
		}
		i, err := w.people.Identity(w.ctx, p.ID)
		w.must(err)
		if i.Level != directory.LevelStandard || i.BirthDate != "1990-05-17" || i.ClaimedSNILS != "11223344595" {
			t.Errorf("the identity: %+v", i)
		}
		agreed, err := w.people.Agreements(w.ctx, p.ID)
		w.must(err)
		if len(agreed) != 2 || agreed[0].Document != "personal_data" || agreed[1].Document != "terms" || agreed[0].Version != DocumentsVersion {
			t.Errorf("agreed to: %+v", agreed)
		}
		if got := w.actions(); !slices.Equal(got, []string{"person.created", "person.registered", "password.set"}) {
			t.Errorf("journal: %v", got)
		}
		for _, outcome := range []string{"begun", "proved", "done"} {
			if w.counted(outcome) != 1 {
				t.Errorf("%s is counted %v times", outcome, w.counted(outcome))
			}
		}
		v.Get("/registration/confirm").Is(t, http.StatusGone, "Регистрация не найдена")
	})
}

func TestTypedDataIsChecked(t *testing.T) {
	t.Parallel()
	w := small(t, func(*Deps) {})
	for name, c := range map[string]struct {
		change func(a *directory.Applicant)
		says   string
	}{
		"no name":        {func(a *directory.Applicant) { a.LastName = "" }, "Введите фамилию."},
		"mixed scripts":  {func(a *directory.Applicant) { a.FirstName = "Аnna" }, "буквами одного алфавита"},
		"no birth date":  {func(a *directory.Applicant) { a.BirthDate = "" }, "Введите дату рождения."},
		"30 February":    {func(a *directory.Applicant) { a.BirthDate = "1990-02-30" }, "Такой даты рождения быть не может"},
		"in the future":  {func(a *directory.Applicant) { a.BirthDate = "2999-01-01" }, "Такой даты рождения быть не может"},
		"a child":        {func(a *directory.Applicant) { a.BirthDate = w.clock.Now().AddDate(-13, 0, 0).Format(time.DateOnly) }, "с 14 лет"},
		"СНИЛС":          {func(a *directory.Applicant) { a.SNILS = "112-233-445 96" }, "В СНИЛС ошибка"},
		"phone":          {func(a *directory.Applicant) { a.Phone = "555-35-35" }, "Это не номер телефона"},
		"no phone":       {func(a *directory.Applicant) { a.Phone = "" }, "Введите номер телефона."},
		"e-mail":         {func(a *directory.Applicant) { a.Email = "anna" }, "Это не адрес электронной почты"},
		"Cyrillic о":     {func(a *directory.Applicant) { a.Email = "аnna@vetrova.example" }, "Это не адрес электронной почты"},
		"a line in name": {func(a *directory.Applicant) { a.MiddleName = "Павловна\tX" }, "буквами одного алфавита"},
	} {
		a := w.somebody()
		c.change(&a)
		v := w.visitor()
		got := v.Post("/registration", fields(a)...).Is(t, http.StatusUnprocessableEntity, "Регистрация").Says(t, c.says)
		if a.Email != "" && !strings.Contains(got.Body, `value="`+a.Email+`"`) {
			t.Errorf("%s: what was typed is lost", name)
		}
		if len(v.Cookies) != 0 {
			t.Errorf("%s: something was begun", name)
		}
	}
}

func TestWithoutConsentToThisVersionNothingBegins(t *testing.T) {
	t.Parallel()
	w := small(t, func(*Deps) {})
	for _, change := range [][]string{{"consent", ""}, {"consent", "no"}, {"version", "2020-01-01"}, {"version", ""}} {
		v := w.visitor()
		v.Post("/registration", fields(w.somebody(), change...)...).Is(t, http.StatusUnprocessableEntity, "").Says(t, "Без согласия")
	}
	v := w.visitor()
	v.Get("/registration/terms").Is(t, http.StatusOK, "Условия использования").Says(t, "Версия от "+DocumentsVersion)
	v.Get("/registration/consent").Is(t, http.StatusOK, "Согласие на обработку персональных данных").Says(t, "СНИЛС")
	v.Header.Set("Accept-Language", "en")
	v.Get("/registration/consent").Is(t, http.StatusOK, "Consent to the processing of personal data")
}

func TestOneCodeProvesItsContactOnly(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		a := w.somebody()
		v := w.begun(a)
		v.Post("/registration/confirm", "email_code", w.code(a.Email), "sms_code", "").
			Is(t, http.StatusUnprocessableEntity, "Подтвердите контакты").Says(t, "Подтверждено", "Введите код.")
		v.Get("/registration/password").To(t, "/registration/confirm")
		finish(v).To(t, "/registration/confirm")
		// The code of one channel is nothing in the other's field.
		v.Post("/registration/confirm", "sms_code", w.code(a.Email)).Is(t, http.StatusUnprocessableEntity, "").Says(t, "Код не подходит")
		v.Post("/registration/confirm", "sms_code", w.code(a.Phone)).To(t, "/registration/password")
	})
}

func TestTheCodesOfAnotherRegistrationDoNotFit(t *testing.T) {
	t.Parallel()
	w := small(t, func(*Deps) {})
	a := w.somebody()
	mine, theirs := w.begun(a), w.begun(a) // the same contacts, two browsers
	email, sms := w.code(a.Email), w.code(a.Phone)
	mine.Post("/registration/confirm", "email_code", email, "sms_code", sms).Is(t, http.StatusUnprocessableEntity, "").Says(t, "Код не подходит")
	theirs.Post("/registration/confirm", "email_code", email, "sms_code", sms).To(t, "/registration/password")
	// A browser without the secret has no registration.
	w.visitor().Post("/registration/confirm", "email_code", email, "sms_code", sms).Is(t, http.StatusGone, "Регистрация не найдена")
}

func TestTooManyWrongCodesLockThisRegistrationOnly(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		a := w.somebody()
		v, other := w.begun(a), w.begun(a)
		right := w.code(a.Phone)
		for range 3 {
			v.Post("/registration/confirm", "sms_code", "000000").Is(t, http.StatusUnprocessableEntity, "")
		}
		v.Post("/registration/confirm", "sms_code", "000000").Is(t, http.StatusGone, "Регистрация заблокирована").Says(t, "слишком много раз")
		v.Get("/registration/confirm").Is(t, http.StatusGone, "Регистрация заблокирована").Says(t, "слишком много раз")
		other.Post("/registration/confirm", "sms_code", right).Is(t, http.StatusUnprocessableEntity, "").Says(t, "Подтверждено")
		if got := w.actions(); !slices.Contains(got, "registration.locked") {
			t.Errorf("journal: %v", got)
		}
	})
}

func TestUnfinishedRegistrationsLockThenGo(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		a := w.somebody()
		v := w.proved(a)
		w.clock.Advance(24 * time.Hour)
		finish(v).Is(t, http.StatusGone, "Регистрация заблокирована").Says(t, "не подтверждены вовремя")
		w.must(w.Sweep(w.ctx))
		finish(v).Is(t, http.StatusGone, "Регистрация заблокирована")
		v.Get("/registration").Is(t, http.StatusOK, "Регистрация")
		var sealed []byte
		w.must(w.db.Get(w.ctx, &sealed, `SELECT sealed FROM registrations`))
		if len(sealed) != 0 {
			t.Error("what was typed is kept in a locked registration")
		}
		if w.counted("locked") != 1 {
			t.Errorf("locked is counted %v times", w.counted("locked"))
		}
		w.clock.Advance(7*24*time.Hour + time.Second)
		w.must(w.Sweep(w.ctx))
		v.Get("/registration/confirm").Is(t, http.StatusGone, "Регистрация не найдена")
		if _, err := w.people.Resolve(w.ctx, a.Email); err == nil {
			t.Error("there is an account after all")
		}
	})
}

func TestPasswordRulesHoldAndTheRegistrationSurvives(t *testing.T) {
	t.Parallel()
	w := small(t, func(*Deps) {})
	a := w.somebody()
	v := w.proved(a)
	for typed, says := range map[string]string{
		"Корот1-":            "короче 8",
		"Длинный-Ветрова-17": "есть ваше имя",
		"11223344595-Длинн":  "есть ваше имя", // the СНИЛС
	} {
		v.Post("/registration/password", "password", typed, "password_again", typed).Is(t, http.StatusUnprocessableEntity, "Придумайте пароль").Says(t, says)
	}
	v.Post("/registration/password", "password", password, "password_again", password+"!").Is(t, http.StatusUnprocessableEntity, "").Says(t, "Пароли не совпадают")
	finish(v).Is(t, http.StatusOK, "Учётная запись создана")
}

func TestAnotherCodeWaits(t *testing.T) {
	t.Parallel()
	w := small(t, func(*Deps) {})
	a := w.somebody()
	v := w.begun(a)
	first := w.code(a.Phone)
	got := v.Post("/registration/confirm/send", "channel", "sms").Is(t, http.StatusTooManyRequests, "Подтвердите контакты").Says(t, "Подождите минуту")
	if got.Header.Get("Retry-After") != "60" {
		t.Errorf("Retry-After %q", got.Header.Get("Retry-After"))
	}
	w.clock.Advance(time.Minute)
	v.Post("/registration/confirm/send", "channel", "sms").To(t, "/registration/confirm")
	w.run()
	if w.count(a.Phone) != 2 || w.count(a.Email) != 1 {
		t.Errorf("%d SMS, %d e-mails", w.count(a.Phone), w.count(a.Email))
	}
	if second := w.code(a.Phone); second != first {
		v.Post("/registration/confirm", "sms_code", first).Is(t, http.StatusUnprocessableEntity, "").Says(t, "Код не подходит")
	}
	v.Post("/registration/confirm/send", "channel", "pigeon").Is(t, http.StatusBadRequest, "")
}

func TestTwoTabsFinishOneAccount(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		v := w.proved(w.somebody())
		tabs := make([]*browsertest.Visitor, 6)
		answers := make(chan int, len(tabs))
		for i := range tabs {
			tabs[i] = w.visitor()
			for name, value := range v.Cookies {
				tabs[i].Cookies[name] = value
			}
			go func() { answers <- finish(tabs[i]).Status }()
		}
		var made int
		for range tabs {
			if status := <-answers; status == http.StatusOK {
				made++
			} else if status != http.StatusGone {
				t.Errorf("status %d", status)
			}
		}
		if made != 1 {
			t.Errorf("%d accounts of one registration", made)
		}
	})
}

func TestDepsAreChecked(t *testing.T) {
	t.Parallel()
	if _, err := New(Deps{}); err == nil || !strings.Contains(err.Error(), "registration: DB") {
		t.Errorf("New without anything: %v", err)
	}
	w := small(t, func(*Deps) {})
	for _, route := range w.Routes() {
		if !strings.HasPrefix(route.Path, "/registration") {
			t.Errorf("%s is no path of this room", route.Path)
		}
	}
	if got := w.deps.Deadline; got != 24*time.Hour {
		t.Errorf("the deadline is %s", got)
	}
}
