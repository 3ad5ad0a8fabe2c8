package directory

import (
	"errors"
	"testing"

	"propusk/signature"
	"propusk/storage"
)

// Numbers say whose a certificate is, names never.
func TestCertificateIsOfWhomItsNumbersName(t *testing.T) {
	t.Parallel()
	const inn, ogrn, soleINN, ogrnip = "7801234564", "1027800123450", "780400112238", "317784700123454"
	company := Organisation{Kind: KindLegal, INN: inn, OGRN: ogrn}
	sole := Organisation{Kind: KindSole, INN: soleINN, OGRN: ogrnip}
	agent := Representative{Kind: RepresentsOrganisation, INN: inn, OGRN: ogrn}
	human := Representative{Kind: RepresentsPerson, SNILS: "11244556627", INN: soleINN}
	person := Person{SNILS: "11244556627", SNILSVerified: true, INN: soleINN}
	both := person
	both.INNVerified = true
	type owner interface{ Signs(signature.Subject) bool }
	for _, test := range []struct {
		name string
		of   owner
		s    signature.Subject
		want bool
	}{
		{"both numbers", company, signature.Subject{Kind: signature.KindOrganisation, INNLE: inn, OGRN: ogrn}, true},
		{"ИНН alone", company, signature.Subject{Kind: signature.KindOrganisation, INNLE: inn}, true},
		{"ОГРН alone", company, signature.Subject{Kind: signature.KindOrganisation, OGRN: ogrn}, true},
		{"one number differs", company, signature.Subject{Kind: signature.KindOrganisation, INNLE: inn, OGRN: "1027700132195"}, false},
		{"another company", company, signature.Subject{Kind: signature.KindOrganisation, INNLE: "7707083893"}, false},
		{"an employee", company, signature.Subject{Kind: signature.KindPerson, INNLE: inn, OGRN: ogrn}, false},
		{"no numbers, the same name", company, signature.Subject{Kind: signature.KindOrganisation, Organisation: company.Name}, false},
		{"a sole proprietor", sole, signature.Subject{Kind: signature.KindSole, INN: soleINN, OGRNIP: ogrnip}, true},
		{"a sole proprietor as a private person", sole, signature.Subject{Kind: signature.KindPerson, INN: soleINN}, false},
		{"a sole proprietor's other registration", sole, signature.Subject{Kind: signature.KindSole, INN: soleINN, OGRNIP: "304500116000157"}, false},
		{"a representative that is a company", agent, signature.Subject{Kind: signature.KindOrganisation, INNLE: inn}, true},
		{"its employee", agent, signature.Subject{Kind: signature.KindPerson, SNILS: "11244556627"}, false},
		{"a representative that is a person", human, signature.Subject{Kind: signature.KindPerson, SNILS: "11244556627"}, true},
		{"his company", human, signature.Subject{Kind: signature.KindOrganisation, SNILS: "11244556627", INNLE: inn}, false},
		{"a proved СНИЛС", person, signature.Subject{Kind: signature.KindPerson, SNILS: person.SNILS}, true},
		{"an ИНН that nobody vouches for", person, signature.Subject{Kind: signature.KindPerson, INN: person.INN}, false},
		{"one that differs and nobody vouches for", person, signature.Subject{Kind: signature.KindPerson, SNILS: person.SNILS, INN: "500100732259"}, true},
		{"one that differs though vouched for", both, signature.Subject{Kind: signature.KindPerson, SNILS: person.SNILS, INN: "500100732259"}, false},
		{"somebody else", person, signature.Subject{Kind: signature.KindPerson, SNILS: "13455667778"}, false},
		{"the person as head of a company", person, signature.Subject{Kind: signature.KindOrganisation, SNILS: person.SNILS, INNLE: inn}, false},
		{"nobody", person, signature.Subject{}, false},
	} {
		if got := test.of.Signs(test.s); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
	if !person.Named(signature.Subject{Kind: signature.KindOrganisation, SNILS: person.SNILS}) || person.Named(signature.Subject{INN: person.INN}) {
		t.Error("a head is named by the numbers that he has proved, and by no others")
	}
}

// Who acts for an organisation brings its signature or his own; under a power of
// attorney that of whom it is given to.
func TestSignerMayBeNobodyElse(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		stranger, proved := w.person("stranger"), w.bookkeeper()
		power := w.power(w.vat(representative(proved)))
		own := signature.Subject{Kind: signature.KindPerson, SNILS: proved.SNILS}
		company := signature.Subject{Kind: signature.KindOrganisation, INNLE: w.org.INN}
		under := Authority{By: ByPower, PowerID: power.ID}
		for _, test := range []struct {
			name  string
			actor Actor
			by    Authority
			s     signature.Subject
			want  error
		}{
			{"the organisation's", Actor{PersonID: stranger.ID}, Authority{}, company, nil},
			{"the organisation's, by a program", Actor{ClientID: "program"}, Authority{}, company, nil},
			{"his own", Actor{PersonID: proved.ID}, Authority{}, own, nil},
			{"somebody else's", Actor{PersonID: stranger.ID}, Authority{}, own, ErrSigner},
			{"a person's, by a program", Actor{ClientID: "program"}, Authority{}, own, ErrSigner},
			{"a person's, by a program under his power", Actor{ClientID: "program"}, under, own, nil},
			{"another person's under the power", Actor{ClientID: "program"}, under, signature.Subject{Kind: signature.KindPerson, SNILS: someSNILS(77)}, ErrSigner},
			{"under a power that is not there", Actor{ClientID: "program"}, Authority{PowerID: "none"}, own, storage.ErrNotFound},
		} {
			if err := w.MaySign(w.ctx, test.actor, test.by, w.org.ID, test.s); !errors.Is(err, test.want) {
				t.Errorf("%s: %v", test.name, err)
			}
		}
		if err := w.MaySign(w.ctx, Actor{}, Authority{}, "none", own); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("an organisation that is not there: %v", err)
		}
	})
}
