package main

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"propusk/cabinet/authority"
	"propusk/cabinet/authority/httpsig"
	"propusk/cabinet/authority/sandbox"
	"propusk/conf"
)

// sandboxOptions are the flags of `propusk sandbox`.
type sandboxOptions struct {
	listen, callback, clientKey, keyFile, data, rules, organizations, adminToken, name string
	json                                                                               bool
}

func sandboxCommand() *cobra.Command {
	var o sandboxOptions
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Run a state body to test against",
		Long: `Run a state body to test against: it takes submissions over HTTP, answers them by
rules (delivered, accepted, refused, a wish for clarification, a question, silence,
trouble at the door), sends requirements and messages of its own, and has a register
of organisations. Its clock can be moved. docs/sandbox.md tells all of it.

With --data it keeps everything that it has accepted, also when it is killed; its key
is then DIR/key.pem, and the public one DIR/public.pem. What happens is told on
standard output, with --json a line of JSON an event, the first of them
{"event":"listening","url":…,"public_key":…}.`,
		Example: `  propusk sandbox --data ./office --callback http://localhost:8080/authority/answers \
      --client-key http://localhost:8080/authority/key
  PROPUSK_AUTHORITY_BODIES='[{"name":"sandbox","url":"http://127.0.0.1:9090","recipients":["*"],"keys":["./office/public.pem"]}]' \
      PROPUSK_AUTHORITY_REGISTRY=sandbox propusk serve
  curl -d '{"inn":"7801234564","subject":"О представлении пояснений","due":"240h"}' http://127.0.0.1:9090/admin/requirements`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runSandbox(cmd, o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", "127.0.0.1:9090", "address and port; port 0 takes a free one")
	f.StringVar(&o.callback, "callback", "", "where answers are sent, https://…/authority/answers (empty: they are asked for)")
	f.StringVar(&o.clientKey, "client-key", "", "public key that submissions are signed by: base64, a PEM file, or the address where it is published (required)")
	f.StringVar(&o.keyFile, "key", "", "private key of the sandbox, PEM of PKCS #8 (made when empty)")
	f.StringVar(&o.data, "data", "", "folder to keep everything in (nothing is kept when empty)")
	f.StringVar(&o.rules, "rules", "", "JSON file of rules, for a folder that has none of its own yet")
	f.StringVar(&o.organizations, "organizations", "", "JSON file with a list of records for the register")
	f.StringVar(&o.adminToken, "admin-token", "", "bearer token of the admin API; required unless it listens on loopback")
	f.StringVar(&o.name, "name", "", "what the body is called in its answers")
	f.BoolVar(&o.json, "json", false, "tell what happens in JSON")
	_ = cmd.MarkFlagRequired("client-key")
	return cmd
}

func runSandbox(cmd *cobra.Command, o sandboxOptions) error {
	host, _, err := net.SplitHostPort(o.listen)
	if err != nil {
		return fmt.Errorf("--listen must be host:port: %w", err)
	}
	if !conf.Loopback(host) && o.adminToken == "" {
		return errors.New("whoever reaches the admin API commands the sandbox: give --admin-token, or listen on loopback")
	}
	deps, err := o.deps(cmd.Context(), cmd.OutOrStdout())
	if err != nil {
		return err
	}
	box, err := sandbox.New(deps)
	if err != nil {
		return err
	}
	if err := o.fill(box); err != nil {
		return errors.Join(err, box.Close())
	}
	l, err := listen(cmd.Context(), o.listen)
	if err != nil {
		return errors.Join(err, box.Close())
	}
	o.announce(cmd.OutOrStdout(), l.Addr(), deps.Signer)
	return errors.Join(serveSandbox(cmd.Context(), box, l), box.Close())
}

// serveSandbox answers on l and sends answers until ctx ends.
func serveSandbox(ctx context.Context, box *sandbox.Sandbox, l net.Listener) error {
	limits := conf.Default().HTTP
	server := newHTTPServer(limits, nil, box, slog.New(slog.DiscardHandler))
	running, ctx := errgroup.WithContext(ctx)
	running.Go(func() error { return serveUntil(ctx, server, l, limits.ShutdownTimeout) })
	running.Go(func() error { return box.Run(ctx) })
	return running.Wait()
}

// deps reads what the flags name.
func (o sandboxOptions) deps(ctx context.Context, console io.Writer) (sandbox.Deps, error) {
	deps := sandbox.Deps{Dir: o.data, Callback: o.callback, AdminToken: o.adminToken, Name: o.name, Console: console, JSON: o.json}
	var err error
	if deps.Key, err = clientKey(ctx, o.clientKey); err != nil {
		return deps, fmt.Errorf("--client-key: %w", err)
	}
	if deps.Signer, err = o.signer(); err != nil {
		return deps, err
	}
	if o.rules != "" {
		text, err := os.ReadFile(o.rules)
		if err != nil {
			return deps, fmt.Errorf("--rules: %w", err)
		}
		if deps.Rules, err = sandbox.ParseRules(text); err != nil {
			return deps, fmt.Errorf("--rules %s: %w", o.rules, err)
		}
	}
	return deps, nil
}

// signer is the key of the flag, that of the folder, which is made when missing, or
// one for this run.
func (o sandboxOptions) signer() (*httpsig.Signer, error) {
	switch {
	case o.keyFile != "":
		return readSigner(o.keyFile)
	case o.data != "":
		return folderSigner(o.data)
	}
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	return httpsig.NewSigner(key)
}

// folderSigner is DIR/key.pem with the public key beside it.
func folderSigner(dir string) (*httpsig.Signer, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of --data: %w", err)
	}
	path := filepath.Join(dir, "key.pem")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := makeSigner(path); err != nil {
			return nil, err
		}
	}
	signer, err := readSigner(path)
	if err != nil {
		return nil, err
	}
	return signer, os.WriteFile(filepath.Join(dir, "public.pem"), signer.PEM(), 0o644)
}

func makeSigner(path string) error {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("make the sandbox's key: %w", err)
	}
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

// clientKey finds the client's key: given, or published at an address that is asked
// when a message comes with a key that is not known yet.
func clientKey(ctx context.Context, text string) (func(id string) (httpsig.Public, bool), error) {
	if strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://") {
		published := &publishedKey{ctx: ctx, url: text}
		return published.find, nil
	}
	key, err := readPublic(text)
	if err != nil {
		return nil, err
	}
	return func(id string) (httpsig.Public, bool) { return key, id == key.ID }, nil
}

// publishedKey is a key that is asked for, at most every second.
type publishedKey struct {
	ctx context.Context
	url string

	mu    sync.Mutex
	key   httpsig.Public
	asked time.Time
}

func (p *publishedKey) find(id string) (httpsig.Public, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.key.ID != id && time.Since(p.asked) > time.Second {
		p.asked = time.Now()
		if key, err := fetchKey(p.ctx, p.url); err == nil {
			p.key = key
		}
	}
	return p.key, p.key.ID == id
}

func fetchKey(ctx context.Context, url string) (httpsig.Public, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return httpsig.Public{}, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return httpsig.Public{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
	if err != nil {
		return httpsig.Public{}, err
	}
	return httpsig.ParsePublic(string(text))
}

// fill puts the records of --organizations into the register.
func (o sandboxOptions) fill(box *sandbox.Sandbox) error {
	if o.organizations == "" {
		return nil
	}
	text, err := os.ReadFile(o.organizations)
	if err != nil {
		return fmt.Errorf("--organizations: %w", err)
	}
	var records []authority.Record
	if err := json.Unmarshal(text, &records); err != nil {
		return fmt.Errorf("--organizations %s: %w", o.organizations, err)
	}
	for _, r := range records {
		if len(r.INN) < 10 || r.OGRN == "" || r.FullName == "" {
			return fmt.Errorf("--organizations %s: each record needs inn, ogrn and full_name", o.organizations)
		}
		if err := box.AddRecord(sandbox.Invent(r)); err != nil {
			return err
		}
	}
	return nil
}

func (o sandboxOptions) announce(w io.Writer, address net.Addr, signer *httpsig.Signer) {
	url := "http://" + address.String()
	if o.json {
		_ = json.NewEncoder(w).Encode(map[string]string{"event": "listening", "url": url, "public_key": signer.String(), "key_id": signer.ID})
		return
	}
	fmt.Fprintf(w, `Песочница государственного органа / a state body to test against: %s

  curl %s/                       что она умеет / what it can do
  открытый ключ / public key     %s
  ответы уходят на / callback    %s

`, url, url, signer.String(), o.callback)
}
