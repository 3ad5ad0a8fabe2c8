package browser

import (
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"propusk/idp/session"
)

// The cookies. The prefix __Host- makes browsers take them over HTTPS (or
// from localhost) only, for this host alone and for every path, so that no
// sibling domain can plant one (RFC 6265bis §4.1.3.2).
const (
	// CookieBrowser ties sign-ins that are under way to the browser that
	// began them. It says nothing about who uses it.
	CookieBrowser = "__Host-propusk-browser"
	// CookieSession is the secret of the session.
	CookieSession = "__Host-propusk-session"
	// CookieDevice holds a secret for each person who has signed in here
	// (factor.Devices).
	CookieDevice = "__Host-propusk-device"
	// CookieAble is set by a script of our pages: the browser can make a passkey.
	CookieAble = "__Host-propusk-able"
	// CookieNoOffer says that somebody here wants no passkey.
	CookieNoOffer = "__Host-propusk-no-offer"
)

// Random is 256 bits as base64url: the value of a cookie or an id.
func Random() string { return session.Random() }

// Hashed is what is kept of a random secret, SHA-256 in hexadecimal.
func Hashed(secret string) string { return session.Hashed(secret) }

// Cookie reads a value that Random made; "" when there is none or it was not
// made by us.
func Cookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	if b, err := base64.RawURLEncoding.Strict().DecodeString(c.Value); err != nil || len(b) != 32 {
		return ""
	}
	return c.Value
}

// maxKept bounds the value of a cookie that outlives the browser's run, in bytes.
const maxKept = 1024

// KeptCookie reads a value that KeepCookie wrote: letters, digits and "-_." only;
// "" when there is none or it is something else.
func KeptCookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil || len(c.Value) > maxKept || strings.ContainsFunc(c.Value, foreign) {
		return ""
	}
	return c.Value
}

func foreign(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.')
}

// SetCookie writes a cookie that lasts as long as the browser runs; how long
// its value is good is decided by the server. SameSite=Lax, not Strict: a
// sign-in begins with a click on another site.
func SetCookie(w http.ResponseWriter, name, value string) {
	http.SetCookie(w, ours(name, value, 0))
}

// KeepCookie writes a cookie that outlives the browser's run, for at most age.
func KeepCookie(w http.ResponseWriter, name, value string, age time.Duration) {
	http.SetCookie(w, ours(name, value, int(age.Seconds())))
}

// DropCookie takes a cookie back.
func DropCookie(w http.ResponseWriter, name string) {
	http.SetCookie(w, ours(name, "", -1))
}

func ours(name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: maxAge,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

// Browser is the value of the browser's cookie, given out when it has none.
func Browser(w http.ResponseWriter, r *http.Request) string {
	if value := Cookie(r, CookieBrowser); value != "" {
		return value
	}
	value := Random()
	SetCookie(w, CookieBrowser, value)
	return value
}
