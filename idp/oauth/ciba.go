package oauth

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"propusk/storage/jobs"
)

// Client-initiated backchannel authentication (CIBA Core 1.0): the client asks for
// a person by a hint, the person is told and decides on his own machine, and the
// client polls, after a ping where it is registered for one.
//
// Whom a hint names is not told: a hint for nobody is answered like one for
// somebody, and the request just expires. CIBA §13 has unknown_user_id for it, and
// with that every client could try out who has an account here.

const (
	// cibaLifetime is how long the person has, unless the client asks for less or
	// for more with requested_expiry; from cibaShortest to cibaLongest.
	cibaLifetime = 5 * time.Minute
	cibaShortest = 30 * time.Second
	cibaLongest  = 10 * time.Minute
	// maxBinding bounds binding_message, in runes: it stands in a message of 160.
	maxBinding = 48
	// maxHint bounds login_hint, in bytes.
	maxHint = 254
	// maxNotificationToken bounds client_notification_token, in bytes (CIBA §7.1).
	maxNotificationToken = 1024
)

// cibaResponse is the answer to an accepted request (CIBA §7.3).
type cibaResponse struct {
	RequestID string `json:"auth_req_id"`
	ExpiresIn int64  `json:"expires_in"` // seconds
	Interval  int64  `json:"interval"`   // seconds
}

// BackchannelAuthentication is the backchannel authentication endpoint (CIBA §7.1),
// for clients that authenticate.
//
// It has answered when it returns; the error is for the log and for counting.
func (p *Provider) BackchannelAuthentication(w http.ResponseWriter, r *http.Request) error {
	answer, err := p.beginCIBA(r)
	if err != nil {
		return p.writeError(w, r, asError(err))
	}
	return p.writeJSON(w, http.StatusOK, answer)
}

func (p *Provider) beginCIBA(r *http.Request) (*cibaResponse, error) {
	ctx := r.Context()
	form, bad := bodyParameters(r)
	if bad != nil {
		return nil, bad
	}
	client, err := p.authenticate(r, form)
	if err != nil {
		return nil, err
	}
	if client.Public() || !slices.Contains(client.GrantTypes, GrantCIBA) {
		return nil, unauthorizedClient("the client may not use backchannel authentication")
	}
	if form, err = p.unpackCIBA(ctx, client, form); err != nil {
		return nil, err
	}
	w, err := p.readCIBA(client, form)
	if err != nil {
		return nil, err
	}
	code := newCode()
	w.ID = codeSignature(code)
	if err := p.sealPing(w, client, form.Get("client_notification_token"), code); err != nil {
		return nil, err
	}
	if err := p.ask(ctx, client, w, form); err != nil {
		return nil, err
	}
	return &cibaResponse{
		RequestID: code, ExpiresIn: int64(w.ExpiresAt.Time().Sub(w.CreatedAt.Time()).Seconds()),
		Interval: int64(pollInterval.Seconds()),
	}, nil
}

// readCIBA checks what does not depend on the person (CIBA §7.1, §7.2).
func (p *Provider) readCIBA(client *registration, form url.Values) (*Waiting, error) {
	lifetime, err := requestedExpiry(form)
	if err != nil {
		return nil, err
	}
	request, err := p.askedElsewhere(client, form)
	switch {
	case err != nil:
		return nil, err
	case !slices.Contains(request.Scopes, scopeOpenID):
		return nil, invalidScope("the scope openid is missing (CIBA section 7.1)")
	case form.Has("user_code"):
		return nil, invalidRequest("user_code is not supported (backchannel_user_code_parameter_supported)")
	case client.Pinged() != form.Has("client_notification_token"):
		return nil, invalidRequest("client_notification_token goes with the delivery mode ping, and ping with it (CIBA section 7.1)")
	case form.Has("client_notification_token") && !goodNotificationToken(form.Get("client_notification_token")):
		return nil, invalidRequest("client_notification_token must be a bearer token of 22 to 1024 characters (CIBA section 7.1)")
	}
	if err := oneHint(form); err != nil {
		return nil, err
	}
	if err := checkBinding(client, form.Get("binding_message")); err != nil {
		return nil, err
	}
	return &Waiting{
		Kind: waitingCIBA, Request: request, BindingMessage: form.Get("binding_message"),
		CreatedAt: p.now(), ExpiresAt: p.now().Add(lifetime),
	}, nil
}

// notificationToken is a bearer token (RFC 6750 §2.1) with room for 128 bits.
var notificationToken = regexp.MustCompile(`^[A-Za-z0-9._~+/-]{22,}=*$`)

func goodNotificationToken(token string) bool {
	return len(token) <= maxNotificationToken && notificationToken.MatchString(token)
}

// requestedExpiry reads requested_expiry, in seconds.
func requestedExpiry(form url.Values) (time.Duration, error) {
	if !form.Has("requested_expiry") {
		return cibaLifetime, nil
	}
	seconds, err := strconv.ParseUint(form.Get("requested_expiry"), 10, 31)
	if err != nil || seconds == 0 {
		return 0, invalidRequest("requested_expiry is a number of seconds").
			because("a whole number above 0", shown(form.Get("requested_expiry")))
	}
	return min(max(time.Duration(seconds)*time.Second, cibaShortest), cibaLongest), nil
}

// oneHint wants one hint and no more (CIBA §7.1). A login_hint_token would come
// from a discovery service, of which none is trusted here.
func oneHint(form url.Values) error {
	hints := 0
	for _, name := range []string{"login_hint", "id_token_hint", "login_hint_token"} {
		if form.Has(name) {
			hints++
		}
	}
	switch {
	case hints != 1:
		return invalidRequest("one of login_hint and id_token_hint must be there, and only one (CIBA section 7.1)")
	case form.Has("login_hint_token"):
		return invalidRequest("login_hint_token is not supported: use login_hint or id_token_hint")
	case len(form.Get("login_hint")) > maxHint:
		return invalidRequest("login_hint is longer than %d bytes", maxHint)
	}
	return nil
}

// checkBinding lets letters, figures and plain marks through: the message is shown
// and sent in our name, so that nothing in it may look like an address to go to.
// FAPI-CIBA §5.2.2 wants one where nothing else tells the person's own request.
func checkBinding(client *registration, message string) error {
	wrong := func(why string) error {
		return fault(http.StatusBadRequest, "invalid_binding_message", "%s", why)
	}
	switch {
	case message == "" && client.FAPI():
		return invalidRequest("binding_message is missing: the profile of the client wants it (FAPI-CIBA section 5.2.2)")
	case message == "":
		return nil
	case utf8.RuneCountInString(message) > maxBinding:
		return wrong(fmt.Sprintf("binding_message is too long; expected at most %d characters; received %d", maxBinding, utf8.RuneCountInString(message)))
	case strings.TrimSpace(message) != message, strings.ContainsFunc(message, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(" -,#№", r)
	}):
		return wrong("binding_message takes letters, figures, spaces and - , # alone")
	}
	return nil
}

// ask keeps the request and asks for the telling of whom it is for. That is looked
// up by a job, for every hint alike: the answer and its time say nothing of whether
// the hint names anybody.
func (p *Provider) ask(ctx context.Context, client *registration, w *Waiting, form url.Values) error {
	subject := ""
	if form.Has("id_token_hint") {
		hint, err := p.verifyIDTokenHint(form.Get("id_token_hint"))
		if err != nil {
			return errHint
		}
		if !slices.Contains(hint.Audience, client.ID) {
			return errHint.because("aud "+shown(client.ID), "aud "+shownList(hint.Audience))
		}
		subject = p.personOfToken(hint.Subject)
	}
	if err := p.askable(ctx, client, cmp.Or(subject, form.Get("login_hint"))); err != nil {
		return err
	}
	if err := p.keepWaiting(ctx, w); err != nil {
		return err
	}
	plain, err := json.Marshal(addressee{Login: form.Get("login_hint"), Subject: subject})
	if err != nil {
		return fmt.Errorf("write a hint: %w", err)
	}
	sealed := p.deps.Sealer.Seal(plain, addressContext(w.ID))
	return jobs.Enqueue(ctx, p.deps.DB, addressJob, addressNotice{w.ID, sealed}, jobs.Options{Unique: w.ID})
}
