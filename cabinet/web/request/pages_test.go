package request_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/web/inboxtest"
	"propusk/cabinet/web/request"
	"propusk/cabinet/web/service"
	"propusk/idp/directory"
	"propusk/storage/file/filetest"
)

const day = 24 * time.Hour

// TestRequirementIsAcceptedPlannedAndAnswered: rows 213, 216 to 218 and 220 by the
// labels of the pages.
func TestRequirementIsAcceptedPlannedAndAnswered(t *testing.T) {
	t.Parallel()
	w := inboxtest.New(t, request.Room(), service.Room())
	o := w.Office("mayak", directory.Manager, directory.Observer)
	number := w.Require(o, "Пояснения по НДС", 5*day)
	page := w.SignIn(o, directory.Manager).Open("/cabinet/requests").Is(http.StatusOK).Says("Пояснения по НДС", "Открыто", "осталось 5 дней", "не назначен")
	page = page.Follow("Пояснения по НДС").Is(http.StatusOK).Says("Ответить до", number, "ИФНС России № 1", "Представьте пояснения.")
	page = page.Submit("Принять к исполнению").Says("Требование принято к исполнению", "Принято к исполнению")

	due := w.Clock.Now().Add(3 * day).Format(time.DateOnly)
	page = page.Fill("Дата исполнения", due).Submit("Назначить").Says("Сохранено.")
	if got := page.Value("Дата исполнения"); got != due {
		t.Errorf("planned for %s, want %s", got, due)
	}
	late := page.Fill("Дата исполнения", w.Clock.Now().Add(30*day).Format(time.DateOnly)).Submit("Назначить").Is(http.StatusUnprocessableEntity)
	late.Says("Дата исполнения не может быть позже срока")

	page = page.Fill("Текст", "Пояснения в приложении.").Choose("Файлы", "ответ.pdf", filetest.PDF("answer")).Submit("Отправить").Says("Ответ отправлен", "Ответ дан", "ответ.pdf")
	if s := w.Submission(); s.Kind != "answer" || len(s.Files) != 1 || s.Fields["text"] != "Пояснения в приложении." {
		t.Errorf("sent: %s %v", s.Kind, s.Fields)
	}
	page.Says("История действий", "Отправлен ответ", "Назначены срок и ответственный")
	if file := page.Follow("ответ.pdf").Is(http.StatusOK); file.Header.Get("Content-Type") != "application/pdf" || !strings.Contains(file.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("the file comes as %v", file.Header)
	}

	// Row 217: a new version, the one before stays.
	edit := page.Follow("Изменить").Is(http.StatusOK).Says("Версия 1")
	edit = edit.Fill("Текст", "Пояснения исправлены.").Submit("Отправить новую версию").Says("Новая версия отправлена", "2 версии")
	edit.Follow("2 версии").Says("Версия 1", "Версия 2", "Пояснения в приложении.", "Пояснения исправлены.")
}

func TestWhoMayOnlyReadIsToldWhomToAsk(t *testing.T) {
	t.Parallel()
	w := inboxtest.New(t, request.Room())
	o := w.Office("mayak", directory.Manager, directory.Observer)
	w.Require(o, "Пояснения по НДС", 5*day)
	observer := w.SignIn(o, directory.Observer)
	page := observer.Open("/cabinet/requests").Is(http.StatusOK).Lacks("Новое обращение").Follow("Пояснения по НДС")
	page.Is(http.StatusOK).Says("Нужно право").Lacks("Сохранить черновик")
	observer.Open("/cabinet/requests/new").Is(http.StatusOK).Says("Нужно право «Отвечать на обращения»").Lacks("Код органа")
	form := url.Values{"cabinet-organisation": {o.ID}, "recipient": {"7701"}, "recipient_name": {"ИФНС"}, "subject": {"x"}, "text": {"x"}}
	observer.Post("/cabinet/requests/new", form).Is(http.StatusForbidden).Says("Для этого нужно право")
}

func TestDraftOfAnAnswerIsSavedByItselfAndNotOverAnotherWindow(t *testing.T) {
	t.Parallel()
	w := inboxtest.New(t, request.Room())
	o := w.Office("mayak", directory.Manager)
	w.Require(o, "Пояснения по НДС", 5*day)
	b := w.SignIn(o, directory.Manager)
	page := b.Open("/cabinet/requests").Follow("Пояснения по НДС")
	page.Fill("Текст", "Черновой текст").Submit("Сохранить черновик").Says("Черновик сохранён")
	again := b.Open(page.Path)
	if got := again.Value("Текст"); got != "Черновой текст" {
		t.Fatalf("the draft comes back as %q", got)
	}
	again.Fill("Текст", "Новее").Submit("Сохранить черновик").Says("Черновик сохранён")
	third := again.Fill("Текст", "Из старого окна").Submit("Сохранить черновик")
	third.Is(http.StatusPreconditionFailed)
	if third.Value("Текст") != "Из старого окна" {
		t.Errorf("what was typed is lost: %q", third.Value("Текст"))
	}
}

func TestOverdueIsShownAndCanStillBeAnswered(t *testing.T) {
	t.Parallel()
	w := inboxtest.New(t, request.Room())
	o := w.Office("mayak", directory.Manager)
	w.Require(o, "Пояснения по НДС", 2*day)
	w.Clock.Advance(3 * day)
	list := w.SignIn(o, directory.Manager).Open("/cabinet/requests").Says("Просрочено", "просрочено")
	if !strings.Contains(list.Body, `<tr class="late">`) {
		t.Error("an overdue row looks as any other")
	}
	list.Follow("Пояснения по НДС").Says("Срок ответа прошёл").Fill("Текст", "С опозданием.").Submit("Отправить").Says("Ответ дан")
}

// TestAppealAndTicketAreOpened: rows 259 to 262.
func TestAppealAndTicketAreOpened(t *testing.T) {
	t.Parallel()
	w := inboxtest.New(t, request.Room())
	o := w.Office("mayak", directory.Manager)
	b := w.SignIn(o, directory.Manager)
	page := b.Open("/cabinet/requests/new").Fill("Код органа", "нет").Fill("Название органа", "ИФНС России № 1").Fill("Тема", "Зачёт переплаты").Fill("Текст", "Просим зачесть.").Submit("Отправить")
	page.Is(http.StatusUnprocessableEntity).Says("Код органа состоит")
	if page.Value("Тема") != "Зачёт переплаты" {
		t.Error("what was typed is lost")
	}
	page = page.Fill("Код органа", "7701").Choose("Файлы", "program.exe", []byte("MZ\x90\x00")).Submit("Отправить").Is(http.StatusUnprocessableEntity).Says("program.exe:")
	page.Fill("Код органа", "7701").Submit("Отправить").Is(http.StatusOK).Says("Отправлено. Номер", "Зачёт переплаты", "В обработке")
	if s := w.Submission(); s.Kind != "appeal" || s.Recipient != "7701" {
		t.Errorf("sent: %s to %s", s.Kind, s.Recipient)
	}
	ticket := b.Open("/cabinet/requests/new?type=ticket").Fill("О чём вопрос", "Сообщение об ошибке").Fill("Тема", "Пустая страница").Fill("Текст", "Не открывается.")
	ticket = ticket.Submit("Отправить").Is(http.StatusUnprocessableEntity)
	ticket.Fill("Код ошибки", "internal_error").Fill("Когда это случилось", "2026-11-22T10:05").Submit("Отправить").Is(http.StatusOK).Says("Зарегистрировано", "internal_error")
}

func TestListIsFilteredAndExported(t *testing.T) {
	t.Parallel()
	w := inboxtest.New(t, request.Room())
	o := w.Office("mayak", directory.Manager)
	w.Require(o, "Пояснения по НДС", 5*day)
	w.Require(o, "Документы по сделке", 2*day)
	b := w.SignIn(o, directory.Manager)
	b.Open("/cabinet/requests?q=документы").Says("Документы по сделке").Lacks("Пояснения по НДС")
	b.Open("/cabinet/requests?type=appeal").Says("Здесь будут обращения").Lacks("Пояснения по НДС")
	b.Open("/cabinet/requests?type=requirement&status=done").Says("Ничего не найдено", "Сбросить условия")
	b.Open("/cabinet/requests?from=22.13.2026").Is(http.StatusUnprocessableEntity).Says("Такой даты нет")
	byDue := b.Open("/cabinet/requests?order=due").Text()
	if strings.Index(byDue, "Документы по сделке") > strings.Index(byDue, "Пояснения по НДС") {
		t.Error("the nearest due date does not come first")
	}
	history := b.Open("/cabinet/requests?view=history").Says("История", "Документы по сделке", "В обработке")
	for format, begins := range map[string]string{"XLSX": "PK", "PDF": "%PDF-"} {
		if file := history.Follow(format).Is(http.StatusOK); !strings.HasPrefix(file.Body, begins) || !strings.Contains(file.Header.Get("Content-Disposition"), "attachment") {
			t.Errorf("%s: %v", format, file.Header)
		}
	}
}

func TestTextsAreKeptAndPutIntoAnAnswer(t *testing.T) {
	t.Parallel()
	w := inboxtest.New(t, request.Room())
	o := w.Office("mayak", directory.Manager)
	number := w.Require(o, "Пояснения по НДС", 5*day)
	b := w.SignIn(o, directory.Manager)
	b.Open("/cabinet/request-templates").Says("Своих шаблонов пока нет").Follow("Новый шаблон").
		Fill("Название", "Наш ответ").Fill("Текст", "На № {outer_number}: готово.").Submit("Сохранить шаблон").Says("Шаблон сохранён", "Наш ответ")
	page := b.Open("/cabinet/requests").Follow("Пояснения по НДС").Follow("Наш ответ")
	if got := page.Value("Текст"); got != "На № "+number+": готово." {
		t.Errorf("the text is filled in as %q", got)
	}
	b.Open("/cabinet/request-templates").Submit("Удалить").Says("Шаблон удалён").Lacks("Наш ответ")
}

// TestAnAnswerIsSigned: a file and its detached signature go together; a signature of
// nothing is refused in words.
func TestAnAnswerIsSigned(t *testing.T) {
	t.Parallel()
	w := inboxtest.New(t, request.Room())
	o := w.Office("mayak", directory.Manager)
	w.Require(o, "Пояснения по НДС", 5*day)
	b := w.SignIn(o, directory.Manager)
	content := filetest.PDF("answer")
	page := b.Open("/cabinet/requests").Follow("Пояснения по НДС").Follow("Ответить подписанным файлом").Is(http.StatusOK)
	refused := page.Submit("Отправить подпись")
	refused.Is(http.StatusUnprocessableEntity).Says("Выберите файл")
	holder := w.Holder(o)
	sent := refused.Choose("Файл", "ответ.pdf", content).Choose("Файл подписи", "ответ.pdf.p7s", holder.Sign(t, content)).Submit("Отправить подпись")
	sent.Is(http.StatusOK).Says("Ответ отправлен", "Подписан")
	if s := w.Submission(); len(s.Files) != 1 || len(s.Files[0].Signatures) != 1 {
		t.Errorf("sent: %d files", len(s.Files))
	}
}

func TestSupportAnswersAndIsReached(t *testing.T) {
	t.Parallel()
	w := inboxtest.New(t, request.Room())
	o := w.Office("mayak", directory.Manager)
	b := w.SignIn(o, directory.Manager)
	b.Open("/cabinet/support").Is(http.StatusOK).Says("help@example.ru", "ответ за 24 часа", "+7 800 555-00-00")
	b.Open("/cabinet/support?q=пылесос").Says("Такого вопроса нет")
	b.In("en").Open("/cabinet/support").Says("Frequent questions", "answered within 24 hours")
}

func TestAnotherOrganisationsRequestIsNotFound(t *testing.T) {
	t.Parallel()
	w := inboxtest.New(t, request.Room())
	theirs, ours := w.Office("verf", directory.Manager), w.Office("mayak", directory.Manager)
	w.Require(theirs, "Чужое требование", 5*day)
	page := w.SignIn(theirs, directory.Manager).Open("/cabinet/requests").Follow("Чужое требование")
	b := w.SignIn(ours, directory.Manager)
	b.Open(page.Path).Is(http.StatusNotFound)
	for _, act := range []string{"/accept", "/messages", "/plan", "/draft"} {
		form := url.Values{"cabinet-organisation": {ours.ID}, "text": {"x"}, "kind": {"reply"}}
		if got := b.Post(page.Path+act, form); got.Status != http.StatusNotFound {
			t.Errorf("%s: %d", act, got.Status)
		}
	}
	if got := b.Post("/cabinet/requests/new", url.Values{"cabinet-organisation": {theirs.ID}, "subject": {"x"}, "text": {"x"}, "recipient": {"7701"}}); got.Status != http.StatusConflict {
		t.Errorf("a form drawn for another organisation: %d", got.Status)
	}
}

// TestPairsFindWhatIsSigned: a signature is of the file that its name names.
func TestPairsFindWhatIsSigned(t *testing.T) {
	t.Parallel()
	file := func(name string) request.File {
		return request.File{ID: "id of " + name, Name: name, MediaType: "application/pdf"}
	}
	mark := func(name string) request.File {
		return request.File{ID: "id of " + name, Name: name, MediaType: request.SignatureType}
	}
	for _, c := range []struct {
		name     string
		files    []request.File
		pairs    map[string]string
		unpaired string
	}{
		{"the whole name", []request.File{file("a.pdf"), file("b.pdf"), mark("b.pdf.sig")}, map[string]string{"b.pdf": "b.pdf.sig"}, ""},
		{"without the ending", []request.File{file("a.pdf"), file("b.pdf"), mark("a.p7s")}, map[string]string{"a.pdf": "a.p7s"}, ""},
		{"the only one", []request.File{file("a.pdf"), mark("signature.p7s")}, map[string]string{"a.pdf": "signature.p7s"}, ""},
		{"of two alike none", []request.File{file("a.pdf"), file("a.xml"), mark("a.sig")}, nil, "a.sig"},
		{"of nothing", []request.File{file("a.pdf"), file("b.pdf"), mark("c.sig")}, nil, "c.sig"},
		{"alone", []request.File{mark("c.sig")}, nil, "c.sig"},
		{"none", []request.File{file("a.pdf")}, map[string]string{}, ""},
	} {
		got, unpaired := request.Pairs(c.files)
		want := map[string]string{}
		for signed, by := range c.pairs {
			want["id of "+signed] = "id of " + by
		}
		if fmt.Sprint(got) != fmt.Sprint(want) || unpaired != c.unpaired {
			t.Errorf("%s: %v, %q", c.name, got, unpaired)
		}
	}
}

func TestSignaturesAreReadInEveryForm(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"\x30\x03\x02\x01\x05": "\x30\x03\x02\x01\x05",
		"MAMC\nAQU=":           "\x30\x03\x02\x01\x05",
		"-----BEGIN PKCS7-----\nMAMCAQU=\n-----END PKCS7-----\n": "\x30\x03\x02\x01\x05",
		"": "",
	} {
		if got := string(request.DER([]byte(text))); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}
