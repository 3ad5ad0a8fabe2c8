package browser

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"propusk/storage"
	"propusk/storage/journal"
)

// Limit is how often one address may fail before it must wait. It slows down
// whoever tries one password on many people; the lock of each person and
// factor (idp/factor) is the guard against many passwords on one.
type Limit struct {
	Failures int           // 0 = 300
	Window   time.Duration // begins with the first failure; 0 = 15 minutes
}

// Budget counts failures by address.
type Budget struct {
	Limit
	name      string
	ephemeral storage.Ephemeral
	now       func() time.Time
	open      *remembered // nil = it is asked every time
}

// NewBudget is the budget of what name names; budgets of one name share what
// they count.
func NewBudget(name string, limit Limit, ephemeral storage.Ephemeral, now func() time.Time) *Budget {
	if limit.Failures <= 0 {
		limit.Failures = 300
	}
	if limit.Window <= 0 {
		limit.Window = 15 * time.Minute
	}
	return &Budget{Limit: limit, name: name, ephemeral: ephemeral, now: now}
}

// Remembering returns the same budget, which for so long does not ask again about an
// address that it found open, unless the address fails meanwhile. It is for what is used
// without end and seldom fails: another node that closes the budget is heard of that much
// later.
func (b *Budget) Remembering(age time.Duration) *Budget {
	copied := *b
	copied.open = &remembered{age: age}
	return &copied
}

// rememberedMost bounds how many addresses are remembered.
const rememberedMost = 4096

// remembered are the addresses that were found open, and until when they count as such.
// nil remembers nothing.
type remembered struct {
	age   time.Duration
	mu    sync.Mutex
	until map[string]time.Time
}

func (o *remembered) has(address string, now time.Time) bool {
	if o == nil {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return now.Before(o.until[address])
}

func (o *remembered) add(address string, now time.Time) {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.until == nil || len(o.until) >= rememberedMost {
		o.until = make(map[string]time.Time)
	}
	o.until[address] = now.Add(o.age)
}

func (o *remembered) drop(address string) {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.until, address)
}

// TooMany says that the address has used its budget up.
type TooMany struct{ RetryAfter time.Duration }

func (e TooMany) Error() string {
	return "too many failures from this address, retry after " + e.RetryAfter.String()
}

// Open returns TooMany when the address, or its network, must wait.
func (b *Budget) Open(ctx context.Context, address string) error {
	if b.open.has(address, b.now()) {
		return nil
	}
	for _, counted := range b.counted(address) {
		if err := b.openTo(ctx, counted.whose); err != nil {
			return err
		}
	}
	b.open.add(address, b.now())
	return nil
}

func (b *Budget) openTo(ctx context.Context, whose string) error {
	value, err := b.ephemeral.Get(ctx, b.key("closed", whose))
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read budget: %w", err)
	}
	until, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil {
		return fmt.Errorf("read budget: %w", err)
	}
	if left := storage.Time(until).Time().Sub(b.now()); left > 0 {
		return TooMany{RetryAfter: left}
	}
	return nil
}

// Fail counts one failure, and closes the budget with the last one it holds.
func (b *Budget) Fail(ctx context.Context, address string) error {
	defer b.open.drop(address) // at the end, when it may have been closed
	for _, counted := range b.counted(address) {
		if err := b.failOf(ctx, counted.whose, counted.most); err != nil {
			return err
		}
	}
	return nil
}

func (b *Budget) failOf(ctx context.Context, whose string, most int64) error {
	n, left, err := b.ephemeral.Incr(ctx, b.key("failed", whose), b.Window)
	if err != nil {
		return fmt.Errorf("count failure: %w", err)
	}
	if n < most || left <= 0 {
		return nil
	}
	until := strconv.FormatInt(int64(storage.Of(b.now().Add(left))), 10)
	if err := b.ephemeral.Put(ctx, b.key("closed", whose), []byte(until), left); err != nil {
		return fmt.Errorf("close budget: %w", err)
	}
	return nil
}

// wideBudget is how many addresses' budgets a /48 of IPv6 has together.
const wideBudget = 8

// count is whose failures are counted, and how many close the budget.
type count struct {
	whose string
	most  int64
}

// counted are the address, a /64 or an address of IPv4 (Address), and, of IPv6, the /48
// that a customer may have: 65,536 of the former, each with a budget of its own. Of IPv4
// there is no such thing: people who never met share a /24.
func (b *Budget) counted(address string) []count {
	list := []count{{address, int64(b.Failures)}}
	if prefix, err := netip.ParsePrefix(address); err == nil && prefix.Addr().Is6() {
		list = append(list, count{storage.Wide(prefix.Addr().String()), wideBudget * int64(b.Failures)})
	}
	return list
}

func (b *Budget) key(what, address string) string {
	return "budget:" + b.name + ":" + what + ":" + address
}

// IP is the client's address as the server's outermost middleware found it,
// else the connection's; the zero Addr when there is none.
func IP(r *http.Request) netip.Addr {
	ip := journal.From(r.Context()).IP
	if ip == "" {
		ip, _, _ = net.SplitHostPort(r.RemoteAddr)
	}
	parsed, err := netip.ParseAddr(ip)
	if err != nil {
		return netip.Addr{}
	}
	return parsed.Unmap().WithZone("")
}

// Address is whose budget a request uses. An IPv6 customer has a whole /64, so
// that is one address here.
func Address(r *http.Request) string {
	ip := IP(r)
	switch {
	case !ip.IsValid():
		return "unknown"
	case ip.Is6():
		prefix, _ := ip.Prefix(64)
		return prefix.Masked().String()
	default:
		return ip.String()
	}
}
