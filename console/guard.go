package console

import (
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"time"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/journal"
)

// How old the sign-in behind a request may be: to look, and to act (RFC 9470).
const (
	lookAge  = 8 * time.Hour
	writeAge = 15 * time.Minute
)

// perMinute bounds the requests of one operator.
const perMinute = 600

// admit answers the claims of a request that may go on, and with a refusal those of a
// genuine token. The issuer has looked at all this when it made the token; what can
// change since, or would be a disaster, is looked at again.
func (s *Server) admit(route *Route, r *http.Request, header http.Header) (*api.Claims, error) {
	claims, err := s.Gate.Authenticate(r)
	if err != nil {
		return claims, err
	}
	if err := s.limit(r, header, claims); err != nil {
		return claims, err
	}
	if err := s.permit(route, claims); err != nil {
		return claims, err
	}
	roles, err := s.Directory.OperatorOf(r.Context(), claims.Subject)
	switch {
	case err != nil:
		return claims, err
	case len(roles) == 0:
		return claims, api.Refuse("operator_required")
	case route.Role != "" && !slices.Contains(roles, route.Role):
		return claims, api.Refuse("operator_role_missing").With("role", string(route.Role))
	}
	return claims, nil
}

// permit applies the route's policy to what the token says.
func (s *Server) permit(route *Route, claims *api.Claims) error {
	if claims.Service() || claims.Organisation != nil || claims.Actor != nil {
		return api.Refuse("person_required")
	}
	if claims.Confirmation == nil {
		return api.InvalidToken("unbound", "the token is bound to no key")
	}
	scoped := api.Route{Access: api.PersonToken, Scope: route.scope()}
	if err := scoped.Permit(claims); err != nil {
		return err
	}
	if !strong(claims.AMR) {
		return api.Refuse("passkey_required").Challenged("insufficient_user_authentication", "a passkey or a certificate is required")
	}
	most := lookAge
	if route.Writes {
		most = writeAge
	}
	if s.Now().Sub(time.Unix(claims.AuthTime, 0)) > most {
		seconds := int(most.Seconds())
		return api.Refuse("sign_in_stale").With("minutes", strconv.Itoa(seconds/60)).
			Challenged("insufficient_user_authentication", "the sign-in is too old").Aged(seconds)
	}
	return nil
}

// strong reports whether a sign-in was by passkey or certificate and by nothing else
// (RFC 8176): the issuer counts no other factor for the console.
func strong(amr []string) bool {
	weak := func(name string) bool { return name != "pop" && name != "user" && name != "mfa" }
	return slices.Contains(amr, "pop") && !slices.ContainsFunc(amr, weak)
}

// limit counts the requests of one operator. It protects from load; what keeps an
// operator from reading the whole house is the count of looks.
func (s *Server) limit(r *http.Request, header http.Header, claims *api.Claims) error {
	n, left, err := s.Ephemeral.Incr(r.Context(), "console:requests:"+claims.Subject, time.Minute)
	if err != nil {
		s.Log.WarnContext(r.Context(), "console request admitted uncounted", "err", err)
		return nil
	}
	seconds := int(max(left/time.Second, 1))
	header.Set("RateLimit-Policy", `"operator";q=`+strconv.Itoa(perMinute)+";w=60")
	header.Set("RateLimit", `"operator";r=`+strconv.FormatInt(max(perMinute-n, 0), 10)+";t="+strconv.Itoa(seconds))
	if n > perMinute {
		return api.Refuse("rate_limited").After(seconds)
	}
	return nil
}

// journalled are the refusals that the house should see: somebody with a genuine token
// tried to do what is not his.
var journalled = []string{"operator_required", "operator_role_missing", "passkey_required", "scope_missing", "looks_exhausted", "searches_exhausted", "chains_exhausted", "own_record", "operator_record", "token_revoked"}

// noteRefusal writes one of them into the system's chain, the same one once in ten
// minutes, so that a program in a loop does not bury the journal.
func (s *Server) noteRefusal(r *http.Request, route *Route, claims *api.Claims, refused *api.Refusal) {
	if claims == nil || !slices.Contains(journalled, refused.Code()) {
		return
	}
	key := "console:refused:" + claims.Subject + ":" + route.Method + route.Path + ":" + refused.Code()
	if err := s.Ephemeral.Add(r.Context(), key, nil, 10*time.Minute); errors.Is(err, storage.ErrExists) {
		return
	}
	err := s.Journal.Append(r.Context(), journal.Entry{
		Actor: claims.Subject, Client: claims.ClientID, Action: "console.refused", Object: route.Method + " " + route.Path,
		Outcome: "refused", Details: map[string]string{"reason": refused.Code()},
	})
	if err != nil {
		s.Log.LogAttrs(r.Context(), slog.LevelError, "refused attempt at the console not journalled", slog.Any("err", err))
	}
}

// actor is the operator who acts.
func actor(c api.Call) directory.Actor {
	return directory.Actor{PersonID: c.Claims.Subject, ClientID: c.Claims.ClientID}
}
