package e2e

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	osuser "os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// victim is a process that is killed, and comes back.
type victim struct {
	name          string
	kill, restart func(t *testing.T)
}

// TestKilledAtAnyMomentEveryAcceptedFilingHasOneOutcome kills the server, the state
// body, PostgreSQL and Redis (kill −9) at random moments while programs file.
//
// Then: every filing that was accepted is one filing with one outcome, the state
// body has each of them once and nothing else, and every file has its record and
// every record its file. PROPUSK_E2E_FILINGS says how many.
func TestKilledAtAnyMomentEveryAcceptedFilingHasOneOutcome(t *testing.T) {
	t.Parallel() // most of it is waiting: for servers, and for the lease of what a killed one had begun
	filings := 60
	if n, err := strconv.Atoi(os.Getenv("PROPUSK_E2E_FILINGS")); err == nil {
		filings = n
	}
	s, o, victims := doomed(t)
	programs := s.companies(t, 5)
	var done, given atomic.Int64
	numbers, faults := sync.Map{}, make(chan error, filings)
	var working sync.WaitGroup
	for range programs {
		for range 2 { // at a time
			working.Go(func() {
				for n := given.Add(1) - 1; n < int64(filings); n = given.Add(1) - 1 {
					turn := int(n) / len(programs)
					f, err := programs[int(n)%len(programs)].file(1991+turn/4, []string{"21", "22", "23", "24"}[turn%4])
					if err != nil {
						faults <- fmt.Errorf("filing %d: %w", n, err)
						continue
					}
					numbers.Store(f.Number, f.ID)
					done.Add(1)
				}
			})
		}
	}
	kills := chaos(t, victims, func() bool { return done.Load()+int64(len(faults)) >= int64(filings) })
	working.Wait()
	close(faults)
	for err := range faults {
		t.Error(err)
	}
	t.Logf("%d filings while %v were killed", done.Load(), kills)
	s.oneOutcomeEach(t, o, programs, &numbers, filings)
	var report struct {
		Checked int `json:"checked"`
		Damaged int `json:"damaged"`
	}
	command(t, s.env, &report, "files", "check")
	if report.Damaged > 0 || report.Checked < filings {
		t.Errorf("the files: %+v", report)
	}
}

// chaos kills one after the other until over, and says whom how often.
func chaos(t *testing.T, victims []victim, over func() bool) map[string]int {
	kills := map[string]int{}
	for round := 0; !over() || round < len(victims); round++ {
		pause := time.Now().Add(time.Duration(1000+rand.IntN(1500)) * time.Millisecond)
		for time.Now().Before(pause) && !over() {
			time.Sleep(10 * time.Millisecond)
		}
		v := victims[round%len(victims)]
		v.kill(t)
		kills[v.name]++
		time.Sleep(time.Duration(rand.IntN(400)) * time.Millisecond)
		v.restart(t)
	}
	return kills
}

// oneOutcomeEach waits until every filing has been entered (what a killed process
// had taken on is taken up again after a minute's lease) and compares the lists.
func (s *site) oneOutcomeEach(t *testing.T, o *office, programs []*program, numbers *sync.Map, filings int) {
	t.Helper()
	var states map[string]map[string]string // id → number and state
	for deadline := time.Now().Add(4 * time.Minute); ; time.Sleep(500 * time.Millisecond) {
		states = map[string]map[string]string{}
		entered := 0
		for _, p := range programs {
			for after := ""; ; {
				var page struct {
					Filings []filed `json:"filings"`
					Next    string  `json:"next"`
				}
				if err := p.ask("GET", "/v1/filings?limit=200&after="+url.QueryEscape(after), "", "", nil, &page); err != nil {
					t.Fatal(err)
				}
				for _, f := range page.Filings {
					states[f.ID] = map[string]string{"number": f.Number, "state": f.State}
					if f.State == "entered" {
						entered++
					}
				}
				if after = page.Next; after == "" {
					break
				}
			}
		}
		if entered == filings {
			break
		}
		if time.Now().After(deadline) {
			maps.DeleteFunc(states, func(_ string, f map[string]string) bool { return f["state"] == "entered" })
			t.Fatalf("%d of %d filings are entered, but not %v", entered, filings, states)
		}
	}
	if len(states) != filings {
		t.Errorf("%d filings, want %d", len(states), filings)
	}
	numbers.Range(func(number, id any) bool {
		if states[id.(string)]["number"] != number {
			t.Errorf("filing %s was answered as %s and is %v", id, number, states[id.(string)])
		}
		return true
	})
	var received []struct {
		ID string `json:"id"`
	}
	var page struct {
		Submissions []struct {
			ID string `json:"id"`
		} `json:"submissions"`
	}
	o.admin(t, "GET", "/admin/submissions", nil, &page)
	received = append(received, page.Submissions...)
	seen := map[string]bool{}
	for _, r := range received {
		id := strings.TrimPrefix(r.ID, "filing/")
		if seen[id] || states[id] == nil {
			t.Errorf("the state body has %s twice or for nothing", r.ID)
		}
		seen[id] = true
	}
	if len(seen) != filings {
		t.Errorf("the state body has %d submissions, want %d", len(seen), filings)
	}
}

// companies makes n organisations with a program each.
func (s *site) companies(t *testing.T, n int) (programs []*program) {
	t.Helper()
	g := s.newSigners(t)
	for i := range n {
		inn, ogrn := companyNumbers(i + 1)
		director := s.createUser(t, "Директоров", "Денис", fmt.Sprintf("director%d@severny-mayak.example", i), fmt.Sprintf("+792100012%02d", i), "")
		o := s.createOrganisation(t, director, "--kind", "legal", "--inn", inn, "--kpp", "780101001", "--ogrn", ogrn, "--name", fmt.Sprintf("ООО Маяк %d", i))
		programs = append(programs, s.newProgram(t, o, g.of(t, o, "13455667778"), "780101001"))
	}
	return programs
}

// companyNumbers are an invented ИНН and ОГРН with valid check digits.
func companyNumbers(n int) (inn, ogrn string) {
	inn = fmt.Sprintf("78%07d", 4100000+n)
	sum := 0
	for i, weight := range []int{2, 4, 10, 3, 5, 9, 4, 6, 8} {
		sum += weight * int(inn[i]-'0')
	}
	base := 102780000000 + n
	return inn + strconv.Itoa(sum%11%10), fmt.Sprintf("%d%d", base, base%11%10)
}

// doomed is a server over a PostgreSQL and a Redis of its own and a state body,
// all of which can be killed.
func doomed(t *testing.T) (*site, *office, []victim) {
	t.Helper()
	port := freePort(t)
	issuer := fmt.Sprintf("http://localhost:%d", port)
	o := newOffice(t, issuer)
	database, killDatabase, startDatabase := mortalPostgres(t)
	redis, killRedis, startRedis := mortalRedis(t)
	s := &site{Issuer: issuer, API: issuer}
	s.env = append([]string{
		"PROPUSK_ISSUER=" + issuer, "PROPUSK_DATABASE_URL=" + database, "PROPUSK_REDIS_URL=" + redis, "PROPUSK_MASTER_KEY=" + masterKey(),
		"PROPUSK_BLOB_URL=file://" + t.TempDir(), "PROPUSK_LOG_LEVEL=error",
		"PROPUSK_LIMITS_PER_CLIENT=1000000", "PROPUSK_LIMITS_PER_ORGANISATION=1000000",
	}, o.env()...)
	command(t, s.env, nil, "migrate")
	s.process = serve(t, port, s.env...)
	return s, o, []victim{
		{"propusk", func(*testing.T) { s.process.kill() }, func(t *testing.T) { s.process = serve(t, port, s.env...) }},
		{"sandbox", func(*testing.T) { o.process.kill() }, o.start},
		{"postgres", killDatabase, startDatabase},
		{"redis", killRedis, startRedis},
	}
}

// mortalPostgres is a database server of the test's own. It leaves the disk to the
// kernel (fsync=off), which a kill does not take away, and nothing else.
func mortalPostgres(t *testing.T) (address string, kill, restart func(t *testing.T)) {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	initdb, err := exec.LookPath("initdb")
	if err != nil && len(found) > 0 {
		initdb = slices.Max(found)
	}
	need(t, initdb != "", "PostgreSQL's initdb")
	dir, err := os.MkdirTemp("", "propusk-mortal")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	as := databaseOwner(t, dir)
	data, port := filepath.Join(dir, "data"), freePort(t)
	make := exec.Command(initdb, "-D", data, "-U", "propusk", "--auth=trust", "-E", "UTF8", "--locale=C", "-N")
	make.SysProcAttr = as
	if out, err := make.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	var server *exec.Cmd
	kill = func(*testing.T) {
		_ = server.Process.Kill()
		_ = server.Wait()
	}
	restart = func(t *testing.T) {
		for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
			server = exec.Command(filepath.Join(filepath.Dir(initdb), "postgres"), "-D", data, "-p", fmt.Sprint(port),
				"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "max_connections=100")
			server.SysProcAttr = as
			if err := server.Start(); err != nil {
				t.Fatal(err)
			}
			if answers(port, 5*time.Second) {
				return
			}
			kill(t) // those whom the killed one left behind hold its memory for a moment
		}
		t.Fatal("PostgreSQL does not come back")
	}
	restart(t)
	t.Cleanup(func() { kill(t) })
	return fmt.Sprintf("postgres://propusk@127.0.0.1:%d/postgres?sslmode=disable", port), kill, restart
}

// databaseOwner is who runs PostgreSQL, which refuses to be run by root.
func databaseOwner(t *testing.T, dir string) *syscall.SysProcAttr {
	t.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	owner, err := osuser.Lookup("postgres")
	need(t, err == nil, "the user postgres")
	uid, _ := strconv.Atoi(owner.Uid)
	gid, _ := strconv.Atoi(owner.Gid)
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}

func mortalRedis(t *testing.T) (address string, kill, restart func(t *testing.T)) {
	t.Helper()
	program, port := needProgram(t, "redis-server", "valkey-server"), freePort(t)
	var server *exec.Cmd
	kill = func(*testing.T) {
		_ = server.Process.Kill()
		_ = server.Wait()
	}
	restart = func(t *testing.T) {
		server = exec.Command(program, "--bind", "127.0.0.1", "--port", fmt.Sprint(port), "--dir", t.TempDir(), "--save", "", "--appendonly", "no")
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
		if !answers(port, patience) {
			t.Fatal("Redis does not come back")
		}
	}
	restart(t)
	t.Cleanup(func() { kill(t) })
	return fmt.Sprintf("redis://127.0.0.1:%d/0", port), kill, restart
}

// answers waits until something listens on the port.
func answers(port int, within time.Duration) bool {
	for deadline := time.Now().Add(within); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			conn.Close()
			return true
		}
	}
	return false
}
