package storage

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"
)

// fillAge is how long what Redis said of its memory is taken for true.
const fillAge = 2 * time.Second

// fill is how full a Redis was when it was last asked.
type fill struct {
	mu    sync.Mutex
	asked time.Time
	part  float64
}

// Fullness implements Fuller by what the server says of its memory against maxmemory,
// at most once in fillAge; of a cluster one server is asked. One that never said, or has
// no bound, counts as empty.
func (r *Redis) Fullness(ctx context.Context) float64 {
	r.fill.mu.Lock()
	defer r.fill.mu.Unlock()
	if time.Since(r.fill.asked) < fillAge {
		return r.fill.part
	}
	info, err := r.client.Info(ctx, "memory").Result()
	if r.fill.asked = time.Now(); err == nil {
		r.fill.part = memoryPart(info)
	}
	return r.fill.part
}

// memoryPart reads INFO's section "memory".
func memoryPart(info string) float64 {
	number := func(name string) float64 {
		_, rest, _ := strings.Cut(info, "\n"+name+":")
		text, _, _ := strings.Cut(rest, "\n")
		n, _ := strconv.ParseFloat(strings.TrimSpace(text), 64)
		return n
	}
	most := number("maxmemory")
	if most <= 0 {
		return 0
	}
	return number("used_memory") / most
}
