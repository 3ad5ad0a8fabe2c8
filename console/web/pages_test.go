package web_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// card of a person as the API tells it.
const personCard = `{"look":{"until":"2026-11-22T12:30:00Z"},"id":"p1","name":"Иванова М. П.","number":"•••1234","status":"active","locale":"ru","created_at":"2026-01-10T09:00:00Z",
 "contacts":{"email":{"value":"m•••@mail.ru","verified":true},"phone":{"value":"•••4567","verified":false}},"snils":{"value":"•••64 95","verified":true},"inn":{"value":"","verified":false},
 "factors":{"password":true,"totp":true,"passkeys":2,"certificates":1,"recovery_codes":8},
 "locks":[{"factor":"totp","scope":false,"reason":"failures","at":"2026-11-22T09:00:00Z"}],
 "sessions":[{"id":"s1","began_at":"2026-11-22T08:00:00Z","seen_at":"2026-11-22T09:00:00Z","expires_at":"2026-11-22T20:00:00Z","country":"RU","ip":"10.0.•.•","device":"Firefox, Linux"}],
 "memberships":[{"organization_id":"o1","organization_name":"ООО «Маяк»","role":"accountant","position":"Бухгалтер"}],"operator":["support"],
 "actions":[{"action":"block","allowed":true},{"action":"unblock","allowed":false,"reason":"state","detail":"Не заблокирован"},{"action":"unlock","allowed":true},{"action":"end_sessions","allowed":true},{"action":"reveal","allowed":true},{"action":"recover","allowed":false,"reason":"own_record","detail":"О себе решает другой оператор."}]}`

const goodReason = "Обращение ПД-000123, просит сменить почту"

func TestTheConsoleAsksForItsOwnResourceAndAYoungSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "support")
	w.says("GET /tickets", 200, `{"tickets":[]}`)
	w.says("GET /recoveries", 200, `{"recoveries":[]}`)
	w.browser().Open("/console").Is(http.StatusOK).At("/console").Says("Консоль оператора", "Поддержка", "Сегодня в службе", "57 из 60")
	asked := w.asked[0]
	for name, want := range map[string]string{
		"resource": "http://localhost/console", "scope": "openid profile console:read console:write", "max_age": "28800", "client_id": "console", "organization": "", "acr_values": "",
	} {
		if name == "resource" {
			want = asked.Get("redirect_uri")[:strings.Index(asked.Get("redirect_uri"), "/callback")]
		}
		if asked.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, asked.Get(name), want)
		}
	}
}

func TestAPageOfTheCabinetIsNoneOfTheConsole(t *testing.T) {
	t.Parallel()
	b := newWorld(t).browser()
	for _, path := range []string{"/console/organisations", "/console/search", "/console/events", "/console/newcomer", "/cabinet", "/console/ask"} {
		if p := b.Open(path); p.Status != http.StatusNotFound {
			t.Errorf("%s answers %d", path, p.Status)
		}
	}
}

func TestWhoMaySeeWhatIsByTheRoles(t *testing.T) {
	t.Parallel()
	for role, want := range map[string][2]string{
		"support": {"Люди", "Ключи подписи"}, "moderator": {"Модерация", "Люди"}, "security": {"Системный журнал", "Модерация"},
	} {
		w := newWorld(t, role)
		w.says("GET /tickets", 200, `{"tickets":[]}`)
		w.says("GET /recoveries", 200, `{"recoveries":[]}`)
		w.says("GET /moderation", 200, `{"moderation":[],"next":""}`)
		w.says("GET /trust", 200, `{"enabled":true,"warning":""}`)
		w.says("GET /jobs", 200, `{"depth":{"dead":3}}`)
		w.browser().Open("/console").Is(200).Says(want[0]).Lacks(want[1])
	}
}

func TestACardOpensWithAReasonOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "support")
	w.says("GET /people/p1", 403, problem("look_required", "Сначала причина."))
	page := w.browser().Open("/console/people/p1").Is(200).Says("Зачем вам эта карточка", "Осталось просмотров"[:0], "57 из 60").Lacks("Иванова")
	w.says("POST /people/p1/looks", 422, invalid("reason", "Слишком коротко: нужно 10 знаков."))
	page = page.Fill("Зачем вам эта карточка", "надо").Submit("Записать причину").Is(422).Says("Слишком коротко")
	if page.Value("Зачем вам эта карточка") != "надо" {
		t.Errorf("the reason comes back as %q", page.Value("Зачем вам эта карточка"))
	}
	w.says("POST /people/p1/looks", 201, personCard)
	w.says("GET /people/p1", 200, personCard)
	page.Fill("Зачем вам эта карточка", goodReason).Submit("Записать причину").At("/console/people/p1").
		Says("Иванова М. П.", "m•••@mail.ru", "не подтверждён", "Генератор кодов", "Firefox, Linux", "ООО «Маяк»", "Бухгалтер", "Оператор службы", "О себе решает другой оператор", "15:30").Lacks("Разблокировать")
	sent := w.last("POST /people/p1/looks")
	if !strings.Contains(sent.body, goodReason) || len(sent.key) < 16 {
		t.Errorf("the look is asked for with %q, key %q", sent.body, sent.key)
	}
}

func TestLooksThatAreSpentAreRefusedBesideTheReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "support")
	w.says("GET /organizations/o1", 403, problem("look_required", ""))
	w.says("POST /organizations/o1/looks", 429, problem("looks_exhausted", "За час вы открыли 60 карточек. Подождите 12 минут."))
	w.browser().Open("/console/organizations/o1").Fill("Зачем вам эта карточка", goodReason).Submit("Записать причину").Is(429).Says("Подождите 12 минут")
}

func TestPeopleAreSearchedWithoutTheirNumbersInAnAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "support")
	w.says("POST /people/search", 200, `{"people":[{"id":"p1","name":"Иванова М. П.","number":"•••1234","email":"m•••@mail.ru","phone":"•••4567","snils":"•••64 95","inn":"","status":"blocked"}],"more":true}`)
	page := w.browser().Open("/console/people").Fill("Кого найти", "112-233-445 95").Submit("Найти").Is(200).At("/console/people")
	page.Says("Иванова М. П.", "СНИЛС •••64 95", "Заблокирован", "Уточните запрос")
	if strings.Contains(page.Path, "112") {
		t.Errorf("the number stands in the address %s", page.Path)
	}
	w.says("POST /people/search", 422, invalid("query", "Введите хотя бы две буквы."))
	page.Fill("Кого найти", "я").Submit("Найти").Is(422).Says("Введите хотя бы две буквы.")
	w.says("POST /people/search", 200, `{"people":[],"more":false}`)
	page.Fill("Кого найти", "Никто").Submit("Найти").Says("Ничего не найдено")
}

func TestADeedWantsAReasonAndComesBackFromAStepUpFilled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "support")
	w.says("GET /people/p1", 200, personCard)
	stale := true
	w.answers["POST /people/p1/block"] = http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		if stale {
			rw.Header().Set("WWW-Authenticate", `DPoP error="insufficient_user_authentication", max_age="900"`)
			rw.Header().Set("Content-Type", "application/problem+json")
			rw.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(rw, problem("sign_in_stale", "Войдите ещё раз."))
			return
		}
		_, _ = io.WriteString(rw, personCard)
	})
	page := w.browser().Open("/console/people/p1").Follow("Заблокировать").At("/console/people/p1/block").Says("Иванова М. П.", "Попадёт в журнал")
	page = page.Fill("Причина", goodReason).Submit("Заблокировать человека").Is(200).At("/console/people/p1/block")
	if page.Value("Причина") != goodReason {
		t.Errorf("the reason comes back as %q", page.Value("Причина"))
	}
	if aged := w.asked[len(w.asked)-1].Get("max_age"); aged != "900" {
		t.Errorf("the step-up asks for max_age %q", aged)
	}
	stale = false
	page.Submit("Заблокировать человека").At("/console/people/p1").Says("Человек заблокирован.")
}

func TestOneFieldIsShownWholeOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "support")
	w.says("GET /people/p1", 200, personCard)
	w.says("POST /people/p1/reveal", 200, `{"field":"email","value":"marina@mail.ru"}`)
	b := w.browser()
	page := b.Open("/console/people/p1/reveal").Fill("Что показать", "Электронная почта").Fill("Причина", goodReason).Submit("Записать причину").Is(200).Says("Показано один раз", "marina@mail.ru")
	if got := page.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("the value may be kept: %s", got)
	}
	b.Open("/console/people/p1").Lacks("marina@mail.ru")
	w.says("POST /people/p1/reveal", 403, problem("own_record", "Свои данные смотрит другой оператор."))
	b.Open("/console/people/p1/reveal").Fill("Причина", goodReason).Submit("Записать причину").Is(403).Says("Свои данные смотрит другой оператор.", "На главную консоли")
}

func TestALookThatIsOverLeadsBackToItsQuestion(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "support")
	w.says("GET /people/p1", 403, problem("look_required", ""))
	w.says("POST /people/p1/end-sessions", 403, problem("look_required", ""))
	b := w.browser()
	b.Open("/console/people/p1/end-sessions").At("/console/people/p1").Says("Зачем вам эта карточка")
	b.Open("/console/people/p1/reveal").At("/console/people/p1")
}

func TestAFormOfAnotherOperatorIsNotSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "support")
	w.says("GET /people/p1", 200, personCard)
	b := w.browser()
	b.Open("/console/people")
	fields := url.Values{"cabinet-organisation": {"op2"}, "cabinet-page": {"/console/people/p1/block"}, "reason": {goodReason}}
	b.Post("/console/people/p1/block", fields).Is(http.StatusConflict).Says("Форма не отправлена", "другой человек")
	fields.Del("cabinet-organisation")
	b.Post("/console/people/p1/block", fields).Is(http.StatusConflict)
	for _, c := range w.calls {
		if strings.HasPrefix(c.what, "POST") {
			t.Errorf("the API was asked %s", c.what)
		}
	}
}

func TestASessionEndsAQuarterOfAnHourAfterItsLastUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "support")
	b := w.browser()
	b.Open("/console/people").Is(200)
	w.clock.Advance(14 * time.Minute)
	b.Open("/console/people").Is(200)
	if len(w.asked) != 1 {
		t.Fatalf("%d sign-ins within the quarter", len(w.asked))
	}
	w.clock.Advance(15 * time.Minute)
	b.Open("/console/people").Is(200)
	if len(w.asked) != 2 {
		t.Errorf("%d sign-ins after it", len(w.asked))
	}
}
