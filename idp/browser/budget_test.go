package browser

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"propusk/storage"
	"propusk/storage/storagetest"
)

// counted counts how often it is asked.
type counted struct {
	storage.Ephemeral
	asked int
}

func (c *counted) Get(ctx context.Context, key string) ([]byte, error) {
	c.asked++
	return c.Ephemeral.Get(ctx, key)
}

// An address that does not fail is asked about once in a while; one that fails is asked
// about every time, and waits from its last failure on.
func TestRememberingBudget(t *testing.T) {
	t.Parallel()
	ctx, clock := context.Background(), storagetest.NewClock()
	shared := &counted{Ephemeral: storagetest.Memory(t, clock.Now)}
	limit := Limit{Failures: 3, Window: time.Minute}
	here := NewBudget("b", limit, shared, clock.Now).Remembering(time.Second)
	there := NewBudget("b", limit, shared, clock.Now)
	open := func(address string) bool {
		t.Helper()
		err := here.Open(ctx, address)
		if err != nil && !errors.As(err, new(TooMany)) {
			t.Fatal(err)
		}
		return err == nil
	}
	fail := func(b *Budget, address string) {
		t.Helper()
		if err := b.Fail(ctx, address); err != nil {
			t.Fatal(err)
		}
	}
	for range 10 {
		if !open("good") {
			t.Fatal("closed without a failure")
		}
	}
	if shared.asked != 1 {
		t.Errorf("asked %d times within a second", shared.asked)
	}
	clock.Advance(time.Second)
	if open("good"); shared.asked != 2 {
		t.Errorf("asked %d times in two seconds", shared.asked)
	}

	shared.asked = 0
	for i := range 3 {
		if !open("bad") {
			t.Fatalf("closed after %d failures", i)
		}
		fail(here, "bad")
	}
	if open("bad") || shared.asked != 4 {
		t.Errorf("open after the last failure, or remembered meanwhile: asked %d times", shared.asked)
	}

	open("elsewhere")
	for range 3 {
		fail(there, "elsewhere")
	}
	if !open("elsewhere") {
		t.Error("another node's failures are known at once: nothing was remembered")
	}
	clock.Advance(time.Second)
	if open("elsewhere") {
		t.Error("another node's failures are not known after a second")
	}
}

// However many addresses come, no more are remembered than fit.
func TestRememberedAddressesAreBounded(t *testing.T) {
	t.Parallel()
	o := &remembered{age: time.Second}
	now := time.Unix(1, 0)
	for i := range 2*rememberedMost + 1 {
		o.add(strconv.Itoa(i), now)
	}
	if len(o.until) != 1 || !o.has(strconv.Itoa(2*rememberedMost), now) {
		t.Errorf("%d are remembered", len(o.until))
	}
	if o.has("0", now) || o.has(strconv.Itoa(2*rememberedMost), now.Add(time.Second)) {
		t.Error("what was forgotten, or is over, counts")
	}
}

// Attack: a customer of a provider has a /48, and fails from each of its 65,536 networks
// as often as one address may. He has the budgets of eight; the next customer has his own.
func TestNetworksOfOneCustomerShareABudget(t *testing.T) {
	t.Parallel()
	ctx, clock := context.Background(), storagetest.NewClock()
	b := NewBudget("b", Limit{Failures: 3, Window: time.Minute}, storagetest.Memory(t, clock.Now), clock.Now)
	flood := func(address func(i int) string) (failed int) {
		for i := range 100 {
			for range 5 {
				err := b.Open(ctx, address(i))
				if err == nil {
					err, failed = b.Fail(ctx, address(i)), failed+1
				}
				if late, ok := errors.AsType[TooMany](err); ok && late.RetryAfter != time.Minute || err != nil && !ok {
					t.Fatal(err)
				}
			}
		}
		return failed
	}
	if failed := flood(func(i int) string { return fmt.Sprintf("2001:db8:7:%x::/64", i) }); failed != 8*3 {
		t.Errorf("a /48 failed %d times", failed)
	}
	for _, next := range []string{"2001:db8:8::/64", "192.0.2.1", "unknown"} {
		if err := b.Open(ctx, next); err != nil {
			t.Errorf("%s: %v", next, err)
		}
	}
	// People who never met share a /24.
	if failed := flood(func(i int) string { return "203.0.113." + strconv.Itoa(i) }); failed != 100*3 {
		t.Errorf("the addresses of a /24 failed %d times", failed)
	}
	clock.Advance(time.Minute)
	if err := b.Open(ctx, "2001:db8:7:1::/64"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
