package e2e

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// cluster starts `propusk serve` over a PostgreSQL database and a Redis of its
// own and fills it through the command line: two organisations, an
// administrator and an accountant, a web client and a service client.
func cluster(t *testing.T, env ...string) *site {
	t.Helper()
	port := freePort(t)
	issuer := fmt.Sprintf("http://localhost:%d", port)
	s := &site{Issuer: issuer, API: issuer}
	s.env = append([]string{
		"PROPUSK_ISSUER=" + issuer,
		"PROPUSK_DATABASE_URL=" + postgresDatabase(t),
		"PROPUSK_REDIS_URL=" + redisServer(t),
		"PROPUSK_MASTER_KEY=" + masterKey(),
		"PROPUSK_BLOB_URL=file://" + t.TempDir(),
		"PROPUSK_LOG_LEVEL=warn",
		"PROPUSK_LIMITS_PER_CLIENT=1000000",
		"PROPUSK_LIMITS_PER_ORGANISATION=1000000",
	}, env...)
	command(t, s.env, nil, "migrate")
	s.fill(t)
	s.process = serve(t, port, s.env...)
	return s
}

func (s *site) fill(t *testing.T) {
	t.Helper()
	admin := s.createUser(t, "Соколов", "Андрей", "andrey.sokolov@severny-mayak.example", "+79210001102", "13455667778")
	accountant := s.createUser(t, "Морозова", "Елена", "elena.morozova@severny-mayak.example", "+79210001101", "11244556627")

	mayak := s.createOrganisation(t, admin, "--kind", "legal", "--inn", "7801234564", "--kpp", "780101001", "--ogrn", "1027800123450", "--name", "ООО «Северный маяк»")
	s.addMember(t, mayak, accountant, "accountant")
	s.createOrganisation(t, accountant, "--kind", "sole", "--inn", "780400112238", "--ogrn", "317784700123454", "--name", "ИП Морозова Елена Сергеевна")

	s.createClient(t, "--name", "Склад и учёт", "--kind", "web",
		"--redirect-uri", s.Issuer+"/demo/callback", "--post-logout-redirect-uri", s.Issuer+"/",
		"--grant-type", "authorization_code", "--grant-type", "refresh_token",
		"--scope", "openid profile email offline_access organization organization:read members:read members:write")
	s.createClient(t, "--name", "Обмен с учётной системой", "--kind", "service", "--organisation", mayak.INN,
		"--grant-type", "client_credentials", "--scope", "organization organization:read members:read")
}

func (s *site) createUser(t *testing.T, last, first, email, phone, snils string) *user {
	t.Helper()
	u := &user{Password: "Yantar-41-Veter", Email: email, Phone: phone, SNILS: snils}
	args := []string{"user", "create", "--last-name", last, "--first-name", first, "--email", email, "--verified", "--totp", "--password", u.Password}
	if phone != "" {
		args = append(args, "--phone", phone)
	}
	if snils != "" {
		args = append(args, "--snils", snils)
	}
	command(t, s.env, u, args...)
	u.Login = email
	s.Users = append(s.Users, u)
	return u
}

func (s *site) createOrganisation(t *testing.T, first *user, args ...string) organisation {
	t.Helper()
	var o organisation
	command(t, s.env, &o, append([]string{"org", "create", "--administrator", first.Login}, args...)...)
	s.Organisations = append(s.Organisations, o)
	first.joined(o, "administrator")
	return o
}

func (s *site) addMember(t *testing.T, o organisation, u *user, role string) {
	t.Helper()
	command(t, s.env, nil, "org", "add-member", o.INN, u.Login, "--role", role)
	u.joined(o, role)
}

func (s *site) createClient(t *testing.T, args ...string) client {
	t.Helper()
	var c client
	command(t, s.env, &c, append([]string{"client", "create"}, args...)...)
	s.Clients = append(s.Clients, c)
	return c
}

func (u *user) joined(o organisation, role string) {
	u.Organisations = append(u.Organisations, struct {
		organisation
		Roles []string `json:"roles"`
	}{o, []string{role}})
}

func masterKey() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	return base64.StdEncoding.EncodeToString(key)
}

// postgresDatabase makes a database on the server that scripts/with-services
// started, and drops it when the test ends.
func postgresDatabase(t *testing.T) string {
	t.Helper()
	server := os.Getenv("PROPUSK_TEST_POSTGRES_URL")
	need(t, server != "", "PostgreSQL (PROPUSK_TEST_POSTGRES_URL)")
	suffix := make([]byte, 6)
	_, _ = rand.Read(suffix)
	name := "e2e_" + hex.EncodeToString(suffix)
	onServer(t, server, "CREATE DATABASE "+name)
	t.Cleanup(func() { onServer(t, server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

func onServer(t *testing.T, server, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatal(err)
	}
}

// redisServer starts a Redis that keeps nothing on disk.
func redisServer(t *testing.T) string {
	t.Helper()
	address, _ := stoppableRedis(t)
	return address
}

func stoppableRedis(t *testing.T) (address string, stop func()) {
	t.Helper()
	program := needProgram(t, "redis-server", "valkey-server")
	port := freePort(t)
	cmd := exec.Command(program, "--bind", "127.0.0.1", "--port", fmt.Sprint(port), "--dir", t.TempDir(), "--save", "", "--appendonly", "no")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	t.Cleanup(stop)
	address = fmt.Sprintf("127.0.0.1:%d", port)
	if !answers(port, patience) {
		t.Fatal("Redis does not answer")
	}
	return "redis://" + address + "/0", stop
}
