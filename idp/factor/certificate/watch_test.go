package certificate

import (
	"crypto/x509"
	"errors"
	"slices"
	"testing"
	"time"

	"propusk/idp/directory"
)

func TestOwnerIsToldOnceBeforeTheEnd(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(ivanSNILS, ivanINN, true)
		const day = 24 * time.Hour
		_, err := w.bindTo(p.ID, w.authority.Issue(t, ivan(), func(c *x509.Certificate) { c.NotAfter = w.clock.Now().Add(31 * day) }))
		w.must(err)
		about := func() (n int) {
			w.must(w.Watch(w.ctx))
			for _, subject := range w.told(p.Email) {
				if subject == "Срок действия сертификата заканчивается" {
					n++
				}
			}
			return n
		}
		if n := about(); n != 0 {
			t.Errorf("31 days before: %d messages", n)
		}
		w.clock.Advance(day)
		if n := about(); n != 1 {
			t.Errorf("30 days before: %d messages", n)
		}
		w.clock.Advance(day)
		if n := about(); n != 1 {
			t.Errorf("29 days before: %d messages", n)
		}
		if got := w.journalled(p.ID); !slices.Equal(got, []string{"certificate.bound", "certificate.expires"}) {
			t.Errorf("journal: %v", got)
		}
	})
}

func TestOwnerIsToldThatACertificateWasRevoked(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(ivanSNILS, ivanINN, true)
		h := w.authority.Issue(t, ivan())
		_, err := w.bindTo(p.ID, h)
		w.must(err)
		w.must(w.Watch(w.ctx))
		w.authority.Revoke(t, h)
		w.must(w.Watch(w.ctx))
		w.must(w.Watch(w.ctx))
		if got := w.told(p.Email); !slices.Equal(got, []string{"К учётной записи подключён сертификат", "Сертификат отозван"}) {
			t.Errorf("messages: %v", got)
		}
	})
}

// What cannot be looked up is no revocation.
func TestSilentAuthorityRevokesNothing(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person(ivanSNILS, ivanINN, true)
		_, err := w.bindTo(p.ID, w.authority.Issue(t, ivan()))
		w.must(err)
		w.Judge = failing{errors.New("nobody answers")}
		w.must(w.Watch(w.ctx))
		list, err := w.List(w.ctx, p.ID)
		w.must(err)
		if list[0].Status != directory.CertificateActive {
			t.Errorf("%s", list[0].Status)
		}
	})
}
