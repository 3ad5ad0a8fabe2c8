package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// holderSNILS is the accountant's on both sites.
const holderSNILS = "11244556627"

// eachCertified runs test on both engines, where the authority of the test is
// trusted: from the demo's own folder, and by `propusk trust import`.
func eachCertified(t *testing.T, test func(t *testing.T, s *site, a *authority, u *user)) {
	t.Helper()
	t.Run("sqlite and process", func(t *testing.T) {
		t.Parallel()
		data := t.TempDir()
		a := newAuthority(t, filepath.Join(data, "trust"), holderSNILS)
		s := demo(t, "--data", data)
		test(t, s, a, s.holder(t))
	})
	t.Run("postgres and redis", func(t *testing.T) {
		t.Parallel()
		a := newAuthority(t, t.TempDir(), holderSNILS)
		s := cluster(t)
		command(t, s.env, nil, "trust", "import", a.path("roots"), "--crls", a.path("crls"))
		s.awaitCertificates(t)
		test(t, s, a, s.holder(t))
	})
}

// listEnds finds until when each list of revoked certificates counts, 0 where none is held.
var listEnds = regexp.MustCompile(`(?m)^propusk_revocation_list_next_update_seconds\{.*\} (\S+)$`)

// awaitCertificates waits until the node has heard whom it trusts now, and holds the
// lists of all of them: it may hear of one after the other.
func (s *site) awaitCertificates(t *testing.T) {
	t.Helper()
	eventually(t, "trust in authorities and their lists", func() bool {
		p := newVisitor(t).get(s.authorization(s.webClient(t), nil).url, "")
		if !strings.Contains(p.body, "/signin/certificate?request=") {
			return false
		}
		_, metrics := fetch(t, s.Issuer+"/metrics")
		ends := listEnds.FindAllStringSubmatch(string(metrics), -1)
		return len(ends) > 0 && !slices.ContainsFunc(ends, func(end []string) bool { return end[1] == "0" })
	})
}

// holder is the person of the certificates.
func (s *site) holder(t *testing.T) *user {
	t.Helper()
	return s.userWith(t, "with the certificates' СНИЛС", func(u *user) bool { return u.SNILS == holderSNILS })
}

// TestSignInByUploadedSignature signs in without script, by a file that the
// openssl command signs, with each algorithm.
func TestSignInByUploadedSignature(t *testing.T) {
	t.Parallel()
	eachCertified(t, func(t *testing.T, s *site, a *authority, u *user) {
		c := s.webClient(t)
		for _, alg := range algorithms {
			v, asked := newVisitor(t), s.authorization(c, nil)
			p := v.signaturePage(asked)
			p = v.upload(p, a.sign(t, alg.name, v.challenge(p)), asked.redirectURI)
			for range 4 {
				if strings.HasPrefix(p.url.String(), asked.redirectURI) {
					break
				}
				p = v.step(p, asked.redirectURI, u, u.Organisations[0].ID)
			}
			s.checkQualified(t, c, asked, p.url, u)
		}
	})
}

// signaturePage goes from the authorization request to the page that asks for a
// signature.
func (v *visitor) signaturePage(asked authorization) page {
	v.t.Helper()
	p := v.get(asked.url, asked.redirectURI)
	f, ok := p.formWith("password")
	if !ok {
		v.t.Fatalf("no sign-in page: %s", text(p.body))
	}
	to, err := p.url.Parse("/signin/certificate?request=" + url.QueryEscape(f.fields["request"].value))
	if err != nil {
		v.t.Fatal(err)
	}
	if !strings.Contains(p.body, "/signin/certificate?request=") {
		v.t.Errorf("the sign-in page does not offer the certificate: %s", text(p.body))
	}
	return v.get(to.String(), asked.redirectURI)
}

// challenge downloads the file to be signed.
func (v *visitor) challenge(p page) []byte {
	v.t.Helper()
	f := v.signatureForm(p)
	f.action = "/signin/certificate/challenge"
	got := v.submit(p, f, nil, "")
	if got.status != http.StatusOK || !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") {
		v.t.Fatalf("no file to sign: status %d\n%s", got.status, text(got.body))
	}
	return []byte(got.body)
}

func (v *visitor) signatureForm(p page) form {
	v.t.Helper()
	for _, f := range p.forms() {
		if f.action == "/signin/certificate" {
			return f
		}
	}
	v.t.Fatalf("no form for a signature; status %d at %s:\n%s", p.status, p.url, text(p.body))
	return form{}
}

// upload sends the signature as the form does without script.
func (v *visitor) upload(p page, cms []byte, stopAt string) page {
	v.t.Helper()
	f := v.signatureForm(p)
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, name := range []string{"request", "challenge"} {
		if err := w.WriteField(name, f.fields[name].value); err != nil {
			v.t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile("signature", "challenge.txt.p7s")
	if err != nil {
		v.t.Fatal(err)
	}
	_, _ = part.Write(cms)
	_ = w.Close()
	to, err := p.url.Parse("/signin/certificate")
	if err != nil {
		v.t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, to.String(), &body)
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	req.Header.Set("Origin", to.Scheme+"://"+to.Host)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return v.do(req, stopAt)
}

// checkQualified redeems the code and reads how the person signed in.
func (s *site) checkQualified(t *testing.T, c client, asked authorization, answer *url.URL, u *user) {
	t.Helper()
	got := s.tokens(t, c, url.Values{
		"grant_type": {"authorization_code"}, "code": {asked.code(t, s.Issuer, answer)},
		"redirect_uri": {asked.redirectURI}, "code_verifier": {asked.verifier},
	})
	for name, token := range map[string]string{"ID token": got.IDToken, "access token": got.AccessToken} {
		claims := tokenClaims(t, token)
		if claims["acr"] != "urn:propusk:qualified" || claims["sub"] != u.ID {
			t.Errorf("the %s says %v of %v; want urn:propusk:qualified of %s", name, claims["acr"], claims["sub"], u)
		}
	}
}

// tokenClaims reads a token without checking it.
func tokenClaims(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %q", token)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// TestSignInByKeyFileInThePage chooses a .p12 in Chromium: the page opens it and
// signs, and neither the file nor its password leaves the browser.
func TestSignInByKeyFileInThePage(t *testing.T) {
	t.Parallel()
	eachCertified(t, func(t *testing.T, s *site, a *authority, u *user) {
		e := openEyes(t, "certificate-file")
		for _, name := range []string{"rsa-2048", "p-256"} {
			asked := e.signaturePage(s)
			e.click(`[data-way=file] > summary`)
			e.do("choose the file", chromedp.SetUploadFiles(chromedp.CSS(`#keyfile`), []string{a.p12(name)}))
			e.fill(`#keyword`, keyPassword)
			e.click(`[data-way=file] [data-find]`)
			e.at("certificate-in-a-file-"+name, `[data-way=file] [data-sign]`)
			e.click(`[data-way=file] [data-sign]`)
			e.finish(s, asked, u)
		}
	})
}

// TestSignInByPlugIn puts an object in the place of the CryptoPro plug-in, which
// returns what the openssl command signs with a GOST key.
func TestSignInByPlugIn(t *testing.T) {
	t.Parallel()
	eachCertified(t, func(t *testing.T, s *site, a *authority, u *user) {
		e := openEyes(t, "certificate-plug-in")
		asked := e.signaturePage(s)
		e.do("install the plug-in", chromedp.Evaluate[chromedp.Void](fmt.Sprintf(fakePlugin, holderSNILS)))
		e.click(`[data-way=plugin] > summary`)
		e.click(`[data-way=plugin] [data-find]`)
		e.at("certificate-in-the-plug-in", `[data-way=plugin] [data-sign]`)
		e.says("Владелец сертификата", "Просроченный")
		e.click(`[data-way=plugin] [data-sign]`)
		content, err := base64.StdEncoding.DecodeString(e.asked())
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(content), "Сайт: "+s.Issuer+"\r\n") {
			t.Errorf("the plug-in is asked to sign:\n%s", content)
		}
		cms := base64.StdEncoding.EncodeToString(a.sign(t, "gost-256", content))
		e.do("sign", chromedp.Evaluate[chromedp.Void](fmt.Sprintf("window.signed(%q)", cms)))
		e.finish(s, asked, u)
	})
}

// fakePlugin speaks as the asynchronous objects of CAdESCOM do; %s is the СНИЛС.
// What is to be signed is in window.toSign, the answer comes by window.signed.
const fakePlugin = `(() => {
	const soon = (value) => Promise.resolve(value);
	const certificate = (name, to) => ({
		SubjectName: soon("CN=" + name + ", СНИЛС=%s, C=RU"), IssuerName: soon("CN=E2E gost-256, C=RU"),
		ValidFromDate: soon("2020-01-01T00:00:00Z"), ValidToDate: soon(to), HasPrivateKey: () => soon(true),
		PublicKey: () => soon({ Algorithm: soon({ Value: soon("1.2.643.7.1.1.1.1") }) }),
	});
	const list = [certificate("Владелец сертификата", "2099-01-01T00:00:00Z"), certificate("Просроченный", "2021-01-01T00:00:00Z")];
	const objects = {
		"CAdESCOM.Store": { Open: () => soon(), Close: () => soon(), Certificates: soon({ Count: soon(list.length), Item: (i) => soon(list[i - 1]) }) },
		"CAdESCOM.CPSigner": { propset_Certificate: (c) => soon(window.signer = c), propset_Options: () => soon() },
		"CAdESCOM.CadesSignedData": {
			propset_ContentEncoding: () => soon(),
			propset_Content: (content) => soon(window.content = content),
			SignCades: () => new Promise((resolve) => { window.signed = resolve; window.toSign = window.content; }),
		},
	};
	window.cadesplugin = { CreateObjectAsync: (name) => soon(objects[name]) };
})()`

// asked waits for what the plug-in is asked to sign.
func (e *eyes) asked() string {
	e.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if content := ask(e, "read what is to be signed", chromedp.Evaluate[string](`window.toSign || ""`)); content != "" {
			return content
		}
	}
	e.t.Fatalf("the plug-in was not asked to sign: %s", e.text())
	return ""
}

// signaturePage goes to the page that asks for a signature.
func (e *eyes) signaturePage(s *site) authorization {
	e.t.Helper()
	asked := s.authorization(s.webClient(e.t), url.Values{"prompt": {"login consent"}})
	e.open(asked.url)
	e.do("wait for the sign-in page", chromedp.WaitVisible(chromedp.CSS(`a[href^="/signin/certificate"]`)))
	e.click(`a[href^="/signin/certificate"]`)
	e.do("wait for the page", chromedp.WaitVisible(chromedp.CSS(`[data-way=plugin] > summary`))) // its script has run
	return asked
}

// finish goes from the signature through organisation and consent to the
// application, and looks at what it gets.
func (e *eyes) finish(s *site, asked authorization, u *user) {
	e.t.Helper()
	e.do("wait for the organisation", chromedp.WaitVisible(chromedp.CSS(`input[name=organisation]`)))
	e.chooseOrganisation(u.Organisations[0].ID)
	e.consent()
	s.checkQualified(e.t, s.webClient(e.t), asked, e.arrives(asked.redirectURI), u)
}

// consent accepts what the application asks for, on a page that says words.
func (e *eyes) consent(words ...string) {
	e.t.Helper()
	e.do("wait for the consent", chromedp.WaitVisible(chromedp.CSS(`button[name=decision][value=accept]`)))
	e.says(words...)
	e.click(`button[name=decision][value=accept]`)
}

// TestSignatureVerificationByTheAPI asks the cabinet about a signature, and sees
// the certificate that a sign-in has bound.
func TestSignatureVerificationByTheAPI(t *testing.T) {
	t.Parallel()
	eachCertified(t, func(t *testing.T, s *site, a *authority, u *user) {
		c, v := s.webClient(t), newVisitor(t)
		got := s.grant(t, v, c, u, u.Organisations[0].ID)
		content := []byte("Договор № 1\n")
		for _, alg := range algorithms {
			var verdict struct {
				Accepted bool
				Code     string
				Checks   []struct{ Name, Status string }
			}
			question, err := json.Marshal(map[string]any{"signature": a.sign(t, alg.name, content), "content": content, "snils": holderSNILS})
			if err != nil {
				t.Fatal(err)
			}
			req, err := http.NewRequest(http.MethodPost, s.API+"/v1/signatures/verify", bytes.NewReader(question))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+got.AccessToken)
			req.Header.Set("Content-Type", "application/json")
			status, body := send(t, req)
			if err := json.Unmarshal(body, &verdict); err != nil || status != http.StatusOK || !verdict.Accepted || len(verdict.Checks) != 10 {
				t.Errorf("%s: status %d %s %v", alg.name, status, body, err)
			}
		}
	})
}

// The .p12 files of the demo's own authority open the demo.
func TestSignInByTheDemosOwnKeyFile(t *testing.T) {
	t.Parallel()
	s := demo(t)
	file := filepath.Join(s.Trust.Dir, "people", "irina-lebedeva-p256.p12")
	if _, err := os.Stat(file); err != nil {
		t.Fatal(err)
	}
	u := s.named(t, "irina.")
	e := openEyes(t, "certificate-demo")
	asked := e.signaturePage(s)
	e.click(`[data-way=file] > summary`)
	e.do("choose the file", chromedp.SetUploadFiles(chromedp.CSS(`#keyfile`), []string{file}))
	e.fill(`#keyword`, "Kashalot-2026")
	e.click(`[data-way=file] [data-find]`)
	e.do("wait for the certificate", chromedp.WaitVisible(chromedp.CSS(`[data-way=file] [data-sign]`)))
	e.click(`[data-way=file] [data-sign]`)
	// The head's certificate has chosen the organisation: only consent is left.
	e.consent(u.Organisations[0].Name)
	s.checkQualified(t, s.webClient(t), asked, e.arrives(asked.redirectURI), u)
}
