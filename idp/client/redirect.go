package client

import (
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"
)

func (c *Client) validateRedirects(f *faults) {
	check := func(field string, uris []string) {
		for _, uri := range uris {
			if err := c.validateRedirect(uri); err != nil {
				f.add(field, "%q: %w", uri, err)
			}
		}
	}
	check("redirect_uris", c.RedirectURIs)
	check("post_logout_redirect_uris", c.PostLogoutRedirectURIs)
}

// validateRedirect admits https, http on this very machine, and for native
// clients a private-use scheme that carries a domain (RFC 8252 §7.1, §7.3).
func (c *Client) validateRedirect(uri string) error {
	u, err := url.Parse(uri)
	switch {
	case err != nil:
		return errors.New("it does not parse")
	case strings.Contains(uri, "#"):
		return errors.New("it must have no fragment (RFC 6749 §3.1.2)")
	case u.User != nil:
		return errors.New("it must carry no user name")
	case strings.ContainsAny(uri, "*\\ \t\r\n"):
		return errors.New("it must be literal")
	case u.Scheme == "https" && u.Hostname() != "":
		return nil
	case u.Scheme == "http" && Loopback(u.Hostname()):
		return nil
	case u.Scheme == "http":
		return errors.New("http is for this very machine only")
	case c.Kind == Native && strings.Contains(u.Scheme, ".") && u.Host == "" && strings.HasPrefix(u.Path, "/"):
		return nil
	default:
		return errors.New("it must be https, a loopback address or, for a native client, reversed.domain:/path")
	}
}

// Loopback reports whether a host name is this very machine.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Redirects reports whether the URI is one of the client's. Strings are
// compared as they are (RFC 3986 §6.2.1, RFC 9700 §2.1); the port of a native
// client's http loopback address may be any (RFC 8252 §7.3).
func (c *Client) Redirects(uri string) bool {
	if slices.Contains(c.RedirectURIs, uri) {
		return true
	}
	if c.Kind != Native {
		return false
	}
	asked, ok := withoutPort(uri)
	return ok && slices.ContainsFunc(c.RedirectURIs, func(registered string) bool {
		plain, ok := withoutPort(registered)
		return ok && plain == asked
	})
}

// withoutPort takes the port out of an http URI with a loopback IP literal; not
// ok for any other URI, "localhost" included (RFC 8252 §8.3).
func withoutPort(uri string) (string, bool) {
	rest, ok := strings.CutPrefix(uri, "http://")
	if !ok || strings.Contains(uri, "#") {
		return "", false
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	host, port, err := net.SplitHostPort(rest[:end])
	if err != nil {
		host, port = strings.Trim(rest[:end], "[]"), ""
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() || strings.Trim(port, "0123456789") != "" {
		return "", false
	}
	return "http://" + host + rest[end:], true
}

// OutsideAddress checks an address when it is registered. Where its name leads
// is looked at each time it is asked.
func OutsideAddress(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "":
		return errors.New("it must be an absolute address")
	case u.User != nil || strings.Contains(raw, "#"):
		return errors.New("it must carry no user name and no fragment")
	case u.Scheme == "https", u.Scheme == "http" && Loopback(u.Hostname()):
		return nil
	}
	return errors.New("it must be https")
}
