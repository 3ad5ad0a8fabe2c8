package idp

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"propusk/idp/directory"
	"propusk/idp/factor/certificate"
	"propusk/signature"
	"propusk/signature/signaturetest"
	"propusk/storage"
	"propusk/storage/journal"
	"propusk/storage/storagetest"
)

// certified is a house that takes certificates, and the authority it trusts.
type certified struct {
	*house
	authority *signaturetest.Authority
	other     *httptest.Server // the host that asks for client certificates
}

// eachCertified runs test on SQLite with memory and on PostgreSQL with Redis.
func eachCertified(t *testing.T, test func(h *certified)) {
	t.Helper()
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		clock := storagetest.NewClock()
		test(newCertified(t, storagetest.SQLite(t), storagetest.Memory(t, clock.Now), clock))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(newCertified(t, storagetest.Postgres(t), storagetest.Redis(t), storagetest.NewClock()))
	})
}

func newCertified(t *testing.T, db *storage.DB, volatile storage.Volatile, clock *storagetest.Clock) *certified {
	h := &certified{authority: signaturetest.New(t, clock.Now)}
	h.other = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		circumstances(h.idp).ServeHTTP(w, r)
	}))
	h.other.TLS = requestingCertificates()
	h.other.StartTLS()
	t.Cleanup(h.other.Close)
	h.house = build(t, db, volatile, clock, func(d *Deps) {
		var err error
		d.MutualTLS = h.other.URL
		d.Certificates, err = certificate.New(certificate.Deps{
			Verifier: h.authority.Verifier, Judge: h.authority.Verifier, Directory: d.Directory,
			Ephemeral: d.Ephemeral, Issuer: d.Issuer, Now: d.Now,
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	h.check(h.directory.VerifyNumbers(h.ctx(), directory.System(), h.elena.ID, elenaSNILS, elenaINN))
	return h
}

const elenaSNILS, elenaINN = "11223344595", "990000000115"

// elenas is the subject of elena's own certificate.
func elenas() signature.Subject {
	return signature.Subject{CommonName: "Морозова Елена", SNILS: elenaSNILS, INN: elenaINN}
}

// signingPage goes to the page that asks for a signature.
func (v *visitor) signingPage(client string, more ...string) *view {
	v.h.t.Helper()
	return v.get("/signin/certificate?request=" + v.begin(client, more...).form("/signin/identify").Get("request"))
}

// file downloads the text that the page asks to sign.
func (v *visitor) file(on *view) string {
	v.h.t.Helper()
	got := v.do(http.MethodPost, "/signin/certificate/challenge", on.form("/signin/certificate"))
	if got.status != http.StatusOK || got.header.Get("Content-Disposition") != `attachment; filename="propusk-challenge.txt"` {
		v.h.t.Fatalf("no file: %d %v", got.status, got.header)
	}
	return got.body
}

// upload sends a signature as a file, as the form without script does.
func (v *visitor) upload(on *view, cms []byte) *view {
	v.h.t.Helper()
	return v.follow(v.send(on.form("/signin/certificate"), cms))
}

// send is upload without following.
func (v *visitor) send(form url.Values, cms []byte) *view {
	v.h.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, values := range form {
		if name != "signature" {
			v.h.check(w.WriteField(name, values[0]))
		}
	}
	part, err := w.CreateFormFile("signature", "propusk-challenge.txt.p7s")
	v.h.check(err)
	_, err = part.Write(cms)
	v.h.check(err)
	v.h.check(w.Close())
	r, err := http.NewRequestWithContext(v.h.ctx(), http.MethodPost, v.h.url+"/signin/certificate", &body)
	v.h.check(err)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return v.round(r)
}

// round makes a request with the visitor's cookies.
func (v *visitor) round(r *http.Request) *view {
	v.h.t.Helper()
	r.Header.Set("Accept-Language", "ru")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Test-Address", v.address)
	for name, value := range v.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	v.h.check(err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	v.h.check(err)
	v.keep(response.Cookies())
	got := &view{t: v.h.t, status: response.StatusCode, header: response.Header, body: string(text), at: r.URL}
	if to := response.Header.Get("Location"); to != "" {
		got.away, err = r.URL.Parse(to)
		v.h.check(err)
	}
	return got
}

// scripted asks for a challenge as the page's script does.
func (v *visitor) scripted(on *view) (id, text string) {
	v.h.t.Helper()
	form := on.form("/signin/certificate").Encode()
	r, err := http.NewRequestWithContext(v.h.ctx(), http.MethodPost, v.h.url+"/signin/certificate/challenge", strings.NewReader(form))
	v.h.check(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	var challenge struct{ ID, Text string }
	v.h.check(json.Unmarshal([]byte(v.round(r).body), &challenge))
	return challenge.ID, challenge.Text
}

func TestCertificateIsACompleteSignIn(t *testing.T) {
	eachCertified(t, func(h *certified) {
		v := h.visitor()
		on := v.signingPage("app", "scope", "openid")
		text := v.file(on)
		if !strings.Contains(text, "Приложение: Склад и учёт\r\n") || !strings.Contains(text, "Сайт: https://id.example\r\n") {
			h.t.Errorf("to be signed:\n%s", text)
		}
		holder := h.authority.Issue(h.t, elenas())
		got := h.redeem("app", h.appSecret, v.upload(on, holder.Sign(h.t, []byte(text))).lead())
		id := claims(h.t, got.IDToken)
		if id["acr"] != directory.ACRQualified || id["sub"] != h.elena.ID {
			h.t.Errorf("%v", id)
		}
		if amr, _ := json.Marshal(id["amr"]); string(amr) != `["pop"]` {
			h.t.Errorf("amr %s", amr)
		}
		entries, err := h.journal.List(h.ctx(), journal.Filter{Action: "signin.certificate"})
		h.check(err)
		if len(entries) != 1 || entries[0].Outcome != outcomeAccepted || entries[0].Actor != h.elena.ID || entries[0].Client != "app" ||
			entries[0].Details["verdict"] != "ok" || len(entries[0].Details["certificate"]) != 64 {
			h.t.Errorf("journal: %+v", entries)
		}
		if n := h.counter("certificate", outcomeAccepted); n != 1 {
			h.t.Errorf("counted %v", n)
		}
	})
}

func TestScriptSignsAChallengeOfItsOwn(t *testing.T) {
	eachCertified(t, func(h *certified) {
		v := h.visitor()
		on := v.signingPage("app", "scope", "openid")
		id, text := v.scripted(on)
		if id == on.form("/signin/certificate").Get("challenge") {
			h.t.Error("it is the page's")
		}
		cms := base64.StdEncoding.EncodeToString(h.authority.IssueRSA(h.t, elenas()).Sign(h.t, []byte(text)))
		v.submit(on, "/signin/certificate", "challenge", id, "signature", cms).lead()
	})
}

func TestHeadsCertificateChoosesTheOrganisation(t *testing.T) {
	eachCertified(t, func(h *certified) {
		v := h.visitor()
		on := v.signingPage("app")
		head := elenas()
		head.INNLE, head.OGRN, head.Organisation = h.south.INN, h.south.OGRN, "АО «Южный порт»"
		got := h.redeem("app", h.appSecret, v.upload(on, h.authority.Issue(h.t, head).Sign(h.t, []byte(v.file(on)))).lead())
		org, _ := claims(h.t, got.AccessToken)["org"].(map[string]any)
		if org["id"] != h.south.ID || claims(h.t, got.AccessToken)["acr"] != directory.ACRQualified {
			h.t.Errorf("%v", claims(h.t, got.AccessToken))
		}
	})
}

func TestOwnCertificateLeavesTheChoiceOfOrganisation(t *testing.T) {
	eachCertified(t, func(h *certified) {
		v := h.visitor()
		on := v.signingPage("app")
		v.upload(on, h.authority.Issue(h.t, elenas()).Sign(h.t, []byte(v.file(on)))).is("/signin/organisation")
	})
}

// attacked is a page with a challenge and an honest signature over it.
func attacked(h *certified) (v *visitor, form url.Values, cms []byte) {
	v = h.visitor()
	on := v.signingPage("app", "scope", "openid")
	return v, on.form("/signin/certificate"), h.authority.Issue(h.t, elenas()).Sign(h.t, []byte(v.file(on)))
}

func TestCertificateSignatureReplayed(t *testing.T) {
	eachCertified(t, func(h *certified) {
		v, form, cms := attacked(h)
		if got := v.send(form, cms); got.status != http.StatusSeeOther {
			h.t.Fatalf("the first: %d", got.status)
		}
		got := v.send(form, cms)
		if got.status != http.StatusUnprocessableEntity {
			h.t.Errorf("again: %d", got.status)
		}
		got.says("Время на подпись вышло, или она уже использована")
	})
}

func TestCertificateSignatureTwiceInParallelSignsInOnce(t *testing.T) {
	eachCertified(t, func(h *certified) {
		v, form, cms := attacked(h)
		statuses := make([]int, 16)
		var race sync.WaitGroup
		for i := range statuses {
			twin := &visitor{h: v.h, cookies: map[string]string{}, address: v.address, header: v.header}
			for name, value := range v.cookies {
				twin.cookies[name] = value
			}
			race.Go(func() { statuses[i] = twin.send(form, cms).status })
		}
		race.Wait()
		slices.Sort(statuses)
		if statuses[0] != http.StatusSeeOther || statuses[1] != http.StatusUnprocessableEntity {
			h.t.Errorf("%v", statuses)
		}
	})
}

func TestCertificateChallengeExpired(t *testing.T) {
	eachCertified(t, func(h *certified) {
		v, form, cms := attacked(h)
		h.clock.Advance(certificateLife)
		v.send(form, cms).says("Время на подпись вышло")
	})
}

func TestCertificateChallengeOfAForeignSession(t *testing.T) {
	eachCertified(t, func(h *certified) {
		_, form, cms := attacked(h)
		thief := h.visitor()
		own := thief.signingPage("app", "scope", "openid").form("/signin/certificate")
		// With the victim's attempt: it belongs to another browser.
		if got := thief.send(form, cms); got.status != http.StatusForbidden {
			h.t.Errorf("the victim's attempt: %d", got.status)
		}
		// With his own attempt and the victim's challenge.
		own.Set("challenge", form.Get("challenge"))
		got := thief.send(own, cms)
		if got.status != http.StatusUnprocessableEntity || thief.cookies["__Host-propusk-session"] != "" {
			h.t.Errorf("the victim's challenge: %d", got.status)
		}
	})
}

func TestCertificateChallengeOfAForeignClient(t *testing.T) {
	eachCertified(t, func(h *certified) {
		v, form, cms := attacked(h)
		other := v.signingPage("theirs", "scope", "openid").form("/signin/certificate")
		other.Set("challenge", form.Get("challenge"))
		if got := v.send(other, cms); got.status != http.StatusUnprocessableEntity {
			h.t.Errorf("%d", got.status)
		}
	})
}

func TestCertificateOfSomebodyUnknown(t *testing.T) {
	eachCertified(t, func(h *certified) {
		v := h.visitor()
		on := v.signingPage("app")
		stranger := signature.Subject{CommonName: "Морозова Елена", SNILS: "99000000254"}
		got := v.upload(on, h.authority.Issue(h.t, stranger).Sign(h.t, []byte(v.file(on))))
		got.says("никто не зарегистрирован")
		if out := h.entries("", "signin.certificate"); !slices.Equal(out, []string{outcomeUnknown}) {
			h.t.Errorf("journal: %v", out)
		}
	})
}

func TestRefusedCertificateShowsEveryFailedCheck(t *testing.T) {
	eachCertified(t, func(h *certified) {
		v := h.visitor()
		on := v.signingPage("app")
		holder := h.authority.Issue(h.t, elenas())
		h.authority.Revoke(h.t, holder)
		got := v.upload(on, holder.Sign(h.t, []byte(v.file(on))))
		if got.status != http.StatusUnprocessableEntity {
			h.t.Errorf("%d", got.status)
		}
		got.says("Сертификат отозван. Обратитесь в удостоверяющий центр.").says("Документ не изменялся после подписания.")
		// The page has a new challenge, which a good certificate redeems.
		good := h.authority.Issue(h.t, elenas())
		v.upload(got, good.Sign(h.t, []byte(v.file(got)))).is("/signin/organisation")
	})
}

func TestBlockedPersonsCertificateIsRefused(t *testing.T) {
	eachCertified(t, func(h *certified) {
		h.check(h.directory.SetPersonStatus(h.ctx(), directory.System(), h.elena.ID, directory.StatusBlocked))
		v := h.visitor()
		on := v.signingPage("app")
		v.upload(on, h.authority.Issue(h.t, elenas()).Sign(h.t, []byte(v.file(on)))).says("учётная запись заблокирована")
		if out := h.entries("", "signin.certificate"); !slices.Equal(out, []string{outcomeBlocked}) {
			h.t.Errorf("journal: %v", out)
		}
	})
}

func TestSignatureThatIsMissingOrTooLarge(t *testing.T) {
	eachCertified(t, func(h *certified) {
		v := h.visitor()
		on := v.signingPage("app")
		v.upload(on, nil).says("Нет подписи.")
		v.upload(on, bytes.Repeat([]byte{0x30}, signature.MaxSignature+1)).says("больше 64 КиБ")
		if got := v.upload(on, bytes.Repeat([]byte{0x30}, maxCertificateBody)); got.status != http.StatusRequestEntityTooLarge {
			h.t.Errorf("a body without end: %d", got.status)
		}
	})
}

// Failed signatures use up the address's budget as wrong passwords do.
func TestFailedSignaturesAreChargedToTheAddress(t *testing.T) {
	t.Parallel()
	clock := storagetest.NewClock()
	h := newCertified(t, storagetest.SQLite(t), storagetest.Memory(t, clock.Now), clock)
	h.idp.signIns.Failures = 3
	v := h.visitor()
	on := v.signingPage("app")
	for range 3 {
		v.upload(on, []byte("nothing"))
	}
	if got := v.upload(on, []byte("nothing")); got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" {
		t.Errorf("%d", got.status)
	}
}

// An old page's file button brings a fresh page, not a file that nobody redeems.
func TestFileOfAnExpiredChallengeIsNotGivenOut(t *testing.T) {
	eachCertified(t, func(h *certified) {
		v := h.visitor()
		on := v.signingPage("app")
		h.clock.Advance(certificateLife)
		got := v.do(http.MethodPost, "/signin/certificate/challenge", on.form("/signin/certificate"))
		if got.status != http.StatusSeeOther {
			h.t.Fatalf("%d %s", got.status, got.body)
		}
		v.follow(got).is("/signin/certificate")
	})
}

func TestCertificatesAreNotOfferedWhereNobodyIsTrusted(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(*Deps) {})
	v := h.visitor()
	page := v.begin("app")
	if strings.Contains(page.body, "/signin/certificate") {
		t.Error("the identify page offers it")
	}
	request := page.form("/signin/identify").Get("request")
	for _, got := range []*view{
		v.get("/signin/certificate?request=" + request), v.get("/signin/certificate/tls?request=" + request),
		v.post("/signin/certificate", url.Values{"request": {request}}), v.post("/signin/certificate/challenge", url.Values{"request": {request}}),
	} {
		if got.status != http.StatusNotFound {
			t.Errorf("%s: %d", got.at, got.status)
		}
	}
}
