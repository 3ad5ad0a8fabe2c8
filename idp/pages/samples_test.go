package pages

import "time"

// organisations of the samples; the numbers are invented.
var organisations = []OrganisationItem{
	{ID: "o1", Name: "ООО «Северный маяк»", INN: "7801234561", KPP: "780101001", OGRN: "1187800012345", RoleLabel: "Бухгалтер"},
	{ID: "o2", Name: "АО «Ладожские верфи»", INN: "4706012349", KPP: "470601001", OGRN: "1024700012345", RoleLabel: "Наблюдатель"},
	{ID: "o3", Name: "ИП Морозова Елена Сергеевна", INN: "780400112233", OGRN: "304780400112233", RoleLabel: "Руководитель", Sole: true},
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

func samples() []sample {
	return []sample{
		{
			name: "identify", h1: [2]string{"Войдите", "Sign in"},
			page: Identify{
				Request: "r1", ClientName: client, Login: "elena@mayak.example", RedirectURI: "https://rp.example/cb", RegisterURL: "/register",
				Others: []Way{{Icon: "certificate", Title: "way.certificate", Text: "way.certificate.text", URL: "/signin/certificate"}, {Icon: "passkey", Title: "way.passkey", Text: "way.passkey.text", URL: "/signin/passkey"}},
			},
			action: "/signin/identify", fields: []string{"request", "login", "password"},
			marks: []string{`autocomplete="username"`, `autocomplete="current-password"`, `autocapitalize="none"`, `value="elena@mayak.example"`, `href="/signin/certificate"`, `href="/register"`},
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
			page:   Consent{Request: "r1", ClientName: "Склад", PersonName: "Елена Морозова", OrganisationName: "ООО «Северный маяк»", Scopes: []ScopeItem{{"Имя", "Фамилия"}, {Title: "custom:scope"}}, RedirectHost: "sklad.example", RedirectURI: "com.example.app:/cb"},
			action: "/signin/consent", fields: []string{"request", "decision", "decision"},
			marks: []string{`name="decision" value="accept"`, `name="decision" value="refuse"`, "sklad.example", "custom:scope"},
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
			page:   Invitation{Token: "t1", OrganisationName: "ООО «Северный маяк»", RoleLabel: "Бухгалтер", PersonName: "Ольга", Email: "olga@mayak.example"},
			action: "/invitations/t1", fields: []string{"login", "password", "password_again"},
			marks: []string{`autocomplete="new-password"`, `value="olga@mayak.example"`, "readonly"},
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
