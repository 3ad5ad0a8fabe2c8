package signals

import (
	"context"
	"crypto"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"propusk/storage"
	"propusk/storage/jobs"
	"propusk/storage/journal"
	"propusk/storage/outside"
)

// Receiver is the client that calls.
type Receiver struct {
	ClientID       string
	OrganisationID string // that owns it; "" = none
}

// Clients is what idp/oauth knows of receivers and of what people gave them.
type Clients interface {
	// Receiver authenticates a request by a live access token of the client's own
	// that has one of the scopes; otherwise it has answered, and ok is false.
	Receiver(w http.ResponseWriter, r *http.Request, scopes ...string) (receiver Receiver, ok bool)
	// Owner is the organisation that owns the client now, "" = none, and whether the
	// client may be used; no error for an unknown one.
	Owner(ctx context.Context, clientID string) (organisationID string, active bool, err error)
	// Hold keeps whatever else is changed for the client waiting until the transaction
	// of ctx ends.
	Hold(ctx context.Context, clientID string) error
	// Subject is what the client knows the person by, or the session by its id (OpenID
	// Connect Core §8).
	Subject(ctx context.Context, clientID, personID string) (string, error)
	// Grantees are the clients with a grant of the person, in the organisation when
	// one is named, that is alive or ended since; one that the person withdrew from
	// the client does not count.
	Grantees(ctx context.Context, personID, organisationID string, since storage.Time) ([]string, error)
	// OrganisationGrantees are the clients with a grant in the organisation.
	OrganisationGrantees(ctx context.Context, organisationID string, since storage.Time) ([]string, error)
	// SessionGrantees are the person of a session and the clients that got tokens
	// from it; "" and none when nobody did.
	SessionGrantees(ctx context.Context, sessionID string) (personID string, clients []string, err error)
}

// Signer signs with the house's keys: JWS in compact serialization.
type Signer interface {
	Sign(algorithm, typ string, payload []byte) (string, error)
	// Public is a key that is published; not ok for one that is gone or withdrawn.
	Public(kid string) (public crypto.PublicKey, algorithm string, ok bool)
}

// Deps is what Signals works with. All but the networks, OutsideTLS, TokenLife, Log
// and Metrics are needed.
type Deps struct {
	DB        *storage.DB
	Ephemeral storage.Ephemeral // budgets
	Journal   *journal.Journal
	Jobs      *jobs.Runner // pushes
	Keys      Signer
	Sealer    *storage.Sealer // the Authorization headers of pushes
	Clients   Clients
	Issuer    string // iss; no slash at the end
	Now       func() time.Time
	Log       *slog.Logger

	// TokenLife is how long after the end of a grant its client still hears of the
	// person: the life of an access token. 0 is ten minutes.
	TokenLife time.Duration
	// Reach are networks, beside the public ones, to which events may be pushed.
	// DANGER: whoever may have a stream can then have this server knock there.
	Reach []netip.Prefix
	// OutsideTLS is how push addresses are known to be who they are; nil: by the
	// machine's certification authorities.
	OutsideTLS *tls.Config

	Metrics prometheus.Registerer // nil: none
}

// Signals is the transmitter. It is safe for concurrent use.
type Signals struct {
	Deps
	client  *http.Client
	metrics *metrics
	waiting *waiting // long polls of this node

	transactions []byte // the key under which txn is hashed for each client
}

// New returns the transmitter and registers its jobs.
func New(deps Deps) (*Signals, error) {
	if deps.DB == nil || deps.Ephemeral == nil || deps.Journal == nil || deps.Jobs == nil || deps.Keys == nil ||
		deps.Sealer == nil || deps.Clients == nil || deps.Issuer == "" || deps.Now == nil {
		return nil, errors.New("signals: DB, Ephemeral, Journal, Jobs, Keys, Sealer, Clients, Issuer and Now are needed")
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	if deps.TokenLife == 0 {
		deps.TokenLife = 10 * time.Minute
	}
	s := &Signals{
		Deps:    deps,
		client:  outside.NewClient(outside.Options{Reach: deps.Reach, TLS: deps.OutsideTLS}),
		waiting: newWaiting(),

		transactions: deps.Sealer.Key("signal transactions"),
	}
	s.metrics = newMetrics(deps.Metrics)
	deps.Jobs.Handle(pushJob, s.push)
	deps.Jobs.Handle(entryJob, s.entry)
	deps.Jobs.Handle(revocationJob, s.revocation)
	deps.Jobs.Every("signals/expire", time.Hour, s.Expire)
	return s, nil
}

func (s *Signals) now() storage.Time { return storage.Of(s.Now()) }
