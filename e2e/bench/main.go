package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"time"
)

var (
	requests = flag.Int("requests", 4000, "requests a measurement")
	rounds   = flag.Int("rounds", 15, "measurements of each kind, taken in turns; the median counts")
	clients  = flag.Int("clients", 16, "connections at a time")
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "bare" {
		bare()
		return
	}
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	house, err := startPropusk()
	if err != nil {
		return err
	}
	defer house.stop()
	signer, err := startBare()
	if err != nil {
		return err
	}
	defer signer.stop()

	loads := []load{
		{"a handler that only signs an ES256 JWT", signer, signer.sign},
		{"client credentials, SQLite", house, house.clientCredentials},
		{"GET /v1/organization with a token seen before", house, house.organization},
	}
	cost := make([][]float64, len(loads))
	for range *rounds {
		for i, l := range loads {
			each, err := l.measure()
			if err != nil {
				return fmt.Errorf("%s: %w", l.name, err)
			}
			cost[i] = append(cost[i], each)
		}
	}
	print(loads, cost)
	return nil
}

func print(loads []load, cost [][]float64) {
	fmt.Printf("Server CPU a request, median of %d × %d requests over %d connections, %s\n\n", *rounds, *requests, *clients, time.Now().UTC().Format(time.DateOnly))
	fmt.Println("| request | µs CPU | against the bare signature |")
	fmt.Println("|---|---|---|")
	for i, l := range loads {
		fmt.Printf("| %s | %.0f | ×%.2f |\n", l.name, median(cost[i]), median(ratios(cost[i], cost[0])))
	}
}

// ratios compares what was measured one after the other, so that a machine that
// is slower for a while is so for both.
func ratios(of, to []float64) []float64 {
	out := make([]float64, len(of))
	for i := range of {
		out[i] = of[i] / to[i]
	}
	return out
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}
