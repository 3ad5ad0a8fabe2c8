package console

import (
	"net/netip"
	"strings"
	"unicode/utf8"

	"propusk/idp/directory"
)

// Who looks somebody up must be able to tell him from others, and learn no more.

// shortName is Иванова М. П.
func shortName(p directory.Person) string { return p.ShortName() }

// maskEnd leaves the last characters of a number: •••4567.
func maskEnd(s string, n int) string {
	runes := []rune(s)
	if len(runes) == 0 {
		return ""
	}
	return "•••" + string(runes[max(0, len(runes)-n):])
}

// maskMailbox leaves the first letter and the house of a mailbox: m•••@mail.ru.
func maskMailbox(s string) string {
	name, house, found := strings.Cut(s, "@")
	if !found {
		return ""
	}
	first, _ := utf8.DecodeRuneInString(name)
	return string(first) + "•••@" + house
}

// maskTo masks an address of any channel: a mailbox, a phone, or what a push goes to.
func maskTo(to string) string {
	if strings.Contains(to, "@") {
		return maskMailbox(to)
	}
	return maskEnd(to, 4)
}

// maskIP leaves the network of an address.
func maskIP(s string) string {
	address, err := netip.ParseAddr(s)
	if err != nil {
		return ""
	}
	bits := 48
	if address.Unmap().Is4() {
		address, bits = address.Unmap(), 16
	}
	prefix, err := address.Prefix(bits)
	if err != nil {
		return ""
	}
	return prefix.String()
}

// organisationINN is public for a legal entity, and a person's own for a sole
// proprietor.
func organisationINN(o directory.Organisation) string {
	if o.Kind == directory.KindSole {
		return maskEnd(o.INN, 4)
	}
	return o.INN
}
