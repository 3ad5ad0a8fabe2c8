package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// site is a propusk that runs, with the people and clients it knows: the line
// that `propusk demo --json` prints.
type site struct {
	Issuer        string         `json:"issuer"`
	API           string         `json:"api"`
	Cabinet       string         `json:"cabinet"`
	Outbox        string         `json:"outbox"`
	Users         []*user        `json:"users"`
	Organisations []organisation `json:"organisations"`
	Clients       []client       `json:"clients"`
	Registration  *string        `json:"registration_access_token"`
	Trust         struct {
		Dir string `json:"dir"`
	} `json:"trust"`
	Sandbox struct {
		URL string `json:"url"`
	} `json:"sandbox"`

	process *process
	env     []string // for further commands and nodes; serve only
}

type organisation struct {
	ID   string `json:"id"`
	INN  string `json:"inn"`
	OGRN string `json:"ogrn"`
	Name string `json:"name"`
}

type client struct {
	ID                     string   `json:"client_id"`
	Secret                 string   `json:"client_secret"`
	AuthMethod             string   `json:"token_endpoint_auth_method"`
	RedirectURIs           []string `json:"redirect_uris"`
	PostLogoutRedirectURIs []string `json:"post_logout_redirect_uris"`
	GrantTypes             []string `json:"grant_types"`
	Scope                  string   `json:"scope"`
	Organisation           string   `json:"organisation"`
}

// demo starts `propusk demo` and reads its line.
func demo(t *testing.T, args ...string) *site {
	t.Helper()
	p, stdout := start(t, nil, append([]string{"demo", "--listen", "127.0.0.1:0", "--json"}, args...)...)
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, 1<<20)
	got := make(chan []byte, 1)
	go func() {
		if lines.Scan() {
			got <- slices.Clone(lines.Bytes())
		}
		close(got)
	}()
	select {
	case line, ok := <-got:
		if !ok {
			t.Fatalf("propusk demo ended without a line:\n%s", p.log)
		}
		s := &site{process: p}
		if err := json.Unmarshal(line, s); err != nil {
			t.Fatalf("the demo printed %q: %v", line, err)
		}
		return s
	case <-time.After(patience):
		t.Fatalf("propusk demo is not ready after %v:\n%s", patience, p.log)
		return nil
	}
}

// eachSite runs test on both engines: the demo on SQLite with state in the
// process, and a node on PostgreSQL and Redis.
func eachSite(t *testing.T, test func(t *testing.T, s *site)) {
	t.Helper()
	t.Run("sqlite and process", func(t *testing.T) {
		t.Parallel()
		test(t, demo(t))
	})
	t.Run("postgres and redis", func(t *testing.T) {
		t.Parallel()
		test(t, cluster(t))
	})
}

// webClient is the first client by which people sign in.
func (s *site) webClient(t testing.TB) client {
	t.Helper()
	for _, c := range s.Clients {
		if len(c.RedirectURIs) > 0 && slices.Contains(c.GrantTypes, "authorization_code") {
			return c
		}
	}
	t.Fatal("no client with a redirect URI and authorization_code")
	return client{}
}

// serviceClient is a client that is owned by an organisation and gets tokens
// for itself.
func (s *site) serviceClient(t testing.TB) client {
	t.Helper()
	for _, c := range s.Clients {
		if c.Organisation != "" && slices.Contains(c.GrantTypes, "client_credentials") {
			return c
		}
	}
	t.Fatal("no client with client_credentials and an organisation")
	return client{}
}

func (s *site) organisation(t testing.TB, id string) organisation {
	t.Helper()
	for _, o := range s.Organisations {
		if o.ID == id {
			return o
		}
	}
	t.Fatalf("no organisation %s", id)
	return organisation{}
}

// userWith is the first user with a code generator that fits.
func (s *site) userWith(t testing.TB, what string, fits func(*user) bool) *user {
	t.Helper()
	for _, u := range s.Users {
		if u.TOTPSecret != "" && fits(u) {
			return u
		}
	}
	t.Fatalf("no user %s", what)
	return nil
}

// memberOfTwo is a user whose sign-in asks for the organisation.
func (s *site) memberOfTwo(t testing.TB) *user {
	t.Helper()
	return s.userWith(t, "of two organisations", func(u *user) bool { return len(u.Organisations) == 2 })
}

// administrator is an administrator of an organisation that has other members.
func (s *site) administrator(t testing.TB) (*user, organisation) {
	t.Helper()
	for _, u := range s.Users {
		for _, o := range u.Organisations {
			if u.TOTPSecret != "" && slices.Contains(o.Roles, "administrator") && len(u.Organisations) == 1 {
				return u, o.organisation
			}
		}
	}
	t.Fatal("no administrator of one organisation")
	return nil, organisation{}
}

// call asks the API at path with a token and decodes a JSON answer into dst
// (nil: not looked at).
func (s *site) call(t testing.TB, token, method, path string, dst any) (status int) {
	t.Helper()
	status, body := s.callRaw(t, token, method, path)
	if dst == nil {
		return status
	}
	if err := json.Unmarshal(body, dst); err != nil {
		t.Fatalf("%s %s answered %d %q: %v", method, path, status, body, err)
	}
	return status
}

func (s *site) callRaw(t testing.TB, token, method, path string) (status int, body []byte) {
	t.Helper()
	req, err := http.NewRequest(method, s.API+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	return send(t, req)
}

// describe names a user in a failure.
func (u *user) String() string {
	var names []string
	for _, o := range u.Organisations {
		names = append(names, o.Name)
	}
	return fmt.Sprintf("%s of [%s]", u.Login, strings.Join(names, ", "))
}
