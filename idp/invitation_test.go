package idp

import (
	"net/http"
	"regexp"
	"slices"
	"testing"
	"time"

	"propusk/idp/browser"
	"propusk/idp/directory"
)

var invitationLink = regexp.MustCompile(regexp.QuoteMeta(issuer) + `(/invitations/[A-Za-z0-9_-]+)`)

// invite has Elena invite somebody to North, and returns the path of the link.
func (h *house) invite(email string, role directory.Role) (path string, id string) {
	h.t.Helper()
	i, err := h.directory.Invite(h.ctx(), directory.Actor{PersonID: h.elena.ID}, h.north.ID, directory.Invitation{
		LastName: "Гость", FirstName: "Нина", Email: email, Phone: "+79031234567", Role: role,
	})
	h.check(err)
	return h.link(email), i.ID
}

func (h *house) link(email string) string {
	h.t.Helper()
	found := invitationLink.FindStringSubmatch(h.sent(email).Text)
	if found == nil {
		h.t.Fatalf("no link in %q", h.sent(email).Text)
	}
	return found[1]
}

func (h *house) member(person directory.Person) bool {
	h.t.Helper()
	_, err := h.directory.Membership(h.ctx(), person.ID, h.north.ID)
	return err == nil
}

func TestInvitationOfSomebodyNew(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		path, _ := h.invite("nina@north.example", directory.Observer)
		v := h.visitor()
		page := v.get(path).says("ООО «Северный маяк»").says("Наблюдатель").says("Нина")
		for _, bad := range []struct{ one, two, says string }{
			{"Мало-1", "Мало-1", "Пароль короче 8 знаков"},
			{"длинный-но-без-цифр", "длинный-но-без-цифр", "Добавьте в пароль цифру"},
			{"Нина-пароль-2026", "Нина-пароль-2026", "есть ваше имя"},
			{"Весёлый-пароль-9", "Весёлый-пароль-8", "Пароли не совпадают"},
		} {
			got := v.submit(page, path, "password", bad.one, "password_again", bad.two).says(bad.says)
			if got.status != http.StatusUnprocessableEntity {
				t.Errorf("%s: %d", bad.one, got.status)
			}
		}
		if _, err := h.directory.Resolve(h.ctx(), "nina@north.example"); err == nil {
			t.Fatal("a person was made before the password was good")
		}
		v.submit(page, path, "password", "Весёлый-ключ-94", "password_again", "Весёлый-ключ-94").says("ООО «Северный маяк»")
		nina, err := h.directory.Resolve(h.ctx(), "nina@north.example")
		h.check(err)
		if !h.member(nina.Person) || !nina.Person.EmailVerified || nina.Person.PhoneVerified {
			t.Errorf("joined as %+v, member %v", nina.Person, h.member(nina.Person))
		}
		if nina.Person.Phone != "" {
			t.Error("took over a telephone that is somebody else's")
		}
		page = v.identify(v.begin("app"), "nina@north.example", "Весёлый-ключ-94").is("/signin/code")
		page = v.code(page, h.sent("nina@north.example").Code).is("/signin/organisation")
		v.choose(page, h.north.ID).lead()
		if got := v.get(path); got.status != http.StatusGone {
			t.Errorf("the link once more: %d", got.status)
		}
	})
}

func TestInvitationOfAnAdministratorTakesALongerPassword(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	path, _ := h.invite("nina@north.example", directory.Administrator)
	v := h.visitor()
	page := v.get(path)
	v.submit(page, path, "password", "Ключ-94-вес", "password_again", "Ключ-94-вес").says("Пароль короче 12 знаков")
	v.submit(page, path, "password", "Весёлый-"+h.north.INN, "password_again", "Весёлый-"+h.north.INN).says("название")
}

func TestInvitationOfSomebodyKnown(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		path, _ := h.invite("pavel@south.example", directory.Manager)
		v := h.visitor()
		page := v.get(path).says("pavel@south.example")
		page = v.submit(page, path).is("/signin/identify").says("Северный маяк")
		if got := page.form("/signin/identify").Get("login"); got != "pavel@south.example" {
			t.Errorf("the page suggests %q", got)
		}
		v.signInPavel(page).says("ООО «Северный маяк»").says("Менеджер")
		if !h.member(h.pavel) {
			t.Error("not a member")
		}

		// Signed in already: one click.
		path, _ = h.invite("oleg@nowhere.example", directory.Operator)
		w := h.visitor()
		w.identify(w.begin("app", "scope", "openid"), "oleg@nowhere.example", password).lead()
		w.submit(w.get(path), path).says("ООО «Северный маяк»")
		if !h.member(h.loner) {
			t.Error("not a member")
		}
		oleg, err := h.directory.Person(h.ctx(), h.loner.ID)
		h.check(err)
		if !oleg.EmailVerified {
			t.Error("the link came to the mailbox, which is now proved")
		}
	})
}

// A link that was forwarded or found opens nothing to whom it was not sent.
func TestInvitationOfSomebodyElse(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		path, _ := h.invite("pavel@south.example", directory.Manager)
		v := h.visitor()
		v.identify(v.begin("app", "scope", "openid"), "oleg@nowhere.example", password).lead()
		got := v.submit(v.get(path), path)
		if got.status != http.StatusForbidden {
			t.Errorf("accepted by another: %d", got.status)
		}
		got.says("Приглашение для другого человека")
		if h.member(h.loner) || h.member(h.pavel) {
			t.Error("somebody became a member")
		}
	})
}

func TestInvitationThatIsNoMore(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	v := h.visitor()
	gone := func(name, path string) {
		t.Helper()
		if got := v.get(path); got.status != http.StatusGone {
			t.Errorf("%s: GET %d", name, got.status)
		}
		if got := v.post(path, with(nil, "password", "Весёлый-ключ-94", "password_again", "Весёлый-ключ-94")); got.status != http.StatusGone {
			t.Errorf("%s: POST %d", name, got.status)
		}
	}
	gone("guessed", "/invitations/"+browser.Random())
	path, id := h.invite("nina@north.example", directory.Observer)
	h.check(h.directory.WithdrawInvitation(h.ctx(), directory.System(), h.north.ID, id))
	gone("withdrawn", path)
	path, id = h.invite("nina@north.example", directory.Observer)
	h.clock.Advance(time.Second)
	_, err := h.directory.ResendInvitation(h.ctx(), directory.System(), h.north.ID, id)
	h.check(err)
	gone("replaced", path)
	path = h.link("nina@north.example")
	h.clock.Advance(directory.DefaultInvitationLifetime)
	gone("expired", path)
	if _, err := h.directory.Resolve(h.ctx(), "nina@north.example"); err == nil {
		t.Error("a person was made")
	}
	if got := h.entries(h.north.ID, "invitation.accepted"); slices.Contains(got, "success") {
		t.Errorf("journal: %v", got)
	}
}
