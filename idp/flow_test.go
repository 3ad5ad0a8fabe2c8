package idp

import (
	"testing"
	"time"

	"propusk/idp/directory"
	"propusk/idp/oauth"
	"propusk/idp/session"
	"propusk/storage"
)

// at is the moment of the flow tests; ago is so much earlier.
var at = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) storage.Time { return storage.Of(at.Add(-d)) }

// signedIn is Elena's session with these proofs.
func signedIn(proofs ...session.Proof) *session.Session {
	return &session.Session{ID: "session", PersonID: "elena", Proofs: storage.JSON[[]session.Proof]{V: proofs}}
}

func pwd(d time.Duration) session.Proof     { return session.Proof{Factor: session.Password, At: ago(d)} }
func appCode(d time.Duration) session.Proof { return session.Proof{Factor: session.TOTP, At: ago(d)} }

// demanding is the policy of an organisation that demands a level.
func demanding(acr string) directory.Policy {
	p := directory.DefaultPolicy()
	p.RequiredACR = acr
	return p
}

func secondsAfter(n int64) *int64 { return &n }

// Each case says only what differs from a request of our own application for
// `openid`, with nobody signed in.
func TestNext(t *testing.T) {
	t.Parallel()
	type request = oauth.AuthorizationRequest
	var (
		identify = Step{Kind: StepIdentify}
		again    = Step{Kind: StepIdentify, Notice: noticeSignInAgain}
		other    = Step{Kind: StepIdentify, Notice: noticeOtherPerson}
		outside  = Step{Kind: StepIdentify, Notice: noticeNotMember}
		choose   = Step{Kind: StepOrganisation}
		agree    = Step{Kind: StepConsent}
		issue    = Step{Kind: StepIssue}

		one    = signedIn(pwd(time.Minute))
		two    = signedIn(pwd(time.Minute), appCode(30*time.Second))
		oldTwo = signedIn(pwd(3*time.Hour), appCode(3*time.Hour))

		north     = &organisation{ID: "north", Policy: directory.DefaultPolicy()}
		qualified = &organisation{ID: "vault", Policy: demanding(directory.ACRQualified)}
		phone     = prover{Phone: true}
		all       = prover{TOTP: true, Phone: true, Email: true}
		here      = progress{PersonID: "elena", IdentifiedAt: ago(time.Minute)}
	)
	factor := func(f session.Factor) Step { return Step{Kind: StepFactor, Factor: f} }
	no := func(code string) Step { return Step{Kind: StepRefuse, Error: code} }

	tests := []struct {
		name string
		s    situation
		want Step
	}{
		// Who is it?
		{"nobody is signed in", situation{}, identify},
		{"a session does", situation{Session: one}, issue},
		{"another tab signed somebody else in", situation{Session: one, Progress: progress{PersonID: "pavel"}}, other},
		{"the person asked to switch", situation{Session: two, Progress: progress{Again: true}}, identify},
		{"a session without a password is none", situation{Session: signedIn(appCode(0))}, again},
		{"a session without proofs", situation{Session: signedIn()}, again},

		// prompt (OpenID Connect Core §3.1.2.1)
		{"prompt=login with a session", situation{Request: &request{Prompt: []string{"login"}}, Session: two}, again},
		{"prompt=login, proved in this attempt", situation{Request: &request{Prompt: []string{"login"}}, Session: one, Progress: here}, issue},
		{"prompt=login, met but not proved in this attempt", situation{Request: &request{Prompt: []string{"login"}}, Session: one, Progress: progress{PersonID: "elena"}}, again},
		{
			"prompt=login wants the second factor fresh too",
			situation{
				Request: &request{Prompt: []string{"login"}, NeedsOrganisation: true}, Progress: here, Prover: phone,
				Session: signedIn(pwd(time.Minute), appCode(time.Hour)),
			},
			factor(session.SMS),
		},
		{"select_account with a session", situation{Request: &request{Prompt: []string{"select_account"}}, Session: two}, again},
		{"select_account, chosen", situation{Request: &request{Prompt: []string{"select_account"}}, Session: one, Progress: here}, issue},
		{"prompt=consent asks even for our own", situation{Request: &request{Prompt: []string{"consent"}}, Session: one, Consented: true}, agree},
		{"prompt=consent, accepted here", situation{Request: &request{Prompt: []string{"consent"}}, Session: one, Progress: progress{Consented: true}}, issue},
		{"prompt=login consent asks both, login first", situation{Request: &request{Prompt: []string{"login", "consent"}}, Session: one}, again},
		{"prompt=login consent, then consent", situation{Request: &request{Prompt: []string{"login", "consent"}}, Session: one, Progress: here}, agree},

		// prompt=none with anything pending (§3.1.2.6)
		{"none, nobody", situation{Request: &request{Prompt: []string{"none"}}}, no("login_required")},
		{"none, signed in", situation{Request: &request{Prompt: []string{"none"}}, Session: one}, issue},
		{"none, second factor due", situation{Request: &request{Prompt: []string{"none"}, ClientRequiredACR: directory.ACRTwoFactors}, Session: one, Prover: phone}, no("login_required")},
		{"none, organisation due", situation{Request: &request{Prompt: []string{"none"}, NeedsOrganisation: true}, Session: two}, no("interaction_required")},
		{"none, organisation named", situation{Request: &request{Prompt: []string{"none"}, NeedsOrganisation: true, Organisation: "north"}, Session: two, Organisation: north}, issue},
		{"none, organisation of others", situation{Request: &request{Prompt: []string{"none"}, NeedsOrganisation: true, Organisation: "south"}, Session: two}, no("login_required")},
		{"none, consent due", situation{Request: &request{Prompt: []string{"none"}, ClientID: "theirs"}, Session: one}, no("consent_required")},
		{"none, too old", situation{Request: &request{Prompt: []string{"none"}, MaxAge: secondsAfter(60)}, Session: oldTwo}, no("login_required")},
		{"none, another person than hinted", situation{Request: &request{Prompt: []string{"none"}, HintSubject: "pavel"}, Session: two}, no("login_required")},
		{"none with something else", situation{Request: &request{Prompt: []string{"none", "login"}}, Session: two}, no("invalid_request")},
		{"none, acr out of reach", situation{NoCertificates: true, Request: &request{Prompt: []string{"none"}, ACRValues: []string{directory.ACRQualified}}}, no("unmet_authentication_requirements")},

		// id_token_hint
		{"hint names the session's person", situation{Request: &request{HintSubject: "elena"}, Session: one}, issue},
		{"hint names another", situation{Request: &request{HintSubject: "pavel"}, Session: one}, other},
		{"hint names another, proved all the same", situation{Request: &request{HintSubject: "pavel"}, Session: one, Progress: here}, no("login_required")},

		// max_age
		{"max_age with a young session", situation{Request: &request{MaxAge: secondsAfter(120)}, Session: one}, issue},
		{"max_age with an old one", situation{Request: &request{MaxAge: secondsAfter(120)}, Session: oldTwo}, again},
		{"max_age at its last moment", situation{Request: &request{MaxAge: secondsAfter(60)}, Session: one}, issue},
		{"max_age=0 asks", situation{Request: &request{MaxAge: secondsAfter(0)}, Session: one}, again},
		{"max_age=0, proved here, is done", situation{Request: &request{MaxAge: secondsAfter(0)}, Session: one, Progress: here}, issue},
		{"max_age does not punish the slow", situation{Request: &request{MaxAge: secondsAfter(10)}, Session: one, Progress: here}, issue},
		{"max_age beyond any clock", situation{Request: &request{MaxAge: secondsAfter(1 << 62)}, Session: one}, issue},
		{
			"max_age wants the second factor young too",
			situation{
				Request: &request{MaxAge: secondsAfter(120), ClientRequiredACR: directory.ACRTwoFactors}, Prover: phone,
				Session: signedIn(pwd(time.Minute), appCode(time.Hour)),
			},
			factor(session.SMS),
		},
		{
			"max_age is of the password, not of a later code",
			situation{Request: &request{MaxAge: secondsAfter(120)}, Session: signedIn(pwd(time.Hour), appCode(time.Minute))},
			again,
		},

		// How much proof?
		{"client demands two", situation{Request: &request{ClientRequiredACR: directory.ACRTwoFactors}, Session: one, Prover: phone}, factor(session.SMS)},
		{"client demands two, proved", situation{Request: &request{ClientRequiredACR: directory.ACRTwoFactors}, Session: two}, issue},
		{"acr_values ask for two", situation{Request: &request{ACRValues: []string{directory.ACRTwoFactors}}, Session: one, Prover: phone}, factor(session.SMS)},
		{"acr_values prefer one", situation{Request: &request{ACRValues: []string{directory.ACROneFactor, directory.ACRTwoFactors}}, Session: one}, issue},
		{"acr_values do not lower the client's demand", situation{Request: &request{ACRValues: []string{directory.ACROneFactor}, ClientRequiredACR: directory.ACRTwoFactors}, Session: one, Prover: phone}, factor(session.SMS)},
		{"acr_values that we do not know", situation{Request: &request{ACRValues: []string{"1", "2"}}, Session: one}, issue},
		{"acr_values out of reach, then two", situation{NoCertificates: true, Request: &request{ACRValues: []string{directory.ACRQualified, directory.ACRTwoFactors}}, Session: one, Prover: phone}, factor(session.SMS)},
		{"acr_values out of reach", situation{NoCertificates: true, Request: &request{ACRValues: []string{directory.ACRQualified}}}, no("unmet_authentication_requirements")},
		{"client out of reach", situation{NoCertificates: true, Request: &request{ClientRequiredACR: directory.ACRQualified}, Session: two}, no("unmet_authentication_requirements")},
		{"an authenticator is always asked for", situation{Session: one, Prover: prover{TOTP: true}}, factor(session.TOTP)},
		{"an authenticator, proved", situation{Session: two, Prover: prover{TOTP: true}}, issue},
		{"a phone alone is not", situation{Session: one, Prover: phone}, issue},
		{"two codes are not two factors", situation{Request: &request{NeedsOrganisation: true}, Session: signedIn(appCode(0), session.Proof{Factor: session.Email, At: ago(0)}), Prover: phone}, again},

		// Which second factor?
		{"authenticator first", situation{Request: &request{NeedsOrganisation: true}, Session: one, Prover: all}, factor(session.TOTP)},
		{"then SMS", situation{Request: &request{NeedsOrganisation: true}, Session: one, Prover: prover{Phone: true, Email: true}}, factor(session.SMS)},
		{"then e-mail", situation{Request: &request{NeedsOrganisation: true}, Session: one, Prover: prover{Email: true}}, factor(session.Email)},
		{"else connect one", situation{Request: &request{NeedsOrganisation: true}, Session: one}, factor(session.Enrol)},
		{"the one asked for", situation{Request: &request{NeedsOrganisation: true}, Session: one, Prover: all, Progress: progress{Wanted: session.Email}}, factor(session.Email)},
		{"one asked for that he has not", situation{Request: &request{NeedsOrganisation: true}, Session: one, Prover: phone, Progress: progress{Wanted: session.Email}}, factor(session.SMS)},
		{"connecting another one is no way round", situation{Request: &request{NeedsOrganisation: true}, Session: one, Prover: phone, Progress: progress{Wanted: session.Enrol}}, factor(session.SMS)},
		{"the password again is no second factor", situation{Request: &request{NeedsOrganisation: true}, Session: one, Prover: phone, Progress: progress{Wanted: session.Password}}, factor(session.SMS)},

		// On whose behalf?
		{"an organisation takes two factors before its choice", situation{Request: &request{NeedsOrganisation: true}, Session: one, Prover: phone, Organisation: north}, factor(session.SMS)},
		{"choose", situation{Request: &request{NeedsOrganisation: true}, Session: two}, choose},
		{"chosen", situation{Request: &request{NeedsOrganisation: true}, Session: two, Organisation: north}, issue},
		{"chosen once, no member any more", situation{Request: &request{NeedsOrganisation: true}, Session: two, Progress: progress{OrganisationID: "south"}}, choose},
		{"scopes without an organisation", situation{Session: two, Organisation: nil}, issue},
		{"named, not a member, signed in before", situation{Request: &request{NeedsOrganisation: true, Organisation: "south"}, Session: two}, outside},
		{
			"named, not a member, signed in for this",
			situation{
				Request: &request{NeedsOrganisation: true, Organisation: "south"}, Progress: here,
				Session: signedIn(pwd(time.Minute), appCode(0)),
			},
			no("access_denied"),
		},
		{"an organisation that demands a certificate", situation{NoCertificates: true, Request: &request{NeedsOrganisation: true}, Session: two, Organisation: qualified}, Step{Kind: StepOrganisation, Notice: noticeOrganisationACR}},
		{"the same, named", situation{NoCertificates: true, Request: &request{NeedsOrganisation: true, Organisation: "vault"}, Session: two, Organisation: qualified}, no("unmet_authentication_requirements")},

		// May the application?
		{"a stranger's application asks", situation{Request: &request{ClientID: "theirs"}, Session: one}, agree},
		{"accepted before", situation{Request: &request{ClientID: "theirs"}, Session: one, Consented: true}, issue},
		{"accepted here", situation{Request: &request{ClientID: "theirs"}, Session: one, Progress: progress{Consented: true}}, issue},
		{"organisation before consent", situation{Request: &request{ClientID: "theirs", NeedsOrganisation: true}, Session: two, Progress: progress{Consented: true}}, choose},
		{"consent does not replace signing in", situation{Request: &request{ClientID: "theirs"}, Progress: progress{Consented: true}}, identify},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := test.s
			if s.Request == nil {
				s.Request = &request{}
			}
			r := *s.Request
			r.FirstParty = r.ClientID == ""
			s.Request = &r
			got := next(s, at)
			got.Reason = ""
			if got != test.want {
				t.Errorf("next = %+v, want %+v", got, test.want)
			}
		})
	}
}

// Whatever is put together, a code is issued only to a session that has proved
// what was demanded, for an organisation when one is needed, and with leave.
func TestNextNeverIssuesTooEarly(t *testing.T) {
	t.Parallel()
	for s := range situations() {
		if next(s, at).Kind != StepIssue {
			continue
		}
		switch {
		case s.Session == nil:
			t.Fatalf("issued to nobody: %+v", s)
		case proven(s, at).Level < demanded(s):
			t.Fatalf("issued with too little proof: %+v", s)
		case s.Request.NeedsOrganisation && s.Organisation == nil:
			t.Fatalf("issued without organisation: %+v", s)
		case !s.Request.FirstParty && !s.Consented && !s.Progress.Consented:
			t.Fatalf("issued without leave: %+v", s)
		case s.Progress.PersonID != "" && s.Progress.PersonID != s.Session.PersonID:
			t.Fatalf("issued for another person than the attempt's: %+v", s)
		case s.Progress.Again:
			t.Fatalf("issued for whom the person wanted to leave: %+v", s)
		}
	}
}

// prompt=none never shows a page.
func TestNextNoneIsSilent(t *testing.T) {
	t.Parallel()
	for s := range situations() {
		s.Request.Prompt = []string{"none"}
		if step := next(s, at); step.Kind != StepIssue && step.Kind != StepRefuse {
			t.Fatalf("prompt=none gave %+v for %+v", step, s)
		}
	}
}

// situations yields every mixture of what the flow looks at.
func situations() func(yield func(situation) bool) {
	sessions := []*session.Session{nil, signedIn(), signedIn(appCode(0)), signedIn(pwd(0)), signedIn(pwd(time.Hour), appCode(time.Hour))}
	prompts := [][]string{nil, {"login"}, {"consent"}, {"select_account"}}
	ages := []*int64{nil, secondsAfter(0), secondsAfter(300)}
	progresses := []progress{
		{}, {Again: true},
		{PersonID: "elena", IdentifiedAt: ago(0)}, {PersonID: "pavel", IdentifiedAt: ago(0)},
		{PersonID: "elena", Consented: true}, {Consented: true, OrganisationID: "north"},
	}
	organisations := []*organisation{nil, {ID: "north", Policy: directory.DefaultPolicy()}, {ID: "vault", Policy: demanding(directory.ACRQualified)}}
	return func(yield func(situation) bool) {
		for _, session := range sessions {
			for _, prompt := range prompts {
				for _, age := range ages {
					for _, progress := range progresses {
						for _, organisation := range organisations {
							for bits := range 8 {
								s := situation{
									Request: &oauth.AuthorizationRequest{
										Prompt: prompt, MaxAge: age,
										NeedsOrganisation: bits&1 != 0, FirstParty: bits&2 != 0,
									},
									Progress: progress, Session: session, Organisation: organisation, Consented: bits&4 != 0,
								}
								if !yield(s) {
									return
								}
							}
						}
					}
				}
			}
		}
	}
}
