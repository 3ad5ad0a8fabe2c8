package authority

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"propusk/cabinet/authority/httpsig"
)

// Body is a state body, or an operator of exchange that stands before many.
type Body struct {
	// Name is stable: submissions and answers are kept under it. Latin letters,
	// digits, dots and dashes.
	Name string
	// URL is where its exchange begins, without trailing slash: /submissions,
	// /answers and /organizations/… stand under it.
	URL string
	// Recipients are the codes that it takes submissions for: "7701", "77*" or "*".
	// The most exact one decides.
	Recipients []string
	// Keys are those that its messages are signed by, more than one while they change.
	Keys []httpsig.Public
	// Poll asks it for answers, where it cannot reach us.
	Poll bool
}

var (
	bodyName  = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,63}$`)
	recipient = regexp.MustCompile(`^[0-9A-Za-z.-]{0,32}\*?$`)
)

// check refuses what cannot be a body.
func (b Body) check() error {
	if !bodyName.MatchString(b.Name) {
		return fmt.Errorf("authority: body %q: the name must be lower-case Latin letters, digits, dots and dashes", b.Name)
	}
	u, err := url.Parse(b.URL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.RawQuery != "" || strings.HasSuffix(b.URL, "/") {
		return fmt.Errorf("authority: body %s: the address must be such as https://exchange.example.ru/v1, without trailing slash", b.Name)
	}
	if len(b.Keys) == 0 {
		return fmt.Errorf("authority: body %s: a key is needed to believe what it says", b.Name)
	}
	for _, code := range b.Recipients {
		if code == "" || !recipient.MatchString(code) {
			return fmt.Errorf("authority: body %s: %q is no recipient's code, nor the beginning of one with a star", b.Name, code)
		}
	}
	return nil
}

// fits is how exactly the body takes submissions for the code: 0 = not at all.
func (b Body) fits(code string) int {
	best := 0
	for _, r := range b.Recipients {
		if prefix, open := strings.CutSuffix(r, "*"); open && strings.HasPrefix(code, prefix) {
			best = max(best, 1+2*len(prefix))
		} else if r == code {
			best = max(best, 2+2*len(r))
		}
	}
	return best
}

// errRecipient: a submission for a code that no configured body takes.
var errRecipient = errors.New("authority: no body takes submissions for this recipient")

// addressee is the body that takes submissions for the code.
func addressee(peers []*peer, code string) (*peer, error) {
	var found *peer
	best := 0
	for _, p := range peers {
		if fit := p.fits(code); fit > best {
			found, best = p, fit
		}
	}
	if found == nil {
		return nil, fmt.Errorf("%w: %q", errRecipient, code)
	}
	return found, nil
}

// checkBodies refuses two bodies of one name or with one key.
func checkBodies(bodies []Body) error {
	names, keys := map[string]bool{}, map[string]bool{}
	for _, b := range bodies {
		if err := b.check(); err != nil {
			return err
		}
		if names[b.Name] {
			return fmt.Errorf("authority: two bodies are called %s", b.Name)
		}
		names[b.Name] = true
		for _, k := range b.Keys {
			if keys[k.ID] {
				return fmt.Errorf("authority: body %s has the key of another one: nobody could tell them apart", b.Name)
			}
			keys[k.ID] = true
		}
	}
	return nil
}
