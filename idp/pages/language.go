package pages

import "net/http"

// Language is the language of the answer to r: "ru" or "en".
//
// What the person chose on one of our pages (query ui_locales, then the cookie
// `lang`) comes first, then what the application asked for (uiLocales, OpenID
// Connect Core §3.1.2.1), then the browser's Accept-Language, then Russian.
func Language(r *http.Request, uiLocales ...string) string { return "ru" }

// WithLanguages returns r remembering the ui_locales that the application
// asked for, so that Render takes them into account.
func WithLanguages(r *http.Request, uiLocales ...string) *http.Request { return r }
