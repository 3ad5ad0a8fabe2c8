package certificate

import (
	"crypto/x509"
	"errors"
	"slices"
	"sync"
	"testing"

	"propusk/idp/directory"
	"propusk/signature"
	"propusk/storage"
)

func TestFirstSignInBindsTheCertificateByVerifiedSNILS(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(ivanSNILS, "", true)
		h := w.authority.Issue(t, ivan())
		first, err := w.signIn(h)
		if err != nil || first.Person.ID != p.ID || !first.Bound || first.OrganisationID != "" {
			t.Fatalf("%+v %v", first, err)
		}
		second, err := w.signIn(h)
		if err != nil || second.Bound || second.Certificate.ID != first.Certificate.ID {
			t.Errorf("again: %+v %v", second, err)
		}
		list, err := w.List(w.ctx, p.ID)
		w.must(err)
		if len(list) != 1 || list[0].Status != directory.CertificateActive || list[0].UsedAt == 0 || list[0].Owner != "Иванов Иван" ||
			list[0].Kind != "person" || list[0].Class != "КС1" || !list[0].NotAfter.Time().Equal(h.Certificate.NotAfter) {
			t.Errorf("%+v", list)
		}
		if got := w.journalled(p.ID); !slices.Equal(got, []string{"certificate.bound"}) {
			t.Errorf("journal: %v", got)
		}
		if got := w.told(p.Email); !slices.Equal(got, []string{"К учётной записи подключён сертификат"}) {
			t.Errorf("messages: %v", got)
		}
		// The ИНН of the certificate is the account's now, verified.
		after, err := w.people.Person(w.ctx, p.ID)
		w.must(err)
		if after.INN != ivanINN || !after.INNVerified || !after.SNILSVerified {
			t.Errorf("%+v", after)
		}
	})
}

func TestCertificateWithoutSNILSIsMatchedByVerifiedINN(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person("", ivanINN, true)
		subject := ivan()
		subject.SNILS = ""
		entry, err := w.signIn(w.authority.Issue(t, subject))
		if err != nil || entry.Person.ID != p.ID {
			t.Errorf("%+v %v", entry, err)
		}
	})
}

// Who registers with another's СНИЛС must not get that other's sign-ins.
func TestNumberThatWasOnlyTypedInOpensNothing(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		squatter := w.person(ivanSNILS, ivanINN, false)
		if _, err := w.signIn(w.authority.Issue(t, ivan())); !errors.Is(err, ErrNobody) {
			t.Errorf("%v", err)
		}
		list, err := w.List(w.ctx, squatter.ID)
		w.must(err)
		if len(list) != 0 {
			t.Errorf("%+v", list)
		}
	})
}

func TestCertificateOfAnotherPersonsSNILSOpensNothing(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.person(ivanSNILS, ivanINN, true)
		subject := ivan() // the very same name
		subject.SNILS, subject.INN = olgaSNILS, olgaINN
		if entry, err := w.signIn(w.authority.Issue(t, subject)); !errors.Is(err, ErrNobody) || entry.Person.ID != "" {
			t.Errorf("%+v %v", entry, err)
		}
	})
}

func TestLookAlikeSubjectsOpenNothing(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.person(ivanSNILS, ivanINN, true)
		olga := w.person(olgaSNILS, olgaINN, true)
		for name, attack := range map[string]struct {
			subject signature.Subject
			err     error
		}{
			"a name and no numbers of his":  {signature.Subject{CommonName: "Иванов Иван", OGRNIP: "317784700123454"}, ErrNobody},
			"two people's numbers":          {signature.Subject{CommonName: "x", SNILS: ivanSNILS, INN: olgaINN}, ErrContradiction},
			"an organisation's number only": {signature.Subject{CommonName: "x", INNLE: "9900000031"}, ErrNobody},
		} {
			h := w.authority.Issue(t, attack.subject)
			c, err := w.Challenge(w.ctx, here, Asker{})
			w.must(err)
			s, err := w.Redeem(w.ctx, c.ID, here, h.Sign(t, []byte(c.Text)))
			if err == nil {
				_, err = w.SignIn(w.ctx, s)
			}
			if !errors.Is(err, attack.err) {
				t.Errorf("%s: %v", name, err)
			}
		}
		// His СНИЛС with an ИНН that nobody has: the account knows another.
		if _, err := w.signIn(w.authority.Issue(t, signature.Subject{CommonName: "x", SNILS: olgaSNILS, INN: "500100732259"})); !errors.Is(err, ErrContradiction) {
			t.Errorf("another ИНН than the account's: %v", err)
		}
		list, err := w.List(w.ctx, olga.ID)
		w.must(err)
		if len(list) != 0 {
			t.Errorf("bound: %+v", list)
		}
	})
}

func TestBlockedPersonDoesNotSignIn(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(ivanSNILS, ivanINN, true)
		w.must(w.people.SetPersonStatus(w.ctx, directory.System(), p.ID, directory.StatusBlocked))
		entry, err := w.signIn(w.authority.Issue(t, ivan()))
		if !errors.Is(err, ErrBlocked) || entry.Person.ID != p.ID {
			t.Errorf("%v", err)
		}
	})
}

// The owner took it out: it must not come back by itself, only by his own act.
func TestRemovedCertificateDoesNotComeBackBySigningIn(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(ivanSNILS, ivanINN, true)
		h := w.authority.Issue(t, ivan())
		first, err := w.signIn(h)
		w.must(err)
		w.must(w.Unbind(w.ctx, p.ID, first.Certificate.ID))
		if _, err := w.signIn(h); !errors.Is(err, ErrRemoved) {
			t.Errorf("after its removal: %v", err)
		}
		back, err := w.bindTo(p.ID, h)
		if err != nil || back.Status != directory.CertificateActive {
			t.Fatalf("by his own act: %v", err)
		}
		if entry, err := w.signIn(h); err != nil || entry.Bound {
			t.Errorf("then: %v", err)
		}
		if got := w.journalled(p.ID); !slices.Equal(got, []string{"certificate.bound", "certificate.unbound", "certificate.bound"}) {
			t.Errorf("journal: %v", got)
		}
	})
}

// A second certificate of the same key is another certificate.
func TestCertificatesAreToldApartByFingerprint(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(ivanSNILS, ivanINN, true)
		h := w.authority.Issue(t, ivan())
		_, err := w.signIn(h)
		w.must(err)
		twin, err := w.signIn(w.authority.Reissue(t, h, ivan()))
		if err != nil || !twin.Bound {
			t.Errorf("%+v %v", twin, err)
		}
		list, err := w.List(w.ctx, p.ID)
		w.must(err)
		if len(list) != 2 {
			t.Errorf("%d certificates", len(list))
		}
	})
}

func TestParallelFirstSignInsBindOnce(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(ivanSNILS, "", true)
		h := w.authority.Issue(t, ivan())
		signed := make([]Signed, 8)
		for i := range signed {
			signed[i] = w.signed(h, here)
		}
		outcomes := make([]error, len(signed))
		var race sync.WaitGroup
		for i, s := range signed {
			race.Go(func() { _, outcomes[i] = w.SignIn(w.ctx, s) })
		}
		race.Wait()
		for _, err := range outcomes {
			if err != nil {
				t.Errorf("%v", err)
			}
		}
		if got := w.journalled(p.ID); !slices.Equal(got, []string{"certificate.bound"}) {
			t.Errorf("journal: %v", got)
		}
	})
}

// organisation makes one of which the person is the administrator.
func (w *world) organisation(personID, kind, inn, ogrn string) directory.Organisation {
	w.t.Helper()
	n := directory.NewOrganisation{Kind: kind, INN: inn, OGRN: ogrn, Name: "ООО «Ромашка»"}
	if kind == directory.KindLegal {
		n.KPP = "990001001"
	}
	o, _, err := w.people.CreateOrganisation(w.ctx, n, personID, "")
	w.must(err)
	return o
}

func TestHeadsCertificateNamesTheOrganisation(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(ivanSNILS, ivanINN, true)
		legal := w.organisation(p.ID, directory.KindLegal, "9900000031", "1999900000010")
		sole := w.organisation(p.ID, directory.KindSole, ivanINN, "317784700123454")
		head, proprietor, other := ivan(), ivan(), ivan()
		head.INNLE, head.OGRN = "9900000031", "1999900000010"
		proprietor.OGRNIP = "317784700123454"
		other.INNLE, other.OGRN = "9900000031", "1999900000021"
		for name, c := range map[string]struct {
			subject signature.Subject
			want    string
		}{
			"his own certificate":         {ivan(), ""},
			"the head's":                  {head, legal.ID},
			"the sole proprietor's":       {proprietor, sole.ID},
			"its ИНН with another's ОГРН": {other, ""},
		} {
			entry, err := w.signIn(w.authority.Issue(t, c.subject))
			if err != nil || entry.OrganisationID != c.want {
				t.Errorf("%s: %q %v", name, entry.OrganisationID, err)
			}
		}
	})
}

// The head of an organisation in which he has no place here is himself only.
func TestHeadsCertificateOpensNoOrganisationWithoutMembership(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.person(ivanSNILS, ivanINN, true)
		olga := w.person(olgaSNILS, olgaINN, true)
		w.organisation(olga.ID, directory.KindLegal, "9900000031", "1999900000010")
		head := ivan()
		head.INNLE, head.OGRN = "9900000031", "1999900000010"
		entry, err := w.signIn(w.authority.Issue(t, head))
		if err != nil || entry.OrganisationID != "" {
			t.Errorf("%+v %v", entry, err)
		}
	})
}

func TestExpiredCertificateIsRefused(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.person(ivanSNILS, ivanINN, true)
		h := w.authority.Issue(t, ivan(), func(c *x509.Certificate) { c.NotAfter = w.clock.Now().Add(-1) })
		c, err := w.Challenge(w.ctx, here, Asker{})
		w.must(err)
		s, err := w.Redeem(w.ctx, c.ID, here, h.Sign(t, []byte(c.Text)))
		if !errors.Is(err, ErrRefused) || s.Verdict.Code != signature.CertificateExpired {
			t.Errorf("%v %s", err, s.Verdict.Code)
		}
	})
}

// A certificate that stands in another's account is not moved by a sign-in.
func TestCertificateBoundToAnotherAccountIsRefused(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(ivanSNILS, ivanINN, true)
		h := w.authority.Issue(t, ivan())
		_, err := w.people.BindCertificate(w.ctx, directory.System(), directory.Binding{Certificate: directory.Certificate{
			PersonID: w.person(olgaSNILS, olgaINN, true).ID, Fingerprint: fingerprint(h), Raw: h.Certificate.Raw,
			NotAfter: storage.Of(h.Certificate.NotAfter),
		}})
		w.must(err)
		entry, err := w.signIn(h)
		if !errors.Is(err, ErrBound) || entry.Person.ID != p.ID {
			t.Errorf("%v", err)
		}
	})
}
