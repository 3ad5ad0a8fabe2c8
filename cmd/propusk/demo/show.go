package demo

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"
	"golang.org/x/oauth2"

	"propusk/idp/directory"
	"propusk/idp/pages"
)

// codeStep is how long a one-time code is shown by a generator (RFC 6238 §4.1).
const codeStep = 30 * time.Second

// home is the start page: where to click and whom to be.
func (d *Demo) home(w http.ResponseWriter, r *http.Request) {
	now := d.deps.Now()
	type row struct {
		Name, Login, Password, Code, Factor string
		Organisations                       []string
	}
	lang := pages.Language(r)
	var rows []row
	for i, u := range d.seen.Users {
		p := people[i]
		one := row{Name: p.lastName + " " + p.firstName + " " + p.middleName, Login: u.Login, Password: u.Password, Factor: factorOf(p)}
		for _, o := range u.Organisations {
			one.Organisations = append(one.Organisations, o.Name+", "+strings.ToLower(directory.Role(o.Roles[0]).Label(lang)))
		}
		one.Organisations = append(one.Organisations, powersOf(p, lang)...)
		if u.TOTPSecret != "" {
			one.Code, _ = totp.GenerateCode(u.TOTPSecret, now)
		}
		rows = append(rows, one)
	}
	// The codes on the page are shown anew when they change.
	left := codeStep - time.Duration(now.UnixNano()%int64(codeStep))
	w.Header().Set("Refresh", strconv.Itoa(int(left.Seconds())+1))
	d.render(w, r, "demo-home.html", "demo.home.title", map[string]any{
		"People": rows, "Visits": d.visits(now), "Cabinet": d.seen.Cabinet, "Start": startPath, "Outbox": OutboxPath, "Trust": d.seen.Trust.Dir, "KeyPassword": KeyPassword,
	})
}

// factorOf names the second factor that a person without a generator meets.
func factorOf(p person) string {
	switch {
	case p.totp:
		return "totp"
	case p.phoneVerified:
		return "sms"
	case p.emailVerified:
		return "email"
	}
	return "enrol"
}

// outboxLimit is how many messages are listed.
const outboxLimit = 200

// outboxMessage is one line of GET /demo/outbox, a contract with programs
// outside.
type outboxMessage struct {
	Channel string    `json:"channel"`
	To      string    `json:"to"`
	Subject string    `json:"subject"`
	Text    string    `json:"text"`
	Code    string    `json:"code,omitempty"`
	At      time.Time `json:"at"`
}

// outbox lists what was sent, newest first: JSON, or a page for a browser.
func (d *Demo) outbox(w http.ResponseWriter, r *http.Request) {
	sent, err := d.deps.Outbox.List(r.Context(), outboxLimit)
	if err != nil {
		http.Error(w, "the messages cannot be read", http.StatusInternalServerError)
		return
	}
	messages := make([]outboxMessage, 0, len(sent))
	for _, m := range sent {
		messages = append(messages, outboxMessage{m.Channel, m.To, m.Subject, m.Text, m.Code, m.At.Time()})
	}
	w.Header().Add("Vary", "Accept")
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		w.Header().Set("Refresh", "5")
		d.render(w, r, "demo-outbox.html", "demo.outbox.title", map[string]any{"Messages": d.readable(messages)})
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(messages)
}

// readableMessage is a message cut into lines, and these into plain text and
// links into this node.
type readableMessage struct {
	outboxMessage
	Lines [][]part
}

type part struct{ Text, URL string }

func (d *Demo) readable(messages []outboxMessage) []readableMessage {
	out := make([]readableMessage, len(messages))
	for i, m := range messages {
		out[i].outboxMessage = m
		for line := range strings.Lines(m.Text) {
			out[i].Lines = append(out[i].Lines, d.parts(strings.TrimSpace(line)))
		}
	}
	return out
}

func (d *Demo) parts(line string) (parts []part) {
	for {
		before, rest, found := strings.Cut(line, d.deps.Issuer+"/")
		if before != "" {
			parts = append(parts, part{Text: before})
		}
		if !found {
			return parts
		}
		path, after, _ := strings.Cut(rest, " ")
		address := d.deps.Issuer + "/" + path
		parts = append(parts, part{Text: address, URL: "/" + path})
		line = strings.TrimSuffix(" "+after, " ")
	}
}

// sent is one authorization request of the demo application.
type sent struct {
	verifier string
	at       time.Time
}

// forgetAfter is how long the demo application waits for an answer.
const forgetAfter = time.Hour

// start sends the browser to sign in, as the application "Склад и учёт" does.
func (d *Demo) start(w http.ResponseWriter, r *http.Request) {
	state, verifier := randomText(), oauth2.GenerateVerifier()
	d.remember(state, verifier)
	client := d.client(Sklad)
	http.Redirect(w, r, d.deps.Issuer+"/oauth2/authorize?"+url.Values{
		"response_type": {"code"}, "client_id": {client.ClientID}, "redirect_uri": {d.deps.Issuer + CallbackPath},
		"scope": {client.Scope}, "state": {state}, "nonce": {randomText()},
		"code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}, "code_challenge_method": {"S256"},
	}.Encode(), http.StatusSeeOther)
}

func (d *Demo) remember(state, verifier string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.deps.Now()
	for old, s := range d.started {
		if now.Sub(s.at) > forgetAfter {
			delete(d.started, old)
		}
	}
	d.started[state] = sent{verifier, now}
}

func (d *Demo) verifier(state string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s, ok := d.started[state]; ok {
		return s.verifier
	}
	return "$CODE_VERIFIER"
}

// callback is where the application's sign-in comes back to: it shows what an
// application does next, without doing it, so that the reader can.
func (d *Demo) callback(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	client := d.client(Sklad)
	data := map[string]any{
		"Code": q.Get("code"), "Error": q.Get("error"), "Description": q.Get("error_description"), "Start": startPath,
		"Redeem": curlRedeem(d.deps.Issuer, client, q.Get("code"), d.verifier(q.Get("state"))),
		"Read":   "curl -H \"Authorization: Bearer $ACCESS_TOKEN\" " + d.deps.Issuer + "/v1/organization",
	}
	d.render(w, r, "demo-callback.html", "demo.callback.title", data)
}

// curlRedeem is the command, a line each.
func curlRedeem(issuer string, c LineClient, code, verifier string) []string {
	return []string{
		"curl -u " + shell(c.ClientID+":"+c.ClientSecret) + " " + shell(issuer+"/oauth2/token") + ` \`,
		`-d grant_type=authorization_code \`,
		"--data-urlencode " + shell("redirect_uri="+issuer+CallbackPath) + ` \`,
		"--data-urlencode " + shell("code_verifier="+verifier) + ` \`,
		"--data-urlencode " + shell("code="+code),
	}
}

// shell quotes an argument for a POSIX shell: what comes from the address line
// must not become a command when it is pasted.
func shell(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func (d *Demo) client(id string) LineClient {
	for _, c := range d.seen.Clients {
		if c.ClientID == id {
			return c
		}
	}
	return LineClient{ClientID: id}
}

func (d *Demo) render(w http.ResponseWriter, r *http.Request, template, title string, data any) {
	if err := d.pages.Render(w, r, http.StatusOK, pages.Custom{Template: template, Title: title, Data: data}); err != nil {
		http.Error(w, "the page cannot be drawn", http.StatusInternalServerError)
	}
}

func randomText() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b)
}
