package idp

import (
	"net/netip"
	"slices"
	"time"

	"propusk/idp/directory"
	"propusk/idp/oauth"
	"propusk/idp/pages"
	"propusk/idp/session"
	"propusk/storage"
)

// StepKind names what happens next in a sign-in.
type StepKind string

// The steps, in the order in which a sign-in meets them.
const (
	StepIdentify     StepKind = "identify"     // login and password, passkey or certificate
	StepFactor       StepKind = "factor"       // more proof: Step.Factor
	StepConfirm      StepKind = "confirm"      // it looks unusual: once more, Step.Factor
	StepPassword     StepKind = "password"     // a new password is demanded, or advised
	StepOrganisation StepKind = "organisation" // on whose behalf
	StepPIN          StepKind = "pin"          // the organisation's PIN
	StepConnect      StepKind = "connect"      // a passkey is offered
	StepConsent      StepKind = "consent"      // may the application have it
	StepIssue        StepKind = "issue"        // code to the application
	StepRefuse       StepKind = "refuse"       // error to the application
)

// Step is what next decided.
type Step struct {
	Kind   StepKind
	Factor session.Factor // StepFactor, StepConfirm: which one to ask for
	Notice string         // catalogue key: why a person who is signed in is asked again
	Why    string         // StepPassword: one of pages.Reason…
	Set    bool           // StepPIN: the person has none yet
	Advice bool           // StepPassword, StepConnect: the person may go on without
	Error  string         // StepRefuse: the error code of RFC 6749 §4.1.2.1 or OpenID Connect Core §3.1.2.6
	Reason string         // StepRefuse: error_description
}

// progress is what this attempt itself has seen; it is kept with the attempt.
// The zero value is an attempt that nobody has answered yet.
type progress struct {
	PersonID       string       // whose attempt it is; "" until it meets a session
	IdentifiedAt   storage.Time // when somebody proved here who he is
	Again          bool         // the person asked to sign in as somebody else
	OrganisationID string       // chosen on the page, or named by the login itself
	Consented      bool         // accepted on the page, for OrganisationID
	// Details are what of the request's authorization details was accepted.
	Details     directory.Details
	Wanted      session.Factor   // the factor asked for instead of the first on offer
	Unavailable []session.Factor // could not be asked for: a channel is down
	Postponed   bool             // a new password was advised, and put off
	Breached    bool             // the password given here stands on a list of stolen ones
	Offered     bool             // a passkey was offered, and taken or declined
	Trust       bool             // "do not ask on this device" was ticked
}

// organisation is the one that this sign-in acts for, of which the person is
// an active member.
type organisation struct {
	ID     string
	Policy directory.Policy
	HasPIN bool // the person has set one
}

// machine is what is known of the browser's device, for the session's person.
type machine struct {
	Trusted  bool // it stands in for the second factor
	Passkeys bool // it said that it can make passkeys, and nobody told it not to ask
}

// situation is everything that next may look at.
type situation struct {
	Request      *oauth.AuthorizationRequest
	Progress     progress
	Session      *session.Session      // nil = nobody is signed in in this browser
	Prover       prover                // of the session's person
	Owed         directory.Obligations // of the session's person
	PasswordAge  time.Duration         // of the session's person; 0 = there is none
	Organisation *organisation         // chosen or asked for; nil = none yet, or not a member of it
	Operator     bool                  // the session's person is one, of the house
	Consented    bool                  // the person accepted this client, organisation and scopes before
	Device       machine
	Address      netip.Addr // the zero Addr = not known
	// NoCertificates: no certificate can be verified here, so that nobody reaches
	// the level of one.
	NoCertificates bool
}

// next decides what comes next in a sign-in: prompt, max_age, acr_values and
// the policies of client and organisation are weighed here and nowhere else.
// It is pure; the dispatcher acts on the answer.
func next(s situation, now time.Time) Step {
	rules := []func(situation, time.Time) (Step, bool){
		sensible, identification, moreProof, confirmation, newPassword,
		operation, representation, pin, connection, permission,
	}
	for _, rule := range rules {
		step, due := rule(s, now)
		switch {
		case !due, step.Advice && silent(s):
		case silent(s):
			return silently(step)
		default:
			return step
		}
	}
	return Step{Kind: StepIssue}
}

func silent(s situation) bool { return slices.Contains(s.Request.Prompt, "none") }

// silently turns a step that needs a page into the error that prompt=none
// asks for (OpenID Connect Core §3.1.2.6).
func silently(step Step) Step {
	switch step.Kind {
	case StepIdentify, StepFactor, StepConfirm, StepPassword:
		return refuse("login_required", "The person must sign in.")
	case StepOrganisation:
		return refuse("interaction_required", "The person must choose an organisation.")
	case StepPIN:
		return refuse("interaction_required", "The person must enter the PIN of the organisation.")
	case StepConsent:
		return refuse("consent_required", "The person must accept the scopes.")
	default:
		return step
	}
}

func refuse(code, reason string) Step {
	return Step{Kind: StepRefuse, Error: code, Reason: reason}
}

// sensible ends a sign-in that contradicts itself, or that nobody could finish:
// the demanded assurance is above every factor that is verified here (RFC 9470
// §5).
func sensible(s situation, _ time.Time) (Step, bool) {
	switch {
	case silent(s) && len(s.Request.Prompt) > 1:
		return refuse("invalid_request", "prompt=none goes with no other value."), true
	case max(session.LevelOf(s.Request.ClientRequiredACR), preferred(s)) > highest(s):
		return refuse("unmet_authentication_requirements", "The demanded acr cannot be reached."), true
	case len(s.Request.EssentialACR) > 0 && essential(s) == session.None:
		return refuse("unmet_authentication_requirements", "None of the essential values of acr can be shown."), true
	default:
		return Step{}, false
	}
}

// identification asks who it is: nobody yet, somebody else, or again because
// the application wants it fresh or the organisation takes no such proof.
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
	case weighed(s, now).Level < session.One && s.Request.NeedsOperator:
		return ask(noticeOperatorFactors)
	case weighed(s, now).Level < session.One:
		return ask(noticeSignInAgain)
	case outsider(s) && !here:
		return ask(noticeNotMember)
	case unmeetable(s):
		return Step{}, false // representation says so
	case proven(s, now).Level < session.One:
		return ask(noticeOrganisationFactors)
	default:
		return Step{}, false
	}
}

// moreProof asks for it when what was proved is not enough: a certificate where
// nothing less will do, else a second factor, for which a trusted device may
// stand in.
func moreProof(s situation, now time.Time) (Step, bool) {
	level, wanted := proven(s, now).Level, demanded(s)
	switch {
	case level >= wanted, unmeetable(s):
		return Step{}, false
	case wanted == session.Qualified:
		return Step{Kind: StepFactor, Factor: session.Certificate}, true
	case trusts(s) && s.Session.ProvedAt(session.Device) < max(since(s, now), 1):
		return Step{Kind: StepFactor, Factor: session.Device}, true
	default:
		return Step{Kind: StepFactor, Factor: offered(s, now)}, true
	}
}

// confirmation asks once more when the session was begun in an unusual way and
// what was proved in it since could have been taken from the person: see
// convinced. It is the session that waits, not the attempt: beginning another
// one is no way round.
func confirmation(s situation, now time.Time) (Step, bool) {
	if len(s.Session.Unusual.V) == 0 || convinced(s) {
		return Step{}, false
	}
	f := confirming(s)
	if f == "" {
		return Step{}, false // there is nothing else to ask for; the person is told
	}
	return Step{Kind: StepConfirm, Factor: f}, true
}

// newPassword asks for one that is owed, or older than the organisation takes,
// and advises one that is older than it should be.
func newPassword(s situation, now time.Time) (Step, bool) {
	policy := directory.DefaultPolicy()
	if s.Organisation != nil {
		policy = s.Organisation.Policy
	}
	used := s.Session.ProvedAt(session.Password) >= max(since(s, now), 1)
	aged := used && s.PasswordAge > policy.PasswordMaxAge
	switch {
	case s.Owed.ChangePassword && s.Progress.Breached:
		return Step{Kind: StepPassword, Why: pages.ReasonBreached}, true
	case s.Owed.ChangePassword:
		return Step{Kind: StepPassword, Why: pages.ReasonRecovered}, true
	case aged && policy.PasswordAgeEnforced:
		return Step{Kind: StepPassword, Why: pages.ReasonAged}, true
	case aged && s.Progress.IdentifiedAt != 0 && !s.Progress.Postponed:
		return Step{Kind: StepPassword, Why: pages.ReasonAged, Advice: true}, true
	default:
		return Step{}, false
	}
}

// operation lets none but the house's operators into their console. By what they
// signed in, the proofs that count have decided.
func operation(s situation, _ time.Time) (Step, bool) {
	if s.Request.NeedsOperator && !s.Operator {
		return refuse("access_denied", "The person is no operator of the house."), true
	}
	return Step{}, false
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
	}
	notice := closed(s, s.Organisation.Policy)
	switch {
	case notice == "":
		return Step{}, false
	case s.Request.Organisation == "":
		return Step{Kind: StepOrganisation, Notice: notice}, true
	case notice == noticeOrganisationNetwork:
		return refuse("access_denied", "The organisation is not entered from this network."), true
	default:
		return refuse("unmet_authentication_requirements", "The person has no factor that the organisation takes."), true
	}
}

// pin asks for the organisation's PIN, once a session and organisation.
func pin(s situation, now time.Time) (Step, bool) {
	if s.Organisation == nil || !s.Organisation.Policy.PIN {
		return Step{}, false
	}
	for _, p := range s.Session.Proofs.V {
		if p.Factor == session.PIN && p.Credential == s.Organisation.ID && p.At >= since(s, now) {
			return Step{}, false
		}
	}
	return Step{Kind: StepPIN, Set: !s.Organisation.HasPIN}, true
}

// connection offers a passkey to who has none and signed in here by other means.
// Only a sign-in as strong as the account allows may add a factor: a stolen
// password, alone or at the owner's trusted device, must not become two factors.
func connection(s situation, now time.Time) (Step, bool) {
	here := s.Progress.IdentifiedAt
	switch {
	case here == 0, s.Progress.Offered, !s.Device.Passkeys, s.Prover.Passkey, s.Request.ClientID == "":
		return Step{}, false
	case max(s.Session.ProvedAt(session.Password), s.Session.ProvedAt(session.Certificate)) < here:
		return Step{}, false
	case shown(s, now).Level < session.Two && len(s.Prover.factors()) > 0:
		return Step{}, false
	default:
		return Step{Kind: StepConnect, Advice: true}, true
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
