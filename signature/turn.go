package signature

import (
	"context"
	"fmt"
	"time"
)

// turn is one dear check's place among those that run at once. The nil turn is of a
// cheap check, which needs none.
type turn struct {
	places chan struct{}
	held   bool
}

// turnKey is the context key of the turn that a check runs in.
type turnKey struct{}

// turn waits until a dear check may run. Signatures by RSA and EC keys do not
// wait: they are cheap, and a flood of GOST must not hold them up.
func (l *Local) turn(ctx context.Context, dear bool) (*turn, error) {
	if !dear {
		return nil, nil
	}
	timer := time.NewTimer(l.deps.MaxWait)
	defer timer.Stop()
	select {
	case l.turns <- struct{}{}:
		return &turn{places: l.turns, held: true}, nil
	case <-timer.C:
		return nil, ErrBusy
	case <-ctx.Done():
		return nil, fmt.Errorf("signature: %w", ctx.Err())
	}
}

func (t *turn) end() {
	if t != nil && t.held {
		t.held = false
		<-t.places
	}
}

// aside runs a wait for somebody outside, such as a responder, without the turn of
// the check in whose context it is: a slow one would keep every other check from
// running. Afterwards the check waits for a place again.
func aside(ctx context.Context, wait func() error) error {
	t, _ := ctx.Value(turnKey{}).(*turn)
	if t == nil {
		return wait()
	}
	t.end()
	err := wait()
	select {
	case t.places <- struct{}{}:
		t.held = true
		return err
	case <-ctx.Done():
		return fmt.Errorf("signature: %w", ctx.Err())
	}
}
