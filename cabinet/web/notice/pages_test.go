package notice_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"propusk/cabinet/web/inboxtest"
	pages "propusk/cabinet/web/notice"
	"propusk/cabinet/web/request"
	"propusk/idp/directory"
)

const day = 24 * 3600e9

// TestNoticesAreReadAndLeadToWhatTheyAreAbout: row 222.
func TestNoticesAreReadAndLeadToWhatTheyAreAbout(t *testing.T) {
	t.Parallel()
	w := inboxtest.New(t, pages.Room(), request.Room())
	o := w.Office("mayak", directory.Manager)
	b := w.SignIn(o, directory.Manager)
	b.Open("/cabinet/notices").Is(http.StatusOK).Says("Здесь будут уведомления")
	w.Require(o, "Пояснения по НДС", 5*day)
	w.Work()
	page := b.Open("/cabinet/notices").Says("Требования", "ИФНС России № 1", "не прочитано")
	page.Submit("Открыть").Is(http.StatusOK).Says("Представьте пояснения.")
	read := b.Open("/cabinet/notices").Lacks("не прочитано")
	read = read.Submit("Вернуть в непрочитанные").Says("не прочитано")
	b.Open("/cabinet/notices?unread=true").Says("Требования")
	read.Submit("Прочитать все").Says("Прочитано.").Lacks("не прочитано")
	b.Open("/cabinet/notices?unread=true").Says("Ничего не найдено")
	b.Open("/cabinet/notices?from=x").Is(http.StatusUnprocessableEntity).Says("Такой даты нет")
	b.Open("/cabinet/notices/deliveries").Is(http.StatusOK).Says("История уведомлений")
	b.Open("/cabinet/news").Is(http.StatusOK).Says("Новостей пока нет")
}

// TestSettingsAreKeptAndDropped: row 235. What one window saved the other does not
// write over.
func TestSettingsAreKeptAndDropped(t *testing.T) {
	t.Parallel()
	w := inboxtest.New(t, pages.Room())
	o := w.Office("mayak", directory.Administrator, directory.Observer)
	b := w.SignIn(o, directory.Observer)
	page := b.Open("/cabinet/notices/settings").Is(http.StatusOK).Says("Действуют обычные настройки", "Тихие часы", "Сводка")
	stale := b.Open("/cabinet/notices/settings")
	saved := page.Fill("Сроки: СМС", "yes").Fill("На почту", "Только критические").Fill("Тихо с", "22:00").Fill("Тихо до", "07:30").Fill("Часовой пояс", "Омск").
		Fill("Как часто", "Раз в неделю").Fill("Во сколько", "09:00").Fill("День недели", "Пятница").Submit("Сохранить настройки").Is(http.StatusOK)
	saved.Says("Настройки сохранены", "Действуют ваши настройки")
	if saved.Value("Тихо с") != "22:00" || saved.Value("Часовой пояс") != "Asia/Omsk" || saved.Value("День недели") != "5" || saved.Value("На почту") != "critical" {
		t.Errorf("kept: %s %s %s %s", saved.Value("Тихо с"), saved.Value("Часовой пояс"), saved.Value("День недели"), saved.Value("На почту"))
	}
	stale.Submit("Сохранить настройки").Is(http.StatusPreconditionFailed)
	saved.Fill("Тихо до", "").Submit("Сохранить настройки").Is(http.StatusUnprocessableEntity)
	b.Open("/cabinet/notices/settings").Submit("Вернуть прежние").Says("Действуют обычные настройки")

	b.Open("/cabinet/notices/organisation").Is(http.StatusOK).Says("Нужно право").Lacks("Сохранить настройки")
	admin := w.SignIn(o, directory.Administrator).Open("/cabinet/notices/organisation").Fill("На почту", "Важные и критические").Submit("Сохранить настройки")
	admin.Is(http.StatusOK).Says("Настройки сохранены")
	b.Open("/cabinet/notices/settings").Says("Действуют настройки организации")
}

// TestABrowserIsConnectedForPush: row 234.
func TestABrowserIsConnectedForPush(t *testing.T) {
	t.Parallel()
	w := inboxtest.New(t, pages.Room())
	o := w.Office("mayak", directory.Observer)
	b := w.SignIn(o, directory.Observer)
	page := b.Open("/cabinet/notices/devices").Is(http.StatusOK).Says("Ни один браузер не подключён")
	if !strings.Contains(page.Body, `data-push="B`) {
		t.Error("the page has no key of the server")
	}
	script := b.Open("/cabinet/notices/worker.js").Is(http.StatusOK)
	if !strings.HasPrefix(script.Header.Get("Content-Type"), "text/javascript") || !strings.Contains(script.Body, "showNotification") {
		t.Errorf("the worker: %v", script.Header)
	}
	form := url.Values{
		"cabinet-organisation": {o.ID}, "device": {"Мой ноутбук"}, "endpoint": {"https://push.example.com/abc"}, "auth": {"BTBZMqHH6r4Tts7J_aSIgg"},
		"p256dh": {"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"},
	}
	b.Post("/cabinet/notices/devices", url.Values{"cabinet-organisation": {o.ID}, "endpoint": {"http://127.0.0.1/x"}, "device": {"x"}}).Is(http.StatusUnprocessableEntity)
	b.Post("/cabinet/notices/devices", form).Is(http.StatusOK).Says("Браузер подключён", "Мой ноутбук").Submit("Отключить").Says("Браузер отключён")
}

// TestAnotherPersonsNoticeIsNotOpened: the form cannot lead elsewhere than the API
// says.
func TestAnotherPersonsNoticeIsNotOpened(t *testing.T) {
	t.Parallel()
	w := inboxtest.New(t, pages.Room(), request.Room())
	o := w.Office("mayak", directory.Manager)
	w.Require(o, "Пояснения по НДС", 5*day)
	w.Work()
	page := w.SignIn(o, directory.Manager).Open("/cabinet/notices")
	act := regexp.MustCompile(`/cabinet/notices/[0-9a-f-]+/open`).FindString(page.Body)
	other := w.Office("verf", directory.Manager)
	w.SignIn(other, directory.Manager).Post(act, url.Values{"cabinet-organisation": {other.ID}}).Is(http.StatusNotFound)
}
