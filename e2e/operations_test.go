package e2e

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// TestDiscoveryConforms holds the metadata against OpenID Connect Discovery §3
// and RFC 8414 §2, and every endpoint that it names against what stands there.
func TestDiscoveryConforms(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		var documents []map[string]any
		for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
			var d map[string]any
			status, body := fetch(t, s.Issuer+path)
			if err := json.Unmarshal(body, &d); err != nil || status != http.StatusOK {
				t.Fatalf("%s: %d, %v", path, status, err)
			}
			documents = append(documents, d)
		}
		d := documents[0]
		if d["issuer"] != s.Issuer || documents[1]["issuer"] != s.Issuer {
			t.Errorf("issuer %v", d["issuer"])
		}
		for _, name := range []string{"authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint", "introspection_endpoint", "revocation_endpoint", "end_session_endpoint"} {
			address, _ := d[name].(string)
			if !strings.HasPrefix(address, s.Issuer+"/oauth2/") {
				t.Errorf("%s is %v", name, d[name])
				continue
			}
			if status, body := fetch(t, address); status >= 500 || status == http.StatusNotFound {
				t.Errorf("%s answers %d %s", name, status, body)
			}
		}
		for name, want := range map[string]string{
			"response_types_supported": "code", "code_challenge_methods_supported": "S256", "subject_types_supported": "public",
			"grant_types_supported": "client_credentials", "id_token_signing_alg_values_supported": "RS256",
			"token_endpoint_auth_methods_supported": "client_secret_basic", "scopes_supported": "openid",
		} {
			list, _ := d[name].([]any)
			if !contains(list, want) {
				t.Errorf("%s is %v, want %s in it", name, d[name], want)
			}
		}
		if d["authorization_response_iss_parameter_supported"] != true {
			t.Error("RFC 9207: authorization_response_iss_parameter_supported must be true")
		}
		if contains(d["code_challenge_methods_supported"].([]any), "plain") {
			t.Error("PKCE plain is offered")
		}
	})
}

func contains(list []any, want string) bool {
	for _, v := range list {
		if v == want {
			return true
		}
	}
	return false
}

func fetch(t testing.TB, address string) (status int, body []byte) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return send(t, req)
}

// TestKeySetConforms: RFC 7517: public keys only, each with kid, use and alg,
// and the headers that let it be cached.
func TestKeySetConforms(t *testing.T) {
	t.Parallel()
	s := demo(t)
	resp, err := http.Get(s.Issuer + "/oauth2/jwks")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var set jose.JSONWebKeySet
	if err := json.NewDecoder(resp.Body).Decode(&set); err != nil {
		t.Fatal(err)
	}
	algorithms := map[string]bool{}
	for _, k := range set.Keys {
		toUs := k.Use == "enc" // what request objects are encrypted to
		if !k.IsPublic() || !k.Valid() || k.KeyID == "" || k.Use != "sig" && !toUs {
			t.Errorf("key %q: public %v, valid %v, use %q", k.KeyID, k.IsPublic(), k.Valid(), k.Use)
		}
		algorithms[k.Algorithm] = true
	}
	for _, want := range []string{"ES256", "RS256", "PS256", "EdDSA"} {
		if !algorithms[want] {
			t.Errorf("no key for %s among %v", want, algorithms)
		}
	}
	if !strings.Contains(resp.Header.Get("Cache-Control"), "max-age=") || resp.Header.Get("ETag") == "" {
		t.Errorf("Cache-Control %q, ETag %q", resp.Header.Get("Cache-Control"), resp.Header.Get("ETag"))
	}
	req, _ := http.NewRequest(http.MethodGet, s.Issuer+"/oauth2/jwks", nil)
	req.Header.Set("If-None-Match", resp.Header.Get("ETag"))
	if status, _ := send(t, req); status != http.StatusNotModified {
		t.Errorf("If-None-Match is answered %d, want 304", status)
	}
}

// TestKeysRotateWithoutARestart: a key made by the command line is published by
// the running node, and tokens signed before stay good.
func TestKeysRotateWithoutARestart(t *testing.T) {
	t.Parallel()
	s := cluster(t)
	c := s.serviceClient(t)
	before := s.tokens(t, c, url.Values{"grant_type": {"client_credentials"}})
	var made struct {
		ID string `json:"kid"`
	}
	command(t, s.env, &made, "key", "rotate", "ES256")
	eventually(t, "the new key is published", func() bool {
		_, body := fetch(t, s.Issuer+"/oauth2/jwks")
		return strings.Contains(string(body), made.ID)
	})
	s.checkCabinet(t, before.AccessToken, s.organisation(t, c.Organisation))
}

// TestJournalIsExportedAndVerified: what was done is in the organisation's
// chain; a changed export is found out.
func TestJournalIsExportedAndVerified(t *testing.T) {
	t.Parallel()
	s := cluster(t)
	inn := s.Organisations[0].INN
	dir := t.TempDir()
	jwks, export := filepath.Join(dir, "jwks.json"), filepath.Join(dir, "journal.jsonl")
	_, keys := fetch(t, s.Issuer+"/oauth2/jwks")
	write(t, jwks, keys)
	lines := output(t, s.env, 0, "audit", "export", "--organisation", inn)
	write(t, export, lines)
	output(t, s.env, 0, "audit", "verify", export, "--jwks", jwks)
	output(t, s.env, 0, "audit", "verify", export, "--jwks", s.Issuer+"/oauth2/jwks", "--json")
	output(t, s.env, 0, "audit", "check", "--organisation", inn)
	output(t, s.env, 0, "audit", "check")
	if !bytes.Contains(lines, []byte("member")) {
		t.Errorf("the export does not speak of members: %s", tail(string(lines), 500))
	}
	write(t, export, bytes.Replace(lines, []byte("member"), []byte("mamber"), 1))
	output(t, s.env, 1, "audit", "verify", export, "--jwks", jwks)
	write(t, export, lines[:bytes.LastIndexByte(lines[:len(lines)-1], '\n')+1])
	if out := output(t, s.env, 1, "audit", "verify", export, "--jwks", jwks); len(out) == 0 {
		t.Error("nothing is said of an export without a checkpoint")
	}
	output(t, s.env, 2, "audit", "verify", filepath.Join(dir, "absent"), "--jwks", jwks)
}

func write(t *testing.T, file string, data []byte) {
	t.Helper()
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// output runs a command that must end with a status.
func output(t *testing.T, env []string, status int, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Env = append(cleanEnvironment(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, _ := cmd.Output()
	if got := cmd.ProcessState.ExitCode(); got != status {
		t.Errorf("propusk %s: exit status %d, want %d\n%s%s", strings.Join(args, " "), got, status, out, stderr.String())
	}
	return out
}

// TestClientsAreManaged: a secret rotated stays good once more, a disabled
// client is refused with its live tokens, a deleted one is unknown.
func TestClientsAreManaged(t *testing.T) {
	t.Parallel()
	s := cluster(t)
	old := s.serviceClient(t)
	ask := func(c client) tokens { return s.tokens(t, c, url.Values{"grant_type": {"client_credentials"}}) }
	live := ask(old).AccessToken

	renewed := old
	command(t, s.env, &renewed, "client", "rotate-secret", old.ID)
	if renewed.Secret == old.Secret || ask(renewed).status != http.StatusOK || ask(old).status != http.StatusOK {
		t.Error("after a rotation the new and the old secret must both be good")
	}
	command(t, s.env, nil, "client", "rotate-secret", old.ID)
	eventually(t, "the secret before the last but one is refused", func() bool { return ask(old).status == http.StatusUnauthorized })

	command(t, s.env, nil, "client", "disable", old.ID)
	eventually(t, "a disabled client is refused", func() bool { return ask(renewed).status == http.StatusUnauthorized })
	eventually(t, "a disabled client's live token is refused", func() bool {
		status, _ := s.callRaw(t, live, http.MethodGet, "/v1/organization")
		return status == http.StatusUnauthorized
	})
	command(t, s.env, nil, "client", "enable", old.ID)
	eventually(t, "an enabled client is let in", func() bool { return ask(renewed).status == http.StatusOK })
	command(t, s.env, nil, "client", "delete", old.ID)
	eventually(t, "a deleted client is unknown", func() bool { return ask(renewed).status == http.StatusUnauthorized })
	output(t, s.env, 1, "client", "show", old.ID)
}

func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// TestStopFinishesWhatItBegan: a request under way when SIGTERM comes is
// answered, while the node already says that it is not ready.
func TestStopFinishesWhatItBegan(t *testing.T) {
	t.Parallel()
	s := cluster(t)
	c := s.serviceClient(t)
	form := url.Values{"grant_type": {"client_credentials"}}.Encode()
	body, writer := io.Pipe()
	req, err := http.NewRequest(http.MethodPost, s.Issuer+"/oauth2/token", body)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(c.ID, c.Secret)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.ContentLength = int64(len(form))
	answered := make(chan int, 1)
	go func() {
		resp, err := (&http.Client{Transport: &http.Transport{}}).Do(req)
		if err != nil {
			answered <- 0
			return
		}
		resp.Body.Close()
		answered <- resp.StatusCode
	}()
	if _, err := io.WriteString(writer, form[:5]); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond) // the server has begun to read
	s.process.terminate()
	time.Sleep(300 * time.Millisecond)
	if _, err := http.Get(s.Issuer + "/healthz"); err == nil {
		t.Error("a stopping node takes new connections")
	}
	if _, err := io.WriteString(writer, form[5:]); err != nil {
		t.Fatal(err)
	}
	if status := <-answered; status != http.StatusOK {
		t.Errorf("the request that had begun is answered %d, want 200", status)
	}
	<-s.process.exited
}

// TestMetricsAndReadiness: what operators look at.
func TestMetricsAndReadiness(t *testing.T) {
	t.Parallel()
	eachSite(t, func(t *testing.T, s *site) {
		s.checkCabinet(t, s.grant(t, newVisitor(t), s.webClient(t), s.memberOfTwo(t), s.memberOfTwo(t).Organisations[0].ID).AccessToken, s.memberOfTwo(t).Organisations[0].organisation)
		_, metrics := fetch(t, s.Issuer+"/metrics")
		for _, name := range []string{
			"propusk_http_requests_total", "propusk_database_connections", "propusk_job_runs_total", "propusk_oauth_token_requests_total", "propusk_signins_total", "propusk_guard_decisions_total", "go_goroutines",
		} {
			if !strings.Contains(string(metrics), "\n"+name) {
				t.Errorf("/metrics has nothing that begins with %s", name)
			}
		}
		req, _ := http.NewRequest(http.MethodGet, s.Issuer+"/metrics", nil)
		req.Header.Set("X-Forwarded-For", "203.0.113.5")
		if status, _ := send(t, req); status != http.StatusNotFound {
			t.Errorf("/metrics through a proxy is answered %d, want 404", status)
		}
		var ready struct {
			Ready  bool
			Checks []struct{ Name string }
		}
		_, body := fetch(t, s.Issuer+"/readyz")
		if err := json.Unmarshal(body, &ready); err != nil || !ready.Ready || len(ready.Checks) < 4 {
			t.Errorf("/readyz says %s", body)
		}
	})
}

// TestNotReadyNamesTheReason: without Redis the node is alive, not ready, and
// says why.
func TestNotReadyNamesTheReason(t *testing.T) {
	t.Parallel()
	redis, stopRedis := stoppableRedis(t)
	port := freePort(t)
	issuer := fmt.Sprintf("http://localhost:%d", port)
	serve(t, port, "PROPUSK_ISSUER="+issuer, "PROPUSK_DATABASE_URL=sqlite://"+t.TempDir()+"/p.db", "PROPUSK_REDIS_URL="+redis)
	stopRedis()
	eventually(t, "/readyz is 503 and names the short-lived state", func() bool {
		status, body := fetch(t, issuer+"/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(string(body), `"name":"short-lived state","ready":false`)
	})
	if status, _ := fetch(t, issuer+"/healthz"); status != http.StatusOK {
		t.Errorf("/healthz is %d", status)
	}
}

// TestTLSByFiles: TLS 1.3 and nothing older.
func TestTLSByFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pool := selfSigned(t, dir)
	port := freePort(t)
	p, stdout := start(t, []string{
		fmt.Sprintf("PROPUSK_LISTEN=127.0.0.1:%d", port), fmt.Sprintf("PROPUSK_ISSUER=https://localhost:%d", port),
		"PROPUSK_DATABASE_URL=sqlite://" + dir + "/p.db",
		"PROPUSK_TLS_CERTIFICATE=" + dir + "/cert.pem", "PROPUSK_TLS_KEY=" + dir + "/key.pem",
	}, "serve")
	go func() { _, _ = io.Copy(io.Discard, stdout) }()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	var resp *http.Response
	eventually(t, "an answer over TLS", func() bool {
		var err error
		resp, err = client.Get(fmt.Sprintf("https://localhost:%d/healthz", port))
		return err == nil
	})
	resp.Body.Close()
	if resp.TLS.Version != tls.VersionTLS13 {
		t.Errorf("spoke %x, want TLS 1.3", resp.TLS.Version)
	}
	old := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MaxVersion: tls.VersionTLS12}}}
	if resp, err := old.Get(fmt.Sprintf("https://localhost:%d/healthz", port)); err == nil {
		resp.Body.Close()
		t.Error("TLS 1.2 is spoken")
	}
	p.stop(t)
}

func selfSigned(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "cert.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	write(t, filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return pool
}
