package desk

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
)

// sessionCookie names the session.
func (d *Desk) sessionCookie() string { return d.deps.House.Cookie }

// browserCookie binds sign-ins to the browser that began them.
func (d *Desk) browserCookie() string { return d.deps.House.Cookie + "-browser" }

// secret is 256 random bits in base64url.
func secret() string {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(random)
}

// digest keeps what a browser holds out of our own store.
func digest(value string) string {
	sum := sha256.Sum256([]byte(value))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (q *request) cookie(name string) string {
	cookie, err := q.r.Cookie(name)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// setCookie sets a cookie that dies with the browser; an empty value removes it.
func (q *request) setCookie(name, value string) {
	cookie := &http.Cookie{Name: name, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if value == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(q.w, cookie)
}
