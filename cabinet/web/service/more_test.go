package service_test

import (
	"net/http"
	"net/url"
	"testing"

	"propusk/idp/directory"
)

// TestAnApplicationIsNotSubmittedUnsignedWhereASignatureIsRequired: nothing is sent by
// mistake; a kept form fills the next one in.
func TestAnApplicationIsNotSubmittedUnsignedWhereASignatureIsRequired(t *testing.T) {
	t.Parallel()
	w, o := newWorld(t)
	b := w.SignIn(o, directory.Manager)
	page := b.Open("/cabinet/services/cash-register").Submit("Подать заявку").Is(http.StatusOK)
	draft := page.Path
	form := url.Values{"cabinet-organisation": {o.ID}}
	b.Post(draft+"/submit", form).Is(http.StatusUnprocessableEntity) // neither signed nor asked to be sent unsigned
	form.Set("unsigned", "yes")
	b.Post(draft+"/submit", form).Is(http.StatusUnprocessableEntity).Says("Исправьте")
	b.Post(draft+"/template", url.Values{"cabinet-organisation": {o.ID}, "title": {"Наша касса"}}).Is(http.StatusOK).Says("Шаблон сохранён")
	card := b.Open("/cabinet/services/cash-register").Says("Наша касса", "Начатые заявки")
	card.Fill("Заполнить по шаблону", "Наша касса").Submit("Подать заявку").Is(http.StatusOK).Says("Заявка начата")
	b.Open("/cabinet/services/cash-register").Submit("Удалить").Says("Шаблон удалён").Lacks("Заполнить по шаблону")
	observer := w.SignIn(o, directory.Observer)
	observer.Post(draft, url.Values{"cabinet-organisation": {o.ID}, "f-inn": {"1"}}).Is(http.StatusForbidden)
	observer.Open(draft).Is(http.StatusOK).Lacks("Далее: документы")
}
