package e2e

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base32"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestDemoLineIsTheContract holds the printed line against what programs
// outside rely on.
func TestDemoLineIsTheContract(t *testing.T) {
	t.Parallel()
	s := demo(t)
	if len(s.Organisations) < 3 || len(s.Users) < 8 || s.Registration == nil {
		t.Errorf("%d organisations, %d users, registration_access_token %v", len(s.Organisations), len(s.Users), s.Registration)
	}
	roles, memberships := map[string]bool{}, map[int]int{}
	for _, u := range s.Users {
		memberships[len(u.Organisations)]++
		for _, o := range u.Organisations {
			roles[o.Roles[0]] = true
			if s.organisation(t, o.ID) != o.organisation {
				t.Errorf("%s is in %+v, which the list of organisations shows otherwise", u.Login, o)
			}
		}
		if u.TOTPSecret != "" {
			if seed, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(u.TOTPSecret); err != nil || len(seed) < 20 {
				t.Errorf("totp_secret of %s: %d bytes, %v; RFC 4226 wants 20", u.Login, len(seed), err)
			}
		}
	}
	if len(roles) != 7 || memberships[2] != 1 || memberships[0] != 4 {
		t.Errorf("roles %v, people by number of organisations %v; want 7 roles, one of two, four of none (a newcomer, somebody who acts by a power, two operators)", roles, memberships)
	}
	first := s.webClient(t)
	if s.Clients[0].ID != first.ID || first.AuthMethod != "client_secret_basic" || first.RedirectURIs[0] != s.Issuer+"/demo/callback" ||
		!holds(first.Scope, "organization:read") || !holds(first.Scope, "members:read") {
		t.Errorf("the first client is %+v", first)
	}
	for _, c := range s.Clients {
		if strings.HasPrefix(c.AuthMethod, "client_secret_") && len(c.Secret) < 43 {
			t.Errorf("the secret of %s has %d characters; 256 bits are 43", c.ID, len(c.Secret))
		}
	}
	methods := map[string]bool{}
	for _, c := range s.Clients {
		methods[c.AuthMethod] = true
	}
	for _, m := range []string{"client_secret_basic", "client_secret_post", "none"} {
		if !methods[m] {
			t.Errorf("no client authenticates by %s", m)
		}
	}
}

// TestDemoKeepsEverythingWithData stops the demo and starts it again on another
// port with the same folder.
func TestDemoKeepsEverythingWithData(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := demo(t, "--data", dir)
	u, c := s.memberOfTwo(t), s.webClient(t)
	o := u.Organisations[0].organisation
	v := newVisitor(t)
	before := s.grant(t, v, c, u, o.ID)
	s.process.stop(t)

	again := demo(t, "--data", dir)
	if !reflect.DeepEqual(people(s), people(again)) || !reflect.DeepEqual(s.Organisations, again.Organisations) {
		t.Error("people or organisations differ after a restart")
	}
	for i := range s.Clients {
		if s.Clients[i].ID != again.Clients[i].ID || s.Clients[i].Secret != again.Clients[i].Secret {
			t.Errorf("client %s has another secret after a restart", s.Clients[i].ID)
		}
	}
	if s.Trust.Dir != again.Trust.Dir || again.Trust.Dir != filepath.Join(dir, "trust") {
		t.Errorf("trust.dir %q, then %q", s.Trust.Dir, again.Trust.Dir)
	}
	renewed, err := refresh(again.Issuer, again.webClient(t), before.RefreshToken)
	if err != nil || renewed.status != http.StatusOK {
		t.Fatalf("refreshing after the restart: %+v, %v", renewed, err)
	}
	again.checkCabinet(t, renewed.AccessToken, o)
	again.checkCabinet(t, again.grant(t, newVisitor(t), again.webClient(t), u, o.ID).AccessToken, o)
}

// people is what of the users must stay.
func people(s *site) (out []string) {
	for _, u := range s.Users {
		out = append(out, fmt.Sprint(u.ID, u.Login, u.Password, u.TOTPSecret, u.Organisations))
	}
	return out
}

// TestDemoRefusesAnythingButLoopback: it shows passwords.
func TestDemoRefusesAnythingButLoopback(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "example.org:80"} {
		out, err := exec.Command(binary, "demo", "--listen", address).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "loopback") {
			t.Errorf("--listen %s: %v, %s", address, err, out)
		}
	}
	s := demo(t)
	req, err := http.NewRequest(http.MethodGet, s.Issuer+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "rebound.example:80"
	if status, body := send(t, req); status != http.StatusMisdirectedRequest || strings.Contains(string(body), s.Users[0].Password) {
		t.Errorf("a name of somebody else is answered %d", status)
	}
}

// TestDemoOutbox: JSON for programs, a page for people, newest first.
func TestDemoOutbox(t *testing.T) {
	t.Parallel()
	s := demo(t)
	u := s.named(t, "olga.")
	v := newVisitor(t)
	p := v.get(s.authorization(s.webClient(t), nil).url, "")
	p = v.step(p, "", u, "")
	code := s.sentCode(t, "sms", u.Phone)
	f, ok := p.formWith("code")
	if !ok || len(code) != 6 {
		t.Fatalf("code %q; the page says: %s", code, text(p.body))
	}
	p = v.submit(p, f, url.Values{"code": {code}}, s.Issuer+"/demo/callback")
	if _, asks := p.formWith("code"); asks {
		t.Errorf("the code from the outbox is not taken: %s", text(p.body))
	}
	messages := s.messages(t)
	if !slices.IsSortedFunc(messages, func(a, b message) int { return b.At.Compare(a.At) }) {
		t.Error("the messages are not newest first")
	}
	v.header.Set("Accept", "text/html")
	if p := v.get(s.Outbox, ""); !strings.Contains(p.header.Get("Content-Type"), "text/html") || !strings.Contains(p.body, code) {
		t.Errorf("a browser gets %s", p.header.Get("Content-Type"))
	}
}

type message struct {
	Channel, To, Subject, Text, Code string
	At                               time.Time
}

func (s *site) messages(t testing.TB) (messages []message) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, s.Outbox, nil)
	if err != nil {
		t.Fatal(err)
	}
	status, body := send(t, req)
	if err := json.Unmarshal(body, &messages); err != nil || status != http.StatusOK {
		t.Fatalf("the outbox answers %d %q: %v", status, body, err)
	}
	return messages
}

// sentCode waits for the newest code sent to somebody.
func (s *site) sentCode(t testing.TB, channel, to string) string {
	t.Helper()
	var code string
	eventually(t, fmt.Sprintf("a code by %s to %s", channel, to), func() bool {
		for _, m := range s.messages(t) {
			if m.Channel == channel && m.To == to && m.Code != "" {
				code = m.Code
				return true
			}
		}
		return false
	})
	return code
}

func (s *site) named(t testing.TB, prefix string) *user {
	t.Helper()
	for _, u := range s.Users {
		if strings.HasPrefix(u.Login, prefix) {
			return u
		}
	}
	t.Fatalf("nobody's login begins with %s", prefix)
	return nil
}

// TestDemoTrustIsAChain verifies the certificates that the demo makes.
func TestDemoTrustIsAChain(t *testing.T) {
	t.Parallel()
	dir := demo(t).Trust.Dir
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(readCertificate(t, filepath.Join(dir, "roots", "root.pem")))
	intermediates.AddCert(readCertificate(t, filepath.Join(dir, "intermediates", "intermediate.pem")))
	for file, algorithm := range map[string]x509.PublicKeyAlgorithm{"elena-morozova-rsa": x509.RSA, "irina-lebedeva-p256": x509.ECDSA} {
		cert := readCertificate(t, filepath.Join(dir, "people", file+".pem"))
		if cert.PublicKeyAlgorithm != algorithm {
			t.Errorf("%s has a key of %s", file, cert.PublicKeyAlgorithm)
		}
		_, err := cert.Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
		if err != nil {
			t.Errorf("%s: %v", file, err)
		}
		subject := map[string]bool{}
		for _, name := range cert.Subject.Names {
			subject[name.Type.String()] = true
		}
		for _, oid := range []string{"1.2.643.100.3", "1.2.643.3.131.1.1", "2.5.4.4", "2.5.4.42"} {
			if !subject[oid] {
				t.Errorf("%s lacks %s in its subject", file, oid)
			}
		}
		if info, err := os.Stat(filepath.Join(dir, "people", file+".p12")); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s.p12: %v", file, err)
		}
	}
}

func readCertificate(t *testing.T, file string) *x509.Certificate {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatalf("%s is no PEM", file)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// runShell runs a command that a page shows, as a reader would paste it.
func runShell(t *testing.T, shell, command string, dst any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, shell, "-c", command)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, stderr.String())
	}
	if err := json.Unmarshal(out, dst); err != nil {
		t.Fatalf("%s printed %q: %v", command, out, err)
	}
}
