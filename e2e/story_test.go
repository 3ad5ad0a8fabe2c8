package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/filing/reporttest"
	"propusk/signature"
	"propusk/signature/signaturetest"
)

// TestStoryOfACompany goes from a company that nobody knows to the end of a power
// of attorney, with the state body as a process of its own.
func TestStoryOfACompany(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]func(*testing.T) []string{
		"sqlite and process": func(t *testing.T) []string {
			return []string{"PROPUSK_DATABASE_URL=sqlite://" + filepath.Join(t.TempDir(), "propusk.db")}
		},
		"postgres and redis": func(t *testing.T) []string {
			return []string{"PROPUSK_DATABASE_URL=" + postgresDatabase(t), "PROPUSK_REDIS_URL=" + redisServer(t)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory(t, database(t)...)
			s.register()
			s.invite()
			s.empower()
			s.file("gost-256", "21")
			s.file("rsa-2048", "22")
			s.beyondThePower()
			s.extract()
			s.answerRequirement()
			s.revoke()
			s.journal()
		})
	}
}

// story is a site with a state body, a postbox, certificates, and the people.
type story struct {
	*site
	t       *testing.T
	office  *office
	box     *postbox
	signers *signers   // the authority of the company's own certificate
	papers  *authority // the bookkeeper's certificates, GOST and RSA

	cabinet, software                client
	director, accountant, bookkeeper *user
	company                          organisation
	head                             signaturetest.Holder // the company's certificate
	directorsToken                   string
	power                            string // id
	powerNumber                      string
	bookkeepers                      tokens // of the bookkeeper's software
}

const (
	storyINN, storyKPP, storyOGRN = "7842123454", "784201001", "1027800000073"
	storyMailbox                  = "office@granit.example"
	storyPhone                    = "+78120002233"
	directorsSNILS                = "13455667778"
	directorsINN                  = "780400112238"
)

func newStory(t *testing.T, env ...string) *story {
	t.Helper()
	port := freePort(t)
	issuer := fmt.Sprintf("http://localhost:%d", port)
	s := &story{t: t, site: &site{Issuer: issuer, API: issuer}, office: newOffice(t, issuer), box: newPostbox(t)}
	s.env = append([]string{
		"PROPUSK_ISSUER=" + issuer, "PROPUSK_MASTER_KEY=" + masterKey(), "PROPUSK_BLOB_URL=file://" + t.TempDir(), "PROPUSK_LOG_LEVEL=error",
	}, append(append(env, s.office.env()...), s.box.env...)...)
	command(t, s.env, nil, "migrate")
	s.papers = newAuthority(t, t.TempDir(), holderSNILS)
	command(t, s.env, nil, "trust", "import", s.papers.path("roots"), "--crls", s.papers.path("crls"))
	s.signers = s.newSigners(t)
	s.people()
	s.process = serve(t, port, s.env...)
	return s
}

// people are those of the story, and the two applications.
func (s *story) people() {
	s.director = s.createUser(s.t, "Соколов", "Андрей", "director@granit.example", "+79210001102", directorsSNILS)
	s.accountant = s.createUser(s.t, "Орлова", "Вера", "orlova@granit.example", "+79210001103", "")
	s.bookkeeper = s.createUser(s.t, "Морозова", "Елена", "morozova@accounts.example", "+79210001101", holderSNILS)
	command(s.t, s.env, nil, "user", "confirm", s.director.Login, "--snils", directorsSNILS, "--inn", directorsINN, "--evidence", "акт 1")
	command(s.t, s.env, nil, "user", "confirm", s.bookkeeper.Login, "--snils", holderSNILS, "--evidence", "акт 2")
	s.cabinet = s.createClient(s.t, "--name", "Кабинет", "--kind", "web", "--redirect-uri", s.Issuer+"/back",
		"--grant-type", "authorization_code", "--grant-type", "refresh_token",
		"--scope", "openid organization organization:read members:read members:write powers:read powers:write requests:read requests:write extracts:read journal:read filings:read")
	s.software = s.createClient(s.t, "--name", "Бухгалтерия Морозовой", "--kind", "web", "--redirect-uri", s.Issuer+"/books",
		"--grant-type", "authorization_code", "--grant-type", "refresh_token",
		"--scope", "openid organization organization:read filings:read filings:write filings:sign extracts:read")
}

// do makes a request that must be answered with status, and decodes the answer.
func (s *story) do(status int, token, method, path string, body, into any) {
	s.t.Helper()
	got, text := s.raw(token, method, path, body)
	if got != status {
		s.t.Fatalf("%s %s: %d, want %d\n%s", method, path, got, status, text)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(text, into); err != nil {
		s.t.Fatalf("%s %s: %v\n%s", method, path, err, text)
	}
}

func (s *story) raw(token, method, path string, body any) (status int, text []byte) {
	s.t.Helper()
	var reader io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		reader = bytes.NewReader(encoded)
	}
	r, err := http.NewRequest(method, s.API+path, reader)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return send(s.t, r)
}

// register: the register names the director as head, so that his proved ИНН opens
// the cabinet once the contacts are confirmed.
func (s *story) register() {
	s.knownToTheRegister()
	token := s.grant(s.t, newVisitor(s.t), s.personal(), s.director, "").AccessToken
	var r struct {
		ID, State string
		Missing   []string
		Check     *struct{ Result string }
	}
	s.do(http.StatusCreated, token, "POST", "/v1/registrations", map[string]any{
		"kind": "legal",
		"requisites": map[string]any{
			"inn": storyINN, "ogrn": storyOGRN, "full_name": "Общество с ограниченной ответственностью «Гранит»",
			"address": "190000, Санкт-Петербург, Галерная ул., д. 5",
			"head":    map[string]any{"last_name": "Соколов", "first_name": "Андрей", "position": "Генеральный директор"},
		},
		"contacts": map[string]any{"email": storyMailbox, "phone": storyPhone}, "consent": true,
	}, &r)
	path := "/v1/registrations/" + r.ID
	for channel, to := range map[string]string{"email": storyMailbox, "sms": storyPhone} {
		s.do(http.StatusAccepted, token, "POST", path+"/codes", map[string]string{"channel": channel}, nil)
		s.do(http.StatusOK, token, "POST", path+"/confirm", map[string]string{"channel": channel, "code": s.box.code(s.t, to)}, nil)
	}
	s.do(http.StatusOK, token, "POST", path+"/check", nil, &r)
	if r.State != "ready" || len(r.Missing) > 0 {
		s.t.Fatalf("the registration after its check: %+v", r)
	}
	s.do(http.StatusCreated, token, "POST", "/v1/organizations", map[string]string{"registration_id": r.ID}, &s.company)
	s.head = s.signers.of(s.t, s.company, directorsSNILS)
	s.directorsToken = s.qualified(s.director)
	s.checkCabinet(s.t, s.directorsToken, s.company)
}

// knownToTheRegister has the state body's register name the company and its head.
func (s *story) knownToTheRegister() {
	s.t.Helper()
	s.office.admin(s.t, "POST", "/admin/organizations", map[string]any{
		"kind": "legal", "inn": storyINN, "kpp": storyKPP, "ogrn": storyOGRN, "short_name": "ООО «Гранит»",
		"full_name": "Общество с ограниченной ответственностью «Гранит»", "address": map[string]string{"text": "190000, Санкт-Петербург, Галерная ул., д. 5"},
		"heads": []map[string]any{{
			"person": map[string]string{"last_name": "Соколов", "first_name": "Андрей", "inn": directorsINN}, "position": "Генеральный директор",
		}},
	}, nil)
}

// personal is the cabinet's client without an organisation.
func (s *story) personal() client {
	c := s.cabinet
	c.Scope = "openid"
	return c
}

// qualified signs the director in with his certificate, and lets him into the company.
func (s *story) qualified(u *user) string {
	own := s.signers.authority.Issue(s.t, signature.Subject{
		Kind: signature.KindPerson, CommonName: "Соколов Андрей", LastName: "Соколов", GivenNames: "Андрей", SNILS: u.SNILS,
	})
	v, asked := newVisitor(s.t), s.authorization(s.cabinet, url.Values{"acr_values": {"urn:propusk:qualified"}})
	p := v.signaturePage(asked)
	p = v.upload(p, own.Sign(s.t, v.challenge(p)), asked.redirectURI)
	for range 5 {
		if strings.HasPrefix(p.url.String(), asked.redirectURI) {
			break
		}
		p = v.step(p, asked.redirectURI, u, s.company.ID)
	}
	got := s.site.tokens(s.t, s.cabinet, url.Values{
		"grant_type": {"authorization_code"}, "code": {asked.code(s.t, s.Issuer, p.url)},
		"redirect_uri": {asked.redirectURI}, "code_verifier": {asked.verifier},
	})
	if claims := tokenClaims(s.t, got.AccessToken); claims["acr"] != "urn:propusk:qualified" {
		s.t.Fatalf("signed in with a certificate as %v", claims["acr"])
	}
	return got.AccessToken
}

// invite: the accountant gets a letter and comes in by its link.
func (s *story) invite() {
	s.do(http.StatusCreated, s.directorsToken, "POST", "/v1/organization/invitations", map[string]string{
		"last_name": "Орлова", "first_name": "Вера", "email": s.accountant.Email, "role": "accountant", "position": "Главный бухгалтер",
	}, nil)
	link := linkIn(s.t, s.box.await(s.t, s.accountant.Email, "Гранит"), s.Issuer+"/invitations/")
	token := s.grant(s.t, newVisitor(s.t), s.personal(), s.accountant, "").AccessToken
	s.do(http.StatusOK, token, "POST", "/v1/invitations/accept", map[string]string{"token": link[strings.LastIndex(link, "/")+1:]}, nil)
	var members struct{ Members []struct{ ID, Role string } }
	s.do(http.StatusOK, s.directorsToken, "GET", "/v1/organization/members", nil, &members)
	if len(members.Members) != 2 {
		s.t.Fatalf("the members: %+v", members)
	}
	for _, m := range members.Members { // what her role does not hold: to answer the state body
		if m.Role == "accountant" {
			s.do(http.StatusOK, s.directorsToken, "PATCH", "/v1/organization/members/"+m.ID, map[string][]string{"grants": {"requests:write"}}, nil)
		}
	}
}

// empower gives the bookkeeper, who is no member, VAT returns and nothing else.
func (s *story) empower() {
	var power struct{ ID, Number, Status string }
	s.do(http.StatusCreated, s.directorsToken, "POST", "/v1/powers-of-attorney", map[string]any{
		"representative": map[string]any{"last_name": "Морозова", "first_name": "Елена", "snils": s.bookkeeper.SNILS},
		"head":           map[string]any{"last_name": "Соколов", "first_name": "Андрей", "snils": directorsSNILS, "position": "Генеральный директор"},
		"powers":         []string{"2_FNS02"}, "limits": map[string]any{"reports": []string{"NO_NDS"}, "may_sign": true},
		"until": time.Now().AddDate(0, 3, 0).Format(time.DateOnly),
	}, &power)
	_, form := s.raw(s.directorsToken, "GET", "/v1/powers-of-attorney/"+power.ID+"/file", nil)
	s.do(http.StatusOK, s.directorsToken, "POST", "/v1/powers-of-attorney/"+power.ID+"/signature",
		map[string]string{"signature": base64.StdEncoding.EncodeToString(s.head.Sign(s.t, form))}, &power)
	if power.Status != "active" {
		s.t.Fatalf("the power of attorney: %+v", power)
	}
	s.power, s.powerNumber = power.ID, power.Number
	s.bookkeepers = s.grant(s.t, newVisitor(s.t), s.software, s.bookkeeper, s.company.ID)
	claims := tokenClaims(s.t, s.bookkeepers.AccessToken)
	if poa, ok := claims["poa"].(map[string]any); !ok || poa["number"] != power.Number {
		s.t.Fatalf("the token of the representative: %v", claims)
	}
}

// file: the bookkeeper's software files a return signed by a certificate of an
// algorithm, and gets every receipt.
func (s *story) file(algorithm, period string) {
	token := s.bookkeepers.AccessToken
	f := s.upload(token, "NO_NDS", period)
	_, content := s.raw(token, "GET", "/v1/filings/"+f.ID+"/file", nil)
	cms := base64.StdEncoding.EncodeToString(s.papers.sign(s.t, algorithm, content))
	s.do(http.StatusOK, token, "POST", "/v1/filings/"+f.ID+"/signatures", map[string]string{"signature": cms}, nil)
	s.do(http.StatusOK, token, "POST", "/v1/filings/"+f.ID+"/submit", nil, &f)
	var seen struct {
		State    string
		Receipts []struct{ ID, Name string }
	}
	eventually(s.t, "the receipts of the return signed by "+algorithm, func() bool {
		s.do(http.StatusOK, token, "GET", "/v1/filings/"+f.ID, nil, &seen)
		return seen.State == "entered"
	})
	if status, act := s.raw(token, "GET", "/v1/filings/"+f.ID+"/act", nil); status != http.StatusOK || !bytes.HasPrefix(act, []byte("%PDF-")) {
		s.t.Errorf("the act of acceptance: %d %.100s", status, act)
	}
}

func (s *story) upload(token, report, period string) (f filed) {
	s.t.Helper()
	status, body := s.send(token, report, period)
	if status != http.StatusCreated {
		s.t.Fatalf("upload: %d\n%s", status, body)
	}
	if err := json.Unmarshal(body, &f); err != nil || f.Check == nil || !f.Check.Accepted {
		s.t.Fatalf("the check of %s: %s", report, body)
	}
	return f
}

func (s *story) send(token, report, period string) (status int, body []byte) {
	s.t.Helper()
	file := reporttest.Good(report, reporttest.Head{
		Filer: reporttest.Filer{INN: storyINN, KPP: storyKPP, Name: "ООО «Гранит»"}, Year: 2025, Period: period,
		Signatory: fmt.Sprintf(`<Подписант ПрПодп="2"><ФИО Фамилия="Морозова" Имя="Елена"/><СвПред НаимДок="Доверенность %s"/></Подписант>`, s.powerNumber),
	})
	kind, multipart := multipartFile(file.Name, file.Content)
	r, err := http.NewRequest("POST", s.API+"/v1/filings/upload", bytes.NewReader(multipart))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", kind)
	return send(s.t, r)
}

// beyondThePower: another report, and whatever the power does not list, is refused
// with what is missing.
func (s *story) beyondThePower() {
	for what, got := range map[string]func() (int, []byte){
		"another report": func() (int, []byte) { return s.send(s.bookkeepers.AccessToken, "NO_USN", "34") },
		"an extract": func() (int, []byte) {
			return s.raw(s.bookkeepers.AccessToken, "POST", "/v1/extracts", map[string]string{"kind": "egrul"})
		},
		"the members":     func() (int, []byte) { return s.raw(s.bookkeepers.AccessToken, "GET", "/v1/organization/members", nil) },
		"the journal":     func() (int, []byte) { return s.raw(s.bookkeepers.AccessToken, "GET", "/v1/organization/journal", nil) },
		"another's power": func() (int, []byte) { return s.raw(s.bookkeepers.AccessToken, "GET", "/v1/powers-of-attorney", nil) },
	} {
		if status, body := got(); status != http.StatusForbidden {
			s.t.Errorf("%s under a power for VAT returns: %d %s", what, status, body)
		}
	}
}

// extract orders an extract and has openssl verify the signature of its PDF.
func (s *story) extract() {
	openssl := needProgram(s.t, "openssl")
	var e struct{ ID, Status string }
	s.do(http.StatusCreated, s.directorsToken, "POST", "/v1/extracts", map[string]string{"kind": "egrul", "format": "both"}, &e)
	eventually(s.t, "the extract", func() bool {
		s.do(http.StatusOK, s.directorsToken, "GET", "/v1/extracts/"+e.ID, nil, &e)
		return e.Status == "ready"
	})
	dir := s.t.TempDir()
	for _, part := range []string{"pdf", "pdf.p7s", "xml", "xml.p7s"} {
		status, content := s.raw(s.directorsToken, "GET", "/v1/extracts/"+e.ID+"/files/"+part, nil)
		if status != http.StatusOK {
			s.t.Fatalf("%s of the extract: %d", part, status)
		}
		write(s.t, filepath.Join(dir, part), content)
	}
	_, seal := s.raw(s.directorsToken, "GET", "/v1/seal?format=pem", nil)
	write(s.t, filepath.Join(dir, "seal.pem"), seal)
	for _, part := range []string{"pdf", "xml"} {
		verify := exec.Command(openssl, "cms", "-verify", "-binary", "-inform", "DER", "-in", part+".p7s", "-content", part,
			"-CAfile", "seal.pem", "-certfile", "seal.pem", "-purpose", "any", "-partial_chain", "-out", "verified")
		verify.Dir = dir
		if out, err := verify.CombinedOutput(); err != nil {
			s.t.Errorf("openssl refuses the %s of the extract: %s", part, out)
		}
	}
}

// answerRequirement: the accountant answers what the state body demands, in time.
func (s *story) answerRequirement() {
	s.office.admin(s.t, "POST", "/admin/requirements", map[string]any{
		"inn": storyINN, "subject": "О представлении пояснений", "text": "Представьте пояснения к декларации.", "due": "120h",
	}, nil)
	token := s.grant(s.t, newVisitor(s.t), s.cabinet, s.accountant, s.company.ID).AccessToken
	var list []struct {
		ID, Type, Status string
		Overdue          bool
	}
	eventually(s.t, "the requirement", func() bool {
		s.do(http.StatusOK, token, "GET", "/v1/organization/requests?type=requirement", nil, &list)
		return len(list) == 1
	})
	path := "/v1/organization/requests/" + list[0].ID
	s.do(http.StatusOK, token, "POST", path+"/accept", nil, nil)
	s.do(http.StatusCreated, token, "POST", path+"/messages", map[string]any{"kind": "reply", "text": "Расхождение из-за округления, книга продаж верна."}, nil)
	var one struct {
		Status            string
		Overdue, Breached bool
	}
	eventually(s.t, "the end of the requirement", func() bool {
		s.do(http.StatusOK, token, "GET", path, nil, &one)
		return one.Status == "done"
	})
	if one.Overdue || one.Breached {
		s.t.Errorf("answered in time, and yet %+v", one)
	}
}

// revoke ends the power: the software is refused within five seconds, and its
// refresh token is worth nothing.
func (s *story) revoke() {
	if status, _ := s.raw(s.bookkeepers.AccessToken, "GET", "/v1/filings", nil); status != http.StatusOK {
		s.t.Fatalf("before the end: %d", status)
	}
	s.do(http.StatusOK, s.directorsToken, "POST", "/v1/powers-of-attorney/"+s.power+"/revoke", map[string]string{"reason": "Договор расторгнут"}, nil)
	for revoked := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		asked := time.Since(revoked)
		status, _ := s.raw(s.bookkeepers.AccessToken, "GET", "/v1/filings", nil)
		if status == http.StatusUnauthorized || status == http.StatusForbidden {
			s.t.Logf("refused when asked %v after the revocation", asked.Round(time.Millisecond))
			break
		}
		if asked > 5*time.Second {
			s.t.Fatalf("asked %v after the revocation: %d", asked, status)
		}
	}
	if got, err := refresh(s.Issuer, s.software, s.bookkeepers.RefreshToken); err != nil || got.status != http.StatusBadRequest {
		s.t.Errorf("the software's refresh token: %d %v", got.status, err)
	}
}

// journal: the company's own export verifies, and a changed byte, a removed last
// entry and two swapped ones are each found.
func (s *story) journal() {
	_, lines := s.raw(s.directorsToken, "GET", "/v1/organization/journal/export", nil)
	dir := s.t.TempDir()
	export, keys := filepath.Join(dir, "journal.jsonl"), filepath.Join(dir, "jwks.json")
	_, jwks := fetch(s.t, s.Issuer+"/oauth2/jwks")
	write(s.t, keys, jwks)
	verify := func(status int, what string, lines []byte) {
		s.t.Helper()
		write(s.t, export, lines)
		if out := output(s.t, nil, status, "audit", "verify", export, "--jwks", keys); len(out) == 0 && status != 0 {
			s.t.Errorf("nothing is said of %s", what)
		}
	}
	verify(0, "the export", lines)
	for _, act := range []string{"organisation.created", "power", "filing", "extract", "request"} {
		if !bytes.Contains(lines, []byte(`"`+act)) {
			s.t.Errorf("the journal does not speak of %s", act)
		}
	}
	verify(1, "a changed byte", bytes.Replace(lines, []byte("filing"), []byte("fi1ing"), 1))
	entries := bytes.SplitAfter(bytes.TrimRight(lines, "\n"), []byte("\n"))
	last := len(entries) - 1 // the checkpoint
	without := append(append([][]byte{}, entries[:last-1]...), entries[last])
	verify(1, "a removed last entry", bytes.Join(without, nil))
	swapped := append([][]byte{}, entries...)
	swapped[3], swapped[4] = swapped[4], swapped[3]
	verify(1, "two swapped entries", bytes.Join(swapped, nil))
}
