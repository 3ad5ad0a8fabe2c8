package gost

import (
	"encoding/binary"
	"hash"
	"math/bits"
	"sync"
)

const (
	// BlockSize is the block of Streebog in bytes, for both digest lengths.
	BlockSize = 64
	// Size256 and Size512 are the digest lengths in bytes.
	Size256 = 32
	Size512 = 64
)

// words is a vector of 512 bits, the least significant word first.
type words [8]uint64

// streebog is one running computation of GOST R 34.11-2012, RFC 6986 §9.
type streebog struct {
	size int    // digest length in bytes
	h    words  // the state h
	n    uint64 // bits hashed in full blocks; the standard's N modulo 2^64 is enough for any memory
	sum  words  // Σ: the sum of the blocks modulo 2^512
	tail [BlockSize]byte
	held int // bytes waiting in tail
}

// New256 returns a hash.Hash computing GOST R 34.11-2012 with 256 bits.
func New256() hash.Hash { return newStreebog(Size256) }

// New512 returns a hash.Hash computing GOST R 34.11-2012 with 512 bits.
func New512() hash.Hash { return newStreebog(Size512) }

func newStreebog(size int) *streebog {
	s := &streebog{size: size}
	s.Reset()
	return s
}

// Size returns the digest length in bytes.
func (s *streebog) Size() int { return s.size }

// BlockSize returns 64.
func (s *streebog) BlockSize() int { return BlockSize }

// Reset starts anew. The two lengths differ in their initial vector too, so the
// short digest is not a prefix of the long one (RFC 6986 §6.1).
func (s *streebog) Reset() {
	*s = streebog{size: s.size}
	if s.size == Size256 {
		for i := range s.h {
			s.h[i] = 0x0101010101010101
		}
	}
}

// Write adds bytes; it never fails.
func (s *streebog) Write(p []byte) (int, error) {
	written := len(p)
	if s.held > 0 {
		n := copy(s.tail[s.held:], p)
		s.held += n
		p = p[n:]
		if s.held < BlockSize {
			return written, nil
		}
		s.block(s.tail[:])
		s.held = 0
	}
	for len(p) >= BlockSize {
		s.block(p[:BlockSize])
		p = p[BlockSize:]
	}
	s.held = copy(s.tail[:], p)
	return written, nil
}

// Sum appends the digest of what was written so far and leaves the state usable.
func (s *streebog) Sum(in []byte) []byte {
	end := *s
	length := uint64(end.held) * 8
	var last [BlockSize]byte
	copy(last[:], end.tail[:end.held])
	last[end.held] = 0x01
	m := load(last[:])
	end.h = compress(end.h, m, end.n)
	end.n += length
	end.sum = add(end.sum, m)
	end.h = compress(end.h, words{end.n}, 0)
	end.h = compress(end.h, end.sum, 0)
	var digest [BlockSize]byte
	for i, w := range end.h {
		binary.LittleEndian.PutUint64(digest[8*i:], w)
	}
	// The 256-bit digest is the most significant half (RFC 6986 §8.2), which is
	// the second half of the little-endian form.
	return append(in, digest[BlockSize-s.size:]...)
}

func (s *streebog) block(p []byte) {
	m := load(p)
	s.h = compress(s.h, m, s.n)
	s.n += BlockSize * 8
	s.sum = add(s.sum, m)
}

// compress is g_N(h, m) of RFC 6986 §8.1: the cipher E keyed by h and N, fed
// with m, closed by both.
func compress(h, m words, n uint64) words {
	table := transform()
	key := h
	key[0] ^= n
	key = table.lps(key)
	state := m
	for i := range constants {
		state = table.lps(xor(state, key))
		key = table.lps(xor(key, constants[i]))
	}
	return xor(xor(xor(state, key), h), m)
}

// lpsTable joins the substitution S, the byte permutation P and the linear
// transformation L: entry [k][b] is what byte k of a word of P's output adds to
// the word that L makes of it.
type lpsTable [8][256]uint64

// transform computes the table once, 16 KiB, at first use.
var transform = sync.OnceValue(func() *lpsTable {
	table := new(lpsTable)
	for position := range table {
		for b := range table[position] {
			substituted := pi[b]
			for bit := range 8 {
				if substituted>>bit&1 == 1 {
					table[position][b] ^= rows[63-(8*position+bit)]
				}
			}
		}
	}
	return table
})

// lps applies S, P and L. P transposes the bytes as an 8 by 8 matrix, so byte k
// of output word i comes from byte i of input word k.
func (t *lpsTable) lps(in words) words {
	var out words
	for i := range out {
		shift := 8 * i
		out[i] = t[0][byte(in[0]>>shift)] ^ t[1][byte(in[1]>>shift)] ^
			t[2][byte(in[2]>>shift)] ^ t[3][byte(in[3]>>shift)] ^
			t[4][byte(in[4]>>shift)] ^ t[5][byte(in[5]>>shift)] ^
			t[6][byte(in[6]>>shift)] ^ t[7][byte(in[7]>>shift)]
	}
	return out
}

func load(p []byte) (w words) {
	for i := range w {
		w[i] = binary.LittleEndian.Uint64(p[8*i:])
	}
	return w
}

func xor(a, b words) words {
	for i := range a {
		a[i] ^= b[i]
	}
	return a
}

func add(a, b words) words {
	var carry uint64
	for i := range a {
		a[i], carry = bits.Add64(a[i], b[i], carry)
	}
	return a
}
