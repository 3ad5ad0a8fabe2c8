package pages

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestLanguageIsChosenByThePersonThenTheApplicationThenTheBrowser(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, query, cookie, accept, want string
		asked                             []string
	}{
		{name: "nothing said", want: "ru"},
		{name: "browser", accept: "en-GB,en;q=0.9", want: "en"},
		{name: "browser with neither", accept: "de,fr;q=0.5", want: "ru"},
		{name: "browser with weights", accept: "ru;q=0.2,en;q=0.9", want: "en"},
		{name: "application over browser", asked: []string{"en"}, accept: "ru", want: "en"},
		{name: "application's second wish", asked: []string{"de-AT", "en-US"}, accept: "ru", want: "en"},
		{name: "cookie over application", cookie: "ru", asked: []string{"en"}, accept: "en", want: "ru"},
		{name: "query over cookie", query: "?ui_locales=en", cookie: "ru", want: "en"},
		{name: "query with several", query: "?ui_locales=de+en+ru", want: "en"},
		{name: "nonsense falls through", query: "?ui_locales=%00x", cookie: "../..", asked: []string{"!!", strings.Repeat("en-", 99)}, accept: "en", want: "en"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/signin"+c.query, nil)
		r.Header.Set("Accept-Language", c.accept)
		if c.cookie != "" {
			r.AddCookie(&http.Cookie{Name: "lang", Value: c.cookie})
		}
		if got := Language(r, c.asked...); got != c.want {
			t.Errorf("%s: by argument %q, want %q", c.name, got, c.want)
		}
		if got := Language(WithLanguages(r, c.asked...)); got != c.want {
			t.Errorf("%s: by context %q, want %q", c.name, got, c.want)
		}
	}
}

func TestChosenLanguageIsRemembered(t *testing.T) {
	t.Parallel()
	kit := setup(t)
	w := render(t, kit, Help{}, "/help?ui_locales=en")
	if got := w.Header().Get("Set-Cookie"); got != "lang=en; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax" {
		t.Errorf("cookie %q", got)
	}
	if got := render(t, kit, Help{}, "/help").Header().Get("Set-Cookie"); got != "" {
		t.Errorf("cookie %q though nothing was chosen", got)
	}
}

func TestLanguageLinksLeadBackToTheSamePage(t *testing.T) {
	t.Parallel()
	kit := setup(t)
	for _, c := range []struct {
		method, target string
		page           Page
		want           string // "" = no links
	}{
		{http.MethodPost, "/signin/identify", Identify{Request: "r/1"}, "/signin?request=r%2F1&amp;ui_locales=en"},
		{http.MethodPost, "/invitations/t1", Invitation{Token: "t1"}, "/invitations/t1?ui_locales=en"},
		{http.MethodGet, "/help?a=1&ui_locales=ru", Help{}, "/help?a=1&amp;ui_locales=en"},
		{http.MethodPost, "/oauth2/logout", SignOutConfirm{}, ""},
	} {
		w := httptest.NewRecorder()
		if err := kit.Render(w, httptest.NewRequest(c.method, c.target, nil), 200, c.page); err != nil {
			t.Fatal(err)
		}
		body := w.Body.String()
		if c.want == "" && strings.Contains(body, "ui_locales") || c.want != "" && !strings.Contains(body, `href="`+c.want+`"`) {
			t.Errorf("%s %s: no link %q", c.method, c.target, c.want)
		}
	}
}

func TestNumbersTakeTheirPlural(t *testing.T) {
	t.Parallel()
	kit := setup(t)
	for count, want := range map[int]string{1: "1 секунду", 2: "2 секунды", 5: "5 секунд", 11: "11 секунд", 21: "21 секунду", 22: "22 секунды"} {
		if got := kit.T("ru", "error.code_wait", "Count", count); !strings.Contains(got, want+".") {
			t.Errorf("%d: %q", count, got)
		}
	}
	if got := kit.T("en", "error.code_wait", map[string]any{"Count": 1}); !strings.Contains(got, "1 second.") {
		t.Errorf("English: %q", got)
	}
	if got := kit.T("de", "brand"); got != "Пропуск" {
		t.Errorf("a language we do not speak: %q", got)
	}
	if got := kit.T("ru", "no.such.key"); got != "no.such.key" {
		t.Errorf("an unknown key: %q", got)
	}
}
