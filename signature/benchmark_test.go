package signature

import (
	"context"
	"sync"
	"testing"
)

// BenchmarkVerify measures a whole verdict with the authority's own certificate
// already checked, as it is for every sign-in but the first. The targets: RSA and EC
// under 0.5 ms, GOST-256 under 12 ms, GOST-512 under 35 ms.
func BenchmarkVerify(b *testing.B) {
	set := openFixtures(b)
	verifier := set.verifier(b)
	content := set.read(b, "challenge.bin")
	for _, algorithm := range []string{"rsa2048", "ecp256", "gost256", "gost512"} {
		der := set.read(b, algorithm+"/cms/person.p7s")
		b.Run(algorithm, func(b *testing.B) {
			for b.Loop() {
				v, err := verifier.Verify(b.Context(), Request{Signature: der, Content: content, At: set.at})
				if err != nil || !v.Accepted {
					b.Fatal(v.Code, err)
				}
			}
		})
	}
}

// BenchmarkRefuse measures what a hostile file costs.
func BenchmarkRefuse(b *testing.B) {
	set := openFixtures(b)
	verifier := set.verifier(b)
	for _, name := range []string{"bad/cms/bomb-nested-indefinite.p7s", "bad/cms/rogue-same-names.p7s", "gost512/cms/two-signers.p7s"} {
		der := set.read(b, name)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if v, err := verifier.Verify(b.Context(), Request{Signature: der, At: set.at}); err != nil || v.Accepted {
					b.Fatal(v.Code, err)
				}
			}
		})
	}
}

// BenchmarkECUnderGOSTFlood measures a cheap verdict while 200 callers press dear
// ones without pause: the bound on those leaves processors to the rest.
func BenchmarkECUnderGOSTFlood(b *testing.B) {
	set := openFixtures(b)
	verifier := set.verifier(b)
	content := set.read(b, "challenge.bin")
	dear, cheap := set.read(b, "gost512/cms/person.p7s"), set.read(b, "ecp256/cms/person.p7s")
	ctx, stop := context.WithCancel(b.Context())
	var flood sync.WaitGroup
	for range 200 {
		flood.Go(func() {
			for ctx.Err() == nil {
				_, _ = verifier.Verify(ctx, Request{Signature: dear, Content: content, At: set.at})
			}
		})
	}
	for b.Loop() {
		if v, err := verifier.Verify(b.Context(), Request{Signature: cheap, Content: content, At: set.at}); err != nil || !v.Accepted {
			b.Fatal(v.Code, err)
		}
	}
	stop()
	flood.Wait()
}
