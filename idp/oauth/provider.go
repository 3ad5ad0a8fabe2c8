package oauth

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/netip"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/ory/fosite"
	fositeoauth2 "github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/handler/pkce"
	"github.com/prometheus/client_golang/prometheus"

	"propusk/idp/client"
	"propusk/idp/directory"
	"propusk/idp/jws"
	"propusk/idp/keys"
	"propusk/idp/possession"
	"propusk/idp/veil"
	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/journal"
	guarded "propusk/storage/outside"
	"propusk/storage/revocation"
)

// Deps is what a Provider works with. All but Metrics are needed.
type Deps struct {
	DB          *storage.DB
	Clients     *client.Store
	Ephemeral   storage.Ephemeral // pushed requests, and the marks of what was used once
	Keys        *keys.Ring
	Sealer      *storage.Sealer // the key that refresh tokens are derived from
	Directory   *directory.Directory
	Revocations *revocation.Log  // told of tokens that no longer count
	Revoked     *revocation.List // asked by introspection and userinfo
	Statuses    Statuses         // of clients that ask for a status list; nil: there are none
	Journal     *journal.Journal
	Now         func() time.Time
	Log         *slog.Logger

	Registration bool // clients may register themselves, at /oauth2/register (idp/application)

	Issuer   string // RFC 8414 §2: https (http on loopback only), no query, no fragment, no slash at the end
	Audience string // aud of access tokens (RFC 9068 §3); default Issuer + "/v1"

	MutualTLS MutualTLS    // where clients present certificates; the zero value: nowhere
	Jobs      *jobs.Runner // tells applications of sign-outs; nil: they are told by a node that has one

	// Reach are networks, beside the public ones, in which addresses that clients
	// register may be asked: jwks_uri, logout URIs. A house on loopback reaches
	// loopback. DANGER: whoever may register clients can then have this server
	// knock at every door there.
	Reach []netip.Prefix
	// OutsideTLS is how those addresses are known to be who they are; nil = by the
	// machine's certification authorities.
	OutsideTLS *tls.Config

	// Kinds names what authorization details can be limited to; nil: every code does,
	// and is its own name.
	Kinds Kinds

	Lifetimes Lifetimes
	Rates     Rates
	Metrics   prometheus.Registerer // nil: no metrics
}

// MutualTLS is the host on which the listener asks for client certificates
// (RFC 8705). It must ask without verifying (tls.RequestClientCert): who vouches
// for a certificate is decided here.
type MutualTLS struct {
	// URL is scheme://host[:port] of that host, without a slash at the end; "" = off.
	URL string
	// Authorities are the certification authorities that the certificates of
	// tls_client_auth must come from. nil = that method is off, and only
	// certificates that a client has registered count.
	Authorities *x509.CertPool
}

// Lifetimes are how long things live; a zero field takes its default.
type Lifetimes struct {
	PushedRequest time.Duration // between pushing and the browser's arrival; 90 s
	Code          time.Duration // authorization codes; 60 s, RFC 6749 §4.1.2 allows 10 minutes at most
	AccessToken   time.Duration // 10 minutes
	IDToken       time.Duration // 10 minutes
	RefreshToken  time.Duration // how long a refresh token may lie unused; 30 days
	// RefreshGrace is how long the refresh token used last may be used again,
	// for the same successor: a lost answer must not cost a sign-in. 30 s;
	// negative for none.
	RefreshGrace time.Duration
}

func (l Lifetimes) withDefaults() Lifetimes {
	for _, f := range []struct {
		field     *time.Duration
		otherwise time.Duration
	}{
		{&l.PushedRequest, 90 * time.Second},
		{&l.Code, 60 * time.Second},
		{&l.AccessToken, 10 * time.Minute},
		{&l.IDToken, 10 * time.Minute},
		{&l.RefreshToken, 30 * 24 * time.Hour},
		{&l.RefreshGrace, 30 * time.Second},
	} {
		if *f.field == 0 {
			*f.field = f.otherwise
		}
	}
	return l
}

// Provider is the authorization server without its pages. It is safe for
// concurrent use.
type Provider struct {
	deps    Deps
	fosite  fosite.OAuth2Provider
	refresh refreshTokens
	metrics metrics
	aud     []string // the claim aud of every access token
	proofs  *possession.Proofs
	// clientJWTs reads what clients sign to say who they are and what they ask.
	clientJWTs *jws.Reader
	outside    outside
	remote     *remoteKeys

	subjects   *veil.Subjects // pairwise names
	opaque     *veil.Tokens
	encryption *encryptionKeys // to which clients encrypt
	// encryptionRSA are those for clients that know no curves.
	encryptionRSA *rsaKeys
	published     atomic.Pointer[publishedKeys]
	// userCodes is the key under which user codes are hashed (device.go).
	userCodes []byte

	codes         codes
	clients       *otter.Cache[string, *registration]
	organisations *otter.Cache[string, organisation]

	// asked is told of backchannel requests; nil: nobody is.
	asked func(ctx context.Context, id string, person directory.Person, asked directory.Request) error

	stop func()
}

// cacheFor bounds how old a cached client or owner organisation can be on a
// node that lost the event of its change.
const cacheFor = 10 * time.Second

// New makes a Provider. Close it when done.
func New(deps Deps) (*Provider, error) {
	if err := deps.complete(); err != nil {
		return nil, err
	}
	p := &Provider{deps: deps, refresh: newRefreshTokens(deps.Sealer), aud: []string{deps.Audience}, userCodes: deps.Sealer.Key("user codes")}
	p.subjects, p.opaque = veil.NewSubjects(deps.Sealer), veil.NewTokens(deps.Sealer)
	p.encryption = newEncryptionKeys(deps.Sealer.Key("request object encryption"), deps.Now)
	p.encryptionRSA = &rsaKeys{db: deps.DB, sealer: deps.Sealer, now: deps.Now, log: deps.Log}
	var err error
	if p.metrics, err = newMetrics(deps.Metrics); err != nil {
		return nil, err
	}
	p.proofs, err = possession.New(possession.Deps{Ephemeral: deps.Ephemeral, NonceKey: deps.Sealer.Key("dpop nonce"), Now: deps.Now})
	if err != nil {
		return nil, err
	}
	p.clientJWTs = jws.NewReader(possession.Algorithms()...)
	p.outside = newOutside(deps.Reach, deps.OutsideTLS)
	if p.remote, err = newRemoteKeys(p.outside, deps.Now); err != nil {
		return nil, err
	}
	if p.clients, err = otter.New(&otter.Options[string, *registration]{
		MaximumSize: 10_000, ExpiryCalculator: otter.ExpiryWriting[string, *registration](cacheFor), Executor: atOnce,
	}); err != nil {
		return nil, err
	}
	if p.organisations, err = otter.New(&otter.Options[string, organisation]{
		MaximumSize: 10_000, ExpiryCalculator: otter.ExpiryWriting[string, organisation](cacheFor), Executor: atOnce,
	}); err != nil {
		return nil, err
	}
	p.fosite = p.compose()
	if deps.Jobs != nil {
		deps.Jobs.Handle(logoutJob, p.tellLogout)
		deps.Jobs.Handle(addressJob, p.address)
		deps.Jobs.Handle(pingJob, p.sendPing)
	}
	if p.stop, err = deps.Clients.Watch(func(id string) { p.clients.Invalidate(id) }); err != nil {
		return nil, err
	}
	return p, nil
}

// Close stops following the changes that other nodes make.
func (p *Provider) Close() {
	p.stop()
	p.clients.StopAllGoroutines()
	p.organisations.StopAllGoroutines()
}

func (d *Deps) complete() error {
	if d.DB == nil || d.Clients == nil || d.Ephemeral == nil || d.Keys == nil || d.Sealer == nil || d.Directory == nil ||
		d.Revocations == nil || d.Revoked == nil || d.Journal == nil {
		return errors.New("oauth: a dependency is missing")
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	u, err := url.Parse(d.Issuer)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.Path == "/" ||
		u.Scheme != "https" && !(u.Scheme == "http" && client.Loopback(u.Hostname())) {
		return errors.New("oauth: the issuer must be an https URL without query, fragment or final slash (RFC 8414 §2)")
	}
	if d.Audience == "" {
		d.Audience = d.Issuer + "/v1"
	}
	if client.Loopback(u.Hostname()) {
		d.Reach = append(slices.Clone(d.Reach), guarded.Loopback...)
	}
	d.Lifetimes, d.Rates = d.Lifetimes.withDefaults(), d.Rates.withDefaults()
	return nil
}

func (p *Provider) now() storage.Time { return storage.Of(p.deps.Now()) }

// compose is the whole of fosite's configuration. Nothing of fosite's own
// client authentication, token formats, revocation, introspection or pushed
// requests is in it; doc.go says why.
func (p *Provider) compose() *fosite.Fosite {
	store, tokens := &store{p}, &tokens{p}
	config := &fosite.Config{
		// Authorization requests.
		ScopeStrategy:            fosite.ExactScopeStrategy,
		AudienceMatchingStrategy: fosite.ExactAudienceMatchingStrategy,
		RedirectSecureChecker:    fosite.IsRedirectURISecure,
		OmitRedirectScopeParam:   true,
		MinParameterEntropy:      1, // PKCE protects the code, whatever state and nonce are; see parse
		// What of a request is kept with its code (pending.Asked).
		SanitationWhiteList: []string{"redirect_uri", "nonce", "code_challenge", "code_challenge_method", "dpop_jkt"},

		// PKCE for every client, S256 only (RFC 9700 §2.1.1).
		EnforcePKCE:                    true,
		EnforcePKCEForPublicClients:    true,
		EnablePKCEPlainChallengeMethod: false,

		// Tokens.
		AuthorizeCodeLifespan: p.deps.Lifetimes.Code,
		AccessTokenLifespan:   p.deps.Lifetimes.AccessToken,
		IDTokenLifespan:       p.deps.Lifetimes.IDToken,
		RefreshTokenLifespan:  p.deps.Lifetimes.RefreshToken,
		RefreshTokenScopes:    []string{}, // whoever may use the grant type refresh_token gets one
		IDTokenIssuer:         p.deps.Issuer,
		AccessTokenIssuer:     p.deps.Issuer,

		ClientAuthenticationStrategy: p.authenticated,
		SendDebugMessagesToClients:   false,
		IsPushedAuthorizeEnforced:    false,
	}
	code := &fositeoauth2.AuthorizeExplicitGrantHandler{
		AccessTokenStrategy:    tokens,
		RefreshTokenStrategy:   tokens,
		AuthorizeCodeStrategy:  tokens,
		CoreStorage:            store,
		TokenRevocationStorage: store,
		Config:                 config,
	}
	proof := &pkce.Handler{AuthorizeCodeStrategy: tokens, Storage: store, Config: config}
	connect := &openid.OpenIDConnectExplicitHandler{
		OpenIDConnectRequestStorage:   store,
		OpenIDConnectRequestValidator: openid.NewOpenIDConnectRequestValidator(nil, config),
		IDTokenHandleHelper:           &openid.IDTokenHandleHelper{IDTokenStrategy: tokens},
		Config:                        config,
	}
	config.AuthorizeEndpointHandlers = fosite.AuthorizeEndpointHandlers{code, proof, connect}
	config.TokenEndpointHandlers = fosite.TokenEndpointHandlers{&refreshHandler{p}}
	return fosite.NewOAuth2Provider(store, config)
}

// atOnce has a cache tidy up where it stands: to note what was read last takes less
// than to begin a goroutine for it every few reads.
func atOnce(tidy func()) { tidy() }
