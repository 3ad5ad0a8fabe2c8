package signals

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"propusk/storage"
	"propusk/storage/journal"
)

// The ways of delivery (SSF §11.2.1).
const (
	methodPush = "urn:ietf:rfc:8935"
	methodPoll = "urn:ietf:rfc:8936"
)

// The states of a stream (SSF §8.1.2.1).
const (
	enabled  = "enabled"
	paused   = "paused"
	disabled = "disabled"
)

// What a receiver may have of us.
const (
	maxStreams  = 5      // of one client
	maxSubjects = 10_000 // taken out of one stream
	maxWaiting  = 10_000 // events of one stream
	// verificationInterval is the least time between two requests for a
	// verification event, in seconds (SSF §8.1.1).
	verificationInterval = 60
)

// stream is one event stream.
type stream struct {
	ID             string                 `db:"id"`
	ClientID       string                 `db:"client_id"`
	OrganisationID string                 `db:"organisation_id"`
	Method         string                 `db:"method"`
	Endpoint       string                 `db:"endpoint"`
	Sealed         []byte                 `db:"sealed"`
	Description    string                 `db:"description"`
	Events         storage.JSON[[]string] `db:"events"`
	Status         string                 `db:"status"`
	Reason         string                 `db:"reason"`
	Failures       int64                  `db:"failures"`
	FailingSince   storage.Time           `db:"failing_since"`
	VerifiedAt     storage.Time           `db:"verified_at"`
	Sequence       int64                  `db:"sequence"`
	Waiting        int64                  `db:"waiting"`
	Turn           int64                  `db:"turn"` // of the push job that may push
	CreatedAt      storage.Time           `db:"created_at"`
	UpdatedAt      storage.Time           `db:"updated_at"`
}

const streamColumns = `id, client_id, organisation_id, method, endpoint, sealed, description, events, status, reason,
	failures, failing_since, verified_at, sequence, waiting, turn, created_at, updated_at`

// sealContext binds a sealed header to its stream.
func (st *stream) sealContext() string { return "signal stream " + st.ID }

// wants reports whether the stream is to hear of a kind of event.
func (st *stream) wants(kind string) bool {
	return kind == Verification || kind == StreamUpdated || slices.Contains(delivered(st.Events.V), kind)
}

// The errors of streams, for handlers.
var (
	errNoStream   = fmt.Errorf("signals: no such stream of this receiver: %w", storage.ErrNotFound)
	errTooMany    = errors.New("signals: the receiver has as many streams as it may")
	errTooOften   = errors.New("signals: verification was asked for a moment ago")
	errManySubjs  = errors.New("signals: the stream has as many subjects taken out as it may")
	errIsDisabled = errors.New("signals: the stream is disabled")
)

// stream reads one of the receiver's; errNoStream for anybody else's, too, so that
// ids tell nothing.
func (s *Signals) stream(ctx context.Context, clientID, id string) (*stream, error) {
	if !plainText(id) {
		return nil, errNoStream
	}
	var st stream
	err := s.DB.Get(ctx, &st, `SELECT `+streamColumns+` FROM signal_streams WHERE id = $1 AND client_id = $2`, id, clientID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, errNoStream
	}
	if err != nil {
		return nil, fmt.Errorf("signals: read a stream: %w", err)
	}
	return &st, nil
}

// streams are all of the receiver's, the oldest first.
func (s *Signals) streams(ctx context.Context, clientID string) (list []stream, err error) {
	err = s.DB.Select(ctx, &list, `SELECT `+streamColumns+` FROM signal_streams WHERE client_id = $1 ORDER BY id`, clientID)
	if err != nil {
		return nil, fmt.Errorf("signals: list streams: %w", err)
	}
	return list, nil
}

// lock reads one of the receiver's against every other change of it.
func (s *Signals) lock(ctx context.Context, clientID, id string) (*stream, error) {
	if !plainText(id) {
		return nil, errNoStream
	}
	var st stream
	err := s.DB.Get(ctx, &st, `UPDATE signal_streams SET updated_at = $1 WHERE id = $2 AND client_id = $3 RETURNING `+streamColumns,
		s.now(), id, clientID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, errNoStream
	}
	if err != nil {
		return nil, fmt.Errorf("signals: lock a stream: %w", err)
	}
	return &st, nil
}

func (s *Signals) insert(ctx context.Context, st *stream) error {
	_, err := s.DB.Exec(ctx, `INSERT INTO signal_streams (`+streamColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 0, 0, 0, 0, 0, $11, $11)`,
		st.ID, st.ClientID, st.OrganisationID, st.Method, st.Endpoint, notNull(st.Sealed), st.Description, st.Events, st.Status, st.Reason, s.now())
	if err != nil {
		return fmt.Errorf("signals: keep a stream: %w", err)
	}
	return nil
}

func (s *Signals) update(ctx context.Context, st *stream) error {
	_, err := s.DB.Exec(ctx, `UPDATE signal_streams SET organisation_id = $1, method = $2, endpoint = $3, sealed = $4,
		description = $5, events = $6, status = $7, reason = $8, failures = $9, failing_since = $10 WHERE id = $11`,
		st.OrganisationID, st.Method, st.Endpoint, notNull(st.Sealed), st.Description, st.Events, st.Status, st.Reason,
		st.Failures, st.FailingSince, st.ID)
	if err != nil {
		return fmt.Errorf("signals: change a stream: %w", err)
	}
	return nil
}

// notNull is the bytes; an empty value may come back from the database as none.
func notNull(sealed []byte) []byte {
	if sealed == nil {
		return []byte{}
	}
	return sealed
}

// record writes what became of a stream to the journal of the organisation that
// owns its client.
func (s *Signals) record(ctx context.Context, st *stream, verb string, details map[string]string) error {
	return s.Journal.Append(ctx, journal.Entry{
		Organisation: st.OrganisationID, Client: st.ClientID, Action: "signal_stream." + verb, Object: st.ID,
		Outcome: "success", Details: details,
	})
}
