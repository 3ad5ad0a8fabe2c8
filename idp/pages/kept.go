package pages

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// keptMost bounds how many pages a Kept keeps: each is some kilobytes.
const keptMost = 256

// Kept draws a page once for all who get the same one, and afterwards sends its bytes
// with what differs put in. It is for what many get at once, when there is no time to
// draw it for each: the login form of a crowd that is told to come later.
type Kept struct {
	kit      *Kit
	complete func(*Identify)
	marks    [2]string // stand in a drawn page where what differs goes

	mu    sync.RWMutex
	drawn map[keptKey]*keptPage
}

type keptKey struct {
	lang, look, clientName, redirectURI string
}

// keptPage is a page cut where what differs goes: text, the hole of that number, text…
type keptPage struct {
	texts  []string
	holes  []int
	policy string
}

// Keep returns a Kept whose pages complete fills in but for Request, Login, ClientName
// and RedirectURI, the same for the same. Its Errors must not be none: a form without
// them looks at whether there is a login.
func (k *Kit) Keep(complete func(*Identify)) *Kept {
	kept := &Kept{kit: k, complete: complete, drawn: map[keptKey]*keptPage{}}
	for i := range kept.marks {
		var random [16]byte
		_, _ = rand.Read(random[:]) // never fails (crypto/rand)
		kept.marks[i] = "mark" + hex.EncodeToString(random[:])
	}
	return kept
}

// Render is Kit.Render of page, which has Request, Login, ClientName and RedirectURI.
// Request must be an id of ours, letters that mean the same everywhere in a page; Login
// is whatever was typed, and stands in its field alone.
func (k *Kept) Render(w http.ResponseWriter, r *http.Request, status int, page Identify) error {
	key := keptKey{Language(r), Look(r), page.ClientName, page.RedirectURI}
	drawn, err := k.page(r, key)
	if err != nil {
		return err
	}
	login, known := places["_html_template_attrescaper"].escaped(page.Login)
	if !known || !plainWord(page.Request) {
		return fmt.Errorf("a kept page for the request %q", page.Request)
	}
	rememberLanguage(w, r)
	w.Header().Set("Content-Language", key.lang)
	k.kit.send(w, r, status, drawn.filled([2]string{page.Request, login}), drawn.policy)
	return nil
}

// page finds a page, or draws it.
func (k *Kept) page(r *http.Request, key keptKey) (*keptPage, error) {
	k.mu.RLock()
	drawn := k.drawn[key]
	k.mu.RUnlock()
	if drawn != nil {
		return drawn, nil
	}
	page := Identify{Request: k.marks[0], Login: k.marks[1], ClientName: key.clientName, RedirectURI: key.redirectURI}
	k.complete(&page)
	body, _, err := k.kit.draw(r, page)
	if err != nil {
		return nil, err
	}
	drawn = cutAt(string(body), k.marks)
	drawn.policy = policy(leads(page), framing(page))
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.drawn) >= keptMost {
		clear(k.drawn)
	}
	k.drawn[key] = drawn
	return drawn, nil
}

func cutAt(text string, marks [2]string) *keptPage {
	page := &keptPage{}
	for {
		at, hole := len(text), -1
		for i, mark := range marks {
			if found := strings.Index(text, mark); found >= 0 && found < at {
				at, hole = found, i
			}
		}
		page.texts = append(page.texts, text[:at])
		if hole < 0 {
			return page
		}
		page.holes = append(page.holes, hole)
		text = text[at+len(marks[hole]):]
	}
}

func (p *keptPage) filled(with [2]string) []byte {
	out := make([]byte, 0, pageSize)
	for i, text := range p.texts {
		out = append(out, text...)
		if i < len(p.holes) {
			out = append(out, with[p.holes[i]]...)
		}
	}
	return out
}

// plainWord tells that a text is letters, digits, "-" and "_", which mean themselves in
// an attribute, in an address and in a text.
func plainWord(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_')
	})
}
