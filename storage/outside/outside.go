package outside

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// Options say how a client asks. The zero value asks public addresses, five
// seconds at most.
type Options struct {
	// Reach are networks, beside the public ones, to which connections may go.
	// DANGER: whoever registers an address can have this server knock there.
	Reach   []netip.Prefix
	TLS     *tls.Config   // nil: the machine's certification authorities
	Timeout time.Duration // of one exchange, answer included; 0 is five seconds
	Idle    int           // connections kept for later in all; 0 is 32
}

const (
	standardTimeout = 5 * time.Second
	dialTimeout     = 3 * time.Second
	maxHeader       = 16 << 10 // bytes of an answer's header
)

// ErrUnreachable: the address is not one that a stranger may have us ask.
var ErrUnreachable = errors.New("outside: the address is not a public one")

// Loopback is this very machine, for Options.Reach in tests and demos.
var Loopback = networks("127.0.0.0/8", "::1/128")

// NewClient returns a client whose connections go to public addresses and to
// those of o.Reach only. A redirect is an answer like any other.
func NewClient(o Options) *http.Client {
	if o.Timeout == 0 {
		o.Timeout = standardTimeout
	}
	if o.Idle == 0 {
		o.Idle = 32
	}
	dialer := &net.Dialer{Timeout: dialTimeout, Control: func(_, address string, _ syscall.RawConn) error {
		return Reachable(address, o.Reach)
	}}
	return &http.Client{
		Timeout: o.Timeout,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSClientConfig: o.TLS, ForceAttemptHTTP2: true,
			TLSHandshakeTimeout: dialTimeout, ResponseHeaderTimeout: o.Timeout,
			MaxResponseHeaderBytes: maxHeader, MaxIdleConns: o.Idle, IdleConnTimeout: 30 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Reachable reports whether a connection may go to address ("ip:port"): to a
// public one, or to one in the networks of reach. ErrUnreachable otherwise.
func Reachable(address string, reach []netip.Prefix) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !allowed(to.Addr(), reach) {
		return ErrUnreachable
	}
	return nil
}

func allowed(ip netip.Addr, reach []netip.Prefix) bool {
	ip = ip.Unmap().WithZone("")
	for _, network := range reach {
		if network.Contains(ip) {
			return true
		}
	}
	return public(ip)
}

// reserved are the networks that look global and are not to be asked: shared and
// special purposes (RFC 6890), documentation, and the ways to write an IPv4
// address as an IPv6 one.
var reserved = networks("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
	"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")

// unicast is what IPv6 gives out for the public network (RFC 4291 §2.4): what lies
// beside it is reserved, or writes an IPv4 address in one more way (RFC 2765).
var unicast = netip.MustParsePrefix("2000::/3")

func networks(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

func public(ip netip.Addr) bool {
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.Is6() && !unicast.Contains(ip) {
		return false
	}
	for _, network := range reserved {
		if network.Contains(ip) {
			return false
		}
	}
	return true
}

// longestURL bounds an address that is registered, in bytes.
const longestURL = 2000

// CheckURL looks at an address when it is registered: absolute, https, without
// user name and fragment, and, where the host is a number, one that may be asked.
// Within reach http is taken too. Where a name leads is looked at each time it is
// asked. The error says what is wrong, for people.
func CheckURL(raw string, reach []netip.Prefix) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "" || u.Hostname() == "":
		return errors.New("it must be an absolute address")
	case len(raw) > longestURL:
		return fmt.Errorf("it must have at most %d bytes", longestURL)
	case u.User != nil || strings.Contains(raw, "#"):
		return errors.New("it must carry no user name and no fragment")
	case strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return errors.New("it must carry no spaces")
	}
	ip, numeric := hostAddress(u.Hostname())
	near := numeric && allowed(ip, reach) && !public(ip.Unmap().WithZone(""))
	switch {
	case numeric && !allowed(ip, reach):
		return ErrUnreachable
	case u.Scheme == "https", u.Scheme == "http" && near:
		return nil
	}
	return errors.New("it must be https")
}

// hostAddress is the address that a host is, where it needs no resolving.
func hostAddress(host string) (netip.Addr, bool) {
	if strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1}), true
	}
	ip, err := netip.ParseAddr(host)
	return ip, err == nil
}
