package idp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"propusk/storage"
	"propusk/storage/journal"
)

// Budget is how often one address may fail before it must wait. It slows down
// whoever tries one password on many people; the lock of each person and
// factor (idp/factor) is the guard against many passwords on one.
type Budget struct {
	Failures int           // 0 = the default of the budget
	Window   time.Duration // begins with the first failure; 0 = 15 minutes
}

// budget counts failures by address.
type budget struct {
	Budget
	name      string
	ephemeral storage.Ephemeral
	now       func() time.Time
}

// errTooMany says that the address has used its budget up.
type errTooMany struct{ RetryAfter time.Duration }

func (e errTooMany) Error() string {
	return "too many failures from this address, retry after " + e.RetryAfter.String()
}

// open returns errTooMany when the address must wait.
func (b budget) open(ctx context.Context, address string) error {
	value, err := b.ephemeral.Get(ctx, b.key("closed", address))
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
		return errTooMany{RetryAfter: left}
	}
	return nil
}

// fail counts one failure, and closes the budget with the last one it holds.
func (b budget) fail(ctx context.Context, address string) error {
	n, left, err := b.ephemeral.Incr(ctx, b.key("failed", address), b.Window)
	if err != nil {
		return fmt.Errorf("count failure: %w", err)
	}
	if n < int64(b.Failures) || left <= 0 {
		return nil
	}
	until := strconv.FormatInt(int64(storage.Of(b.now().Add(left))), 10)
	if err := b.ephemeral.Put(ctx, b.key("closed", address), []byte(until), left); err != nil {
		return fmt.Errorf("close budget: %w", err)
	}
	return nil
}

func (b budget) key(what, address string) string {
	return "budget:" + b.name + ":" + what + ":" + address
}

// address is whose budget a request uses: the client's address as the server's
// outermost middleware found it, else the connection's. An IPv6 customer has a
// whole /64, so that is one address here.
func address(r *http.Request) string {
	ip := journal.From(r.Context()).IP
	if ip == "" {
		ip, _, _ = net.SplitHostPort(r.RemoteAddr)
	}
	parsed, err := netip.ParseAddr(ip)
	if err != nil {
		return "unknown"
	}
	if parsed = parsed.Unmap().WithZone(""); parsed.Is6() {
		prefix, _ := parsed.Prefix(64)
		return prefix.Masked().String()
	}
	return parsed.String()
}
