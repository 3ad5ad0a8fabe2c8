package webtest_test

import (
	"net/http"
	"net/url"
	"testing"

	"propusk/cabinet/web/people"
	"propusk/cabinet/web/webtest"
	"propusk/idp/directory"
)

func TestAPersonInvitesByTheLabelsOfThePage(t *testing.T) {
	t.Parallel()
	w := webtest.New(t, nil, people.Room())
	office := w.Office("mayak", directory.Head, directory.Observer)
	page := w.SignIn(office, directory.Head).Open("/cabinet/members/invite").Is(http.StatusOK)
	page = page.Fill("Фамилия", "Орлова").Fill("Имя", "Вера").Fill("Электронная почта", "nonsense").Fill("Роль", "Бухгалтер").Submit("Отправить приглашение")
	page.Is(http.StatusUnprocessableEntity)
	if page.Value("Фамилия") != "Орлова" || page.Value("Роль") != "accountant" {
		t.Errorf("the form comes back with %q and %q", page.Value("Фамилия"), page.Value("Роль"))
	}
	page.Fill("Электронная почта", "vera@example.ru").Submit("Отправить приглашение").At("/cabinet/members").Says("Приглашение отправлено", "Орлова Вера")

	w.SignIn(office, directory.Observer).Post("/cabinet/members/invite", url.Values{"last_name": {"x"}}).Is(http.StatusConflict).Says("не отправ")
}
