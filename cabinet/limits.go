package cabinet

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"propusk/cabinet/api"
	"propusk/storage"
)

// Limits bound the requests of one minute. Zero takes the default, a negative
// number lifts the limit.
type Limits struct {
	// PerClient is for one client acting for one subject, default 600. Why not for
	// the client as a whole: a web application has one client_id for all its users,
	// and one of them could then shut out the rest.
	PerClient int
	// PerOrganisation is for everybody who acts in one organisation, default 6,000.
	PerOrganisation int
	// PerVerifier is for the verifications of signatures that one client asks for
	// one subject, default 60.
	PerVerifier int
}

const (
	defaultPerClient       = 600
	defaultPerOrganisation = 6000
	defaultPerVerifier     = 60
	limitWindow            = time.Minute
)

// limits counts in Ephemeral, so that all nodes share one count.
type limits struct {
	ephemeral    storage.Ephemeral
	client       limitPolicy
	organisation limitPolicy
	verification limitPolicy
	log          *slog.Logger
	metrics      *metrics
}

type limitPolicy struct {
	name  string
	quota int64 // negative: none
	text  string
}

func newLimitPolicy(name string, quota, standard int) limitPolicy {
	if quota == 0 {
		quota = standard
	}
	text := `"` + name + `";q=` + strconv.Itoa(quota) + ";w=" + strconv.Itoa(int(limitWindow.Seconds()))
	return limitPolicy{name, int64(quota), text}
}

func newLimits(deps Deps, m *metrics) *limits {
	return &limits{
		ephemeral:    deps.Ephemeral,
		client:       newLimitPolicy("client", deps.Limits.PerClient, defaultPerClient),
		organisation: newLimitPolicy("organization", deps.Limits.PerOrganisation, defaultPerOrganisation),
		verification: newLimitPolicy("verification", deps.Limits.PerVerifier, defaultPerVerifier),
		log:          deps.Log, metrics: m,
	}
}

// take counts a request and writes RateLimit-Policy and RateLimit
// (draft-ietf-httpapi-ratelimit-headers-10). When the count cannot be had, the
// request goes on: the limits protect us from load, not from intruders, and an
// API that stops with its counter would be the worse failure.
func (l *limits) take(ctx context.Context, header http.Header, claims *api.Claims) error {
	err := l.count(ctx, header, l.client, "limit:client:"+claims.ClientID+":"+claims.Subject)
	if err == nil && claims.Organisation != nil {
		err = l.count(ctx, header, l.organisation, "limit:organization:"+claims.Organisation.ID)
	}
	return err
}

// takeVerification counts one verification of a signature, which costs more than
// another request.
func (l *limits) takeVerification(ctx context.Context, header http.Header, claims *api.Claims) error {
	return l.count(ctx, header, l.verification, "limit:verification:"+claims.ClientID+":"+claims.Subject)
}

// The headers in the form that http.Header keeps them in, which spares making it.
const (
	rateLimit       = "Ratelimit"
	rateLimitPolicy = "Ratelimit-Policy"
)

func (l *limits) count(ctx context.Context, header http.Header, policy limitPolicy, key string) error {
	if policy.quota < 0 {
		return nil
	}
	count, left, err := l.ephemeral.Incr(ctx, key, limitWindow)
	if err != nil {
		l.metrics.uncounted()
		l.log.WarnContext(ctx, "request admitted uncounted", "err", err)
		return nil
	}
	seconds := int64((left + time.Second - 1) / time.Second)
	header[rateLimitPolicy] = append(header[rateLimitPolicy], policy.text)
	header[rateLimit] = append(header[rateLimit], policy.left(count, seconds))
	if count <= policy.quota {
		return nil
	}
	return api.Refuse("rate_limited").Because("rate_limited_" + policy.name).After(int(max(seconds, 1)))
}

// left writes what remains of a budget and for how many seconds: "client";r=598;t=42
func (p limitPolicy) left(count, seconds int64) string {
	var buffer [64]byte
	text := append(append(append(buffer[:0], '"'), p.name...), `";r=`...)
	text = append(strconv.AppendInt(text, max(p.quota-count, 0), 10), ";t="...)
	return string(strconv.AppendInt(text, seconds, 10))
}
