package certificate

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"slices"
	"testing"
	"time"

	"propusk/idp/directory"
	"propusk/signature"
	"propusk/signature/signaturetest"
	"propusk/storage"
)

func fingerprint(h signaturetest.Holder) string {
	sum := sha256.Sum256(h.Certificate.Raw)
	return hex.EncodeToString(sum[:])
}

func TestBindingProvesTheNumbers(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(ivanSNILS, "", false)
		bound, err := w.bindTo(p.ID, w.authority.IssueRSA(t, ivan()))
		if err != nil || bound.Status != directory.CertificateActive || bound.PersonID != p.ID {
			t.Fatalf("%+v %v", bound, err)
		}
		after, err := w.people.Person(w.ctx, p.ID)
		w.must(err)
		if !after.SNILSVerified || !after.INNVerified || after.INN != ivanINN {
			t.Errorf("%+v", after)
		}
	})
}

// A number that another account has only typed in goes to who proves it.
func TestBindingTakesANumberFromWhoOnlyTypedIt(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		squatter := w.person(ivanSNILS, "", false)
		owner := w.person("", "", false)
		_, err := w.bindTo(owner.ID, w.authority.Issue(t, ivan()))
		w.must(err)
		lost, err := w.people.Person(w.ctx, squatter.ID)
		w.must(err)
		if lost.SNILS != "" {
			t.Errorf("the squatter keeps %s", lost.SNILS)
		}
		if got := w.told(squatter.Email); !slices.Equal(got, []string{"Номер документа удалён из учётной записи"}) {
			t.Errorf("messages: %v", got)
		}
	})
}

func TestBindingRefusesAnotherPersonsCertificate(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.person(olgaSNILS, olgaINN, true)
		typed, empty := w.person(ivanSNILS, "", false), w.person("", "", false)
		olga := signature.Subject{CommonName: "Сидорова Ольга", SNILS: olgaSNILS, INN: olgaINN}
		for name, p := range map[string]directory.Person{"who has another СНИЛС": typed, "who has none": empty} {
			if _, err := w.bindTo(p.ID, w.authority.Issue(t, olga)); !errors.Is(err, ErrContradiction) {
				t.Errorf("%s: %v", name, err)
			}
		}
		nameless := w.authority.Issue(t, signature.Subject{CommonName: "x", INNLE: "9900000031"})
		if _, err := w.bindTo(empty.ID, nameless); !errors.Is(err, ErrContradiction) {
			t.Errorf("no person in it: %v", err)
		}
	})
}

// A signature given to sign in does not bind, and the other way round.
func TestSignatureForOnePurposeIsWorthNothingForAnother(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(ivanSNILS, ivanINN, true)
		h := w.authority.Issue(t, ivan())
		if _, err := w.Bind(w.ctx, p.ID, w.signed(h, here)); !errors.Is(err, ErrRefused) {
			t.Errorf("bind: %v", err)
		}
		if _, err := w.SignIn(w.ctx, w.signed(h, Binding{Purpose: PurposeBind, Attempt: "session"})); !errors.Is(err, ErrRefused) {
			t.Errorf("sign in: %v", err)
		}
	})
}

func TestReplacingTakesTheOldOneOut(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(ivanSNILS, ivanINN, true)
		old, err := w.bindTo(p.ID, w.authority.Issue(t, ivan()))
		w.must(err)
		bind := Binding{Purpose: PurposeBind, Attempt: "session"}
		next := w.authority.Issue(t, ivan())
		if _, err := w.Replace(w.ctx, p.ID, "another's", w.signed(next, bind)); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("what is not there: %v", err)
		}
		renewed, err := w.Replace(w.ctx, p.ID, old.ID, w.signed(next, bind))
		w.must(err)
		list, err := w.List(w.ctx, p.ID)
		w.must(err)
		if len(list) != 1 || list[0].ID != renewed.ID {
			t.Errorf("%+v", list)
		}
		if got := w.told(p.Email); !slices.Equal(got, []string{"К учётной записи подключён сертификат", "Сертификат учётной записи заменён"}) {
			t.Errorf("messages: %v", got)
		}
	})
}

// The new one may have been bound by a sign-in before.
func TestReplacingByOneThatIsBoundAlready(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(ivanSNILS, ivanINN, true)
		old, err := w.bindTo(p.ID, w.authority.Issue(t, ivan()))
		w.must(err)
		next := w.authority.Issue(t, ivan())
		entry, err := w.signIn(next)
		w.must(err)
		bind := Binding{Purpose: PurposeBind, Attempt: "session"}
		for _, replaces := range []string{entry.Certificate.ID, old.ID} { // itself: nothing to do
			_, err = w.Replace(w.ctx, p.ID, replaces, w.signed(next, bind))
			w.must(err)
		}
		list, err := w.List(w.ctx, p.ID)
		w.must(err)
		if len(list) != 1 || list[0].ID != entry.Certificate.ID {
			t.Errorf("%+v", list)
		}
		if got := w.journalled(p.ID); !slices.Equal(got, []string{"certificate.bound", "certificate.bound", "certificate.unbound"}) {
			t.Errorf("journal: %v", got)
		}
	})
}

func TestUnbindingIsTheOwners(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p, other := w.person(ivanSNILS, ivanINN, true), w.person("", "", false)
		bound, err := w.bindTo(p.ID, w.authority.Issue(t, ivan()))
		w.must(err)
		if err := w.Unbind(w.ctx, other.ID, bound.ID); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("another's: %v", err)
		}
		w.must(w.Unbind(w.ctx, p.ID, bound.ID))
		if err := w.Unbind(w.ctx, p.ID, bound.ID); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("twice: %v", err)
		}
	})
}

func TestNobodyBindsMoreThanHisShare(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(ivanSNILS, ivanINN, true)
		h := w.authority.Issue(t, ivan())
		for range directory.MaxCertificates {
			_, err := w.bindTo(p.ID, h)
			w.must(err)
			h = w.authority.Reissue(t, h, ivan())
		}
		if _, err := w.bindTo(p.ID, h); !errors.Is(err, ErrFull) {
			t.Errorf("one more: %v", err)
		}
	})
}

func TestStatusesOfBoundCertificates(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(ivanSNILS, ivanINN, true)
		ends := func(after time.Duration) signaturetest.Holder {
			return w.authority.Issue(t, ivan(), func(c *x509.Certificate) { c.NotAfter = w.clock.Now().Add(after) })
		}
		const day = 24 * time.Hour
		revoked := ends(100 * day)
		for _, h := range []signaturetest.Holder{ends(day / 2), ends(29 * day), ends(100 * day), revoked} {
			_, err := w.bindTo(p.ID, h)
			w.must(err)
			w.clock.Advance(time.Second)
		}
		w.authority.Revoke(t, revoked)
		w.clock.Advance(day)
		list, err := w.List(w.ctx, p.ID)
		w.must(err)
		var got []directory.CertificateStatus
		for _, c := range list {
			got = append(got, c.Status)
		}
		if want := []directory.CertificateStatus{directory.CertificateRevoked, directory.CertificateActive, directory.CertificateExpires, directory.CertificateExpired}; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		again, err := w.List(w.ctx, p.ID)
		w.must(err)
		if again[0].RevokedAt != list[0].RevokedAt || again[0].Status != directory.CertificateRevoked {
			t.Errorf("the second look: %+v", again[0])
		}
	})
}
