package pages

import (
	"testing/fstest"
	"time"
)

// organisations of the samples; the numbers are invented.
var organisations = []OrganisationItem{
	{ID: "o1", Name: "ООО «Северный маяк»", INN: "7801234561", KPP: "780101001", OGRN: "1187800012345", RoleLabel: "Бухгалтер"},
	{ID: "o2", Name: "АО «Ладожские верфи»", INN: "4706012349", KPP: "470601001", OGRN: "1024700012345", RoleLabel: "Наблюдатель"},
	{ID: "o3", Name: "ИП Морозова Елена Сергеевна", INN: "780400112233", OGRN: "304780400112233", RoleLabel: "Руководитель", Sole: true},
}

// sampleRoom holds the templates of samples that show components as other rooms
// use them, through Extend.
var sampleRoom = fstest.MapFS{
	"security.html": {Data: []byte(`{{template "room" .}}{{define "main"}}<h1>{{say .Title}}</h1>
<section class="card"><h2>Способы входа</h2>{{template "held" .Page.Held}}</section>
<section class="card"><h2>Профиль</h2>{{template "pairs" .Page.Pairs}}</section>
<section class="card"><h2>Резервные коды</h2>{{template "secrets" .Page.Secrets}}</section>
{{template "danger" .Page.Danger}}{{end}}`)},
	"register.html": {Data: []byte(`{{template "pass" .}}{{define "width"}} broad{{end}}{{define "main"}}{{template "stages" (dict "Label" "Регистрация" "Items" .Page.Stages)}}
<h1>{{say .Title}}</h1><form class="form" method="post" action="/registration" novalidate>{{template "summary" .Errors}}
{{template "field" (dict "Name" "last_name" "Label" "Фамилия" "Autocomplete" "family-name")}}
{{template "newpassword" (dict "Name" "password" "Label" "Пароль" "Rules" .Page.Rules "Error" (fault .Errors "password"))}}
{{template "file" (dict "Name" "passport" "Label" "Скан паспорта" "Hint" "До 5 МБ, PDF или JPEG." "Accept" ".pdf,.jpg")}}
{{template "box" (dict "Name" "terms" "Label" "Согласен на обработку персональных данных" "Error" (fault .Errors "terms"))}}
<button class="button wide">Продолжить</button></form>{{end}}`)},
	"sign.html": {Data: []byte(`{{template "room" .}}{{define "main"}}<h1>{{say .Title}}</h1>
<section class="card"><h2>Что показала проверка</h2>{{template "checks" .Page.Checks}}</section>
<section class="card"><h2>Подписать файл</h2>{{template "signing" .Page.Signing}}</section>{{end}}`)},
}

var sampleShell = &Shell{
	Organisation: Strip{Name: "ООО «Северный маяк»", Sub: "Главный бухгалтер", SwitchURL: "/switch"},
	PersonName:   "Е. Морозова", HomeURL: "/account", SignOutURL: "/signout",
	Nav: []NavItem{{Title: "Профиль", URL: "/account"}, {Title: "Безопасность", URL: "/account/security", Current: true}, {Title: "Устройства", URL: "/account/devices", Count: 3}, {Title: "Журнал входов", URL: "/account/journal", Break: true}},
}

var sampleSecurity = struct {
	Held    []Held
	Pairs   []Pair
	Secrets Secrets
	Danger  Danger
}{
	Held: []Held{
		{Icon: "passkey", Title: "Рабочий ноутбук", Tags: []Tag{{"go", "Ключ доступа"}}, Facts: []Fact{{"Добавлен", "", time.Date(2026, 9, 3, 9, 0, 0, 0, time.UTC)}, {Label: "Вход", Text: "сегодня"}}, Acts: []Act{{Title: "Переименовать", URL: "/rename", About: "Рабочий ноутбук"}, {Title: "Удалить", URL: "/remove", Post: true, Stop: true, Ask: "Входить им больше будет нельзя.", About: "Рабочий ноутбук", Fields: []Hidden{{"id", "k1"}}}}},
		{Icon: "certificate", Title: "Морозова Елена Сергеевна", Tags: []Tag{{"wait", "Истекает через 12 дней"}}, Facts: []Fact{{Label: "Выдал", Text: "УЦ «Ладога»"}}, Text: "Продлите его в удостоверяющем центре и привяжите новый.", Acts: []Act{{Title: "Отвязать", URL: "/unbind", Post: true}}},
		{Icon: "device", Title: "Chromium, Linux", Tags: []Tag{{"info", "Это устройство"}}, Facts: []Fact{{Label: "Казань", Text: "10.0.0.1"}}},
	},
	Pairs: []Pair{
		{Label: "СНИЛС", Text: "112-233-445 95", Tag: &Tag{"go", "Подтверждён"}},
		{Label: "Почта", Text: "elena@mayak.example", Under: "На неё приходят письма о входах", Act: &Act{Title: "Сменить", URL: "/email", About: "Почта"}},
		{Label: "Последний вход", At: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)},
	},
	Secrets: Secrets{Values: []string{"7KQ2-MX4T", "9DHP-3WLR", "C5VN-8YJZ", "FT6B-2SGA"}, FileName: "propusk-codes.txt", Heading: "Резервные коды Пропуска"},
	Danger:  Danger{Title: "Закрыть учётную запись", Text: "Через 30 дней данные будут удалены. До этого можно передумать.", Acts: []Act{{Title: "Закрыть", URL: "/close", Post: true, Stop: true, Ask: "Все входы закончатся сразу."}}},
}

// sample is a page as a sign-in would give it, with what its structure must be.
type sample struct {
	name string
	page Page
	h1   [2]string // ru, en

	action string   // the form that goes on, "" for none
	fields []string // name="…" of that form, in order
	marks  []string // attributes and texts that must stand in the page
}

const client = "Кабинет организации"

// The ceremonies of the samples are of the shape that go-webauthn gives.
var (
	options  = []byte(`{"publicKey":{"challenge":"AAEC","rpId":"id.example","userVerification":"required"}}`)
	creation = []byte(`{"publicKey":{"challenge":"AAEC","rp":{"id":"id.example","name":"Пропуск"},"user":{"id":"AQ","name":"elena","displayName":"Елена"},"pubKeyCredParams":[{"type":"public-key","alg":-7}]}}`)
)

// checkLines are a verdict's, one of each status.
var checkLines = []CheckLine{
	{"Формат", CheckPassed, "Отсоединённая подпись CAdES-BES.", "ok"},
	{"Отзыв", CheckWarned, "Список отзыва не обновлялся с 20 ноября.", "crl_stale"},
	{"Срок действия", CheckFailed, "Сертификат действовал до 12 марта 2026.", "certificate_expired"},
	{"Владелец", CheckSkipped, "", "not_checked"},
}

func samples() []sample {
	return []sample{
		{
			name: "identify", h1: [2]string{"Войдите", "Sign in"},
			page: Identify{
				Request: "r1", ClientName: client, Login: "elena@mayak.example", RedirectURI: "https://rp.example/cb", RegisterURL: "/register",
				Others: []Way{{Icon: "certificate", Title: "way.certificate", Text: "way.certificate.text", URL: "/signin/certificate"}, {Icon: "passkey", Title: "way.passkey", Text: "way.passkey.text", URL: "/signin/passkey"}},
			},
			action: "/signin/identify", fields: []string{"request", "login", "password"},
			marks: []string{`autocomplete="username"`, `autocomplete="current-password"`, `autocapitalize="none"`, `href="/help"`, `value="elena@mayak.example"`, `href="/signin/certificate"`, `href="/register"`},
		},
		{
			name: "identify wrong", h1: [2]string{"Войдите", "Sign in"},
			page:   Identify{Request: "r1", ClientName: client, Login: `"><script>`, Notice: "notice.signin_again", Errors: []FieldError{{Key: "error.credentials"}, {Field: "password", Key: "error.password_required"}}},
			action: "/signin/identify", fields: []string{"request", "login", "password"},
			marks: []string{`aria-invalid="true"`, `aria-describedby="password-fault"`, `id="password-fault"`, `href="#password"`, `value="&#34;&gt;&lt;script&gt;"`},
		},
		{
			name: "code by SMS", h1: [2]string{"Введите код из SMS", "Enter the code from the SMS"},
			page:   Code{Request: "r1", ClientName: client, Kind: KindSMS, Destination: "+7 ••• •••-12-34", Others: []string{KindEmail, KindTOTP}, ResendIn: 44500 * time.Millisecond},
			action: "/signin/code", fields: []string{"request", "code"},
			marks: []string{`autocomplete="one-time-code"`, `inputmode="numeric"`, `data-wait="45"`, `name="channel" value="sms"`, `name="channel" value="email"`, `name="channel" value="totp"`, "••• •••-12-34"},
		},
		{
			name: "code by e-mail", h1: [2]string{"Введите код из письма", "Enter the code from the e-mail"},
			page:   Code{Request: "r1", ClientName: client, Kind: KindEmail, Destination: "e•••a@mayak.example", Errors: []FieldError{{Field: "code", Key: "error.code_wait", Args: map[string]any{"Count": 22}}}},
			action: "/signin/code", fields: []string{"request", "code"},
			marks: []string{`aria-describedby="code-fault code-hint"`, `name="channel" value="email"`},
		},
		{
			name: "code from the app", h1: [2]string{"Введите код из приложения", "Enter the code from your app"},
			page:   Code{Request: "r1", ClientName: client, Kind: KindTOTP},
			action: "/signin/code", fields: []string{"request", "code"},
			marks: []string{`aria-describedby="code-hint"`},
		},
		{
			name: "identify with passkeys", h1: [2]string{"Войдите", "Sign in"},
			page:   Identify{Request: "r1", ClientName: client, Passkey: &Passkey{Options: options}, RecoverURL: "/recovery"},
			action: "/signin/passkey", fields: []string{"request", "credential"},
			marks: []string{`autocomplete="username webauthn"`, `data-passkey="get"`, `data-autofill="login"`, `data-options="{&#34;publicKey&#34;:{&#34;challenge&#34;:&#34;AAEC&#34;`, `href="/recovery"`},
		},
		{
			name: "recovery code", h1: [2]string{"Введите резервный код", "Enter a recovery code"},
			page:   Code{Request: "r1", ClientName: client, Kind: KindRecovery, Others: []string{KindTOTP, KindPasskey, KindCertificate}, Passkey: &Passkey{Options: options}, TrustOffered: true},
			action: "/signin/code", fields: []string{"request", "code", "trust"},
			marks: []string{`maxlength="32"`, `name="trust" value="yes"`, `href="/signin/certificate?request=r1"`, `data-passkey="get"`},
		},
		{
			name: "second step by passkey", h1: [2]string{"Подтвердите, что это вы", "Confirm that it is you"},
			page:   SecondFactor{Request: "r1", ClientName: client, PersonName: "Елена Морозова", Passkey: &Passkey{Options: options}, TrustOffered: true, Others: []string{KindRecovery, KindTOTP}},
			action: "/signin/passkey", fields: []string{"request", "credential", "trust"},
			marks: []string{`name="channel" value="recovery"`, `data-unable`},
		},
		{
			name: "second step to choose", h1: [2]string{"Подтвердите, что это вы", "Confirm that it is you"},
			page:  SecondFactor{Request: "r1", ClientName: client, Others: []string{KindSMS, KindEmail, KindPasskey}, Errors: []FieldError{{Key: "error.locked", Args: map[string]any{"Count": 15}}}},
			marks: []string{`name="channel" value="sms"`},
		},
		{
			name: "certificate", h1: [2]string{"Войдите по электронной подписи", "Sign in with an electronic signature"},
			page:   Certificate{Request: "r1", ClientName: client, RedirectURI: "https://rp.example/cb", ChallengeText: "Вход в Пропуск\nСайт: https://id.example", ChallengeID: "c1", TLSURL: "https://tls.example/signin"},
			action: "/signin/certificate", fields: []string{"request", "challenge", "signature", "signature"},
			marks: []string{`enctype="multipart/form-data"`, `name="challenge" value="c1"`, `formaction="/signin/certificate/challenge"`, `data-challenge="/signin/certificate/challenge"`, "Сайт: https://id.example", `href="https://tls.example/signin"`, `href="/signin?request=r1"`, `accept=".p12,.pfx,application/x-pkcs12"`},
		},
		{
			name: "certificate refused", h1: [2]string{"Войдите по электронной подписи", "Sign in with an electronic signature"},
			page: Certificate{
				Request: "r1", ClientName: client, ChallengeID: "c2",
				Errors: []FieldError{{Field: "signature", Key: "error.certificate_refused", Args: map[string]any{"Reason": "сертификат просрочен"}}},
				Checks: checkLines,
			},
			action: "/signin/certificate", fields: []string{"request", "challenge", "signature", "signature"},
			marks: []string{`class="passed"`, `class="failed"`, `class="warned"`, `class="skipped"`, "<code>certificate_expired</code>", `aria-describedby="signature-fault signature-hint"`},
		},
		{
			name: "PIN", h1: [2]string{"Введите ПИН-код", "Enter your PIN"},
			page:   PIN{Request: "r1", ClientName: client, PersonName: "Елена Морозова", OrganisationName: "ООО «Северный маяк»", Left: 2, RecoverURL: "/recovery/pin", Errors: []FieldError{{Field: "pin", Key: "error.pin"}}},
			action: "/signin/pin", fields: []string{"request", "pin"},
			marks: []string{`inputmode="numeric"`, `maxlength="4"`, `type="password"`, `href="/recovery/pin"`},
		},
		{
			name: "PIN to set", h1: [2]string{"Придумайте ПИН-код", "Choose a PIN"},
			page:   PIN{Request: "r1", PersonName: "Елена Морозова", OrganisationName: "ООО «Северный маяк»", Set: true},
			action: "/signin/pin", fields: []string{"request", "pin", "pin_again"},
			marks: []string{`autocomplete="new-password"`},
		},
		{
			name: "new password", h1: [2]string{"Смените пароль", "Change your password"},
			page:   NewPassword{Request: "r1", PersonName: "Елена Морозова", Login: "elena@mayak.example", Reason: ReasonRecovered, Rules: PasswordRules{Min: 12, Avoid: []string{"Елена", `elena"`}}},
			action: "/signin/password", fields: []string{"request", "login", "password", "password_again"},
			marks: []string{`autocomplete="username"`, `readonly`, `data-least="12"`, `data-avoid="[&#34;Елена&#34;,&#34;elena\&#34;&#34;]"`, `aria-describedby="password-rules"`},
		},
		{
			name: "password reminder", h1: [2]string{"Пора сменить пароль", "Time to change your password"},
			page:   NewPassword{Request: "r1", PersonName: "Елена Морозова", Reason: ReasonAged, Current: true, Postpone: true, Errors: []FieldError{{Field: "current", Key: "error.current"}, {Field: "password", Key: "error.password_short", Args: map[string]any{"Min": 8}}}},
			action: "/signin/password", fields: []string{"request", "current", "password", "password_again", "decision"},
			marks: []string{`value="later" formnovalidate`, `aria-describedby="password-fault password-rules"`, `data-least="8"`},
		},
		{
			name: "passkey offered", h1: [2]string{"Входить без пароля?", "Sign in without a password?"},
			page:   ConnectPasskey{Request: "r1", PersonName: "Елена Морозова", Name: "Chromium, Linux", Passkey: Passkey{Options: creation}},
			action: "/signin/connect", fields: []string{"request", "credential", "decision", "name", "request", "decision", "decision"},
			marks: []string{`data-passkey="create"`, `value="Chromium, Linux"`, `value="later"`, `value="never"`},
		},
		{
			name: "unusual sign-in", h1: [2]string{"Это вы входите?", "Is it you?"},
			page:   Confirm{Request: "r1", ClientName: client, Unusual: []string{UnusualDevice, UnusualTravel}, Device: "Chromium, Linux", Place: "Казань, Россия", At: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC), Kind: KindEmail, Destination: "e•••a@mayak.example", Others: []string{KindSMS, KindPasskey}, Passkey: &Passkey{Options: options}, ResendIn: time.Minute},
			action: "/signin/confirm", fields: []string{"request", "code", "request", "credential", "request", "decision"},
			marks: []string{"Казань, Россия", `action="/signin/confirm/send"`, `name="decision" value="refuse"`, `data-wait="60"`},
		},
		{
			name: "unusual sign-in with a passkey alone", h1: [2]string{"Это вы входите?", "Is it you?"},
			page:   Confirm{Request: "r1", ClientName: client, Unusual: []string{UnusualCountry}, Passkey: &Passkey{Options: options}},
			action: "/signin/confirm", fields: []string{"request", "credential", "request", "decision"},
			marks: []string{`class="button wide">Подтвердить ключом доступа|class="button wide">Confirm with a passkey`},
		},
		{
			name: "enrolment", h1: [2]string{"Подключите второй шаг входа", "Add a second step"},
			page:   EnrolTOTP{Request: "r1", ClientName: client, Secret: "JBSWY3DPEHPK3PXP", QR: []byte{0x89, 'P', 'N', 'G'}},
			action: "/signin/totp", fields: []string{"request", "code"},
			marks: []string{`src="data:image/png;base64,iVBORw=="`, "JBSW Y3DP EHPK 3PXP", "<summary>"},
		},
		{
			name: "organisation", h1: [2]string{"От чьего имени войти?", "On whose behalf?"},
			page:   OrganisationChoice{Request: "r1", ClientName: "Склад", PersonName: "Елена Морозова", How: "how.totp", Organisations: organisations, Chosen: "o1", Total: 3},
			action: "/signin/organisation", fields: []string{"request", "organisation", "organisation", "organisation"},
			marks: []string{`role="radiogroup" aria-labelledby="question"`, `value="o1" required id="organisation" checked`, `value="o2" required>`, "7801234561", "780101001", "304780400112233"},
		},
		{
			name: "organisation among many", h1: [2]string{"От чьего имени войти?", "On whose behalf?"},
			page:   OrganisationChoice{Request: "r1", ClientName: "Склад", PersonName: "Елена Морозова", Organisations: organisations[:1], Query: "маяк", Total: 24, Errors: []FieldError{{Field: "organisation", Key: "error.organisation_required"}}},
			action: "/signin/organisation", fields: []string{"request", "organisation"},
			marks: []string{`role="search"`, `name="q" type="search" value="маяк"`, `href="/signin?request=r1"`, `id="organisation" checked`},
		},
		{
			name: "no organisation", h1: [2]string{"От чьего имени войти?", "On whose behalf?"},
			page: OrganisationChoice{Request: "r1", ClientName: "Склад", PersonName: "Елена Морозова"},
		},
		{
			name: "consent", h1: [2]string{"Разрешить доступ?", "Allow access?"},
			page: Consent{Request: "r1", ClientName: "Склад", PersonName: "Елена Морозова", OrganisationName: "ООО «Северный маяк»", Scopes: []ScopeItem{{"Имя", "Фамилия"}, {Title: "custom:scope"}}, RedirectHost: "sklad.example", RedirectURI: "com.example.app:/cb",
				Logo: "/assets/icon.svg", About: []AboutLink{{"home", "https://sklad.example/", "sklad.example"}, {"policy", "https://sklad.example/privacy", "sklad.example"}, {"terms", "https://terms.example/", "terms.example"}}},
			action: "/signin/consent", fields: []string{"request", "decision", "decision"},
			marks: []string{
				`name="decision" value="accept"`, `name="decision" value="refuse"`, "sklad.example", "custom:scope", `<img class="applogo" src="/assets/icon.svg" alt="">`,
				`href="https://terms.example/" target="_blank" rel="noopener noreferrer nofollow"`, "как оно обращается с данными|how it treats data",
			},
		},
		{
			name: "room of credentials", h1: [2]string{"Безопасность", "Безопасность"},
			page: Custom{Template: "security.html", Title: "Безопасность", Data: sampleSecurity, Shell: sampleShell, Idle: &Idle{Left: time.Hour, ProlongURL: "/account/alive", EndURL: "/account/security", Keeper: "p1"}},
			marks: []string{
				`<span class="unseen">: Рабочий ноутбук</span>`, `<input type="hidden" name="id" value="k1">`, "3 сентября 2026|3 September 2026", `datetime="2026-11-22T09:00:00Z"`,
				`download="propusk-codes.txt" href="data:text/plain;charset=utf-8;base64,0KDQtdC3`, `data-left="3600" data-warn="120" data-prolong="/account/alive"`, `data-keeper="p1"`,
			},
		},
		{
			name: "room of a long form", h1: [2]string{"Ваши данные", "Ваши данные"},
			page: Custom{Template: "register.html", Title: "Ваши данные", Errors: []FieldError{{Field: "terms", Key: "Без согласия продолжить нельзя."}}, Data: struct {
				Stages []Stage
				Rules  PasswordRules
			}{[]Stage{{Title: "Телефон", Done: true}, {Title: "Данные", Current: true}, {Title: "Согласие"}}, PasswordRules{Fields: []string{"last_name"}}}},
			action: "/registration", fields: []string{"last_name", "password", "passport", "terms"},
			marks: []string{`aria-current="step"`, `data-fields="[&#34;last_name&#34;]"`, `data-avoid="null"`, `type="file" accept=".pdf,.jpg" aria-describedby="passport-hint" required`, `aria-describedby="terms-fault"`},
		},
		{
			name: "room of signatures", h1: [2]string{"Проверка подписи", "Проверка подписи"},
			page: Custom{Template: "sign.html", Title: "Проверка подписи", Shell: sampleShell, Data: struct {
				Checks  []CheckLine
				Signing Signing
			}{checkLines, Signing{Action: "/account/sign", Content: true, Act: "Подписать"}}},
			action: "/account/sign", fields: []string{"challenge", "signature", "content", "signature"},
			marks: []string{`data-challenge=""`},
		},
		{
			name: "sign-out", h1: [2]string{"Выйти?", "Sign out?"},
			page:   SignOutConfirm{ClientName: "Склад", PersonName: "Елена Морозова", Logout: "l1", RedirectURI: "https://sklad.example/bye"},
			action: "/oauth2/logout", fields: []string{"logout"}, marks: []string{`value="l1"`},
		},
		{
			name: "signed out", h1: [2]string{"Вы вышли", "You are signed out"},
			page: SignedOut{ClientName: "Склад", ReturnURL: "https://sklad.example/"}, marks: []string{`href="https://sklad.example/"`},
		},
		{
			name: "failure", h1: [2]string{"Адрес возврата не разрешён", "Return address not allowed"},
			page: func() Page {
				f := Fail(FailureRedirect)
				f.RequestID, f.RetryURL = "019ab4c2", "/signin?request=r1"
				return f
			}(),
			marks: []string{"019ab4c2", "<code>redirect</code>", `href="/signin?request=r1"`},
		},
		{
			name: "invitation", h1: [2]string{"Вас приглашают в организацию", "You are invited to an organisation"},
			page:   Invitation{Token: "t1", OrganisationName: "ООО «Северный маяк»", RoleLabel: "Бухгалтер", PersonName: "Ольга", Email: "olga@mayak.example", RegisterURL: "/registration?invitation=t1"},
			action: "/invitations/t1", fields: []string{"login", "password", "password_again"},
			marks: []string{`autocomplete="new-password"`, `value="olga@mayak.example"`, "readonly", `href="/registration?invitation=t1"`},
		},
		{
			name: "invitation of a known person", h1: [2]string{"Вас приглашают в организацию", "You are invited to an organisation"},
			page:   Invitation{Token: "t1", OrganisationName: "ООО «Северный маяк»", Email: "olga@mayak.example", Exists: true},
			action: "/invitations/t1", marks: []string{"olga@mayak.example"},
		},
		{
			name: "joined", h1: [2]string{"Приглашение принято", "Invitation accepted"},
			page: InvitationDone{OrganisationName: "ООО «Северный маяк»", RoleLabel: "Бухгалтер", ContinueURL: "/cabinet"}, marks: []string{`href="/cabinet"`},
		},
		{
			name: "help", h1: [2]string{"Если не получается войти", "If you cannot sign in"},
			page: Help{Issuer: "https://id.example", Contact: "help@id.example"}, marks: []string{"https://id.example", "help@id.example", `id="phishing"`, `href="#phishing"`},
		},
	}
}
