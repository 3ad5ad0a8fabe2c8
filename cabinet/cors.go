package cabinet

import "net/http"

// crossOrigin lets applications in browsers call the API from any origin and
// answers their preflights (Fetch standard, CORS protocol); it reports whether the
// request is done. Any origin is safe here: the API knows no cookies, and a page
// without a token can do nothing. Credentials are therefore never allowed.
func crossOrigin(w http.ResponseWriter, r *http.Request) (done bool) {
	if r.Header.Get("Origin") == "" {
		return false
	}
	header := w.Header()
	header.Set("Access-Control-Allow-Origin", "*")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		header.Set("Access-Control-Expose-Headers",
			"ETag, Location, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate")
		return false
	}
	header.Set("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE")
	header.Set("Access-Control-Allow-Headers", "Authorization, DPoP, Content-Type, Accept-Language, If-Match, If-None-Match")
	header.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}
