package e2e

import (
	"net/http"
	"strings"
	"testing"
)

// TestAnOperatorEntersTheConsoleByPasskey on PostgreSQL and Redis: who was appointed on
// the command line comes in by the passkey of the device and by nothing that he typed, and
// looks, acts and reads what the journal says of it; who was not appointed, with the same
// passkey, does not come in.
func TestAnOperatorEntersTheConsoleByPasskey(t *testing.T) {
	t.Parallel()
	s := cluster(t)
	e := openEyes(t, "console-passkey")
	a, u := e.authenticator(), s.memberOfTwo(t)
	e.connectsPasskey(s, a, u)

	e.open(s.Issuer + "/console")
	e.seesSoon("Вход в консоль не разрешён")

	command(t, s.env, nil, "operator", "appoint", u.Login, "--role", "support", "--role", "security")
	e.open(s.Issuer + "/console")
	e.seesSoon("Сегодня в службе")
	e.picture("today")
	if strings.Contains(e.text(), "Модерация") {
		t.Error("the console offers what the roles do not allow")
	}

	// To look takes a reason, to act another one.
	const reason = "Обращение ПД-000124, потерян телефон"
	other := s.other(t, u)
	e.open(s.Issuer + "/console/people")
	e.writes("Кого найти", other.Email)
	e.goes("Найти")
	e.send("table a")
	e.writes("Зачем вам эта карточка", reason)
	e.goes("Записать причину и открыть")
	e.seesSoon("Чем входит")
	e.open(s.Issuer + "/console/journal?action=console.")
	e.says(reason, "Просмотр карточки человека")

	// A dismissal counts at once, whatever the browser still holds.
	command(t, s.env, nil, "operator", "dismiss", u.Login)
	e.open(s.Issuer + "/console/people")
	if text := e.text(); strings.Contains(text, "Кого найти") {
		t.Errorf("the dismissed operator still searches: %s", text)
	}
	answer, err := http.Get(s.Issuer + "/console/v1/me")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("the API answers a stranger %d", answer.StatusCode)
	}
}

// other is a person of the site who is not u.
func (s *site) other(t *testing.T, u *user) *user {
	t.Helper()
	for _, one := range s.Users {
		if one.ID != u.ID {
			return one
		}
	}
	t.Fatal("there is nobody else")
	return nil
}
