package desk

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"propusk/idp/pages"
	"propusk/storage"
)

// request is one request with its language.
type request struct {
	d    *Desk
	w    http.ResponseWriter
	r    *http.Request
	lang string
}

func (q *request) ctx() context.Context { return q.r.Context() }

func (q *request) t(key string, args ...any) string { return q.d.pages.T(q.lang, key, args...) }

// redirect answers 303: the next request is a GET whatever this one was.
func (q *request) redirect(to string) error {
	http.Redirect(q.w, q.r, to, http.StatusSeeOther)
	return nil
}

// open wraps a handler that needs no session.
func (d *Desk) open(handle func(*request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, formLimit)
		q := &request{d: d, w: w, r: r, lang: pages.Language(r)}
		if err := q.form(); err != nil {
			q.fail(err)
			return
		}
		if err := handle(q); err != nil {
			q.fail(err)
		}
	}
}

// failure is an error that is told on a page of its own.
type failure struct {
	status int
	page   pages.Failure
	cause  error // logged, never shown
}

func (f *failure) Error() string {
	if f.cause != nil {
		return f.page.Code + ": " + f.cause.Error()
	}
	return f.page.Code
}

func (f *failure) Unwrap() error { return f.cause }

// failed tells the named failure of the page kit, or of this package's words.
func failed(status int, name string) *failure {
	return &failure{status: status, page: pages.Fail(name)}
}

func (f *failure) because(cause error) *failure { f.cause = cause; return f }

func (f *failure) retry(path string) *failure { f.page.RetryURL = path; return f }

// Missing is the answer of a page whose subject does not exist: 404.
func Missing() error { return failed(http.StatusNotFound, pages.FailureMissing) }

// signIn is the error that sends the person to sign in and back.
type signIn struct {
	acr          string // level the API asked for (RFC 9470); "" = any
	aged         string // how old the sign-in may be, in seconds (RFC 9470 max_age); "" = any
	organisation string // id; "" = the person chooses
	newcomer     bool   // for no organisation: see newcomer.go
}

func (*signIn) Error() string { return "a sign-in is needed" }

// fail is the one place where an error becomes an answer.
func (q *request) fail(err error) {
	if wanted, ok := errors.AsType[*signIn](err); ok {
		if err = q.begin(*wanted); err == nil {
			return
		}
	}
	told := q.tell(err)
	q.d.inOwnWords(&told.page)
	if told.status >= http.StatusInternalServerError {
		q.d.deps.Log.ErrorContext(q.ctx(), "the page could not be answered", "house", q.d.deps.House.Root, "code", told.page.Code, "error", err)
	}
	if err := q.d.pages.Render(q.w, q.r, told.status, told.page); err != nil {
		q.d.deps.Log.ErrorContext(q.ctx(), "a failure could not be drawn", "error", err)
		http.Error(q.w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
	}
}

// inOwnWords tells a failure as the house does.
func (d *Desk) inOwnWords(page *pages.Failure) {
	for _, key := range []*string{&page.Title, &page.What, &page.Why, &page.Do} {
		*key = d.word(*key)
	}
}

// tell makes any error a failure with a page.
func (q *request) tell(err error) *failure {
	if told, ok := errors.AsType[*failure](err); ok {
		return told
	}
	if problem := AsProblem(err); problem != nil {
		return &failure{status: problem.Status, cause: err, page: pages.Failure{
			Title: problem.Title, What: problem.Detail, Code: problem.Code, RequestID: problem.RequestID(), RetryURL: q.back(),
		}}
	}
	if errors.Is(err, errUnavailable) {
		return failed(http.StatusBadGateway, "unavailable").because(err).retry(q.back())
	}
	if spent, ok := errors.AsType[storage.ShareSpent](err); ok {
		return q.later(http.StatusTooManyRequests, spent.RetryAfter, err)
	}
	if errors.Is(err, storage.ErrFull) {
		return q.later(http.StatusServiceUnavailable, time.Minute, err)
	}
	return failed(http.StatusInternalServerError, pages.FailureInternal).because(err).retry(q.back())
}

// later tells that there is no room for another sign-in.
func (q *request) later(status int, wait time.Duration, err error) *failure {
	q.w.Header().Set("Retry-After", strconv.Itoa(int(max(wait.Round(time.Second)/time.Second, 1))))
	return failed(status, pages.FailureBusy).because(err).retry(q.back())
}

// back is the page that the request is or came from: where trying again makes
// sense. For a form it is the page that the form stands on, as the form says.
func (q *request) back() string {
	if q.r.Method == http.MethodGet || q.r.Method == http.MethodHead {
		return (&url.URL{Path: q.r.URL.Path, RawPath: q.r.URL.RawPath, RawQuery: q.r.URL.RawQuery}).String()
	}
	if page := q.r.PostForm.Get(fieldPage); q.ours(page) {
		return page
	}
	return q.d.deps.House.Root
}

// ours reports whether an address that came from outside is one of the house's
// pages.
func (q *request) ours(address string) bool {
	if len(address) > returnLimit || strings.ContainsAny(address, "\\\r\n\t") {
		return false
	}
	to, err := url.Parse(address)
	if err != nil || to.Scheme != "" || to.Host != "" || to.User != nil {
		return false
	}
	return q.d.deps.House.has(to.Path)
}
