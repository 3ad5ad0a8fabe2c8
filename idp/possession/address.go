package possession

import (
	"net/url"
	"strings"
)

// sameEndpoint compares htu with an address of ours after the normalisation of
// RFC 3986 §6.2.2 and §6.2.3, as RFC 9449 §4.3 asks; query and fragment of htu do
// not count.
func sameEndpoint(htu, ours string) bool {
	a, ok := normalised(htu)
	if !ok {
		return false
	}
	b, ok := normalised(ours)
	return ok && a == b
}

// normalised writes an http or https URL in one way: scheme and host in lower
// case, no port that the scheme implies, no needless escapes in the path. Dot
// segments are refused instead of resolved, since no client needs them.
func normalised(raw string) (string, bool) {
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || u.User != nil || u.Host == "" {
		return "", false
	}
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	default:
		return "", false
	}
	path := (&url.URL{Path: u.Path}).EscapedPath()
	if strings.Contains(u.EscapedPath(), "%2F") || strings.Contains(u.EscapedPath(), "%2f") {
		path = u.EscapedPath() // an escaped slash is no slash
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return "", false
		}
	}
	if path == "" {
		path = "/"
	}
	return scheme + "://" + host + path, true
}
