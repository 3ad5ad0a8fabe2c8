package idp

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/storage"
)

// What a person gets who is refused, and what nobody may learn from it.

// Whoever tries logins must not learn which exist, which are locked and which
// are blocked: the answers are equal to the byte.
func TestRefusalsAreAlike(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		h.check(h.directory.SetPersonStatus(h.ctx(), directory.System(), h.loner.ID, directory.StatusBlocked))
		locked := h.visitor()
		page := locked.begin("app")
		for range 3 {
			locked.identify(page, "pavel@south.example", "не тот")
		}
		v := h.visitor()
		page = v.begin("app")
		type answer struct {
			status int
			body   string
			header string
		}
		var first answer
		for i, try := range [][2]string{
			{"elena@north.example", "не тот"},
			{"nobody@nowhere.example", "не тот"},
			{"pavel@south.example", password}, // locked, and right
			{"oleg@nowhere.example", password},
			{"oleg@nowhere.example", "не тот"},
			{"7801234564", password}, // an organisation: one member
			{"2312345678", password}, // an organisation of two members
			{"+79990000000", "не тот"},
			{"nonsense", "не тот"},
		} {
			if try[0] == "7801234564" {
				try[1] = "не тот"
			}
			got := v.identify(page, try[0], try[1])
			got.header.Del("Date")
			got.header.Del("Content-Length")
			now := answer{got.status, strings.ReplaceAll(html.UnescapeString(unchallenged(got.body)), try[0], "LOGIN"), flat(got.header)}
			if i == 0 {
				first = now
				if got.status != http.StatusUnprocessableEntity {
					t.Errorf("status %d", got.status)
				}
				got.says("Логин или пароль не подходят")
			}
			if now != first {
				t.Errorf("%s is answered otherwise than a wrong password: %d\n%s\n%s", try[0], got.status, now.header, got.text())
			}
			if v.cookies[browser.CookieSession] != "" {
				t.Fatalf("%s is signed in", try[0])
			}
		}
		want := []string{
			"wrong", "wrong", "wrong", // pavel until locked
			"wrong", "unknown", "locked", "blocked", "wrong", "wrong", "unknown", "unknown", "unknown",
		}
		got := h.entries("", "signin.password")
		if !slices.Equal(got, want) {
			t.Errorf("journal: %v\nwant     %v", got, want)
		}
		if h.counter("password", "unknown") != 4 || h.counter("password", "locked") != 1 || h.counter("password", "blocked") != 1 {
			t.Error("the metrics do not tell what the page hides")
		}
	})
}

// unchallenged is a page without the challenge that a passkey would sign, which
// is new each time.
func unchallenged(body string) string {
	return regexp.MustCompile(`(challenge&#34;:&#34;)[^&]+`).ReplaceAllString(body, "$1")
}

func flat(header http.Header) string {
	var lines []string
	for name, values := range header {
		lines = append(lines, name+": "+strings.Join(values, ","))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func TestThreeWrongCodesLockThatFactorOnly(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	v := h.visitor()
	page := v.identify(v.begin("app"), "elena@north.example", password).is("/signin/code")
	right := h.sent("+79031234567").Code
	wrong := "000000"
	if right == wrong {
		wrong = "111111"
	}
	var bodies []string
	for range 4 {
		got := v.code(page, wrong)
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("wrong code: %d", got.status)
		}
		bodies = append(bodies, got.text())
	}
	got := v.code(page, right)
	bodies = append(bodies, got.text())
	if slices.Sort(bodies); bodies[0] != bodies[len(bodies)-1] {
		t.Errorf("a locked factor looks different:\n%s\n%s", bodies[0], bodies[len(bodies)-1])
	}
	if got := h.entries("", "signin.sms"); !slices.Equal(got, []string{"wrong", "wrong", "wrong", "locked", "locked"}) {
		t.Errorf("journal: %v", got)
	}
	page = v.submit(page, "/signin/code/send", "channel", "email").is("/signin/code")
	v.code(page, h.sent("elena@north.example").Code).is("/signin/organisation")
}

func TestEmptyFieldsCostNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	v := h.visitor()
	page := v.begin("app")
	v.identify(page, "", "").says("Введите логин").says("Введите пароль")
	got := v.identify(page, "elena@north.example", "")
	if got.status != http.StatusUnprocessableEntity || got.form("/signin/identify").Get("login") != "elena@north.example" {
		t.Errorf("no password: %d, login %q", got.status, got.form("/signin/identify").Get("login"))
	}
	page = v.identify(page, "elena@north.example", password).is("/signin/code")
	if got := v.code(page, " - "); got.status != http.StatusUnprocessableEntity {
		t.Errorf("no code: %d", got.status)
	}
	if got := h.entries("", "signin."); !slices.Equal(got, []string{"accepted"}) {
		t.Errorf("journal: %v", got)
	}
}

func TestLoginsOfAllKinds(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	for _, login := range []string{" ELENA@north.example ", "+7 903 123-45-67", "89031234567", "112-233-445 95", h.elena.Number} {
		v := h.visitor()
		v.identify(v.begin("app", "scope", "openid"), login, password).lead()
	}
	// The organisation's number names its one member, and the organisation.
	v := h.visitor()
	page := v.identify(v.begin("app"), h.north.INN, password).is("/signin/code")
	v.code(page, h.sent("+79031234567").Code).lead()
}

func TestAddressMustWaitAfterItsBudget(t *testing.T) {
	t.Parallel()
	eachHouse(t, func(h *house) {
		h.idp.signIns.Limit = browser.Limit{Failures: 5, Window: 15 * time.Minute}
		v := h.visitor()
		page := v.begin("app")
		for i := range 5 {
			got := v.identify(page, "nobody"+string(rune('a'+i))+"@nowhere.example", "не тот")
			if got.status != http.StatusUnprocessableEntity {
				t.Fatalf("failure %d: %d", i, got.status)
			}
		}
		got := v.identify(page, "elena@north.example", password)
		if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") != "900" {
			t.Errorf("after the budget: %d, Retry-After %q", got.status, got.header.Get("Retry-After"))
		}
		if got.form("/signin/identify").Get("login") != "elena@north.example" {
			t.Error("the login that was typed is lost")
		}
		if got := v.get("/invitations/" + browser.Random()); got.status != http.StatusTooManyRequests {
			t.Errorf("an invitation guessed from there: %d", got.status)
		}
		other := h.visitor()
		other.identify(other.begin("app"), "elena@north.example", password).is("/signin/code")
	})
}

func TestBudgetReopens(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(d *Deps) { d.SignIns = browser.Limit{Failures: 1, Window: time.Minute} })
	v := h.visitor()
	page := v.begin("app")
	v.identify(page, "nobody@nowhere.example", "не тот")
	h.clock.Advance(59 * time.Second)
	got := v.identify(page, "elena@north.example", password)
	if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") != "1" {
		t.Errorf("a second before: %d, Retry-After %q", got.status, got.header.Get("Retry-After"))
	}
	h.clock.Advance(time.Second)
	v.identify(page, "elena@north.example", password).is("/signin/code")
}

func TestClientAuthenticationHasABudget(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(d *Deps) { d.Tokens = browser.Limit{Failures: 3, Window: time.Minute} })
	grant := url.Values{"grant_type": {"authorization_code"}, "code": {"x"}, "redirect_uri": {redirect}, "code_verifier": {verifier}}
	for range 5 { // a wrong code is no failed authentication
		if got := h.exchange("app", h.appSecret, grant); got.Error != "invalid_grant" {
			t.Fatalf("wrong code: %+v", got)
		}
	}
	for range 3 {
		if got := h.exchange("app", "guess", grant); got.Error != "invalid_client" {
			t.Fatalf("wrong secret: %+v", got)
		}
	}
	if got := h.exchange("app", h.appSecret, grant); got.Status != http.StatusTooManyRequests || got.Error != "temporarily_unavailable" {
		t.Errorf("after the budget: %+v", got)
	}
	h.clock.Advance(time.Minute)
	if got := h.exchange("app", h.appSecret, grant); got.Error != "invalid_grant" {
		t.Errorf("a minute later: %+v", got)
	}
}

// stuck is a password store that holds whoever asks, until it is let go.
type stuck struct {
	*directory.Directory
	asked, release chan struct{}
}

func (s stuck) PasswordHash(ctx context.Context, personID string) (string, storage.Time, error) {
	s.asked <- struct{}{}
	<-s.release
	return s.Directory.PasswordHash(ctx, personID)
}

func TestTooManyPasswordsAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	slow := stuck{h.directory, make(chan struct{}, 9), make(chan struct{})}
	var err error
	h.idp.deps.Passwords, err = factor.NewPasswords(factor.PasswordDeps{
		Directory: slow, Locks: h.locks, Now: h.clock.Now, Params: factor.Params{Memory: 64, Time: 1, Threads: 1}, Concurrency: 1,
	})
	h.check(err)
	first, second := h.visitor(), h.visitor()
	on, page := first.begin("app"), second.begin("app")
	done := make(chan *view)
	go func() { done <- first.identify(on, "elena@north.example", password) }()
	<-slow.asked
	got := second.identify(page, "elena@north.example", password)
	if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
		t.Errorf("with no place left: %d, Retry-After %q", got.status, got.header.Get("Retry-After"))
	}
	if got.form("/signin/identify").Get("login") != "elena@north.example" {
		t.Error("the login that was typed is lost")
	}
	if !strings.Contains(page.body, "data-passkey") || strings.Contains(got.body, "data-passkey") {
		t.Error("for who is told to come later a ceremony was begun, or for nobody")
	}
	close(slow.release)
	(<-done).is("/signin/code")
	if h.counter("password", "busy") != 1 {
		t.Error("propusk_signins_total did not count it")
	}
}

// What is malformed is the sender's fault and said so, never ours.
func TestMalformedForms(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	v := h.visitor()
	form := v.begin("app").form("/signin/identify")
	tests := []struct {
		name string
		form url.Values
		want int
	}{
		{"NUL in the login", with(form, "login", "a\x00b", "password", "x"), 400},
		{"broken UTF-8", with(form, "login", "\xff\xfe", "password", "x"), 400},
		{"a control character", with(form, "login", "a\x1bb", "password", "x"), 400},
		{"NUL in a field's name", with(form, "a\x00", "b"), 400},
		{"a login too long", with(form, "login", strings.Repeat("a", 255), "password", "x"), 400},
		{"a password too long", with(form, "login", "a", "password", strings.Repeat("a", 513)), 400},
		{"a request too long", url.Values{"request": {strings.Repeat("a", 200)}}, 400},
		{"a body too long", with(form, "login", strings.Repeat("a", 65<<10)), 413},
		{"twice the same field", url.Values{"request": form["request"], "login": {"a", "b"}, "password": {"x"}}, 400},
		{"no request", url.Values{"login": {"a"}, "password": {"x"}}, 410},
	}
	for _, test := range tests {
		if got := v.do(http.MethodPost, "/signin/identify", test.form); got.status != test.want {
			t.Errorf("%s: %d, want %d", test.name, got.status, test.want)
		}
	}
	if got := v.do(http.MethodGet, "/signin?request=a%00b", nil); got.status != 400 {
		t.Errorf("NUL in the query: %d", got.status)
	}
	if got := v.do(http.MethodGet, "/signin?request=%zz", nil); got.status != 400 {
		t.Errorf("a broken escape: %d", got.status)
	}
	if got := v.do(http.MethodGet, "/signin?q="+strings.Repeat("a", 17<<10), nil); got.status != 414 {
		t.Errorf("a long query: %d", got.status)
	}
	if got := v.do(http.MethodGet, "/invitations/a%00b", nil); got.status != 410 {
		t.Errorf("NUL in the path: %d", got.status)
	}
}

func TestFailurePages(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	v := h.visitor()
	v.get("/nowhere").says("Такой страницы нет").says("request-1")
	v.header = http.Header{"Accept-Language": {"en"}}
	got := v.get("/nowhere").says("No such page")
	if got.status != http.StatusNotFound {
		t.Errorf("status %d", got.status)
	}
	got = v.do(http.MethodGet, "/signin/identify", nil).says("This page does not open that way")
	if got.status != http.StatusMethodNotAllowed || !strings.Contains(got.header.Get("Allow"), "POST") {
		t.Errorf("GET of a form's address: %d, Allow %q", got.status, got.header.Get("Allow"))
	}
}
