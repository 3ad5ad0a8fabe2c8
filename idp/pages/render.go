package pages

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// view is what every template gets.
type view struct {
	Lang      string
	Title     string // of a Custom page: catalogue key or text
	Page      any    // the page's struct; a Custom page's Data
	Errors    []FieldError
	Shell     *Shell
	Idle      *Idle // of a Custom page
	Notice    *Tag  // of a Custom page
	Languages []languageLink
	Look      string // classes of <html>
}

// Render draws page in the request's language and sends it with status. The
// page is drawn whole before the first byte leaves, so an error (the template
// is unknown or wrong) has sent nothing and the caller may still answer.
func (k *Kit) Render(w http.ResponseWriter, r *http.Request, status int, page Page) error {
	body, lang, err := k.draw(r, page)
	if err != nil {
		return err
	}
	rememberLanguage(w, r)
	w.Header().Set("Content-Language", lang)
	k.send(w, r, status, shrink(w, r, page, body), policy(leads(page), framing(page)))
	return nil
}

// send answers with a drawn page. That its reader went away is nobody's fault.
func (k *Kit) send(w http.ResponseWriter, r *http.Request, status int, body []byte, policy string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin") // no-referrer would make the Origin of our own forms null
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	if _, err := w.Write(body); err != nil {
		k.log.DebugContext(r.Context(), "the reader of a page went away", "error", err)
	}
}

func (k *Kit) draw(r *http.Request, page Page) (body []byte, lang string, err error) {
	lang = Language(r)
	name := page.view()
	parse := k.pages[lang][name]
	if parse == nil {
		return nil, lang, fmt.Errorf("no page template %q", name)
	}
	tmpl, err := parse()
	if err != nil {
		return nil, lang, err
	}
	v := view{Lang: lang, Page: page, Languages: languageLinks(r, page), Look: Look(r)}
	var hidden []Hidden
	if p, ok := page.(faulty); ok {
		v.Errors = p.faults()
	}
	if c, ok := page.(Custom); ok {
		v.Page, v.Title, v.Shell, v.Idle, v.Notice, hidden = c.Data, c.Title, c.Shell, c.Idle, c.Notice, c.Hidden
	}
	var out bytes.Buffer
	out.Grow(pageSize)
	if err := tmpl.ExecuteTemplate(&out, name, v); err != nil {
		return nil, lang, fmt.Errorf("draw the page %s: %w", name, err)
	}
	if err := k.compare(out.Bytes(), lang, name, v); err != nil {
		return nil, lang, err
	}
	return withHidden(bytes.TrimLeft(out.Bytes(), "\n"), hidden), lang, nil
}

// pageSize is how large most pages are at most, in bytes.
const pageSize = 12 << 10

// compare holds a page against what html/template alone makes of it; see Deps.Compare.
func (k *Kit) compare(drawn []byte, lang, name string, v view) error {
	if !k.twice {
		return nil
	}
	tmpl, err := k.plain[lang][name]()
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := tmpl.ExecuteTemplate(&out, name, v); err != nil {
		return fmt.Errorf("draw the page %s once more: %w", name, err)
	}
	if !bytes.Equal(drawn, out.Bytes()) {
		return fmt.Errorf("the page %s is drawn as\n%s\nwhere html/template alone makes of it\n%s", name, drawn, out.Bytes())
	}
	return nil
}

// policy is the Content-Security-Policy of a page whose forms may lead to the
// origin of target. Nothing but our own files is loaded, and scripts talk to
// this site alone; QR codes are data.
func policy(target, frames string) string {
	action := "'self'"
	if origin := formTarget(target); origin != "" {
		action += " " + origin
	}
	framed := ""
	if frames != "" {
		framed = "frame-src " + frames + "; "
	}
	return "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; font-src 'self'; img-src 'self' data:; " + framed +
		"form-action " + action + "; base-uri 'none'; frame-ancestors 'none'"
}

// formTarget is the source expression (CSP 3 §2.3.1) for a redirect URI: its
// origin, or the scheme alone for a native application's private scheme
// (RFC 8252 §7.1). What could end the directive is refused.
func formTarget(target string) string {
	u, err := url.Parse(target)
	if err != nil || u.Scheme == "" {
		return ""
	}
	origin := u.Scheme + ":"
	if u.Scheme == "http" || u.Scheme == "https" {
		origin = u.Scheme + "://" + u.Host
	}
	if strings.ContainsAny(origin, " ;,'\"") {
		return ""
	}
	return origin
}
