package logo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"propusk/storage"
	"propusk/storage/jobs"
)

// Deps is what Logos works with. DB and Outside are needed.
type Deps struct {
	DB      *storage.DB
	Outside *http.Client          // asks strangers' addresses (package storage/outside)
	Now     func() time.Time      // nil = time.Now
	Log     *slog.Logger          // nil = nothing is logged
	Metrics prometheus.Registerer // nil = no metrics
}

// Logos keeps pictures. It is safe for concurrent use.
type Logos struct {
	deps    Deps
	fetched *prometheus.CounterVec
}

const (
	// Job is the kind of the job that fetches one.
	Job = "client/logo"
	// Path is where idp serves pictures, each below it by its digest: what is there never
	// changes, and nobody finds out by guessing who is registered.
	Path = "/oauth2/logo/"

	fetchTimeout = 10 * time.Second
	// How long a picture is shown before it is looked for again, and how long one that
	// could not be had is not asked for again.
	fresh    = 7 * 24 * time.Hour
	hopeless = time.Hour
	// rest is how long an address is left alone that somebody wants asked again.
	rest = time.Minute
)

// New makes Logos.
func New(deps Deps) (*Logos, error) {
	if deps.DB == nil || deps.Outside == nil {
		return nil, errors.New("logo: a dependency is missing")
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	l := &Logos{deps: deps, fetched: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "propusk_client_logos_total",
		Help: "Pictures of applications that were looked for, by outcome: kept, refused (no picture that can be shown), unreachable.",
	}, []string{"outcome"})}
	if deps.Metrics != nil {
		if err := deps.Metrics.Register(l.fetched); err != nil {
			return nil, fmt.Errorf("logo: register metrics: %w", err)
		}
	}
	return l, nil
}

// wanted is the payload of Job. Again: although the picture is not old.
type wanted struct {
	Client string `json:"client"`
	URI    string `json:"uri"`
	Again  bool   `json:"again,omitempty"`
}

// row is what is known of a client's picture.
type row struct {
	URI       string       `db:"uri"`
	Digest    string       `db:"digest"`
	FetchedAt storage.Time `db:"fetched_at"`
}

// Want has the picture at an address fetched for a client, in the transaction of ctx; it
// does nothing when the client has none, or one from there that is not old.
func (l *Logos) Want(ctx context.Context, clientID, uri string) error {
	if uri == "" {
		return nil
	}
	_, err := l.Of(ctx, clientID, uri)
	return err
}

// State is what is known of a client's picture. FetchedAt is when it was last looked for,
// 0 = not yet; a Digest = "" behind it means that nothing was there that can be shown.
type State struct {
	Digest    string
	FetchedAt storage.Time
}

// Of is the digest of the client's picture from an address, "" when there is none yet, or
// none that can be shown. An old one is shown while it is looked for again.
func (l *Logos) Of(ctx context.Context, clientID, uri string) (digest string, err error) {
	state, err := l.Look(ctx, clientID, uri)
	return state.Digest, err
}

// Look is Of, with when it was looked for.
func (l *Logos) Look(ctx context.Context, clientID, uri string) (State, error) {
	if uri == "" {
		return State{}, nil
	}
	known, err := l.from(ctx, clientID, uri)
	if err != nil {
		return State{}, err
	}
	if l.due(known) {
		err = l.enqueue(ctx, wanted{Client: clientID, URI: uri})
	}
	return State{known.Digest, known.FetchedAt}, err
}

// Again has the picture fetched although it is not old: it is another one now, or there is
// one at last. It reports whether it will be; an address asked a minute ago is left alone,
// so that nobody floods another's server through this one.
func (l *Logos) Again(ctx context.Context, clientID, uri string) (bool, error) {
	known, err := l.from(ctx, clientID, uri)
	if err != nil || !l.rested(known) {
		return false, err
	}
	return true, l.enqueue(ctx, wanted{Client: clientID, URI: uri, Again: true})
}

func (l *Logos) enqueue(ctx context.Context, w wanted) error {
	sum := sha256.Sum256([]byte(w.Client + " " + w.URI))
	unique := hex.EncodeToString(sum[:])
	if w.Again {
		unique += "+"
	}
	return jobs.Enqueue(ctx, l.deps.DB, Job, w, jobs.Options{Unique: unique})
}

// from is what is known of the client's picture from this very address.
func (l *Logos) from(ctx context.Context, clientID, uri string) (row, error) {
	known, err := l.known(ctx, clientID)
	if known.URI != uri {
		known = row{}
	}
	return known, err
}

func (l *Logos) known(ctx context.Context, clientID string) (known row, err error) {
	err = l.deps.DB.Get(ctx, &known, `SELECT uri, digest, fetched_at FROM client_logos WHERE client_id = $1`, clientID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return row{}, fmt.Errorf("find the picture of a client: %w", err)
	}
	return known, nil
}

// due reports whether a picture is to be fetched, for the first time or again.
func (l *Logos) due(known row) bool {
	age := l.deps.Now().Sub(known.FetchedAt.Time())
	return known.URI == "" || known.Digest == "" && age >= hopeless || age >= fresh
}

// rested reports whether an address may be asked again for whoever wants it.
func (l *Logos) rested(known row) bool {
	return l.deps.Now().Sub(known.FetchedAt.Time()) >= rest
}

// Picture is a PNG by the digest that Of told. storage.ErrNotFound.
func (l *Logos) Picture(ctx context.Context, digest string) ([]byte, error) {
	if raw, err := hex.DecodeString(digest); err != nil || len(raw) != sha256.Size {
		return nil, storage.ErrNotFound
	}
	var picture []byte
	if err := l.deps.DB.Get(ctx, &picture, `SELECT picture FROM client_logos WHERE digest = $1 LIMIT 1`, digest); err != nil {
		return nil, fmt.Errorf("find a picture: %w", err)
	}
	return picture, nil
}

// Fetch is the handler of Job. That the address does not answer, or not with a picture,
// is an outcome like another: it is noted, and looked at again when somebody would see it.
func (l *Logos) Fetch(ctx context.Context, job jobs.Job) error {
	var w wanted
	if err := job.Decode(&w); err != nil {
		return err
	}
	known, err := l.from(ctx, w.Client, w.URI)
	if err != nil || !l.due(known) && !(w.Again && l.rested(known)) {
		return err
	}
	picture, err := l.get(ctx, w.URI)
	outcome := "kept"
	switch {
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("fetch the picture of a client: %w", err) // we are stopping
	case errors.Is(err, ErrPicture):
		outcome = "refused"
	case err != nil:
		outcome = "unreachable"
	}
	if err != nil {
		l.deps.Log.WarnContext(ctx, "the picture of a client was not had", "client", w.Client, "outcome", outcome, "error", err)
	}
	if err := l.keep(ctx, w, picture, outcome == "unreachable"); err != nil {
		return err
	}
	l.fetched.WithLabelValues(outcome).Inc()
	return nil
}

// keep writes a picture, or that there is none, unless the client is gone. When its server
// is only down, the one before stays.
func (l *Logos) keep(ctx context.Context, w wanted, picture []byte, down bool) error {
	return l.deps.DB.Tx(ctx, func(ctx context.Context) error {
		var id string
		switch err := l.deps.DB.Get(ctx, &id, `SELECT id FROM oauth_clients WHERE id = $1`, w.Client); {
		case errors.Is(err, storage.ErrNotFound):
			return nil
		case err != nil:
			return fmt.Errorf("find the client of a picture: %w", err)
		}
		known, err := l.known(ctx, w.Client)
		if err != nil {
			return err
		}
		now := storage.Of(l.deps.Now())
		if down && known.URI == w.URI {
			_, err = l.deps.DB.Exec(ctx, `UPDATE client_logos SET fetched_at = $1 WHERE client_id = $2`, now, w.Client)
		} else {
			_, err = l.deps.DB.Exec(ctx, `INSERT INTO client_logos (client_id, uri, digest, picture, fetched_at) VALUES ($1, $2, $3, $4, $5)
				ON CONFLICT (client_id) DO UPDATE SET uri = excluded.uri, digest = excluded.digest, picture = excluded.picture, fetched_at = excluded.fetched_at`,
				w.Client, w.URI, digestOf(picture), append([]byte{}, picture...), now)
		}
		if err != nil {
			return fmt.Errorf("keep the picture of a client: %w", err)
		}
		return nil
	})
}

func digestOf(picture []byte) string {
	if len(picture) == 0 {
		return ""
	}
	sum := sha256.Sum256(picture)
	return hex.EncodeToString(sum[:])
}

// get asks the address, once, within bounds, and draws anew what comes. ErrPicture when
// that is none. A redirect is not followed: the guard takes it for an answer.
func (l *Logos) get(ctx context.Context, uri string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "image/png, image/jpeg, image/gif")
	response, err := l.deps.Outside.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode >= http.StatusInternalServerError:
		return nil, fmt.Errorf("answered %d", response.StatusCode)
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%w: answered %d", ErrPicture, response.StatusCode)
	}
	file, err := io.ReadAll(io.LimitReader(response.Body, maxFile+1))
	if err != nil {
		return nil, err
	}
	return redrawn(file)
}
