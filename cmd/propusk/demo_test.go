package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"propusk/cmd/propusk/demo"
	"propusk/conf"
	"propusk/storage"
)

// runningDemo starts the demo within this process and ends it with the test.
func runningDemo(t *testing.T, args ...string) demo.Line {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	read, write := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		cmd := root()
		cmd.SetArgs(append([]string{"demo", "--listen", "127.0.0.1:0", "--json"}, args...))
		cmd.SetOut(write)
		cmd.SetErr(io.Discard)
		err := cmd.ExecuteContext(ctx)
		_ = write.CloseWithError(io.EOF)
		ended <- err
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the demo ended with %v", err)
		}
	})
	text, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		t.Fatalf("the demo printed no line: %v", err)
	}
	go func() { _, _ = io.Copy(io.Discard, read) }()
	var line demo.Line
	if err := json.Unmarshal([]byte(text), &line); err != nil {
		t.Fatal(err)
	}
	return line
}

func visit(t *testing.T, address string) (status int, location, body string) {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Accept-Language", "en")
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Location"), string(text)
}

func TestDemoPagesLeadThroughASignIn(t *testing.T) {
	t.Parallel()
	line := runningDemo(t)
	if status, _, body := visit(t, line.Issuer+"/"); status != http.StatusOK || !strings.Contains(body, line.Users[0].Password) || !strings.Contains(body, line.Cabinet) {
		t.Errorf("the start page: %d", status)
	}
	representative := line.Users[len(line.Users)-1]
	if _, _, body := visit(t, line.Issuer+"/"); len(representative.Organisations) != 0 || !strings.Contains(body, representative.Password) || !strings.Contains(body, "ООО «Северный маяк», by a power of attorney") {
		t.Errorf("who acts by a power of attorney alone is not named: %+v", representative)
	}
	status, location, _ := visit(t, line.Issuer+"/demo/start")
	ask, err := url.Parse(location)
	if err != nil || status != http.StatusSeeOther {
		t.Fatalf("the demo application answers %d %q", status, location)
	}
	q := ask.Query()
	if q.Get("client_id") != demo.Sklad || q.Get("code_challenge_method") != "S256" || q.Get("redirect_uri") != line.Clients[0].RedirectURIs[0] {
		t.Errorf("it asks for %v", q)
	}
	back := url.Values{"code": {"a'b"}, "state": {q.Get("state")}}
	if _, _, body := visit(t, line.Issuer+"/demo/callback?"+back.Encode()); !strings.Contains(body, "code_verifier=") || strings.Contains(body, "$CODE_VERIFIER") {
		t.Error("the answer's page does not know the code verifier of its own request")
	}
	if _, _, body := visit(t, line.Issuer+"/demo/callback?code=x&state=foreign"); !strings.Contains(body, "$CODE_VERIFIER") {
		t.Error("the answer to a foreign request must leave the code verifier open")
	}
	if _, _, body := visit(t, line.Issuer+"/demo/callback?error=access_denied"); !strings.Contains(body, "access_denied") {
		t.Error("a refusal is not told")
	}
	if status, _, body := visit(t, line.Outbox); status != http.StatusOK || !strings.Contains(body, "Messages sent") {
		t.Errorf("the outbox: %d", status)
	}
	if status, location, _ := visit(t, line.Cabinet); status != http.StatusSeeOther || !strings.HasPrefix(location, line.Issuer+"/oauth2/authorize") {
		t.Errorf("the cabinet: %d %s", status, location)
	}
}

func TestDemoFindsItsPeopleAgainOnAnotherPort(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var before demo.Line
	t.Run("first", func(t *testing.T) { before = runningDemo(t, "--data", dir) })
	after := runningDemo(t, "--data", dir)
	for i, u := range before.Users {
		if got := after.Users[i]; got.ID != u.ID || got.TOTPSecret != u.TOTPSecret {
			t.Errorf("%s became %+v", u.Login, got)
		}
	}
	for i, c := range before.Clients {
		if got := after.Clients[i]; got.ClientSecret != c.ClientSecret {
			t.Errorf("the secret of %s changed", c.ClientID)
		}
	}
	if want := after.Issuer + "/demo/callback"; after.Clients[0].RedirectURIs[0] != want {
		t.Errorf("redirect URI %s, want %s", after.Clients[0].RedirectURIs[0], want)
	}
}

// TestDemoOfAnEarlierReleaseGetsWhoWasAdded: a kept folder knows nothing of people who
// came with a later release.
func TestDemoOfAnEarlierReleaseGetsWhoWasAdded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	t.Run("first", func(t *testing.T) { runningDemo(t, "--data", dir) })
	file := filepath.Join(dir, "demo.json")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var state map[string]any
	if err := json.Unmarshal(text, &state); err != nil {
		t.Fatal(err)
	}
	added := state["people"].(map[string]any)["schetova"].(map[string]any)["id"].(string)
	delete(state["people"].(map[string]any), "schetova")
	if text, err = json.Marshal(state); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := storage.Open(t.Context(), "sqlite://"+filepath.Join(dir, "propusk.db"))
	if err != nil {
		t.Fatal(err)
	}
	// As if she had never been there.
	_, err = db.Exec(t.Context(), `UPDATE persons SET email = 'gone@pochta.example', snils = '', phone = '' WHERE id = $1`, added)
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	line := runningDemo(t, "--data", dir)
	if got := line.Users[len(line.Users)-1]; got.ID == "" || got.ID == added || got.TOTPSecret == "" {
		t.Errorf("she is %+v", got)
	}
}

// --per-client is the API's rate, and an organisation's grows with it.
func TestDemoTakesARateForWalks(t *testing.T) {
	t.Parallel()
	limits := conf.Limits{PerClient: 600, PerOrganisation: 6000}
	if err := (demoOptions{perClient: 50_000}).limit(&limits); err != nil || limits.PerClient != 50_000 || limits.PerOrganisation != 500_000 {
		t.Errorf("%+v, %v", limits, err)
	}
	for _, rate := range []string{"0", "-1", "100001"} {
		cmd := root()
		cmd.SetArgs([]string{"demo", "--listen", "127.0.0.1:0", "--per-client", rate})
		cmd.SetErr(io.Discard)
		if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), "between 1 and 100000") {
			t.Errorf("%s is answered %v", rate, err)
		}
	}
}
