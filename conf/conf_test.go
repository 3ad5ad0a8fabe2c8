package conf

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
)

const example = "propusk.example.yaml"

func TestDefaultIsValidWithNothingSet(t *testing.T) {
	cfg, unknown, err := Load("", nil)
	if err != nil || len(unknown) != 0 {
		t.Fatalf("Load: %v, unknown %v", err, unknown)
	}
	if !reflect.DeepEqual(cfg, Default()) {
		t.Errorf("nothing set gives %+v, want the defaults", cfg)
	}
	if err := cfg.Validate(); err != nil {
		t.Error(err)
	}
}

func TestExampleIsLoadableAndShowsEveryDefault(t *testing.T) {
	cfg, _, err := Load(example, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := Default(); !reflect.DeepEqual(cfg, want) {
		t.Errorf("the example gives\n%+v\nwant the defaults\n%+v", cfg, want)
	}
	k := koanf.New(".")
	if err := k.Load(file.Provider(example), yaml.Parser()); err != nil {
		t.Fatal(err)
	}
	for _, field := range Fields() {
		if !k.Exists(field) {
			t.Errorf("the example does not show %s", field)
		}
	}
}

func TestEnvironmentWinsOverFileOverDefault(t *testing.T) {
	path := write(t, "listen: 127.0.0.1:1\nlog: {level: debug}\ntokens: {access_token: 3m}\n")
	cfg, unknown, err := Load(path, []string{
		"PROPUSK_LISTEN=127.0.0.1:2",
		"PROPUSK_DATABASE_URL=postgres://db/propusk",
		"PROPUSK_MASTER_KEY=abc",
		"PROPUSK_TOKENS_REFRESH_GRACE=45s",
		"PROPUSK_HTTP_TRUSTED_PROXIES=10.0.0.0/8,fd00::/8",
		"PROPUSK_DATABASE_MIGRATE=false",
		"PROPUSK_MAIL_PORT=2525",
		"PROPUSK_SERVICE_HOST=10.1.2.3",
		"PROPUSK_TEST_POSTGRES_URL=postgres://elsewhere",
		"OTHER_LISTEN=127.0.0.1:3",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Listen = "127.0.0.1:2"
	want.Log.Level = "debug"
	want.Tokens.AccessToken = 3 * time.Minute
	want.Tokens.RefreshGrace = 45 * time.Second
	want.Database = Database{URL: "postgres://db/propusk", Migrate: false}
	want.MasterKey = "abc"
	want.HTTP.TrustedProxies = []string{"10.0.0.0/8", "fd00::/8"}
	want.Mail.Port = 2525
	if !reflect.DeepEqual(cfg, want) {
		t.Errorf("got\n%#v\nwant\n%#v", cfg, want)
	}
	if want := []string{"PROPUSK_SERVICE_HOST"}; !slices.Equal(unknown, want) {
		t.Errorf("unknown = %v, want %v", unknown, want)
	}
}

func TestLoadRefuses(t *testing.T) {
	tests := []struct {
		name, yaml string
		env        []string
		want       []string
	}{
		{name: "fields that are misspelt, all of them", yaml: "lisen: x\ndatabase: {uri: y}\n", want: []string{"lisen", "database.uri"}},
		{name: "values of another kind, all of them", env: []string{"PROPUSK_MAIL_PORT=many", "PROPUSK_SESSION_IDLE=soon"}, want: []string{"mail.port", "session.idle"}},
		{name: "what is not YAML", yaml: ":\n\t- {", want: []string{"configuration file"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := Load(write(t, tt.yaml), tt.env)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not name %q", err, want)
				}
			}
		})
	}
	if _, _, err := Load(filepath.Join(t.TempDir(), "absent.yaml"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an absent file: %v, want os.ErrNotExist", err)
	}
}

func TestLoadNeverRepeatsAValueThatDoesNotFit(t *testing.T) {
	_, _, err := Load("", []string{"PROPUSK_MAIL_PORT=hunter2"})
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error %v must be there and must not repeat the value", err)
	}
}

func TestValidateNamesEveryFaultAtOnce(t *testing.T) {
	err := Config{}.Validate()
	var faults Faults
	if !errors.As(err, &faults) {
		t.Fatalf("Validate of nothing: %v, want Faults", err)
	}
	for _, field := range []string{"issuer", "listen", "master_key", "database.url", "tls.min_version", "http.read_header_timeout", "log.level", "tokens.code", "session.idle", "password.memory", "lock.failures", "limits.per_client", "mail.tls", "jobs.workers", "runtime.gc_percent", "invitation_lifetime"} {
		if !slices.ContainsFunc(faults, func(f Fault) bool { return f.Field == field }) {
			t.Errorf("%s is not named in\n%v", field, err)
		}
	}
}

func TestValidate(t *testing.T) {
	const key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	tests := []struct {
		name string
		set  func(*Config)
		want string // the field at fault; empty when there is none
	}{
		{"https issuer", func(c *Config) { c.Issuer = "https://id.example.ru" }, ""},
		{"http issuer of a stranger", func(c *Config) { c.Issuer = "http://id.example.ru" }, "issuer"},
		{"http issuer on IPv6 loopback", func(c *Config) { c.Issuer = "http://[::1]:8080" }, ""},
		{"issuer with a trailing slash", func(c *Config) { c.Issuer = "https://id.example.ru/" }, "issuer"},
		{"issuer with a query", func(c *Config) { c.Issuer = "https://id.example.ru?a" }, "issuer"},
		{"issuer with credentials", func(c *Config) { c.Issuer = "https://a:b@id.example.ru" }, "issuer"},
		{"issuer of another scheme", func(c *Config) { c.Issuer = "ftp://id.example.ru" }, "issuer"},
		{"port 0", func(c *Config) { c.Listen = "127.0.0.1:0" }, ""},
		{"listen without port", func(c *Config) { c.Listen = "127.0.0.1" }, "listen"},
		{"listen on a port too high", func(c *Config) { c.Listen = ":70000" }, "listen"},
		{"short master key", func(c *Config) { c.MasterKey = "c2hvcnQ=" }, "master_key"},
		{"both master keys", func(c *Config) { c.MasterKey, c.MasterKeyFile = key, "f" }, "master_key_file"},
		{"files in a folder", func(c *Config) { c.Blob.URL = "file:///var/lib/propusk/files" }, ""},
		{"files in a relative folder", func(c *Config) { c.Blob.URL = "file:files" }, ""},
		{"files on S3", func(c *Config) {
			c.Blob.URL = "s3://key:secret@bucket/prefix?endpoint=https://s3.example.ru&region=ru-1"
		}, ""},
		{"files on Amazon's S3", func(c *Config) { c.Blob.URL = "s3://bucket?region=eu-north-1" }, ""},
		{"files in the root folder", func(c *Config) { c.Blob.URL = "file:///" }, "blob.url"},
		{"files in no bucket", func(c *Config) { c.Blob.URL = "s3:///prefix" }, "blob.url"},
		{"files elsewhere", func(c *Config) { c.Blob.URL = "ftp://host/files" }, "blob.url"},
		{"files at no endpoint", func(c *Config) { c.Blob.URL = "s3://bucket?endpoint=s3.example.ru" }, "blob.url"},
		{"a scanner on TCP", func(c *Config) { c.Blob.Scanner = "tcp://clamav:3310" }, ""},
		{"a scanner on a socket", func(c *Config) { c.Blob.Scanner = "unix:///run/clamav/clamd.ctl" }, ""},
		{"a scanner without a port", func(c *Config) { c.Blob.Scanner = "tcp://clamav" }, "blob.scanner"},
		{"a scanner over HTTP", func(c *Config) { c.Blob.Scanner = "http://clamav:3310" }, "blob.scanner"},
		{"a scan without end", func(c *Config) { c.Blob.ScanTimeout = time.Hour }, "blob.scan_timeout"},
		{"archives smaller than files", func(c *Config) { c.Blob.Archive = 9 }, "blob.archive"},
		{"a check without rest", func(c *Config) { c.Blob.Recheck = time.Minute }, "blob.recheck"},
		{"PostgreSQL without a master key", func(c *Config) { c.Database.URL = "postgres://h/db" }, "master_key"},
		{"PostgreSQL with a master key", func(c *Config) { c.Database.URL, c.MasterKey = "postgres://h/db", key }, ""},
		{"PostgreSQL with several hosts", func(c *Config) { c.Database.URL, c.MasterKey = "postgres://u:p@h1:1,h2:2/db", key }, ""},
		{"another database", func(c *Config) { c.Database.URL, c.MasterKey = "mysql://h/db", key }, "database.url"},
		{"SQLite without a file", func(c *Config) { c.Database.URL = "sqlite:///" }, "database.url"},
		{"Redis cluster", func(c *Config) { c.Redis.URL = "rediss://h1:1?addr=h2:2" }, ""},
		{"Redis on a socket", func(c *Config) { c.Redis.URL = "unix:///run/redis.sock" }, ""},
		{"Redis of another scheme", func(c *Config) { c.Redis.URL = "http://h" }, "redis.url"},
		{"TLS certificate without key", func(c *Config) { c.TLS.Certificate = "a.pem" }, "tls.certificate"},
		{"TLS 1.1", func(c *Config) { c.TLS.MinVersion = "1.1" }, "tls.min_version"},
		{"a proxy that is no network", func(c *Config) { c.HTTP.TrustedProxies = []string{"10.0.0.1"} }, "http.trusted_proxies"},
		{"metrics without port", func(c *Config) { c.HTTP.MetricsListen = "x" }, "http.metrics_listen"},
		{"codes for an hour", func(c *Config) { c.Tokens.Code = time.Hour }, "tokens.code"},
		{"overlap shorter than tokens", func(c *Config) { c.Keys.Overlap = time.Minute }, "keys.overlap"},
		{"rotation shorter than overlap", func(c *Config) { c.Keys.Rotate = time.Hour }, "keys.rotate"},
		{"no rotation", func(c *Config) { c.Keys.Rotate = 0 }, ""},
		{"keys in a token", func(c *Config) { c.Keys.PKCS11 = PKCS11{Module: "/m.so", Token: "t", PIN: "1", Sessions: 8} }, ""},
		{"a token without a library", func(c *Config) { c.Keys.PKCS11.Token = "t" }, "keys.pkcs11.module"},
		{"a library without a token", func(c *Config) { c.Keys.PKCS11 = PKCS11{Module: "/m.so", PIN: "1", Sessions: 8} }, "keys.pkcs11.token"},
		{"a token without a PIN", func(c *Config) { c.Keys.PKCS11 = PKCS11{Module: "/m.so", Token: "t", Sessions: 8} }, "keys.pkcs11.pin"},
		{"two PINs", func(c *Config) {
			c.Keys.PKCS11 = PKCS11{Module: "/m.so", Token: "t", PIN: "1", PINFile: "/pin", Sessions: 8}
		}, "keys.pkcs11.pin"},
		{"no pushed requests", func(c *Config) { c.Limits.PushedRequests = 0 }, "limits.pushed_requests"},
		{"no backchannel requests", func(c *Config) { c.Limits.BackchannelRequests = -1 }, "limits.backchannel_requests"},
		{"no sessions", func(c *Config) { c.Keys.PKCS11 = PKCS11{Module: "/m.so", Token: "t", PIN: "1"} }, "keys.pkcs11.sessions"},
		{"idle beyond absolute", func(c *Config) { c.Session.Idle = 13 * time.Hour }, "session.idle"},
		{"weak argon2", func(c *Config) { c.Password.Memory = 1024 }, "password.memory"},
		{"lock that never stays", func(c *Config) { c.Lock.Further = 0 }, "lock.further"},
		{"a payment provider over http", func(c *Config) { c.Payments = Payments{URL: "http://pay.example.ru", Keys: []string{"k"}} }, "payments.url"},
		{"a payment provider without key", func(c *Config) { c.Payments.URL = "https://pay.example.ru" }, "payments.keys"},
		{"a payers' page with a path", func(c *Config) {
			c.Payments = Payments{URL: "https://pay.example.ru", Keys: []string{"k"}, Pages: []string{"https://pay.example.ru/p"}}
		}, "payments.pages"},
		{"attestation of a kind", func(c *Config) { c.Passkeys.Attestation = "all" }, "passkeys.attestation"},
		{"model that is none", func(c *Config) { c.Passkeys.Permitted = []string{"yubikey"} }, "passkeys.permitted"},
		{"two lists of models", func(c *Config) {
			id := []string{"08987058-cadc-4b81-b6e1-30de50dcbe96"}
			c.Passkeys.Permitted, c.Passkeys.Prohibited = id, id
		}, "passkeys.prohibited"},
		{"lock that shrinks", func(c *Config) { c.Lock.First = 48 * time.Hour }, "lock.first"},
		{"mail without a sender", func(c *Config) { c.Mail.Host = "mail.example.ru" }, "mail.from"},
		{"mail in the clear", func(c *Config) { c.Mail = Mail{Host: "m.example.ru", Port: 25, From: "a@b", TLS: "none"} }, "mail.tls"},
		{"mail in the clear on loopback", func(c *Config) { c.Mail = Mail{Host: "localhost", Port: 25, From: "a@b", TLS: "none"} }, ""},
		{"SMS in the clear", func(c *Config) { c.SMS.URL = "http://sms.example.ru" }, "sms.url"},
		{"a class in Latin letters", func(c *Config) { c.Signature.MinimumClass = "KC2" }, ""},
		{"a class that is none", func(c *Config) { c.Signature.MinimumClass = "КС9" }, "signature.minimum_class"},
		{"an outside verifier", func(c *Config) { c.Signature.VerifierURL = "https://verifier.example.ru/v1" }, ""},
		{"an outside verifier in the clear", func(c *Config) { c.Signature.VerifierURL = "http://verifier.example.ru" }, "signature.verifier_url"},
		{"mutual TLS", func(c *Config) { c.MutualTLS = mutual("https://mtls.id.example.ru") }, ""},
		{"mutual TLS by half", func(c *Config) { c.MutualTLS = MutualTLS{Listen: ":8443"} }, "mutual_tls.listen"},
		{"mutual TLS without TLS", func(c *Config) { c.MutualTLS = mutual("http://mtls.id.example.ru") }, "mutual_tls.url"},
		{"mutual TLS under a path", func(c *Config) { c.MutualTLS = mutual("https://mtls.id.example.ru/x") }, "mutual_tls.url"},
		{"mutual TLS on the issuer's name", func(c *Config) { c.MutualTLS = mutual("https://LOCALHOST:8443") }, "mutual_tls.url"},
		{"authorities without mutual TLS", func(c *Config) { c.MutualTLS.Authorities = "ca.pem" }, "mutual_tls.authorities"},
		{"a seal's key alone", func(c *Config) { c.Seal.Key = "seal.key" }, "seal.key"},
		{"a seal of the operator's", func(c *Config) { c.Seal.Key, c.Seal.Certificate = "seal.key", "seal.pem" }, ""},
		{"a seal without a name", func(c *Config) { c.Seal.Name = " " }, "seal.name"},
		{"a registration policy that is none", func(c *Config) { c.Clients.Registration = "maybe" }, "clients.registration"},
		{"a publisher without keys", func(c *Config) { c.Clients.Publishers = []Publisher{{Issuer: "x"}} }, "clients.publishers.0"},
		{"statements of nobody", func(c *Config) { c.Clients.StatementRequired = true }, "clients.statement_required"},
		{"reach that is no network", func(c *Config) { c.Clients.Reach = []string{"here"} }, "clients.reach"},
		{"a device trusted for ever", func(c *Config) { c.SignIn.TrustedDevice = 1 << 60 }, "sign_in.trusted_device"},
		{"a body", func(c *Config) {
			c.Authority = Authority{Bodies: []Body{body("fns", "https://x.example.ru/v1")}, Registry: "fns"}
		}, ""},
		{"a body on loopback", func(c *Config) { c.Authority.Bodies = []Body{body("fns", "http://127.0.0.1:9")} }, ""},
		{"a body in the clear", func(c *Config) { c.Authority.Bodies = []Body{body("fns", "http://x.example.ru")} }, "authority.bodies"},
		{"a body without a key", func(c *Config) { c.Authority.Bodies = []Body{{Name: "fns", URL: "https://x.example.ru"}} }, "authority.bodies"},
		{"a body without a name", func(c *Config) { c.Authority.Bodies = []Body{body("ФНС", "https://x.example.ru")} }, "authority.bodies"},
		{"two bodies of one name", func(c *Config) {
			c.Authority.Bodies = []Body{body("fns", "https://x.example.ru"), body("fns", "https://y.example.ru")}
		}, "authority.bodies"},
		{"a register that is nobody", func(c *Config) { c.Authority.Registry = "fns" }, "authority.registry"},
		{"a register of tenders that is nobody", func(c *Config) { c.Authority.Tenders = "eis" }, "authority.tenders"},
		{"SMS on loopback", func(c *Config) { c.SMS.URL = "http://127.0.0.1:9" }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := Default()
			tt.set(&cfg)
			err := cfg.Validate()
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var faults Faults
			if !errors.As(err, &faults) || len(faults) != 1 || faults[0].Field != tt.want {
				t.Errorf("Validate: %v, want one fault of %s", err, tt.want)
			}
		})
	}
}

func TestBodiesComeFromTheFileAndAsJSONFromTheEnvironment(t *testing.T) {
	want := []Body{{Name: "fns", URL: "https://x.example.ru", Recipients: []string{"77*"}, Keys: []string{"a.pem"}, Poll: true}}
	path := write(t, "authority:\n  bodies:\n  - {name: fns, url: \"https://x.example.ru\", recipients: [\"77*\"], keys: [a.pem], poll: true}\n")
	variable := `PROPUSK_AUTHORITY_BODIES=[{"name":"fns","url":"https://x.example.ru","recipients":["77*"],"keys":["a.pem"],"poll":true}]`
	for name, load := range map[string]func() (Config, []string, error){
		"file":        func() (Config, []string, error) { return Load(path, nil) },
		"environment": func() (Config, []string, error) { return Load("", []string{variable}) },
	} {
		cfg, unknown, err := load()
		if err != nil || len(unknown) != 0 || !reflect.DeepEqual(cfg.Authority.Bodies, want) {
			t.Errorf("%s: %+v, %v, %v", name, cfg.Authority.Bodies, unknown, err)
		}
	}
	for _, wrong := range []string{`[{"name":"fns","key":"a.pem"}]`, `{`, `[1]`} {
		if _, _, err := Load("", []string{"PROPUSK_AUTHORITY_BODIES=" + wrong}); err == nil || !strings.Contains(err.Error(), "authority.bodies") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

func body(name, url string) Body {
	return Body{Name: name, URL: url, Recipients: []string{"*"}, Keys: []string{"k.pem"}}
}

func mutual(url string) MutualTLS {
	return MutualTLS{Listen: ":8443", URL: url, Certificate: "c.pem", Key: "k.pem"}
}

func TestParseMasterKeyTakesEveryUsualWriting(t *testing.T) {
	want := "0123456789abcdef0123456789abc\xfb\xff\xfe"
	for _, s := range []string{
		"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmP7//4=",
		"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmP7__4",
		" 3031323334353637383961626364656630313233343536373839616263fbfffe\n",
	} {
		key, err := ParseMasterKey(s)
		if err != nil || string(key) != want {
			t.Errorf("ParseMasterKey(%q) = %x, %v", s, key, err)
		}
	}
	for _, s := range []string{"", "secret", strings.Repeat("zz", 32), strings.Repeat("A", 44)} {
		if _, err := ParseMasterKey(s); err == nil {
			t.Errorf("ParseMasterKey(%q) accepted", s)
		}
	}
}

func TestSecretIsNeverPrinted(t *testing.T) {
	cfg := Default()
	cfg.MasterKey = "hunter2"
	cfg.Mail.Password = "hunter2"
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("start", "config", cfg, "key", cfg.MasterKey)
	asJSON, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, printed := range []string{fmt.Sprint(cfg), fmt.Sprintf("%+v", cfg), fmt.Sprintf("%#v", cfg), string(asJSON), log.String()} {
		if strings.Contains(printed, "hunter2") {
			t.Errorf("the secret stands in %s", printed)
		}
	}
	if got := cfg.MasterKey.Reveal(); got != "hunter2" {
		t.Errorf("Reveal = %q", got)
	}
}

func TestVariable(t *testing.T) {
	if got := Variable("database.url"); got != "PROPUSK_DATABASE_URL" {
		t.Error(got)
	}
	seen := map[string]string{}
	for _, f := range Fields() {
		if other := seen[Variable(f)]; other != "" {
			t.Errorf("%s and %s share the variable %s", f, other, Variable(f))
		}
		seen[Variable(f)] = f
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "propusk.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
