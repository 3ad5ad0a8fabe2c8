package oauth

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// outside is how this server asks addresses that clients have registered: key
// sets, logout URIs. They are strangers' wishes, so nothing inside may be reached
// through them (RFC 9700 §4.13 speaks of the same for request_uri): https alone,
// no redirects, no proxy, and the address that a connection goes to is looked at
// when it is made, not when the name is resolved.
type outside struct{ client *http.Client }

// outsideTimeout bounds one exchange, answer included.
const outsideTimeout = 5 * time.Second

// newOutside lets connections go to public addresses and to the networks of
// reach.
func newOutside(reach []netip.Prefix, secure *tls.Config) outside {
	dialer := &net.Dialer{Timeout: 3 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		return reachable(address, reach)
	}}
	return outside{&http.Client{
		Timeout: outsideTimeout,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSClientConfig: secure, ForceAttemptHTTP2: true,
			TLSHandshakeTimeout: 3 * time.Second, ResponseHeaderTimeout: outsideTimeout,
			MaxResponseHeaderBytes: 16 << 10, MaxIdleConns: 32, IdleConnTimeout: 30 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// errUnreachable: the address is not one that a client may have us ask.
var errUnreachable = errors.New("oauth: the address is not a public one")

func reachable(address string, reach []netip.Prefix) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return errUnreachable
	}
	ip := to.Addr().Unmap().WithZone("")
	for _, network := range reach {
		if network.Contains(ip) {
			return nil
		}
	}
	if !public(ip) {
		return errUnreachable
	}
	return nil
}

// reserved are the networks that look global and are not to be asked: shared and
// special purposes (RFC 6890), documentation, and the ways to write an IPv4
// address as an IPv6 one.
var reserved = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
	"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64",
	"2001::/23", "2001:db8::/32", "2002::/16", "fec0::/10")

// loopbackNetworks are this very machine.
var loopbackNetworks = prefixes("127.0.0.0/8", "::1/128")

func prefixes(texts ...string) []netip.Prefix {
	networks := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		networks[i] = netip.MustParsePrefix(text)
	}
	return networks
}

func public(ip netip.Addr) bool {
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() {
		return false
	}
	for _, network := range reserved {
		if network.Contains(ip) {
			return false
		}
	}
	return true
}

// outsideAddress checks an address when it is registered. Where its name leads
// is looked at each time it is asked.
func outsideAddress(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "":
		return errors.New("it must be an absolute address")
	case u.User != nil || strings.Contains(raw, "#"):
		return errors.New("it must carry no user name and no fragment")
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	}
	return errors.New("it must be https")
}

// get reads at most limit bytes of an answer 200.
func (o outside) get(ctx context.Context, address string, limit int64) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json, application/jwk-set+json")
	response, err := o.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answered %d", response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err == nil && int64(len(body)) > limit {
		err = fmt.Errorf("answered more than %d bytes", limit)
	}
	return body, err
}

// post sends a form and returns the status of the answer, whose body nobody
// reads.
func (o outside) post(ctx context.Context, address string, form url.Values) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", formType)
	response, err := o.client.Do(r)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 4<<10)) // so that the connection can be used again
	return response.StatusCode, nil
}
