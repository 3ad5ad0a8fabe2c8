package idp

import (
	"encoding/base64"
	"net/http"
)

// The two cookies. The prefix __Host- makes browsers take them over HTTPS (or
// from localhost) only, for this host alone and for every path, so that no
// sibling domain can plant one (RFC 6265bis §4.1.3.2).
const (
	// cookieBrowser ties sign-ins that are under way to the browser that
	// began them. It says nothing about who uses it.
	cookieBrowser = "__Host-propusk-browser"
	// cookieSession is the secret of the session.
	cookieSession = "__Host-propusk-session"
)

// cookie reads a value that random made; "" when there is none or it was not
// made by us.
func cookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	if b, err := base64.RawURLEncoding.Strict().DecodeString(c.Value); err != nil || len(b) != 32 {
		return ""
	}
	return c.Value
}

// setCookie writes a cookie that lasts as long as the browser runs; how long
// its value is good is decided by the server. SameSite=Lax, not Strict: a
// sign-in begins with a click on another site.
func setCookie(w http.ResponseWriter, name, value string) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/",
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

func dropCookie(w http.ResponseWriter, name string) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Path: "/", MaxAge: -1,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// browser is the value of the browser's cookie, given out when it has none.
func browser(w http.ResponseWriter, r *http.Request) string {
	if value := cookie(r, cookieBrowser); value != "" {
		return value
	}
	value := random()
	setCookie(w, cookieBrowser, value)
	return value
}
