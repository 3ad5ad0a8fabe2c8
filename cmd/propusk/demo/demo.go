package demo

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"propusk/idp/client"
	"propusk/idp/directory"
	"propusk/idp/pages"
	"propusk/idp/trust"
	"propusk/storage"
	"propusk/storage/outbox"
)

// The places of the demo, beside the start page at /.
const (
	OutboxPath   = "/demo/outbox"
	CallbackPath = "/demo/callback"
	startPath    = "/demo/start"
)

// Deps is what the demo fills and shows. Every field is needed.
type Deps struct {
	DB        *storage.DB
	Directory *directory.Directory
	Clients   *client.Store // by whom clients are made
	Outbox    *outbox.Outbox
	Pages     *pages.Kit
	Issuer    string
	Dir       string // where demo.json and the test authority are kept
	Now       func() time.Time
	MutualTLS LineMutualTLS
	Sandbox   LineSandbox
	// Registration keeps an initial access token (RFC 7591 §3) under its text.
	Registration func(ctx context.Context, token string) error
	// OwnKeys are the private keys (JWK, RFC 7517) of the house's own clients, by
	// client_id: they are shown beside the demo's clients.
	OwnKeys map[string]json.RawMessage
	// SetPassword sets a person's password.
	SetPassword func(ctx context.Context, p directory.Person, password string) error
}

// Demo is a node full of invented people.
type Demo struct {
	deps  Deps
	pages *pages.Kit
	state *state
	seen  Line

	mu      sync.Mutex
	started map[string]sent // sign-ins of the demo application, by state
}

//go:embed pages/*.html
var templates embed.FS

//go:embed translations/*.json
var translations embed.FS

// Open fills the database, or finds it filled, and makes the test authority.
func Open(ctx context.Context, deps Deps) (*Demo, error) {
	d := &Demo{deps: deps, started: map[string]sent{}}
	if err := d.openPages(); err != nil {
		return nil, err
	}
	filling, ctx := errgroup.WithContext(ctx)
	filling.Go(func() error { return makeTrust(d.trustDir(), deps.Now()) })
	filling.Go(func() error { return d.prepare(ctx) })
	if err := filling.Wait(); err != nil {
		return nil, err
	}
	if err := d.admitClients(context.WithoutCancel(ctx)); err != nil {
		return nil, err
	}
	var err error
	d.seen, err = d.line(context.WithoutCancel(ctx))
	return d, err
}

func (d *Demo) openPages() error {
	rooms, err1 := fs.Sub(templates, "pages")
	texts, err2 := fs.Sub(translations, "translations")
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	var err error
	if d.pages, err = d.deps.Pages.Extend(rooms, texts); err != nil {
		return fmt.Errorf("read the demo's pages: %w", err)
	}
	return nil
}

func (d *Demo) trustDir() string { return filepath.Join(d.deps.Dir, "trust") }

// Trust is the material of the test authority, for the house to trust it.
func (d *Demo) Trust() trust.Material {
	in := func(folder string) []string { return []string{filepath.Join(d.trustDir(), folder)} }
	return trust.Material{Roots: in("roots"), Intermediates: in("intermediates"), CRLs: in("crls")}
}

// Line is what `propusk demo --json` prints.
func (d *Demo) Line() Line { return d.seen }

// Over answers the demo's own pages and leaves every other request to next.
func (d *Demo) Over(next http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", d.home)
	mux.HandleFunc("GET "+OutboxPath, d.outbox)
	mux.HandleFunc("GET "+startPath, d.start)
	mux.HandleFunc("GET "+CallbackPath, d.callback)
	mux.Handle("/", next)
	return mux
}
