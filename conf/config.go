package conf

import (
	"log/slog"
	"strings"
	"time"
)

// Config is the whole configuration of one node. Durations are written as
// "90s", "10m", "720h". The zero value is not usable; start from [Default].
type Config struct {
	// Issuer is the public address of this authorization server, as it stands
	// in every token (iss) and in discovery: scheme and host, a port if it is
	// not the scheme's own, no path, no trailing slash. Changing it ends every
	// token. http is taken for loopback hosts only.
	Issuer string `koanf:"issuer"`

	// Contact is the support's e-mail or phone, shown on the help page. Empty:
	// people are sent to their organisation's administrator.
	Contact string `koanf:"contact"`

	// Listen is the address and port to accept connections on; port 0 takes a
	// free one.
	Listen string `koanf:"listen"`

	// MasterKey encrypts the secrets at rest (signing keys, TOTP seeds,
	// messages that wait): 32 bytes as standard or URL-safe base64, or as 64
	// hexadecimal digits. Losing it loses those secrets; it is never stored in
	// the database. Empty: read MasterKeyFile.
	MasterKey Secret `koanf:"master_key"`

	// MasterKeyFile holds the master key, written as MasterKey is. Empty with an
	// SQLite database: the file <database>.key beside it, made with mode 0600 at
	// the first start. Other databases want one of the two.
	MasterKeyFile string `koanf:"master_key_file"`

	Database Database `koanf:"database"`
	Redis    Redis    `koanf:"redis"`
	Blob     Blob     `koanf:"blob"`
	TLS      TLS      `koanf:"tls"`
	HTTP     HTTP     `koanf:"http"`
	Log      Log      `koanf:"log"`
	Tokens   Tokens   `koanf:"tokens"`
	Keys     Keys     `koanf:"keys"`
	Session  Session  `koanf:"session"`
	Password Password `koanf:"password"`
	Lock     Lock     `koanf:"lock"`
	Passkeys Passkeys `koanf:"passkeys"`
	SignIn   SignIn   `koanf:"sign_in"`
	Limits   Limits   `koanf:"limits"`
	Clients  Clients  `koanf:"clients"`
	Mail     Mail     `koanf:"mail"`
	SMS      SMS      `koanf:"sms"`
	Jobs     Jobs     `koanf:"jobs"`
	Runtime  Runtime  `koanf:"runtime"`

	Signature Signature `koanf:"signature"`
	Authority Authority `koanf:"authority"`
	Payments  Payments  `koanf:"payments"`
	Seal      Seal      `koanf:"seal"`
	MutualTLS MutualTLS `koanf:"mutual_tls"`

	// InvitationLifetime is how long the link in an invitation to an
	// organisation works.
	InvitationLifetime time.Duration `koanf:"invitation_lifetime"`
}

// Database says where the durable state is.
type Database struct {
	// URL is sqlite:///absolute/path.db for one node, or postgres://… for any
	// number (CockroachDB and YugabyteDB speak it too). A relative SQLite path
	// is written sqlite:path.db.
	URL Secret `koanf:"url"`

	// Migrate brings the tables up to date at start. With many nodes turn it
	// off and run `propusk migrate` once for each release.
	Migrate bool `koanf:"migrate"`
}

// Redis says where short-lived state and revocation events are shared.
type Redis struct {
	// URL is redis://… or rediss://…; further hosts of a cluster follow as
	// ?addr=host:port&addr=… (master=NAME beside them asks Sentinel), prefix=…
	// shares a server. Empty keeps this state in the process: right for one
	// node only.
	URL Secret `koanf:"url"`
}

// TLS makes the server speak HTTPS itself. Empty files: plain HTTP, for a
// proxy in front that terminates TLS.
type TLS struct {
	Certificate string `koanf:"certificate"` // PEM file, leaf first, then its chain
	Key         string `koanf:"key"`         // PEM file
	// MinVersion is the oldest version spoken, "1.3" or "1.2".
	MinVersion string `koanf:"min_version"`
}

// HTTP bounds what a connection may cost.
type HTTP struct {
	ReadHeaderTimeout time.Duration `koanf:"read_header_timeout"`
	ReadTimeout       time.Duration `koanf:"read_timeout"`  // header and body
	WriteTimeout      time.Duration `koanf:"write_timeout"` // from the end of the header to the end of the answer
	IdleTimeout       time.Duration `koanf:"idle_timeout"`  // between requests of one connection
	// ShutdownTimeout is how long a stop waits for requests and jobs that
	// began; what is left is then cut.
	ShutdownTimeout time.Duration `koanf:"shutdown_timeout"`
	MaxHeaderBytes  int           `koanf:"max_header_bytes"` // bytes
	// TrustedProxies are the networks (CIDR) whose X-Forwarded-For is believed.
	// DANGER: a network that clients can reach from lets them invent the
	// address that the journal and the limits see.
	TrustedProxies []string `koanf:"trusted_proxies"`
	// MetricsListen serves /metrics on an address of its own. Empty: /metrics
	// stands on Listen for loopback and private addresses only.
	MetricsListen string `koanf:"metrics_listen"`
}

// Log says what is written to standard error.
type Log struct {
	Level  string `koanf:"level"`  // debug, info, warn, error
	Format string `koanf:"format"` // json, text
}

// Tokens are the lifetimes of what the token endpoint gives.
type Tokens struct {
	Code         time.Duration `koanf:"code"`          // authorization code; RFC 6749 §4.1.2 wants it short
	AccessToken  time.Duration `koanf:"access_token"`  // also how long a revocation is remembered
	IDToken      time.Duration `koanf:"id_token"`      //
	RefreshToken time.Duration `koanf:"refresh_token"` // since its last use
	// RefreshGrace is how long the predecessor of a refresh token still gets
	// the same successor (a client that lost the answer). A replay after it
	// ends the grant.
	RefreshGrace time.Duration `koanf:"refresh_grace"`
}

// Keys is the rotation of signing keys.
type Keys struct {
	// Overlap is how long a key is published before it signs and after it
	// stopped; longer than any token lives and any relying party caches JWKS.
	Overlap time.Duration `koanf:"overlap"`

	// Rotate is how long a key signs before the next one takes over, by itself and
	// for each algorithm. 0: only by `propusk key rotate`.
	Rotate time.Duration `koanf:"rotate"`

	PKCS11 PKCS11 `koanf:"pkcs11"`
}

// PKCS11 is a token that makes and holds the signing keys, such as a hardware
// security module, attached to every node. It takes a binary built with cgo and
// the tag pkcs11.
type PKCS11 struct {
	// Module is the path of the maker's library; empty: keys lie in the database,
	// encrypted under the master key.
	Module string `koanf:"module"`
	// Token is the token's label.
	Token string `koanf:"token"`
	// PIN is the user's, PINFile a file that holds it.
	PIN     Secret `koanf:"pin"`
	PINFile string `koanf:"pin_file"`
	// Sessions is how many signatures may be made at once.
	Sessions int `koanf:"sessions"`
}

// Session is the sign-in session in the browser.
type Session struct {
	Idle     time.Duration `koanf:"idle"`     // without use
	Absolute time.Duration `koanf:"absolute"` // since the sign-in
}

// Password is the cost of one password verification (argon2id, RFC 9106), and
// what new passwords are held against.
type Password struct {
	Memory      int `koanf:"memory"`      // KiB a verification
	Time        int `koanf:"time"`        // passes
	Parallelism int `koanf:"parallelism"` // lanes
	// Concurrency is how many verifications run at a time; more wait shortly
	// and are then told to come later. 0 is the number of processors.
	Concurrency int `koanf:"concurrency"`
	// Apart has serve compute hashes in processes of their own, at the lowest
	// priority, so that a flood of sign-ins takes nothing from other requests.
	// Each takes about 40 MB while it is there. Default true.
	Apart bool `koanf:"apart"`
	// Breached is a file of SHA-1 hashes of breached passwords, in rising order
	// (Have I Been Pwned, "ordered by hash"). Empty: only the list that is built
	// in. It is searched where it lies; it may be of any size.
	Breached string `koanf:"breached"`
}

// Lock is the pause after consecutive failures of one factor.
type Lock struct {
	Failures int           `koanf:"failures"` // in a row
	Further  int           `koanf:"further"`  // after those, the failures that lock until a recovery
	First    time.Duration `koanf:"first"`    // the first pause; each next one is twice as long
	Longest  time.Duration `koanf:"longest"`  // where the doubling ends
}

// SignIn says what of a sign-in is out of the ordinary: it is asked about once
// more, and the person is told.
type SignIn struct {
	// Places is a database of where addresses lie, in the MaxMind format
	// (GeoLite2-City, or one with countries only). Empty: only devices are compared.
	Places string `koanf:"places"`
	// AnyDevice takes a device that was never seen for nothing unusual. DANGER: a
	// password that was found out is then good anywhere in the person's country.
	AnyDevice bool `koanf:"any_device"`
	// TrustedDevice is how long a device that the person trusts stands in for the
	// second factor, where the organisation lets it.
	TrustedDevice time.Duration `koanf:"trusted_device"`
}

// Passkeys says which authenticators people may use.
type Passkeys struct {
	Attestation string   `koanf:"attestation"`  // none, or direct: asked for and kept
	Permitted   []string `koanf:"permitted"`    // models (AAGUID); empty is all. Without a chain of trust they are what authenticators say of themselves
	Prohibited  []string `koanf:"prohibited"`   // models (AAGUID); not together with Permitted
	DeviceBound bool     `koanf:"device_bound"` // none that are synchronised between devices
}

// Limits are budgets of requests, counted over all nodes that share Redis.
type Limits struct {
	PerClient       int `koanf:"per_client"`       // API requests a minute
	PerOrganisation int `koanf:"per_organisation"` // API requests a minute
	OperatorLooks   int `koanf:"operator_looks"`   // cards and fields that one operator opens in an hour
	// PushedRequests and BackchannelRequests are what one application asks to have kept in
	// a minute, each in the short-lived state until it is over: authorization requests
	// (RFC 9126), and people asked at their own devices (CIBA).
	PushedRequests      int `koanf:"pushed_requests"`
	BackchannelRequests int `koanf:"backchannel_requests"`
}

// Clients are the applications that ask for tokens.
type Clients struct {
	// Reach are private networks (CIDR) in which addresses that applications
	// register may be asked: key sets, webhooks, where they want to hear of sign-outs.
	// Public addresses always may. DANGER: whoever registers applications can then
	// have this server knock at every door there.
	Reach []string `koanf:"reach"`
	// Registration says who may register applications by RFC 7591: "token", whoever
	// has an initial access token (`propusk client token create`); "open", everybody;
	// "off", nobody. DANGER: with "open" strangers' names stand on the consent page.
	Registration string `koanf:"registration"`
	// OpenScope and OpenHosts bound what is registered without an initial access
	// token: every scope, separated by spaces, "" = sign-in alone; hosts of redirect
	// URIs ("*." before one: those below it), none = any.
	OpenScope string   `koanf:"open_scope"`
	OpenHosts []string `koanf:"open_hosts"`
	// Publishers are whose software statements (RFC 7591 §2.3) count;
	// StatementRequired refuses registrations without one.
	Publishers        []Publisher `koanf:"publishers"`
	StatementRequired bool        `koanf:"statement_required"`
}

// Publisher vouches for software by signed statements.
type Publisher struct {
	Issuer string `koanf:"issuer"` // iss of its statements
	Keys   string `koanf:"keys"`   // file: a JSON Web Key Set, or public keys in PEM
}

// Mail is the SMTP relay. Empty Host: messages wait, are tried again, and end
// among the dead letters, which /metrics counts.
type Mail struct {
	Host     string `koanf:"host"`
	Port     int    `koanf:"port"`
	Username string `koanf:"username"`
	Password Secret `koanf:"password"`
	From     string `koanf:"from"`
	TLS      string `koanf:"tls"` // starttls, implicit, none (none on loopback only)
}

// SMS is the HTTP gateway that takes messages as JSON by POST. Empty URL: as
// with Mail.
type SMS struct {
	URL   string `koanf:"url"`
	Token Secret `koanf:"token"`
	From  string `koanf:"from"`
}

// Jobs run what was promised by a transaction: mail, SMS, reminders.
type Jobs struct {
	Workers int           `koanf:"workers"`
	Poll    time.Duration `koanf:"poll"` // how often a node looks for work that others enqueued
}

// Signature is how qualified electronic signatures are judged. Whom to trust is
// kept in the database, by `propusk trust`.
type Signature struct {
	// VerifierURL is an outside service that judges in the place of this process,
	// such as a certified one; docs/signature.md has its form. https, or http on
	// loopback.
	VerifierURL   string `koanf:"verifier_url"`
	VerifierToken Secret `koanf:"verifier_token"` // sent as a bearer token
	// MinimumClass is the lowest class of signing means accepted, КС1 to КА1.
	MinimumClass string `koanf:"minimum_class"`
	// GOSTConcurrency is how many checks of GOST signatures run at a time; more
	// wait two seconds and are then told to come later. 0 is half of the processors.
	GOSTConcurrency int `koanf:"gost_concurrency"`
}

// Class is MinimumClass in Cyrillic letters, also when it was written with the
// Latin ones that look the same.
func (s Signature) Class() string {
	return strings.NewReplacer("K", "К", "C", "С", "B", "В", "A", "А").Replace(s.MinimumClass)
}

// Authority is the exchange with state bodies; docs/authority.md has its form.
type Authority struct {
	// KeyFile is the private key that our messages are signed by: PEM of PKCS #8,
	// Ed25519 or ECDSA P-256. Empty: a key made from the master key, the same on every
	// node. `propusk authority key` prints the public one.
	KeyFile string `koanf:"key_file"`
	// Bodies are whom submissions go to and answers are taken from. In the environment
	// they are written as JSON.
	Bodies []Body `koanf:"bodies"`
	// Registry is the name of the body that is asked for organisations which no
	// imported file of the register has. Empty: imported files only.
	Registry string `koanf:"registry"`
	// Tenders is the name of the body whose register of procurements is read; what
	// organisations apply for goes to the recipient "zakupki". Empty: none.
	Tenders string `koanf:"tenders"`
}

// Body is one state body, or an operator of exchange before many.
type Body struct {
	// Name is stable: what was sent and answered is kept under it.
	Name string `json:"name"`
	// URL is where the exchange begins, without trailing slash. https, or http on loopback.
	URL string `json:"url"`
	// Recipients are the codes of those that it takes submissions for: "7701", "77*", "*".
	Recipients []string `json:"recipients"`
	// Keys are the public keys that its messages are signed by: base64 of the
	// SubjectPublicKeyInfo, or a PEM file. More than one while they change.
	Keys []string `json:"keys"`
	// Poll asks it for answers every ten seconds, where it cannot reach us.
	Poll bool `json:"poll"`
}

// Payments is where accruals come from and who moves the money;
// docs/cabinet/payments.md has the form of both.
type Payments struct {
	// Accruals is the code of the recipient among authority.bodies that is asked for
	// what organisations owe, once a day each. Empty: nobody is asked.
	Accruals string `koanf:"accruals"`
	// URL is the payment provider's address, without trailing slash: https, or http on
	// loopback. Empty: accruals are seen and not paid.
	URL string `koanf:"url"`
	// Keys are the public keys that the provider's messages are signed by: base64 of the
	// SubjectPublicKeyInfo, or a PEM file. More than one while they change.
	Keys []string `koanf:"keys"`
	// Pages are the origins that payers may be sent to ("https://pay.example.ru").
	// Empty: that of URL alone.
	Pages []string `koanf:"pages"`
}

// MutualTLS is a second listener that asks for client certificates (RFC 8705), for
// applications that authenticate by one and for people who sign in by one. It
// speaks TLS 1.3 itself: a proxy before it must pass the connection through, for
// one that terminates TLS would take the proof away. The first four or none.
type MutualTLS struct {
	Listen string `koanf:"listen"` // address and port
	// URL is its public address, https, with a host name of its own: a browser asks
	// for a certificate by host, and cookies of the issuer's must not reach it.
	URL         string `koanf:"url"`
	Certificate string `koanf:"certificate"` // PEM file, leaf first, then its chain
	Key         string `koanf:"key"`         // PEM file
	// Authorities are the certification authorities, as a PEM file, that
	// applications' certificates may come from (tls_client_auth). Empty: only
	// certificates that an application has registered count.
	Authorities string `koanf:"authorities"`
}

// Enabled reports whether there is such a listener.
func (m MutualTLS) Enabled() bool { return m.Listen != "" }

// Seal is the service's own signature on what it prints: extracts, receipts, acts.
type Seal struct {
	// Name is how the service calls itself on paper, and the common name of a
	// certificate of its own making.
	Name string `koanf:"name"`
	// Key and Certificate are the operator's own, as PEM files: RSA from 2048 bits or
	// P-256, and its certificate with the chain after it. Both empty: a key is made at
	// the first start and kept in the database, with a certificate signed by itself.
	// Certificates of earlier times stay published, so that old papers verify.
	Key         string `koanf:"key"`
	Certificate string `koanf:"certificate"`
}

// Runtime tunes the Go runtime. GOGC and GOMEMLIMIT in the environment win.
type Runtime struct {
	GCPercent   int `koanf:"gc_percent"`   // heap growth between collections, percent
	MemoryLimit int `koanf:"memory_limit"` // MiB, soft; 0 is none
}

// Secret is a value that must not be printed: every way of formatting it but
// [Secret.Reveal] gives "[secret]".
type Secret string

// Reveal gives the value itself.
func (s Secret) Reveal() string { return string(s) }

// String hides the value; an empty one stays visibly empty.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "[secret]"
}

// GoString hides the value from %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText hides the value from JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue hides the value from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
