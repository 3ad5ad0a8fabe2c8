package oauth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"propusk/storage"
	"propusk/storage/journal"
)

// How often a client may ask for what is kept for it: a pushed request (RFC 9126 §7) and
// a request that waits for a person (CIBA §14) lie in the short-lived state until they
// are over, and a client that has lost its mind, or its key, must not fill it. Each is
// counted for the client that has authenticated; nobody spends another's.

// Rates bound the requests of one client, each in a minute; a zero field takes its
// default, a negative one is no bound.
type Rates struct {
	Pushed      int64 // authorization requests that it pushes; 3000
	Backchannel int64 // people that it asks for at their own machines; 300
}

func (r Rates) withDefaults() Rates {
	if r.Pushed == 0 {
		r.Pushed = 3000
	}
	if r.Backchannel == 0 {
		r.Backchannel = 300
	}
	return r
}

const (
	rateOf = time.Minute
	// askedAgain is how often in askedAgainIn one client may ask for one person. It is
	// counted by the hint, before anybody looks whom it names: hints for nobody are
	// refused as soon as those for somebody.
	askedAgain   = 10
	askedAgainIn = 5 * time.Minute
)

// atMost counts a request; an *Error with status 429 (RFC 6585 §4) beyond most.
func (p *Provider) atMost(ctx context.Context, what, of string, most int64, in time.Duration) error {
	if most < 0 {
		return nil
	}
	n, left, err := p.deps.Ephemeral.Incr(ctx, "oauth:rate:"+what+":"+of, in)
	switch {
	case err != nil:
		return fmt.Errorf("count requests: %w", err)
	case n > most:
		p.metrics.limited(what)
		return tooMany(what, most, in, left)
	}
	return nil
}

func tooMany(what string, most int64, in, left time.Duration) *Error {
	seconds := max(int64(left.Round(time.Second).Seconds()), 1)
	e := fault(http.StatusTooManyRequests, "slow_down", "at most %d %s in %.0f s: ask again in %d s", most, what, in.Seconds(), seconds)
	e.RetryAfter = time.Duration(seconds) * time.Second
	return e
}

// pushable counts a pushed request. The house's own applications push for whoever opens
// their pages, and share the room among strangers themselves (storage.Fair): counted
// here, one stranger who opens a page without end would keep everybody from signing in.
func (p *Provider) pushable(ctx context.Context, client *registration) error {
	if client.FirstParty {
		return nil
	}
	if client.TokenEndpointAuthMethod == AuthNone {
		return p.strangerPushes(ctx, client)
	}
	return p.atMost(ctx, "pushed requests", client.ID, p.deps.Rates.Pushed, rateOf)
}

// strangerPushes counts a push of a client that nobody can be told from: for the address
// that it comes from, or anybody would spend the allowance of all who use the client.
func (p *Provider) strangerPushes(ctx context.Context, client *registration) error {
	address := storage.Network(journal.From(ctx).IP)
	if err := storage.NewFair(p.deps.Ephemeral).Begin(ctx, address); errors.Is(err, storage.ErrFull) {
		e := fault(http.StatusTooManyRequests, "slow_down", "there is no room for another pushed request: ask again in 60 s")
		e.RetryAfter = time.Minute
		return e
	} else if err != nil {
		return err
	}
	return p.atMost(ctx, "pushed requests", client.ID+" "+address, p.deps.Rates.Pushed, rateOf)
}

// askable counts a request for a person: of the client, and of the client for whom the
// hint names. The hint itself, which may be a number of the person, is not kept.
func (p *Provider) askable(ctx context.Context, client *registration, hint string) error {
	if err := p.atMost(ctx, "backchannel requests", client.ID, p.deps.Rates.Backchannel, rateOf); err != nil {
		return err
	}
	mac := hmac.New(sha256.New, p.userCodes)
	mac.Write([]byte("hint\x00" + client.ID + "\x00" + strings.ToLower(strings.TrimSpace(hint))))
	of := base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:18])
	return p.atMost(ctx, "backchannel requests for one person", of, askedAgain, askedAgainIn)
}
