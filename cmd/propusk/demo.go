package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"propusk/cmd/propusk/demo"
	"propusk/conf"
)

func demoCommand() *cobra.Command {
	var options demoOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run a node full of invented people, with nothing installed",
		Long: `Run everything on this machine: an embedded database in a temporary folder with
invented people, organisations, applications and a test certification authority.
The start page says whom to be. Messages that would be sent are listed on a page.

It listens on loopback only. --data keeps everything for the next time. --json
prints one line of JSON when it is ready, for programs, and nothing else.`,
		Example: "  propusk demo\n  propusk demo --listen 127.0.0.1:0 --json --data ./demo",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDemo(cmd, options)
		},
	}
	cmd.Flags().StringVar(&options.listen, "listen", "127.0.0.1:8080", "loopback address and port; port 0 takes a free one")
	cmd.Flags().StringVar(&options.data, "data", "", "folder to keep everything in (a temporary one when empty)")
	cmd.Flags().BoolVar(&options.json, "json", false, "print one line of JSON when ready")
	cmd.Flags().IntVar(&options.perClient, "per-client", conf.Default().Limits.PerClient, "API requests a minute of one application for one person, for programs that walk through every page")
	cmd.Flags().BoolVar(&options.verbose, "verbose", false, "log requests to standard error")
	return cmd
}

type demoOptions struct {
	listen, data  string
	perClient     int // API requests a minute
	json, verbose bool
}

// limit puts the asked rate in the place of the configuration's, and keeps how much
// larger an organisation's is.
func (o demoOptions) limit(l *conf.Limits) error {
	if o.perClient < 1 || o.perClient > 100_000 {
		return fmt.Errorf("--per-client must be between 1 and 100000 requests a minute, it is %d", o.perClient)
	}
	l.PerOrganisation = max(1, l.PerOrganisation*o.perClient/l.PerClient)
	l.PerClient = o.perClient
	return nil
}

func runDemo(cmd *cobra.Command, options demoOptions) (err error) {
	if err := loopbackOnly(options.listen); err != nil {
		return err
	}
	limits := conf.Default().Limits
	if err := options.limit(&limits); err != nil {
		return err
	}
	dir, forget, err := demoFolder(options.data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, forget()) }()
	cfg, d, err := demoDoors(cmd.Context(), dir, options.listen)
	if err != nil {
		return err
	}
	cfg.Limits = limits
	office, err := demoOffice(cmd.Context(), dir, &cfg)
	if err != nil {
		return errors.Join(err, d.close())
	}
	tuneRuntime(cfg.Runtime)
	b, err := openBase(cmd.Context(), cfg, demoLog(options, cmd.ErrOrStderr()), keepingMessages)
	if err != nil {
		return errors.Join(err, d.close(), office.close())
	}
	defer b.close()
	return b.demonstrate(cmd, dir, d, office, options.json)
}

// demoDoors opens the addresses of the demo and gives the configuration that fits.
func demoDoors(ctx context.Context, dir, address string) (cfg conf.Config, d doors, err error) {
	if d.main, err = listen(ctx, address); err != nil {
		return cfg, d, fmt.Errorf("%w; --listen 127.0.0.1:0 takes a free port", err)
	}
	cfg = demoConfig(dir, d.main.Addr())
	if d.mutual, err = listen(ctx, "127.0.0.1:0"); err == nil {
		cfg.MutualTLS = conf.MutualTLS{Listen: d.mutual.Addr().String(), URL: "https://" + d.mutual.Addr().String()}
		cfg.MutualTLS.Certificate, cfg.MutualTLS.Key, err = demo.ServerCertificate(dir, time.Now())
	}
	if err != nil {
		return cfg, d, errors.Join(err, d.close())
	}
	return cfg, d, nil
}

// demonstrate fills the node, runs it and says so.
func (b *base) demonstrate(cmd *cobra.Command, dir string, at doors, office *office, asJSON bool) error {
	h, err := openHouse(cmd.Context(), b)
	if err != nil {
		return errors.Join(err, at.close(), office.close())
	}
	defer h.close()
	d, err := h.openDemo(cmd.Context(), dir)
	if err == nil {
		err = office.open(cmd.Context(), b, d)
	}
	if err != nil {
		return errors.Join(err, at.close(), office.close())
	}
	defer office.wait()
	h.handler, h.mutual = localNamesOnly(d.Over(h.handler)), localNamesOnly(h.mutual)
	return h.run(cmd.Context(), at, func() {
		// Filling took passwords' worth of memory that is not needed again.
		debug.FreeOSMemory()
		announce(cmd.OutOrStdout(), d.Line(), asJSON)
	})
}

// openDemo fills the node and trusts the demo's own certification authority.
func (h *house) openDemo(ctx context.Context, dir string) (*demo.Demo, error) {
	own, err := h.ownKeys()
	if err != nil {
		return nil, err
	}
	d, err := demo.Open(ctx, demo.Deps{
		DB: h.db, Directory: h.directory, Clients: h.clients, Outbox: h.outbox, Pages: h.pages,
		Issuer: h.cfg.Issuer, Dir: dir, Now: h.now, SetPassword: h.setPassword, OwnKeys: own, Registration: h.keepRegistrationToken,
		MutualTLS: demo.LineMutualTLS{URL: h.cfg.MutualTLS.URL, Certificate: h.cfg.MutualTLS.Certificate},
		Sandbox:   demo.LineSandbox{URL: h.cfg.Authority.Bodies[0].URL},
	})
	if err != nil {
		return nil, err
	}
	if _, err := h.trust.Import(ctx, "propusk demo", d.Trust()); err != nil {
		return nil, fmt.Errorf("trust the demo's authority: %w", err)
	}
	return d, h.fillRooms(ctx, d)
}

// fillRooms puts something lively into each room of the cabinet.
func (h *house) fillRooms(ctx context.Context, d *demo.Demo) error {
	for _, fill := range []func() error{
		func() error { return d.FillOrganisations(ctx) },
		func() error { return d.FillPowers(ctx) },
		func() error { return d.FillFilings(ctx, h.filings) },
		func() error { return d.FillExtracts(ctx, h.extracts) },
		func() error { return d.FillRequests(ctx, h.requests, h.services) },
		func() error { return d.FillDocuments(ctx, h.documents, h.files, h.paper) },
		func() error { return d.FillPayments(ctx, h.payments) },
		func() error { return d.FillTenders(ctx, h.tenders) },
		func() error { return d.FillNotices(ctx, h.notices) },
	} {
		if err := fill(); err != nil {
			return err
		}
	}
	return nil
}

func announce(w io.Writer, line demo.Line, asJSON bool) {
	if asJSON {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		_ = enc.Encode(line)
		return
	}
	first := line.Users[0]
	fmt.Fprintf(w, `Propusk demo is ready.

  Start page  %s/      whom to be, with passwords and codes
  Cabinet     %s
  API         %s/v1/openapi.json
  Messages    %s
  Test CA     %s   (.p12 password: %s)
  Mutual TLS  %s   (known by %s)
  State body  %s/   (a sandbox: docs/sandbox.md)

Sign in as %s with the password %s.
Ctrl-C ends it.
`, line.Issuer, line.Cabinet, line.API, line.Outbox, line.Trust.Dir, demo.KeyPassword, line.MutualTLS.URL, line.MutualTLS.Certificate, line.Sandbox.URL, first.Login, first.Password)
}

// loopbackOnly refuses every address that somebody else could reach: the demo
// shows passwords.
func loopbackOnly(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("--listen must be host:port: %w", err)
	}
	if !conf.Loopback(host) {
		return fmt.Errorf("the demo shows passwords and listens on loopback only, such as 127.0.0.1:8080; %q is not", address)
	}
	return nil
}

// localNamesOnly answers requests for this machine's own names only: a page of
// a stranger whose name resolves to loopback must not read the passwords here
// (DNS rebinding).
func localNamesOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if !conf.Loopback(host) {
			http.Error(w, "the demo answers on this machine's own names only", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// demoFolder is the folder to keep, or a temporary one that forget removes.
func demoFolder(data string) (dir string, forget func() error, err error) {
	if data == "" {
		dir, err := os.MkdirTemp("", "propusk-demo-")
		return dir, func() error { return os.RemoveAll(dir) }, err
	}
	if dir, err = filepath.Abs(data); err != nil {
		return "", nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", nil, fmt.Errorf("make the folder of --data: %w", err)
	}
	return dir, func() error { return nil }, nil
}

// demoConfig is the default one on the listener's port. The issuer has a name
// and not an address, since passkeys need one.
func demoConfig(dir string, address net.Addr) conf.Config {
	cfg := conf.Default()
	_, port, _ := net.SplitHostPort(address.String())
	cfg.Issuer = "http://localhost:" + port
	cfg.Listen = address.String()
	cfg.Database.URL = conf.Secret("sqlite://" + filepath.Join(dir, "propusk.db"))
	cfg.Blob.URL = conf.Secret("file://" + filepath.Join(dir, "files"))
	cfg.HTTP.ShutdownTimeout = 5 * time.Second
	return cfg
}

// demoLog is quiet about requests unless asked: the page is the interface.
func demoLog(options demoOptions, w io.Writer) *slog.Logger {
	level := "warn"
	if options.verbose {
		level = "info"
	}
	return newLog(conf.Log{Level: level, Format: "text"}, w)
}
