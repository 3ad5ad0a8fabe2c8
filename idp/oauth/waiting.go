package oauth

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"propusk/storage"
	"propusk/storage/journal"
)

// Requests that wait for a person who decides about them at another machine than
// the one that asks: a device's (RFC 8628) and a backchannel authentication
// (CIBA). Both are one thing: a code that the client polls with, a request in the
// short-lived state, a person's decision, and a grant that is taken once.
//
// The request waits in Ephemeral: losing it costs a new try. The approval is a
// row beside the authorization codes, so that whatever ends a session, a consent
// or a client ends an approval that nobody has fetched yet, and so that one of any
// number of polls gets the grant.

// waitingKind is which of the two a request is.
type waitingKind string

const (
	waitingDevice waitingKind = "device"
	waitingCIBA   waitingKind = "ciba"
)

const (
	// pollInterval is the least time between two polls until the client is told to
	// slow down, by slowerBy each time (RFC 8628 §3.5).
	pollInterval = 5 * time.Second
	slowerBy     = 5 * time.Second
	// rememberExpired is how long an expired request is told from an unknown one.
	rememberExpired = 5 * time.Minute
)

// Waiting is a request that waits for a person's decision.
type Waiting struct {
	// ID names it on our pages. It is a hash of the code that the client polls
	// with, and no proof of anything.
	ID      string                `json:"id"`
	Kind    waitingKind           `json:"kind"`
	Request *AuthorizationRequest `json:"request"`
	// UserCode is what the person typed, as it is shown; "" for CIBA.
	UserCode string `json:"user_code,omitempty"`
	// BindingMessage is shown on both machines (CIBA §7.1); "" = none.
	BindingMessage string `json:"binding_message,omitempty"`
	// PersonID is whom a CIBA request is for; "" = whoever enters the user code, or
	// nobody, when a hint names nobody here.
	PersonID string `json:"person,omitempty"`
	// IP and UserAgent are of the machine that asked.
	IP        string       `json:"ip,omitempty"`
	UserAgent string       `json:"user_agent,omitempty"`
	CreatedAt storage.Time `json:"created_at"`
	ExpiresAt storage.Time `json:"expires_at"`

	Slot int    `json:"slot,omitempty"` // where it stands among the person's; see persons
	Ping []byte `json:"ping,omitempty"` // what a ping carries, sealed; nil = the client polls only
}

// FromDevice tells a device's request from a backchannel authentication.
func (w *Waiting) FromDevice() bool { return w.Kind == waitingDevice }

// ErrWaitingOver says that a request was decided, has expired or never was.
var ErrWaitingOver = errors.New("oauth: the request was decided or has expired")

// What a person decided. Between the decision and the commit of what follows from it
// stands deciding, which a poll takes for no decision yet.
const (
	deciding        = "deciding"
	decidedApproved = "approved"
	decidedRefused  = "refused"
)

func waitingKey(id string) string { return "oauth:waiting:" + id }
func decidedKey(id string) string { return "oauth:decided:" + id }
func polledKey(id string) string  { return "oauth:polled:" + id }
func slowedKey(id string) string  { return "oauth:slowed:" + id }

// approvalRow is the row of an approval among the authorization codes. The prefix
// keeps it apart from them: no code's signature, hex, looks like it.
func approvalRow(id string) string { return "waiting:" + id }

// newCode is 256 random bits: device_code (RFC 8628 §5.2) or auth_req_id (CIBA
// §7.3).
func newCode() string {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(random)
}

// keepWaiting keeps a new request.
func (p *Provider) keepWaiting(ctx context.Context, w *Waiting) error {
	if err := p.putWaiting(ctx, w); err != nil {
		return err
	}
	p.metrics.waited(w.Kind, "begun")
	return nil
}

// putWaiting writes a request, for its lifetime and a little longer.
func (p *Provider) putWaiting(ctx context.Context, w *Waiting) error {
	value, err := json.Marshal(w)
	if err != nil {
		return fmt.Errorf("write a waiting request: %w", err)
	}
	left := w.ExpiresAt.Time().Sub(p.deps.Now()) + rememberExpired
	if err := p.deps.Ephemeral.Put(ctx, waitingKey(w.ID), value, left); err != nil {
		return fmt.Errorf("keep a waiting request: %w", err)
	}
	return nil
}

// Waiting finds a request that waits to be decided; ErrWaitingOver.
func (p *Provider) Waiting(ctx context.Context, id string) (*Waiting, error) {
	w, err := p.waiting(ctx, id)
	if errors.Is(err, storage.ErrNotFound) || err == nil && p.now() >= w.ExpiresAt {
		return nil, ErrWaitingOver
	}
	if err != nil {
		return nil, err
	}
	decision, err := p.decision(ctx, id)
	if err != nil {
		return nil, err
	}
	if decision != "" {
		return nil, ErrWaitingOver
	}
	return w, nil
}

// waiting reads a request, decided or not; storage.ErrNotFound.
func (p *Provider) waiting(ctx context.Context, id string) (*Waiting, error) {
	value, err := p.deps.Ephemeral.Get(ctx, waitingKey(id))
	if err != nil {
		return nil, fmt.Errorf("find a waiting request: %w", err)
	}
	var w Waiting
	if err := json.Unmarshal(value, &w); err != nil {
		return nil, fmt.Errorf("read a waiting request: %w", err)
	}
	return &w, nil
}

// decision is what was decided about a request; "" = nothing yet.
func (p *Provider) decision(ctx context.Context, id string) (string, error) {
	value, err := p.deps.Ephemeral.Get(ctx, decidedKey(id))
	if errors.Is(err, storage.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("find a decision: %w", err)
	}
	return string(value), nil
}

// ApproveWaiting gives the client what a person approved: it gets its tokens with
// the next poll. Of several decisions the first counts; the others, and those
// about a request that has expired, are ErrWaitingOver.
//
// The client is checked again, and the person's membership is; whether the proofs
// suffice was decided by whoever made the Approval.
func (p *Provider) ApproveWaiting(ctx context.Context, id string, approval Approval) error {
	w, err := p.Waiting(ctx, id)
	if err != nil {
		return err
	}
	if w.Kind == waitingCIBA && (w.PersonID == "" || w.PersonID != approval.PersonID) {
		return ErrWaitingOver // it is not for this person to know of it
	}
	if err := p.approvable(ctx, w.Request, &approval); err != nil {
		return err
	}
	return p.decide(ctx, w, decidedApproved, approval.PersonID, func(ctx context.Context) error {
		return p.keepApproval(ctx, w, p.grantOf(w.Request.ClientID, approval))
	})
}

// RefuseWaiting tells the client that the person refused: access_denied at its
// next poll. ErrWaitingOver as in ApproveWaiting.
func (p *Provider) RefuseWaiting(ctx context.Context, id, personID string) error {
	w, err := p.Waiting(ctx, id)
	if err != nil {
		return err
	}
	if w.Kind == waitingCIBA && (w.PersonID == "" || w.PersonID != personID) {
		return ErrWaitingOver
	}
	return p.decide(ctx, w, decidedRefused, personID, func(context.Context) error { return nil })
}

// decide settles a request, once. What follows from the decision, the journal and
// the ping are one transaction; when it fails nothing was decided. When the process
// ends right after the commit, an approval is found by the next poll all the same.
func (p *Provider) decide(ctx context.Context, w *Waiting, decision, personID string, then func(ctx context.Context) error) error {
	left := w.ExpiresAt.Time().Sub(p.deps.Now()) + rememberExpired
	err := p.deps.Ephemeral.Add(ctx, decidedKey(w.ID), []byte(deciding), left)
	if errors.Is(err, storage.ErrExists) {
		return ErrWaitingOver
	}
	if err != nil {
		return fmt.Errorf("decide about a waiting request: %w", err)
	}
	err = p.deps.DB.Tx(ctx, func(ctx context.Context) error {
		if err := then(ctx); err != nil {
			return err
		}
		if err := p.askPing(ctx, w); err != nil {
			return err
		}
		return p.deps.Journal.Append(ctx, journal.Entry{
			Actor: personID, Client: w.Request.ClientID, Action: string(w.Kind) + "." + decision, Object: w.ID, Outcome: "success",
		})
	})
	if err != nil {
		undone := p.deps.Ephemeral.Delete(context.WithoutCancel(ctx), decidedKey(w.ID))
		return errors.Join(fmt.Errorf("settle a waiting request: %w", err), undone)
	}
	p.metrics.waited(w.Kind, decision)
	p.settled(context.WithoutCancel(ctx), w, decision, left)
	return nil
}

// settled marks the decision as one that holds, and takes the request out of where
// people find it. A failure costs nothing that counts: the decision stands.
func (p *Provider) settled(ctx context.Context, w *Waiting, decision string, left time.Duration) {
	found := personKey(w.PersonID, w.Slot)
	if w.Kind == waitingDevice {
		found = p.userCodeKey(w.UserCode)
	}
	err := errors.Join(
		p.deps.Ephemeral.Put(ctx, decidedKey(w.ID), []byte(decision), left),
		p.deps.Ephemeral.Delete(ctx, found),
	)
	if err != nil {
		p.deps.Log.WarnContext(ctx, "a decision is not marked as settled", "kind", w.Kind, "error", err)
	}
}

// keepApproval keeps a grant that the client has not fetched yet.
func (p *Provider) keepApproval(ctx context.Context, w *Waiting, g *grant) error {
	return p.keepPending(ctx, pending{grant: *g, Code: approvalRow(w.ID), CodeExpiresAt: w.ExpiresAt})
}

// The answers to a poll that brings no token (RFC 8628 §3.5, CIBA §11).
var (
	errPending  = fault(400, "authorization_pending", "the person has not decided yet")
	errSlowDown = fault(400, "slow_down", "the client polls too often: wait 5 seconds longer from now on")
	errExpired  = fault(400, "expired_token", "the request has expired: begin anew")
	errDenied   = fault(400, "access_denied", "the person refused")
	errWaited   = invalidGrant("the code is unknown, used, or of another client")
)

// fetch is a poll with a device_code or an auth_req_id: tokens, once, when a
// person has approved.
func (p *Provider) fetch(ctx context.Context, x *exchange, kind waitingKind, code string) (*tokenResponse, error) {
	id := codeSignature(code)
	w, err := p.waiting(ctx, id)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil, errWaited
	case err != nil:
		return nil, err
	case w.Kind != kind || w.Request.ClientID != x.client.ID:
		return nil, errWaited
	case p.now() >= w.ExpiresAt:
		return nil, errExpired
	}
	decision, err := p.decision(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case decision == "":
		return nil, p.notYet(ctx, w)
	case decision == decidedRefused:
		return nil, errDenied
	}
	response, err := p.redeemApproval(ctx, x, w)
	if decision == deciding && errors.Is(err, errWaited) {
		return nil, p.notYet(ctx, w)
	}
	return response, err
}

// notYet is authorization_pending, or slow_down for who polls faster than he was
// told, which makes the interval longer each time (RFC 8628 §3.5).
func (p *Provider) notYet(ctx context.Context, w *Waiting) error {
	err := p.deps.Ephemeral.Add(ctx, polledKey(w.ID), []byte{1}, pollInterval)
	if err == nil {
		return errPending
	}
	if !errors.Is(err, storage.ErrExists) {
		return fmt.Errorf("note a poll: %w", err)
	}
	left := w.ExpiresAt.Time().Sub(p.deps.Now())
	times, _, err := p.deps.Ephemeral.Incr(ctx, slowedKey(w.ID), left)
	if err != nil {
		return fmt.Errorf("count polls: %w", err)
	}
	longer := min(pollInterval+time.Duration(times)*slowerBy, left)
	if err := p.deps.Ephemeral.Put(ctx, polledKey(w.ID), []byte{1}, longer); err != nil {
		return fmt.Errorf("note a poll: %w", err)
	}
	return errSlowDown
}

// redeemApproval spends an approval and makes its grant. Of any number of polls
// one succeeds; an approval whose session has ended meanwhile is gone.
func (p *Provider) redeemApproval(ctx context.Context, x *exchange, w *Waiting) (*tokenResponse, error) {
	g, err := p.codeOf(ctx, approvalRow(w.ID))
	if errors.Is(err, storage.ErrNotFound) || err == nil && g.Generation > 0 {
		return nil, errWaited
	}
	if err != nil {
		return nil, err
	}
	response, err := p.beginGrant(ctx, x, newSession(&g.grant), g.Asked.V)
	if errors.Is(err, errSpent) {
		return nil, errWaited
	}
	return response, err
}
