package web

import (
	"encoding/json"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/storage/storagetest"
)

func TestFirstPageSaysWhatWaitsAndWhatIsNotOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	p := w.get("/cabinet")
	p.want(t, 200, "1 изменение не подтверждено", "Профиль заполнен: 2 из 6", "Действующее", "Нужно право", `aria-current="page">Сегодня`, `href="/cabinet/organisations"`,
		"Белова Анна Сергеевна", `name="permission" value="filings:read"`, "3 новых", `data-bell="/cabinet/events"`)
	if policy := p.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self' "+w.peer.URL+";") {
		t.Errorf("policy %q", policy)
	}
	w.get("/cabinet/?ui_locales=en").want(t, 200, "Waiting for you")
}

func TestFirstPageSortsWhatWaitsByDateAndCountsByMonth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := w.clock.Now().In(desk.Moscow)
	at := func(days int) string { return now.AddDate(0, 0, days).Format(time.RFC3339) }
	day := func(days int) string { return now.AddDate(0, 0, days).Format(time.DateOnly) }
	w.answer("GET /v1/organization/requests", 200, []map[string]any{
		{"id": "r1", "type": "requirement", "type_label": "Требование", "outer_number": "14-08", "subject": "Пояснения по НДС", "party": "ИФНС", "due_at": at(3)},
		{"id": "r2", "type": "appeal", "subject": "Не наше дело", "due_at": at(1)},
		{"id": "r3", "type": "requirement", "type_label": "Требование", "number": "R1", "subject": "Просроченное", "due_at": at(-2)},
	})
	w.answer("GET /v1/filings", 200, map[string]any{"next": "", "filings": []map[string]any{
		{"id": "f1", "number": "77", "type_name": "6-НДФЛ", "period": map[string]any{"name": "полугодие"}, "year": now.Year(), "state": "accepted", "state_label": "Принят", "submitted_at": at(0)},
		{"id": "f2", "number": "78", "type_name": "РСВ", "period": map[string]any{"name": "полугодие"}, "year": now.Year(), "state": "entered", "state_label": "Введён", "submitted_at": at(0)},
	}})
	w.answer("GET /v1/calendar", 200, map[string]any{"deadlines": []map[string]any{
		{"type": "NO_NDS", "type_name": "Декларация по НДС", "period": map[string]any{"name": "III квартал"}, "year": now.Year(), "due": day(5), "status": "upcoming"},
		{"type": "NO_PRIB", "type_name": "Сданный отчёт", "due": day(6), "status": "done"},
	}})
	w.answer("GET /v1/accruals/summary", 200, map[string]any{"count": 2, "left": 5_580_000, "overdue": 150_000, "next_due_on": day(8)})
	w.answer("GET /v1/accruals", 200, map[string]any{"next": "", "items": []map[string]any{
		{"id": "a1", "status": "overdue", "due_on": day(-1), "purpose": "Штраф ЦАФАП", "left": 150_000, "payee": map[string]any{"name": "УФК"}},
		{"id": "a2", "status": "paying", "due_on": day(1), "purpose": "Уже оплачивается", "left": 1, "payee": map[string]any{"name": "УФК"}},
	}})
	w.permissions("organization:read", "filings:read", "requests:read", "finance:read")
	w.signIn()
	p := w.get("/cabinet")
	p.want(t, 200, "Пояснения по НДС", "Требование № 14-08, ИФНС", "через 3 дня", "просрочено", "Декларация по НДС", "через 5 дней",
		`href="/cabinet/filings/new?type=NO_NDS"`, "6-НДФЛ", "Принято: 2, в работе: 0, отказано: 0.", `role="img" aria-labelledby="filed"`, "2 срока за двенадцать месяцев",
		"55\u00a0800,00\u00a0₽", "2 начисления", "Просрочено: 1\u00a0500,00\u00a0₽", "Штраф ЦАФАП", `href="/cabinet/finance/accruals/a1"`)
	p.lacks(t, "Не наше дело", "Уже оплачивается", ">Сданный отчёт<", "Нужно право", ">Оплатить<") // who may not pay, looks
	first, then := strings.Index(p.body, "Просроченное"), strings.Index(p.body, "Пояснения по НДС")
	if first < 0 || first > then {
		t.Error("what is overdue does not come first")
	}
}

// TestFormOfAnotherOrganisationIsRefused: what one tab sends after a switch in
// another is told and never applied; back in its organisation the form is as it was.
func TestFormOfAnotherOrganisationIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	w.post("/cabinet/organisations", url.Values{"organisation": {"o2"}})
	form := url.Values{"last_name": {"Орлова"}, "role": {"accountant"}}
	p := w.post("/cabinet/members/invite", form)
	p.want(t, 409, "Форма не отправлена", "Вернуться к ООО «Маяк»", `name="organisation" value="o1"`, `name="return" value="/cabinet/members/invite"`)
	w.drawnFor = ""
	w.post("/cabinet/members/invite", form).want(t, 409, "Форма не отправлена")
	for _, call := range w.calls {
		if strings.HasPrefix(call, "POST") {
			t.Errorf("the API was called: %s", call)
		}
	}
	w.drawnFor = "o2"
	if p := w.post("/cabinet/organisations", url.Values{"organisation": {"o1"}, "return": {"/cabinet/members/invite"}}); p.Header.Get("Location") != "/cabinet/members/invite" {
		t.Fatalf("switching back leads to %q", p.Header.Get("Location"))
	}
	w.get("/cabinet/members/invite").want(t, 200, `value="Орлова"`)
}

func TestReturnLeadsOnlyToPagesOfTheCabinet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	for _, to := range []string{"https://evil.example/cabinet", "//evil.example/cabinet", "/account", "/cabinetx", "\\\\evil.example"} {
		if p := w.post("/cabinet/organisations", url.Values{"organisation": {"o1"}, "return": {to}}); p.Header.Get("Location") != "/cabinet" {
			t.Errorf("%q leads to %q", to, p.Header.Get("Location"))
		}
	}
}

func TestWhoLacksARightAsksForIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	w.answer("POST /v1/organization/access-requests", 202, map[string]any{"colleagues": []map[string]any{{"name": "Белова Анна Сергеевна"}}})
	if p := w.post("/cabinet/ask", url.Values{"permission": {"filings:read"}}); p.Header.Get("Location") != "/cabinet" {
		t.Fatalf("%s %s", p.Status, p.body)
	}
	if !w.called(`POST /v1/organization/access-requests {"permission":"filings:read"}`) {
		t.Errorf("calls %q", w.calls)
	}
	w.get("/cabinet").want(t, 200, "Просьба отправлена: Белова Анна Сергеевна")
	w.get("/cabinet").lacks(t, "Просьба отправлена")
}

func TestLooksAreKeptInACookie(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	w.post("/cabinet/look", url.Values{"look": {"contrast"}})
	w.post("/cabinet/look", url.Values{"look": {"nonsense"}})
	w.get("/cabinet").want(t, 200, `<html lang="ru" class="contrast">`, `value="contrast" aria-pressed="true"`, `value="large" aria-pressed="false"`)
	w.post("/cabinet/look", url.Values{"look": {"large"}})
	w.post("/cabinet/look", url.Values{"look": {"contrast"}})
	w.get("/cabinet").want(t, 200, `class="large"`)
}

func TestSearchAsksTheRoomsAndNeedsTwoCharacters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	w.get("/cabinet/search?q=x").want(t, 200, "Введите хотя бы два знака")
	w.get("/cabinet/search?q=nothing").want(t, 200, "Ничего не найдено")
}

// TestStreamOfNoticesIsBoundedAndNeedsASession: a stream is no use of the session,
// nobody gets one without, and a session has few.
func TestStreamOfNoticesIsBoundedAndNeedsASession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.get("/cabinet/events").want(t, 401)
	w.signIn()
	w.handle("GET /v1/notices/stream", func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/event-stream")
		_, _ = rw.Write([]byte("id: 7\nevent: notice\ndata: {\"after\":\"" + r.Header.Get("Last-Event-ID") + "\"}\n\n"))
	})
	p := w.get("/cabinet/events")
	p.want(t, 200, "event: notice")
	if p.Header.Get("Content-Type") != "text/event-stream; charset=utf-8" || p.Header.Get("X-Accel-Buffering") != "no" {
		t.Errorf("headers %v", p.Header)
	}
	w.handle("GET /v1/notices/stream", func(rw http.ResponseWriter, _ *http.Request) { problem(rw, 429, "streams_exhausted", "x") })
	w.get("/cabinet/events").want(t, 503)
	w.clock.Advance(29 * time.Minute)
	w.get("/cabinet/events")
	w.clock.Advance(time.Minute)
	w.get("/cabinet/events").want(t, 401)
}

func TestSwitchingOrganisationRefreshesForIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	w.get("/cabinet/organisations").want(t, 200, `value="o1" required id="organisation" checked`, `value="o2" required>`, "304780400112233")
	w.post("/cabinet/organisations", nil).want(t, 422, "Выберите организацию")
	if p := w.post("/cabinet/organisations", url.Values{"organisation": {"o1"}}); p.Header.Get("Location") != "/cabinet" || len(w.refreshes) != 0 {
		t.Errorf("staying: %s, %d refreshes", p.Header.Get("Location"), len(w.refreshes))
	}
	if p := w.post("/cabinet/organisations", url.Values{"organisation": {"o2"}}); p.Header.Get("Location") != "/cabinet" {
		t.Errorf("switching leads to %q", p.Header.Get("Location"))
	}
	if len(w.refreshes) != 1 || w.refreshes[0].Get("organization") != "o2" {
		t.Fatalf("refreshes %v", w.refreshes)
	}
	w.get("/cabinet").want(t, 200, "ИП Морозова")
	w.drawnFor = "o2"

	w.grantOver = true // that organisation demands a stronger sign-in
	if asked := w.asked(w.post("/cabinet/organisations", url.Values{"organisation": {"o1"}})); asked.Get("organization") != "o1" {
		t.Errorf("asked %v", asked)
	}
}

func TestOneOrganisationOffersNothingToSwitchTo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answer("GET /v1/organizations", 200, map[string]any{"organizations": []map[string]any{{"id": "o1"}}})
	w.signIn()
	w.get("/cabinet").lacks(t, "/cabinet/organisations")
}

func TestMembersAreListedWithRolesAndInvitations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	w.get("/cabinet/members").want(t, 200, "Ким Иван", "Оператор", "Кладовщик", "(вы)", "Орлова Вера", "1 декабря 2026", "Истекло",
		`href="/cabinet/members/m2"`, `action="/cabinet/invitations/i1/resend"`, `href="/cabinet/members?after=cursor"`, `href="/cabinet/members/invite"`)
	w.get("/cabinet/members?after=cursor").want(t, 200, `href="/cabinet/members"`)
	if !w.called("GET /v1/organization/members?after=cursor") {
		t.Error("the next page was not asked for")
	}
	w.permissions("members:read")
	p := w.get("/cabinet/members")
	p.want(t, 200, "нужно право «Управлять сотрудниками»")
	p.lacks(t, `href="/cabinet/members/invite"`, "/resend", "Изменить<")
}

func TestMemberIsChangedAndRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	w.get("/cabinet/members/m2").want(t, 200, "Ким Иван", "1 февраля 2026", `value="operator" selected`, "Готовить отчётность", "Да, исключить", "Просмотр сотрудников")
	w.answer("PATCH /v1/organization/members/m2", 200, ivan)
	if p := w.post("/cabinet/members/m2/role", url.Values{"role": {"accountant"}}); p.Header.Get("Location") != "/cabinet/members" {
		t.Errorf("%s", p.Status)
	}
	if !w.called(`PATCH /v1/organization/members/m2 {"role":"accountant"}`) {
		t.Errorf("calls %q", w.calls)
	}
	w.handle("DELETE /v1/organization/members/m2", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(204) })
	if p := w.post("/cabinet/members/m2/remove", nil); p.Header.Get("Location") != "/cabinet/members" {
		t.Errorf("%s", p.Status)
	}
	w.get("/cabinet/members/m9").want(t, 404, "Такой записи нет", "req-7")
}

func TestRefusedChangeSaysWhyOnThePageOfTheForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	w.handle("PATCH /v1/organization/members/m2", func(rw http.ResponseWriter, _ *http.Request) {
		problem(rw, 403, "permission_missing", "В вашей роли нет права members:write.")
	})
	w.post("/cabinet/members/m2/role", url.Values{"role": {"accountant"}}).want(t, 403,
		"нужно право «Управлять сотрудниками»", `value="accountant" selected`, "Ошибка: Ким Иван")
	w.handle("DELETE /v1/organization/members/m2", func(rw http.ResponseWriter, _ *http.Request) {
		problem(rw, 409, "last_administrator", "Сначала назначьте другого администратора.")
	})
	w.post("/cabinet/members/m2/remove", nil).want(t, 409, "Сначала назначьте другого администратора.")
	w.handle("PATCH /v1/organization/members/m2", func(rw http.ResponseWriter, _ *http.Request) {
		problem(rw, 500, "internal", "Причина у нас.")
	})
	w.post("/cabinet/members/m2/role", nil).want(t, 500, "Причина у нас.", `href="/cabinet/members/m2"`)
}

func TestInviting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	w.get("/cabinet/members/invite").want(t, 200, "Что открывает каждая роль", `name="email" type="email"`)
	form := url.Values{"last_name": {" Орлова "}, "first_name": {"Вера"}, "email": {"vera"}, "role": {"accountant"}, "phone": {"8 921 000-00-00"}}
	w.handle("POST /v1/organization/invitations", func(rw http.ResponseWriter, _ *http.Request) {
		problem(rw, 422, "validation_failed", "Исправьте поля.", map[string]string{"pointer": "/email", "detail": "Неверный формат."}, map[string]string{"pointer": "/grants", "detail": "Так нельзя."})
	})
	w.post("/cabinet/members/invite", form).want(t, 422, `href="#email">Неверный формат.`, `id="email-fault">Неверный формат.`, "<li>Так нельзя.</li>", `value="Орлова"`, `value="vera"`, `value="accountant" selected`)
	w.answer("POST /v1/organization/invitations", 201, map[string]any{"id": "i3"})
	form.Set("email", "vera@mayak.example")
	if p := w.post("/cabinet/members/invite", form); p.Header.Get("Location") != "/cabinet/members" {
		t.Errorf("%s", p.Status)
	}
	if !w.called(`POST /v1/organization/invitations {"last_name":"Орлова","first_name":"Вера","email":"vera@mayak.example","phone":"8 921 000-00-00","role":"accountant"}`) {
		t.Errorf("calls %q", w.calls)
	}
}

func TestInvitationsAreSentAgainAndWithdrawn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	w.answer("POST /v1/organization/invitations/i1/resend", 200, map[string]any{})
	w.handle("DELETE /v1/organization/invitations/i1", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(204) })
	for path, want := range map[string]string{"resend": "/cabinet/members", "withdraw": "/cabinet/members"} {
		if p := w.post("/cabinet/invitations/i1/"+path, nil); p.Header.Get("Location") != want {
			t.Errorf("%s: %s", path, p.Status)
		}
	}
	w.handle("POST /v1/organization/invitations/i1/resend", func(rw http.ResponseWriter, _ *http.Request) {
		problem(rw, 409, "invitation_unusable", "Оно уже принято.")
	})
	w.post("/cabinet/invitations/i1/resend", nil).want(t, 409, "Оно уже принято.", `href="/cabinet/members"`)
	w.revoke()
	w.grantOver = true
	asked := w.asked(w.post("/cabinet/invitations/i1/withdraw", url.Values{"x": {"y"}}))
	w.grantOver = false
	w.approve(asked)
	w.get("/cabinet/members").want(t, 200, "Вход подтверждён")
}

func TestJournalIsFilteredAndSaidInWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	w.get("/cabinet/journal?from=2026-11-20&to=2026-11-22&action=member.changed").want(t, 200,
		"22 ноября 2026, 12:05", "Роль или права изменены", "Анна Белова", "192.0.2.7", "прежняя роль: Оператор", "роль: Бухгалтер", "получены права: «Подписывать и отправлять отчётность»",
		"Программа warehouse", "Отказано", "причина: нет нужного права", "<summary>утрачены права: 3 права</summary>", "<li>Смотреть журнал</li>", "unheard.of", "причина: weather", "название: Склад", "Код генератора при входе", "Пропуск", `value="2026-11-20"`, `value="member.changed" selected`,
		`href="/cabinet/journal?action=member.changed&amp;before=41&amp;from=2026-11-20&amp;to=2026-11-22"`)
	if !w.called("GET /v1/organization/journal?action=member.changed&from=2026-11-19T21%3A00%3A00Z&limit=30&to=2026-11-22T21%3A00%3A00Z") {
		t.Errorf("calls %q", w.calls)
	}
	w.get("/cabinet/journal?before=41&action=evil").want(t, 200, `href="/cabinet/journal"`)
	w.get("/cabinet/journal?from=yesterday&to=2026-02-30").want(t, 422, "Такой даты нет", `id="from-fault"`, `id="to-fault"`, `value="yesterday"`)
	w.answer("GET /v1/organization/journal", 200, map[string]any{"entries": []any{}})
	w.get("/cabinet/journal").want(t, 200, "Здесь будет история действий")
	w.get("/cabinet/journal?action=signin").want(t, 200, "Таких записей нет")
}

func TestPageWithoutItsRightNamesTheRight(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	w.handle("GET /v1/organization/journal", func(rw http.ResponseWriter, _ *http.Request) {
		problem(rw, 403, "permission_missing", "В вашей роли нет права journal:read.")
	})
	w.get("/cabinet/journal").want(t, 403, "нужно право «Смотреть журнал»", "ООО «Маяк»", `aria-current="page">Журнал`)
	w.handle("GET /v1/organization/journal", func(rw http.ResponseWriter, _ *http.Request) {
		problem(rw, 403, "scope_missing", "У токена нет области journal:read.")
	})
	w.get("/cabinet/journal").want(t, 403, "У токена нет области journal:read.")
	w.handle("GET /v1/organization/journal", func(rw http.ResponseWriter, _ *http.Request) {
		problem(rw, 429, "rate_limited", "Повторите через 5 с.")
	})
	w.get("/cabinet/journal?action=signin").want(t, 429, "Повторите через 5 с.", `href="/cabinet/journal?action=signin"`)
}

// TestCataloguesOfEveryRoomAgreeAndHoldEveryKeyInUse: what a template says is said in
// both languages, whichever room it belongs to.
func TestCataloguesOfEveryRoomAgreeAndHoldEveryKeyInUse(t *testing.T) {
	t.Parallel()
	kit, err := sharedKit()
	if err != nil {
		t.Fatal(err)
	}
	all, err := New(desk.Deps{
		Issuer: "https://propusk.example", API: "https://propusk.example", ClientID: clientID, ClientKey: clientKey(t),
		Ephemeral: storagetest.Memory(t, time.Now), Sealer: sealer(t), Pages: kit, Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	said := regexp.MustCompile(`\b(?:t|say) "([a-z0-9_.:]+)"`)
	for _, room := range Rooms() {
		words := map[string]map[string]any{}
		for _, lang := range []string{"ru", "en"} {
			body, err := fs.ReadFile(room.Files, "translations/"+lang+".json")
			if err != nil {
				t.Fatal(err)
			}
			found := map[string]any{}
			if err := json.Unmarshal(body, &found); err != nil {
				t.Fatal(err)
			}
			words[lang] = found
		}
		for key := range words["ru"] {
			if words["en"][key] == nil {
				t.Errorf("%s: %s is not said in English", room.Name, key)
			}
		}
		if len(words["ru"]) != len(words["en"]) {
			t.Errorf("%s: %d Russian and %d English messages", room.Name, len(words["ru"]), len(words["en"]))
		}
		templates, _ := fs.Glob(room.Files, "templates/*.html")
		for _, name := range templates {
			body, _ := fs.ReadFile(room.Files, name)
			for _, match := range said.FindAllStringSubmatch(string(body), -1) {
				if all.T("en", match[1], "Count", 1) == match[1] {
					t.Errorf("%s says %q, which is in no catalogue", name, match[1])
				}
			}
		}
	}
}
