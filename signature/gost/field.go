package gost

import (
	"math/big"
	"math/bits"
)

// maxLimbs is the number of 64-bit limbs of a 512-bit number.
const maxLimbs = 8

// element is a number modulo p in Montgomery form, x·R mod p with R = 2^(64·limbs),
// the least significant limb first. Limbs beyond the field's are zero.
type element [maxLimbs]uint64

// field is the arithmetic modulo an odd prime p of 256 or 512 bits. It takes a
// third of the time that math/big does, which is what a flood of hostile
// signatures is paid with. It is not constant in time.
type field struct {
	limbs   int
	modulus *big.Int
	p       element
	inverse uint64  // -1/p modulo 2^64
	square  element // R² mod p, for conversion
	one     element // 1 in Montgomery form
}

func newField(p *big.Int) *field {
	f := &field{limbs: (p.BitLen() + 63) / 64, modulus: p, p: limbsOf(p)}
	// Newton: each step doubles the number of right bits, from the three that an odd
	// number is its own inverse for.
	x := f.p[0]
	for range 5 {
		x *= 2 - f.p[0]*x
	}
	f.inverse = -x
	r := new(big.Int).Lsh(big.NewInt(1), uint(64*f.limbs))
	f.one = limbsOf(new(big.Int).Mod(r, p))
	f.square = limbsOf(r.Mul(r, r).Mod(r, p))
	return f
}

func limbsOf(n *big.Int) (e element) {
	var octets [8 * maxLimbs]byte
	n.FillBytes(octets[:])
	for i := range e {
		for _, b := range octets[8*(maxLimbs-1-i) : 8*(maxLimbs-i)] {
			e[i] = e[i]<<8 | uint64(b)
		}
	}
	return e
}

// from converts a number in [0, p).
func (f *field) from(n *big.Int) element {
	e := limbsOf(n)
	return f.mul(&e, &f.square)
}

// to converts back to a number in [0, p).
func (f *field) to(e element) *big.Int {
	plain := f.mul(&e, &element{1})
	octets := make([]byte, 8*maxLimbs)
	for i, limb := range plain {
		for j := range 8 {
			octets[8*(maxLimbs-i)-1-j] = byte(limb >> (8 * j))
		}
	}
	return new(big.Int).SetBytes(octets)
}

// invert returns 1/e; e must not be zero.
func (f *field) invert(e element) element {
	return f.from(new(big.Int).ModInverse(f.to(e), f.modulus))
}

// mul is Montgomery's product x·y/R, by the method CIOS (Koç, Acar, Kaliski 1996).
func (f *field) mul(x, y *element) element {
	var t [maxLimbs + 2]uint64
	n := f.limbs
	for i := range n {
		var carry uint64
		for j := range n {
			t[j], carry = accumulate(x[j], y[i], t[j], carry)
		}
		t[n], carry = bits.Add64(t[n], carry, 0)
		t[n+1] = carry
		m := t[0] * f.inverse
		_, carry = accumulate(m, f.p[0], t[0], 0)
		for j := 1; j < n; j++ {
			t[j-1], carry = accumulate(m, f.p[j], t[j], carry)
		}
		t[n-1], carry = bits.Add64(t[n], carry, 0)
		t[n] = t[n+1] + carry
	}
	var z element
	copy(z[:n], t[:n])
	return f.reduce(z, t[n])
}

// accumulate returns x·y + a + b, which never overflows two limbs.
func accumulate(x, y, a, b uint64) (low, high uint64) {
	high, low = bits.Mul64(x, y)
	var carry uint64
	low, carry = bits.Add64(low, a, 0)
	high += carry
	low, carry = bits.Add64(low, b, 0)
	return low, high + carry
}

// reduce brings z + overflow·R, which is below 2p, below p.
func (f *field) reduce(z element, overflow uint64) element {
	var difference element
	var borrow uint64
	for i := range f.limbs {
		difference[i], borrow = bits.Sub64(z[i], f.p[i], borrow)
	}
	if overflow == 0 && borrow == 1 {
		return z
	}
	return difference
}

func (f *field) add(x, y *element) element {
	var z element
	var carry uint64
	for i := range f.limbs {
		z[i], carry = bits.Add64(x[i], y[i], carry)
	}
	return f.reduce(z, carry)
}

func (f *field) sub(x, y *element) element {
	var z element
	var borrow, carry uint64
	for i := range f.limbs {
		z[i], borrow = bits.Sub64(x[i], y[i], borrow)
	}
	if borrow == 0 {
		return z
	}
	for i := range f.limbs {
		z[i], carry = bits.Add64(z[i], f.p[i], carry)
	}
	return z
}

// twice returns 2·x.
func (f *field) twice(x *element) element { return f.add(x, x) }
