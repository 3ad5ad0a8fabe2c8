package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"propusk/idp/oauth"
	"propusk/idp/signals"
	"propusk/idp/signals/status"
	"propusk/storage/jobs"
	"propusk/storage/revocation"
)

// openStatuses opens the status lists of tokens.
func (i *issuer) openStatuses() (err error) {
	i.statuses, err = status.New(status.Deps{
		DB: i.db, Revoked: i.revoked, Keys: i.keys, Issuer: i.cfg.Issuer, Now: i.now,
		Lifetime: i.cfg.Tokens.AccessToken, Log: i.log, Metrics: i.metrics,
	})
	if err != nil {
		return fmt.Errorf("open the status lists: %w", err)
	}
	return nil
}

// places are the status lists as the issuer of tokens sees them.
type places struct{ *status.Lists }

// Place implements oauth.Statuses.
func (p places) Place(ctx context.Context, t revocation.Token) (uri string, index int64, err error) {
	place, err := p.Lists.Place(ctx, t)
	return place.List, place.Index, err
}

// Key implements oauth.Statuses.
func (p places) Key(uri string, index int64) string {
	return status.Place{List: uri, Index: index}.Key()
}

// receivers are the clients as the transmitter of events sees them.
type receivers struct{ *oauth.Provider }

// Receiver implements signals.Clients.
func (r receivers) Receiver(w http.ResponseWriter, request *http.Request, scopes ...string) (signals.Receiver, bool) {
	client, organisation, ok := r.Provider.Receiver(w, request, scopes...)
	return signals.Receiver{ClientID: client, OrganisationID: organisation}, ok
}

// signalWorkers bounds the receivers that one node pushes to at a time.
const signalWorkers = 16

// openSignals opens the transmitter of security events. It has workers of its own,
// so that receivers that are slow to answer keep no other job of the house waiting.
func (h *house) openSignals(context.Context) (err error) {
	h.pushes = jobs.New(jobs.Deps{DB: h.db, Log: h.log, Now: h.now, Workers: signalWorkers, Poll: h.cfg.Jobs.Poll})
	h.signals, err = signals.New(signals.Deps{
		DB: h.db, Ephemeral: h.volatile, Journal: h.journal, Jobs: h.pushes, Keys: h.keys, Sealer: h.sealer,
		Clients: receivers{h.provider}, Issuer: h.cfg.Issuer, Now: h.now, Log: h.log,
		TokenLife: h.cfg.Tokens.AccessToken, Reach: h.reach(), Metrics: h.metrics,
	})
	if err != nil {
		return fmt.Errorf("open the transmitter of security events: %w", err)
	}
	h.pushes.Every("status/purge", 10*time.Minute, h.statuses.Purge)
	h.journal.Follow(h.signals.Journalled)
	h.revocations.Follow(h.signals.Revoked)
	h.starts = append(h.starts, h.pushes.Start)
	h.stops = append(h.stops, h.stopPushes)
	return nil
}

func (h *house) stopPushes() {
	ctx, cancel := context.WithTimeout(context.Background(), h.cfg.HTTP.ShutdownTimeout)
	defer cancel()
	if err := h.pushes.Stop(ctx); err != nil {
		h.log.Warn("pushes of security events were cut; they go on at the next start", "error", err)
	}
}

// endSession tells everybody who learnt of a session that it is over.
func (h *house) endSession(ctx context.Context, sessionID string) error {
	if err := h.provider.EndSession(ctx, sessionID); err != nil {
		return err
	}
	return h.signals.SessionEnded(ctx, sessionID)
}
