package outside_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"propusk/storage/outside"
)

func TestConnectionsGoNowhereInside(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"93.184.216.34:443": true, "[2606:2800:220:1::1]:443": true,
		"127.0.0.1:443": false, "[::1]:443": false, "[::ffff:127.0.0.1]:443": false, "0.0.0.0:443": false, "[::]:443": false,
		"10.1.2.3:443": false, "172.16.0.1:443": false, "192.168.1.1:443": false, "169.254.169.254:80": false,
		"[::ffff:169.254.169.254]:80": false, "[fd00:ec2::254]:80": false,
		"100.64.0.1:443": false, "198.18.0.1:443": false, "224.0.0.1:443": false, "255.255.255.255:443": false,
		"[fe80::1%eth0]:443": false, "[64:ff9b::7f00:1]:443": false, "[2002:7f00:1::]:443": false, "rubbish": false,
		// IPv4 in IPv6: compatible, NAT64 of the network itself, Teredo, ISATAP beside 2000::/3, site-local.
		"[::127.0.0.1]:443": false, "[::a9fe:a9fe]:80": false, "[64:ff9b:1::a9fe:a9fe]:80": false, "[2001:0:a9fe:a9fe::1]:80": false,
		"[fe80::5efe:a9fe:a9fe]:80": false, "[fec0::1]:443": false, "[ff02::1]:443": false, "[100::1]:443": false, "[2001:db8::1]:443": false,
		"[::1%lo]:443": false, "[::ffff:127.0.0.1%lo]:443": false, "192.88.99.1:443": false, "192.0.0.8:443": false, "0.1.2.3:443": false,
		"[::ffff:0:7f00:1]:443": false, "[::ffff:0:a9fe:a9fe]:80": false, "[3fff::1]:443": false, "[5f00::1]:443": false,
	} {
		if got := outside.Reachable(address, nil) == nil; got != want {
			t.Errorf("%s: reachable = %t", address, got)
		}
	}
	near := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}
	if outside.Reachable("[::ffff:10.1.2.3]:443", near) != nil || outside.Reachable("10.2.2.3:443", near) == nil {
		t.Error("the networks that are allowed are not those")
	}
}

func TestAnAddressIsCheckedWhenItIsRegistered(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]bool{
		"https://hooks.example.ru/in?x=1": true, "https://93.184.216.34/": true,
		"http://hooks.example.ru/": false, "https:///x": false, "https://": false, "/in": false, "https:opaque": false,
		"https://u:p@hooks.example.ru/": false, "https://hooks.example.ru/#f": false, "https://hooks.example.ru/#": false,
		"https://127.0.0.1/": false, "https://localhost/": false, "https://LOCALHOST./": false, "https://[::1]/": false,
		"https://169.254.169.254/latest/meta-data/": false, "https://[::ffff:10.0.0.1]/": false, "ftp://hooks.example.ru/": false,
		"https://hooks.example.ru/a b": false, "https://hooks.example.ru/\r\nX: 1": false,
		"https://hooks.example.ru/" + strings.Repeat("x", 2000): false,
	} {
		if got := outside.CheckURL(raw, nil) == nil; got != want {
			t.Errorf("%q: accepted = %t", raw, got)
		}
	}
	for _, raw := range []string{"http://127.0.0.1:8080/x", "http://localhost/", "https://[::1]:1/"} {
		if err := outside.CheckURL(raw, outside.Loopback); err != nil {
			t.Errorf("%s, allowed by the operator: %v", raw, err)
		}
	}
	if outside.CheckURL("http://example.ru/", outside.Loopback) == nil {
		t.Error("http to a public host")
	}
}

// DNS rebinding: a name is looked at when it is asked, whatever it was before.
func TestANameThatLeadsInsideIsNotAsked(t *testing.T) {
	t.Parallel()
	asked := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer server.Close()
	for _, address := range []string{server.URL, strings.Replace(server.URL, "127.0.0.1", "localhost", 1)} {
		response, err := outside.NewClient(outside.Options{}).Get(address)
		if !errors.Is(err, outside.ErrUnreachable) {
			t.Errorf("%s: %v", address, err)
		}
		if err == nil {
			response.Body.Close()
		}
	}
	if asked {
		t.Error("the request arrived")
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was followed") }))
	defer inside.Close()
	server := httptest.NewServer(http.RedirectHandler(inside.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	response, err := outside.NewClient(outside.Options{Reach: outside.Loopback}).Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusTemporaryRedirect {
		t.Fatal(response.Status)
	}
}

// A number that is no address to our reader is one to the machine's resolver: what it
// leads to is looked at when the connection is made.
func TestOtherWritingsOfLoopbackAreNotAsked(t *testing.T) {
	t.Parallel()
	asked := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer server.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "http://"), ":")
	for _, host := range []string{"127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::ffff:7f00:1]", "[::1%25lo]", "0", "localhost."} {
		response, err := outside.NewClient(outside.Options{}).Get("http://" + host + ":" + port)
		if err == nil {
			t.Errorf("%s was asked", host)
			_ = response.Body.Close()
		}
	}
	if asked {
		t.Error("the request arrived")
	}
	if err := outside.CheckURL("https://[::1%25lo]/", nil); !errors.Is(err, outside.ErrUnreachable) {
		t.Errorf("with a zone: %v", err)
	}
}

// A proxy that the environment names would connect in our place, wherever the name
// leads.
func TestNoProxyOfTheEnvironmentIsUsed(t *testing.T) {
	t.Parallel()
	transport, ok := outside.NewClient(outside.Options{}).Transport.(*http.Transport)
	if !ok || transport.Proxy != nil || transport.DialTLSContext != nil || transport.DialContext == nil {
		t.Errorf("%+v", transport)
	}
}
