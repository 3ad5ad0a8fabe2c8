package idp

import (
	"net/netip"
	"testing"
	"time"

	"propusk/idp/directory"
	"propusk/idp/oauth"
	"propusk/idp/pages"
	"propusk/idp/session"
)

func proved(f session.Factor, d time.Duration) session.Proof {
	return session.Proof{Factor: f, At: ago(d), Credential: "one"}
}

// of is an organisation whose policy is the default but for what change makes of it.
func of(change func(p *directory.Policy)) *organisation {
	p := directory.DefaultPolicy()
	change(&p)
	return &organisation{ID: "north", Policy: p}
}

// steps runs a table of situations of a first-party request for an organisation
// unless a case says otherwise.
type stepCase struct {
	name string
	s    situation
	want Step
}

func runSteps(t *testing.T, tests []stepCase) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := test.s
			if s.Request == nil {
				s.Request = &oauth.AuthorizationRequest{ClientID: "app", NeedsOrganisation: true, FirstParty: true}
			}
			got := next(s, at)
			got.Reason = ""
			if got != test.want {
				t.Errorf("next = %+v, want %+v", got, test.want)
			}
		})
	}
}

var (
	stepIssue  = Step{Kind: StepIssue}
	stepChoose = Step{Kind: StepOrganisation}
	hereNow    = progress{PersonID: "elena", IdentifiedAt: ago(time.Minute)}
	plain      = &oauth.AuthorizationRequest{ClientID: "app", FirstParty: true}
)

func ask(f session.Factor) Step { return Step{Kind: StepFactor, Factor: f} }

func TestNextWeighsPasskeysAndCertificates(t *testing.T) {
	t.Parallel()
	key, cert := signedIn(proved(session.Passkey, time.Minute)), signedIn(proved(session.Certificate, time.Minute))
	qualified := &oauth.AuthorizationRequest{ClientID: "app", FirstParty: true, ClientRequiredACR: directory.ACRQualified}
	all := prover{TOTP: true, Phone: true, Email: true, Passkey: true, Recovery: true, Certificate: true, Password: true}
	runSteps(t, []stepCase{
		{"a passkey is two factors", situation{Session: key}, stepChoose},
		{"a certificate is enough for everything", situation{Session: cert, Request: qualified}, stepIssue},
		{"a passkey is not a certificate", situation{Session: key, Request: qualified}, ask(session.Certificate)},
		{"nor are two factors", situation{Session: signedIn(pwd(0), appCode(0)), Request: qualified}, ask(session.Certificate)},
		{"nobody yet, and a certificate is wanted", situation{Request: qualified}, Step{Kind: StepIdentify}},
		{"an authenticator is not asked for after a passkey", situation{Session: key, Prover: all, Request: plain}, stepIssue},
		{"a passkey before codes that can be read by others", situation{Session: signedIn(pwd(0)), Prover: prover{Passkey: true, Phone: true}}, ask(session.Passkey)},
		{"a code on paper is for an emergency", situation{Session: signedIn(pwd(0)), Prover: prover{Email: true, Recovery: true}}, ask(session.Email)},
		{"unless there is nothing else", situation{Session: signedIn(pwd(0)), Prover: prover{Recovery: true}}, ask(session.RecoveryCode)},
		{"or it is asked for", situation{Session: signedIn(pwd(0)), Prover: all, Progress: progress{Wanted: session.RecoveryCode}}, ask(session.RecoveryCode)},
		{"what cannot be sent gives way", situation{Session: signedIn(pwd(0)), Prover: prover{Phone: true, Email: true}, Progress: progress{Unavailable: []session.Factor{session.SMS}}}, ask(session.Email)},
		{"the only one stays", situation{Session: signedIn(pwd(0)), Prover: prover{Phone: true}, Progress: progress{Unavailable: []session.Factor{session.SMS}}}, ask(session.SMS)},
		{"a second factor is owed after a recovery", situation{Session: signedIn(pwd(0)), Request: plain, Owed: directory.Obligations{AddFactor: true}}, ask(session.Enrol)},
	})
}

// A trusted device stands in for the second factor in a plain sign-in, and for
// nothing more.
func TestNextTrustedDevice(t *testing.T) {
	t.Parallel()
	trusted := machine{Trusted: true}
	has := prover{TOTP: true}
	one := signedIn(pwd(time.Minute))
	two := signedIn(pwd(time.Minute), proved(session.Device, 0))
	with := func(change func(r *oauth.AuthorizationRequest)) *oauth.AuthorizationRequest {
		r := *plain
		change(&r)
		return &r
	}
	runSteps(t, []stepCase{
		{"it stands in", situation{Session: one, Prover: has, Device: trusted, Request: plain}, ask(session.Device)},
		{"it stood in", situation{Session: two, Prover: has, Device: trusted, Request: plain}, stepIssue},
		{"and opens organisations", situation{Session: two, Prover: has, Device: trusted}, stepChoose},
		{"its trust was taken back", situation{Session: two, Prover: has, Request: plain}, ask(session.TOTP)},
		{"the organisation forbids it", situation{Session: two, Prover: has, Device: trusted, Organisation: of(func(p *directory.Policy) { p.TrustedDevices = false })}, ask(session.TOTP)},
		{"never for a fresh sign-in", situation{Session: one, Progress: hereNow, Prover: has, Device: trusted, Request: with(func(r *oauth.AuthorizationRequest) { r.Prompt = []string{"login"} })}, ask(session.TOTP)},
		{"never for max_age", situation{Session: two, Prover: has, Device: trusted, Request: with(func(r *oauth.AuthorizationRequest) { r.MaxAge = secondsAfter(300) })}, ask(session.TOTP)},
		{"never where two factors are asked for by name", situation{Session: two, Prover: has, Device: trusted, Request: with(func(r *oauth.AuthorizationRequest) { r.ACRValues = []string{directory.ACRTwoFactors} })}, ask(session.TOTP)},
		{"nor by the client", situation{Session: two, Prover: has, Device: trusted, Request: with(func(r *oauth.AuthorizationRequest) { r.ClientRequiredACR = directory.ACRTwoFactors })}, ask(session.TOTP)},
		{"never for a certificate", situation{Session: two, Prover: has, Device: trusted, Request: with(func(r *oauth.AuthorizationRequest) { r.ClientRequiredACR = directory.ACRQualified })}, ask(session.Certificate)},
		{"never without a password", situation{Session: signedIn(proved(session.Device, 0)), Prover: has, Device: trusted, Request: plain}, Step{Kind: StepIdentify, Notice: noticeSignInAgain}},
		{"prompt=none does nothing in silence", situation{Session: one, Prover: has, Device: trusted, Request: with(func(r *oauth.AuthorizationRequest) { r.Prompt = []string{"none"} })}, Step{Kind: StepRefuse, Error: "login_required"}},
	})
}

func TestNextOrganisationPolicy(t *testing.T) {
	t.Parallel()
	two := signedIn(pwd(time.Minute), proved(session.SMS, time.Minute))
	has := prover{Phone: true, Email: true, Password: true}
	only := func(factors ...string) *organisation { return of(func(p *directory.Policy) { p.Factors = factors }) }
	office := of(func(p *directory.Policy) { p.Networks = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} })
	named := &oauth.AuthorizationRequest{ClientID: "app", NeedsOrganisation: true, FirstParty: true, Organisation: "north"}
	runSteps(t, []stepCase{
		{"a factor it takes", situation{Session: two, Prover: has, Organisation: only("password", "sms")}, stepIssue},
		{"a second factor it does not take", situation{Session: two, Prover: has, Organisation: only("password", "email")}, ask(session.Email)},
		{"an authenticator may be connected once another factor is proved", situation{Session: two, Prover: has, Organisation: only("password", "totp")}, ask(session.Enrol)},
		{"and not before", situation{Session: signedIn(pwd(0)), Prover: has, Organisation: only("password", "totp")}, ask(session.SMS)},
		{"nor after a trusted device alone", situation{Session: signedIn(pwd(time.Minute), proved(session.Device, 2*time.Hour)), Prover: has, Device: machine{Trusted: true}, Organisation: of(func(p *directory.Policy) { p.Factors, p.Absolute = []string{"password", "totp"}, time.Hour })}, ask(session.SMS)},
		{"it takes no passwords", situation{Session: two, Prover: prover{Phone: true, Passkey: true, Password: true}, Organisation: only("passkey")}, Step{Kind: StepIdentify, Notice: noticeOrganisationFactors}},
		{"a passkey it takes", situation{Session: signedIn(proved(session.Passkey, 0)), Prover: prover{Passkey: true}, Organisation: only("passkey")}, stepIssue},
		{"it takes what the person has not", situation{Session: two, Prover: has, Organisation: only("passkey")}, Step{Kind: StepOrganisation, Notice: noticeOrganisationACR}},
		{"the same, named by the application", situation{Session: two, Prover: has, Organisation: only("passkey"), Request: named}, Step{Kind: StepRefuse, Error: "unmet_authentication_requirements"}},
		{"a certificate it demands", situation{Session: two, Prover: has, Organisation: &organisation{ID: "vault", Policy: demanding(directory.ACRQualified)}}, ask(session.Certificate)},
		{"from its network", situation{Session: two, Prover: has, Organisation: office, Address: netip.MustParseAddr("192.0.2.7")}, stepIssue},
		{"from elsewhere", situation{Session: two, Prover: has, Organisation: office, Address: netip.MustParseAddr("203.0.113.7")}, Step{Kind: StepOrganisation, Notice: noticeOrganisationNetwork}},
		{"from elsewhere, named", situation{Session: two, Prover: has, Organisation: office, Request: named}, Step{Kind: StepRefuse, Error: "access_denied"}},
		{"older than it takes", situation{Session: signedIn(pwd(2*time.Hour), appCode(2*time.Hour)), Prover: has, Organisation: of(func(p *directory.Policy) { p.Absolute = time.Hour })}, Step{Kind: StepIdentify, Notice: noticeOrganisationFactors}},
		{"a PIN, the first time", situation{Session: two, Prover: has, Organisation: of(func(p *directory.Policy) { p.PIN = true })}, Step{Kind: StepPIN, Set: true}},
		{"a PIN", situation{Session: two, Prover: has, Organisation: &organisation{ID: "north", HasPIN: true, Policy: directory.Policy{PIN: true, TrustedDevices: true}}}, Step{Kind: StepPIN}},
		{"a PIN of this organisation", situation{Session: signedIn(pwd(0), appCode(0), session.Proof{Factor: session.PIN, At: ago(0), Credential: "north"}), Prover: has, Organisation: of(func(p *directory.Policy) { p.PIN = true })}, stepIssue},
		{"a PIN of another", situation{Session: signedIn(pwd(0), appCode(0), session.Proof{Factor: session.PIN, At: ago(0), Credential: "south"}), Prover: has, Organisation: of(func(p *directory.Policy) { p.PIN = true })}, Step{Kind: StepPIN, Set: true}},
	})
}

func TestNextAsksForANewPassword(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	two := signedIn(pwd(time.Minute), appCode(0))
	enforced := of(func(p *directory.Policy) { p.PasswordAgeEnforced, p.PasswordMaxAge = true, 30*day })
	aged := Step{Kind: StepPassword, Why: pages.ReasonAged}
	runSteps(t, []stepCase{
		{"owed after a recovery", situation{Session: two, Owed: directory.Obligations{ChangePassword: true}}, Step{Kind: StepPassword, Why: pages.ReasonRecovered}},
		{"owed since it was stolen", situation{Session: two, Progress: progress{Breached: true}, Owed: directory.Obligations{ChangePassword: true}}, Step{Kind: StepPassword, Why: pages.ReasonBreached}},
		{"not before the second factor", situation{Session: signedIn(pwd(0)), Prover: prover{TOTP: true}, Owed: directory.Obligations{ChangePassword: true}}, ask(session.TOTP)},
		{"too old for the organisation", situation{Session: two, PasswordAge: 31 * day, Organisation: enforced}, aged},
		{"young enough", situation{Session: two, PasswordAge: 30 * day, Organisation: enforced}, stepIssue},
		{"a passkey has no password", situation{Session: signedIn(proved(session.Passkey, 0)), PasswordAge: 99 * day, Organisation: enforced}, stepIssue},
		{"advised", situation{Session: two, Progress: hereNow, PasswordAge: 91 * day}, Step{Kind: StepPassword, Why: pages.ReasonAged, Advice: true}},
		{"put off", situation{Session: two, Progress: progress{PersonID: "elena", IdentifiedAt: ago(time.Minute), Postponed: true}, PasswordAge: 91 * day}, stepChoose},
		{"putting off is no way round a rule", situation{Session: two, Progress: progress{PersonID: "elena", IdentifiedAt: ago(time.Minute), Postponed: true}, PasswordAge: 91 * day, Organisation: enforced}, aged},
		{"not advised in silence", situation{Session: two, Progress: hereNow, PasswordAge: 91 * day, Request: &oauth.AuthorizationRequest{ClientID: "app", FirstParty: true, Prompt: []string{"none"}}}, stepIssue},
	})
}

// What is unusual is confirmed by what was not proved since.
func TestNextConfirmsTheUnusual(t *testing.T) {
	t.Parallel()
	odd := func(reasons []string, proofs ...session.Proof) *session.Session {
		s := signedIn(proofs...)
		s.Unusual.V = reasons
		return s
	}
	has := prover{Phone: true, Email: true}
	confirm := func(f session.Factor) Step { return Step{Kind: StepConfirm, Factor: f} }
	device, country, travel := []string{pages.UnusualDevice}, []string{pages.UnusualDevice, pages.UnusualCountry}, []string{pages.UnusualTravel}
	mine, sms := pwd(time.Minute), proved(session.SMS, 0)
	runSteps(t, []stepCase{
		{"a password alone on a new device", situation{Request: plain, Session: odd(device, mine), Prover: has, Progress: hereNow}, confirm(session.SMS)},
		{"in whatever attempt", situation{Request: plain, Session: odd(device, mine), Prover: has}, confirm(session.SMS)},
		{"by the factor asked for", situation{Request: plain, Session: odd(device, mine), Prover: has, Progress: progress{Wanted: session.Email}}, confirm(session.Email)},
		{"with a second factor it is confirmed", situation{Request: plain, Session: odd(country, mine, sms), Prover: has}, stepIssue},
		{"nobody travels that fast", situation{Request: plain, Session: odd(travel, mine, sms), Prover: has}, confirm(session.Email)},
		{"a passkey cannot be phished", situation{Request: plain, Session: odd(travel, proved(session.Passkey, 0)), Prover: has}, stepIssue},
		{"nothing left to ask for", situation{Request: plain, Session: odd(travel, mine, sms), Prover: prover{Phone: true}}, stepIssue},
		{"a second factor of before does not confirm", situation{Request: plain, Session: odd(device, mine, appCode(time.Hour)), Prover: has}, confirm(session.SMS)},
		{"a trusted device does not confirm", situation{Request: plain, Session: odd(country, mine, proved(session.Device, 0)), Prover: has, Device: machine{Trusted: true}}, confirm(session.SMS)},
		{"prompt=none", situation{Request: &oauth.AuthorizationRequest{FirstParty: true, Prompt: []string{"none"}}, Session: odd(device, mine), Prover: has}, Step{Kind: StepRefuse, Error: "login_required"}},
		{"naming an organisation of few factors is no way round", situation{Session: odd(travel, mine, appCode(0)), Prover: prover{TOTP: true, Phone: true, Password: true}, Organisation: of(func(p *directory.Policy) { p.Factors = []string{"password", "totp"} })}, confirm(session.SMS)},
	})
}

// A passkey is offered where it makes nobody stronger than he has shown to be.
func TestNextOffersAPasskey(t *testing.T) {
	t.Parallel()
	able := machine{Passkeys: true}
	offer := Step{Kind: StepConnect, Advice: true}
	done := hereNow
	done.Offered = true
	one, two := signedIn(pwd(time.Minute)), signedIn(pwd(time.Minute), appCode(0))
	runSteps(t, []stepCase{
		{"after two factors", situation{Request: plain, Session: two, Progress: hereNow, Prover: prover{Phone: true}, Device: able}, offer},
		{"after a certificate", situation{Request: plain, Session: signedIn(proved(session.Certificate, 0)), Progress: hereNow, Device: able}, offer},
		{"after a password, where there is nothing else", situation{Request: plain, Session: one, Progress: hereNow, Device: able}, offer},
		{"not to a password alone, where there is a phone", situation{Request: plain, Session: one, Progress: hereNow, Prover: prover{Phone: true}, Device: able}, stepIssue},
		{"not to a trusted device", situation{Request: plain, Session: signedIn(pwd(time.Minute), proved(session.Device, 0)), Progress: hereNow, Prover: prover{Phone: true}, Device: machine{Trusted: true, Passkeys: true}}, stepIssue},
		{"not where browsers cannot", situation{Request: plain, Session: two, Progress: hereNow}, stepIssue},
		{"not to who has one", situation{Request: plain, Session: two, Progress: hereNow, Prover: prover{Passkey: true}, Device: able}, stepIssue},
		{"not twice", situation{Request: plain, Session: two, Progress: done, Device: able}, stepIssue},
		{"not to a session of before", situation{Request: plain, Session: two, Device: able}, stepIssue},
		{"not on the way to a page of ours", situation{Request: &oauth.AuthorizationRequest{FirstParty: true}, Session: two, Progress: hereNow, Device: able}, stepIssue},
	})
}
