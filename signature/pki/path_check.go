package pki

// check applies the rules of RFC 5280 §6.1 that concern the path as a whole. Time,
// revocation and policies are judged by whoever knows when and for what.
func (p Path) check() *Fault {
	for _, rule := range []func(Path) *Fault{
		Path.checkKeys, Path.checkCritical, Path.checkLengths, Path.checkNames,
	} {
		if fault := rule(p); fault != nil {
			return fault
		}
	}
	return nil
}

// checkKeys: every key may count, and all are of one family. A GOST certificate
// under an international key, or the other way, is no stronger than the stranger
// in the chain; no accredited authority issues so.
func (p Path) checkKeys() *Fault {
	leaf, fault := p.Leaf().Key()
	if fault != nil {
		return fault
	}
	for _, c := range p[1:] {
		key, fault := c.Key()
		if fault != nil {
			return fault
		}
		if key.Kind.Russian() != leaf.Kind.Russian() {
			return Faultf(AlgorithmFamily, "%s and %s are of different families", p.Leaf().Subject, c.Subject)
		}
	}
	return nil
}

// checkCritical: an extension that is marked critical and that we do not
// understand refuses the path, wherever it stands (§4.2).
func (p Path) checkCritical() *Fault {
	for i, c := range p {
		if len(c.unknownCritical) > 0 {
			return Faultf(CriticalExtensionUnknown, "%s has %s", c.Subject, c.unknownCritical[0])
		}
		// Name constraints bind authorities only; elsewhere they mean nothing.
		if i == 0 && c.constraints != nil {
			return Faultf(CriticalExtensionUnknown, "name constraints of an end entity")
		}
	}
	return nil
}

// checkLengths: no more authorities follow than each allows (§6.1.4 (l), (m)).
// Unlike there, and like crypto/x509, one that certified itself counts too.
func (p Path) checkLengths() *Fault {
	for below, c := range p[1:] {
		if c.PathLength >= 0 && below > c.PathLength {
			return Faultf(PathLength, "%s allows %d authorities below it", c.Subject, c.PathLength)
		}
	}
	return nil
}

// checkNames: what an authority constrains holds for everything below it (§6.1.3
// (b), (c)), authorities that certified themselves not excepted.
func (p Path) checkNames() *Fault {
	for i, c := range p[1:] {
		if c.constraints == nil {
			continue
		}
		for _, below := range p[:i+1] {
			if fault := c.constraints.allow(below.constrainedNames()); fault != nil {
				return fault
			}
		}
	}
	return nil
}
