package gost

import "math/big"

// point is a point in Jacobian coordinates: x = X/Z², y = Y/Z³; Z = 0 is the
// point at infinity. Points are never changed once made.
type point struct{ x, y, z *big.Int }

func (s *ParameterSet) infinity() point {
	return point{big.NewInt(1), big.NewInt(1), new(big.Int)}
}

func affine(x, y *big.Int) point { return point{x, y, big.NewInt(1)} }

// onCurve reports whether 0 ≤ x, y < p and y² = x³ + ax + b.
func (s *ParameterSet) onCurve(x, y *big.Int) bool {
	if x.Sign() < 0 || y.Sign() < 0 || x.Cmp(s.p) >= 0 || y.Cmp(s.p) >= 0 {
		return false
	}
	right := s.mul(x, x)
	right.Add(right, s.a)
	right = s.mul(right, x)
	right.Add(right, s.b).Mod(right, s.p)
	return s.mul(y, y).Cmp(right) == 0
}

// double is dbl-2007-bl of the Explicit-Formulas Database, for any a.
func (s *ParameterSet) double(p point) point {
	if p.z.Sign() == 0 || p.y.Sign() == 0 {
		return s.infinity()
	}
	xx, yy, zz := s.mul(p.x, p.x), s.mul(p.y, p.y), s.mul(p.z, p.z)
	yyyy := s.mul(yy, yy)
	twice := s.mul(p.x, yy)
	twice.Lsh(twice, 2) // S = 4·X·Y²
	m := new(big.Int).Mul(s.a, s.mul(zz, zz))
	m.Add(m, xx).Add(m, xx).Add(m, xx).Mod(m, s.p)
	x := new(big.Int).Mul(m, m)
	x = s.reduce(x.Sub(x, new(big.Int).Lsh(twice, 1)))
	y := new(big.Int).Sub(twice, x)
	y.Mul(y, m).Sub(y, yyyy.Lsh(yyyy, 3))
	z := s.mul(p.y, p.z)
	return point{x, s.reduce(y), s.reduce(z.Lsh(z, 1))}
}

// add is add-2007-bl, complete by its handling of equal and opposite points.
func (s *ParameterSet) add(p, r point) point {
	switch {
	case p.z.Sign() == 0:
		return r
	case r.z.Sign() == 0:
		return p
	}
	pzz, rzz := s.mul(p.z, p.z), s.mul(r.z, r.z)
	u1, u2 := s.mul(p.x, rzz), s.mul(r.x, pzz)
	s1, s2 := s.mul(p.y, s.mul(r.z, rzz)), s.mul(r.y, s.mul(p.z, pzz))
	h, t := s.reduce(u2.Sub(u2, u1)), s.reduce(s2.Sub(s2, s1))
	if h.Sign() == 0 {
		if t.Sign() == 0 {
			return s.double(p)
		}
		return s.infinity()
	}
	hh := s.mul(h, h)
	hhh, v := s.mul(h, hh), s.mul(u1, hh)
	x := new(big.Int).Mul(t, t)
	x.Sub(x, hhh).Sub(x, v).Sub(x, v)
	x = s.reduce(x)
	y := new(big.Int).Sub(v, x)
	y.Mul(y, t).Sub(y, s1.Mul(s1, hhh))
	return point{x, s.reduce(y), s.mul(h, s.mul(p.z, r.z))}
}

// combine returns the affine x of m·P + n·R for the base point P, and false for
// the point at infinity. Two bits of both scalars are taken at a time (Straus).
func (s *ParameterSet) combine(m, n *big.Int, r point) (*big.Int, bool) {
	base := affine(s.x, s.y)
	var table [4][4]point // table[i][j] = i·P + j·R
	for i := range table {
		for j := range table[i] {
			switch {
			case i == 0 && j == 0:
				table[i][j] = s.infinity()
			case j == 0:
				table[i][j] = s.add(table[i-1][j], base)
			default:
				table[i][j] = s.add(table[i][j-1], r)
			}
		}
	}
	sum := s.infinity()
	for i := (max(m.BitLen(), n.BitLen()) + 1) / 2 * 2; i > 0; i -= 2 {
		sum = s.double(s.double(sum))
		sum = s.add(sum, table[m.Bit(i-1)<<1|m.Bit(i-2)][n.Bit(i-1)<<1|n.Bit(i-2)])
	}
	if sum.z.Sign() == 0 {
		return nil, false
	}
	inverse := new(big.Int).ModInverse(sum.z, s.p)
	return s.mul(sum.x, s.mul(inverse, inverse)), true
}

// inSubgroup reports whether q·R is the point at infinity. Only the sets with a
// cofactor above one have points on the curve for which it is not.
func (s *ParameterSet) inSubgroup(r point) bool {
	if s.cofactor == 1 {
		return true
	}
	_, finite := s.combine(new(big.Int), s.q, r)
	return !finite
}

func (s *ParameterSet) mul(a, b *big.Int) *big.Int { return s.reduce(new(big.Int).Mul(a, b)) }

// reduce brings n into [0, p) in place.
func (s *ParameterSet) reduce(n *big.Int) *big.Int { return n.Mod(n, s.p) }
