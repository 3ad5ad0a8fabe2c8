package desk

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"

	"propusk/idp/pages"
	"propusk/storage"
)

//go:embed templates/*.html translations/*.json
var files embed.FS

// actions are the words of everything that a journal says has happened, for the
// organisation's own and for the operators'.
//
//go:embed actions
var actions embed.FS

// Deps is what a desk stands on. Everything is required unless its line says
// otherwise.
type Deps struct {
	House      House  // the zero value is the Cabinet
	Issuer     string // the issuer's identifier, where discovery is found
	API        string // where the API stands; its path (House.API) may be left out
	URL        string // where the pages stand, without a path; "" = Issuer
	ClientID   string
	ClientKey  *ClientKey
	Ephemeral  storage.Ephemeral // sessions and pending sign-ins
	Sealer     *storage.Sealer   // seals them
	Pages      *pages.Kit        // its Assets must be served where the pages stand
	HTTPClient *http.Client      // for the issuer and the API; nil = one that waits 10 s
	Idle       time.Duration     // how long a session may go unused; 0 = House.Idle
	Log        *slog.Logger
	Now        func() time.Time
}

// Desk answers everything below the root of its house.
type Desk struct {
	deps      Deps
	rooms     []Room
	nav       []NavItem // of all rooms, in order
	pages     *pages.Kit
	issuer    issuer
	fair      *storage.Fair // what strangers may have kept by beginning a sign-in
	api       api
	streams   api                // for uploads, downloads and events, which take as long as they take
	refreshes singleflight.Group // one refresh a session at a time
	listeners streams            // open streams of notices
	handler   http.Handler
}

// New checks the dependencies and joins the rooms. It makes no request: the issuer
// may start after the cabinet.
func New(deps Deps, rooms ...Room) (*Desk, error) {
	if err := deps.check(); err != nil {
		return nil, err
	}
	deps = deps.complete()
	d := &Desk{deps: deps, rooms: rooms, fair: storage.NewFair(deps.Ephemeral), issuer: issuer{deps: deps, scopes: deps.House.Asks(rooms...)}}
	d.api, d.streams = deps.clients()
	if err := d.furnish(); err != nil {
		return nil, err
	}
	var err error
	if d.handler, err = d.routes(); err != nil {
		return nil, err
	}
	return d, nil
}

// complete fills in what may be left out.
func (d Deps) complete() Deps {
	if d.House.Root == "" {
		d.House = Cabinet()
	}
	d.URL = strings.TrimRight(cmp.Or(d.URL, d.Issuer), "/")
	d.Idle = cmp.Or(d.Idle, d.House.Idle)
	d.API = strings.TrimSuffix(strings.TrimRight(d.API, "/"), d.House.API) + d.House.API
	if d.HTTPClient == nil {
		d.HTTPClient = &http.Client{Timeout: 10 * time.Second}
	}
	return d
}

// clients are the API's clients: one with HTTPClient's patience, and one for what
// takes as long as it takes.
func (d Deps) clients() (calls, streams api) {
	patient := &http.Client{Transport: d.HTTPClient.Transport, CheckRedirect: d.HTTPClient.CheckRedirect}
	return api{base: d.API, http: d.HTTPClient}, api{base: d.API, http: patient}
}

func (d Deps) check() error {
	for name, missing := range map[string]bool{
		"Issuer": d.Issuer == "", "API": d.API == "", "ClientID": d.ClientID == "", "ClientKey": d.ClientKey == nil,
		"Ephemeral": d.Ephemeral == nil, "Sealer": d.Sealer == nil, "Pages": d.Pages == nil, "Log": d.Log == nil, "Now": d.Now == nil,
	} {
		if missing {
			return errors.New("desk: " + name + " is required")
		}
	}
	return nil
}

// furnish gives the page kit the templates and words of the desk and of its rooms,
// and puts their places in order.
func (d *Desk) furnish() error {
	said, err := fs.Sub(actions, "actions")
	if err != nil {
		return fmt.Errorf("open the words of the journal: %w", err)
	}
	drawn := []fs.FS{files, said}
	for _, room := range d.rooms {
		if room.Files != nil {
			drawn = append(drawn, room.Files)
		}
		d.nav = append(d.nav, room.Nav...)
	}
	if d.pages, err = d.deps.Pages.ExtendRoom(drawn...); err != nil {
		return fmt.Errorf("draw the rooms of %s: %w", d.deps.House.Root, err)
	}
	slices.SortStableFunc(d.nav, func(a, b NavItem) int { return cmp.Compare(a.Order, b.Order) })
	return nil
}

// canAsk reports whether a new sign-in would bring a scope that the token lacks.
func (d *Desk) canAsk(wanted, granted string) bool {
	held := strings.Fields(granted)
	for scope := range strings.FieldsSeq(wanted) {
		if slices.Contains(d.issuer.scopes, scope) && !slices.Contains(held, scope) && len(held) > 0 {
			return true
		}
	}
	return false
}

// routes lists the desk's own pages, in the order a person meets them, and those of
// the rooms. A private page needs a session; whoever has none is sent to sign in and
// comes back.
func (d *Desk) routes() (handler http.Handler, err error) {
	house := d.deps.House
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+house.at(Callback), d.open(d.callback))
	mux.HandleFunc("GET "+house.at(SignedOut), d.open(d.signedOut))
	mux.HandleFunc("POST "+house.at("/signout"), d.open(d.signOut))

	mux.HandleFunc("POST "+house.at("/prolong"), d.free((*Visit).prolong))
	mux.HandleFunc("POST "+house.at("/look"), d.free((*Visit).switchLook))
	if house.Organisations {
		mux.HandleFunc("GET "+NewcomerPath, d.open(d.newcomer))
		mux.HandleFunc("GET "+house.at("/organisations"), d.private(Get("", (*Visit).choose)))
		mux.HandleFunc("POST "+house.at("/organisations"), d.free((*Visit).switchOrganisation))
		mux.HandleFunc("POST "+house.at("/ask"), d.private(Post("", (*Visit).askColleagues)))
	}
	if house.Search {
		mux.HandleFunc("GET "+house.at("/search"), d.private(Get("", (*Visit).search)))
	}
	if house.Notices {
		mux.HandleFunc("GET "+house.at("/events"), d.events)
	}
	mux.HandleFunc(house.at("/"), d.open(func(*request) error { return Missing() }))
	if err := d.roomRoutes(mux); err != nil {
		return nil, err
	}

	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(d.open(func(*request) error { return failed(http.StatusForbidden, pages.FailureCrossSite) }))
	return guard.Handler(mux), nil
}

// roomRoutes adds the rooms' pages; two rooms that claim one address are an error.
func (d *Desk) roomRoutes(mux *http.ServeMux) (err error) {
	name := ""
	defer func() {
		if clash := recover(); clash != nil { // http.ServeMux has no other way to say it
			err = fmt.Errorf("desk: the room %s: %v", name, clash)
		}
	}()
	for _, room := range d.rooms {
		name = room.Name
		for _, route := range room.Routes {
			mux.HandleFunc(route.Method+" "+route.Path, d.private(route))
		}
	}
	return nil
}

// ServeHTTP makes the Desk an http.Handler.
func (d *Desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(d.deps.URL, "https://") {
		w.Header().Set("Strict-Transport-Security", "max-age=31536000")
	}
	d.handler.ServeHTTP(w, r)
}

// T says a text of the whole house's catalogue, for tests of rooms.
func (d *Desk) T(lang, key string, args ...any) string { return d.pages.T(lang, key, args...) }
