package trust

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"propusk/signature"
	"propusk/storage"
	"propusk/storage/journal"
)

// Deps is what a Trust works with. DB and Journal are needed.
type Deps struct {
	DB      *storage.DB
	Journal *journal.Journal
	Events  storage.Events // tells the other nodes of a change; nil: they learn it by polling
	Now     func() time.Time
	Log     *slog.Logger
	Metrics prometheus.Registerer // nil: no metrics

	// Policy is what a certificate must be good for; the zero value is the strict one.
	Policy signature.Policy
	// Concurrency bounds how many checks of GOST signatures run at once; 0 is half
	// of the processors, at least one.
	Concurrency int
	// MaxWait is how long a GOST check waits for its turn before signature.ErrBusy;
	// 0 is two seconds.
	MaxWait time.Duration
	// Remote names an outside verifier that judges in the place of this process.
	Remote Remote
	// Client fetches lists and asks responders; nil is signature.Fetcher().
	Client *http.Client
	// Poll is how often the database is asked for changes, should an event have been
	// lost. Default 15 seconds.
	Poll time.Duration
}

// Remote is an outside verifier, see signature.Remote. Without URL there is none.
type Remote struct{ URL, Token string }

func (d Deps) withDefaults() (Deps, error) {
	if d.DB == nil || d.Journal == nil {
		return d, errors.New("trust: DB and Journal are needed")
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Client == nil {
		d.Client = signature.Fetcher()
	}
	if d.Poll == 0 {
		d.Poll = 15 * time.Second
	}
	return d, nil
}

// Trust is the trust of one node. It is safe for concurrent use; judging does no
// SQL.
type Trust struct {
	deps        Deps
	store       *signature.Store
	revocations *signature.Revocations
	local       *signature.Local
	verifier    signature.Verifier
	metrics     *metrics

	mu      sync.Mutex // guards what follows: one reading of SQL at a time
	version int64      // of store
	lists   map[string]mirrored

	keeps atomic.Int64 // rows of lists written by this node
	read  atomic.Int64 // when SQL was last read, in the clock's microseconds
	stop  context.CancelFunc
	done  sync.WaitGroup
}

// Open reads the trust and follows changes until ctx ends or Close is called. It
// fetches nothing: that is Refresh's.
func Open(ctx context.Context, deps Deps) (*Trust, error) {
	deps, err := deps.withDefaults()
	if err != nil {
		return nil, err
	}
	t := &Trust{deps: deps, store: signature.NewStore(), lists: map[string]mirrored{}}
	if err := t.build(); err != nil {
		return nil, err
	}
	ctx, t.stop = context.WithCancel(ctx)
	events := t.subscribe(ctx) // before the first reading: nothing is missed between the two
	if err := t.sync(ctx); err != nil {
		t.stop()
		return nil, err
	}
	t.done.Go(func() { t.follow(ctx, events) })
	return t, nil
}

// build makes the verifiers over the empty store.
func (t *Trust) build() (err error) {
	if t.metrics, err = newMetrics(t); err != nil {
		return err
	}
	t.revocations = signature.NewRevocations(signature.RevocationDeps{
		Trust: t.store, Client: t.deps.Client, Keeper: keeper{t}, Skew: t.deps.Policy.Skew, Now: t.deps.Now, Log: t.deps.Log,
	})
	t.local, err = signature.NewLocal(signature.Deps{
		Trust: t.store, Revocations: t.revocations, Policy: t.deps.Policy, OnFailOpen: t.noteFailOpen,
		Concurrency: t.deps.Concurrency, MaxWait: t.deps.MaxWait, Now: t.deps.Now,
	})
	if err != nil {
		return err
	}
	t.verifier = counted{t.local, t}
	if t.deps.Remote.URL == "" {
		return nil
	}
	remote, err := signature.NewRemote(signature.RemoteDeps{URL: t.deps.Remote.URL, Token: t.deps.Remote.Token})
	t.verifier = counted{remote, t}
	return err
}

// Close stops following. What is in memory goes on judging.
func (t *Trust) Close() {
	t.stop()
	t.done.Wait()
}

// Verifier judges signatures: in this process, or by the outside service of
// Deps.Remote. Its signature.ErrBusy means 503 and a new try.
func (t *Trust) Verifier() signature.Verifier { return t.verifier }

// VerifyCertificate judges a certificate alone, always in this process: one that a
// TLS connection presented, or that is bound to an account.
func (t *Trust) VerifyCertificate(ctx context.Context, request signature.CertificateRequest) (signature.Verdict, error) {
	return t.local.VerifyCertificate(ctx, request)
}

// Enabled reports whether any signature could be accepted here: an authority is
// trusted, or somebody outside judges. Otherwise no page should offer it.
func (t *Trust) Enabled() bool {
	return t.deps.Remote.URL != "" || t.store.Len() > 0
}

// Authorities returns the trusted authorities, by name.
func (t *Trust) Authorities() []signature.Authority { return t.store.Authorities() }

// Freshness tells how fresh each revocation list is that this node holds.
func (t *Trust) Freshness() []signature.Freshness { return t.revocations.Freshness() }

// Ready says why this node should not judge signatures: what it knows of trust is
// too old. Stale lists are no such reason, since no other node has better ones;
// Warnings tells of them.
func (t *Trust) Ready() error {
	age := t.deps.Now().Sub(storage.Time(t.read.Load()).Time())
	if age > max(4*t.deps.Poll, time.Minute) {
		return fmt.Errorf("last read %s ago", age.Round(time.Second))
	}
	return nil
}

// Warning says in a sentence, fit for anybody, what keeps certificates from being
// accepted though the node is well; "" when nothing does.
func (t *Trust) Warning() string {
	stale, all := 0, t.Freshness()
	for _, list := range all {
		if list.Stale(t.deps.Now()) {
			stale++
		}
	}
	if stale == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d revocation lists are missing or stale; certificates that need them are refused", stale, len(all))
}

// noteFailOpen writes the use of a decision to do without revocation data. Without
// the entry the signature is refused.
func (t *Trust) noteFailOpen(ctx context.Context, use signature.FailOpenUse) error {
	err := t.deps.Journal.Append(ctx, journal.Entry{
		Action: "signature.accepted_without_revocation", Object: use.Certificate, Outcome: "accepted",
		Details: map[string]string{
			"authority": use.Authority, "missing": string(use.Missing), "by": use.Decision.By,
			"reason": use.Decision.Reason, "until": use.Decision.Until.UTC().Format(time.RFC3339),
		},
	})
	if err == nil {
		t.metrics.failOpen.WithLabelValues(use.Authority).Inc()
	}
	return err
}
