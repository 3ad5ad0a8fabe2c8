package httpsig_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/authority/httpsig"
)

var at = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func signers(t testing.TB) map[string]*httpsig.Signer {
	t.Helper()
	edwards, err := httpsig.FromSeed(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := httpsig.NewSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*httpsig.Signer{"Ed25519": edwards, "P-256": curve}
}

func request(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "https://Office.example:443/v1/submissions?a=%20b", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

func verifier(s *httpsig.Signer) httpsig.Verifier {
	return httpsig.Verifier{Now: func() time.Time { return at }, Key: func(id string) (httpsig.Public, bool) { return s.Public, id == s.ID }}
}

func TestWhatIsSignedIsVerified(t *testing.T) {
	t.Parallel()
	for name, s := range signers(t) {
		r := request("{}")
		if err := s.SignRequest(r, []byte("{}"), at); err != nil {
			t.Fatal(err)
		}
		id, body, err := verifier(s).Request(r, 100)
		if err != nil || id != s.ID || string(body) != "{}" {
			t.Fatalf("%s: %v, %q, %v", name, id, body, err)
		}
		header := http.Header{"Content-Type": {"application/json"}}
		if err := s.SignResponse(header, 202, []byte("[]"), r, at); err != nil {
			t.Fatal(err)
		}
		resp := &http.Response{StatusCode: 202, Header: header}
		if _, err := verifier(s).Response(resp, []byte("[]"), r); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

// The base is the one of RFC 9421 §2.5, so that whoever implements it from the
// RFC and docs/authority.md signs alike.
func TestSignatureInputHasTheFormOfTheRFC(t *testing.T) {
	t.Parallel()
	s := signers(t)["Ed25519"]
	r := request("{}")
	if err := s.SignRequest(r, []byte("{}"), at); err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(`^sig1=\("@method" "@authority" "@path" "@query" "content-type" "content-digest"\);created=1772600767;nonce="[A-Z2-7]{26}";keyid="[A-Za-z0-9_-]{43}";alg="ed25519";tag="propusk-authority"$`)
	if got := r.Header.Get("Signature-Input"); !want.MatchString(got) {
		t.Error(got)
	}
	if got := r.Header.Get("Content-Digest"); got != "sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:" {
		t.Error(got)
	}
	// An independent base, written as the RFC shows it.
	input := strings.TrimPrefix(r.Header.Get("Signature-Input"), "sig1=")
	base := "\"@method\": POST\n\"@authority\": office.example\n\"@path\": /v1/submissions\n\"@query\": ?a=%20b\n" +
		"\"content-type\": application/json\n\"content-digest\": " + r.Header.Get("Content-Digest") + "\n\"@signature-params\": " + input
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))
	if got, want := r.Header.Get("Signature"), "sig1=:"+b64(ed25519.Sign(key, []byte(base)))+":"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestMessageThatWasChangedIsRefused(t *testing.T) {
	t.Parallel()
	s := signers(t)["Ed25519"]
	input := func(old, new string) func(r *http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Signature-Input", strings.Replace(r.Header.Get("Signature-Input"), old, new, 1))
		}
	}
	for name, change := range map[string]func(r *http.Request){
		"method":            func(r *http.Request) { r.Method = http.MethodPut },
		"host":              func(r *http.Request) { r.Host = "other.example" },
		"path":              func(r *http.Request) { r.URL.Path = "/v1/answers" },
		"query":             func(r *http.Request) { r.URL.RawQuery = "" },
		"type":              func(r *http.Request) { r.Header.Set("Content-Type", "text/xml") },
		"body":              func(r *http.Request) { r.Body = http.NoBody },
		"time":              input("created=1772600767", "created=1772600768"),
		"time that is none": input("created=1772600767", "created=now"),
		"nonce":             input(`nonce="`, `nonce="A`),
		"short nonce": func(r *http.Request) {
			r.Header.Set("Signature-Input", regexp.MustCompile(`nonce="[^"]*"`).ReplaceAllString(r.Header.Get("Signature-Input"), `nonce="a"`))
		},
		"a component less":  input(` "content-digest"`, ``),
		"a component twice": input(`"@method"`, `"@method" "@method"`),
		"a component more":  input(`"@method"`, `"@method" "date"`),
		"key":               input(`keyid="`, `keyid="x`),
		"algorithm":         input(`alg="ed25519"`, `alg="ecdsa-p256-sha256"`),
		"tag":               input(`tag="propusk-authority"`, `tag="another"`),
		"a parameter twice": input(`;tag=`, `;created=1;tag=`),
		"no parameters":     func(r *http.Request) { r.Header.Set("Signature-Input", "sig1=()") },
		"another label":     input("sig1=", "sig2="),
		"signature":         func(r *http.Request) { r.Header.Set("Signature", "sig1=:"+b64(make([]byte, 64))+":") },
		"signature's form":  func(r *http.Request) { r.Header.Set("Signature", "sig1="+b64(make([]byte, 64))) },
		"quotes":            input(`keyid="`, `keyid="\`),
		"a second type":     func(r *http.Request) { r.Header.Add("Content-Type", "text/xml") },
		"a long header":     func(r *http.Request) { r.Header.Add("Signature-Input", strings.Repeat("x", 3000)) },
	} {
		r := request("{}")
		if err := s.SignRequest(r, []byte("{}"), at); err != nil {
			t.Fatal(err)
		}
		change(r)
		if _, _, err := verifier(s).Request(r, 100); !errors.Is(err, httpsig.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestResponseToAnotherRequestIsRefused(t *testing.T) {
	t.Parallel()
	s := signers(t)["P-256"]
	first, second := request("{}"), request("{}")
	for _, r := range []*http.Request{first, second} {
		if err := s.SignRequest(r, []byte("{}"), at); err != nil {
			t.Fatal(err)
		}
	}
	header := http.Header{}
	if err := s.SignResponse(header, 200, nil, first, at); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		status int
		body   string
		to     *http.Request
		ok     bool
	}{
		"its own": {200, "", first, true}, "another request": {200, "", second, false}, "another status": {202, "", first, false}, "another body": {200, "x", first, false},
	} {
		_, err := verifier(s).Response(&http.Response{StatusCode: tt.status, Header: header}, []byte(tt.body), tt.to)
		if (err == nil) != tt.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.SignResponse(http.Header{}, 200, nil, request(""), at); err == nil {
		t.Error("an answer to an unsigned request was bound to nothing")
	}
}

func TestTimeHostNonceAndSizeAreHeld(t *testing.T) {
	t.Parallel()
	s := signers(t)["Ed25519"]
	signed := func() *http.Request {
		r := request("{}")
		if err := s.SignRequest(r, []byte("{}"), at); err != nil {
			t.Fatal(err)
		}
		return r
	}
	spent := errors.New("spent")
	for name, tt := range map[string]struct {
		change func(v *httpsig.Verifier)
		limit  int64
		want   error
	}{
		"all well":       {func(*httpsig.Verifier) {}, 2, nil},
		"the right host": {func(v *httpsig.Verifier) { v.Authority = "OFFICE.example" }, 2, nil},
		"another host":   {func(v *httpsig.Verifier) { v.Authority = "here.example" }, 2, httpsig.ErrRefused},
		"too late":       {func(v *httpsig.Verifier) { v.Now = func() time.Time { return at.Add(httpsig.Window + time.Second) } }, 2, httpsig.ErrRefused},
		"too early":      {func(v *httpsig.Verifier) { v.Now = func() time.Time { return at.Add(-httpsig.Window - time.Second) } }, 2, httpsig.ErrRefused},
		"too large":      {func(*httpsig.Verifier) {}, 1, httpsig.ErrTooLarge},
		"a spent nonce": {func(v *httpsig.Verifier) {
			v.Spend = func(_ context.Context, nonce string, ttl time.Duration) error {
				if !strings.HasPrefix(nonce, s.ID+"/") || ttl != 2*httpsig.Window {
					t.Errorf("%s for %s", nonce, ttl)
				}
				return spent
			}
		}, 2, spent},
	} {
		v := verifier(s)
		tt.change(&v)
		if _, _, err := v.Request(signed(), tt.limit); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeysAreReadInEveryWritingAndOnlyOfTheProfile(t *testing.T) {
	t.Parallel()
	for name, s := range signers(t) {
		for _, text := range []string{s.String(), string(s.PEM()), "\n" + s.String() + "\n"} {
			if key, err := httpsig.ParsePublic(text); err != nil || key.ID != s.ID {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	strong, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	other, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []any{strong, other} {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := httpsig.ParseSigner(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})); !errors.Is(err, httpsig.ErrKey) {
			t.Errorf("%T: %v", key, err)
		}
	}
	_, good, _ := ed25519.GenerateKey(nil)
	der, _ := x509.MarshalPKCS8PrivateKey(good)
	if _, err := httpsig.ParseSigner(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})); err != nil {
		t.Error(err)
	}
	for _, text := range []string{"", "AAAA", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", string(signers(t)["P-256"].PEM()) + "more"} {
		if _, err := httpsig.ParsePublic(text); err == nil {
			t.Errorf("%q was taken for a key", text)
		}
	}
	for _, text := range []string{"", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
		if _, err := httpsig.ParseSigner([]byte(text)); err == nil {
			t.Errorf("%q was taken for a key", text)
		}
	}
	if _, err := httpsig.FromSeed([]byte("short")); err == nil {
		t.Error("a short seed was taken")
	}
}

// A signature with a parameter that is not of the profile is refused though it is
// right: an expires that is over (RFC 9421 §2.3) would count for ever.
func TestAParameterOutsideTheProfileIsNotPassedOver(t *testing.T) {
	t.Parallel()
	s := signers(t)["Ed25519"]
	for more, want := range map[string]error{"": nil, ";expires=1": httpsig.ErrRefused, `;context="x"`: httpsig.ErrRefused} {
		r := request("{}")
		if err := s.SignRequest(r, []byte("{}"), at); err != nil {
			t.Fatal(err)
		}
		input := strings.TrimPrefix(r.Header.Get("Signature-Input"), "sig1=") + more
		base := "\"@method\": POST\n\"@authority\": office.example\n\"@path\": /v1/submissions\n\"@query\": ?a=%20b\n" +
			"\"content-type\": application/json\n\"content-digest\": " + r.Header.Get("Content-Digest") + "\n\"@signature-params\": " + input
		r.Header.Set("Signature-Input", "sig1="+input)
		r.Header.Set("Signature", "sig1=:"+b64(ed25519.Sign(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32)), []byte(base)))+":")
		if _, _, err := verifier(s).Request(r, 100); !errors.Is(err, want) {
			t.Errorf("%q: %v", more, err)
		}
	}
}

// FuzzVerify: no header makes the verifier panic, and none but the signer's own is
// accepted.
func FuzzVerify(f *testing.F) {
	s := signers(f)["Ed25519"]
	r := request("{}")
	if err := s.SignRequest(r, []byte("{}"), at); err != nil {
		f.Fatal(err)
	}
	input, signature := r.Header.Get("Signature-Input"), r.Header.Get("Signature")
	f.Add(input, signature)
	f.Add(`sig1=("@method");created=1;nonce="aaaaaaaaaaaaaaaa";keyid="k";alg="ed25519";tag="propusk-authority"`, "sig1=:AAAA:")
	f.Add("sig1=(", "")
	f.Add(`sig1=();created="`, "sig1=::")
	f.Fuzz(func(t *testing.T, in, sig string) {
		r := request("{}")
		r.Header.Set("Content-Digest", "sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:")
		r.Header.Set("Signature-Input", in)
		r.Header.Set("Signature", sig)
		_, _, err := verifier(s).Request(r, 10)
		if err == nil && (in != input || sig != signature) {
			t.Fatalf("accepted %q %q", in, sig)
		}
	})
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
