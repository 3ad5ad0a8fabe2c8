package idp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"propusk/idp/browser"
	"propusk/idp/client/logo"
	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/idp/factor/certificate"
	"propusk/idp/factor/passkey"
	"propusk/idp/keys"
	"propusk/idp/oauth"
	"propusk/idp/pages"
	"propusk/idp/session"
	"propusk/idp/unusual"
	"propusk/storage"
	"propusk/storage/journal"
)

// Deps is what the server works with. Every field without a default is needed.
type Deps struct {
	DB        *storage.DB
	Ephemeral storage.Ephemeral // attempts, pending sign-outs, budgets
	Provider  *oauth.Provider
	Keys      *keys.Ring
	Directory *directory.Directory
	Passwords *factor.Passwords
	TOTP      *factor.TOTP
	Codes     *factor.Codes

	RecoveryCodes *factor.RecoveryCodes
	PINs          *factor.PINs
	Devices       *factor.Devices
	Passkeys      *passkey.Passkeys
	Unusual       *unusual.Watch
	// Logos keeps the pictures of applications; nil = none is shown.
	Logos *logo.Logos
	// Certificates verifies qualified certificates; nil = sign-in by one is not
	// offered.
	Certificates *certificate.Certificates
	Pages        *pages.Kit
	Journal      *journal.Journal

	Register    string // where somebody without an account goes; a path of this site, "" = no link
	Recover     string // where somebody goes who cannot sign in; "" = the help page
	PINRecovery string // where somebody goes who has forgotten a PIN; "" = no link
	MutualTLS   string // scheme://host[:port] of the listener that asks for client certificates; "" = none

	Issuer   string                // scheme://host[:port], no trailing slash
	Contact  string                // of the support, on the help page; "" = none
	Home     string                // where one goes on to after accepting an invitation; "" = nowhere
	Sessions *session.Store        // how long a browser stays signed in is decided there
	SignIns  browser.Limit         // failed proofs an address; default 300 in 15 minutes
	Tokens   browser.Limit         // failed client authentications an address; the same default
	Now      func() time.Time      // nil = time.Now
	Log      *slog.Logger          // nil = nothing is logged
	Metrics  prometheus.Registerer // nil = no metrics
}

// Server is the authorization server. It expects journal.With (request id,
// address) around it, and adds nothing to the log but the cause of 5xx answers.
type Server struct {
	deps     Deps
	face     *browser.Face
	pages    *pages.Kit // with our own texts
	attempts attempts
	sessions *session.Store
	signIns  *browser.Budget
	tokens   *browser.Budget
	// userCodes are the guesses of an address at codes of devices, and devices the
	// codes that it asks for.
	userCodes, devices *browser.Budget

	// fronts and crowd are for those who are told to come later (crowd.go).
	fronts fronts
	crowd  *pages.Kept

	metrics metrics
}

// openFor is for how long an address that may authenticate clients is not asked about
// again: a token must not wait for a journey to what all nodes share. A failure of the
// address ends it.
const openFor = time.Second

// New checks the dependencies and wires the routes.
func New(deps Deps) (*Server, error) {
	deps, err := deps.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{deps: deps, sessions: deps.Sessions}
	if s.metrics, err = newMetrics(deps.Metrics); err != nil {
		return nil, err
	}
	kit, err := deps.Pages.ExtendRoom(translationFiles)
	if err != nil {
		return nil, err
	}
	s.face, err = browser.NewFace(browser.FaceDeps{
		Issuer: deps.Issuer, Pages: kit, Sessions: deps.Sessions, Directory: deps.Directory,
		Log: deps.Log, Now: deps.Now, Explain: explain,
	})
	if err != nil {
		return nil, fmt.Errorf("idp: %w", err)
	}
	s.pages = s.face.Pages()
	s.crowd = s.pages.Keep(s.crowdForm)
	s.attempts = attempts{ephemeral: deps.Ephemeral, fair: storage.NewFair(deps.Ephemeral), now: deps.Now}
	s.signIns = browser.NewBudget("signin", deps.SignIns, deps.Ephemeral, deps.Now)
	s.tokens = browser.NewBudget("token", deps.Tokens, deps.Ephemeral, deps.Now).Remembering(openFor)
	s.userCodes = browser.NewBudget("user_code", defaultUserCodes, deps.Ephemeral, deps.Now)
	s.devices = browser.NewBudget("device", defaultDevices, deps.Ephemeral, deps.Now)
	for _, route := range s.Routes() {
		s.face.Route(route)
	}
	return s, nil
}

func (d Deps) withDefaults() (Deps, error) {
	switch {
	case d.DB == nil, d.Ephemeral == nil, d.Journal == nil:
		return d, errors.New("idp: DB, Ephemeral and Journal are needed")
	case d.Provider == nil, d.Keys == nil, d.Directory == nil, d.Pages == nil:
		return d, errors.New("idp: Provider, Keys, Directory and Pages are needed")
	case d.Sessions == nil, d.Passwords == nil, d.TOTP == nil, d.Codes == nil:
		return d, errors.New("idp: Sessions, Passwords, TOTP and Codes are needed")
	case d.RecoveryCodes == nil, d.PINs == nil, d.Devices == nil, d.Passkeys == nil, d.Unusual == nil:
		return d, errors.New("idp: RecoveryCodes, PINs, Devices, Passkeys and Unusual are needed")
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return d, nil
}

// Routes lists every route, in the order in which a sign-in meets them.
func (s *Server) Routes() []browser.Route {
	return []browser.Route{
		// An application learns where everything is.
		{Method: http.MethodGet, Path: "/.well-known/openid-configuration", Kind: browser.MachineCORS, Handle: s.discovery},
		{Method: http.MethodGet, Path: "/.well-known/oauth-authorization-server", Kind: browser.MachineCORS, Handle: s.discovery},
		{Method: http.MethodGet, Path: "/oauth2/jwks", Kind: browser.MachineCORS, Handle: s.jwks},

		// It pushes its request, or not, and sends the browser here.
		{Method: http.MethodPost, Path: "/oauth2/par", Kind: browser.MachineCORS, Handle: s.push},
		{Method: http.MethodGet, Path: "/oauth2/authorize", Kind: browser.Entrance, Handle: s.authorize, Acts: true},
		{Method: http.MethodPost, Path: "/oauth2/authorize", Kind: browser.Entrance, Handle: s.authorizeByPost, Acts: true},

		// The dispatcher, and the steps that go back to it.
		{Method: http.MethodGet, Path: "/signin", Handle: s.signIn, Acts: true},
		{Method: http.MethodGet, Path: "/signin/here", Handle: s.here, Acts: true},
		{Method: http.MethodPost, Path: "/signin/identify", Handle: s.identify},
		{Method: http.MethodGet, Path: "/signin/certificate", Handle: s.certificatePage, Acts: true},
		{Method: http.MethodPost, Path: "/signin/certificate", Handle: s.certificate, Body: maxCertificateBody},
		{Method: http.MethodPost, Path: "/signin/certificate/challenge", Handle: s.certificateChallenge},
		{Method: http.MethodGet, Path: "/signin/certificate/tls", Kind: browser.Entrance, Handle: s.certificateTLS, Acts: true},
		{Method: http.MethodPost, Path: "/signin/passkey", Handle: s.passkey},
		{Method: http.MethodPost, Path: "/signin/code", Handle: s.code},
		{Method: http.MethodPost, Path: "/signin/code/send", Handle: s.codeSend},
		{Method: http.MethodPost, Path: "/signin/totp", Handle: s.enrol},
		{Method: http.MethodPost, Path: "/signin/confirm", Handle: s.confirmSignIn},
		{Method: http.MethodPost, Path: "/signin/confirm/send", Handle: s.confirmSend},
		{Method: http.MethodPost, Path: "/signin/password", Handle: s.newPassword},
		{Method: http.MethodPost, Path: "/signin/organisation", Handle: s.organisation},
		{Method: http.MethodPost, Path: "/signin/pin", Handle: s.pin},
		{Method: http.MethodPost, Path: "/signin/connect", Handle: s.connect},
		{Method: http.MethodPost, Path: "/signin/consent", Handle: s.consent},
		{Method: http.MethodGet, Path: logoPath + ":digest", Handle: s.logo},
		{Method: http.MethodPost, Path: "/signin/switch", Handle: s.switchPerson},

		// A machine without a browser, or an application from its own server, asks for a
		// person, who decides here.
		{Method: http.MethodPost, Path: "/oauth2/device_authorization", Kind: browser.Machine, Handle: s.deviceAuthorization},
		{Method: http.MethodGet, Path: "/device", Handle: s.enterDevice},
		{Method: http.MethodPost, Path: "/device", Handle: s.submitDevice},
		{Method: http.MethodGet, Path: "/device/qr", Handle: s.deviceQR},
		{Method: http.MethodPost, Path: "/oauth2/bc-authorize", Kind: browser.Machine, Handle: s.backchannel},
		{Method: http.MethodGet, Path: "/confirmations", Handle: s.confirmations},
		{Method: http.MethodGet, Path: "/confirmations/done", Handle: s.decided},
		{Method: http.MethodGet, Path: "/confirmations/:id", Handle: s.confirmation, Acts: true},

		// The application fetches tokens and asks about them.
		{Method: http.MethodPost, Path: "/oauth2/token", Kind: browser.MachineCORS, Handle: s.token},
		{Method: http.MethodGet, Path: "/oauth2/userinfo", Kind: browser.MachineCORS, Handle: s.userInfo},
		{Method: http.MethodPost, Path: "/oauth2/userinfo", Kind: browser.MachineCORS, Handle: s.userInfo},
		{Method: http.MethodPost, Path: "/oauth2/introspect", Kind: browser.Machine, Handle: s.introspect},
		{Method: http.MethodPost, Path: "/oauth2/revoke", Kind: browser.MachineCORS, Handle: s.revoke},

		{Method: http.MethodPost, Path: "/oauth2/explain", Kind: browser.Machine, Handle: s.explain},

		// The person leaves.
		{Method: http.MethodGet, Path: "/oauth2/logout", Kind: browser.Entrance, Handle: s.logout, Acts: true},
		{Method: http.MethodPost, Path: "/oauth2/logout", Kind: browser.Entrance, Handle: s.logoutByPost, Acts: true},
		{Method: http.MethodGet, Path: "/signout", Handle: s.signOut},

		// Beside the sign-in.
		{Method: http.MethodGet, Path: "/invitations/:token", Handle: s.invitation},
		{Method: http.MethodPost, Path: "/invitations/:token", Handle: s.acceptInvitation},
		{Method: http.MethodGet, Path: "/help", Handle: s.help},
		{Method: http.MethodGet, Path: oauth.ErrorsPath, Handle: s.errorsHelp},
		{Method: http.MethodGet, Path: "/help/authorities", Handle: s.authoritiesHelp},
		{Method: http.MethodGet, Path: "/assets/*", Handle: s.assets},
	}
}

// ServeHTTP serves every route of the server.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.face.ServeHTTP(w, r) }

// Sweep ends the sessions that are past their absolute end, with what
// applications got from them. Call it every few minutes from one node.
func (s *Server) Sweep(ctx context.Context) error {
	return s.sessions.Sweep(ctx, s.now())
}

func (s *Server) now() storage.Time { return storage.Of(s.deps.Now()) }
