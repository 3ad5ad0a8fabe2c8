package account

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/pages"
	"propusk/idp/session"
	"propusk/storage"
)

// visit is one request of a person who has proved enough for its route.
type visit struct {
	echo.Context
	browser.Here
	s     *Server
	lang  string
	draft draft // of this page's form, when a sign-in interrupted it
}

// guarded lets in whom the route is for, and sends everybody else to prove it.
func (s *Server) guarded(route Route) echo.HandlerFunc {
	return func(c echo.Context) error {
		here, signedIn, err := s.face.Here(c)
		if err != nil {
			return err
		}
		back := route.back(c)
		if !signedIn {
			return browser.SeeOther(c, browser.SignInFirst(back, "", 0))
		}
		v := &visit{Context: c, Here: here, s: s, lang: pages.Language(c.Request())}
		level, err := s.level(v.ctx(), here.Person)
		if err != nil {
			return err
		}
		if here.Session.Proven(0).Level < level {
			return browser.SeeOther(c, browser.SignInFirst(back, level.ACR(), 0))
		}
		if route.Needs == Fresh && s.recent(here) < level {
			return v.proveFirst(route, back, level)
		}
		if v.draft, err = v.interrupted(route); err != nil {
			return err
		}
		switch keyed, err := s.keyed(v, route); {
		case err != nil:
			return err
		case !keyed:
			return v.refused("operator")
		}
		return route.handle(v)
	}
}

// keyed refuses an operator who has a passkey or a certificate, and has proved none of
// them within the last minutes, what adds or removes one: they alone open the console,
// and who got hold of a password and a code must not make himself another.
func (s *Server) keyed(v *visit, route Route) (bool, error) {
	if !route.Opens {
		return true, nil
	}
	roles, err := s.deps.Directory.Appointed(v.ctx(), v.Person.ID)
	if err != nil || len(roles) == 0 {
		return err == nil, err
	}
	held, err := s.held(v.ctx(), v.Person)
	if err != nil || len(held.passkeys)+len(held.certificates) == 0 {
		return err == nil, err
	}
	keys := v.Session.Only(session.Passkey, session.Certificate)
	return session.Weigh(keys, storage.Of(s.deps.Now().Add(-freshFor))).Level >= session.Two, nil
}

// recent is what the person proved within the last minutes. A trusted device
// says nothing about who sits at it now.
func (s *Server) recent(here browser.Here) session.Level {
	return session.Weigh(here.Session.Without(session.Device), storage.Of(s.deps.Now().Add(-freshFor))).Level
}

// back is the page where the person comes back to after a sign-in.
func (r Route) back(c echo.Context) string {
	path := r.Form
	if path == "" {
		path = r.Path
	}
	return strings.ReplaceAll(path, ":id", c.Param("id"))
}

// proveFirst keeps what was typed, asks for a fresh proof, and comes back.
func (v *visit) proveFirst(route Route, back string, level session.Level) error {
	if v.Request().Method == http.MethodPost || route.Form != "" {
		if err := v.keepDraft(back, route.Keep); err != nil {
			return err
		}
	}
	return browser.SeeOther(v, browser.SignInFirst(back, level.ACR(), freshFor))
}

// level is what the account can prove and so must: two factors as soon as it has
// a second one, of whatever kind.
func (s *Server) level(ctx context.Context, p directory.Person) (session.Level, error) {
	if p.Email != "" && p.EmailVerified || p.Phone != "" && p.PhoneVerified {
		return session.Two, nil
	}
	held, err := s.held(ctx, p)
	if err != nil {
		return session.None, err
	}
	if held.totp || len(held.passkeys) > 0 || len(held.certificates) > 0 {
		return session.Two, nil
	}
	return session.One, nil
}

func (v *visit) ctx() context.Context { return v.Request().Context() }

func (v *visit) t(key string, args ...any) string { return v.s.face.Pages().T(v.lang, key, args...) }

// field reads one value of the form.
func (v *visit) field(name string, limit int) (string, error) {
	return browser.Field(v.Request(), name, limit)
}

// done sends the browser back to a page, which tells what was done.
func (v *visit) done(page, what string) error {
	return browser.SeeOther(v, page+"?done="+what)
}

// dones are the acts that a page may tell to be done, by the query's `done`.
var dones = []string{
	"language", "contact", "contact_cancelled", "password", "totp", "totp_removed", "passkey", "passkey_renamed",
	"passkey_removed", "certificate", "certificate_removed", "session", "sessions", "device", "devices",
	"application", "closing_undone",
}

// notice is what stands above the page: what was done, or that the act must be
// repeated after the proof.
func (v *visit) notice() *pages.Tag {
	if done := v.QueryParam("done"); slices.Contains(dones, done) {
		return &pages.Tag{Kind: "go", Text: v.t("account.done." + done)}
	}
	if v.draft.there {
		return &pages.Tag{Text: v.t("account.repeat")}
	}
	return nil
}

// frame is what every page of the room has.
type frame struct{ Notice *pages.Tag }

// page draws one of the room's pages.
func (v *visit) page(status int, template, title string, data any, errs ...pages.FieldError) error {
	return v.s.face.Render(v, status, pages.Custom{
		Template: template, Title: title, Data: data, Errors: errs, Shell: v.shell(), Idle: v.idle(),
	})
}

// places are the side list.
var places = []struct{ title, url string }{
	{"account.place.profile", "/account"},
	{"account.place.contacts", "/account/contacts"},
	{"account.place.security", "/account/security"},
	{"account.place.certificates", "/account/certificates"},
	{"account.place.devices", "/account/devices"},
	{"account.place.journal", "/account/journal"},
	{"account.place.applications", "/account/applications"},
	{"account.place.data", "/account/data"},
}

// within are the pages that stand under another place than their path says.
var within = map[string]string{
	"/account/password": "/account/security", "/account/authenticator": "/account/security",
	"/account/passkeys": "/account/security", "/account/recovery-codes": "/account/security",
	"/account/signatures": "/account/certificates", "/account/close": "/account/data",
}

func (v *visit) shell() *pages.Shell {
	path := v.Request().URL.Path
	for inner, outer := range within {
		if path == inner || strings.HasPrefix(path, inner+"/") {
			path = outer
		}
	}
	shell := &pages.Shell{PersonName: v.Person.ShortName(), HomeURL: "/account", SignOutURL: "/account/signout"}
	for _, place := range places {
		here := path == place.url || place.url != "/account" && strings.HasPrefix(path, place.url+"/")
		shell.Nav = append(shell.Nav, pages.NavItem{Title: place.title, URL: place.url, Current: here})
	}
	return shell
}

// idle lets the page warn before the session ends by itself.
func (v *visit) idle() *pages.Idle {
	left := v.s.deps.Sessions.IdleEnd(v.Session).Time().Sub(v.s.deps.Now())
	return &pages.Idle{
		Left: max(left, time.Second), ProlongURL: "/account/prolong", EndURL: v.Request().URL.Path,
		Keeper: browser.Hashed("account/" + v.Person.ID)[:16],
	}
}

// prolong notes the use of the session, as every request does.
func (s *Server) prolong(v *visit) error { return v.NoContent(http.StatusNoContent) }

// signOut ends this browser's session and what applications got from it.
func (s *Server) signOut(v *visit) error {
	err := s.deps.DB.Tx(v.ctx(), func(ctx context.Context) error {
		if err := s.deps.Sessions.Drop(ctx, v.Session.ID); err != nil {
			return err
		}
		return s.record(ctx, v, "session.ended", map[string]string{"session": v.Session.ID})
	})
	if err != nil {
		return fmt.Errorf("sign out: %w", err)
	}
	browser.DropCookie(v.Response(), browser.CookieSession)
	return browser.SeeOther(v, "/signout")
}
