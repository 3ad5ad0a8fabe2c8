package pages

import "time"

// The components of templates/layout/*.html that take more than a few words.
// Each is drawn by {{template "name" value}}, in our pages and in those of
// Extend alike. Titles and texts are catalogue keys or texts.

// Hidden is a hidden field of a form.
type Hidden struct{ Name, Value string }

// Tag is a state in a word: Kind "" (quiet), "go", "wait", "stop" or "info".
type Tag struct{ Kind, Text string }

// Act is something to do with what it stands beside: a link, or a form of one
// button when Post. With Ask the button stands behind a question that opens.
type Act struct {
	Title  string
	URL    string
	Post   bool
	Fields []Hidden // of the form
	Stop   bool     // it ends or removes something: red
	Ask    string   // what will happen, told before the button; "" = at once
	About  string   // read out after Title where the same act stands on every line: "Pixel 9"
}

// Held is one entry of the component "held": a list of credentials, devices,
// sessions, certificates or applications.
type Held struct {
	Icon  string // "passkey", "certificate", "phone", "letter", "app", "key", "device", "code", "pin", "globe"; "" = none
	Title string
	Tags  []Tag
	Facts []Fact // under the title, in one wrapping line
	Text  string // a sentence under the facts; ""
	Acts  []Act
}

// Fact is a value with what it says: "last used" and a moment, or a text.
type Fact struct {
	Label string
	Text  string
	At    time.Time // shown instead of Text when not zero
}

// Stage is one line of the component "stages": where one is in a long form.
type Stage struct {
	Title   string
	Done    bool
	Current bool
}

// Pair is one line of the component "pairs": a label, what it says and what
// can be done about it.
type Pair struct {
	Label string
	Text  string
	Under string    // small, below
	At    time.Time // shown instead of Text when not zero
	Tag   *Tag
	Act   *Act
}

// Danger is the component "danger": what cannot be undone easily, apart from
// the rest of a page.
type Danger struct {
	Title, Text string
	Acts        []Act
}

// Statuses of a check, as the verdict of a signature names them.
const (
	CheckPassed  = "passed"
	CheckWarned  = "warned"
	CheckFailed  = "failed"
	CheckSkipped = "skipped"
)

// CheckLine is one line of the component "checks": what the judgement of a
// signature asked and what it found.
type CheckLine struct {
	Name   string // what is asked, in the page's language: "Цепочка"
	Status string // CheckPassed …
	Text   string // what was found, in the page's language
	Code   string // the stable reason code, e.g. "certificate_expired"
}

// Secrets is the component "secrets": what is shown once, with a file to keep.
type Secrets struct {
	Values   []string
	FileName string // "propusk-recovery-codes.txt"
	Heading  string // first line of the file, in the page's language
}

// PasswordRules is what a new password must be. The component "newpassword"
// tells them, and its script counts them while one types; the server decides.
type PasswordRules struct {
	Min    int      // characters; 0 = 8
	Avoid  []string // words the password must not contain: login, names, ИНН
	Fields []string // names of fields of the same form that hold such words
}

// Passkey is a ceremony of WebAuthn that a script of the page performs; it also
// keeps in the cookie __Host-propusk-able whether this browser can make one. Its
// outcome goes to the form's field `credential` as the JSON of
// PublicKeyCredential.toJSON (WebAuthn Level 3 §5.1). The components
// "passkey-get" and "passkey-create" perform it; other rooms give them Fields.
type Passkey struct {
	Options []byte   // JSON, as go-webauthn gives it, with or without its "publicKey"
	Action  string   // where the form goes; "" = the page's own
	Fields  []Hidden // further hidden fields of that form
}

// Signing is the component "signing": every way of making a detached signature
// that works in a browser, each ending in the field `signature` of a POST to
// Action: the CryptoPro plug-in, a .p12 file opened in the page, and a file
// signed elsewhere, which needs no script. A page has at most one.
type Signing struct {
	Action       string   // multipart POST with `signature`, `challenge` and Fields
	ChallengeURL string   // POST with Fields: JSON {"id","text"} or the file; "" = the person brings the content
	Fields       []Hidden // e.g. the authorization request
	Text         string   // what is signed, as drawn with the page; a script asks for a newer one
	ID           string   // the challenge's id, in `challenge`
	Content      bool     // the person chooses the file to sign, in `content`
	FileURL      string   // GET: the very bytes that are signed, a file of this site; "" = there is none
	FileName     string   // what the file is called when it is saved to be signed elsewhere
	Act          string   // the button: "Войти", "Привязать", "Подписать"
	Error        string   // what is wrong with `signature`, told at its field
}

// Idle says when a session ends by itself. The page warns before, and offers
// to go on; what was typed into its forms comes back after a new sign-in in the
// same tab, but for secrets and files.
type Idle struct {
	Left       time.Duration // until the session ends, counted from now
	Warn       time.Duration // how long before the end; 0 = 2 minutes
	ProlongURL string        // POST, answers 204 when the session goes on
	EndURL     string        // where to go when it has ended: the page itself, as a rule
	Keeper     string        // opaque name of the person, so that a form comes back to its owner alone
}

// Offer is one entry of the component "offers": what may be done with a thing, or
// why not.
type Offer struct {
	Act  Act
	Main bool  // the page's one main button
	Lack *Lack // why it may not be done; nil when it may
}

// Lack says what is missing for an act, and who can give it.
type Lack struct {
	Text   string
	People []string // who can help, by name
	Ask    *Act     // asks them; nil when nobody is there to be asked
}
