package conformance

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"propusk/cabinet"
	"propusk/idp"
	"propusk/idp/application"
	"propusk/idp/client"
	"propusk/idp/directory"
	"propusk/idp/factor"
	"propusk/idp/factor/passkey"
	"propusk/idp/keys"
	"propusk/idp/oauth"
	"propusk/idp/pages"
	"propusk/idp/session"
	"propusk/idp/unusual"
	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/journal"
	"propusk/storage/outbox"
	"propusk/storage/outside"
	"propusk/storage/revocation"
	"propusk/storage/storagetest"
)

const (
	// issuer and mutual are names in the certificate of httptest; the world's
	// clients find its listeners under them.
	issuer = "https://example.com"
	mutual = "https://mtls.example.com"

	login    = "maria@example.org"
	password = "Длинный-пароль-17"
)

// world is one authorization server for every module: behind TLS, with a host
// that asks for client certificates and a clock that the modules move. They run one
// after another, each with a client and a browser of its own.
type world struct {
	clock     *storagetest.Clock
	db        *storage.DB
	provider  *oauth.Provider
	clients   *client.Store
	keys      *keys.Ring
	directory *directory.Directory
	maria     directory.Person
	authority *authority
	// registration is the initial access token of clients that register themselves.
	registration string

	server, mutual *httptest.Server
	addresses      atomic.Int64 // of the browsers and clients, each its own
	logged         atomic.Int64 // what the server called an error
}

// house is the world of this process; TestMain makes it and tears it down.
var house *world

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "propusk-conformance-")
	if err != nil {
		fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var stop func()
	if house, stop, err = newWorld(ctx, dir); err != nil {
		fatal(err)
	}
	status := m.Run()
	stop()
	cancel()
	_ = os.RemoveAll(dir)
	os.Exit(status)
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// newWorld builds the server as cmd does, on SQLite, and moves Maria in.
func newWorld(ctx context.Context, dir string) (*world, func(), error) {
	w := &world{clock: storagetest.NewClock()}
	url, err := storagetest.MigratedSQLite(dir)
	if err != nil {
		return nil, nil, err
	}
	if w.db, err = storage.Open(ctx, url); err != nil {
		return nil, nil, err
	}
	runner := jobs.New(jobs.Deps{DB: w.db, Log: w.log(), Now: w.clock.Now, Poll: 20 * time.Millisecond})
	handler, err := w.build(ctx, runner)
	if err == nil {
		err = runner.Start(ctx)
	}
	if err != nil {
		return nil, nil, err
	}
	w.server, w.mutual = listen(handler, tls.NoClientCert), listen(handler, tls.RequestClientCert)
	return w, func() {
		w.server.Close()
		w.mutual.Close()
		_ = runner.Stop(ctx)
		w.provider.Close()
		w.keys.Close()
		w.db.Close()
	}, nil
}

func listen(handler http.Handler, certificates tls.ClientAuthType) *httptest.Server {
	server := httptest.NewUnstartedServer(handler)
	server.TLS = &tls.Config{ClientAuth: certificates, MinVersion: tls.VersionTLS13}
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	server.StartTLS()
	return server
}

func (w *world) build(ctx context.Context, runner *jobs.Runner) (http.Handler, error) {
	now := w.clock.Now
	volatile := storage.NewMemory(now)
	writes := journal.New(journal.Deps{DB: w.db, Now: now})
	letters := outbox.New(outbox.Deps{DB: w.db, Jobs: runner, Sealer: sealer(), Keep: true, Now: now})
	revocations := revocation.Deps{DB: w.db, Events: volatile, Now: now, Lifetime: 10 * time.Minute}
	revoked := revocation.NewList(revocations)
	if err := revoked.Start(ctx); err != nil {
		return nil, err
	}
	var err error
	if w.directory, err = directory.New(directory.Deps{
		DB: w.db, Journal: writes, Outbox: letters, Revocations: revocation.New(revocations), Sealer: sealer(), Now: now, BaseURL: issuer,
	}); err != nil {
		return nil, err
	}
	if w.keys, err = keys.Open(ctx, keys.Deps{DB: w.db, Sealer: sealer(), Journal: writes, Now: now}); err != nil {
		return nil, err
	}
	w.authority = newAuthority(now())
	authorities := x509.NewCertPool()
	authorities.AddCert(w.authority.certificate)
	if w.clients, err = client.New(client.Deps{
		DB: w.db, Events: volatile, Directory: w.directory, Revocations: revocation.New(revocations), Journal: writes, Now: now, Log: w.log(),
		MutualTLS: client.MutualTLS{Host: true, Authorities: true}, Outside: outside.NewClient(outside.Options{Reach: outside.Loopback}),
	}); err != nil {
		return nil, err
	}
	if w.provider, err = oauth.New(oauth.Deps{
		DB: w.db, Clients: w.clients, Ephemeral: volatile, Keys: w.keys, Sealer: sealer(), Directory: w.directory,
		Revocations: revocation.New(revocations), Revoked: revoked, Journal: writes, Now: now, Log: w.log(), Issuer: issuer,
		MutualTLS: oauth.MutualTLS{URL: mutual, Authorities: authorities}, Jobs: runner, Reach: outside.Loopback, Registration: true,
	}); err != nil {
		return nil, err
	}
	deps := idp.Deps{
		DB: w.db, Ephemeral: volatile, Provider: w.provider, Keys: w.keys, Directory: w.directory, Journal: writes,
		Issuer: issuer, Now: now, Log: w.log(), MutualTLS: mutual,
	}
	if err := w.equip(&deps, letters, volatile); err != nil {
		return nil, err
	}
	server, err := idp.New(deps)
	if err != nil {
		return nil, err
	}
	registrations, err := w.registrations(ctx, writes, volatile)
	if err != nil {
		return nil, err
	}
	resource, err := w.resource(server, revoked, writes, volatile)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", server)
	mux.Handle("/v1/", resource)
	mux.Handle(application.Path, registrations)
	mux.Handle(application.Path+"/", registrations)
	return circumstances(mux), nil
}

// resource is the cabinet's API, a resource server that programs call for themselves. It
// has the issuer's keys as any other does, from the published set.
func (w *world) resource(issuing http.Handler, revoked *revocation.List, writes *journal.Journal, volatile storage.Volatile) (http.Handler, error) {
	return cabinet.New(cabinet.Deps{
		Issuer: issuer, Audience: issuer + "/v1", MutualTLS: mutual, Keys: cabinet.NewJWKS(issuer+"/oauth2/jwks", within{issuing}).Key,
		Revocations: revoked, Directory: w.directory, Journal: writes, Ephemeral: volatile, Log: w.log(), Now: w.clock.Now,
	})
}

// within is the way to a handler without a network.
type within struct{ http.Handler }

func (h within) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, r)
	return answer.Result(), nil
}

// registrations lets clients register themselves, with an initial access token.
func (w *world) registrations(ctx context.Context, writes *journal.Journal, volatile storage.Volatile) (http.Handler, error) {
	tokens, err := application.NewTokens(application.TokenDeps{DB: w.db, Journal: writes, Now: w.clock.Now})
	if err != nil {
		return nil, err
	}
	if _, w.registration, err = tokens.Create(ctx, application.InitialToken{Name: "conformance"}, 0, 24*time.Hour); err != nil {
		return nil, err
	}
	return application.New(application.Deps{
		DB: w.db, Clients: w.clients, Tokens: tokens, Ephemeral: volatile, Journal: writes, Issuer: issuer, Now: w.clock.Now, Log: w.log(),
	})
}

// equip adds the factors and the pages, and makes Maria, who signs in by a
// password alone.
func (w *world) equip(d *idp.Deps, letters *outbox.Outbox, volatile storage.Volatile) error {
	now := w.clock.Now
	locks, locksErr := factor.NewLocks(factor.LockDeps{Directory: w.directory, Ephemeral: volatile, Now: now})
	var errs [10]error
	d.Passwords, errs[0] = factor.NewPasswords(factor.PasswordDeps{
		Directory: w.directory, Locks: locks, Now: now, Params: factor.Params{Memory: 64, Time: 1, Threads: 1}, Concurrency: 4,
	})
	d.TOTP, errs[1] = factor.NewTOTP(factor.TOTPDeps{Directory: w.directory, Ephemeral: volatile, Locks: locks, Now: now, Issuer: "Propusk"})
	d.Codes, errs[2] = factor.NewCodes(factor.CodeDeps{Outbox: letters, Ephemeral: volatile, Sealer: sealer(), Locks: locks, Now: now})
	d.RecoveryCodes, errs[3] = factor.NewRecoveryCodes(factor.RecoveryDeps{Directory: w.directory, Sealer: sealer(), Locks: locks})
	d.PINs, errs[4] = factor.NewPINs(factor.PINDeps{Directory: w.directory, Passwords: d.Passwords, Sealer: sealer()})
	d.Devices, errs[5] = factor.NewDevices(factor.DeviceDeps{Directory: w.directory, Now: now})
	d.Passkeys, errs[6] = passkey.New(passkey.Deps{Store: w.directory, Ephemeral: volatile, Issuer: issuer, Name: "Пропуск"})
	d.Unusual, errs[7] = unusual.New(unusual.Deps{DB: w.db, AnyDevice: true})
	d.Pages, errs[8] = pages.New(pages.Deps{})
	d.Sessions, errs[9] = session.New(session.Deps{DB: w.db, End: w.provider.EndSession, Now: now})
	if err := errors.Join(append(errs[:], locksErr)...); err != nil {
		return err
	}
	var err error
	w.maria, err = w.directory.CreatePerson(context.Background(), directory.NewPerson{
		LastName: "Иванова", FirstName: "Мария", MiddleName: "Петровна", Email: login, EmailVerified: true,
		Phone: "+79031234567", PhoneVerified: true,
	})
	if err != nil {
		return err
	}
	return d.Passwords.Set(context.Background(), w.maria, password, factor.PasswordPolicy{})
}

func sealer() *storage.Sealer {
	s, err := storage.NewSealer(make([]byte, 32))
	if err != nil {
		fatal(err)
	}
	return s
}

// circumstances is what the outermost middleware of the binary does; the address
// comes from a header that only these tests have, so that the failures of one
// module do not close the door to the next.
func circumstances(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := journal.With(r.Context(), journal.Circumstances{RequestID: "request-1", IP: r.Header.Get(addressHeader), UserAgent: r.UserAgent()})
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

const addressHeader = "Test-Address"

func (w *world) address() string {
	n := w.addresses.Add(1)
	return fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255)
}

// log counts what the server calls an error: no module may cause one.
func (w *world) log() *slog.Logger {
	return slog.New(slog.NewTextHandler(counted{w}, &slog.HandlerOptions{Level: slog.LevelError}))
}

type counted struct{ w *world }

func (c counted) Write(line []byte) (int, error) {
	c.w.logged.Add(1)
	return os.Stderr.Write(line)
}

// dial sends the two names of the world to its listeners, and refuses all others.
func (w *world) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, _ := strings.Cut(address, ":")
	switch "https://" + host {
	case issuer:
		address = w.server.Listener.Addr().String()
	case mutual:
		address = w.mutual.Listener.Addr().String()
	default:
		return nil, fmt.Errorf("nobody is at %s", address)
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}

// client is an HTTP client that follows nothing; certificate may be nil.
func (w *world) client(t *testing.T, certificate *tls.Certificate) *http.Client {
	pool := x509.NewCertPool()
	pool.AddCert(w.server.Certificate())
	secure := &tls.Config{RootCAs: pool}
	if certificate != nil {
		secure.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return certificate, nil }
	}
	transport := &http.Transport{DialContext: w.dial, TLSClientConfig: secure}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport: transport, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
