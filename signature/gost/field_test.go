package gost

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

// The field agrees with math/big on random numbers and on those at the edges, for
// the modulus of every set.
func TestFieldAgreesWithMathBig(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 11))
	for _, set := range []*ParameterSet{cryptoProA, cryptoProB, cryptoProC, tc26Set512A, tc26Set512B, curveVectors(t)[1].set()} {
		f, p := newField(set.p), set.p
		edges := []*big.Int{new(big.Int), big.NewInt(1), new(big.Int).Sub(p, big.NewInt(1)), new(big.Int).Rsh(p, 1)}
		number := func() *big.Int {
			if random.IntN(4) == 0 {
				return edges[random.IntN(len(edges))]
			}
			octets := make([]byte, 72)
			for i := range octets {
				octets[i] = byte(random.Uint32())
			}
			n := new(big.Int).SetBytes(octets)
			return n.Mod(n, p)
		}
		for range 500 {
			x, y := number(), number()
			a, b := f.from(x), f.from(y)
			for name, c := range map[string]struct {
				got  element
				want *big.Int
			}{
				"the number itself": {a, x},
				"product":           {f.mul(&a, &b), new(big.Int).Mul(x, y)},
				"sum":               {f.add(&a, &b), new(big.Int).Add(x, y)},
				"difference":        {f.sub(&a, &b), new(big.Int).Sub(x, y)},
				"double":            {f.twice(&a), new(big.Int).Lsh(x, 1)},
			} {
				if got := f.to(c.got); got.Cmp(c.want.Mod(c.want, p)) != 0 {
					t.Fatalf("%s: %s of %x and %x is %x", set.Name, name, x, y, got)
				}
			}
			if x.Sign() != 0 {
				inverse := f.invert(a)
				if f.mul(&a, &inverse) != f.one {
					t.Fatalf("%s: inverse of %x", set.Name, x)
				}
			}
		}
	}
}
