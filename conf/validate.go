package conf

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Fault is one setting that cannot be used, and why.
type Fault struct {
	Field   string // path, "tls.key"
	Problem string // a sentence about it, without its value
}

// Faults are all faults of a configuration, in the order of Config.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, 0, len(f)+1)
	lines = append(lines, "the configuration cannot be used:")
	for _, fault := range f {
		lines = append(lines, fmt.Sprintf("  %s %s", fault.Field, fault.Problem))
	}
	return strings.Join(lines, "\n")
}

func (f *Faults) add(field, problem string, args ...any) {
	*f = append(*f, Fault{Field: field, Problem: fmt.Sprintf(problem, args...)})
}

func (f Faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

// Validate names every fault at once; the error is [Faults]. It looks at
// values only: no file is opened and no address dialled.
func (c Config) Validate() error {
	var f Faults
	f.issuer("issuer", c.Issuer)
	f.address("listen", c.Listen)
	f.masterKey(c)
	f.database("database.url", c.Database.URL.Reveal())
	f.redis("redis.url", c.Redis.URL.Reveal())
	f.blob(c.Blob)
	f.tls(c.TLS)
	f.http(c.HTTP)
	f.oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	f.oneOf("log.format", c.Log.Format, "json", "text")
	f.tokens(c.Tokens)
	f.keys(c.Keys, c.Tokens)
	f.between("session.idle", c.Session.Idle, time.Minute, c.Session.Absolute)
	f.between("session.absolute", c.Session.Absolute, time.Minute, 30*24*time.Hour)
	f.password(c.Password)
	f.number("lock.failures", c.Lock.Failures, 1, 100)
	f.number("lock.further", c.Lock.Further, 1, 100)
	f.between("lock.first", c.Lock.First, time.Second, c.Lock.Longest)
	f.passkeys(c.Passkeys)
	f.between("sign_in.trusted_device", c.SignIn.TrustedDevice, time.Hour, 365*24*time.Hour)
	f.number("limits.per_client", c.Limits.PerClient, 1, 1_000_000)
	f.number("limits.per_organisation", c.Limits.PerOrganisation, 1, 1_000_000)
	f.number("limits.operator_looks", c.Limits.OperatorLooks, 1, 10_000)
	f.number("limits.pushed_requests", c.Limits.PushedRequests, 1, 1_000_000)
	f.number("limits.backchannel_requests", c.Limits.BackchannelRequests, 1, 1_000_000)
	f.networks("clients.reach", c.Clients.Reach)
	f.registration(c.Clients)
	f.mail(c.Mail)
	f.sms(c.SMS)
	f.number("jobs.workers", c.Jobs.Workers, 1, 256)
	f.between("jobs.poll", c.Jobs.Poll, 50*time.Millisecond, time.Minute)
	f.number("runtime.gc_percent", c.Runtime.GCPercent, 10, 10_000)
	f.number("runtime.memory_limit", c.Runtime.MemoryLimit, 0, 1<<30)
	f.signature(c.Signature)
	f.authority(c.Authority)
	f.payments(c.Payments)
	f.mutualTLS(c.MutualTLS, c.Issuer)
	f.seal(c.Seal)
	f.between("invitation_lifetime", c.InvitationLifetime, time.Minute, 90*24*time.Hour)
	return f.err()
}

// ParseMasterKey reads 32 bytes written as base64 (standard or URL-safe, padded
// or not) or as hexadecimal digits.
func ParseMasterKey(s string) ([]byte, error) {
	s = strings.TrimSpace(s)
	if len(s) == 64 {
		if key, err := hex.DecodeString(s); err == nil {
			return key, nil
		}
	}
	plain := strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(s), "=")
	key, err := base64.RawStdEncoding.DecodeString(plain)
	if err != nil || len(key) != 32 {
		return nil, fmt.Errorf("must be 32 bytes as base64 or as 64 hexadecimal digits")
	}
	return key, nil
}

func (f *Faults) issuer(field, value string) {
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		f.add(field, "must be an address such as https://id.example.ru")
	case u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		f.add(field, "must be scheme and host only, without path and without trailing slash")
	case u.Scheme == "http" && !Loopback(u.Hostname()):
		f.add(field, "must be https unless its host is loopback: cookies and tokens would travel in the clear")
	}
}

// Loopback reports whether host (without port) is this machine itself.
func Loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && ip.IsLoopback()
}

func (f *Faults) address(field, value string) {
	_, port, err := net.SplitHostPort(value)
	if err != nil {
		f.add(field, "must be host:port, such as 127.0.0.1:8080 or :8080")
		return
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		f.add(field, "has a port that is none")
	}
}

func (f *Faults) masterKey(c Config) {
	if c.MasterKey != "" {
		if _, err := ParseMasterKey(c.MasterKey.Reveal()); err != nil {
			f.add("master_key", "%v", err)
		}
		if c.MasterKeyFile != "" {
			f.add("master_key_file", "is set beside master_key; set one of them")
		}
		return
	}
	if c.MasterKeyFile == "" && !strings.HasPrefix(c.Database.URL.Reveal(), "sqlite:") {
		f.add("master_key", "is needed (or master_key_file): `openssl rand -base64 32` makes one")
	}
}

func (f *Faults) database(field, value string) {
	if path, ok := strings.CutPrefix(value, "sqlite:"); ok {
		if strings.TrimLeft(path, "/") == "" {
			f.add(field, "must name a file: sqlite:///var/lib/propusk/propusk.db")
		}
		return
	}
	f.url(field, value, "postgres", "postgresql")
}

func (f *Faults) redis(field, value string) {
	if value == "" || strings.HasPrefix(value, "unix:///") {
		return
	}
	f.url(field, value, "redis", "rediss")
}

// url checks a server's address. The value is never repeated: it may hold a
// password.
func (f *Faults) url(field, value string, schemes ...string) {
	u, err := url.Parse(firstHost(value))
	if err != nil || u.Host == "" || !slices.Contains(schemes, u.Scheme) {
		f.add(field, "must be an address that begins with %s://", strings.Join(schemes, ":// or "))
	}
}

// firstHost cuts the further hosts of a PostgreSQL address, which net/url does
// not take.
func firstHost(value string) string {
	scheme, rest, found := strings.Cut(value, "://")
	if !found {
		return value
	}
	authority, path, _ := strings.Cut(rest, "/")
	host, _, _ := strings.Cut(authority, ",")
	return scheme + "://" + host + "/" + path
}

func (f *Faults) tls(t TLS) {
	if (t.Certificate == "") != (t.Key == "") {
		f.add("tls.certificate", "and tls.key go together: set both or none")
	}
	f.oneOf("tls.min_version", t.MinVersion, "1.3", "1.2")
}

func (f *Faults) http(h HTTP) {
	f.between("http.read_header_timeout", h.ReadHeaderTimeout, 100*time.Millisecond, 5*time.Minute)
	f.between("http.read_timeout", h.ReadTimeout, h.ReadHeaderTimeout, time.Hour)
	f.between("http.write_timeout", h.WriteTimeout, time.Second, time.Hour)
	f.between("http.idle_timeout", h.IdleTimeout, time.Second, time.Hour)
	f.between("http.shutdown_timeout", h.ShutdownTimeout, time.Second, 10*time.Minute)
	f.number("http.max_header_bytes", h.MaxHeaderBytes, 4<<10, 1<<20)
	f.networks("http.trusted_proxies", h.TrustedProxies)
	if h.MetricsListen != "" {
		f.address("http.metrics_listen", h.MetricsListen)
	}
}

func (f *Faults) networks(field string, networks []string) {
	for _, network := range networks {
		if _, err := netip.ParsePrefix(network); err != nil {
			f.add(field, "must be networks such as 10.0.0.0/8; %q is none", network)
		}
	}
}

func (f *Faults) tokens(t Tokens) {
	f.between("tokens.code", t.Code, time.Second, 10*time.Minute)
	f.between("tokens.access_token", t.AccessToken, 10*time.Second, 24*time.Hour)
	f.between("tokens.id_token", t.IDToken, 10*time.Second, 24*time.Hour)
	f.between("tokens.refresh_token", t.RefreshToken, time.Minute, 365*24*time.Hour)
	f.between("tokens.refresh_grace", t.RefreshGrace, 0, 10*time.Minute)
}

// keys wants a retired key published until its last token has died, and a key to
// sign for longer than that, so that there are at most three of an algorithm.
func (f *Faults) keys(k Keys, t Tokens) {
	f.atLeast("keys.overlap", k.Overlap, max(t.AccessToken, t.IDToken))
	if k.Rotate != 0 {
		f.atLeast("keys.rotate", k.Rotate, max(k.Overlap, time.Hour))
	}
	p := k.PKCS11
	if p.Module == "" {
		if p.Token != "" || p.PIN != "" || p.PINFile != "" {
			f.add("keys.pkcs11.module", "is needed beside the other settings of the token")
		}
		return
	}
	if p.Token == "" {
		f.add("keys.pkcs11.token", "is needed: the label of the token in which the keys lie")
	}
	if (p.PIN == "") == (p.PINFile == "") {
		f.add("keys.pkcs11.pin", "is needed, or keys.pkcs11.pin_file, and not both")
	}
	f.number("keys.pkcs11.sessions", p.Sessions, 1, 256)
}

func (f *Faults) passkeys(p Passkeys) {
	f.oneOf("passkeys.attestation", p.Attestation, "none", "direct")
	if len(p.Permitted) > 0 && len(p.Prohibited) > 0 {
		f.add("passkeys.prohibited", "is of no use beside passkeys.permitted")
	}
	f.models("passkeys.permitted", p.Permitted)
	f.models("passkeys.prohibited", p.Prohibited)
}

func (f *Faults) models(field string, list []string) {
	for _, model := range list {
		if !aaguid.MatchString(model) {
			f.add(field, "must hold AAGUIDs such as 08987058-cadc-4b81-b6e1-30de50dcbe96")
		}
	}
}

// aaguid names a model of authenticators (WebAuthn §6.5.1).
var aaguid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

func (f *Faults) password(p Password) {
	f.number("password.memory", p.Memory, 8<<10, 4<<20)
	f.number("password.time", p.Time, 1, 100)
	f.number("password.parallelism", p.Parallelism, 1, 255)
	f.number("password.concurrency", p.Concurrency, 0, 1024)
}

func (f *Faults) mail(m Mail) {
	f.oneOf("mail.tls", m.TLS, "starttls", "implicit", "none")
	f.number("mail.port", m.Port, 1, 65535)
	if m.Host == "" {
		return
	}
	if !strings.Contains(m.From, "@") {
		f.add("mail.from", "must be the sender's address, since mail.host is set")
	}
	if m.TLS == "none" && !Loopback(m.Host) {
		f.add("mail.tls", "may be none for a relay on loopback only: codes would travel in the clear")
	}
}

func (f *Faults) sms(s SMS) {
	if s.URL == "" {
		return
	}
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && !Loopback(u.Hostname())) {
		f.add("sms.url", "must be an https address (http on loopback only)")
	}
}

func (f *Faults) signature(s Signature) {
	f.oneOf("signature.minimum_class", s.Class(), "КС1", "КС2", "КС3", "КВ1", "КВ2", "КА1")
	f.number("signature.gost_concurrency", s.GOSTConcurrency, 0, 1024)
	if s.VerifierURL == "" {
		return
	}
	u, err := url.Parse(s.VerifierURL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && (u.Scheme != "http" || !Loopback(u.Hostname()))) {
		f.add("signature.verifier_url", "must be an https address (http on loopback only)")
	}
}

func (f *Faults) authority(a Authority) {
	names := map[string]bool{}
	for _, b := range a.Bodies {
		u, err := url.Parse(b.URL)
		switch {
		case !bodyName.MatchString(b.Name):
			f.add("authority.bodies", "must each have a name of lower-case Latin letters, digits, dots and dashes")
		case names[b.Name]:
			f.add("authority.bodies", "has two bodies called %s", b.Name)
		case err != nil || u.Host == "" || u.RawQuery != "" || strings.HasSuffix(b.URL, "/") || (u.Scheme != "https" && (u.Scheme != "http" || !Loopback(u.Hostname()))):
			f.add("authority.bodies", "%s must have an https address (http on loopback only) without trailing slash", b.Name)
		case len(b.Keys) == 0:
			f.add("authority.bodies", "%s must have the key that its messages are signed by", b.Name)
		}
		names[b.Name] = true
	}
	if a.Registry != "" && !names[a.Registry] {
		f.add("authority.registry", "must be the name of one of authority.bodies")
	}
	if a.Tenders != "" && !names[a.Tenders] {
		f.add("authority.tenders", "must be the name of one of authority.bodies")
	}
}

func (f *Faults) payments(p Payments) {
	if p.URL == "" {
		return
	}
	if u, err := url.Parse(p.URL); err != nil || u.RawQuery != "" || strings.HasSuffix(p.URL, "/") || !secure(u) {
		f.add("payments.url", "must be an https address (http on loopback only) without trailing slash")
	}
	if len(p.Keys) == 0 {
		f.add("payments.keys", "must have the key that the provider's messages are signed by")
	}
	for _, page := range p.Pages {
		if u, err := url.Parse(page); err != nil || page != u.Scheme+"://"+u.Host || !secure(u) {
			f.add("payments.pages", "must be origins such as https://pay.example.ru (http on loopback only)")
		}
	}
}

// secure is https, or http to this machine.
func secure(u *url.URL) bool {
	return u.Host != "" && (u.Scheme == "https" || u.Scheme == "http" && Loopback(u.Hostname()))
}

// bodyName is what a body may be called.
var bodyName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,63}$`)

func (f *Faults) mutualTLS(m MutualTLS, issuer string) {
	if m.Authorities != "" && !m.Enabled() {
		f.add("mutual_tls.authorities", "is set and mutual_tls.listen is not")
	}
	set := 0
	for _, value := range []string{m.Listen, m.URL, m.Certificate, m.Key} {
		if value != "" {
			set++
		}
	}
	if set == 0 {
		return
	}
	if set < 4 {
		f.add("mutual_tls.listen", "and mutual_tls.url, .certificate and .key go together: set all or none")
		return
	}
	f.address("mutual_tls.listen", m.Listen)
	u, err := url.Parse(m.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		f.add("mutual_tls.url", "must be https:// and a host, without path and without trailing slash")
		return
	}
	if main, err := url.Parse(issuer); err == nil && strings.EqualFold(main.Hostname(), u.Hostname()) {
		f.add("mutual_tls.url", "must have another host name than issuer: the issuer's cookies must not reach it")
	}
}

func (f *Faults) seal(s Seal) {
	if (s.Key == "") != (s.Certificate == "") {
		f.add("seal.key", "and seal.certificate go together: set both or none")
	}
	if name := strings.TrimSpace(s.Name); name == "" || len(name) > 60 {
		f.add("seal.name", "must be how the service calls itself on paper, up to 60 bytes")
	}
}

func (f *Faults) oneOf(field, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		f.add(field, "must be one of %s", strings.Join(allowed, ", "))
	}
}

func (f *Faults) number(field string, value, low, high int) {
	if value < low || value > high {
		f.add(field, "must be from %d to %d", low, high)
	}
}

func (f *Faults) between(field string, value, low, high time.Duration) {
	if value < low || value > high {
		f.add(field, "must be from %s to %s", low, high)
	}
}

func (f *Faults) atLeast(field string, value, low time.Duration) {
	if value < low {
		f.add(field, "must be at least %s", low)
	}
}

// registration checks who may register applications.
func (f *Faults) registration(c Clients) {
	switch c.Registration {
	case "token", "open", "off":
	default:
		f.add("clients.registration", "must be token, open or off")
	}
	for i, p := range c.Publishers {
		if p.Issuer == "" || p.Keys == "" {
			f.add(fmt.Sprintf("clients.publishers.%d", i), "needs issuer and keys")
		}
	}
	if c.StatementRequired && len(c.Publishers) == 0 {
		f.add("clients.statement_required", "needs clients.publishers")
	}
}
