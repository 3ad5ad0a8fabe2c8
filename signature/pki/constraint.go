package pki

import (
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// nameForm is the tag number of a GeneralName, RFC 5280 §4.2.1.6.
type nameForm int

const (
	formEmail     nameForm = 1
	formDNS       nameForm = 2
	formDirectory nameForm = 4
)

// generalName is a name or a constraint on names.
type generalName struct {
	form      nameForm
	text      string // e-mail address or DNS name, or the bytes of a form that we do not know
	directory Name
}

type generalNames []generalName

// constraints is the name constraints extension, RFC 5280 §4.2.1.10.
type constraints struct{ permitted, excluded generalNames }

func parseGeneralNames(value cryptobyte.String) (generalNames, bool) {
	list, ok := readSequence(&value)
	if !ok || !value.Empty() {
		return nil, false
	}
	var names generalNames
	for !list.Empty() {
		name, ok := readGeneralName(&list)
		if !ok {
			return nil, false
		}
		names = append(names, name)
	}
	return names, true
}

func readGeneralName(in *cryptobyte.String) (n generalName, ok bool) {
	var value cryptobyte.String
	var tag casn1.Tag
	if !in.ReadAnyASN1(&value, &tag) || tag&0xc0 != 0x80 {
		return n, false
	}
	n.form = nameForm(tag & 0x1f)
	if n.form == formDirectory {
		var fault *Fault
		n.directory, fault = ParseName(value)
		return n, fault == nil
	}
	n.text = string(value)
	return n, true
}

func parseConstraints(value cryptobyte.String) (*constraints, bool) {
	body, ok := readSequence(&value)
	if !ok || !value.Empty() || body.Empty() {
		return nil, false
	}
	c := new(constraints)
	for i, out := range []*generalNames{&c.permitted, &c.excluded} {
		var list cryptobyte.String
		var present bool
		if !body.ReadOptionalASN1(&list, &present, casn1.Tag(i).ContextSpecific().Constructed()) {
			return nil, false
		}
		for !list.Empty() {
			subtree, ok := readSequence(&list)
			if !ok {
				return nil, false
			}
			name, ok := readGeneralName(&subtree)
			if !ok || !subtree.Empty() { // minimum and maximum must not be used
				return nil, false
			}
			*out = append(*out, name)
		}
	}
	return c, body.Empty()
}

// constrainedNames are all names of a certificate that constraints apply to: the
// subject, its e-mail attributes when no alternative name has one, and the
// alternative names.
func (c *Certificate) constrainedNames() generalNames {
	names := slices.Clone(c.names)
	if len(c.Subject) > 0 {
		names = append(generalNames{{form: formDirectory, directory: c.Subject}}, names...)
	}
	for _, n := range c.names {
		if n.form == formEmail {
			return names
		}
	}
	for _, a := range c.Subject.Attributes() {
		if a.OID == "1.2.840.113549.1.9.1" {
			names = append(names, generalName{form: formEmail, text: a.Value})
		}
	}
	return names
}

// allow reports whether every name keeps to the constraints. A constraint on a
// form that we do not know refuses every name of that form.
func (c *constraints) allow(names generalNames) *Fault {
	for _, name := range names {
		for _, excluded := range c.excluded {
			if excluded.form == name.form && name.matches(excluded) {
				return Faultf(NameConstraint, "name %s is excluded by its authority", name)
			}
		}
		if !c.permits(name) {
			return Faultf(NameConstraint, "name %s is outside what its authority may name", name)
		}
	}
	return nil
}

func (c *constraints) permits(name generalName) bool {
	constrained := false
	for _, permitted := range c.permitted {
		if permitted.form != name.form {
			continue
		}
		constrained = true
		if known(name.form) && name.matches(permitted) {
			return true
		}
	}
	return !constrained
}

func known(form nameForm) bool {
	return form == formEmail || form == formDNS || form == formDirectory
}

// matches reports whether the name lies in the subtree. For an unknown form it
// says yes, which lets exclusion refuse; permits asks known first.
func (n generalName) matches(base generalName) bool {
	switch n.form {
	case formDirectory:
		return n.directory.within(base.directory)
	case formDNS:
		return inDomain(n.text, base.text)
	case formEmail:
		return mailWithin(n.text, base.text)
	}
	return true
}

// mailWithin: the constraint is a mailbox, a host, or ".domain" for its hosts.
func mailWithin(address, base string) bool {
	at := strings.LastIndexByte(address, '@')
	if at < 1 {
		return false
	}
	local, host := address[:at], strings.ToLower(address[at+1:])
	if baseAt := strings.LastIndexByte(base, '@'); baseAt >= 0 {
		return local == base[:baseAt] && host == strings.ToLower(base[baseAt+1:])
	}
	base = strings.ToLower(base)
	if strings.HasPrefix(base, ".") {
		return strings.HasSuffix(host, base)
	}
	return host == base
}

// inDomain: a DNS constraint covers the name itself and everything below it.
func inDomain(name, base string) bool {
	name, base = strings.ToLower(name), strings.ToLower(strings.TrimPrefix(base, "."))
	return base == "" || name == base || strings.HasSuffix(name, "."+base)
}

// String writes the name for an auditor.
func (n generalName) String() string {
	if n.form == formDirectory {
		return n.directory.String()
	}
	return n.text
}
