package account

import (
	"context"
	"embed"
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"time"

	"propusk/idp/browser"
	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/idp/factor/certificate"
	"propusk/idp/factor/passkey"
	"propusk/idp/oauth"
	"propusk/idp/pages"
	"propusk/idp/session"
	"propusk/signature"
	"propusk/storage"
	"propusk/storage/journal"
)

//go:embed templates/*.html translations/*.json
var files embed.FS

// DefaultClosingDelay is how long a person can undo the closing of the account.
// With the time until the next Sweep it stays within a day.
const DefaultClosingDelay = 23 * time.Hour

// Deps is what the pages stand on. Everything is required unless its line says
// otherwise.
type Deps struct {
	DB            *storage.DB
	Ephemeral     storage.Ephemeral // unfinished changes and ceremonies
	Sealer        *storage.Sealer
	Directory     *directory.Directory
	Sessions      *session.Store
	Provider      *oauth.Provider
	Journal       *journal.Journal
	Passwords     *factor.Passwords
	TOTP          *factor.TOTP
	Codes         *factor.Codes
	RecoveryCodes *factor.RecoveryCodes
	Devices       *factor.Devices
	Passkeys      *passkey.Passkeys
	Certificates  *certificate.Certificates
	Verifier      signature.Verifier // of signatures that anybody brings
	Pages         *pages.Kit

	Issuer       string           // scheme://host[:port], no trailing slash
	Name         string           // of the house, in messages with codes; "" = Propusk's own
	ClosingDelay time.Duration    // 0 = DefaultClosingDelay
	Now          func() time.Time // nil = time.Now
	Log          *slog.Logger     // nil = nothing is logged
}

// Server serves everything under /account. It expects journal.With (request id,
// address) around it.
type Server struct {
	deps Deps
	face *browser.Face
}

// New checks the dependencies and wires the routes.
func New(deps Deps) (*Server, error) {
	deps, err := deps.withDefaults()
	if err != nil {
		return nil, err
	}
	kit, err := deps.Pages.ExtendRoom(files)
	if err != nil {
		return nil, err
	}
	s := &Server{deps: deps}
	s.face, err = browser.NewFace(browser.FaceDeps{
		Issuer: deps.Issuer, Pages: kit, Sessions: deps.Sessions, Directory: deps.Directory, Log: deps.Log, Now: deps.Now,
		Explain: explain,
	})
	if err != nil {
		return nil, err
	}
	for _, route := range s.Routes() {
		s.face.Route(browser.Route{Method: route.Method, Path: route.Path, Body: route.body, Acts: route.acts, Handle: s.guarded(route)})
	}
	return s, nil
}

func (d Deps) withDefaults() (Deps, error) {
	switch {
	case d.DB == nil, d.Ephemeral == nil, d.Sealer == nil, d.Journal == nil:
		return d, errors.New("account: DB, Ephemeral, Sealer and Journal are required")
	case d.Directory == nil, d.Sessions == nil, d.Provider == nil, d.Pages == nil:
		return d, errors.New("account: Directory, Sessions, Provider and Pages are required")
	case d.Passwords == nil, d.TOTP == nil, d.Codes == nil, d.RecoveryCodes == nil, d.Devices == nil:
		return d, errors.New("account: Passwords, TOTP, Codes, RecoveryCodes and Devices are required")
	case d.Passkeys == nil, d.Certificates == nil, d.Verifier == nil:
		return d, errors.New("account: Passkeys, Certificates and Verifier are required")
	}
	if d.ClosingDelay <= 0 {
		d.ClosingDelay = DefaultClosingDelay
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	return d, nil
}

// explain gives the package's errors their pages.
func explain(err error) (browser.Fault, bool) {
	if errors.Is(err, storage.ErrNotFound) {
		return browser.Fault{Status: http.StatusNotFound, Page: pages.FailureMissing, Err: err}, true
	}
	return browser.Fault{}, false
}

// Needs says what a session must have proved before a route is served. Every
// route needs somebody signed in, at the level of the account.
type Needs int

const (
	// SignedIn: the session has the account's level, however old its proofs.
	SignedIn Needs = iota
	// Fresh: it has the level by proofs of the last freshFor.
	Fresh
)

// freshFor is how old a proof may be that lets a factor be added or removed.
const freshFor = 5 * time.Minute

// Route is one door of the pages.
type Route struct {
	Method, Path string
	Needs        Needs
	// Form is the page of a POST's form: where a person comes back to who had to
	// prove more first. "" = the route's own path. ":id" is that of the request.
	Form string
	// Keep are the fields of the form that survive that way round; no secret is
	// among them.
	Keep []string
	// Opens: it adds or removes what opens the operators' console. Of an operator who
	// has a passkey or a certificate it wants a fresh proof by one of them.
	Opens  bool
	body   int64 // bytes of the body at most; 0 = browser.MaxBody
	acts   bool  // a GET that does something: no HEAD
	handle func(*visit) error
}

// maxUpload bounds a file to be verified with its signature, in bytes: a file of
// 10 MB (requirements A23.4), and the form around it.
const maxUpload = 10<<20 + browser.MaxBody + signature.MaxUpload

// Routes lists every route, in the order of the side list.
//
// Nobody but the person whose session it is can call any of them to any effect:
// who is not signed in, or not at the account's level, or not freshly enough, is
// sent to sign in (303) and nothing is done; a form from another site is refused
// (403); an id that is not the person's is not found (404).
func (s *Server) Routes() []Route {
	get, post := http.MethodGet, http.MethodPost
	return []Route{
		{Method: get, Path: "/account", handle: s.profile},
		{Method: post, Path: "/account/language", Form: "/account", handle: s.changeLanguage},
		{Method: post, Path: "/account/prolong", Form: "/account", handle: s.prolong},
		{Method: post, Path: "/account/signout", Form: "/account", handle: s.signOut},

		{Method: get, Path: "/account/contacts", handle: s.contacts},
		{Method: post, Path: "/account/contacts", Needs: Fresh, Keep: []string{"channel", "value"}, handle: s.changeContact},
		{Method: get, Path: "/account/contacts/confirm", handle: s.contactCodes},
		{Method: post, Path: "/account/contacts/confirm", handle: s.confirmContact},
		{Method: post, Path: "/account/contacts/send", Form: "/account/contacts/confirm", handle: s.resendContactCode},
		{Method: post, Path: "/account/contacts/cancel", Form: "/account/contacts", handle: s.cancelContact},

		{Method: get, Path: "/account/security", handle: s.security},
		{Method: get, Path: "/account/password", handle: s.passwordForm},
		{Method: post, Path: "/account/password", handle: s.changePassword},
		{Method: get, Path: "/account/authenticator", Needs: Fresh, handle: s.authenticatorForm},
		{Method: post, Path: "/account/authenticator", Needs: Fresh, handle: s.connectAuthenticator},
		{Method: post, Path: "/account/authenticator/remove", Needs: Fresh, Form: "/account/security", handle: s.removeAuthenticator},
		{Method: get, Path: "/account/passkeys", Needs: Fresh, Opens: true, handle: s.passkeyForm},
		{Method: post, Path: "/account/passkeys", Needs: Fresh, Opens: true, handle: s.addPasskey},
		{Method: get, Path: "/account/passkeys/:id", handle: s.passkeyPage},
		{Method: post, Path: "/account/passkeys/:id/name", Form: "/account/passkeys/:id", Keep: []string{"name"}, handle: s.renamePasskey},
		{Method: post, Path: "/account/passkeys/:id/remove", Needs: Fresh, Opens: true, Form: "/account/security", handle: s.removePasskey},
		{Method: get, Path: "/account/recovery-codes", handle: s.recoveryCodes},
		{Method: post, Path: "/account/recovery-codes", Needs: Fresh, handle: s.makeRecoveryCodes},

		{Method: get, Path: "/account/certificates", handle: s.certificates},
		{Method: get, Path: "/account/certificates/new", Needs: Fresh, Opens: true, handle: s.certificateForm},
		{Method: post, Path: "/account/certificates/challenge", Needs: Fresh, Opens: true, Form: "/account/certificates/new", handle: s.certificateChallenge},
		{Method: post, Path: "/account/certificates/new", Needs: Fresh, Opens: true, body: browser.MaxBody + signature.MaxUpload, handle: s.bindCertificate},
		{Method: get, Path: "/account/certificates/:id/replace", Needs: Fresh, Opens: true, handle: s.certificateForm},
		{Method: post, Path: "/account/certificates/:id/replace", Needs: Fresh, Opens: true, body: browser.MaxBody + signature.MaxUpload, handle: s.bindCertificate},
		{Method: post, Path: "/account/certificates/:id/remove", Needs: Fresh, Opens: true, Form: "/account/certificates", handle: s.removeCertificate},
		{Method: get, Path: "/account/signatures", handle: s.signatures},
		{Method: post, Path: "/account/signatures", body: maxUpload, handle: s.judge},

		{Method: get, Path: "/account/devices", handle: s.devices},
		{Method: post, Path: "/account/sessions/end", Form: "/account/devices", handle: s.endSessions},
		{Method: post, Path: "/account/sessions/:id/end", Form: "/account/devices", handle: s.endSession},
		{Method: post, Path: "/account/devices/forget", Form: "/account/devices", handle: s.forgetDevices},
		{Method: post, Path: "/account/devices/:id/forget", Form: "/account/devices", handle: s.forgetDevice},
		{Method: get, Path: "/account/journal", handle: s.journal},
		{Method: get, Path: "/account/applications", handle: s.applications},
		{Method: post, Path: "/account/applications/:id/withdraw", Form: "/account/applications", handle: s.withdraw},

		{Method: get, Path: "/account/data", handle: s.data},
		{Method: get, Path: "/account/data/file", Needs: Fresh, Form: "/account/data", acts: true, handle: s.dataFile},
		{Method: get, Path: "/account/close", handle: s.closingForm},
		{Method: post, Path: "/account/close", Needs: Fresh, handle: s.askClosing},
		{Method: post, Path: "/account/close/undo", Form: "/account/close", handle: s.undoClosing},
	}
}

// ServeHTTP serves every route of the pages. The body of an upload is read, and
// its files written to the disk, before a route is asked; so a stranger's is not.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); r.Method == http.MethodPost && strings.HasPrefix(kind, "multipart/") {
		secret := browser.Cookie(r, browser.CookieSession)
		_, signedIn, err := browser.Recall(r.Context(), s.deps.Sessions, s.deps.Directory, secret, s.now())
		if err == nil && !signedIn {
			http.Redirect(w, r, browser.SignInFirst("/account", "", 0), http.StatusSeeOther)
			return
		}
	}
	s.face.ServeHTTP(w, r)
}

// Sweep closes the accounts whose time has come, with their sessions and what
// applications got from them. Call it every half hour from one node.
func (s *Server) Sweep(ctx context.Context) error {
	_, err := s.deps.Directory.CloseDue(ctx, s.endEverything)
	return err
}

func (s *Server) now() storage.Time { return storage.Of(s.deps.Now()) }
