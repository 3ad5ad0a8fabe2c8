package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestSignInByTLSCertificate leaves for the host that asks for a client
// certificate and comes back with what it judged.
func TestSignInByTLSCertificate(t *testing.T) {
	t.Parallel()
	eachMutualSite(t, func(t *testing.T, m *mutualSite) {
		a := newAuthority(t, t.TempDir(), holderSNILS)
		command(t, m.env, nil, "trust", "import", a.path("roots"), "--crls", a.path("crls"))
		m.awaitCertificates(t)
		u, c := m.holder(t), m.webClient(t)
		for _, name := range []string{"rsa-2048", "p-256"} {
			v, asked := newVisitor(t), m.authorization(c, nil)
			p := v.presentCertificate(m, asked, a, name)
			for range 4 {
				if strings.HasPrefix(p.url.String(), asked.redirectURI) {
					break
				}
				p = v.step(p, asked.redirectURI, u, u.Organisations[0].ID)
			}
			m.checkQualified(t, c, asked, p.url, u)
		}
	})
}

// presentCertificate goes to the other host and back.
func (v *visitor) presentCertificate(m *mutualSite, asked authorization, a *authority, name string) page {
	t := v.t.(*testing.T)
	t.Helper()
	on := v.signaturePage(asked)
	request := url.QueryEscape(v.signatureForm(on).fields["request"].value)
	door := v.get(m.Issuer+"/signin/certificate/tls?request="+request, asked.redirectURI)
	if !strings.HasPrefix(door.url.String(), m.url+"/signin/certificate/tls?") {
		t.Fatalf("not sent to the other host: %s", door.url)
	}
	browser := m.with(t, &certified{files: [2]string{a.path("people", name+".pem"), a.path("people", name+".key")}})
	browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := browser.Get(door.url.String())
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	back, err := answer.Location()
	if err != nil || !strings.HasPrefix(back.String(), m.Issuer+"/signin/certificate/tls?") {
		t.Fatalf("not sent back: %d %v %v", answer.StatusCode, back, err)
	}
	return v.get(back.String(), asked.redirectURI)
}
