package idp

import (
	"testing"
	"time"

	"propusk/idp/directory"
	"propusk/idp/oauth"
	"propusk/idp/session"
)

// The operators' console is entered by a passkey or a certificate and by nothing else,
// whatever else the session has proved.
func TestNextForTheConsole(t *testing.T) {
	t.Parallel()
	proof := func(f session.Factor, d time.Duration) session.Proof { return session.Proof{Factor: f, At: ago(d)} }
	var (
		console  = &oauth.AuthorizationRequest{NeedsOperator: true, FirstParty: true}
		aged     = &oauth.AuthorizationRequest{NeedsOperator: true, FirstParty: true, MaxAge: secondsAfter(900)}
		fresh    = &oauth.AuthorizationRequest{NeedsOperator: true, FirstParty: true, Prompt: []string{"login"}}
		silent   = &oauth.AuthorizationRequest{NeedsOperator: true, FirstParty: true, Prompt: []string{"none"}}
		here     = progress{PersonID: "elena", IdentifiedAt: ago(time.Minute)}
		key      = signedIn(proof(session.Passkey, time.Minute))
		sealed   = signedIn(proof(session.Certificate, time.Minute))
		identify = Step{Kind: StepIdentify}
		stronger = Step{Kind: StepIdentify, Notice: noticeOperatorFactors}
		again    = Step{Kind: StepIdentify, Notice: noticeSignInAgain}
		issue    = Step{Kind: StepIssue}
	)
	for name, c := range map[string]struct {
		s    situation
		want Step
	}{
		"nobody":                         {situation{Request: console}, identify},
		"a passkey":                      {situation{Request: console, Session: key, Operator: true}, issue},
		"a certificate":                  {situation{Request: console, Session: sealed, Operator: true}, issue},
		"a password":                     {situation{Request: console, Session: signedIn(pwd(time.Minute)), Operator: true}, stronger},
		"a password, just now":           {situation{Request: console, Session: signedIn(pwd(0)), Operator: true, Progress: here}, stronger},
		"password and code":              {situation{Request: console, Session: signedIn(pwd(0), appCode(0)), Operator: true, Progress: here}, stronger},
		"a recovery code":                {situation{Request: console, Session: signedIn(pwd(0), proof(session.RecoveryCode, 0)), Operator: true}, stronger},
		"a text message":                 {situation{Request: console, Session: signedIn(pwd(0), proof(session.SMS, 0)), Operator: true}, stronger},
		"a trusted device":               {situation{Request: console, Session: signedIn(pwd(0), proof(session.Device, 0)), Operator: true, Device: machine{Trusted: true}}, stronger},
		"password, silently":             {situation{Request: silent, Session: signedIn(pwd(0)), Operator: true}, refuse("login_required", "")},
		"an old passkey, fresh password": {situation{Request: aged, Session: signedIn(proof(session.Passkey, time.Hour), pwd(0)), Operator: true, Progress: here}, stronger},
		"an old passkey":                 {situation{Request: aged, Session: signedIn(proof(session.Passkey, time.Hour)), Operator: true}, again},
		"prompt=login, password only":    {situation{Request: fresh, Session: signedIn(proof(session.Passkey, time.Hour), pwd(0)), Operator: true, Progress: here}, stronger},
		"no operator":                    {situation{Request: console, Session: key}, refuse("access_denied", "")},
		"no operator, by password":       {situation{Request: console, Session: signedIn(pwd(0))}, stronger},
		"an authenticator changes nothing": {
			situation{Request: console, Session: key, Operator: true, Prover: prover{TOTP: true}, Owed: directory.Obligations{AddFactor: true}}, issue,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := next(c.s, at)
			got.Reason = ""
			if got != c.want {
				t.Errorf("next = %+v, want %+v", got, c.want)
			}
		})
	}
}

// What the tokens show is what counted: no password beside a passkey.
func TestConsoleShowsOnlyWhatCounted(t *testing.T) {
	t.Parallel()
	s := situation{
		Request: &oauth.AuthorizationRequest{NeedsOperator: true},
		Session: signedIn(session.Proof{Factor: session.Passkey, At: ago(time.Minute)}, pwd(time.Hour), appCode(0)),
	}
	got := proven(s, at)
	if got.Level != session.Two || len(got.AMR) != 3 || got.AMR[0] != "pop" || got.AMR[1] != "user" || got.AMR[2] != "mfa" || got.AuthTime != ago(time.Minute) {
		t.Errorf("proven = %+v", got)
	}
}
