package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"propusk/storage"
)

// Entry is one line of the journal. Seq, At, Prev and Hash are filled by Append.
type Entry struct {
	Organisation string            `json:"organisation"` // "" is the system's chain
	Seq          int64             `json:"seq"`          // from 1, without gaps
	At           storage.Time      `json:"at"`
	Actor        string            `json:"actor"` // the person's id; "" when the house itself acted
	Client       string            `json:"client"`
	Action       string            `json:"action"` // noun.verb, such as member.removed
	Object       string            `json:"object"`
	Outcome      string            `json:"outcome"`
	Details      map[string]string `json:"details,omitempty"`
	IP           string            `json:"ip"`
	UserAgent    string            `json:"user_agent"`
	RequestID    string            `json:"request_id"`
	Prev         string            `json:"prev"` // the hash before, in hex
	Hash         string            `json:"hash"` // SHA-256 in hex, see doc.go
}

// digest is what Hash must be.
func (e *Entry) digest() string {
	var b []byte
	add := func(s string) {
		b = strconv.AppendInt(b, int64(len(s)), 10)
		b = append(append(append(b, ':'), s...), ',')
	}
	number := func(n int64) { add(strconv.FormatInt(n, 10)) }
	add("propusk-journal-1")
	add(e.Organisation)
	number(e.Seq)
	number(int64(e.At))
	for _, s := range []string{e.Actor, e.Client, e.Action, e.Object, e.Outcome} {
		add(s)
	}
	number(int64(len(e.Details)))
	for _, key := range slices.Sorted(maps.Keys(e.Details)) {
		add(key)
		add(e.Details[key])
	}
	for _, s := range []string{e.IP, e.UserAgent, e.RequestID, e.Prev} {
		add(s)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// The longest texts kept, in bytes. Longer ones are cut: what a stranger sends
// as his User-Agent must not fill the journal.
const (
	maxText    = 512
	maxDetails = 32
)

// clean makes the entry's texts fit to be stored and exported alike: valid
// UTF-8 (PostgreSQL and JSON take nothing else) without NUL, and bounded. It
// copies Details.
func (e *Entry) clean() {
	for _, s := range []*string{&e.Organisation, &e.Actor, &e.Client, &e.Action, &e.Object, &e.Outcome, &e.IP, &e.UserAgent, &e.RequestID} {
		*s = cleanText(*s)
	}
	details := make(map[string]string, len(e.Details))
	for key, value := range e.Details {
		details[cleanText(key)] = cleanText(value)
	}
	e.Details = details
}

func cleanText(s string) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText-len("…")], "") + "…"
}

// ErrSecret: a detail's name or value says that it is a secret. The entry, and
// the transaction it stands in, is refused: a test must find this.
var ErrSecret = fmt.Errorf("journal: a secret must not enter the journal")

// check refuses what cannot be an entry.
func (e *Entry) check() error {
	switch {
	case e.Action == "":
		return fmt.Errorf("journal: an entry needs an action")
	case len(e.Details) > maxDetails:
		return fmt.Errorf("journal: %d details, at most %d", len(e.Details), maxDetails)
	}
	for key, value := range e.Details {
		if secretKey(key) || jwt.MatchString(value) {
			return fmt.Errorf("%w: detail %q", ErrSecret, key)
		}
	}
	return nil
}

// jwt finds signed tokens by their look.
var jwt = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*`)

var (
	// secretWords make a name secret wherever they stand in it…
	secretWords = words("password passwd passphrase pwd secret secrets token tokens otp totp pin cookie credential credentials assertion authorization verifier seed")
	// …but for names that end by saying that it is only about one.
	aboutWords = words("id type kind count method channel version lifetime at changed enabled format")
	// A code is a secret unless it is one of these.
	publicCodes = words("error reason status country region postal okved oktmo tax form role")
)

func words(list string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(list) {
		set[word] = true
	}
	return set
}

// secretKey reports whether a detail of this name would be a secret: password,
// client_secret, accessToken, code, sms_code; but not token_id or error_code.
func secretKey(key string) bool {
	parts := splitWords(key)
	if len(parts) == 0 {
		return false
	}
	last := len(parts) - 1
	if parts[last] == "code" || parts[last] == "codes" {
		return last == 0 || !publicCodes[parts[last-1]]
	}
	if aboutWords[parts[last]] {
		return false
	}
	return slices.ContainsFunc(parts, func(word string) bool { return secretWords[word] })
}

// splitWords splits snake_case, kebab-case and camelCase into lower-case words.
func splitWords(key string) []string {
	var spaced strings.Builder
	lower := false
	for _, r := range key {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			r = ' '
		case unicode.IsUpper(r) && lower:
			spaced.WriteByte(' ')
		}
		lower = unicode.IsLower(r)
		spaced.WriteRune(unicode.ToLower(r))
	}
	return strings.Fields(spaced.String())
}
