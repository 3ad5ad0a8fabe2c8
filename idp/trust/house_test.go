package trust_test

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"propusk/idp/trust"
	"propusk/signature"
	"propusk/signature/pki"
	"propusk/storage"
	"propusk/storage/journal"
	"propusk/storage/storagetest"
)

const fixtures = "../../signature/testdata/fixtures"

// operator is who changes trust in these tests.
const operator = "dezhurny"

// house is a database with as many nodes as a test opens.
type house struct {
	*testing.T
	db      *storage.DB
	clock   *storagetest.Clock
	events  storage.Events
	journal *journal.Journal
}

// each runs test on both engines, at the time of the fixtures.
func each(t *testing.T, test func(h house)) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) { test(newHouse(t, db)) })
}

func newHouse(t *testing.T, db *storage.DB) house {
	clock := storagetest.NewClock()
	clock.Advance(certificate(t, "ecp256/staff.cer").NotBefore.Add(time.Hour).Sub(clock.Now()))
	return house{
		T: t, db: db, clock: clock, events: storagetest.Memory(t, clock.Now),
		journal: journal.New(journal.Deps{DB: db, Now: clock.Now}),
	}
}

// node opens a Trust as a process of its own would; it hears of changes by events.
func (h house) node(change ...func(*trust.Deps)) *trust.Trust {
	h.Helper()
	deps := trust.Deps{
		DB: h.db, Journal: h.journal, Events: h.events, Now: h.clock.Now,
		Metrics: prometheus.NewRegistry(), Poll: time.Hour,
	}
	for _, change := range change {
		change(&deps)
	}
	node, err := trust.Open(h.Context(), deps)
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(node.Close)
	return node
}

func (h house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// trusted imports the whole hierarchy of one algorithm.
func (h house) trusted(node *trust.Trust, algorithm string, crls ...string) trust.Report {
	h.Helper()
	m := trust.Material{Roots: []string{file(algorithm, "root/ca.cer"), file(algorithm, "int/ca.cer")}}
	for _, crl := range crls {
		m.CRLs = append(m.CRLs, file(algorithm, crl))
	}
	report, err := node.Import(h.Context(), operator, m)
	h.must(err)
	return report
}

// judge verifies one of the fixtures' signatures of the challenge.
func (h house) judge(node *trust.Trust, name string) signature.Verdict {
	h.Helper()
	verdict, err := node.Verifier().Verify(h.Context(), signature.Request{
		Signature: read(h, name), Content: read(h, "challenge.bin"),
	})
	h.must(err)
	return verdict
}

func (h house) wantCode(node *trust.Trust, name string, want signature.Code) {
	h.Helper()
	if verdict := h.judge(node, name); verdict.Code != want {
		h.Errorf("%s: got %s, want %s (%+v)", name, verdict.Code, want, verdict.Checks)
	}
}

// eventually waits for what an event brings.
func (h house) eventually(what string, holds func() bool) {
	h.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			h.Fatalf("waited in vain: %s", what)
		}
	}
}

// entries are the journal's entries of an action, the newest first.
func (h house) entries(action string) []journal.Entry {
	h.Helper()
	entries, err := h.journal.List(context.Background(), journal.Filter{Action: action})
	h.must(err)
	return entries
}

func file(parts ...string) string { return filepath.Join(append([]string{fixtures}, parts...)...) }

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(file(name))
	if err != nil {
		t.Fatal(err)
	}
	if block, _ := pem.Decode(data); block != nil {
		return block.Bytes
	}
	return data
}

func certificate(t testing.TB, name string) *pki.Certificate {
	t.Helper()
	c, fault := pki.ParseCertificate(read(t, name))
	if fault != nil {
		t.Fatal(fault)
	}
	return c
}

// root is the ID under which the root of an algorithm is trusted.
func (h house) root(algorithm string) string {
	return certificate(h, algorithm+"/root/ca.cer").Fingerprint()
}

// listServer serves revocation lists and counts what it is asked.
type listServer struct {
	*httptest.Server
	mu        sync.Mutex
	lists     map[string][]byte // by path; nil: the server is broken
	asked     int
	unchanged int
}

func newListServer(t testing.TB, lists map[string][]byte) *listServer {
	s := &listServer{lists: lists}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *listServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	list := s.lists[r.URL.Path]
	tag := fmt.Sprintf(`"%d"`, len(list))
	switch {
	case list == nil:
		w.WriteHeader(http.StatusServiceUnavailable)
	case r.Header.Get("If-None-Match") == tag:
		s.unchanged++
		w.WriteHeader(http.StatusNotModified)
	default:
		w.Header().Set("ETag", tag)
		_, _ = w.Write(list)
	}
}

func (s *listServer) set(path string, list []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lists[path] = list
}

func (s *listServer) counts() (asked, unchanged int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked, s.unchanged
}

// accreditedList writes the ministry's list with one authority.
func accreditedList(t testing.TB, date, name, ogrn string, raw []byte, addresses ...string) string {
	t.Helper()
	var crls strings.Builder
	for _, address := range addresses {
		crls.WriteString("<Адрес>" + address + "</Адрес>")
	}
	xml := `<?xml version="1.0" encoding="utf-8"?><АккредитованныеУдостоверяющиеЦентры><Версия>1</Версия><Дата>` + date + `</Дата>
<УдостоверяющийЦентр><Название>` + name + `</Название><ИНН>009900000031</ИНН><ОГРН>` + ogrn + `</ОГРН>
<ПрограммноАппаратныеКомплексы><ПрограммноАппаратныйКомплекс><КлючиУполномоченныхЛиц><Ключ>
<АдресаСписковОтзыва>` + crls.String() + `</АдресаСписковОтзыва>
<Сертификаты><ДанныеСертификата><Данные>` + base64.StdEncoding.EncodeToString(raw) + `</Данные></ДанныеСертификата></Сертификаты>
</Ключ></КлючиУполномоченныхЛиц></ПрограммноАппаратныйКомплекс></ПрограммноАппаратныеКомплексы>
<ИсторияСтатусовАккредитации><СтатусАккредитации><Статус>Действует</Статус><ДействуетС>2010-01-01</ДействуетС></СтатусАккредитации></ИсторияСтатусовАккредитации>
</УдостоверяющийЦентр></АккредитованныеУдостоверяющиеЦентры>`
	path := filepath.Join(t.TempDir(), "list.xml")
	if err := os.WriteFile(path, []byte(xml), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
