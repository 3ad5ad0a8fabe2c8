package pki

import "testing"

func directory(values ...string) generalName {
	n := generalName{form: formDirectory}
	for i := 0; i < len(values); i += 2 {
		n.directory = append(n.directory, []Attribute{{OID: values[i], Value: values[i+1]}})
	}
	return n
}

func TestNameConstraints(t *testing.T) {
	t.Parallel()
	mail := func(s string) generalName { return generalName{form: formEmail, text: s} }
	dns := func(s string) generalName { return generalName{form: formDNS, text: s} }
	address := generalName{form: 7, text: "\x7f\x00\x00\x01"}
	for name, c := range map[string]struct {
		permitted, excluded, name generalName
		want                      bool
	}{
		"mailbox":                         {permitted: mail("a@b.ru"), name: mail("a@B.ru"), want: true},
		"another mailbox":                 {permitted: mail("a@b.ru"), name: mail("c@b.ru")},
		"mailbox, case of the local part": {permitted: mail("a@b.ru"), name: mail("A@b.ru")},
		"host":                            {permitted: mail("b.ru"), name: mail("x@b.ru"), want: true},
		"host, not below it":              {permitted: mail("b.ru"), name: mail("x@c.b.ru")},
		"below a domain":                  {permitted: mail(".b.ru"), name: mail("x@c.b.ru"), want: true},
		"the domain itself":               {permitted: mail(".b.ru"), name: mail("x@b.ru")},
		"a look-alike end":                {permitted: mail(".b.ru"), name: mail("x@evilb.ru")},
		"no address at all":               {permitted: mail("b.ru"), name: mail("b.ru")},
		"DNS below":                       {permitted: dns("b.ru"), name: dns("www.B.ru"), want: true},
		"DNS look-alike":                  {permitted: dns("b.ru"), name: dns("evilb.ru")},
		"DNS excluded":                    {excluded: dns("b.ru"), name: dns("www.b.ru")},
		"DNS beside the excluded":         {excluded: dns("b.ru"), name: dns("www.c.ru"), want: true},
		"everything excluded":             {excluded: dns(""), name: dns("www.c.ru")},
		"directory below":                 {permitted: directory("c", "RU", "o", "Permitted Org"), name: directory("c", "ru", "o", "permitted  org", "cn", "x"), want: true},
		"directory beside":                {permitted: directory("c", "RU", "o", "Permitted Org"), name: directory("c", "RU", "o", "Other")},
		"directory above":                 {permitted: directory("c", "RU", "o", "Permitted Org"), name: directory("c", "RU")},
		"another attribute":               {permitted: directory("c", "RU"), name: directory("o", "RU")},
		"a form that is not constrained":  {permitted: dns("b.ru"), name: mail("x@c.ru"), want: true},
		"an unknown form permitted":       {permitted: address, name: address},
		"an unknown form excluded":        {excluded: address, name: address},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var rules constraints
			if c.permitted.form != 0 {
				rules.permitted = generalNames{c.permitted}
			}
			if c.excluded.form != 0 {
				rules.excluded = generalNames{c.excluded}
			}
			if got := rules.allow(generalNames{c.name}) == nil; got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// The subject's e-mail attribute is held to e-mail constraints when there is no
// alternative name (RFC 5280 §4.2.1.10).
func TestConstrainedNamesOfASubject(t *testing.T) {
	t.Parallel()
	c := &Certificate{Subject: Name{{{OID: "1.2.840.113549.1.9.1", Value: "x@evil.ru"}}}}
	rules := constraints{permitted: generalNames{{form: formEmail, text: "b.ru"}}}
	if rules.allow(c.constrainedNames()) == nil {
		t.Error("the e-mail of the subject is not looked at")
	}
	c.names = generalNames{{form: formEmail, text: "x@b.ru"}}
	if fault := rules.allow(c.constrainedNames()); fault != nil {
		t.Error(fault)
	}
}

func TestDecodeString(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tag   byte
		value string
		want  string
		ok    bool
	}{
		"UTF-8":              {0x0c, "Иванов", "Иванов", true},
		"broken UTF-8":       {0x0c, "\xff", "", false},
		"BMP":                {0x1e, "\x04\x18\x04\x32", "Ив", true},
		"BMP of odd length":  {0x1e, "\x04", "", false},
		"BMP surrogate":      {0x1e, "\xd8\x00", "", false},
		"printable":          {0x13, "abc", "abc", true},
		"printable with NUL": {0x13, "a\x00b", "", false},
		"T61 beyond ASCII":   {0x14, "\xe9", "", false},
		"an integer":         {0x02, "\x01", "", false},
	} {
		got, ok := decodeString(c.tag, []byte(c.value))
		if ok != c.ok || ok && got != c.want {
			t.Errorf("%s: got %q %v", name, got, ok)
		}
	}
}

func TestNameForPeople(t *testing.T) {
	t.Parallel()
	for want, n := range map[string]Name{
		"УЦ":          {{{OID: "2.5.4.10", Value: "Организация"}}, {{OID: "2.5.4.3", Value: "УЦ"}}},
		"Организация": {{{OID: "2.5.4.6", Value: "RU"}}, {{OID: "2.5.4.10", Value: "Организация"}}},
		"2.5.4.6=RU":  {{{OID: "2.5.4.6", Value: "RU"}}},
	} {
		if n.String() != want {
			t.Errorf("got %q, want %q", n.String(), want)
		}
	}
}
