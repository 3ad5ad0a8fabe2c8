package browser

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"propusk/idp/directory"
	"propusk/idp/session"
	"propusk/storage"
)

// Here is who is signed in in the browser.
type Here struct {
	Session *session.Session
	Person  directory.Person
}

// Recent is what Here's session amounts to by proofs given within maxAge; 0 = by
// all of them.
func (h Here) Recent(maxAge time.Duration, now time.Time) session.Assurance {
	if maxAge <= 0 {
		return h.Session.Proven(0)
	}
	return h.Session.Proven(storage.Of(now.Add(-maxAge)))
}

// Here says who is signed in in the browser that sent c; false: nobody is, or the
// sign-in looks unusual and waits for a second confirmation.
func (f *Face) Here(c echo.Context) (Here, bool, error) {
	if f.deps.Sessions == nil || f.deps.Directory == nil {
		return Here{}, false, errors.New("browser: Here needs Sessions and Directory")
	}
	secret := Cookie(c.Request(), CookieSession)
	here, found, err := Recall(c.Request().Context(), f.deps.Sessions, f.deps.Directory, secret, storage.Of(f.deps.Now()))
	if err != nil || !found || len(here.Session.Unusual.V) > 0 {
		return Here{}, false, err
	}
	return here, true, nil
}

// Recall finds the session of a cookie's value and its person; false: nobody is
// signed in. A session whose person may not sign in is no session, and a
// password that was changed since proves nothing any more.
func Recall(ctx context.Context, sessions *session.Store, people *directory.Directory, secret string, now storage.Time) (Here, bool, error) {
	s, err := sessions.Find(ctx, secret, now)
	if errors.Is(err, storage.ErrNotFound) {
		return Here{}, false, nil
	}
	if err != nil {
		return Here{}, false, err
	}
	person, err := people.Person(ctx, s.PersonID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && person.Status != directory.StatusActive {
		return Here{}, false, nil
	}
	if err != nil {
		return Here{}, false, fmt.Errorf("recall person: %w", err)
	}
	_, changed, err := people.PasswordHash(ctx, person.ID)
	switch {
	case errors.Is(err, storage.ErrNotFound) || err == nil && changed > s.ProvedAt(session.Password):
		s.Proofs.V = s.Without(session.Password)
	case err != nil:
		return Here{}, false, fmt.Errorf("recall password: %w", err)
	}
	if s.IdentifiedAt() == 0 {
		return Here{}, false, nil
	}
	return Here{Session: s, Person: person}, true, nil
}

// SignInFirst is where to send a browser that must sign in, or prove more,
// before it may go to the local path to. acr is the level needed, "" = any;
// maxAge is how fresh its proofs must be, 0 = however old.
func SignInFirst(to, acr string, maxAge time.Duration) string {
	q := url.Values{"to": {to}}
	if acr != "" {
		q.Set("acr", acr)
	}
	if maxAge > 0 {
		q.Set("max_age", strconv.Itoa(int(maxAge.Seconds())))
	}
	return "/signin/here?" + q.Encode()
}
