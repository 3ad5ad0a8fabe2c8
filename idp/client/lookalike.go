package client

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// alike are letters that look like another one, by which a name can be written so that
// people read a different one (UTS #39, the part of it that Cyrillic and Latin share).
var alike = strings.NewReplacer(
	"а", "a", "в", "b", "ь", "b", "е", "e", "к", "k", "м", "m", "н", "h", "о", "o", "р", "p", "с", "c", "т", "t", "у", "y", "х", "x",
	"п", "n", "г", "r", "и", "u", "і", "i", "ј", "j", "ѕ", "s", "ԁ", "d", "ԛ", "q", "ԝ", "w", "з", "3", "0", "o", "1", "l", "ı", "i", "ӏ", "l", "|", "l",
)

// looks is what people see of a name: without case, accents, spaces and marks, and with
// one letter for all that look like it.
func looks(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '|' {
			return unicode.ToLower(r)
		}
		return -1
	}, norm.NFKD.String(name))
	return alike.Replace(name)
}

// checkName keeps whoever registers an application of his own from calling it as one of
// the house's: people would let it in as ours. What the operators register by command is
// theirs to name.
func (s *Store) checkName(c *Client, f *faults) {
	if c.OrganisationID == "" && !c.Registered {
		return
	}
	for field, name := range map[string]string{"client_name": c.Name, "client_name#en": c.NameEN} {
		if name != "" && slices.ContainsFunc(s.deps.Names, func(own string) bool { return looks(own) == looks(name) }) {
			f.add(field, "it reads as the name of one of this server's own applications")
		}
	}
}
