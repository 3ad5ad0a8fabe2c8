package httpsig

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// tag tells signatures of this exchange from others (RFC 9421 §2.3).
const tag = "propusk-authority"

// label is the one that a signature of the profile has.
const label = "sig1"

// parameters are as many as String writes. Another one could say that the signature
// counts for less, as expires does (RFC 9421 §2.3), and must not be passed over.
const parameters = 5

// input is a Signature-Input: what is covered, and the parameters.
type input struct {
	components []string // as written: `"@method"`, `"@path";req`
	created    time.Time
	nonce      string
	keyID, alg string
	text       string // the inner list with its parameters, as it was signed
}

// String serialises the input canonically (RFC 8941 §4.1.1).
func (in input) String() string {
	return fmt.Sprintf(`(%s);created=%d;nonce="%s";keyid="%s";alg="%s";tag="%s"`,
		strings.Join(in.components, " "), in.created.Unix(), in.nonce, in.keyID, in.alg, tag)
}

var errInput = errors.New("httpsig: Signature-Input does not have the form of the profile")

// parseInput reads the value of a Signature-Input header. It takes the one form
// that String writes, parameters in any order, nothing else.
func parseInput(header string) (in input, err error) {
	rest, found := strings.CutPrefix(header, label+"=(")
	list, params, closed := strings.Cut(rest, ")")
	if !found || !closed || len(header) > 2048 {
		return input{}, errInput
	}
	in.text = header[len(label)+1:]
	in.components = strings.Split(list, " ")
	given, err := parseParams(params)
	if err != nil {
		return input{}, err
	}
	seconds, err := strconv.ParseInt(given["created"], 10, 64)
	if err != nil || given["tag"] != quote(tag) || len(given) != parameters {
		return input{}, errInput
	}
	in.created = time.Unix(seconds, 0)
	for name, into := range map[string]*string{"nonce": &in.nonce, "keyid": &in.keyID, "alg": &in.alg} {
		if *into, found = unquote(given[name]); !found {
			return input{}, errInput
		}
	}
	if len(in.nonce) < 16 || len(in.nonce) > 128 {
		return input{}, errInput
	}
	return in, nil
}

// parseParams reads ;name=value… with each name once.
func parseParams(text string) (map[string]string, error) {
	given := map[string]string{}
	for text != "" {
		rest, found := strings.CutPrefix(text, ";")
		one, more, _ := cutParam(rest)
		name, value, ok := strings.Cut(one, "=")
		if _, twice := given[name]; !found || !ok || twice {
			return nil, errInput
		}
		given[name], text = value, more
	}
	return given, nil
}

// cutParam splits text before the next ; that stands outside of quotes.
func cutParam(text string) (before, rest string, found bool) {
	quoted := false
	for i := range len(text) {
		switch {
		case text[i] == '"':
			quoted = !quoted
		case text[i] == ';' && !quoted:
			return text[:i], text[i:], true
		}
	}
	return text, "", false
}

func quote(s string) string { return `"` + s + `"` }

// unquote takes a string without escapes: the profile needs none.
func unquote(s string) (string, bool) {
	if len(s) < 3 || s[0] != '"' || s[len(s)-1] != '"' {
		return "", false
	}
	s = s[1 : len(s)-1]
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return "", false
		}
	}
	return s, true
}
