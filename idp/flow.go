package idp

import (
	"slices"
	"time"

	"propusk/idp/oauth"
	"propusk/idp/session"
	"propusk/storage"
)

// StepKind names what happens next in a sign-in.
type StepKind string

// The steps, in the order in which a sign-in meets them.
const (
	StepIdentify     StepKind = "identify"     // login and password
	StepFactor       StepKind = "factor"       // a second factor, Step.Factor
	StepOrganisation StepKind = "organisation" // on whose behalf
	StepConsent      StepKind = "consent"      // may the application have it
	StepIssue        StepKind = "issue"        // code to the application
	StepRefuse       StepKind = "refuse"       // error to the application
)

// Step is what next decided.
type Step struct {
	Kind   StepKind
	Factor session.Factor // StepFactor: which one to ask for
	Notice string         // catalogue key: why a person who is signed in is asked again
	Error  string         // StepRefuse: the error code of RFC 6749 §4.1.2.1 or OpenID Connect Core §3.1.2.6
	Reason string         // StepRefuse: error_description
}

// progress is what this attempt itself has seen; it is kept with the attempt.
// The zero value is an attempt that nobody has answered yet.
type progress struct {
	PersonID       string         // whose attempt it is; "" until it meets a session
	IdentifiedAt   storage.Time   // when the password was proved within this attempt
	Again          bool           // the person asked to sign in as somebody else
	OrganisationID string         // chosen on the page, or named by the login itself
	Consented      bool           // accepted on the page, for OrganisationID
	Wanted         session.Factor // the second factor asked for instead of the first on offer
}

// prover says which second factors a person has.
type prover struct {
	TOTP, Phone, Email bool // confirmed authenticator, verified phone, verified e-mail
}

// organisation is the one that this sign-in acts for, of which the person is
// an active member.
type organisation struct {
	ID, RequiredACR string
}

// situation is everything that next may look at.
type situation struct {
	Request      *oauth.AuthorizationRequest
	Progress     progress
	Session      *session.Session // nil = nobody is signed in in this browser
	Prover       prover           // of the session's person
	Organisation *organisation    // chosen or asked for; nil = none yet, or not a member of it
	Consented    bool             // the person accepted this client, organisation and scopes before
}

// highest is the level that the factors of this server can prove.
const highest = session.Two

// next decides what comes next in a sign-in: prompt, max_age, acr_values and
// the policies of client and organisation are weighed here and nowhere else.
// It is pure; the dispatcher acts on the answer.
func next(s situation, now time.Time) Step {
	step := wanted(s, now)
	if slices.Contains(s.Request.Prompt, "none") {
		return silently(step)
	}
	return step
}

// wanted is the first step that is still due, as if pages could be shown.
func wanted(s situation, now time.Time) Step {
	rules := []func(situation, time.Time) (Step, bool){
		attainable, identification, secondFactor, representation, permission,
	}
	for _, rule := range rules {
		if step, due := rule(s, now); due {
			return step
		}
	}
	return Step{Kind: StepIssue}
}

// silently turns a step that needs a page into the error that prompt=none
// asks for (OpenID Connect Core §3.1.2.6).
func silently(step Step) Step {
	switch step.Kind {
	case StepIdentify, StepFactor:
		return refuse("login_required", "The person must sign in.")
	case StepOrganisation:
		return refuse("interaction_required", "The person must choose an organisation.")
	case StepConsent:
		return refuse("consent_required", "The person must accept the scopes.")
	default:
		return step
	}
}

func refuse(code, reason string) Step {
	return Step{Kind: StepRefuse, Error: code, Reason: reason}
}

// attainable ends a sign-in that nobody could finish: the demanded assurance
// is above every factor that this server verifies (RFC 9470 §5).
func attainable(s situation, _ time.Time) (Step, bool) {
	switch {
	case slices.Contains(s.Request.Prompt, "none") && len(s.Request.Prompt) > 1:
		return refuse("invalid_request", "prompt=none goes with no other value."), true
	case demanded(s) > highest:
		return refuse("unmet_authentication_requirements", "The demanded acr cannot be reached."), true
	default:
		return Step{}, false
	}
}

// identification asks who it is: nobody yet, somebody else, or again because
// the application wants it fresh.
func identification(s situation, now time.Time) (Step, bool) {
	ask := func(notice string) (Step, bool) { return Step{Kind: StepIdentify, Notice: notice}, true }
	here := s.Progress.IdentifiedAt != 0
	switch {
	case s.Session == nil:
		return ask("")
	case s.Progress.PersonID != "" && s.Progress.PersonID != s.Session.PersonID:
		return ask(noticeOtherPerson)
	case s.Progress.Again:
		return ask("")
	case stranger(s) && here:
		return refuse("login_required", "Another person signed in than id_token_hint names."), true
	case stranger(s):
		return ask(noticeOtherPerson)
	case wantsFresh(s.Request) && !here:
		return ask(noticeSignInAgain)
	case tooOld(s, now) && !here:
		return ask(noticeSignInAgain)
	case s.Session.Proven(since(s, now)).Level < session.One:
		return ask(noticeSignInAgain)
	case outsider(s) && !here:
		return ask(noticeNotMember)
	default:
		return Step{}, false
	}
}

// secondFactor asks for one when what was proved is not enough.
func secondFactor(s situation, now time.Time) (Step, bool) {
	if s.Session.Proven(since(s, now)).Level >= demanded(s) {
		return Step{}, false
	}
	return Step{Kind: StepFactor, Factor: offered(s.Prover, s.Progress.Wanted)}, true
}

// representation asks on whose behalf, when the scopes speak of an
// organisation. One that the application named is never replaced by another.
func representation(s situation, _ time.Time) (Step, bool) {
	switch {
	case !s.Request.NeedsOrganisation:
		return Step{}, false
	case outsider(s):
		return refuse("access_denied", "The person is not a member of the organisation asked for."), true
	case s.Organisation == nil:
		return Step{Kind: StepOrganisation}, true
	case session.LevelOf(s.Organisation.RequiredACR) <= highest:
		return Step{}, false
	case s.Request.Organisation != "":
		return refuse("unmet_authentication_requirements", "The organisation demands an acr that cannot be reached."), true
	default:
		return Step{Kind: StepOrganisation, Notice: noticeOrganisationACR}, true
	}
}

// permission asks whether the application may have the scopes. Our own
// applications need no leave; prompt=consent asks all the same.
func permission(s situation, _ time.Time) (Step, bool) {
	asked := slices.Contains(s.Request.Prompt, "consent")
	switch {
	case s.Progress.Consented:
		return Step{}, false
	case asked, !s.Request.FirstParty && !s.Consented:
		return Step{Kind: StepConsent}, true
	default:
		return Step{}, false
	}
}

// outsider tells that the application named an organisation of which the
// person is no active member.
func outsider(s situation) bool {
	return s.Request.NeedsOrganisation && s.Request.Organisation != "" && s.Organisation == nil
}

// stranger tells that id_token_hint names another person than the session's
// (OpenID Connect Core §3.1.2.1).
func stranger(s situation) bool {
	return s.Request.HintSubject != "" && s.Request.HintSubject != s.Session.PersonID
}

// wantsFresh tells that a session alone does not do. We have no page that
// lists accounts, so select_account is answered by identifying.
func wantsFresh(r *oauth.AuthorizationRequest) bool {
	return slices.Contains(r.Prompt, "login") || slices.Contains(r.Prompt, "select_account")
}

// tooOld tells that the password was proved longer ago than max_age allows
// (OpenID Connect Core §3.1.2.1).
func tooOld(s situation, now time.Time) bool {
	if s.Request.MaxAge == nil {
		return false
	}
	return s.Session.ProvedAt(session.Password) < oldest(*s.Request.MaxAge, now)
}

// since is the time before which a proof does not count for this sign-in:
// fresh means proved within the attempt, max_age moves it to now - max_age.
// What was proved within the attempt stays good however slowly it goes on.
func since(s situation, now time.Time) storage.Time {
	here := s.Progress.IdentifiedAt
	switch {
	case wantsFresh(s.Request):
		return here
	case s.Request.MaxAge == nil:
		return 0
	case here != 0:
		return min(here, oldest(*s.Request.MaxAge, now))
	default:
		return oldest(*s.Request.MaxAge, now)
	}
}

// oldest is now - maxAge; maxAge is in seconds and may be absurdly long.
func oldest(maxAge int64, now time.Time) storage.Time {
	const century = 100 * 365 * 24 * 60 * 60
	return storage.Of(now.Add(-time.Duration(min(max(maxAge, 0), century)) * time.Second))
}

// demanded is the level that client, application, organisation and person
// together ask for. Acting for an organisation takes two factors always, and
// who has connected an authenticator is always asked for a second factor.
func demanded(s situation) session.Level {
	l := max(session.One, session.LevelOf(s.Request.ClientRequiredACR), preferred(s.Request.ACRValues))
	if s.Request.NeedsOrganisation || s.Prover.TOTP {
		l = max(l, session.Two)
	}
	return l
}

// preferred is the level that acr_values ask for: the first that can be
// reached. Values that we do not know are passed over, since acr_values is a
// wish (OpenID Connect Core §3.1.2.1); known ones of which none can be reached
// give that level, for attainable to refuse.
func preferred(acrValues []string) session.Level {
	first := session.None
	for _, acr := range acrValues {
		l := session.LevelOf(acr)
		if l != session.None && l <= highest {
			return l
		}
		if first == session.None {
			first = l
		}
	}
	return first
}

// offered is the second factor to ask for: the one asked for by the person
// when he has it, else the strongest he has, else connecting an authenticator.
func offered(p prover, wanted session.Factor) session.Factor {
	have := p.factors()
	switch {
	case slices.Contains(have, wanted):
		return wanted
	case len(have) > 0:
		return have[0]
	default:
		return session.Enrol
	}
}

// factors lists the second factors that the person has, strongest first.
func (p prover) factors() []session.Factor {
	var have []session.Factor
	if p.TOTP {
		have = append(have, session.TOTP)
	}
	if p.Phone {
		have = append(have, session.SMS)
	}
	if p.Email {
		have = append(have, session.Email)
	}
	return have
}
