package filing_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"propusk/cabinet/authority"
	"propusk/cabinet/web/webtest"
	"propusk/idp/directory"
)

// TestAReportIsFilledInSignedAndSent goes the whole way by the words on the page: the
// form in sections, a fault at its field, the check, the signature, the receipt.
func TestAReportIsFilledInSignedAndSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.accountant()
	p := b.Open("/cabinet/filings/new").Says("Новый отчёт", "Декларация по НДС").Follow("Декларация по НДС")
	p = p.Fill("Период", "IV квартал").Fill("Год", year(w)).Submit("Заполнить").Is(200).Says("Кто подаёт", "Раздел 1", "Раздел 7")
	p = p.Fill("Код ОКТМО", "45375000").Fill("Фамилия", "Маякова").Fill("Имя", "Анна").Submit("Дальше").Is(200)
	p = p.Fill("010 · Код ОКТМО", "45375000").Fill("020 · КБК", "18210301000011000110").Fill("040 (050) · К уплате", "200000").Submit("Проверить отчёт")
	at := id(p)
	p.Says("Нужно исправить", "Проверить")

	p = b.Open("/cabinet/filings/" + at + "/fill?" + url.Values{"step": {"НДС/СумУпл164"}}.Encode()).Says("Раздел 3")
	if p.Value("010 · Реализация по ставке 20 %: налоговая база") != "" {
		t.Error("the field is filled in already")
	}
	const section = "НДС/СумУпл164/"
	p = b.Post("/cabinet/filings/"+at+"/fill", hidden(w, b, p.Path, url.Values{
		"go": {"check"}, "v:" + section + "@НалПУ164": {"200000"}, "v:" + section + "СумНалОб/@НалВосстОбщ": {"200000"},
		"v:" + section + "СумНалОб/РеалТов20/@НалБаза": {"1000000"}, "v:" + section + "СумНалОб/РеалТов20/@СумНал": {"200000"},
	}))
	p = p.Is(200).Says("Ошибок не найдено", "Отчёт прошёл проверку", "Подписать и отправить")

	p = p.Follow("Подписать и отправить").Says("Что вы подписываете", "КБК: 18210301000011000110", "Как подписать", "SHA-256")
	content := b.Open("/cabinet/filings/" + at + "/file").Is(200).Body
	p = p.Choose("Загрузите файл подписи", "report.p7s", w.seal().Sign(t, []byte(content))).Submit("Отправить подпись")
	p.At("/cabinet/filings/"+at).Is(200).Says("Отчёт подписан и отправлен", "Отправлен", "Контрольный код", "Маякова")

	w.body.Deliver(t)
	w.answer(at, authority.Accepted, "Отчёт принят", nil...)
	p = b.Open("/cabinet/filings/"+at).Says("Принято", "Ответы и квитанции", "ИФНС № 7707", "Отчёт принят", "Вид", "accepted.xml", "Подтверждение и акт")
	if act := b.Open("/cabinet/filings/" + at + "/act"); act.Header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(act.Body, "%PDF") {
		t.Errorf("the act is %s", act.Header.Get("Content-Type"))
	}
	p.Follow("accepted.xml").Is(200)
	p.Follow("Скачать подпись").Is(200)
	b.Open("/cabinet/filings").Says("Декларация по НДС", "Принято", "Ближайшие сроки")
	b.Open("/cabinet/filings?state=draft").Says("Таких отчётов нет").Lacks("Принято 2")
	b.Open("/cabinet/filings/operations").Says("Журнал операций", "Принято")
	b.Open("/cabinet/filings/export?format=xlsx").Is(200)
}

func year(w *world) string { return w.Clock.Now().AddDate(-1, 0, 0).Format("2006") }

func TestAFaultyFileIsADraftThatSaysWhereItIsWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.accountant()
	f := w.vat(0)
	f = f.Replace(`КБК="1`, `КБК="`)
	p := b.Open("/cabinet/filings/upload").Choose("Файл отчёта", f.Name, f.Content).Submit("Загрузить и проверить")
	p.Is(200).Says("Файл загружен", "Нужно исправить: 1 замечание", "Строка", "КБК").Lacks("Подписать и отправить")
	good := w.vat(0)
	p = p.Choose("Файл отчёта", good.Name, good.Content).Submit("Заменить файл")
	p = p.Is(200).Says("Файл заменён")
	p.Submit("Проверить").Says("Ошибок не найдено")

	b.Open("/cabinet/filings/upload").Submit("Загрузить и проверить").Is(http.StatusUnprocessableEntity).Says("Выберите файл отчёта")
	b.Open("/cabinet/filings/upload").Choose("Файл отчёта", "x.xml", []byte("no xml")).Submit("Загрузить и проверить").Is(http.StatusUnprocessableEntity)
}

// TestARefusedSignatureTellsEveryCheck: a signature over other bytes sends nothing,
// and each check is told in words.
func TestARefusedSignatureTellsEveryCheck(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.accountant()
	p := w.uploaded(b)
	at := id(p)
	dialog := p.Follow("Подписать и отправить")
	dialog.Submit("Отправить подпись").Is(http.StatusUnprocessableEntity).Says("Подписи нет")
	dialog = b.Open("/cabinet/filings/" + at + "/sign")
	told := dialog.Choose("Загрузите файл подписи", "other.p7s", w.seal().Sign(t, []byte("other bytes"))).Submit("Отправить подпись")
	told.Is(http.StatusUnprocessableEntity).Says("Почему подпись не принята", "не пройдено", "изменён")
	strange := w.Authority.Issue(t, signatureOf("Чужой"))
	content := b.Open("/cabinet/filings/" + at + "/file").Body
	b.Open("/cabinet/filings/"+at+"/sign").Choose("Загрузите файл подписи", "strange.p7s", strange.Sign(t, []byte(content))).
		Submit("Отправить подпись").Says("Как подписать").Lacks("подписан и отправлен")
	b.Open("/cabinet/filings/" + at).Says("Черновик").Lacks("Контрольный код")
}

func TestTheBodysAnswersSayWhatToDo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.accountant()
	p := w.uploaded(b)
	at := id(p)
	content := b.Open("/cabinet/filings/" + at + "/file").Body
	p = b.Open("/cabinet/filings/"+at+"/sign").Choose("Загрузите файл подписи", "a.p7s", w.seal().Sign(t, []byte(content))).Submit("Отправить подпись")
	p.Says("Отчёт подписан и отправлен")
	w.body.Deliver(t)
	b.Open("/cabinet/filings/" + at).Says("Подать до")
	w.answer(at, authority.Accepted, "")
	b.Open("/cabinet/filings/" + at).Lacks("Подать до") // there is nothing to do by then
	w.answer(at, authority.Clarification, "Поясните расхождение")
	p = b.Open("/cabinet/filings/"+at).Says("Требуется уточнение", "Поясните расхождение", "ответьте пояснением", "Составить уточнённый")
	p = p.Submit("Составить уточнённый").Is(200).Says("Создан черновик", "корректировка 1")
	p.Follow("Отчёт, который уточняется").At("/cabinet/filings/" + at)
	p = p.Submit("Удалить черновик")
	p.At("/cabinet/filings").Says("Черновик удалён")
}

func TestRowsComeAndGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.accountant()
	p := b.Open("/cabinet/filings/new?type=NO_NDS").Fill("Период", "IV квартал").Fill("Год", year(w)).Submit("Заполнить")
	at := "/cabinet/filings/" + id(p) + "/fill?" + url.Values{"step": {"НДС/ОперНеОбл"}}.Encode()
	p = b.Open(at).Fill("1 · Код операции", "1010292").Fill("2 · Стоимость реализованного", "5").Submit("Добавить строку")
	p = p.Is(200).Says("строка 1", "строка 2")
	p = b.Post("/cabinet/filings/"+id(p)+"/fill", hidden(w, b, at, url.Values{
		"go": {"stay"}, "v:НДС/ОперНеОбл/СумОпер7[2]/@КодОпер": {"1010800"},
	}))
	p = p.Is(200).Says("строка 2")
	p = p.Submit("Убрать строку").Is(200)
	if got := p.Value("1 · Код операции"); got != "1010800" {
		t.Errorf("the second row has not moved up: %q", got)
	}
	p.Lacks("строка 2")
}

// hidden is a form with the desk's own fields of a page.
func hidden(w *world, b *webtest.Browser, page string, fields url.Values) url.Values {
	w.T.Helper()
	drawn := b.Open(page)
	for _, name := range []string{"cabinet-organisation", "cabinet-page", "cabinet-key", "version", "step"} {
		fields.Set(name, between(drawn.Body, `name="`+name+`" value="`, `"`))
	}
	return fields
}

func between(text, before, after string) string {
	_, rest, _ := strings.Cut(text, before)
	value, _, _ := strings.Cut(rest, after)
	return strings.NewReplacer("&#34;", `"`, "&amp;", "&", "&#43;", "+").Replace(value)
}

// TestTheScriptSavesAndChecksWhileOneTypes: the answers to the page's script.
func TestTheScriptSavesAndChecksWhileOneTypes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.accountant()
	p := b.Open("/cabinet/filings/new?type=NO_NDS").Fill("Период", "IV квартал").Fill("Год", year(w)).Submit("Заполнить")
	at := "/cabinet/filings/" + id(p)
	fields := hidden(w, b, at+"/fill", url.Values{"v:НДС/СумУплНП/@КБК": {"1"}})
	told := b.Post(at+"/try", fields).Is(200)
	if !strings.Contains(told.Body, `"v:НДС/СумУплНП/@КБК":"Значение «1» не подходит`) || !strings.Contains(told.Body, "До готовности") {
		t.Errorf("tried: %s", told.Body)
	}
	saved := b.Post(at+"/values", fields).Is(200)
	if !strings.Contains(saved.Body, `"version":`) {
		t.Errorf("saved: %s", saved.Body)
	}
	if again := b.Post(at+"/values", fields); again.Status != http.StatusPreconditionFailed {
		t.Errorf("another window's work is written over: %d %s", again.Status, again.Body)
	}
	b.Open(at + "/fill?" + url.Values{"step": {"НДС/СумУплНП"}}.Encode()).Says("Раздел 1")
}

func TestDeadlinesLeadToTheirReports(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.accountant()
	p := b.Open("/cabinet/filings/calendar").Is(200).Says("Календарь отчётности", "Январь", "Апрель", "подано 0 из")
	p = p.Follow("Подготовить").Is(200).Says("Период")
	if p.Value("Год") == "" {
		t.Error("the year is not chosen")
	}
	b.Open("/cabinet/filings/calendar?year=1800").Is(200)
	b.Open("/cabinet/filings/forms").Says("Формы и шаблоны", "Статистика").Follow("Декларация по НДС").Says("Как заполнять", "020", "КБК", "сумма в полных рублях")
	if template := b.Open("/cabinet/filings/template?type=NO_NDS"); !strings.HasPrefix(template.Body, "PK") {
		t.Errorf("the template is %q", template.Header.Get("Content-Type"))
	}
	b.Open("/cabinet/filings/form?type=EFS1").Says("подаётся файлом PDF")
	b.Open("/cabinet/filings/new?type=nothing").Is(http.StatusNotFound)
}

func TestWhoMayOnlyLookIsToldWhoseRightItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.uploaded(w.accountant())
	b := w.SignIn(w.office, directory.Observer)
	p := b.Open("/cabinet/filings").Is(200).Lacks("Новый отчёт", "Загрузить файл").Follow("Декларация по НДС")
	p.Says("Нужно право", "Попросить доступ")
	b.Open("/cabinet/filings/upload").Choose("Файл отчёта", "a.xml", []byte("<a/>")).Submit("Загрузить и проверить").Is(http.StatusForbidden)
}

// TestWhatIsOfAnotherOrganisationIsNotThere and every page speaks English.
func TestWhatIsOfAnotherOrganisationIsNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.uploaded(w.accountant())
	at := "/cabinet/filings/" + id(p)
	other := w.Office("Other", directory.Accountant)
	b := w.SignIn(other, directory.Accountant)
	for _, path := range []string{at, at + "/sign", at + "/fill", at + "/file", at + "/act"} {
		if got := b.Open(path); got.Status != http.StatusNotFound && got.Status != http.StatusForbidden {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
	english := w.SignIn(w.office, directory.Accountant).In("en")
	for path, says := range map[string]string{
		"/cabinet/filings": "Reports", "/cabinet/filings/calendar": "Calendar of reports", "/cabinet/filings/operations": "Journal of operations",
		"/cabinet/filings/forms": "Forms and templates", "/cabinet/filings/new": "New report", "/cabinet/filings/upload": "Upload a report",
		at: "What is next", at + "/sign": "What you sign",
	} {
		english.Open(path).Is(200).Says(says)
	}
	number := strings.ReplaceAll(between(english.Open(at).Body, "Operation number</dt><dd>", "<"), " ", "")
	if len(number) != 19 {
		t.Fatalf("the operation number is %q", number)
	}
	english.Open("/cabinet/filings?number=" + number).Says("Return of value added tax")
}
