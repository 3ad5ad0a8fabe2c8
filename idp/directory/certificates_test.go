package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"propusk/storage"
)

// certificateOf is a certificate that could be bound to the person.
func (w *world) certificateOf(p Person) Certificate {
	n := serial.Add(1)
	return Certificate{
		PersonID: p.ID, Fingerprint: fmt.Sprintf("%064x", n), Raw: []byte{0x30, 0}, Serial: fmt.Sprintf("%X", 1000+n),
		Issuer: "CN=УЦ", Owner: "Иванова Мария", Kind: "person", Algorithm: "ECDSA P-256", Class: "КС1",
		NotBefore: storage.Of(w.clock.Now()), NotAfter: storage.Of(w.clock.Now().AddDate(1, 0, 0)),
	}
}

// numbered makes somebody with a СНИЛС and ИНН, verified or not.
func (w *world) numbered(verified bool) Person {
	w.t.Helper()
	n := serial.Add(1)
	p, err := w.CreatePerson(w.ctx, NewPerson{
		LastName: "Иванова", FirstName: "Мария", Email: fmt.Sprintf("numbered.%d@example.ru", n), EmailVerified: true,
		SNILS: someSNILS(n), INN: somePersonalINN(n), NumbersVerified: verified,
	})
	w.must(err)
	return p
}

func TestBoundCertificateIsReadBackWhole(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.numbered(true)
		want := w.certificateOf(p)
		bound, err := w.BindCertificate(w.ctx, Actor{PersonID: p.ID}, Binding{Certificate: want, SNILS: p.SNILS})
		w.must(err)
		want.ID, want.BoundAt = bound.ID, storage.Of(w.clock.Now())
		read, err := w.CertificateByFingerprint(w.ctx, want.Fingerprint)
		w.must(err)
		if fmt.Sprint(read) != fmt.Sprint(want) || fmt.Sprint(bound) != fmt.Sprint(want) {
			t.Errorf("got  %+v\nwant %+v", read, want)
		}
		if _, err := w.CertificateByFingerprint(w.ctx, "nobody's"); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("unknown: %v", err)
		}
		w.clock.Advance(time.Hour)
		w.must(w.UseCertificate(w.ctx, bound.ID))
		list, err := w.Certificates(w.ctx, p.ID)
		w.must(err)
		if len(list) != 1 || list[0].UsedAt != storage.Of(w.clock.Now()) {
			t.Errorf("%+v", list)
		}
		// The journal names the certificate and none of the person's numbers.
		entry := w.lastEntry("")
		if entry.Action != "certificate.bound" || entry.Details["certificate"] != want.Fingerprint || len(entry.Details) != 3 {
			t.Errorf("journal: %+v", entry)
		}
	})
}

func TestBindingRefusals(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p, other := w.numbered(true), w.numbered(true)
		c := w.certificateOf(p)
		first, err := w.BindCertificate(w.ctx, System(), Binding{Certificate: c})
		w.must(err)
		again, err := w.BindCertificate(w.ctx, System(), Binding{Certificate: c})
		if err != nil || again.ID != first.ID {
			t.Errorf("the same again: %+v %v", again, err)
		}
		theirs := c
		theirs.PersonID = other.ID
		if _, err := w.BindCertificate(w.ctx, System(), Binding{Certificate: theirs, Again: true}); !errors.Is(err, storage.ErrExists) {
			t.Errorf("another's: %v", err)
		}
		w.must(w.UnbindCertificate(w.ctx, System(), p.ID, first.ID))
		if _, err := w.BindCertificate(w.ctx, System(), Binding{Certificate: c}); !errors.Is(err, ErrCertificateRemoved) {
			t.Errorf("removed: %v", err)
		}
		w.must(w.SetPersonStatus(w.ctx, System(), p.ID, StatusBlocked))
		if _, err := w.BindCertificate(w.ctx, System(), Binding{Certificate: w.certificateOf(p)}); !errors.Is(err, ErrBlocked) {
			t.Errorf("a blocked person: %v", err)
		}
		if _, err := w.BindCertificate(w.ctx, System(), Binding{Certificate: Certificate{PersonID: "nobody"}}); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("nobody: %v", err)
		}
	})
}

// A refused replacement leaves nothing behind: neither the new certificate nor
// the verified numbers, nor a message.
func TestRefusedReplacementRollsBack(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.numbered(false)
		mark := w.mark()
		b := Binding{Certificate: w.certificateOf(p), SNILS: p.SNILS, Replaces: "another's"}
		if _, err := w.BindCertificate(w.ctx, System(), b); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("%v", err)
		}
		b.Replaces = ""
		first, err := w.BindCertificate(w.ctx, System(), b)
		w.must(err)
		if sent := len(w.since(mark)); sent != 2 { // bound, and confirmed
			t.Errorf("%d messages", sent)
		}
		list, err := w.Certificates(w.ctx, p.ID)
		w.must(err)
		if len(list) != 1 || list[0].ID != first.ID {
			t.Errorf("%+v", list)
		}
	})
}

func TestForeignCertificateIsNotUnbound(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p, other := w.numbered(true), w.numbered(true)
		bound, err := w.BindCertificate(w.ctx, System(), Binding{Certificate: w.certificateOf(p)})
		w.must(err)
		for name, personID := range map[string]string{"another person": other.ID, "nobody": "nobody"} {
			if err := w.UnbindCertificate(w.ctx, System(), personID, bound.ID); !errors.Is(err, storage.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestVerifiedNumbersNameOnePerson(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		owner, typed, bare := w.numbered(true), w.numbered(false), w.person("bare")
		for _, find := range []struct {
			by     func(context.Context, string) (Person, error)
			number string
			want   string
		}{
			{w.PersonBySNILS, owner.SNILS, owner.ID}, {w.PersonByINN, owner.INN, owner.ID},
			{w.PersonBySNILS, typed.SNILS, ""}, {w.PersonByINN, typed.INN, ""}, {w.PersonBySNILS, "", ""}, {w.PersonByINN, "", ""},
		} {
			p, err := find.by(w.ctx, find.number)
			if p.ID != find.want || (find.want == "") != errors.Is(err, storage.ErrNotFound) {
				t.Errorf("%q is %q, want %q (%v)", find.number, p.ID, find.want, err)
			}
		}
		// Another's verified number, and another number than the verified one.
		var faults FieldErrors
		if err := w.VerifyNumbers(w.ctx, System(), bare.ID, owner.SNILS, ""); !errors.As(err, &faults) || faults[0].Code != "taken" {
			t.Errorf("taken: %v", err)
		}
		if err := w.VerifyNumbers(w.ctx, System(), owner.ID, someSNILS(serial.Add(1)), ""); !errors.As(err, &faults) || faults[0].Code != "other" {
			t.Errorf("other: %v", err)
		}
		if err := w.VerifyNumbers(w.ctx, System(), "nobody", owner.SNILS, ""); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("nobody: %v", err)
		}
		// What is verified already, or not given, changes nothing.
		before := w.lastEntry("").Seq
		w.must(w.VerifyNumbers(w.ctx, System(), owner.ID, owner.SNILS, ""))
		if w.lastEntry("").Seq != before {
			t.Errorf("journal: %+v", w.lastEntry(""))
		}
	})
}

func TestProvedNumberIsTakenFromWhoOnlyTypedIt(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		squatter, owner := w.numbered(false), w.person("owner")
		w.must(w.VerifyNumbers(w.ctx, System(), owner.ID, squatter.SNILS, squatter.INN))
		after, err := w.Person(w.ctx, owner.ID)
		w.must(err)
		if after.SNILS != squatter.SNILS || after.INN != squatter.INN || !after.SNILSVerified || !after.INNVerified {
			t.Errorf("%+v", after)
		}
		lost, err := w.Person(w.ctx, squatter.ID)
		w.must(err)
		if lost.SNILS != "" || lost.INN != "" {
			t.Errorf("%+v", lost)
		}
	})
}

// Of many who prove one number at the same time one account gets it.
func TestNumberProvedTwiceInParallelIsOnePersons(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		snils := someSNILS(serial.Add(1))
		people := []Person{w.person("a"), w.person("b"), w.person("c"), w.person("d")}
		outcomes := make([]error, len(people))
		var race sync.WaitGroup
		for i, p := range people {
			race.Go(func() { outcomes[i] = w.VerifyNumbers(w.ctx, System(), p.ID, snils, "") })
		}
		race.Wait()
		won := 0
		for _, err := range outcomes {
			if err == nil {
				won++
			}
		}
		if won != 1 {
			t.Errorf("%d won: %v", won, outcomes)
		}
	})
}

func TestWatchedCertificatesAreInForce(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.numbered(true)
		var ids []string
		for i := range 5 {
			c := w.certificateOf(p)
			c.NotAfter = c.NotBefore.Add(time.Duration(i) * time.Hour)
			bound, err := w.BindCertificate(w.ctx, System(), Binding{Certificate: c})
			w.must(err)
			ids = append(ids, bound.ID)
		}
		w.must(w.RevokeCertificate(w.ctx, ids[3]))
		var got []string
		for after, pages := "", 0; ; pages++ {
			list, next, err := w.CertificatesInForce(w.ctx, Page{After: after, Limit: 1})
			w.must(err)
			for _, c := range list {
				got = append(got, c.ID)
			}
			if after = next; next == "" {
				break
			}
		}
		if want := []string{ids[1], ids[2], ids[4]}; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

func TestOwnerIsToldOfEachEndOnce(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.numbered(true)
		bound, err := w.BindCertificate(w.ctx, System(), Binding{Certificate: w.certificateOf(p)})
		w.must(err)
		mark := w.mark()
		for range 3 {
			w.must(w.WarnOfCertificate(w.ctx, bound.ID))
			w.must(w.RevokeCertificate(w.ctx, bound.ID))
		}
		want := []string{p.Email + ": Сертификат отозван", p.Email + ": Срок действия сертификата заканчивается"}
		if got := w.messages(mark); !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
	})
}

func TestCertificateStatusByTheClock(t *testing.T) {
	t.Parallel()
	now := storage.Of(time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC))
	for name, c := range map[string]struct {
		left    time.Duration
		revoked storage.Time
		want    CertificateStatus
	}{
		"long":                   {31 * 24 * time.Hour, 0, CertificateActive},
		"thirty days":            {30 * 24 * time.Hour, 0, CertificateExpires},
		"a moment":               {time.Microsecond, 0, CertificateExpires},
		"none":                   {0, 0, CertificateExpired},
		"revoked":                {31 * 24 * time.Hour, now, CertificateRevoked},
		"revoked before its end": {-time.Hour, now, CertificateRevoked},
	} {
		if got := (Certificate{NotAfter: now.Add(c.left), RevokedAt: c.revoked}).Status(now); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
