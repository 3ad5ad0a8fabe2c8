package idp

import (
	"crypto/subtle"
	"net/http"
	"sync"

	"github.com/labstack/echo/v4"

	"propusk/idp/browser"
	"propusk/idp/pages"
	"propusk/idp/session"
)

// When more people bring a password than can be looked at, the rest is told to come
// later. That must cost next to nothing, or a crowd is a burden to everybody else
// whether its passwords are looked at or not: who is told so is told before anything is
// read, by a page that was drawn once.

// front is what a sign-in's login form shows of the sign-in.
type front struct {
	browser     string // whose it is, as in attempt
	names       [2]string
	redirectURI string
	asked       string // the language that the application asked for; "" = none that we speak
}

// frontOf is the front of an attempt.
func frontOf(a *attempt) front {
	t := turn{attempt: a}
	return front{
		browser: a.Browser, names: [2]string{t.client("ru"), t.client("en")},
		redirectURI: a.Request.RedirectURI, asked: pages.Spoken(a.Request.UILocales...),
	}
}

// name is the application's name in a language.
func (f front) name(lang string) string {
	if lang == "en" {
		return f.names[1]
	}
	return f.names[0]
}

// frontsMost bounds how many fronts are remembered twice over: some hundred bytes each.
const frontsMost = 4096

// fronts remembers those of the login forms that this node has shown. Another node's
// are read from the attempt, once.
type fronts struct {
	mu         sync.Mutex
	young, old map[string]front // by the attempt's id; what is asked for stays young
}

// of is the front of the attempt id, if it is this browser's and known.
func (fs *fronts) of(id, cookie string) (front, bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f, known := fs.young[id]
	if !known {
		if f, known = fs.old[id]; known {
			fs.put(id, f)
		}
	}
	if !known || subtle.ConstantTimeCompare([]byte(f.browser), []byte(browser.Hashed(cookie))) != 1 {
		return front{}, false
	}
	return f, true
}

func (fs *fronts) remember(id string, f front) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.put(id, f)
}

func (fs *fronts) put(id string, f front) {
	if fs.young == nil || len(fs.young) >= frontsMost {
		fs.young, fs.old = make(map[string]front), fs.young
	}
	fs.young[id] = f
}

// turnAway tells who brought a password to come later, for busy says that nobody could
// look at it. The login stays in the form; nothing is counted against anybody.
func (s *Server) turnAway(c echo.Context, busy error) error {
	id, err := browser.Field(c.Request(), "request", maxID)
	if err != nil {
		return err
	}
	login, _, err := credentials(c.Request())
	if err != nil {
		return err
	}
	f, err := s.front(c, id)
	if err != nil {
		return err
	}
	s.metrics.signIns.WithLabelValues(string(session.Password), outcomeBusy).Inc()
	browser.FormFault(c, busy, "", "")
	return s.showCrowd(c, f, id, login)
}

// front finds what is remembered of an attempt, or reads it.
func (s *Server) front(c echo.Context, id string) (front, error) {
	cookie := browser.Cookie(c.Request(), browser.CookieBrowser)
	if f, known := s.fronts.of(id, cookie); known {
		return f, nil
	}
	a, err := s.attempts.find(c.Request().Context(), id, cookie)
	if err != nil {
		return front{}, err
	}
	f := frontOf(a)
	s.fronts.remember(a.ID, f)
	return f, nil
}

// crowdForm is what the form of a crowd has beside what differs.
func (s *Server) crowdForm(page *pages.Identify) {
	page.Errors, page.Others = browser.Wrong("", "error.busy"), s.otherWays(page.Request)
	page.RegisterURL, page.RecoverURL = s.deps.Register, s.deps.Recover
}

// showCrowd shows the login form without a passkey's ceremony, which would be a
// challenge to make and to keep for each of the crowd. The page that they come back to
// has one.
func (s *Server) showCrowd(c echo.Context, f front, id, login string) error {
	r := pages.WithLanguages(c.Request(), f.asked)
	return s.crowd.Render(c.Response(), r, http.StatusServiceUnavailable, pages.Identify{
		Request: id, ClientName: f.name(pages.Language(r)), RedirectURI: f.redirectURI, Login: login,
	})
}
