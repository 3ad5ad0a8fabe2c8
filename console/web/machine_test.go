package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"propusk/cabinet/web/webtest"
)

// machine answers every read of the security role.
func machine(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, "support", "moderator", "security")
	for what, body := range map[string]string{
		"GET /trust":           `{"enabled":true,"warning":"Список отзыва устарел","authorities":[{"id":"a","name":"УЦ «Север»","ogrn":"1027700000000","source":"file","certificates":2,"accredited":true,"crls":1,"changed_by":"","changed_at":"2026-11-20T10:00:00Z"},{"id":"b","name":"УЦ «Юг»","accredited":false,"changed_at":null}],"lists":[{"authority":"УЦ «Север»","address":"http://crl.example/a.crl","number":"42","this_update":"2026-11-20T10:00:00Z","next_update":"2026-11-21T10:00:00Z","revoked":17,"tried_at":null,"fault":"connection refused","stale":true},{"authority":"УЦ «Юг»","stale":false,"this_update":null,"next_update":null,"tried_at":null}]}`,
		"GET /keys":            `{"keys":[{"kid":"K-1","alg":"ES256","store":"database","status":"active","created_at":"2026-11-01T10:00:00Z","activates_at":"2026-11-01T10:00:00Z","retires_at":null,"gone_at":null}],"algorithms":["ES256","RS256"]}`,
		"GET /clients":         `{"clients":[{"client_id":"shop","name":"Магазин","kind":"web","status":"active","first_party":false,"used_at":null},{"client_id":"cabinet","name":"Кабинет","kind":"web","status":"active","first_party":true,"used_at":"2026-11-22T09:00:00Z"}],"next":"c2"}`,
		"GET /clients/shop":    `{"client_id":"shop","name":"Магазин","kind":"web","status":"active","grant_types":["authorization_code"],"redirect_uris":["https://shop.example/cb"],"organization_id":"o1","used_at":"2026-11-22T09:00:00Z","created_at":"2026-11-01T09:00:00Z","updated_at":"2026-11-01T09:00:00Z"}`,
		"GET /clients/off":     `{"client_id":"off","name":"Старое","kind":"web","status":"disabled","used_at":null}`,
		"GET /clients/cabinet": `{"client_id":"cabinet","name":"Кабинет","kind":"web","status":"active","first_party":true,"own":true,"used_at":null}`,
		"GET /jobs":            `{"depth":{"due":2,"delayed":1,"running":0,"dead":1,"lag_seconds":61.4},"kinds":[{"kind":"mail.send","ready":2,"dead":1,"oldest_at":"2026-11-22T09:00:00Z","last_error":"550 no such box"},{"kind":"quiet","ready":0,"dead":0,"oldest_at":null,"last_error":""}]}`,
		"GET /jobs/dead":       `{"jobs":[{"id":"j/1","kind":"mail.send","attempt":8,"max_attempts":8,"last_error":"550 no such box","created_at":"2026-11-22T09:00:00Z","died_at":"2026-11-22T09:30:00Z"}],"next":""}`,
		"GET /outbox":          `{"messages":[{"id":"m","channel":"email","to":"m•••@mail.ru","created_at":"2026-11-22T09:00:00Z","sent_at":null,"state":"waiting"}],"next":""}`,
		"GET /journal":         `{"entries":[{"seq":41,"at":"2026-11-22T09:00:00Z","actor":"op1","actor_name":"Орлова Вера","action":"person.blocked","object":"p1","outcome":"ok","details":{"reason":"Просьба банка"},"ip":"10.0.0.1"},{"seq":40,"at":"2026-11-22T08:00:00Z","client":"shop","action":"token.refused","outcome":"refused","details":{}},{"seq":39,"at":"2026-11-22T08:00:00Z","actor":"p9","action":"x.y","outcome":"ok"},{"seq":38,"at":"2026-11-22T08:00:00Z","action":"x.z","outcome":"ok"}],"next":38}`,
		"GET /moderation":      `{"moderation":[{"id":"0190a5b2-3c44-7d10-8f00-5a1e2b3c4d5e","kind":"change","state":"waiting","four_eyes":true,"created_at":"2026-11-20T09:15:00Z"}],"next":""}`,
		"GET /moderation/m1": `{"id":"m1","kind":"change","state":"taken","four_eyes":true,"organization_id":"o1","reason":"","created_at":"2026-11-20T09:15:00Z","applicant":"Лебедева Ирина Павловна","registration":null,
			"change":{"block":"contacts","before":{"phone":"+78120001100","email":"a@b.ru"},"after":{"phone":"+78120001101","email":"a@b.ru"},"attachments":[{"id":"f1","name":"письмо.pdf","size":2048}],"differences":[{"field":"contacts.phone","entered":"+78120001101","registered":"+78120001100"}]},
			"actions":[{"action":"take","allowed":false,"reason":"moderation_state","detail":"Уже взято"},{"action":"accept","allowed":true},{"action":"refuse","allowed":true}]}`,
		"GET /moderation/m2": `{"id":"m2","kind":"registration","state":"waiting","four_eyes":false,"created_at":"2026-11-20T09:15:00Z","applicant":"Петров Пётр","change":null,"reason":"Нужен устав",
			"registration":{"kind":"legal","draft":{"requisites":{"inn":"7801234564","name":"ООО «Маяк»","head":{"last_name":"Петров","first_name":"Пётр"}},"bank":{"accounts":[{"bic":"044525225","account":"40702"}]},"taxes":{"tax_office":"7801"},"consent":true},"documents":[{"id":"d1","kind":"charter","name":"устав.pdf","size":1048576}],"check":{"result":"mismatch","message":"Есть отличия","differences":[]},"authority":{"kind":"head","detail":"по реестру","at":null},"listed_as":"Директор"},
			"actions":[{"action":"take","allowed":true},{"action":"accept","allowed":false,"reason":"moderation_state","detail":"Сначала возьмите"},{"action":"refuse","allowed":false,"reason":"moderation_state","detail":"Сначала возьмите"}]}`,
		"GET /tickets":               `{"tickets":[{"number":"ПД-000123","organization_id":"o1","kind":"problem","status":"registered","subject":"Не приходит СМС","due_at":"2026-11-20T09:00:00Z","created_at":"2026-11-19T09:00:00Z","overdue":true,"reply_channel":"email","email":"o•••@x.ru","phone":""}]}`,
		"GET /tickets/ПД-000123":     `{"number":"ПД-000123","organization_id":"o1","kind":"problem","status":"registered","subject":"Не приходит СМС","due_at":"2026-11-20T09:00:00Z","created_at":"2026-11-19T09:00:00Z","overdue":true,"reply_channel":"email","email":"o•••@x.ru","phone":"•••4567","posts":[{"id":"1","at":"2026-11-19T09:00:00Z","side":"organization","author":"Морозова Е.","event":"created","text":"Второй день"}]}`,
		"GET /recoveries":            `{"recoveries":[{"id":"r1","state":"proposed","person_id":"p1","person_name":"Иванова М. П.","reason":"Потеряла телефон","reset_factors":true,"email":"n•••@mail.example","due_at":null,"created_at":"2026-11-22T09:00:00Z","mine":false},{"id":"r2","state":"proposed","person_id":"p2","person_name":"Сидоров П. А.","reason":"Забыл пароль","reset_factors":false,"due_at":null,"mine":true}]}`,
		"POST /organizations/search": `{"organizations":[{"id":"o1","name":"ООО «Маяк»","inn":"7801234564","ogrn":"1027800123450","kpp":"780101001","kind":"legal","status":"active"},{"id":"o2","name":"ИП Ким","inn":"•••4564","ogrn":"304","kind":"sole","status":"closed"}],"more":false}`,
		"GET /organizations/o1":      `{"look":{"until":"2026-11-22T12:30:00Z"},"id":"o1","kind":"legal","name":"ООО «Маяк»","full_name":"Общество «Маяк»","inn":"7801234564","ogrn":"1027800123450","kpp":"780101001","status":"active","created_at":"2026-01-01T09:00:00Z","members":[{"person_id":"p1","name":"Иванова М. П.","role":"head","position":"Директор","status":"active"}],"more_members":true}`,
		"POST /journal/check":        `{"organization":"","entries":41,"head":"abc","ok":true,"problems":[]}`,
	} {
		w.says(what, http.StatusOK, body)
	}
	w.says("GET /people/p1", 200, personCard)
	return w
}

// Every page of the console, and what it says in both languages.
func TestEveryPageSpeaksBothLanguages(t *testing.T) {
	t.Parallel()
	w := machine(t)
	russian, english := w.browser(), w.browser().In("en")
	for path, says := range map[string][2]string{
		"/console":                       {"Сегодня в службе", "The service today"},
		"/console/people":                {"Фамилия, почта", "A surname, an e-mail"},
		"/console/people/p1":             {"Закрытые способы входа", "Locked ways to sign in"},
		"/console/people/p1/reveal":      {"Одно поле", "One field"},
		"/console/people/p1/recover":     {"Снять и второй шаг входа", "Take the second step off"},
		"/console/people/p1/unblock":     {"снова сможет входить", "can sign in again"},
		"/console/organizations":         {"ИНН, ОГРН", "ИНН, ОГРН"},
		"/console/organizations/o1":      {"Показаны первые 50", "The first 50"},
		"/console/tickets":               {"просрочено", "overdue"},
		"/console/tickets/ПД-000123":     {"Паролей и кодов не просите", "Do not ask for passwords"},
		"/console/recoveries":            {"n•••@mail.example", "Password and second step"},
		"/console/recoveries/r1/approve": {"На новый адрес n•••@mail.example", "To a new mailbox, n•••@mail.example"},
		"/console/recoveries/r2/approve": {"На прежние подтверждённые контакты", "own verified contacts"},
		"/console/moderation":            {"Изменение профиля", "Change of a profile"},
		"/console/moderation/m1":         {"Сверка с реестром", "Check against the register"},
		"/console/moderation/m2":         {"Руководитель по реестру", "Head by the register"},
		"/console/moderation/m1/accept":  {"ваше слово будет первым", "your word is the first"},
		"/console/trust":                 {"Список отзыва устарел", "Fetching fails"},
		"/console/keys":                  {"Подписывает", "Signs"},
		"/console/keys/rotate":           {"Сменить ключ", "Rotate the key"},
		"/console/clients":               {"ещё не было", "never"},
		"/console/clients/shop":          {"https://shop.example/cb", "Redirect URIs"},
		"/console/clients/off":           {"Включить", "Enable"},
		"/console/clients/cabinet":       {"нельзя отключить", "cannot be disabled"},
		"/console/jobs":                  {"61 секунда", "61 seconds"},
		"/console/jobs/dead":             {"8 / 8", "8 / 8"},
		"/console/outbox":                {"m•••@mail.ru", "Waiting"},
		"/console/journal":               {"Приложение shop", "Application shop"},
	} {
		page := russian.Open(path).Is(200).Says(says[0])
		english.Open(path).Is(200).Says(says[1])
		if strings.Contains(page.Body, "console.") && strings.Contains(page.Text(), "console.") {
			t.Errorf("%s shows a key of its words:\n%s", path, page.Text())
		}
		if at := strings.Index(english.Open(path).Text(), "console."); at >= 0 && path != "/console/journal" {
			t.Errorf("%s shows a key of its words in English", path)
		}
	}
}

// What each deed asks of the API.
func TestEveryDeedAsksWithItsReason(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		page, act, call, at, body string
		fill                      func(*webtest.Page)
	}{
		{page: "/console/people/p1/unlock", act: "Открыть способы входа", call: "/people/p1/unlock", at: "/console/people/p1"},
		{page: "/console/people/p1/end-sessions", act: "Завершить все сеансы", call: "/people/p1/end-sessions", at: "/console/people/p1"},
		{page: "/console/people/p1/recover", act: "Предложить восстановление", call: "/recoveries", at: "/console/recoveries", body: `"reset_factors":true`, fill: func(p *webtest.Page) { p.Fill("Снять и второй шаг входа", "yes") }},
		{page: "/console/recoveries/r1/approve", act: "Подтвердить восстановление", call: "/recoveries/r1/approve", at: "/console/recoveries", body: "{}"},
		{page: "/console/recoveries/r1/refuse", act: "Отклонить восстановление", call: "/recoveries/r1/refuse", at: "/console/recoveries"},
		{page: "/console/moderation/m1/accept", act: "Принять", call: "/moderation/m1/accept", at: "/console/moderation/m1"},
		{page: "/console/moderation/m1/refuse", act: "Отклонить", call: "/moderation/m1/refuse", at: "/console/moderation/m1"},
		{page: "/console/moderation/m2", act: "Взять в работу", call: "/moderation/m2/take", at: "/console/moderation/m2", body: "{}"},
		{page: "/console/trust/refresh", act: "Загрузить списки", call: "/trust/refresh", at: "/console/trust"},
		{page: "/console/keys/rotate", act: "Сменить ключ", call: "/keys/rotate", at: "/console/keys", body: `"alg":"RS256"`, fill: func(p *webtest.Page) { p.Fill("Алгоритм", "RS256") }},
		{page: "/console/clients/shop/disable", act: "Отключить приложение", call: "/clients/shop/disable", at: "/console/clients/shop"},
		{page: "/console/clients/off/enable", act: "Включить приложение", call: "/clients/off/enable", at: "/console/clients/off"},
		{page: "/console/jobs/j%2F1/retry", act: "Повторить задание", call: "/jobs/j/1/retry", at: "/console/jobs/dead"},
		{page: "/console/jobs/j%2F1/drop", act: "Убрать задание", call: "/jobs/j/1/drop", at: "/console/jobs/dead"},
		{page: "/console/tickets/ПД-000123", act: "Взять в работу", call: "/tickets/ПД-000123/take", at: "/console/tickets/ПД-000123", body: "{}"},
		{page: "/console/tickets/ПД-000123", act: "Отправить ответ", call: "/tickets/ПД-000123/answer", at: "/console/tickets/ПД-000123", body: `"question":true`, fill: func(p *webtest.Page) {
			p.Fill("Ответ", "Проверьте номер").Fill("Это вопрос", "yes")
		}},
	} {
		w := machine(t)
		w.says("POST "+c.call, http.StatusOK, `{}`)
		page := w.browser().Open(c.page).Is(200)
		if c.body == "" || strings.HasPrefix(c.body, `"alg`) || strings.HasPrefix(c.body, `"reset`) {
			page.Fill("Причина", goodReason)
		}
		if c.fill != nil {
			c.fill(page)
		}
		done := page.Submit(c.act).Is(200)
		if at, _ := url.PathUnescape(strings.SplitN(done.Path, "?", 2)[0]); at != c.at {
			t.Errorf("%s leads to %s, want %s", c.page, at, c.at)
		}
		sent := w.last("POST " + c.call)
		if c.body != "" && !strings.Contains(sent.body, c.body) || c.body == "" && !strings.Contains(sent.body, goodReason) || len(sent.key) < 16 {
			t.Errorf("%s sends %s with the key %q", c.page, sent.body, sent.key)
		}
		if strings.HasSuffix(c.page, "/m1/accept") && sent.match != `"7"` {
			t.Errorf("the decision is about the state %q, not the one that was seen", sent.match)
		}
	}
}

func TestWhatTheAPIFindsWrongIsToldBesideTheForm(t *testing.T) {
	t.Parallel()
	w := machine(t)
	b := w.browser()
	w.says("POST /keys/rotate", 422, invalid("reason", "Напишите причину подробнее."))
	b.Open("/console/keys/rotate").Fill("Причина", "так").Submit("Сменить ключ").Is(422).Says("Напишите причину подробнее.")
	w.says("POST /tickets/ПД-000123/answer", 422, invalid("text", "Напишите ответ."))
	b.Open("/console/tickets/ПД-000123").Submit("Отправить ответ").Is(422).Says("Напишите ответ.")
	w.says("POST /moderation/m1/accept", 409, problem("moderation_taken", "Заявку взял другой оператор."))
	b.Open("/console/moderation/m1/accept").Fill("Причина", goodReason).Submit("Принять").Is(409).Says("Заявку взял другой оператор.")
	w.says("GET /clients", 422, invalid("q", "Слишком длинно."))
	b.Open("/console/clients?q=x").Is(422)
	w.says("GET /keys", 403, problem("operator_role_missing", "Нужна роль «безопасность»."))
	b.Open("/console/keys").Is(403).Says("Нужна роль «безопасность».", "На главную консоли")
	b.Open("/console/recoveries/unknown/approve").Is(404)
}

func TestTheJournalIsFilteredPagedCheckedAndExported(t *testing.T) {
	t.Parallel()
	w := machine(t)
	b := w.browser()
	page := b.Open("/console/journal?from=2026-11-20&to=2026-11-22&action=person.&organization=o1").Is(200).Says("Вход человека приостановлен", "Причина: Просьба банка", "отказано")
	w.last("GET /journal?action=person.&from=2026-11-19T21%3A00%3A00Z&limit=50&organization=o1&to=2026-11-22T21%3A00%3A00Z")
	page.Follow("Дальше").Is(200)
	w.last("GET /journal?action=person.&before=38&from=2026-11-19T21%3A00%3A00Z&limit=50&organization=o1&to=2026-11-22T21%3A00%3A00Z")
	b.Open("/console/journal?from=вчера").Is(422).Says("Такой даты нет")
	b.Open("/console/journal").Submit("Проверить цепочку").Is(200).Says("Цепочка цела", "41")
	w.says("POST /journal/check", 200, `{"entries":41,"head":"abc","ok":false,"problems":[{"seq":7,"code":"hash_wrong","text":"Отпечаток не сходится"}]}`)
	b.Open("/console/journal").Submit("Проверить цепочку").Is(200).Says("Цепочка нарушена", "№ 7", "Отпечаток не сходится")
	w.answers["GET /journal/export"] = http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/x-ndjson")
		rw.Header().Set("Content-Disposition", `attachment; filename="journal.ndjson"`)
		_, _ = rw.Write([]byte("{}\n"))
	})
	file := b.Open("/console/journal/export?organization=o1").Is(200)
	if file.Body != "{}\n" || !strings.Contains(file.Header.Get("Content-Disposition"), "journal.ndjson") {
		t.Errorf("the export is %q %v", file.Body, file.Header)
	}
	w.last("GET /journal/export?organization=o1")
}

func TestListsGoOnByTheirCursor(t *testing.T) {
	t.Parallel()
	w := machine(t)
	page := w.browser().Open("/console/clients?q=sh&status=active").Follow("Дальше").Is(200)
	w.last("GET /clients?after=c2&limit=50&q=sh&status=active")
	page.Follow("К началу").At("/console/clients")
}

func TestOrganisationsAreFoundAndShown(t *testing.T) {
	t.Parallel()
	w := machine(t)
	page := w.browser().Open("/console/organizations").Fill("Что найти", "Маяк").Submit("Найти").Says("ООО «Маяк»", "ИНН 7801234564", "ОГРНИП 304", "Закрыта")
	page.Follow("ООО «Маяк»").At("/console/organizations/o1").Says("Общество «Маяк»", "Иванова М. П.", "Директор")
}

func TestADocumentOfAPieceIsHandedOver(t *testing.T) {
	t.Parallel()
	w := machine(t)
	w.answers["GET /moderation/m1/files/f1"] = http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/pdf")
		_, _ = rw.Write([]byte("%PDF"))
	})
	file := w.browser().Open("/console/moderation/m1").Follow("письмо.pdf").Is(200)
	if file.Body != "%PDF" || file.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the file is %q %v", file.Body, file.Header)
	}
}
