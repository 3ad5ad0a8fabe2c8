package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"time"
)

// bareSigner is the process to compare with: one handler that signs a JWT of
// the size of ours and answers it as the token endpoint does. It reads no form,
// knows no client and logs nothing.
type bareSigner struct {
	child
	url string
}

func startBare() (*bareSigner, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "bare")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	address, err := bufio.NewReader(stdout).ReadString('\n')
	return &bareSigner{child{cmd}, "http://" + strings.TrimSpace(address) + "/"}, err
}

// sign sends what is sent to propusk, byte for byte in size.
func (b *bareSigner) sign() (*http.Request, error) {
	return tokenRequest(b.url+"oauth2/token", "01a2017f-9aa2-7171-af2d-994c43f7527d", strings.Repeat("s", 43))
}

// claims are of the size of a client-credentials token's.
type claims struct {
	Issuer   string            `json:"iss"`
	Subject  string            `json:"sub"`
	Audience []string          `json:"aud"`
	ClientID string            `json:"client_id"`
	Expiry   int64             `json:"exp"`
	IssuedAt int64             `json:"iat"`
	ID       string            `json:"jti"`
	Scope    string            `json:"scope"`
	Org      map[string]string `json:"org"`
	Rights   []string          `json:"permissions"`
}

// bare is the process itself. It collects garbage as seldom as propusk does, so
// that the comparison is of work and not of settings.
func bare() {
	debug.SetGCPercent(400)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256","kid":"2026-11-22-abcdefgh","typ":"at+jwt"}`)) + "."
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"access_token": signed(key, header), "token_type": "Bearer", "expires_in": 600, "scope": "organization:read members:read",
		})
	}))
}

func signed(key *ecdsa.PrivateKey, header string) string {
	now := time.Now().Unix()
	id := make([]byte, 16)
	_, _ = rand.Read(id)
	payload, err := json.Marshal(claims{
		Issuer: "http://localhost:8080", Subject: "exchange-mayak", Audience: []string{"http://localhost:8080/v1"}, ClientID: "exchange-mayak",
		Expiry: now + 600, IssuedAt: now, ID: base64.RawURLEncoding.EncodeToString(id), Scope: "organization:read members:read",
		Org:    map[string]string{"id": "01a2017f-9aa2-7171-af2d-994c43f7527d", "inn": "7801234564", "ogrn": "1027800123450", "kpp": "780101001", "name": "ООО «Северный маяк»"},
		Rights: []string{"members:read", "organization:read"},
	})
	if err != nil {
		panic(err)
	}
	input := header + base64.RawURLEncoding.EncodeToString(payload)
	digest := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		panic(err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return input + "." + base64.RawURLEncoding.EncodeToString(signature)
}
