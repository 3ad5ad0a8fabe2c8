package e2e

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"propusk/cabinet/filing/reporttest"
	"propusk/signature"
	"propusk/signature/signaturetest"
)

// office is `propusk sandbox`: a state body as a process of its own.
type office struct {
	url, data, key string
	args           []string
	process        *process
}

// newOffice starts the sandbox for the server that will stand at issuer.
func newOffice(t *testing.T, issuer string) *office {
	t.Helper()
	port := freePort(t)
	o := &office{url: fmt.Sprintf("http://127.0.0.1:%d", port), data: t.TempDir()}
	o.args = []string{
		"sandbox", "--listen", fmt.Sprintf("127.0.0.1:%d", port), "--data", o.data, "--json",
		"--callback", issuer + "/authority/answers", "--client-key", issuer + "/authority/key",
	}
	o.start(t)
	return o
}

// start begins, or goes on after a kill.
func (o *office) start(t *testing.T) {
	t.Helper()
	p, stdout := start(t, nil, o.args...)
	o.process = p
	listening := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(stdout)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var told struct {
				Event     string `json:"event"`
				PublicKey string `json:"public_key"`
			}
			if json.Unmarshal(lines.Bytes(), &told) == nil && told.Event == "listening" {
				listening <- told.PublicKey
			}
		}
	}()
	select {
	case o.key = <-listening:
	case <-time.After(patience):
		t.Fatalf("the sandbox does not listen:\n%s", p.log)
	}
}

// env is how a server is told of the body.
func (o *office) env() []string {
	bodies, _ := json.Marshal([]map[string]any{{"name": "sandbox", "url": o.url, "recipients": []string{"*"}, "keys": []string{o.key}}})
	return []string{"PROPUSK_AUTHORITY_BODIES=" + string(bodies), "PROPUSK_AUTHORITY_REGISTRY=sandbox"}
}

// admin asks the sandbox's own interface.
func (o *office) admin(t testing.TB, method, path string, body, into any) {
	t.Helper()
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		reader = bytes.NewReader(text)
	}
	r, err := http.NewRequest(method, o.url+path, reader)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	if answer.StatusCode >= 300 {
		t.Fatalf("%s %s: %d %s", method, path, answer.StatusCode, text)
	}
	if into != nil {
		if err := json.Unmarshal(text, into); err != nil {
			t.Fatalf("%s %s: %v %s", method, path, err, text)
		}
	}
}

// signers are the holders of certificates of a test's own authority.
type signers struct{ authority *signaturetest.Authority }

// newSigners makes an authority and has the site trust it.
func (s *site) newSigners(t *testing.T) *signers {
	t.Helper()
	a := signaturetest.New(t, time.Now)
	dir := t.TempDir()
	for name, block := range map[string]*pem.Block{
		"root.pem": {Type: "CERTIFICATE", Bytes: a.Certificate.Raw}, "list.crl": {Type: "X509 CRL", Bytes: a.List(t)},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command(t, s.env, nil, "trust", "import", filepath.Join(dir, "root.pem"), "--crls", filepath.Join(dir, "list.crl"))
	return &signers{a}
}

// of is the head of an organisation with its certificate.
func (g *signers) of(t *testing.T, o organisation, snils string) signaturetest.Holder {
	t.Helper()
	return g.authority.Issue(t, signature.Subject{
		CommonName: o.Name, Organisation: o.Name, INNLE: o.INN, OGRN: o.OGRN, SNILS: snils, LastName: "Соколов", GivenNames: "Андрей Ильич", Title: "Директор",
	})
}

// program is an integrator's program that files for one organisation. It asks
// again whatever gets no answer, under the same key, as such programs do.
type program struct {
	t      testing.TB
	site   *site
	client client
	head   signaturetest.Holder
	filer  reporttest.Filer

	mutex sync.Mutex
	token string
}

// programPatience is how long a program asks again.
const programPatience = 90 * time.Second

func (p *program) authorization(fresh bool) (string, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.token != "" && !fresh {
		return p.token, nil
	}
	got, err := requestTokens(p.site.Issuer, p.client, url.Values{"grant_type": {"client_credentials"}})
	if err != nil || got.status != http.StatusOK {
		return "", fmt.Errorf("token: %d %w", got.status, err)
	}
	p.token = got.AccessToken
	return p.token, nil
}

// ask makes one request until it is answered for good, and decodes the answer.
func (p *program) ask(method, path, kind, key string, body []byte, into any) error {
	var last error
	for deadline := time.Now().Add(programPatience); time.Now().Before(deadline); time.Sleep(150 * time.Millisecond) {
		status, text, err := p.once(method, path, kind, key, body)
		switch {
		case err != nil || status == http.StatusUnauthorized || status == http.StatusTooManyRequests || status >= 500:
			last = fmt.Errorf("%s %s: %d %s %w", method, path, status, text, err)
			if status == http.StatusUnauthorized {
				_, _ = p.authorization(true)
			}
			continue
		case status >= 300:
			return fmt.Errorf("%s %s: %d %s", method, path, status, text)
		case into == nil:
			return nil
		}
		if raw, ok := into.(*[]byte); ok {
			*raw = text
			return nil
		}
		return json.Unmarshal(text, into)
	}
	return fmt.Errorf("no answer for good: %w", last)
}

func (p *program) once(method, path, kind, key string, body []byte) (status int, text []byte, err error) {
	token, err := p.authorization(false)
	if err != nil {
		return 0, nil, err
	}
	r, err := http.NewRequest(method, p.site.API+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	answer, err := (&http.Client{Timeout: 20 * time.Second}).Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	text, err = io.ReadAll(answer.Body)
	return answer.StatusCode, text, err
}

// filed is what a program is told of a filing.
type filed struct {
	ID     string `json:"id"`
	Number string `json:"number"`
	State  string `json:"state"`
	Check  *struct {
		Accepted bool `json:"accepted"`
		Faults   any  `json:"faults"`
	} `json:"check"`
}

// file uploads, signs and submits one VAT return. Where the outcome of a step is not
// known it does what the answer says: it looks, and goes on from there.
func (p *program) file(year int, period string) (filed, error) {
	report := reporttest.Good("NO_NDS", reporttest.Head{Filer: p.filer, Year: year, Period: period})
	key := fmt.Sprintf("%s-%d-%s", p.filer.INN, year, period)
	kind, body := multipartFile(report.Name, report.Content)
	f, err := p.step("upload-"+key, kind, "/v1/filings/upload", body, func() (filed, bool, error) { return p.found(year, period) })
	if err != nil {
		return f, err
	}
	if f.Check == nil || !f.Check.Accepted {
		return f, fmt.Errorf("the check says %+v", f.Check)
	}
	var bytesToSign []byte
	if err := p.ask("GET", "/v1/filings/"+f.ID+"/file", "", "", nil, &bytesToSign); err != nil {
		return f, err
	}
	sign, err := json.Marshal(map[string]string{"signature": base64.StdEncoding.EncodeToString(p.head.Sign(p.t, bytesToSign))})
	if err != nil {
		return f, err
	}
	signed := f.State
	if f, err = p.step("sign-"+key, "application/json", "/v1/filings/"+f.ID+"/signatures", sign, p.left(f.ID, signed)); err != nil {
		return f, err
	}
	return p.step("submit-"+key, "", "/v1/filings/"+f.ID+"/submit", nil, p.left(f.ID, f.State))
}

// step posts under a key. When the outcome is unknown, done says what has become of
// it; what was not done is sent again under another key.
func (p *program) step(key, kind, path string, body []byte, done func() (filed, bool, error)) (f filed, err error) {
	for again := range 5 {
		err = p.ask("POST", path, kind, fmt.Sprintf("%s/%d", key, again), body, &f)
		if err == nil || !strings.Contains(err.Error(), `"idempotency_outcome_unknown"`) {
			return f, err
		}
		found, is, looked := done()
		if is || looked != nil {
			return found, looked
		}
	}
	return f, err
}

// found looks for the filing of a period among the organisation's.
func (p *program) found(year int, period string) (filed, bool, error) {
	for after := ""; ; {
		var page struct {
			Filings []struct {
				ID     string `json:"id"`
				Year   int    `json:"year"`
				Period struct {
					Code string `json:"code"`
				} `json:"period"`
			} `json:"filings"`
			Next string `json:"next"`
		}
		if err := p.ask("GET", "/v1/filings?limit=200&after="+url.QueryEscape(after), "", "", nil, &page); err != nil {
			return filed{}, false, err
		}
		for _, f := range page.Filings {
			if f.Year == year && f.Period.Code == period {
				var whole filed
				err := p.ask("GET", "/v1/filings/"+f.ID, "", "", nil, &whole)
				return whole, true, err
			}
		}
		if after = page.Next; after == "" {
			return filed{}, false, nil
		}
	}
}

// left looks whether a filing is in another state than the one it was in.
func (p *program) left(id, state string) func() (filed, bool, error) {
	return func() (f filed, is bool, err error) {
		err = p.ask("GET", "/v1/filings/"+id, "", "", nil, &f)
		return f, f.State != state, err
	}
}

func multipartFile(name string, content []byte) (kind string, body []byte) {
	var text bytes.Buffer
	form := multipart.NewWriter(&text)
	part, _ := form.CreateFormFile("file", name)
	_, _ = part.Write(content)
	_ = form.Close()
	return form.FormDataContentType(), text.Bytes()
}

// newProgram makes a service client of the organisation that may file.
func (s *site) newProgram(t *testing.T, o organisation, head signaturetest.Holder, kpp string) *program {
	t.Helper()
	c := s.createClient(t, "--name", "Учётная программа", "--kind", "service", "--organisation", o.INN, "--grant-type", "client_credentials",
		"--scope", "organization organization:read filings:read filings:write filings:sign")
	return &program{t: t, site: s, client: c, head: head, filer: reporttest.Filer{INN: o.INN, KPP: kpp, Name: strings.ReplaceAll(o.Name, `"`, "")}}
}
