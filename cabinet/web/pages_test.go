package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

func TestOrganisationShowsItsRequisites(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	p := w.get("/cabinet")
	p.want(t, 200, "Общество «Маяк»", "7801234561", "780101001", "1187800012345", "Санкт-Петербург, наб. 1", "&#43;7 812 000-00-00", "совпадает с юридическим",
		"4 права", "Смотреть журнал", `aria-current="page">Организация`, `href="/cabinet/organisations"`)
	if policy := p.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self' "+w.peer.URL+";") {
		t.Errorf("policy %q", policy)
	}
	w.answer("GET /v1/organization", 200, map[string]any{"kind": "sole", "status": "closed", "name": "ИП Морозова", "ogrn": "304780400112233"})
	p = w.get("/cabinet/?ui_locales=en")
	p.want(t, 200, "OGRNIP", "Closed", "not given")
	p.lacks(t, "KPP")
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
	w.get("/cabinet/members?after=cursor&done=nonsense").want(t, 200, `href="/cabinet/members"`)
	if !w.called("GET /v1/organization/members?after=cursor") {
		t.Error("the next page was not asked for")
	}
	w.get("/cabinet/members?done=removed").want(t, 200, "Сотрудник исключён")

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
	if p := w.post("/cabinet/members/m2/role", url.Values{"role": {"accountant"}}); p.Header.Get("Location") != "/cabinet/members?done=role" {
		t.Errorf("%s", p.Status)
	}
	if !w.called(`PATCH /v1/organization/members/m2 {"role":"accountant"}`) {
		t.Errorf("calls %q", w.calls)
	}
	w.handle("DELETE /v1/organization/members/m2", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(204) })
	if p := w.post("/cabinet/members/m2/remove", nil); p.Header.Get("Location") != "/cabinet/members?done=removed" {
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
	if p := w.post("/cabinet/members/invite", form); p.Header.Get("Location") != "/cabinet/members?done=invited" {
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
	for path, want := range map[string]string{"resend": "/cabinet/members?done=resent", "withdraw": "/cabinet/members?done=withdrawn"} {
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
		"Программа warehouse", "Отказано", "причина: нет нужного права", "<summary>утрачены права: 3 права</summary>", "<li>Смотреть журнал</li>", "unheard.of", "причина: weather", "название: Склад", "Проверка при входе", "Пропуск", `value="2026-11-20"`, `value="member.changed" selected`,
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

func TestCataloguesOfTheCabinetAgreeAndHoldEveryKeyInUse(t *testing.T) {
	t.Parallel()
	catalogue := func(lang string) map[string]any {
		body, err := files.ReadFile("translations/" + lang + ".json")
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]any{}
		if err := json.Unmarshal(body, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	ru, en := catalogue("ru"), catalogue("en")
	for key := range ru {
		if en[key] == nil {
			t.Errorf("%s is not said in English", key)
		}
	}
	if len(ru) != len(en) {
		t.Errorf("%d Russian and %d English messages", len(ru), len(en))
	}
	w := newWorld(t)
	known := func(key string) bool { return w.server.pages.T("en", key, "Count", 1) != key }
	entries, _ := files.ReadDir("templates")
	found := 0
	for _, entry := range entries {
		body, _ := files.ReadFile("templates/" + entry.Name())
		for _, match := range regexp.MustCompile(`\b(?:t|say) "([a-z0-9_.:]+)"`).FindAllStringSubmatch(string(body), -1) {
			if found++; !known(match[1]) {
				t.Errorf("%s says %q, which is in no catalogue", entry.Name(), match[1])
			}
		}
	}
	if found == 0 {
		t.Fatal("no keys found")
	}
	keys := []string{"action.signin.factor", "refused.permission", "notice.repeat"}
	for _, name := range actions {
		keys = append(keys, "action."+name)
	}
	for _, name := range reasons {
		keys = append(keys, "reason."+name)
	}
	for _, name := range details {
		keys = append(keys, "detail."+name)
	}
	for _, name := range notices {
		keys = append(keys, "done."+name)
	}
	for _, name := range []string{"unavailable", "cancelled", "refused", "issuer", "loop"} {
		keys = append(keys, "failure."+name+".title", "failure."+name+".what", "failure."+name+".why", "failure."+name+".do")
	}
	for _, key := range keys {
		if !known(key) {
			t.Errorf("%s is in no catalogue", key)
		}
	}
}
