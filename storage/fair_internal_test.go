package storage

import (
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// Attack: one address begins sign-ins without end. It fills no more than half of what
// there is and its share; everybody else begins, and who is inside goes on.
func TestOneAddressDoesNotTakeAllTheRoom(t *testing.T) {
	t.Parallel()
	const each = overhead + 1024
	m, clock := smallMemory(t, 1000*each)
	fair, ctx := NewFair(m), t.Context()
	keep := func(address string, n int) error {
		if err := fair.Begin(ctx, address); err != nil {
			return err
		}
		return m.Put(ctx, address+"/"+strconv.Itoa(1000+n), make([]byte, 1024-len(address)-5), fairWindow)
	}
	flood := func(address string) (begun int) {
		for i := range 2000 {
			switch err := keep(address, i); {
			case err == nil:
				begun++
			case !errors.Is(err, ErrFull):
				t.Fatal(err)
			}
		}
		return begun
	}
	if begun := flood("203.0.113.7"); begun != 500+fairShare {
		t.Errorf("the flood began %d", begun)
	}
	if err := keep("198.51.100.1", 0); err != nil {
		t.Errorf("somebody else: %v", err)
	}
	// A whole network of IPv6 is one stranger.
	if begun := flood("2001:db8::1"); begun != fairShare {
		t.Errorf("the second flood began %d", begun)
	}
	if err := fair.Begin(ctx, "2001:db8::ffff:2"); !errors.Is(err, ErrFull) {
		t.Errorf("a neighbour in the same network: %v", err)
	}
	// Many addresses take all but the last part, which is for those who are inside.
	for i := range 10 {
		flood("192.0.2." + strconv.Itoa(i))
	}
	if full := m.Fullness(ctx); full < reserved || full > reserved+0.01 {
		t.Errorf("full to %.3f", full)
	}
	if shown := testutil.ToFloat64(FullnessGauge(m)); shown != m.Fullness(ctx) {
		t.Errorf("the gauge shows %.3f", shown)
	}
	if err := fair.Begin(ctx, "198.51.100.2"); !errors.Is(err, ErrFull) {
		t.Errorf("in the last part: %v", err)
	}
	if _, _, err := m.Incr(ctx, "lock of somebody", time.Minute); err != nil {
		t.Errorf("a counter that keeps somebody out: %v", err)
	}
	clock.nanos.Add(int64(fairWindow))
	m.sweep()
	if err := keep("203.0.113.7", 9); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// While there is room nobody is counted: a large company has one address.
func TestNobodyIsCountedWhileThereIsRoom(t *testing.T) {
	t.Parallel()
	m, _ := smallMemory(t, MaxBytes)
	for range 10 * fairShare {
		if err := NewFair(m).Begin(t.Context(), "203.0.113.7"); err != nil {
			t.Fatal(err)
		}
	}
	if m.Bytes() != 0 {
		t.Errorf("%d bytes are kept of it", m.Bytes())
	}
	unknowing := NewFair(struct{ Ephemeral }{m})
	if err := unknowing.Begin(t.Context(), "no address"); err != nil {
		t.Errorf("one that does not know how full it is: %v", err)
	}
}

func TestNetworks(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"203.0.113.7": "203.0.113.7", "::ffff:203.0.113.7": "203.0.113.7", "2001:db8:1:2:3::4": "2001:db8:1:2::/64",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "": "unknown", "x": "unknown", "localhost": "unknown",
	} {
		if got := Network(address); got != want {
			t.Errorf("%q: %q", address, got)
		}
	}
	for address, want := range map[string]string{
		"203.0.113.7": "203.0.113.0/24", "::ffff:203.0.113.7": "203.0.113.0/24", "2001:db8:1:2:3::4": "2001:db8:1::/48",
		"fe80::1%eth0": "fe80::/48", "": "unknown",
	} {
		if got := Wide(address); got != want {
			t.Errorf("wide %q: %q", address, got)
		}
	}
}

// Attack: one customer of a provider begins from each of his 65,536 networks of IPv6, or
// from a rented /24. He has the share of eight addresses, and his neighbours theirs.
func TestOneNetworkDoesNotTakeAllTheRoom(t *testing.T) {
	t.Parallel()
	m, _ := smallMemory(t, 20_000*(overhead+1024))
	fair, ctx := NewFair(m), t.Context()
	for i := range 10_000 { // it is scarce
		if err := m.Put(ctx, "filled"+strconv.Itoa(10_000+i), make([]byte, 1024-11), fairWindow); err != nil {
			t.Fatal(err)
		}
	}
	flood := func(address func(i int) string) (begun int) {
		for i := range 4000 {
			err := fair.Begin(ctx, address(i))
			if spent, ok := errors.AsType[ShareSpent](err); ok && (spent.RetryAfter <= 0 || spent.Share != wideShare) {
				t.Fatalf("%d: %+v", i, spent)
			}
			if err == nil {
				begun++
			}
		}
		return begun
	}
	if begun := flood(func(i int) string { return fmt.Sprintf("2001:db8:7:%x::1", i) }); begun != wideShare {
		t.Errorf("a /48 began %d", begun)
	}
	if begun := flood(func(i int) string { return fmt.Sprintf("203.0.113.%d", i%256) }); begun != wideShare {
		t.Errorf("a /24 began %d", begun)
	}
	for _, neighbour := range []string{"2001:db8:8::1", "203.0.114.1"} {
		if err := fair.Begin(ctx, neighbour); err != nil {
			t.Errorf("%s: %v", neighbour, err)
		}
	}
	// One address that goes on beyond its share takes nothing more from its network.
	for range 10 * fairShare {
		_ = fair.Begin(ctx, "198.51.100.1")
	}
	for i := range 7 {
		for n := range fairShare {
			if err := fair.Begin(ctx, "198.51.100."+strconv.Itoa(2+i)); err != nil {
				t.Fatalf("%d of a neighbour: %v", n, err)
			}
		}
	}
}

func TestWhatRedisSaysOfItsMemory(t *testing.T) {
	t.Parallel()
	for info, want := range map[string]float64{
		"# Memory\r\nused_memory:600\r\nused_memory_human:600B\r\nmaxmemory:1000\r\nmaxmemory_policy:noeviction\r\n": 0.6,
		"# Memory\r\nused_memory:600\r\nmaxmemory:0\r\n":                                                             0,
		"# Memory\r\nused_memory:600\r\nmaxmemory:x\r\n":                                                             0,
		"": 0,
	} {
		if got := memoryPart(info); got != want {
			t.Errorf("%q: %v", info, got)
		}
	}
}

func TestWhatIsWrongWithRedisMemory(t *testing.T) {
	t.Parallel()
	for info, want := range map[string]string{
		"# Memory\r\nused_memory:600\r\nmaxmemory:1000\r\nmaxmemory_policy:noeviction\r\n":  "",
		"# Memory\r\nused_memory:600\r\nmaxmemory:1000\r\n":                                 "",
		"# Memory\r\nused_memory:600\r\nmaxmemory:1000\r\nmaxmemory_policy:allkeys-lru\r\n": "short-lived state: the maxmemory-policy of Redis is allkeys-lru; set noeviction",
		"# Memory\r\nused_memory:600\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n":     "short-lived state: Redis has no maxmemory; set it, with maxmemory-policy noeviction",
	} {
		if got := memoryFault(info); got != want {
			t.Errorf("%q: %q", info, got)
		}
	}
}
