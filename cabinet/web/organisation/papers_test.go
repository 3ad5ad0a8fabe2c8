package organisation_test

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"propusk/cabinet/cabinettest"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/storage/file/filetest"
)

// TestARegistrationBringsItsPapersAndItsSignature: row 115 by the labels of the page.
func TestARegistrationBringsItsPapersAndItsSignature(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	office := w.Office("mayak", directory.Head)
	person := office.Members[directory.Head].Person
	const snils, inn = "11244556627", "780400112238"
	cabinettest.Must(t, w.Directory.ConfirmIdentity(t.Context(), directory.System(), person.ID, directory.Confirmation{SNILS: snils, INN: inn, Evidence: "акт 17"}))
	head := w.SignIn(office, directory.Head)
	page := head.Open("/cabinet/registrations").Fill("ИНН", "7707083893").Submit("Начать").Is(http.StatusOK)
	page.Says("Документы нужны, если", "Право открыть кабинет есть")
	at := page.Path

	t.Run("a document is added, read and removed", func(t *testing.T) {
		page := head.Open(at)
		page.Submit("Добавить документ").Is(http.StatusUnprocessableEntity).Says("Файл не выбран")
		page.Choose("Файл документа", "устав.pdf", []byte("MZ\x90\x00")).Submit("Добавить документ").Is(http.StatusUnprocessableEntity)
		hidden := bytes.Replace(filetest.PDF("Устав"), []byte("/Type /Catalog"), []byte("/Type /Catalog /OpenAction << /S /JavaScript /JS (x) >>"), 1)
		page.Choose("Файл документа", "устав.pdf", hidden).Submit("Добавить документ").Is(http.StatusUnprocessableEntity)
		page = head.Open(at).Fill("Вид документа", "Решение о создании").Choose("Файл документа", "решение.pdf", filetest.PDF("Decision of the founders about the head"))
		page = page.Submit("Добавить документ").Is(http.StatusOK).Says("Документ добавлен", "решение", "Решение о создании")
		if got := page.Follow("Скачать"); got.Body != string(filetest.PDF("Decision of the founders about the head")) {
			t.Errorf("the document comes back with %d bytes", len(got.Body))
		}
		stranger := w.SignIn(w.Office("other", directory.Head), directory.Head)
		stranger.Open(at).Is(http.StatusNotFound)
		stranger.Open(at + "/sign").Is(http.StatusNotFound)
		stranger.Open(at + "/statement").Is(http.StatusNotFound)
		page.Submit("Убрать").Is(http.StatusOK).Says("Документ убран", "Документы нужны, если")
		head.Post(at+"/documents/0190a5b2-3c44-7d10-8f00-5a1e2b3c4d5e/drop", url.Values{"cabinet-organisation": {office.ID}}).Is(http.StatusNotFound)
	})
	t.Run("the application is signed with the organisation's certificate", func(t *testing.T) {
		dialog := head.Open(at).Follow("Подписать заявление").Is(http.StatusOK).Says("выданным на ваше имя", "Заявление о создании личного кабинета", "7707083893")
		text := dialog.Follow("application.txt").Is(http.StatusOK)
		if !strings.HasPrefix(text.Body, "Заявление о создании") || !strings.HasPrefix(text.Header.Get("Content-Disposition"), "attachment") {
			t.Fatalf("the statement: %v %q", text.Header, text.Body)
		}
		named := func(inn, ogrn string) signature.Subject {
			return signature.Subject{
				Kind: signature.KindOrganisation, CommonName: "ПАО", INNLE: inn, OGRN: ogrn, Organisation: "ПАО",
				LastName: person.LastName, GivenNames: person.FirstName, SNILS: snils, INN: "780400112238",
			}
		}
		sign := func(s signature.Subject, what string) []byte { return w.Authority.Issue(t, s).Sign(t, []byte(what)) }
		dialog.Submit("Отправить подпись").Is(http.StatusUnprocessableEntity)
		dialog.Choose("Загрузите файл подписи", "x.p7s", sign(named("7707083893", "1027700132195"), text.Body+"!")).Submit("Отправить подпись").
			Is(http.StatusUnprocessableEntity).Says("Почему подпись не принята", "Документ изменён после подписания")
		dialog.Choose("Загрузите файл подписи", "x.p7s", sign(named("7801234564", "1027800123450"), text.Body)).Submit("Отправить подпись").
			Is(http.StatusUnprocessableEntity)
		dialog.Choose("Загрузите файл подписи", "x.p7s", sign(named("7707083893", "1027700132195"), text.Body)).Submit("Отправить подпись").
			At(at).Says("Подпись принята", "Подписано сертификатом организации")
	})
	t.Run("in English, and withdrawn", func(t *testing.T) {
		head.In("en").Open(at).Is(http.StatusOK).Says("Signed with the organisation", "Kind of document", "Withdraw the application")
		head.In("ru").Open(at).Submit("Отозвать заявку").At("/cabinet/registrations").Says("Заявка отозвана")
		page := head.Open(at).Is(http.StatusOK).Lacks("Добавить документ", "Подписать заявление")
		if page.Header.Get("Content-Type") == "" {
			t.Error("no page")
		}
		head.Post(at+"/submit", url.Values{"cabinet-organisation": {office.ID}}).Is(http.StatusConflict)
	})
}

// TestAChangeSaysWhoAskedWhoDecidedAndWhy: attachments, the signature, the versions
// (rows 133 to 135, 273).
func TestAChangeSaysWhoAskedWhoDecidedAndWhy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	office := w.Office("mayak", directory.Head, directory.Observer)
	head, observer := w.SignIn(office, directory.Head), w.SignIn(office, directory.Observer)
	name := office.Members[directory.Head].Person.FullName()
	set := func(street string) string {
		page := head.Open("/cabinet/organization/blocks/contacts").Fill("Фактический адрес", street).Submit("Сохранить и подтвердить").Is(http.StatusOK)
		return page.Path
	}
	at := set("Москва, Новая улица, 5")
	page := head.Open(at).Says("Кто изменил", name, "Файлов пока нет")
	page.Submit("Приложить").Is(http.StatusUnprocessableEntity).Says("Файл не выбран")
	page.Choose("Файл", "x.txt", []byte("not a picture")).Submit("Приложить").Is(http.StatusUnprocessableEntity)
	page = page.Choose("Файл", "приказ.pdf", filetest.PDF("An order about the new address of the office")).Submit("Приложить").Is(http.StatusOK).Says("Файл приложен", "приказ")
	if got := page.Follow("Скачать"); got.Body != string(filetest.PDF("An order about the new address of the office")) {
		t.Errorf("the file comes back with %d bytes", len(got.Body))
	}
	observer.Open(at).Is(http.StatusOK).Says("приказ").Lacks("Приложить", "Подтвердить подписью")

	dialog := page.Follow("Подтвердить подписью").Is(http.StatusOK).Says("Новая улица, 5")
	text := dialog.Follow("change.txt").Is(http.StatusOK).Body
	own := w.Authority.Issue(t, signature.Subject{
		Kind: signature.KindOrganisation, INNLE: office.INN, OGRN: office.OGRN, CommonName: "ООО", Organisation: "ООО", SNILS: "11223344595",
	})
	dialog.Choose("Загрузите файл подписи", "x.p7s", own.Sign(t, []byte(text+"x"))).Submit("Отправить подпись").Is(http.StatusUnprocessableEntity)
	dialog.Choose("Загрузите файл подписи", "x.p7s", own.Sign(t, []byte(text))).Submit("Отправить подпись").At("/cabinet/organization").Says("уже действует", "Новая улица, 5")
	head.Open(at).Says("Кто решил", "Организация", "подтверждено квалифицированной подписью", "Руководитель").Lacks("Приложить")
	head.Open(at + "/sign").At(at) // there is nothing to sign any more

	second := set("Москва, Старая улица, 7")
	head.Open(second).Submit("Код на почту").Fill("Код", code(t, w)).Submit("Подтвердить").At("/cabinet/organization")
	history := head.Open("/cabinet/organization").Follow("История изменений").At("/cabinet/organization/blocks/contacts/versions")
	history.Says("Версия 3", "Действует", "Версия 2", "Версия 1", "Новая улица, 5", "Старая улица, 7", name, "подтверждено кодом", "подтверждено квалифицированной подписью")
	back := history.Submit("Вернуть эту версию").Is(http.StatusOK).Says("Ждёт подтверждения", "Возвращает", "Версия 2")
	back.Submit("Отменить изменение").Says("Изменение отменено")
	head.Open(back.Path).Says("Кто решил", "Организация")

	observer.Open("/cabinet/organization/blocks/contacts/versions").Is(http.StatusOK).Lacks("Вернуть эту версию")
	restore := "/cabinet/organization/blocks/contacts/versions/1/restore"
	observer.Post(restore, url.Values{"cabinet-organisation": {office.ID}}).Is(http.StatusForbidden)
	drawn := url.Values{"cabinet-organisation": {office.ID}}
	head.Post("/cabinet/organization/blocks/contacts/versions/3/restore", drawn).Is(http.StatusConflict)
	head.Post("/cabinet/organization/blocks/contacts/versions/99/restore", drawn).Is(http.StatusNotFound)
	head.Post("/cabinet/organization/blocks/nonsense/versions/1/restore", drawn).Is(http.StatusNotFound)
	head.Open("/cabinet/organization/blocks/nonsense/versions").Is(http.StatusNotFound)
	head.Open("/cabinet/organization/blocks/bank/versions").Is(http.StatusOK).Says("Изменений ещё не было")
	head.In("en").Open("/cabinet/organization/blocks/contacts/versions").Says("History: Contacts", "In force", "confirmed by a code")
}

// TestNoWordOfThePagesIsMissing: a key that has no words would be shown itself.
func TestNoWordOfThePagesIsMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	office := w.Office("mayak", directory.Head)
	head := w.SignIn(office, directory.Head)
	for _, lang := range []string{"ru", "en"} {
		for _, path := range []string{"/cabinet/organization", "/cabinet/registrations", "/cabinet/organization/blocks/bank/versions", "/cabinet/organization/legal-status"} {
			page := head.In(lang).Open(path)
			root, err := html.Parse(strings.NewReader(page.Body))
			cabinettest.Must(t, err)
			for n := range root.Descendants() {
				if n.Type == html.TextNode && strings.HasPrefix(strings.TrimSpace(n.Data), "company.") {
					t.Errorf("%s in %s shows %q", path, lang, n.Data)
				}
			}
		}
	}
}
