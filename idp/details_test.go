package idp

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/idp/client"
	"propusk/idp/directory"
	"propusk/idp/oauth"
	"propusk/idp/session"
)

// reporter is somebody else's application that asks for access within limits.
func (h *house) reporter() (secret string) {
	h.t.Helper()
	_, secret, err := h.provider.Clients().Create(h.ctx(), oauth.Client{
		ID: "reporter", Name: "Отчёт", NameEN: "Report", RedirectURIs: []string{redirect}, GrantTypes: []string{oauth.GrantAuthorizationCode},
		Scope:         "openid email organization filings:read filings:write filings:sign extracts:read powers:read powers:write",
		TokenMetadata: client.TokenMetadata{DetailTypes: directory.DetailTypes()},
	})
	h.check(err)
	return secret
}

const wishes = `[
	{"type":"urn:propusk:filing","actions":["write","sign"],"kinds":["NO_NDS","NO_PRIB"],"recipients":["7707"],"max_sum":123456750},
	{"type":"urn:propusk:extract"},
	{"type":"urn:propusk:power","actions":["grant"],"powers":["2_FNS02"],"max_sum":100,"max_days":30}]`

// RFC 9396 §8, §12: what is asked for is shown with its limits, in plain words, in both
// languages.
func TestTheConsentPageSaysTheLimitsInPlainWords(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	h.reporter()
	for lang, texts := range map[string][]string{
		"ru": {
			"Отчётность: готовить, подписывать и отправлять", "NO_NDS", "NO_PRIB", "Отправлять только в инспекции: 7707.",
			"Сумма, заявленная в одном отчёте: не больше 1\u00a0234\u00a0567,50\u00a0₽.",
			"Заказывать и получать выписки и справки", "Любые выписки и справки.", "Доверенности: выдавать",
			"Выдавать только такие полномочия: Подписание и представление налоговых деклараций и другой отчётности.",
			"Сумма одного действия по доверенности: не больше 1,00\u00a0₽.", "Срок доверенности в днях: не больше 30.",
		},
		"en": {
			"Reports: prepare, sign and send", "Send to these tax offices only: 7707.", "The sum claimed in one report: 1,234,567.50\u00a0₽ at most.",
			"Extracts and certificates", "Powers of attorney: grant", "The term of a power in days: 30 at most.",
		},
	} {
		v := h.visitor()
		page := v.choose(v.signInElena(v.begin("reporter", "scope", "openid", "authorization_details", wishes, "ui_locales", lang)), h.north.ID).is("/signin/consent")
		shown := strings.ToLower(strings.ReplaceAll(page.body, "&#34;", `"`))
		for _, text := range texts {
			if text == "Extracts and certificates" {
				text = "Order and receive extracts and certificates"
			}
			if !strings.Contains(shown, strings.ToLower(text)) {
				t.Errorf("%s: the page does not say %q: %s", lang, text, page.text())
			}
		}
		for _, whole := range []string{"filings:write", "powers:write"} {
			if strings.Contains(shown, whole) {
				t.Errorf("%s: the page shows %s without its limits", lang, whole)
			}
		}
		h.clock.Advance(time.Minute)
	}
}

// RFC 9396 §6: the person narrows, and what is unticked is not granted.
func TestThePersonNarrowsOnTheConsentPage(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	secret := h.reporter()
	v := h.visitor()
	page := v.choose(v.signInElena(v.begin("reporter", "scope", "openid", "authorization_details", wishes)), h.north.ID).is("/signin/consent")
	form := page.form("/signin/consent")
	if !slices.Equal(form["detail"], []string{"0", "1", "2"}) || !slices.Equal(form["kind"], []string{"0:NO_NDS", "0:NO_PRIB"}) {
		t.Fatalf("the page has the boxes %v and %v", form["detail"], form["kind"])
	}
	form["decision"], form["detail"], form["kind"] = []string{"accept"}, []string{"0", "7"}, []string{"0:NO_NDS", "0:NO_USN"}
	got := claims(t, h.redeem("reporter", secret, v.post("/signin/consent", form).lead()).AccessToken)
	details, _ := got["authorization_details"].([]any)
	if len(details) != 1 || got["scope"] != "openid filings:sign filings:write" {
		t.Fatalf("the token has %v, scope %v", details, got["scope"])
	}
	if kinds := details[0].(map[string]any)["kinds"].([]any); len(kinds) != 1 || kinds[0] != "NO_NDS" {
		t.Errorf("the kinds are %v", kinds)
	}

	// What was allowed is not asked for again; more is.
	v.begin("reporter", "scope", "openid", "organization", h.north.ID, "authorization_details",
		`[{"type":"urn:propusk:filing","actions":["write"],"kinds":["NO_NDS"],"recipients":["7707"],"max_sum":1}]`).lead()
	v.begin("reporter", "scope", "openid filings:write", "organization", h.north.ID).is("/signin/consent")
	page = v.begin("reporter", "scope", "openid", "organization", h.north.ID, "authorization_details", wishes).is("/signin/consent")
	form = page.form("/signin/consent")
	form["decision"], form["detail"], form["kind"] = []string{"accept"}, []string{"0"}, nil // the detail without a kind
	got = claims(t, h.redeem("reporter", secret, v.post("/signin/consent", form).lead()).AccessToken)
	if got["authorization_details"] != nil || got["scope"] != "openid" || got["org"] != nil {
		t.Errorf("a detail without a kind gives %v", got)
	}
}

func TestWhoUnticksEverythingHasRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	h.reporter()
	v := h.visitor()
	page := v.choose(v.signInElena(v.begin("reporter", "scope", "", "authorization_details", wishes)), h.north.ID).is("/signin/consent")
	form := page.form("/signin/consent")
	form["decision"], form["detail"] = []string{"accept"}, nil
	v.post("/signin/consent", form).refused("access_denied")
}

// OpenID Connect Core §5.5.1.1: the token shows one of the essential values, or there is
// none.
func TestAnEssentialACRIsShownOrTheSignInFails(t *testing.T) {
	t.Parallel()
	const one, two, qualified = directory.ACROneFactor, directory.ACRTwoFactors, directory.ACRQualified
	weak, strong := signedIn(pwd(time.Minute)), signedIn(pwd(time.Minute), appCode(30*time.Second))
	for name, test := range map[string]struct {
		s     situation
		kind  StepKind
		shown string
	}{
		"met":                              {situation{Request: &oauth.AuthorizationRequest{EssentialACR: []string{two}}, Session: strong}, StepIssue, two},
		"met by more than was asked":       {situation{Request: &oauth.AuthorizationRequest{EssentialACR: []string{one}}, Session: strong}, StepIssue, one},
		"several, the highest shown":       {situation{Request: &oauth.AuthorizationRequest{EssentialACR: []string{one, two}}, Session: strong}, StepIssue, two},
		"not met yet: step up":             {situation{Request: &oauth.AuthorizationRequest{EssentialACR: []string{two}}, Session: weak, Prover: prover{Phone: true}}, StepFactor, ""},
		"a certificate":                    {situation{Request: &oauth.AuthorizationRequest{EssentialACR: []string{qualified}}, Session: strong}, StepFactor, ""},
		"unknown":                          {situation{Request: &oauth.AuthorizationRequest{EssentialACR: []string{"x"}}, Session: strong}, StepRefuse, ""},
		"out of reach":                     {situation{NoCertificates: true, Request: &oauth.AuthorizationRequest{EssentialACR: []string{qualified}}, Session: strong}, StepRefuse, ""},
		"below what the application needs": {situation{Request: &oauth.AuthorizationRequest{EssentialACR: []string{one}, ClientRequiredACR: two}, Session: strong}, StepRefuse, ""},
		"unknown beside one that is known": {situation{Request: &oauth.AuthorizationRequest{EssentialACR: []string{"x", two}}, Session: strong}, StepIssue, two},
	} {
		test.s.Request.FirstParty = true
		step := next(test.s, at)
		if step.Kind != test.kind || step.Kind == StepRefuse && step.Error != "unmet_authentication_requirements" {
			t.Errorf("%s: %+v", name, step)
		}
		if test.shown != "" {
			if got := shownLevel(test.s, proven(test.s, at).Level).ACR(); got != test.shown {
				t.Errorf("%s: shown is %s", name, got)
			}
		}
	}
	if got := shownLevel(situation{Request: &oauth.AuthorizationRequest{}}, session.Two); got != session.Two {
		t.Errorf("without an essential acr %v is shown", got)
	}
}

// OpenID Connect Front-Channel Logout §2 to §5: the page frames who learnt of the session,
// its policy names them and nobody else, and the browser goes on.
func TestSigningOutFramesTheApplicationsThatLearntOfTheSession(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	at := must(url.Parse(redirect))
	origin := at.Scheme + "://" + at.Host
	_, secret, err := h.provider.Clients().Create(h.ctx(), oauth.Client{
		ID: "framed", Name: "Рамка", FirstParty: true, RedirectURIs: []string{redirect}, PostLogoutRedirectURIs: []string{goodbye}, Scope: "openid organization",
		TokenMetadata: client.TokenMetadata{FrontchannelLogoutURI: origin + "/front?x=1"},
	})
	h.check(err)
	v := h.visitor()
	answer := h.redeem("framed", secret, v.choose(v.signInElena(v.begin("framed")), h.north.ID).lead())
	sid, _ := claims(t, answer.IDToken)["sid"].(string)
	got := v.get(logoutURL("id_token_hint", answer.IDToken, "post_logout_redirect_uri", goodbye, "state", "s"))
	if got.status != http.StatusOK || got.header.Get("Refresh") != "3; url="+goodbye+"?state=s" {
		t.Fatalf("%d, goes on to %q", got.status, got.header.Get("Refresh"))
	}
	policy := got.header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "; frame-src "+origin+"; ") || strings.Contains(policy, "*") {
		t.Errorf("the policy is %s", policy)
	}
	frame := origin + "/front?x=1&amp;" + strings.ReplaceAll(url.Values{"iss": {"https://id.example"}, "sid": {sid}}.Encode(), "&", "&amp;")
	if sid == "" || !strings.Contains(got.body, `src="`+frame+`"`) || strings.Count(got.body, "<iframe") != 1 {
		t.Errorf("the page frames %s, want %s", got.body, frame)
	}
	if again := v.get(logoutURL("client_id", "framed", "post_logout_redirect_uri", goodbye)); again.away == nil {
		t.Errorf("signed out already, it frames again: %d", again.status)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
