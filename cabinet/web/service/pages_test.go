package service_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"propusk/cabinet/authority"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/web/inboxtest"
	"propusk/cabinet/web/request"
	"propusk/cabinet/web/service"
	"propusk/cabinet/web/webtest"
	"propusk/idp/directory"
	"propusk/storage/file/filetest"
)

func newWorld(t *testing.T) (*inboxtest.World, *cabinettest.Office) {
	t.Helper()
	w := inboxtest.New(t, request.Room(), service.Room())
	return w, w.Office("mayak", directory.Manager, directory.Observer)
}

func TestTheCatalogueIsSearchedAndFiltered(t *testing.T) {
	t.Parallel()
	w, o := newWorld(t)
	b := w.SignIn(o, directory.Manager)
	b.Open("/cabinet/services").Is(http.StatusOK).Says("Лицензия на медицинскую деятельность", "Регистрация контрольно-кассовой техники")
	b.Open("/cabinet/services?type=licence").Says("Лицензия на медицинскую деятельность").Lacks("Регистрация контрольно-кассовой техники")
	b.Open("/cabinet/services?q=касса").Is(http.StatusOK)
	b.Open("/cabinet/services?q=пылесос").Says("Такой услуги нет")
	card := b.Open("/cabinet/services/licence-medical").Is(http.StatusOK)
	card.Says("Устав в действующей редакции", "обязательно", "PDF до 10 МБ", "15 рабочих дней", "7 500 ₽", "Квалифицированная подпись обязательна")
	w.SignIn(o, directory.Observer).Open("/cabinet/services/licence-medical").Says("нужно право").Lacks("Заполнить по шаблону")
	b.Open("/cabinet/services/nothing").Is(http.StatusNotFound)
}

var box = regexp.MustCompile(`name="document" value="([a-z_]+)"`)

// TestALicenceFromDraftToRenewal: rows 192 to 200, 202 to 205 and 207 by the labels of
// the pages.
func TestALicenceFromDraftToRenewal(t *testing.T) {
	t.Parallel()
	w, o := newWorld(t)
	b := w.SignIn(o, directory.Manager)
	page := b.Open("/cabinet/services/licence-medical").Submit("Подать заявку").Is(http.StatusOK).Says("Заявка начата", "Работы и услуги")
	draft := page.Path
	if got := page.Value("ИНН"); got != o.INN {
		t.Errorf("the ИНН is filled in as %q", got)
	}
	check := b.Open(draft+"/check").Is(http.StatusOK).Says("Исправьте", "Работы и услуги", "Обязательное поле", "Не приложен").Lacks("Подписать и отправить")
	check.Follow("Исправить").Is(http.StatusOK).Says("Обязательное поле")

	page = page.Fill("Работы и услуги", "Терапия").Fill("Номер санитарно", "77.01").Fill("Дата заключения", "2026-01-15").Submit("Сохранить черновик").Says("Черновик сохранён")
	autosaved(t, b, o, draft, page)
	b.Post(draft+"/versions/2/restore", url.Values{"cabinet-organisation": {o.ID}}).Is(http.StatusOK).Says("Версия восстановлена")
	docs := b.Open(draft).Submit("Далее: документы").At(draft+"/documents").Says("не приложен", "Устав в действующей редакции")
	docs.Submit("Приложить").Is(http.StatusUnprocessableEntity).Says("Файл не выбран")
	fill(t, b, o, draft)
	b.Open(draft+"/documents").Says("приложен", "charter.pdf")
	fields(t, b, draft)
	ready := b.Open(draft + "/check").Says("Всё заполнено верно")
	dialog := ready.Follow("Подписать и отправить").Is(http.StatusOK).Says("После подписи заявка уйдёт")
	content := b.Open(draft + "/content").Body
	holder := w.Holder(o)
	dialog.Choose("Загрузите файл подписи", "x.p7s", holder.Sign(t, []byte("else"))).Submit("Отправить подпись").Is(http.StatusUnprocessableEntity)
	sent := dialog.Choose("Загрузите файл подписи", "x.p7s", holder.Sign(t, []byte(content))).Submit("Отправить подпись").Is(http.StatusOK)
	sent.Says("Заявка отправлена", "Ход рассмотрения", "Вопросов нет", "Протокол подачи")
	if pdf := sent.Follow("Протокол подачи").Is(http.StatusOK); !strings.HasPrefix(pdf.Body, "%PDF-") {
		t.Error("the protocol is no PDF")
	}

	s := w.Submission()
	w.Agency.Answer(t, authority.Answer{SubmissionID: s.ID, Event: authority.InWork})
	w.Agency.Answer(t, authority.Answer{SubmissionID: s.ID, Event: authority.Clarification, Text: "Нужны документы на помещение.", Fields: map[string]string{"documents": "premises"}})
	asked := b.Open(draft).Says("Требуется уточнение", "Нужны документы на помещение.", "Документы на помещение")
	asked = asked.Choose("Выберите файлы", "аренда.pdf", filetest.PDF("lease")).Submit("Отправить").Is(http.StatusOK).Says("Документы отправлены")
	w.Agency.Answer(t, authority.Answer{
		SubmissionID: s.ID, Event: authority.Approved, Text: "Лицензия предоставлена.", Fields: map[string]string{"valid_until": "2031-05-01"},
		Files: []authority.File{{Name: "Лицензия.pdf", Content: filetest.PDF("licence")}},
	})
	granted := b.Open(draft).Says("Одобрено", "Результат", "Лицензия.pdf", "Действует до", "01.05.2031")
	granted.Follow("Лицензия.pdf").Is(http.StatusOK)
	granted.Submit("Продлить").Is(http.StatusOK).Says("Продление начато", "Это продление")
	b.Open("/cabinet/applications").Says("Одобрено", "Черновик", "Лицензия на медицинскую деятельность")
	_ = asked
}

// fill gives every document of the card, by the form of each.
func fill(t *testing.T, b *webtest.Browser, o *cabinettest.Office, draft string) {
	t.Helper()
	for range 12 {
		page := b.Open(draft + "/documents")
		names := box.FindAllStringSubmatch(page.Body, -1)
		missing := ""
		for _, name := range names {
			if strings.Contains(page.Body, `id="box-`+name[1]+`"`) && !strings.Contains(page.Body, name[1]+".pdf") {
				missing = name[1]
				break
			}
		}
		if missing == "" {
			return
		}
		body, kind := webtest.Multipart(t, url.Values{"document": {missing}, "cabinet-organisation": {o.ID}}, "d-"+missing, missing+".pdf", filetest.PDF(missing))
		b.Send(http.MethodPost, draft+"/documents", body, "Content-Type", kind).Is(http.StatusOK)
	}
}

// fields fills in whatever the check still finds wrong.
func fields(t *testing.T, b *webtest.Browser, draft string) {
	t.Helper()
	page := b.Open(draft + "?checked=yes")
	for label, value := range map[string]string{"Фамилия, имя": "Орлова Вера", "Адрес места": "Москва, улица Новая, 1", "Код ОКВЭД": "86.21", "Начало деятельности": "2026-12-01", "Работников": "12"} {
		page.Fill(label, value)
	}
	page.Submit("Сохранить черновик").Is(http.StatusOK)
}

// autosaved plays the form's script: it is saved, and told what is wrong.
func autosaved(t *testing.T, b *webtest.Browser, o *cabinettest.Office, draft string, page *webtest.Page) {
	t.Helper()
	version := regexp.MustCompile(`name="version" value="([^"]*)"`).FindStringSubmatch(page.Body)[1]
	form := url.Values{"cabinet-organisation": {o.ID}, "version": {strings.ReplaceAll(version, "&#34;", `"`)}, "f-works": {"Терапия"}, "f-inn": {"123"}, "f-sanitary_number": {"77.01"}, "f-sanitary_date": {"2026-01-15"}}
	saved := b.Send(http.MethodPost, draft+"/autosave", []byte(form.Encode()), "Content-Type", "application/x-www-form-urlencoded", "Accept", "application/json").Is(http.StatusOK)
	var told struct {
		Version string
		Faults  map[string]string
	}
	if err := json.Unmarshal([]byte(saved.Body), &told); err != nil || told.Version == "" || !strings.Contains(told.Faults["f-inn"], "ИНН") || told.Faults["f-works"] != "" {
		t.Errorf("autosaved: %v %+v", err, told)
	}
	again := b.Send(http.MethodPost, draft+"/autosave", []byte(form.Encode()), "Content-Type", "application/x-www-form-urlencoded", "Accept", "application/json")
	again.Is(http.StatusPreconditionFailed) // an older window overwrites nothing
	form.Set("version", told.Version)
	form.Set("f-inn", o.INN)
	b.Send(http.MethodPost, draft+"/autosave", []byte(form.Encode()), "Content-Type", "application/x-www-form-urlencoded", "Accept", "application/json").Is(http.StatusOK)
}

func TestADraftsVersionsAndTemplates(t *testing.T) {
	t.Parallel()
	w, o := newWorld(t)
	b := w.SignIn(o, directory.Manager)
	page := b.Open("/cabinet/services/simplified-tax").Submit("Подать заявку").Is(http.StatusOK)
	draft := page.Path
	page.Submit("Сохранить черновик").Is(http.StatusOK)
	b.Open(draft+"/versions").Is(http.StatusOK).Says("Версия 1", "Версия 2", "начата", "сохранена").Submit("Вернуться к ней").Says("Версия восстановлена")
	b.Open(draft).Fill("Название шаблона", "Наш УСН").Submit("Сохранить").Is(http.StatusOK)
	b.Open(draft).Submit("Удалить черновик").At("/cabinet/applications").Says("Черновик удалён", "Здесь будут ваши заявки")
	b.Open(draft).Is(http.StatusNotFound)
	other := w.Office("verf", directory.Manager)
	theirs := w.SignIn(other, directory.Manager).Open("/cabinet/services/simplified-tax").Submit("Подать заявку")
	b.Open(theirs.Path).Is(http.StatusNotFound)
}
