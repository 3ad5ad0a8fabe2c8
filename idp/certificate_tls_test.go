package idp

import (
	"crypto/tls"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"propusk/idp/directory"
	"propusk/signature/signaturetest"
)

// certificateLife is how long challenges, tickets and codes last.
const certificateLife = 5 * time.Minute

// requestingCertificates asks for a client certificate and judges none: that is
// the trust store's to do.
func requestingCertificates() *tls.Config {
	return &tls.Config{ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12}
}

// elsewhere visits the other host with a certificate, or without one, and
// returns where the browser is sent. No cookie goes there: they are the main
// host's.
func (h *certified) elsewhere(to *url.URL, holder *signaturetest.Holder) *url.URL {
	h.t.Helper()
	config := &tls.Config{InsecureSkipVerify: true} //nolint:gosec // the test's own server
	if holder != nil {
		config.Certificates = []tls.Certificate{{Certificate: [][]byte{holder.Certificate.Raw}, PrivateKey: holder.Key}}
	}
	client := &http.Client{
		Transport:     &http.Transport{TLSClientConfig: config},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	r, err := http.NewRequestWithContext(h.ctx(), http.MethodGet, to.String(), http.NoBody)
	h.check(err)
	response, err := client.Do(r)
	h.check(err)
	defer response.Body.Close()
	if len(response.Cookies()) != 0 {
		h.t.Errorf("the other host sets cookies: %v", response.Cookies())
	}
	if !response.Close { // the next visit would show this certificate, or none, without a handshake
		h.t.Error("the connection to the other host stays open")
	}
	back, err := response.Location()
	h.check(err)
	if response.StatusCode != http.StatusSeeOther || back.Scheme+"://"+back.Host != issuer {
		h.t.Fatalf("%d %s", response.StatusCode, back)
	}
	return back
}

// leave goes to the other host's door.
func (v *visitor) leave(h *certified, more ...string) *url.URL {
	v.h.t.Helper()
	request := v.begin("app", more...).form("/signin/identify").Get("request")
	got := v.do(http.MethodGet, "/signin/certificate/tls?request="+request, nil)
	if got.away == nil || !strings.HasPrefix(got.away.String(), h.other.URL+"/signin/certificate/tls?") || !got.away.Query().Has("ticket") {
		v.h.t.Fatalf("%d %s", got.status, got.away)
	}
	return got.away
}

func TestTLSCertificateSignsInAcrossTwoHosts(t *testing.T) {
	eachCertified(t, func(h *certified) {
		holder := h.authority.Issue(h.t, elenas())
		v := h.visitor()
		back := h.elsewhere(v.leave(h, "scope", "openid"), &holder)
		got := h.redeem("app", h.appSecret, v.get(back.RequestURI()).lead())
		if id := claims(h.t, got.IDToken); id["acr"] != directory.ACRQualified || id["sub"] != h.elena.ID {
			h.t.Errorf("%v", id)
		}
	})
}

// The attacker begins in his browser and lures the victim to the other host with
// the ticket. The victim's browser, which presents the victim's certificate,
// brings the code to the main host: it does not own the attempt and is refused,
// and nobody is signed in, neither here nor there.
func TestLuredVictimsBrowserNeverFinishesTheAttackersSignIn(t *testing.T) {
	eachCertified(t, func(h *certified) {
		victims := h.authority.Issue(h.t, elenas())
		attacker, victim := h.visitor(), h.visitor()
		victim.begin("app") // has cookies of its own
		back := h.elsewhere(attacker.leave(h, "scope", "openid"), &victims)
		if got := victim.get(back.RequestURI()); got.status != http.StatusForbidden || got.away != nil {
			h.t.Errorf("the victim's browser: %d %s", got.status, got.away)
		}
		// Even with the victim's own attempt the code is another's.
		own := victim.begin("app", "scope", "openid").form("/signin/identify").Get("request")
		query := back.Query()
		query.Set("request", own)
		if got := victim.get(back.Path + "?" + query.Encode()); got.status != http.StatusUnprocessableEntity {
			h.t.Errorf("the victim's own attempt: %d", got.status)
		}
		// The code is spent: even seen by the attacker it is worth nothing now.
		if got := attacker.get(back.RequestURI()); got.status != http.StatusUnprocessableEntity {
			h.t.Errorf("the attacker: %d", got.status)
		}
		for _, v := range []*visitor{attacker, victim} {
			if v.cookies["__Host-propusk-session"] != "" {
				h.t.Error("somebody is signed in")
			}
		}
	})
}

func TestTLSTicketAndCodeWorkOnce(t *testing.T) {
	eachCertified(t, func(h *certified) {
		holder := h.authority.Issue(h.t, elenas())
		v := h.visitor()
		door := v.leave(h, "scope", "openid")
		back := h.elsewhere(door, &holder)
		if again := h.elsewhere(door, &holder); again.Query().Has("code") || again.Path != "/signin/certificate" {
			h.t.Errorf("the ticket again: %s", again)
		}
		v.do(http.MethodGet, back.RequestURI(), nil)
		got := v.do(http.MethodGet, back.RequestURI(), nil)
		if got.status != http.StatusUnprocessableEntity {
			h.t.Errorf("the code again: %d", got.status)
		}
	})
}

func TestTLSWithoutOrWithABadCertificateIsToldOnTheMainHost(t *testing.T) {
	eachCertified(t, func(h *certified) {
		v := h.visitor()
		v.get(h.elsewhere(v.leave(h), nil).RequestURI()).says("Браузер не предъявил сертификат.").is("/signin/certificate")
		revoked := h.authority.Issue(h.t, elenas())
		h.authority.Revoke(h.t, revoked)
		v.get(h.elsewhere(v.leave(h), &revoked).RequestURI()).says("Сертификат отозван.")
	})
}

// A certificate comes from the connection: what a header says is not looked at.
func TestCertificateInAHeaderIsNoCertificate(t *testing.T) {
	eachCertified(t, func(h *certified) {
		holder := h.authority.Issue(h.t, elenas())
		v := h.visitor()
		door := v.leave(h, "scope", "openid")
		v.header = http.Header{"Accept-Language": {"ru"}}
		for _, name := range []string{"X-Ssl-Cert", "X-Client-Cert", "Client-Cert", "X-Forwarded-Tls-Client-Cert"} {
			v.header.Set(name, ":"+base64.StdEncoding.EncodeToString(holder.Certificate.Raw)+":") // RFC 9440 §2.2
		}
		got := v.do(http.MethodGet, door.RequestURI(), nil) // by the main listener
		back, err := url.Parse(got.header.Get("Location"))
		h.check(err)
		v.get(back.RequestURI()).says("Браузер не предъявил сертификат.")
	})
}
