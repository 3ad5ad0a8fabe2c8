package idp

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"propusk/idp/browser"
	"propusk/idp/oauth"
	"propusk/idp/session"
	"propusk/storage"
	"propusk/storage/journal"
	"propusk/storage/storagetest"
)

func TestMasked(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		factor     session.Factor
		from, want string
	}{
		{session.SMS, "+79031234567", "+7 ••• •••-45-67"},
		{session.SMS, "+7903", ""},
		{session.SMS, "", ""},
		{session.Email, "elena.morozova@severny-mayak.example", "e•••@severny-mayak.example"},
		{session.Email, "я@пример.рф", "я•••@пример.рф"},
		{session.Email, "@example", ""},
		{session.Email, "nonsense", ""},
		{session.TOTP, "+79031234567", ""},
	} {
		if got := masked(test.factor, test.from); got != test.want {
			t.Errorf("masked(%s, %q) = %q, want %q", test.factor, test.from, got, test.want)
		}
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ found, remote, want string }{
		{"203.0.113.7", "10.0.0.1:5", "203.0.113.7"},
		{"", "198.51.100.4:1234", "198.51.100.4"},
		{"", "[2001:db8:1:2:3:4:5:6]:99", "2001:db8:1:2::/64"},
		{"2001:db8:1:2::1", "", "2001:db8:1:2::/64"},
		{"::ffff:203.0.113.7", "", "203.0.113.7"},
		{"fe80::1%eth0", "", "fe80::/64"},
		{"", "@", "unknown"},
		{"not an address", "", "unknown"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = test.remote
		r = r.WithContext(journal.With(r.Context(), journal.Circumstances{IP: test.found}))
		if got := browser.Address(r); got != test.want {
			t.Errorf("address of %q behind %q = %q, want %q", test.found, test.remote, got, test.want)
		}
	}
}

func TestCookieIsOneOfOurs(t *testing.T) {
	t.Parallel()
	good := browser.Random()
	for value, want := range map[string]string{
		good: good, "": "", "x": "", good + "A": "", good[:42]: "", strings.Repeat("!", 43): "", good[:42] + "=": "",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.AddCookie(&http.Cookie{Name: browser.CookieSession, Value: value})
		if got := browser.Cookie(r, browser.CookieSession); got != want {
			t.Errorf("cookie %q is read as %q", value, got)
		}
	}
}

func TestRedirectHost(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]string{
		"https://app.example/callback": "app.example", "http://127.0.0.1:5000/cb": "127.0.0.1:5000",
		"com.example.app:/cb": "com.example.app", "%": "",
	} {
		if got := redirectHost(uri); got != want {
			t.Errorf("redirectHost(%q) = %q, want %q", uri, got, want)
		}
	}
}

func TestAttempts(t *testing.T) {
	t.Parallel()
	storagetest.EachVolatile(t, func(t *testing.T, v storage.Volatile) {
		ctx, as := t.Context(), attempts{ephemeral: v, fair: storage.NewFair(v), now: time.Now}
		cookie := browser.Random()
		a := &attempt{Request: &oauth.AuthorizationRequest{ClientID: "app", MaxAge: secondsAfter(5)}}
		if err := as.open(ctx, a, cookie, "203.0.113.7"); err != nil {
			t.Fatal(err)
		}
		a.identified("elena", "north", storage.Of(at))
		a.Progress.Consented = true
		code := a.CodeID
		a.choose("north")
		if !a.Progress.Consented {
			t.Error("choosing the same organisation made the consent void")
		}
		a.choose("south")
		if a.Progress.Consented {
			t.Error("a consent for another organisation counts")
		}
		a.Progress.Consented = true
		if a.identified("elena", "", storage.Of(at)); a.CodeID == code || a.Progress.OrganisationID != "south" || a.Progress.Consented {
			t.Error("the same person again: the organisation stays, the consent does not")
		}
		if a.identified("pavel", "", storage.Of(at)); a.Progress.OrganisationID != "" {
			t.Error("another person takes over an organisation")
		}
		a.identified("elena", "", storage.Of(at))
		if err := as.save(ctx, a); err != nil {
			t.Fatal(err)
		}
		got, err := as.find(ctx, a.ID, cookie)
		if err != nil || !reflect.DeepEqual(got.Progress, a.Progress) || *got.Request.MaxAge != 5 {
			t.Errorf("found %+v, %v", got, err)
		}
		for name, find := range map[error][2]string{
			errNoAttempt: {browser.Random(), cookie}, errOtherBrowser: {a.ID, browser.Random()},
		} {
			if _, err := as.find(ctx, find[0], find[1]); !errors.Is(err, name) {
				t.Errorf("find: %v, want %v", err, name)
			}
		}
		if _, err := as.find(ctx, a.ID, ""); !errors.Is(err, errOtherBrowser) {
			t.Errorf("a browser without a cookie: %v", err)
		}
		if err := as.finish(ctx, a); err != nil {
			t.Fatal(err)
		}
		if err := as.save(ctx, a); err != nil { // a slow request of the same attempt
			t.Fatal(err)
		}
		if err := as.finish(ctx, a); !errors.Is(err, errDone) {
			t.Errorf("finished twice: %v", err)
		}
		if err := as.unfinish(ctx, a); err != nil {
			t.Fatal(err)
		}
		if _, err := as.find(ctx, a.ID, cookie); err != nil {
			t.Errorf("taken back: %v", err)
		}
		if err := as.finish(ctx, a); err != nil {
			t.Errorf("finished anew: %v", err)
		}
		late := attempts{ephemeral: v, now: func() time.Time { return time.Now().Add(attemptLifetime) }}
		if err := errors.Join(late.save(ctx, a)); !errors.Is(err, errNoAttempt) {
			t.Errorf("saved after its time: %v", err)
		}
		if err := late.finish(ctx, a); !errors.Is(err, errNoAttempt) {
			t.Errorf("finished after its time: %v", err)
		}
	})
}

// full is a memory that takes nothing more.
type full struct{ storage.Ephemeral }

func (full) Put(context.Context, string, []byte, time.Duration) error { return storage.ErrFull }

func TestFullMemoryIsToldAsBusy(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	h.idp.attempts.ephemeral = full{h.volatile}
	h.quiet.Store(true)
	v := h.visitor()
	got := v.do(http.MethodGet, authorize("app"), nil)
	if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") != "60" {
		t.Errorf("no room: %d, Retry-After %q", got.status, got.header.Get("Retry-After"))
	}
}

// Without its database the server says that it is its fault, as a page to
// people and as JSON to programs, and never lets anybody in.
func TestWithoutDatabase(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	h.quiet.Store(true)
	v := h.visitor()
	page := v.begin("app")
	signedIn := h.visitor()
	there := signedIn.signInElena(signedIn.begin("app"))
	h.db.Close()
	got := v.identify(page, "elena@north.example", password)
	if got.status != http.StatusInternalServerError || v.cookies[browser.CookieSession] != "" {
		t.Errorf("identify: %d", got.status)
	}
	got.says("Не получилось по нашей вине").says("request-1")
	if got := signedIn.choose(there, h.north.ID); got.status != http.StatusInternalServerError || got.away != nil {
		t.Errorf("organisation: %d", got.status)
	}
	if got := signedIn.get("/signout"); got.status != http.StatusInternalServerError {
		t.Errorf("signout: %d", got.status)
	}
	if got := signedIn.get("/invitations/x"); got.status != http.StatusInternalServerError {
		t.Errorf("invitation: %d", got.status)
	}
	if err := h.idp.Sweep(h.ctx()); err == nil {
		t.Error("the sweep says nothing")
	}
	form := with(nil, "grant_type", "authorization_code", "code", "x", "redirect_uri", redirect, "code_verifier", verifier)
	if got := h.exchange("app", h.appSecret, form); got.Status != http.StatusInternalServerError || got.Error != "server_error" {
		t.Errorf("token: %+v", got)
	}
}
