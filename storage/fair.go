package storage

import (
	"context"
	"fmt"
	"net/netip"
	"time"
)

// Fair shares the room of an Ephemeral among strangers. Whoever begins a sign-in has
// something kept for him before he has proved anything, so that one address could take
// all the room there is, and everybody else would be refused: by the sign-in, by
// counters that cannot count, by replay marks that cannot be set.
//
// While there is room enough nobody is counted: the people of a large company come from
// one address. When it gets scarce each address has a share, and so has each network:
// one customer of a provider may have 65,536 networks of IPv6 that look like as many
// addresses. The last part is for those who are inside already.
type Fair struct {
	ephemeral Ephemeral
	fullness  func(context.Context) float64
}

const (
	scarce   = 0.5 // full to here, addresses are counted
	reserved = 0.9 // full to here, nobody begins anything
	// fairShare is how much one address may begin in fairWindow while room is scarce.
	fairShare  = 60
	fairWindow = 30 * time.Minute
	// wideShare is how much a network may (Wide). Eight addresses behind which a company
	// goes out have their full shares; a company with a whole /24 has no more than these.
	wideShare = 8 * fairShare
)

// Fuller is an Ephemeral that knows how full it is.
type Fuller interface {
	// Fullness is the part of the room that is taken, from 0 to 1; 0 where there is no
	// bound, or none is known.
	Fullness(ctx context.Context) float64
}

// NewFair shares e; one that does not know how full it is, is not shared.
func NewFair(e Ephemeral) *Fair {
	f := &Fair{ephemeral: e, fullness: func(context.Context) float64 { return 0 }}
	if fuller, ok := e.(Fuller); ok {
		f.fullness = fuller.Fullness
	}
	return f
}

// ShareSpent is the refusal of an address that has had its share, or whose network has;
// it is ErrFull too.
type ShareSpent struct {
	Share      int64 // of the address, or of the network
	RetryAfter time.Duration
}

func (e ShareSpent) Error() string {
	return fmt.Sprintf("%v: the address or its network has had its share of %d in %s", ErrFull, e.Share, fairWindow)
}

// Unwrap makes it ErrFull.
func (ShareSpent) Unwrap() error { return ErrFull }

// Begin asks whether something may be kept for a stranger from address, an IP address
// in any writing: ErrFull, ShareSpent.
func (f *Fair) Begin(ctx context.Context, address string) error {
	full := f.fullness(ctx)
	if full < scarce {
		return nil
	}
	if full >= reserved {
		return fmt.Errorf("%w: the rest is for those who are signed in", ErrFull)
	}
	if err := f.take(ctx, "fair:"+Network(address), fairShare); err != nil {
		return err // and the neighbours lose nothing by it
	}
	return f.take(ctx, "fair:wide:"+Wide(address), wideShare)
}

func (f *Fair) take(ctx context.Context, whose string, share int64) error {
	n, left, err := f.ephemeral.Incr(ctx, whose, fairWindow)
	if err != nil {
		return fmt.Errorf("share short-lived state: %w", err)
	}
	if n > share {
		return ShareSpent{share, left}
	}
	return nil
}

// Network is whose share an IP address uses: an IPv6 customer has a whole /64.
func Network(address string) string { return network(address, 32, 64) }

// Wide is the network whose share it uses beside its own: what one customer is given to
// divide, a /24 of IPv4, a /48 of IPv6 (RFC 6177 §2).
func Wide(address string) string { return network(address, 24, 48) }

func network(address string, v4, v6 int) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return "unknown"
	}
	bits := v6
	if ip = ip.Unmap().WithZone(""); ip.Is4() {
		bits = v4
	}
	prefix, _ := ip.Prefix(bits)
	if prefix.IsSingleIP() {
		return ip.String()
	}
	return prefix.Masked().String()
}
