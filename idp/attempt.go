package idp

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"propusk/idp/browser"
	"propusk/idp/oauth"
	"propusk/idp/session"
	"propusk/storage"
)

// attemptLifetime is how long a person has, from the application's click to
// the code: long enough to look for a phone, short enough to bound what waits.
const attemptLifetime = 30 * time.Minute

// attempt is one sign-in that is under way: what the application asked for,
// which browser it belongs to, and how far it has come. It lives in Ephemeral.
//
// Two requests of one browser may write it at once; the last one wins. That is
// safe: what it holds of a person counts only while the session is his, and
// next looks at the session each time.
type attempt struct {
	ID        string                      `json:"id"`
	Browser   string                      `json:"browser"` // SHA-256 of the browser's cookie, hex
	Request   *oauth.AuthorizationRequest `json:"request"`
	Progress  progress                    `json:"progress"`
	CreatedAt storage.Time                `json:"created_at"`
	// CodeID names the one-time codes of this identification. It is new at
	// each one, so that a code sent to one person never proves another.
	CodeID string `json:"code_id"`
	// Sent holds, for each channel that a code went out by, when the next may.
	Sent map[session.Factor]storage.Time `json:"sent,omitempty"`
	// Invitation is the token of the invitation that is accepted at the end, for
	// a sign-in that no application asked for; its Request leads nowhere. The
	// token alone opens nothing: only its addressee, signed in, can use it.
	Invitation string `json:"invitation,omitempty"`
	// To is the local path that a sign-in of our own leads to; its Request leads
	// nowhere either.
	To string `json:"to,omitempty"`
	// Waiting is the id of the request from another machine that is decided at the
	// end; its Request leads nowhere.
	Waiting string `json:"waiting,omitempty"`
	// Done is what is left of an attempt that ended, for the back button.
	Done bool `json:"done,omitempty"`
}

// identified records that personID proved who he is within this attempt. Nothing
// of what was accepted before stays, and of what was chosen only the same
// person's organisation, which may have been what asked for more.
func (a *attempt) identified(personID, organisationID string, now storage.Time) {
	if organisationID == "" && a.Progress.PersonID == personID {
		organisationID = a.Progress.OrganisationID
	}
	a.Progress = progress{PersonID: personID, IdentifiedAt: now, OrganisationID: organisationID}
	a.CodeID, a.Sent = browser.Random(), nil
}

// met ties an attempt to the person whose session it has met.
func (a *attempt) met(personID string) {
	a.Progress.PersonID = personID
	a.CodeID = browser.Random()
}

// leave forgets the person, so that somebody else can sign in.
func (a *attempt) leave() {
	a.Progress = progress{Again: true}
	a.CodeID, a.Sent = "", nil
}

// choose takes an organisation. A consent given for another one is void.
func (a *attempt) choose(organisationID string) {
	if a.Progress.OrganisationID != organisationID {
		a.Progress.Consented, a.Progress.Details = false, nil
	}
	a.Progress.OrganisationID = organisationID
}

// Why an attempt cannot go on.
var (
	errNoAttempt    = errors.New("no such sign-in, or it has expired")
	errOtherBrowser = errors.New("the sign-in began in another browser")
	errDone         = errors.New("the sign-in is finished")
)

// attempts keeps them.
type attempts struct {
	ephemeral storage.Ephemeral
	fair      *storage.Fair
	now       func() time.Time
}

// dispatcher is where every step of the attempt goes back to.
func dispatcher(a *attempt) string {
	return "/signin?" + url.Values{"request": {a.ID}}.Encode()
}

func attemptKey(id string) string  { return "signin:" + browser.Hashed(id) }
func finishedKey(id string) string { return "signin-done:" + browser.Hashed(id) }

// open begins the attempt for the browser with this cookie value, at this address:
// storage.ErrFull when the room for such is short and the address has had its share.
func (as attempts) open(ctx context.Context, a *attempt, cookie, address string) error {
	if err := as.fair.Begin(ctx, address); err != nil {
		return fmt.Errorf("begin attempt: %w", err)
	}
	a.ID, a.Browser, a.CreatedAt = browser.Random(), browser.Hashed(cookie), storage.Of(as.now())
	return as.save(ctx, a)
}

// find is the attempt id of the browser with this cookie value: errNoAttempt,
// errOtherBrowser, errDone. A browser without the cookie refuses cookies, or is
// another one; it learns nothing of the attempt.
func (as attempts) find(ctx context.Context, id, cookie string) (*attempt, error) {
	if id == "" {
		return nil, errNoAttempt
	}
	if cookie == "" {
		return nil, errOtherBrowser
	}
	value, err := as.ephemeral.Get(ctx, attemptKey(id))
	if errors.Is(err, storage.ErrNotFound) {
		return nil, errNoAttempt
	}
	if err != nil {
		return nil, fmt.Errorf("find attempt: %w", err)
	}
	return as.read(value, cookie)
}

func (as attempts) read(value []byte, cookie string) (*attempt, error) {
	var a attempt
	if err := json.Unmarshal(value, &a); err != nil {
		return nil, fmt.Errorf("read attempt: %w", err)
	}
	switch {
	case subtle.ConstantTimeCompare([]byte(a.Browser), []byte(browser.Hashed(cookie))) != 1:
		return nil, errOtherBrowser
	case as.left(&a) <= 0:
		return nil, errNoAttempt
	case a.Done:
		return nil, errDone
	default:
		return &a, nil
	}
}

// save writes the attempt; it never lives longer for it.
func (as attempts) save(ctx context.Context, a *attempt) error {
	left := as.left(a)
	if left <= 0 {
		return errNoAttempt
	}
	value, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("write attempt: %w", err)
	}
	if err := as.ephemeral.Put(ctx, attemptKey(a.ID), value, left); err != nil {
		return fmt.Errorf("save attempt: %w", err)
	}
	return nil
}

// finish ends the attempt, for one caller: errDone for the others. A mark of
// its own decides, since a racing request may write the attempt once more; what
// stays of the attempt tells the back button that nothing is left to do.
func (as attempts) finish(ctx context.Context, a *attempt) error {
	left := as.left(a)
	if left <= 0 {
		return errNoAttempt
	}
	err := as.ephemeral.Add(ctx, finishedKey(a.ID), []byte{1}, left)
	if errors.Is(err, storage.ErrExists) {
		return errDone
	}
	if err != nil {
		return fmt.Errorf("finish attempt: %w", err)
	}
	return as.save(ctx, &attempt{ID: a.ID, Browser: a.Browser, CreatedAt: a.CreatedAt, Done: true})
}

// unfinish takes finish back: nothing was given, and the person may try again
// by reloading the page.
func (as attempts) unfinish(ctx context.Context, a *attempt) error {
	if err := as.save(ctx, a); err != nil {
		return err
	}
	if err := as.ephemeral.Delete(ctx, finishedKey(a.ID)); err != nil {
		return fmt.Errorf("take back the end of attempt: %w", err)
	}
	return nil
}

func (as attempts) left(a *attempt) time.Duration {
	return a.CreatedAt.Time().Add(attemptLifetime).Sub(as.now())
}
