package pages

import "time"

// More kinds of second step than the one-time codes of [Code].
const (
	KindPasskey     = "passkey"
	KindRecovery    = "recovery"    // one of the ten recovery codes
	KindCertificate = "certificate" // a link to GET /signin/certificate
)

// SecondFactor asks for the second step when it is not a code: POST
// /signin/passkey with `credential`. Without Passkey it only asks which way to
// take: POST /signin/code/send with `channel` holding the kind.
type SecondFactor struct {
	Request, ClientName, RedirectURI string
	PersonName                       string
	Passkey                          *Passkey
	TrustOffered                     bool     // "do not ask on this device": the box `trust`, value "yes"
	Others                           []string // kinds this person can use instead
	Errors                           []FieldError
}

// Certificate asks for a signature by a qualified certificate: POST
// /signin/certificate with `signature` (base64 of the CMS by a script, or a
// file of a multipart form) and `challenge`. POST /signin/certificate/challenge
// with `request` gives the text to sign: JSON {"id","text"} when it is accepted
// as application/json, else the file itself.
type Certificate struct {
	Request, ClientName, RedirectURI string
	ChallengeText, ChallengeID       string // what is signed when no script asks for a newer one
	TLSURL                           string // "" = no sign-in by TLS client certificate
	BackURL                          string // other ways to sign in; "" = /signin?request=…
	Checks                           []CheckLine
	Errors                           []FieldError
}

// PIN asks for the four digits of an organisation's cabinet: POST /signin/pin
// with `pin`. With Set the person chooses them: `pin` and `pin_again`.
type PIN struct {
	Request, ClientName, RedirectURI string
	PersonName, OrganisationName     string
	Set                              bool
	Left                             int    // tries left, told when above 0
	RecoverURL                       string // "" = no link "forgotten"
	Errors                           []FieldError
}

// Why a new password is demanded.
const (
	ReasonAged      = "aged"      // older than the organisation allows
	ReasonRecovered = "recovered" // the first sign-in after a recovery
	ReasonFirst     = "first"     // the password was given by somebody else
	ReasonBreached  = "breached"  // it stands on a list of stolen passwords
)

// NewPassword demands a new password before the sign-in goes on: POST
// /signin/password with `password`, `password_again` and, when Current, the
// present one in `current`.
type NewPassword struct {
	Request, ClientName, RedirectURI string
	PersonName                       string
	Login                            string // for the password manager
	Reason                           string // ReasonAged …; "" = no reason is told
	Current                          bool
	Postpone                         bool // it is a reminder only: `decision` "later" goes on without
	Rules                            PasswordRules
	Errors                           []FieldError
}

// ConnectPasskey offers a passkey after a sign-in without one: POST
// /signin/connect with `decision` "connect" (and `credential`, `name`), "later"
// or "never".
type ConnectPasskey struct {
	Request, ClientName, RedirectURI string
	PersonName                       string
	Passkey                          Passkey // options of navigator.credentials.create
	Name                             string  // proposed name of the passkey
	Errors                           []FieldError
}

// What is unusual in a sign-in.
const (
	UnusualDevice  = "device"  // never seen with this person
	UnusualCountry = "country" // another country than before
	UnusualTravel  = "travel"  // too far from the last sign-in for the time between
)

// Confirm asks for a second confirmation of an unusual sign-in: POST
// /signin/confirm with `code`. A new code, or another kind of it, is asked for
// by POST /signin/confirm/send with `channel`; `decision` "refuse" to
// /signin/confirm ends the sign-in.
type Confirm struct {
	Request, ClientName, RedirectURI string
	PersonName                       string
	Unusual                          []string // UnusualDevice …
	Device, Place                    string   // "Chromium on Linux", "Kazan, Russia"; "" = not known
	At                               time.Time
	Kind                             string        // as in Code
	Destination                      string        // masked phone or address; "" for TOTP
	Others                           []string      // kinds this person can use instead
	Passkey                          *Passkey      // to confirm by; goes to /signin/confirm as `credential`
	ResendIn                         time.Duration // until the next code may be sent; 0 = at once
	Errors                           []FieldError
}

func (SecondFactor) view() string   { return "factor.html" }
func (Certificate) view() string    { return "certificate.html" }
func (PIN) view() string            { return "pin.html" }
func (NewPassword) view() string    { return "password.html" }
func (ConnectPasskey) view() string { return "connect.html" }
func (Confirm) view() string        { return "confirm.html" }

func (p SecondFactor) step() step   { return step{p.Request, p.RedirectURI} }
func (p Certificate) step() step    { return step{p.Request, p.RedirectURI} }
func (p PIN) step() step            { return step{p.Request, p.RedirectURI} }
func (p NewPassword) step() step    { return step{p.Request, p.RedirectURI} }
func (p ConnectPasskey) step() step { return step{p.Request, p.RedirectURI} }
func (p Confirm) step() step        { return step{p.Request, p.RedirectURI} }

func (p SecondFactor) faults() []FieldError   { return p.Errors }
func (p Certificate) faults() []FieldError    { return p.Errors }
func (p PIN) faults() []FieldError            { return p.Errors }
func (p NewPassword) faults() []FieldError    { return p.Errors }
func (p ConnectPasskey) faults() []FieldError { return p.Errors }
func (p Confirm) faults() []FieldError        { return p.Errors }
