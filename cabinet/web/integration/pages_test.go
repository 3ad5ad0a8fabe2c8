package integration_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/web/inboxtest"
	"propusk/cabinet/web/integration"
	"propusk/idp/directory"
)

// TestAProgramIsConnectedTestedAndReplayed: rows 253 to 257 by the labels of the
// pages.
func TestAProgramIsConnectedTestedAndReplayed(t *testing.T) {
	t.Parallel()
	w := inboxtest.New(t, integration.Room())
	w.Dispatch()
	o := w.Office("mayak", directory.Administrator, directory.Observer)
	program := httptest.NewUnstartedServer(http.NotFoundHandler())
	program.Config.ErrorLog = log.New(io.Discard, "", 0)
	program.StartTLS()
	t.Cleanup(program.Close)
	b := w.SignIn(o, directory.Administrator)
	page := b.Open("/cabinet/integrations").Is(http.StatusOK).Says("Пока ничего не подключено").Follow("Подключить программу")
	page = page.Fill("Адрес", "http://example.com/x").Submit("Подключить").Is(http.StatusUnprocessableEntity)
	page = page.Fill("Адрес", program.URL+"/hook").Fill("Программа", "1С:Бухгалтерия").Fill("Только о выбранных", "yes").Fill("Отчёт принят", "yes").Submit("Подключить")
	page.Is(http.StatusCreated).Says("больше мы его не покажем", "whsec_")
	hook := page.Follow("К вебхуку").Is(http.StatusOK).Says("1С:Бухгалтерия", "Ещё не проверен", "1 событие", "Доставок пока нет").Lacks("whsec_")

	delivery := hook.Submit("Проверить связь").Is(http.StatusOK).Says("webhook.test", "Тело сообщения")
	settled := b.Open(delivery.Path)
	for deadline := time.Now().Add(time.Minute); !strings.Contains(settled.Text(), "webhook-id") && time.Now().Before(deadline); settled = b.Open(delivery.Path) {
		time.Sleep(20 * time.Millisecond)
	}
	settled.Says("webhook-id", "защищённое соединение") // its certificate is nobody's
	if strings.Contains(settled.Body, "whsec_") {
		t.Error("a secret stands on the page of a delivery")
	}
	b.Open(hook.Path).Says("webhook.test")
	for format, begins := range map[string]string{"JSON": "{", "XML": "<?xml"} {
		if file := b.Open(hook.Path).Follow(format).Is(http.StatusOK); !strings.HasPrefix(file.Body, begins) {
			t.Errorf("%s: %.40s", format, file.Body)
		}
	}
	b.Open(hook.Path).Submit("Отправить").Is(http.StatusUnprocessableEntity).Says("Такой даты нет")

	changed := b.Open(hook.Path).Fill("Описание", "Главная база").Submit("Сохранить").Is(http.StatusOK).Says("Сохранено.", "Главная база")
	changed.Submit("Приостановить").Says("приостановлен").Submit("Включить").Says("включён")
	b.Open(hook.Path).Fill("Прежний секрет узнал", "yes").Submit("Выпустить").Is(http.StatusCreated).Says("whsec_")
	b.Open(hook.Path).Submit("Удалить").At("/cabinet/integrations").Says("Вебхук удалён", "Пока ничего не подключено")
}

func TestWhoMayNotConnectProgramsIsTold(t *testing.T) {
	t.Parallel()
	w := inboxtest.New(t, integration.Room())
	o := w.Office("mayak", directory.Administrator, directory.Observer)
	observer := w.SignIn(o, directory.Observer)
	observer.Open("/cabinet/integrations").Is(http.StatusForbidden).Says("Недостаточно прав")
	observer.Post("/cabinet/integrations/webhooks/new", url.Values{"cabinet-organisation": {o.ID}, "url": {"https://example.com"}}).Is(http.StatusForbidden)
	w.SignIn(o, directory.Administrator).In("en").Open("/cabinet/integrations/sandbox").Is(http.StatusOK).Says("Sandbox", "grant_type=client_credentials", "https://propusk.example")

	other := w.Office("verf", directory.Administrator)
	theirs := w.SignIn(other, directory.Administrator)
	page := theirs.Open("/cabinet/integrations/webhooks/new").Fill("Адрес", "https://hooks.example.com/x").Submit("Подключить")
	if page.Status == http.StatusCreated {
		hook := page.Follow("К вебхуку")
		w.SignIn(o, directory.Administrator).Open(hook.Path).Is(http.StatusNotFound)
	}
}

// TestAnApplicationIsMadeRotatedAndRemoved: an organisation keeps its own clients; a
// secret is shown once, and nobody gives a program more than he may do himself.
func TestAnApplicationIsMadeRotatedAndRemoved(t *testing.T) {
	t.Parallel()
	w := inboxtest.New(t, integration.Room())
	o, other := w.Office("mayak", directory.Administrator, directory.Observer), w.Office("verf", directory.Administrator)
	b := w.SignIn(o, directory.Administrator)
	page := b.Open("/cabinet/integrations").Says("Своих приложений пока нет").Follow("Создать приложение")
	page = page.Submit("Создать").Is(http.StatusUnprocessableEntity)
	page = page.Fill("Название приложения", "Обмен").Fill("Разрешённые сети", "203.0.113.0/24").Fill("Смотреть сведения об организации", "yes").Submit("Создать").Is(http.StatusCreated)
	page.Says("больше мы его не покажем", "client_id")
	app := page.Follow("К приложению").Is(http.StatusOK).Says("Обмен", "Работает", "ни разу", "203.0.113.0/24", "Служба")
	w.SignIn(other, directory.Administrator).Open(app.Path).Is(http.StatusNotFound)

	rotated := app.Fill("Сколько дней", "3").Submit("Выпустить").Is(http.StatusCreated).Says("больше мы его не покажем")
	if rotated.Body == page.Body {
		t.Error("the new secret is the one before")
	}
	b.Open(app.Path).Says("Секрет действует до").Submit("Выключить").Says("Приложение выключено", "Выключено").Submit("Включить").Says("Приложение включено")
	b.Open(app.Path).Fill("Название приложения", "Обмен с базой").Submit("Сохранить").Is(http.StatusOK).Says("Обмен с базой")
	b.Open("/cabinet/integrations").Says("Обмен с базой")
	b.Open(app.Path).Submit("Удалить").At("/cabinet/integrations").Says("Приложение удалено", "Своих приложений пока нет")

	observer := w.SignIn(o, directory.Observer)
	observer.Open("/cabinet/integrations/clients/new").Is(http.StatusOK).Says("Нужно право").Lacks("Разрешённые сети")
	observer.Post("/cabinet/integrations/clients/new", url.Values{"cabinet-organisation": {o.ID}, "client_name": {"x"}, "kind": {"service"}}).Is(http.StatusForbidden)
}
