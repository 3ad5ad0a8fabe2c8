package browser

import (
	"embed"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"propusk/idp/directory"
	"propusk/idp/pages"
	"propusk/idp/session"
)

// The few texts that only this package says; the kit has the others.
//
//go:embed translations
var translationFiles embed.FS

// FaceDeps is what a Face works with. Issuer and Pages are needed.
type FaceDeps struct {
	Issuer    string // scheme://host[:port], no trailing slash
	Pages     *pages.Kit
	Sessions  *session.Store                    // for Here
	Directory *directory.Directory              // for Here
	Log       *slog.Logger                      // nil = nothing is logged
	Now       func() time.Time                  // nil = time.Now
	Explain   func(error) (f Fault, known bool) // the room's own errors; may be nil
}

// Face is a set of routes behind their guards. It expects journal.With (request
// id, address) around it, and adds nothing to the log but the cause of 5xx
// answers. Routes are added before it serves.
type Face struct {
	deps     FaceDeps
	echo     *echo.Echo
	pages    *pages.Kit
	machines map[string]Kind // paths that answer in JSON
	origin   *http.CrossOriginProtection
}

// Kind says who may knock at a route, and what guards it.
type Kind int

const (
	// Page is for a browser on our own pages: a POST from another site is
	// refused.
	Page Kind = iota
	// Entrance is for a browser that another site sends: GET and POST.
	Entrance
	// Machine is for programs: no cookies are read, so nothing can be forged.
	Machine
	// MachineCORS is a Machine that scripts of other sites may call too.
	MachineCORS
)

// Route is one door.
type Route struct {
	Method, Path string
	Kind         Kind
	Handle       echo.HandlerFunc
	// Acts tells that even a GET does something (it begins or ends a sign-in,
	// sends a code), so that a HEAD, which link checkers send, must not reach it.
	Acts bool
	Body int64 // bytes of the body at most; 0 = MaxBody
}

// NewFace checks the dependencies.
func NewFace(deps FaceDeps) (*Face, error) {
	if deps.Pages == nil {
		return nil, errors.New("browser: Pages are needed")
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	f := &Face{deps: deps, echo: echo.New(), machines: map[string]Kind{}, origin: http.NewCrossOriginProtection()}
	if err := f.origin.AddTrustedOrigin(deps.Issuer); err != nil {
		return nil, errors.New("browser: Issuer must be scheme://host[:port]: " + deps.Issuer)
	}
	var err error
	if f.pages, err = deps.Pages.ExtendRoom(translationFiles); err != nil {
		return nil, err
	}
	f.echo.HideBanner, f.echo.HidePort = true, true
	f.echo.HTTPErrorHandler = f.fail
	f.echo.Pre(f.headers)
	return f, nil
}

// Add registers a page of ours, or a form's target.
func (f *Face) Add(method, path string, handle echo.HandlerFunc) {
	f.Route(Route{Method: method, Path: path, Handle: handle})
}

// Route registers a door behind its guards. A GET takes HEAD too.
func (f *Face) Route(r Route) {
	handle := f.guarded(r)
	f.echo.Add(r.Method, r.Path, handle)
	if r.Method == http.MethodGet && !r.Acts {
		f.echo.Add(http.MethodHead, r.Path, handle)
	}
	if r.Kind < Machine {
		return
	}
	if _, known := f.machines[r.Path]; !known && r.Kind == MachineCORS {
		f.echo.OPTIONS(r.Path, preflight)
	}
	f.machines[r.Path] = r.Kind
}

// guarded puts the route's guards in front of its handler.
func (f *Face) guarded(route Route) echo.HandlerFunc {
	limit := route.Body
	if limit == 0 {
		limit = MaxBody
	}
	return func(c echo.Context) error {
		if route.Kind == Page {
			if err := f.SameOrigin(c.Request()); err != nil {
				return err
			}
		}
		if err := WellFormed(c.Response(), c.Request(), limit); err != nil {
			return err
		}
		return route.Handle(c)
	}
}

// SameOrigin refuses a form that another site posted.
func (f *Face) SameOrigin(r *http.Request) error {
	if err := f.origin.Check(r); err != nil {
		return Fault{Status: http.StatusForbidden, Page: pages.FailureCrossSite, Err: err}
	}
	return nil
}

// ServeHTTP serves every route of the face.
func (f *Face) ServeHTTP(w http.ResponseWriter, r *http.Request) { f.echo.ServeHTTP(w, r) }

// Render draws a page.
func (f *Face) Render(c echo.Context, status int, page pages.Page) error {
	return f.pages.Render(c.Response(), c.Request(), status, page)
}

// Pages is the kit that the face draws with: Deps.Pages and the face's texts.
func (f *Face) Pages() *pages.Kit { return f.pages }
