package possession

import (
	"net/url"
	"strings"
)

// sameEndpoint compares htu with an address of ours after the normalisation of
// RFC 3986 §6.2.2 and §6.2.3, as RFC 9449 §4.3 asks; query and fragment of htu do
// not count.
func sameEndpoint(htu, ours string) bool {
	if htu == ours && written(ours) {
		return true
	}
	a, ok := normalised(htu)
	if !ok {
		return false
	}
	b, ok := normalised(ours)
	return ok && a == b
}

// written reports whether an address is plainly one that normalised takes: what is equal
// to it is then the same endpoint.
func written(address string) bool {
	rest, web := strings.CutPrefix(address, "https://")
	if !web {
		rest, web = strings.CutPrefix(address, "http://")
	}
	host, path, hasPath := strings.Cut(rest, "/")
	return web && hasPath && plainHost(host) && plainPath(path)
}

// plainHost is a name, with or without a port.
func plainHost(host string) bool {
	name, port, _ := strings.Cut(host, ":")
	return name != "" && strings.Trim(port, "0123456789") == "" && !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '.' && r != '-'
	})
}

// plainPath has no escape, no query and no dot segment.
func plainPath(path string) bool {
	return !strings.HasPrefix(path, ".") && !strings.Contains(path, "/.") && !strings.ContainsFunc(path, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '/' && r != '.' && r != '-' && r != '_'
	})
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
