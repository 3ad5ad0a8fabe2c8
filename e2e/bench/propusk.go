package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// propusk is the server with its defaults over SQLite: the access log is
// written (to nowhere), metrics are counted.
type propusk struct {
	child
	issuer, id, secret string
	token              string
	dir                string
}

func startPropusk() (*propusk, error) {
	dir, err := os.MkdirTemp("", "propusk-bench")
	if err != nil {
		return nil, err
	}
	p := &propusk{dir: dir}
	binary := filepath.Join(dir, "propusk")
	if out, err := exec.Command("go", "build", "-o", binary, "./cmd/propusk").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build propusk: %w\n%s", err, out)
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	p.issuer = fmt.Sprintf("http://localhost:%d", port)
	env := append(os.Environ(),
		"PROPUSK_ISSUER="+p.issuer, fmt.Sprintf("PROPUSK_LISTEN=127.0.0.1:%d", port),
		"PROPUSK_DATABASE_URL=sqlite://"+dir+"/propusk.db",
		"PROPUSK_LIMITS_PER_CLIENT=1000000", "PROPUSK_LIMITS_PER_ORGANISATION=1000000",
	)
	if err := p.fill(binary, env); err != nil {
		return nil, err
	}
	p.cmd = exec.Command(binary, "serve")
	p.cmd.Env = env
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	return p, p.awaitToken()
}

// fill makes an organisation with a client of its own.
func (p *propusk) fill(binary string, env []string) error {
	var made struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	for _, args := range [][]string{
		{"user", "create", "--last-name", "Соколов", "--first-name", "Андрей", "--email", "andrey@severny-mayak.example", "--verified"},
		{"org", "create", "--inn", "7801234564", "--kpp", "780101001", "--ogrn", "1027800123450", "--name", "ООО «Северный маяк»", "--administrator", "andrey@severny-mayak.example"},
		{"client", "create", "--name", "Обмен", "--kind", "service", "--organisation", "7801234564", "--scope", "organization:read members:read"},
	} {
		cmd := exec.Command(binary, append(args, "--json")...)
		cmd.Env = env
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("propusk %s: %w\n%s", strings.Join(args, " "), err, stderr.String())
		}
		if err := json.Unmarshal(out, &made); err != nil {
			return err
		}
	}
	p.id, p.secret = made.ID, made.Secret
	return nil
}

// awaitToken waits until the server gives a token.
func (p *propusk) awaitToken() error {
	var last error
	for range 200 {
		req, err := p.clientCredentials()
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err == nil {
			var answer struct {
				AccessToken string `json:"access_token"`
			}
			err = json.NewDecoder(resp.Body).Decode(&answer)
			resp.Body.Close()
			if err == nil && answer.AccessToken != "" {
				p.token = answer.AccessToken
				return nil
			}
		}
		last = err
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("propusk gives no token: %w", last)
}

func (p *propusk) clientCredentials() (*http.Request, error) {
	return tokenRequest(p.issuer+"/oauth2/token", p.id, p.secret)
}

// tokenRequest asks for a token by client credentials (RFC 6749 §4.4.2).
func tokenRequest(endpoint, id, secret string) (*http.Request, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"organization:read members:read"}}
	req, err := http.NewRequest(http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err == nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth(id, secret)
	}
	return req, err
}

func (p *propusk) organization() (*http.Request, error) {
	req, err := http.NewRequest(http.MethodGet, p.issuer+"/v1/organization", nil)
	if err == nil {
		req.Header.Set("Authorization", "Bearer "+p.token)
	}
	return req, err
}

func (p *propusk) stop() {
	p.child.stop()
	_ = os.RemoveAll(p.dir)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
