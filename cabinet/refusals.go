package cabinet

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"propusk/cabinet/api"
	"propusk/storage"
	"propusk/storage/journal"
)

// refusals writes attempts of weight that were refused into the organisation's
// journal: somebody with a genuine token tried to change the organisation or its
// people, or to read the journal, and was not allowed to.
//
// Why bounded: a client that repeats its mistake must not bury the journal. The
// same attempt (who, route, reason) is written once in refusalPause, and one
// organisation's journal takes at most refusalMost such entries in that time;
// every refusal is counted in the metrics all the same. Tokens that are not
// genuine are only counted: anyone could send them.
type refusals struct {
	journal   *journal.Journal
	ephemeral storage.Ephemeral
	log       *slog.Logger
}

const (
	refusalPause = 10 * time.Minute
	refusalMost  = 100
)

// journalled are the guard's refusals of weight. What the directory refuses it
// journals itself, and a mistake in a body is nobody's attempt at anything.
var journalled = map[string]bool{
	"token_revoked": true, "scope_missing": true, "permission_missing": true, "assurance_insufficient": true,
}

// note never fails the request: it is refused already.
func (j *refusals) note(ctx context.Context, route *api.Route, claims *api.Claims, refused *api.Refusal) {
	if !route.Weighty || claims == nil || claims.Organisation == nil || !journalled[refused.Code()] {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if !j.due(ctx, route, claims, refused) {
		return
	}
	entry := journal.Entry{
		Organisation: claims.Organisation.ID,
		Client:       claims.ClientID,
		Action:       "access.refused",
		Object:       route.Method + " " + route.Path,
		Outcome:      "refused",
		Details:      map[string]string{"reason": refused.Code()},
	}
	if !claims.Service() {
		entry.Actor = claims.Subject
	}
	if err := j.journal.Append(ctx, entry); err != nil {
		j.log.ErrorContext(ctx, "refused attempt not journalled", "reason", refused.Code(), "err", err)
	}
}

// due lets the first of equal attempts through, up to the organisation's bound.
// Without the counter it lets through: rather an entry too many than one lost.
func (j *refusals) due(ctx context.Context, route *api.Route, claims *api.Claims, refused *api.Refusal) bool {
	attempt := "refused:" + claims.ClientID + ":" + claims.Subject + ":" + claims.Organisation.ID +
		":" + route.Method + route.Path + ":" + refused.Code()
	err := j.ephemeral.Add(ctx, attempt, nil, refusalPause)
	if errors.Is(err, storage.ErrExists) {
		return false
	}
	count, _, err := j.ephemeral.Incr(ctx, "refused:"+claims.Organisation.ID, refusalPause)
	return err != nil || count <= refusalMost
}
