package pages

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/text/language"
)

// languageCookie remembers the language that a person chose on a page.
const languageCookie = "lang"

var matcher = language.NewMatcher([]language.Tag{language.Russian, language.English})

type languagesKey struct{}

// WithLanguages returns r remembering the ui_locales that the application
// asked for, so that Render takes them into account.
func WithLanguages(r *http.Request, uiLocales ...string) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), languagesKey{}, uiLocales))
}

// Language is the language of the answer to r: "ru" or "en".
//
// What the person chose on one of our pages (query ui_locales, then the cookie
// `lang`) comes first, then what the application asked for (uiLocales or
// WithLanguages, OpenID Connect Core §3.1.2.1), then the browser's
// Accept-Language, then Russian.
func Language(r *http.Request, uiLocales ...string) string {
	if lang := chosenLanguage(r); lang != "" {
		return lang
	}
	if cookie, err := r.Cookie(languageCookie); err == nil {
		if lang := known(cookie.Value); lang != "" {
			return lang
		}
	}
	asked, _ := r.Context().Value(languagesKey{}).([]string)
	if lang := cmp.Or(Spoken(uiLocales...), Spoken(asked...)); lang != "" {
		return lang
	}
	_, i := language.MatchStrings(matcher, r.Header.Get("Accept-Language"))
	return languages[i]
}

// Spoken is the first of some languages that pages are written in, or "".
func Spoken(locales ...string) string {
	for _, locale := range locales {
		if lang := known(locale); lang != "" {
			return lang
		}
	}
	return ""
}

// chosenLanguage is the first language of the query that we speak, or "".
func chosenLanguage(r *http.Request) string {
	if r.URL.RawQuery == "" {
		return ""
	}
	return Spoken(strings.Fields(r.URL.Query().Get("ui_locales"))...)
}

// known is the language of a BCP 47 tag when we speak it, else "".
func known(tag string) string {
	if len(tag) > 35 { // RFC 5646 §4.4.1
		return ""
	}
	parsed, err := language.Parse(tag)
	if err != nil {
		return ""
	}
	base, _ := parsed.Base()
	for _, lang := range languages {
		if base.String() == lang {
			return lang
		}
	}
	return ""
}

// languageLink leads to the same page in another language.
type languageLink struct{ Lang, Name, URL string }

// languageLinks is empty when the page cannot be asked for again: an answer to
// a POST has no address of its own.
func languageLinks(r *http.Request, page Page) []languageLink {
	here := url.URL{Path: r.URL.Path}
	query := r.URL.Query()
	switch p := page.(type) {
	case Certificate:
		here.Path, query = "/signin/certificate", url.Values{"request": {p.Request}}
	case stepped:
		here.Path, query = "/signin", url.Values{"request": {p.step().request}}
	case Invitation:
		here.Path, query = "/invitations/"+p.Token, url.Values{}
	default:
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			return nil
		}
	}
	links := make([]languageLink, 0, len(languages))
	for i, lang := range languages {
		query.Set("ui_locales", lang)
		here.RawQuery = query.Encode()
		links = append(links, languageLink{Lang: lang, Name: []string{"Русский", "English"}[i], URL: here.String()})
	}
	return links
}

// rememberLanguage keeps the choice made by a link of languageLinks.
func rememberLanguage(w http.ResponseWriter, r *http.Request) {
	lang := chosenLanguage(r)
	if lang == "" {
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: languageCookie, Value: lang, Path: "/", MaxAge: 365 * 24 * 3600,
		HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode,
	})
}
