package signature

import (
	"os"
	"regexp"
	"testing"

	"propusk/signature/pki"
)

// name makes a subject of attributes: identifier, value, identifier, value ...
func name(pairs ...string) pki.Name {
	var n pki.Name
	for i := 0; i < len(pairs); i += 2 {
		n = append(n, []pki.Attribute{{OID: pairs[i], Tag: pki.TagNumericString, Value: pairs[i+1]}})
	}
	return n
}

func TestCheckDigits(t *testing.T) {
	t.Parallel()
	// Public numbers of well-known organisations, and examples that are known wrong.
	for _, c := range []struct {
		valid func(string) bool
		good  []string
		bad   []string
	}{
		{validINNLE,
			[]string{"7707083893", "7736050003", "7736207543", "7710474375", "7707329152", "9900000031"},
			[]string{"", "7707083894", "770708389", "77070838930", "0000000000", "770708389a", " 7707083893"}},
		{validINN,
			[]string{"500100732259", "772784575277", "990000000115"},
			[]string{"", "590411005641", "402905659334", "990000000116", "99000000011", "000000000000", "９９0000000115"}},
		{validOGRN,
			[]string{"1027700132195", "1157746734837", "1999900000010"},
			[]string{"", "1027700132196", "3027700132195", "102770013219", "0000000000000"}},
		{validOGRNIP,
			[]string{"304500116000157"},
			[]string{"", "304500116000158", "104500116000157", "30450011600015"}},
		{validSNILS,
			[]string{"11223344595", "04185549465", "99000000153", "00100199801"},
			[]string{"", "14537103353", "99000000154", "112-233-445 95", "1122334459", "00000000000"}},
	} {
		for _, s := range c.good {
			if !c.valid(s) {
				t.Errorf("%s is refused", s)
			}
		}
		for _, s := range c.bad {
			if c.valid(s) {
				t.Errorf("%q is accepted", s)
			}
		}
	}
}

func TestSubjectKinds(t *testing.T) {
	t.Parallel()
	for text, c := range map[string]struct {
		name pki.Name
		want Subject
	}{
		"person":          {name(oidSNILS, "99000000153", oidINN, "990000000115"), Subject{Kind: KindPerson, SNILS: "99000000153", INN: "990000000115"}},
		"organisation":    {name(oidINNLE, "9900000031", oidOGRN, "1999900000010"), Subject{Kind: KindOrganisation, INNLE: "9900000031", OGRN: "1999900000010"}},
		"before 2021":     {name(oidINN, "009900000031"), Subject{Kind: KindOrganisation, INNLE: "9900000031"}},
		"both forms":      {name(oidINN, "009900000031", oidINNLE, "9900000031"), Subject{Kind: KindOrganisation, INNLE: "9900000031"}},
		"sole proprietor": {name(oidOGRNIP, "304500116000157", oidINN, "990000000115"), Subject{Kind: KindSole, OGRNIP: "304500116000157", INN: "990000000115"}},
	} {
		got, fault := ParseSubject(c.name)
		if fault != nil || *got != c.want {
			t.Errorf("%s: got %+v %v", text, got, fault)
		}
	}
}

func TestSubjectAttacks(t *testing.T) {
	t.Parallel()
	as := func(tag byte, oid, value string) pki.Name { return pki.Name{{{OID: oid, Tag: tag, Value: value}}} }
	for text, c := range map[string]struct {
		name pki.Name
		want Code
	}{
		"nothing":                        {nil, SubjectIdentifierMissing},
		"a name only":                    {as(pki.TagUTF8String, "2.5.4.3", "Иванов"), SubjectIdentifierMissing},
		"ИНН twice":                      {name(oidINN, "990000000115", oidINN, "990000000299"), SubjectAttributeRepeated},
		"ИНН twice, the same":            {name(oidINN, "990000000115", oidINN, "990000000115"), SubjectAttributeRepeated},
		"ИНН twice in one relative name": {pki.Name{{{OID: oidINN, Tag: 0x12, Value: "990000000115"}, {OID: oidINN, Tag: 0x12, Value: "990000000299"}}}, SubjectAttributeRepeated},
		"СНИЛС with spaces":              {name(oidSNILS, "990000001 53"), SubjectSNILS},
		"СНИЛС with hyphens":             {name(oidSNILS, "990-000-001 53"), SubjectSNILS},
		"ИНН with a space before":        {name(oidINN, " 990000000115"), SubjectINN},
		"digits of another script":       {as(pki.TagUTF8String, oidSNILS, "٩٩٠٠٠٠٠٠١٥٣"), SubjectSNILS},
		"full-width digits":              {as(pki.TagUTF8String, oidINN, "９９００００００0115"), SubjectINN},
		"the letter O for zero":          {as(pki.TagUTF8String, oidINN, "99O000000115"), SubjectINN},
		"BMP string":                     {as(0x1e, oidINN, "990000000115"), SubjectINN},
		"wrong check digit of ОГРН":      {name(oidOGRN, "1999900000011"), SubjectOGRN},
		"wrong check digit of ОГРНИП":    {name(oidOGRNIP, "304500116000158"), SubjectOGRNIP},
		"wrong check digit of ИНН ЮЛ":    {name(oidINNLE, "9900000032"), SubjectINNLE},
		"old form with a wrong digit":    {name(oidINN, "009900000032"), SubjectINN},
		"two ИНН of organisations":       {name(oidINN, "009900000031", oidINNLE, "7707083893"), SubjectContradiction},
		"organisation and proprietor":    {name(oidINNLE, "9900000031", oidOGRNIP, "304500116000157"), SubjectContradiction},
		"direction override in the name": {append(as(pki.TagUTF8String, "2.5.4.3", "Иванов\u202eвотсаВ"), name(oidSNILS, "99000000153")...), SubjectMalformed},
		"line break in the name":         {append(as(pki.TagUTF8String, "2.5.4.3", "Иванов\nРуководитель"), name(oidSNILS, "99000000153")...), SubjectMalformed},
	} {
		if got, fault := ParseSubject(c.name); fault == nil || fault.Code != c.want {
			t.Errorf("%s: got %+v %v, want %s", text, got, fault, c.want)
		}
	}
}

// A person is matched by numbers alone: the same name is nothing, a number that is
// missing on one side proves nothing.
func TestSubjectMatching(t *testing.T) {
	t.Parallel()
	s := &Subject{SNILS: "99000000153", LastName: "Иванов"}
	if s.match(Expectation{SNILS: "99000000153", INN: "990000000115"}) != nil {
		t.Error("СНИЛС agrees, ИНН is not in the certificate")
	}
	if s.match(Expectation{INN: "990000000115"}) == nil {
		t.Error("no number that is expected is in the certificate")
	}
	if s.match(Expectation{SNILS: "99000000153", OGRN: "1999900000010"}) == nil {
		t.Error("a person's certificate stands for an organisation")
	}
}

func TestEveryCodeHasBothTexts(t *testing.T) {
	t.Parallel()
	for _, code := range Codes() {
		if Text(code, Russian) == "" || Text(code, English) == "" || Text(code, Russian) == Text(code, English) {
			t.Errorf("%s lacks a text", code)
		}
	}
	for _, name := range CheckNames {
		if passed[name].ru == "" || passed[name].en == "" {
			t.Errorf("check %s lacks a text", name)
		}
	}
	if Text("no_such_code", Russian) != "no_such_code" {
		t.Error("an unknown code does not give itself")
	}
}

// Every constant that is declared as a code has its texts, so that none can reach
// a person without words.
func TestEveryDeclaredCodeIsListed(t *testing.T) {
	t.Parallel()
	declared := 0
	for _, file := range []string{"code.go", "pki/fault.go"} {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`Code += "(\w+)"`).FindAllSubmatch(source, -1) {
			declared++
			if _, known := texts[Code(match[1])]; !known {
				t.Errorf("%s has no text", match[1])
			}
		}
	}
	if declared != len(texts) {
		t.Errorf("%d codes are declared and %d have texts", declared, len(texts))
	}
}
