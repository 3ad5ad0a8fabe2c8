package power_test

import (
	"context"
	"encoding/base64"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/notice/noticetest"
	rooms "propusk/cabinet/power"
	"propusk/cabinet/power/powertest"
	"propusk/cabinet/web/power"
	"propusk/cabinet/web/webtest"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/signature/signaturetest"
	"propusk/storage/file/filetest"
)

const headSNILS = "11223344595"

type world struct {
	*webtest.World
	office  *cabinettest.Office
	company signaturetest.Holder
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := new(world)
	w.World = webtest.New(t, func(b cabinettest.Base) []api.Room {
		room, err := rooms.New(rooms.Deps{
			DB: b.DB, Directory: b.Directory, Files: filetest.Store(t, b.DB, b.Clock.Now), Verifier: b.Authority.Verifier, Sealer: b.Sealer,
			Tell: noticetest.New(t, b).Tell, Now: b.Clock.Now, Log: b.Log,
		})
		cabinettest.Must(t, err)
		return []api.Room{room.Room(), kinds()}
	}, power.Room())
	w.office = w.Office("Mayak", directory.Roles()...)
	head := w.office.Members[directory.Head].Person.ID
	cabinettest.Must(t, w.Directory.VerifyNumbers(context.Background(), directory.System(), head, headSNILS, ""))
	w.company = w.Authority.Issue(t, signature.Subject{
		LastName: "Северный", GivenNames: "Андрей", Organisation: w.office.Name, SNILS: headSNILS, INNLE: w.office.INN, OGRN: w.office.OGRN,
	})
	return w
}

// kinds plays the rooms of reports and extracts, whose kinds a power can be limited to.
func kinds() api.Room {
	answer := func(body map[string]any) func(api.Call) error {
		return func(c api.Call) error { return api.Answer(c, http.StatusOK, "", body) }
	}
	one := []map[string]string{{"id": "NO_NDS", "name": "Декларация по НДС"}}
	return api.Room{
		Name: "kinds",
		Routes: []api.Route{
			{Method: "GET", Path: "/v1/report-types", Access: api.AnyToken, Handle: answer(map[string]any{"report_types": one})},
			{Method: "GET", Path: "/v1/extract-types", Access: api.AnyToken, Handle: answer(map[string]any{"items": one})},
		},
		Document: []byte(`{"tags": [], "components": {}, "paths": {
			"/v1/report-types": {"get": {"summary": "Kinds", "responses": {"200": {"description": "All."}}}},
			"/v1/extract-types": {"get": {"summary": "Kinds", "responses": {"200": {"description": "All."}}}}}}`),
	}
}

// given is the page of a power that the wizard has made and the head has signed.
func (w *world) given(b *webtest.Browser) *webtest.Page {
	w.T.Helper()
	p := b.Open("/cabinet/powers/new").Fill("Фамилия", "Счетова").Fill("Имя", "Анна").Fill("СНИЛС", "087-654-303 00").
		Fill("Фамилия руководителя", "Северный").Fill("Имя руководителя", "Андрей").Fill("СНИЛС руководителя", headSNILS).Submit("Дальше")
	p = p.Is(200).Fill("Подписание и представление налоговых деклараций", "yes").Fill("Может подписывать", "yes").
		Fill("Наибольшая сумма", "150 000").Submit("Дальше")
	p = p.Is(200).Says("Прочитайте перед выдачей", "Подписание и представление налоговых деклараций", "не больше 150 000 ₽", "Без права передоверия").Submit("Создать доверенность")
	p = p.Is(200).Says("Доверенность составлена", "Черновик: ещё ничего не разрешает")
	path := p.Path
	p = p.Follow("Подписать").Says("Что вы подписываете", "Подписание и представление")
	form := b.Open(path + "/file").Is(200).Body
	return p.Choose("Загрузите файл подписи", "power.sig", w.company.Sign(w.T, []byte(form))).Submit("Отправить подпись")
}

// TestAPowerIsGivenInWordsSignedAndRevokedWithItsEffectTold.
func TestAPowerIsGivenInWordsSignedAndRevokedWithItsEffectTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn(w.office, directory.Administrator)
	b.Open("/cabinet/powers").Is(200).Says("Здесь будут выданные доверенности")
	p := w.given(b).Is(200).Says("Доверенность подписана и действует", "Действует", "Что она разрешает", "Кто ею пользовался", "Счетова")
	b.Open("/cabinet/powers").Says("Счетова", "Действует").Follow("Полученные").Says("доверенностей не выдавали")
	b.Open("/cabinet/powers?q=никто").Says("Таких доверенностей нет")
	path := p.Path
	b.Open(path + "/archive").Is(200)
	p = b.Open(path).Follow("Отозвать").Is(200).Says("Что произойдёт", "больше не сможет действовать", "за несколько секунд", "Вернуть её нельзя")
	// It takes a certificate: the desk leads through the sign-in and brings the form back.
	p = p.Fill("Причина", "Договор окончен").Submit("Отозвать").Is(200)
	if strings.HasSuffix(p.Path, "/revoke") {
		if p.Value("Причина") != "Договор окончен" {
			t.Errorf("the form came back with %q", p.Value("Причина"))
		}
		p = p.Submit("Отозвать")
	}
	p.At(path).Says("Доверенность отозвана", "Договор окончен")
	b.In("en").Open(path).Says("Revoked")
}

func TestTheWizardSaysWhatIsMissingAndGoesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn(w.office, directory.Administrator)
	b.Open("/cabinet/powers/new").Submit("Дальше").Is(http.StatusUnprocessableEntity).Says("Введите фамилию", "Введите СНИЛС")
	p := b.Open("/cabinet/powers/new").Fill("Фамилия", "Счетова").Fill("Имя", "Анна").Fill("СНИЛС", "1").Submit("Дальше").Is(200)
	p.Submit("Дальше").Is(http.StatusUnprocessableEntity).Says("Отметьте хотя бы одно полномочие")
	p = p.Fill("Подписание и представление", "yes").Submit("Дальше").Submit("Создать доверенность").Is(http.StatusUnprocessableEntity)
	if p.Value("СНИЛС") != "1" || p.Value("Фамилия") != "Счетова" {
		t.Errorf("what was typed is lost: %q %q", p.Value("СНИЛС"), p.Value("Фамилия"))
	}
	p = b.Open("/cabinet/powers/new").Fill("Организации или предпринимателю", "yes").Submit("Дальше").Is(http.StatusUnprocessableEntity).Says("Введите ИНН организации")
	back := p.Fill("ИНН", "7707083893").Submit("Дальше").Is(200).Submit("Назад").Is(200)
	if back.Value("ИНН") != "7707083893" {
		t.Errorf("the step before has lost %q", back.Value("ИНН"))
	}
	page := b.Open("/cabinet/powers/new")
	fields := url.Values{"powers": {"2_FNS02"}, "limits/max_sum": {"x"}}
	for _, name := range []string{"cabinet-organisation", "cabinet-page", "cabinet-key"} {
		_, rest, _ := strings.Cut(page.Body, `name="`+name+`" value="`)
		fields.Set(name, rest[:strings.Index(rest, `"`)])
	}
	if told := b.Post("/cabinet/powers/words", fields); !strings.Contains(told.Body, "Без права подписи") {
		t.Errorf("the words: %s", told.Body)
	}
	fields.Set("go", "give")
	b.Post("/cabinet/powers/new", fields).Is(http.StatusUnprocessableEntity).Says("Это не сумма")
}

func TestAFormIsCheckedBeforeItIsEntered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn(w.office, directory.Administrator)
	b.Open("/cabinet/powers/import").Submit("Проверить и внести").Is(http.StatusUnprocessableEntity).Says("Выберите файл доверенности")
	told := b.Open("/cabinet/powers/import").Choose("Файл доверенности", "form.xml", powertest.XML()).Submit("Только проверить").Is(200)
	if !strings.Contains(told.Body, `class="faults"`) && !strings.Contains(told.Text(), "Замечаний нет") {
		t.Errorf("the check says nothing: %s", told.Text())
	}
	b.Open("/cabinet/powers/import").Choose("Файл доверенности", "form.xml", powertest.XML()).Submit("Проверить и внести").Is(http.StatusUnprocessableEntity)
	b.Open("/cabinet/powers/import").Choose("Файл доверенности", "form.xml", []byte("<x/>")).Submit("Только проверить").Says("не удалось прочитать")
}

// TestAPaperIsEnteredByWhoAnswersForIt: a notary's paper takes a certificate.
func TestAPaperIsEnteredByWhoAnswersForIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn(w.office, directory.Administrator)
	b.Open("/cabinet/powers/paper").Submit("Внести доверенность").Is(http.StatusUnprocessableEntity).Says("Приложите скан")
	scan, err := base64.StdEncoding.DecodeString("JVBERi0xLjQKJcOkw7zDtsOfCjEgMCBvYmoKPDwvVHlwZS9DYXRhbG9nPj4KZW5kb2JqCnRyYWlsZXIKPDwvUm9vdCAxIDAgUj4+CiUlRU9G")
	cabinettest.Must(t, err)
	p := b.Open("/cabinet/powers/paper").Choose("Скан", "power.pdf", scan).Submit("Внести доверенность").Is(http.StatusUnprocessableEntity)
	if !strings.Contains(p.Body, `class="fault"`) {
		t.Errorf("no field is at fault: %s", p.Text())
	}
	p = b.Open("/cabinet/powers/paper").Choose("Скан", "power.pdf", scan).Fill("Имя нотариуса", "Орлова В. И.").
		Fill("Номер в реестре", "77/1-н").Fill("Дата удостоверения", w.day(-1)).Fill("Номер документа", "7")
	for _, side := range []string{"principal", "representative"} {
		p.Type(side+"_identity/full_name", "Счетова Анна").Type(side+"_identity/document", "4500 123456").
			Type(side+"_identity/issued_on", "2015-05-05").Type(side+"_identity/issued_by", "ОВД")
	}
	p = p.Type("representative/last_name", "Счетова").Type("representative/first_name", "Анна").Type("representative/snils", "08765430300").
		Type("issued_on", w.day(-1)).Type("until", w.day(30)).Fill("Просмотр отчётности", "yes").Submit("Внести доверенность")
	// The sign-in by certificate has brought the form back, but for its file.
	p = p.Is(http.StatusOK).Says("Вход подтверждён").Choose("Скан", "power.pdf", scan).Submit("Внести доверенность")
	p.Is(http.StatusOK).Says("Доверенность внесена", "Нотариальная")
}

// day is a date so many days from now, in Moscow.
func (w *world) day(days int) string {
	return w.Clock.Now().In(time.FixedZone("MSK", 3*60*60)).AddDate(0, 0, days).Format(time.DateOnly)
}

// TestAnOrganisationNamesWhoActsUnderAPowerAndGivesItUp: the side that a power was
// given to.
func TestAnOrganisationNamesWhoActsUnderAPowerAndGivesItUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bureau := w.Office("Bureau", directory.Roles()...)
	b := w.SignIn(w.office, directory.Administrator)
	p := b.Open("/cabinet/powers/new").Fill("Организации или предпринимателю", "yes").Fill("ИНН", bureau.INN).
		Fill("Фамилия руководителя", "Северный").Fill("Имя руководителя", "Андрей").Fill("СНИЛС руководителя", headSNILS).Submit("Дальше")
	p = p.Is(200).Fill("Просмотр отчётности", "yes").Submit("Дальше").Submit("Создать доверенность").Is(200)
	form := b.Open(p.Path + "/file").Is(200).Body
	p.Follow("Подписать").Choose("Загрузите файл подписи", "power.sig", w.company.Sign(t, []byte(form))).Submit("Отправить подпись").Says("Действует")

	theirs := w.SignIn(bureau, directory.Administrator)
	given := theirs.Open("/cabinet/powers?side=given").Says("Mayak").Follow("ООО «Mayak»").Says("Кто действует по ней")
	for page, title := range map[string]string{given.Body: "ООО «Mayak»", b.Open(given.Path).Body: bureau.Name} {
		if !strings.Contains(page, "<h1>"+html.EscapeString(title)+"</h1>") {
			t.Errorf("the page is not called by the other side, %s", title)
		}
	}
	name := bureau.Members[directory.Accountant].Person.FullName()
	given.Fill(name, "yes").Submit("Сохранить список").Says("Список исполнителей сохранён")
	if again := theirs.Open(given.Path); again.Value(name) == "" {
		t.Error("the member is not named")
	}
	end := theirs.Open(given.Path).Follow("Отказаться").Says("Вы больше не сможете действовать").Submit("Отказаться").Is(200)
	if strings.HasSuffix(end.Path, "/renounce") {
		end = end.Submit("Отказаться")
	}
	end.Says("Вы отказались от доверенности")
}

func TestPowersOfOthersAreNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.given(w.SignIn(w.office, directory.Administrator))
	other := w.Office("Other", directory.Administrator)
	b := w.SignIn(other, directory.Administrator)
	for _, path := range []string{p.Path, p.Path + "/sign", p.Path + "/file", p.Path + "/revoke"} {
		b.Open(path).Is(http.StatusNotFound)
	}
	observer := w.SignIn(w.office, directory.Observer)
	if got := observer.Open(p.Path); got.Status == http.StatusOK {
		got.Says("Нужно право")
	}
}
