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
// one address. When it gets scarce each address has a share, and the last part is for
// those who are inside already.
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

// ShareSpent is the refusal of an address that has had its share; it is ErrFull too.
type ShareSpent struct{ RetryAfter time.Duration }

func (e ShareSpent) Error() string {
	return fmt.Sprintf("%v: the address has had its share of %d in %s", ErrFull, fairShare, fairWindow)
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
	n, left, err := f.ephemeral.Incr(ctx, "fair:"+Network(address), fairWindow)
	if err != nil {
		return fmt.Errorf("share short-lived state: %w", err)
	}
	if n > fairShare {
		return ShareSpent{left}
	}
	return nil
}

// Network is whose share an IP address uses: an IPv6 customer has a whole /64.
func Network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return "unknown"
	}
	if ip = ip.Unmap().WithZone(""); ip.Is4() {
		return ip.String()
	}
	prefix, _ := ip.Prefix(64)
	return prefix.Masked().String()
}
