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

// fill is how full a Redis was when it was last asked, and what is wrong with how it is
// bounded.
type fill struct {
	mu    sync.Mutex
	asked time.Time
	part  float64
	fault string
}

// Fullness implements Fuller by what the server says of its memory against maxmemory,
// at most once in fillAge; of a cluster one server is asked. One that never said, or has
// no bound, counts as empty.
func (r *Redis) Fullness(ctx context.Context) float64 {
	part, _ := r.memory(ctx)
	return part
}

// Warning says in a sentence what an operator must set at the server, "" when all is as
// the contract of Ephemeral wants it: without a bound nothing is shared among strangers
// (Fair), and one that evicts forgets locks and replay marks.
func (r *Redis) Warning(ctx context.Context) string {
	_, fault := r.memory(ctx)
	return fault
}

func (r *Redis) memory(ctx context.Context) (part float64, fault string) {
	r.fill.mu.Lock()
	defer r.fill.mu.Unlock()
	if time.Since(r.fill.asked) >= fillAge {
		info, err := r.client.Info(ctx, "memory").Result()
		if r.fill.asked = time.Now(); err == nil {
			r.fill.part, r.fill.fault = memoryPart(info), memoryFault(info)
		}
	}
	return r.fill.part, r.fill.fault
}

// memoryLine reads a line of INFO's section "memory"; "" when there is none.
func memoryLine(info, name string) string {
	_, rest, _ := strings.Cut(info, "\n"+name+":")
	text, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(text)
}

func memoryNumber(info, name string) float64 {
	n, _ := strconv.ParseFloat(memoryLine(info, name), 64)
	return n
}

func memoryPart(info string) float64 {
	most := memoryNumber(info, "maxmemory")
	if most <= 0 {
		return 0
	}
	return memoryNumber(info, "used_memory") / most
}

func memoryFault(info string) string {
	switch policy := memoryLine(info, "maxmemory_policy"); {
	case memoryNumber(info, "maxmemory") <= 0:
		return "short-lived state: Redis has no maxmemory; set it, with maxmemory-policy noeviction"
	case policy != "" && policy != "noeviction":
		return "short-lived state: the maxmemory-policy of Redis is " + policy + "; set noeviction"
	default:
		return ""
	}
}
