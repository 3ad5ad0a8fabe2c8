package gost

import "math/big"

// curve is a parameter set made ready for arithmetic.
type curve struct {
	*field
	a, b element
	base point
}

// point is a point in Jacobian coordinates: x = X/Z², y = Y/Z³; Z = 0 is the
// point at infinity.
type point struct{ x, y, z element }

// arithmetic prepares the curve at first use.
func (s *ParameterSet) arithmetic() *curve {
	s.prepare.Do(func() {
		f := newField(s.p)
		s.curve = &curve{field: f, a: f.from(s.a), b: f.from(s.b)}
		s.curve.base = s.curve.affine(s.x, s.y)
	})
	return s.curve
}

// onCurve reports whether 0 ≤ x, y < p and y² = x³ + ax + b.
func (s *ParameterSet) onCurve(x, y *big.Int) bool {
	if x.Sign() < 0 || y.Sign() < 0 || x.Cmp(s.p) >= 0 || y.Cmp(s.p) >= 0 {
		return false
	}
	c := s.arithmetic()
	u, v := c.from(x), c.from(y)
	right := c.mul(&u, &u)
	right = c.add(&right, &c.a)
	right = c.mul(&right, &u)
	right = c.add(&right, &c.b)
	return c.mul(&v, &v) == right
}

// inSubgroup reports whether q·R is the point at infinity. Only the sets with a
// cofactor above one have points on the curve for which it is not.
func (s *ParameterSet) inSubgroup(r point) bool {
	if s.cofactor == 1 {
		return true
	}
	_, finite := s.arithmetic().combine(new(big.Int), s.q, r)
	return !finite
}

func (c *curve) affine(x, y *big.Int) point { return point{c.from(x), c.from(y), c.one} }

func (c *curve) infinity() point { return point{c.one, c.one, element{}} }

func (p *point) atInfinity() bool { return p.z == element{} }

// double is dbl-1998-cmo-2 of the Explicit-Formulas Database, for any a.
func (c *curve) double(p point) point {
	if p.atInfinity() || p.y == (element{}) {
		return c.infinity()
	}
	xx, yy, zz := c.mul(&p.x, &p.x), c.mul(&p.y, &p.y), c.mul(&p.z, &p.z)
	s := c.mul(&p.x, &yy) // S = 4·X·Y²
	s = c.twice(&s)
	s = c.twice(&s)
	m := c.mul(&zz, &zz) // M = 3·X² + a·Z⁴
	m = c.mul(&m, &c.a)
	m = c.add(&m, &xx)
	xx = c.twice(&xx)
	m = c.add(&m, &xx)
	var sum point
	sum.x = c.mul(&m, &m)
	sum.x = c.sub(&sum.x, &s)
	sum.x = c.sub(&sum.x, &s)
	yyyy := c.mul(&yy, &yy)
	for range 3 {
		yyyy = c.twice(&yyyy)
	}
	sum.y = c.sub(&s, &sum.x)
	sum.y = c.mul(&sum.y, &m)
	sum.y = c.sub(&sum.y, &yyyy)
	sum.z = c.mul(&p.y, &p.z)
	sum.z = c.twice(&sum.z)
	return sum
}

// join adds two points by add-1998-cmo-2, complete by its handling of equal and
// opposite ones.
func (c *curve) join(p, r point) point {
	switch {
	case p.atInfinity():
		return r
	case r.atInfinity():
		return p
	}
	pzz, rzz := c.mul(&p.z, &p.z), c.mul(&r.z, &r.z)
	u1, u2 := c.mul(&p.x, &rzz), c.mul(&r.x, &pzz)
	s1, s2 := c.mul(&p.y, &r.z), c.mul(&r.y, &p.z)
	s1, s2 = c.mul(&s1, &rzz), c.mul(&s2, &pzz)
	h, t := c.sub(&u2, &u1), c.sub(&s2, &s1)
	if h == (element{}) {
		if t == (element{}) {
			return c.double(p)
		}
		return c.infinity()
	}
	hh := c.mul(&h, &h)
	hhh, v := c.mul(&h, &hh), c.mul(&u1, &hh)
	var sum point
	sum.x = c.mul(&t, &t)
	sum.x = c.sub(&sum.x, &hhh)
	sum.x = c.sub(&sum.x, &v)
	sum.x = c.sub(&sum.x, &v)
	sum.y = c.sub(&v, &sum.x)
	sum.y = c.mul(&sum.y, &t)
	s1 = c.mul(&s1, &hhh)
	sum.y = c.sub(&sum.y, &s1)
	sum.z = c.mul(&p.z, &r.z)
	sum.z = c.mul(&sum.z, &h)
	return sum
}

// combine returns the affine x of m·P + n·R for the base point P, and false for
// the point at infinity. Two bits of both scalars are taken at a time (Straus).
func (c *curve) combine(m, n *big.Int, r point) (*big.Int, bool) {
	var table [4][4]point // table[i][j] = i·P + j·R
	for i := range table {
		for j := range table[i] {
			switch {
			case i == 0 && j == 0:
				table[i][j] = c.infinity()
			case j == 0:
				table[i][j] = c.join(table[i-1][j], c.base)
			default:
				table[i][j] = c.join(table[i][j-1], r)
			}
		}
	}
	sum := c.infinity()
	for i := (max(m.BitLen(), n.BitLen()) + 1) / 2 * 2; i > 0; i -= 2 {
		sum = c.double(c.double(sum))
		sum = c.join(sum, table[m.Bit(i-1)<<1|m.Bit(i-2)][n.Bit(i-1)<<1|n.Bit(i-2)])
	}
	if sum.atInfinity() {
		return nil, false
	}
	inverse := c.invert(sum.z)
	inverse = c.mul(&inverse, &inverse)
	return c.to(c.mul(&sum.x, &inverse)), true
}
