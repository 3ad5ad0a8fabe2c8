package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// authenticator is Chromium's virtual one in one tab: it holds passkeys, asks
// nobody, and verifies its user.
type authenticator struct {
	e  *eyes
	id webauthn.AuthenticatorID
}

// callIn runs a command of the DevTools protocol in the tab.
func callIn[P, R any](e *eyes, command cdp.Command[P, R], params P) R {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(e.ctx, patience)
	defer cancel()
	result, err := chromedp.Call(ctx, command, params)
	if err != nil {
		e.t.Fatalf("%s: %v", command.Method, err)
	}
	return result
}

func (e *eyes) authenticator() *authenticator {
	e.t.Helper()
	callIn(e, webauthn.Enable, webauthn.EnableParams{})
	added := callIn(e, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
		Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		},
	})
	return &authenticator{e, added.AuthenticatorID}
}

// passkey is the one that the authenticator holds, private key and all.
func (a *authenticator) passkey() *webauthn.Credential {
	a.e.t.Helper()
	held := callIn(a.e, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: a.id}).Credentials
	if len(held) != 1 {
		a.e.t.Fatalf("the authenticator holds %d passkeys", len(held))
	}
	return held[0]
}

// putting is WebAuthn.addCredential with the fields that every Chromium takes.
type putting struct {
	AuthenticatorID webauthn.AuthenticatorID `json:"authenticatorId"`
	Credential      struct {
		ID         []byte  `json:"credentialId"`
		Resident   bool    `json:"isResidentCredential"`
		RpID       string  `json:"rpId"`
		PrivateKey []byte  `json:"privateKey"`
		UserHandle []byte  `json:"userHandle"`
		SignCount  float64 `json:"signCount"`
	} `json:"credential"`
}

// hold puts a passkey in the place of what the authenticator holds.
func (a *authenticator) hold(c *webauthn.Credential) {
	a.e.t.Helper()
	callIn(a.e, webauthn.ClearCredentials, webauthn.ClearCredentialsParams{AuthenticatorID: a.id})
	p := putting{AuthenticatorID: a.id}
	p.Credential.ID, p.Credential.Resident, p.Credential.RpID = c.CredentialID, true, c.RpID
	p.Credential.PrivateKey, p.Credential.UserHandle, p.Credential.SignCount = c.PrivateKey, c.UserHandle, c.SignCount
	callIn(a.e, cdp.Command[putting, cdp.Empty]{Method: webauthn.CommandAddCredential}, p)
}

// asks begins a sign-in that an earlier one does not answer.
func (e *eyes) asks(s *site) authorization {
	e.t.Helper()
	asked := s.authorization(s.webClient(e.t), url.Values{"prompt": {"login"}})
	e.open(asked.url)
	return asked
}

// passes goes on through organisation and consent until the application has its
// answer, and gives the claims of the ID token.
func (e *eyes) passes(s *site, asked authorization, u *user) map[string]any {
	e.t.Helper()
	steps := map[string]string{
		`input[name=organisation]`:              `input[name=organisation][value="` + u.Organisations[0].ID + `"]`,
		`button[name=decision][value=accept]`:   `button[name=decision][value=accept]`,
		`form[data-passkey=create] [name=name]`: `button[name=decision][value=later]`,
	}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if strings.HasPrefix(e.location(), asked.redirectURI) {
			return e.redeems(s, asked)
		}
		for step, choice := range steps {
			if !e.evaluates(fmt.Sprintf(`!!document.querySelector(%q)`, step)) {
				continue
			}
			e.click(choice)
			if strings.HasPrefix(choice, "input") {
				e.click(`main form button:not([name]):not([type=button])`)
			}
			e.do("go on", chromedp.WaitNotPresent(chromedp.CSS(step)))
		}
	}
	e.t.Fatalf("the sign-in does not go on at %s: %s", e.location(), e.text())
	return nil
}

func (e *eyes) redeems(s *site, asked authorization) map[string]any {
	e.t.Helper()
	answer, err := url.Parse(e.location())
	if err != nil {
		e.t.Fatal(err)
	}
	got := s.tokens(e.t, s.webClient(e.t), url.Values{
		"grant_type": {"authorization_code"}, "code": {asked.code(e.t, s.Issuer, answer)},
		"redirect_uri": {asked.redirectURI}, "code_verifier": {asked.verifier},
	})
	return tokenClaims(e.t, got.IDToken)
}

// checkPasskeySignIn reads that a passkey counted as two factors.
func checkPasskeySignIn(t *testing.T, claims map[string]any, u *user) {
	t.Helper()
	amr, _ := claims["amr"].([]any)
	if claims["sub"] != u.ID || claims["acr"] != "urn:propusk:2" || !slices.Contains(amr, any("pop")) || slices.Contains(amr, any("pwd")) {
		t.Errorf("signed in as %v with %v by %v, want %s with urn:propusk:2 by a passkey alone", claims["sub"], claims["acr"], amr, u)
	}
}

const offered = `form[data-passkey=get]`

// answer has the tab's authenticator answer the options, as any page may ask
// it to, and gives what the browser says: a credential as JSON, or an error.
func (e *eyes) answer(options string) string {
	e.t.Helper()
	const perform = `(async (json) => {
		const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
		const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
		const publicKey = JSON.parse(json).publicKey;
		publicKey.challenge = bytes(publicKey.challenge);
		try {
			const c = await navigator.credentials.get({ publicKey });
			const response = {};
			for (const name of ["clientDataJSON", "authenticatorData", "signature", "userHandle"]) response[name] = text(c.response[name]);
			return JSON.stringify({ id: c.id, rawId: text(c.rawId), type: c.type, clientExtensionResults: {}, response });
		} catch (error) {
			return error.name;
		}
	})`
	quoted, err := json.Marshal(options)
	if err != nil {
		e.t.Fatal(err)
	}
	return ask(e, "ask the authenticator", chromedp.Evaluate[string](perform+"("+string(quoted)+")", chromedp.EvalAwaitPromise))
}

// options are those of the page's ceremony.
func (e *eyes) options() string {
	e.t.Helper()
	e.do("wait for the passkey", chromedp.WaitReady(chromedp.CSS(offered)))
	return ask(e, "read the options", chromedp.Evaluate[string](`document.querySelector("`+offered+`").dataset.options`))
}

// sends posts a credential by the page's form, past its script.
func (e *eyes) sends(credential string) {
	e.t.Helper()
	quoted, err := json.Marshal(credential)
	if err != nil {
		e.t.Fatal(err)
	}
	e.do("send the credential", chromedp.Evaluate[chromedp.Void](
		`{ const form = document.querySelector("`+offered+`"); form.elements.credential.value = `+string(quoted)+`; HTMLFormElement.prototype.submit.call(form); }`))
}

// refused waits for the sign-in page to say why it did not take the passkey.
func (e *eyes) refused(name string, words ...string) {
	e.t.Helper()
	e.at(name, `[role=alert]`)
	e.says(words...)
	if !strings.Contains(e.location(), "/signin") {
		e.t.Errorf("%s: the browser is at %s", name, e.location())
	}
}

// TestPasskeyInChromium connects a passkey at the offer after a sign-in, and
// signs in with it: on the login field, by the button, and as it must not be.
func TestPasskeyInChromium(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		e := openEyes(t, "passkey")
		a, u := e.authenticator(), s.memberOfTwo(t)
		e.connectsPasskey(s, a, u)

		// On the login field: the browser offers it, and nobody presses anything.
		checkPasskeySignIn(t, e.passes(s, e.asks(s), u), u)

		// In a browser that does not know autofill of passkeys, by the button.
		callIn(e, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{
			Source: `PublicKeyCredential.isConditionalMediationAvailable = async () => false`,
		})
		asked := e.asks(s)
		e.at("sign-in-with-a-passkey", offered+` button`)
		e.click(offered + ` button`)
		checkPasskeySignIn(t, e.passes(s, asked, u), u)

		e.replays(s, u)
		e.phishes(s, a)
		e.clones(s, a)
	})
}

// connectsPasskey signs in with password and code and takes the offer.
func (e *eyes) connectsPasskey(s *site, a *authenticator, u *user) {
	e.t.Helper()
	asked := s.authorization(s.webClient(e.t), nil)
	e.open(asked.url)
	e.enterPassword(u)
	e.do("wait for the code", chromedp.WaitVisible(chromedp.CSS(`input[name=code]`)))
	e.enterCode(u.code(e.t))
	e.do("wait for the organisation", chromedp.WaitVisible(chromedp.CSS(`input[name=organisation]`)))
	e.chooseOrganisation(u.Organisations[0].ID)
	e.at("passkey-offer", `form[data-passkey=create] button`)
	e.click(`form[data-passkey=create] button`)
	e.do("connect", chromedp.WaitNotPresent(chromedp.CSS(`form[data-passkey=create]`)))
	if got := e.passes(s, asked, u); got["sub"] != u.ID {
		e.t.Errorf("signed in as %v", got["sub"])
	}
	if c := a.passkey(); !c.IsResidentCredential || c.RpID != "localhost" || string(c.UserHandle) != u.ID {
		e.t.Errorf("the authenticator holds a passkey for %s of %q", c.RpID, c.UserHandle)
	}
}

// replays sends a credential that signed in once more.
func (e *eyes) replays(s *site, u *user) {
	e.t.Helper()
	asked := e.asks(s)
	credential := e.answer(e.options())
	e.sends(credential)
	checkPasskeySignIn(e.t, e.passes(s, asked, u), u)
	e.asks(s)
	e.options()
	e.sends(credential)
	e.refused("passkey-replayed", "Ключ доступа не подошёл")
}

// phishes has another site, which was given the challenge of this one, ask for
// the passkey. Its name is the same but for the port, so the browser lets it.
func (e *eyes) phishes(s *site, a *authenticator) {
	e.t.Helper()
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("<!doctype html><title>Пропуск</title>"))
	}))
	e.t.Cleanup(evil.Close)
	e.asks(s)
	options := e.options()
	lured := openEyes(e.t, "passkey")
	lured.authenticator().hold(a.passkey())
	lured.open(strings.Replace(evil.URL, "127.0.0.1", "localhost", 1))
	credential := lured.answer(options)
	if !strings.HasPrefix(credential, "{") {
		e.t.Fatalf("another port of this machine gets no credential: %s", credential)
	}
	e.sends(credential)
	e.refused("passkey-of-another-origin", "Ключ доступа не подошёл")
	// A site of another name may not even ask.
	lured.open(evil.URL)
	if got := lured.answer(options); got != "SecurityError" {
		e.t.Errorf("a site of another name is answered %.40s", got)
	}
}

// clones signs in with a copy of the key whose counter lags behind: the passkey
// is locked, for the copy and for the original.
func (e *eyes) clones(s *site, a *authenticator) {
	e.t.Helper()
	original := *a.passkey()
	behind := original
	behind.SignCount = 1
	a.hold(&behind)
	e.asks(s)
	e.do("wait for the button", chromedp.WaitVisible(chromedp.CSS(offered+` button`)))
	e.click(offered + ` button`)
	e.refused("passkey-cloned", "Этот ключ доступа закрыт")
	original.SignCount += 10
	a.hold(&original)
	e.asks(s)
	e.do("wait for the button", chromedp.WaitVisible(chromedp.CSS(offered+` button`)))
	e.click(offered + ` button`)
	e.refused("passkey-locked", "Этот ключ доступа закрыт")
}
