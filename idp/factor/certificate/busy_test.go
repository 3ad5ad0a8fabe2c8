package certificate

import (
	"context"
	"errors"
	"testing"
	"time"

	"propusk/idp/factor"
	"propusk/signature"
	"propusk/signature/signaturetest"
	"propusk/storage/storagetest"
)

// failing is a verifier that cannot judge.
type failing struct{ err error }

func (f failing) Verify(context.Context, signature.Request) (signature.Verdict, error) {
	return signature.Verdict{}, f.err
}

func (f failing) VerifyCertificate(context.Context, signature.CertificateRequest) (signature.Verdict, error) {
	return signature.Verdict{}, f.err
}

// Who has signed when too many were being judged does not sign again.
func TestChallengeSurvivesABusyVerifier(t *testing.T) {
	eachAttack(t, func(t *testing.T, w *world, ivans signaturetest.Holder, c Challenge) {
		judges := w.Verifier
		w.Verifier = failing{signature.ErrBusy}
		cms := ivans.Sign(t, []byte(c.Text))
		_, err := w.Redeem(w.ctx, c.ID, here, cms)
		var busy *factor.Busy
		if !errors.As(err, &busy) || busy.RetryAfter <= 0 || errors.Is(err, factor.ErrWrong) {
			t.Fatalf("busy: %v", err)
		}
		w.Verifier = judges
		if _, err := w.Redeem(w.ctx, c.ID, here, cms); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

func TestAnAccidentProvesNothing(t *testing.T) {
	t.Parallel()
	w := volatileWorld(t, storagetest.Memory(t, time.Now))
	broken := errors.New("the service is down")
	w.Verifier, w.Judge = failing{broken}, failing{broken}
	c, err := w.Challenge(w.ctx, here, Asker{})
	w.must(err)
	if s, err := w.Redeem(w.ctx, c.ID, here, []byte{0x30}); !errors.Is(err, broken) || errors.Is(err, factor.ErrWrong) || s.proven {
		t.Errorf("redeem: %v", err)
	}
	ticket, err := w.Ticket(w.ctx, here)
	w.must(err)
	if _, err := w.Present(w.ctx, ticket, [][]byte{{0x30}}); !errors.Is(err, broken) {
		t.Errorf("present: %v", err)
	}
}

func TestNewNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	w := volatileWorld(t, storagetest.Memory(t, time.Now))
	for name, spoil := range map[string]func(*Deps){
		"Verifier": func(d *Deps) { d.Verifier = nil }, "Judge": func(d *Deps) { d.Judge = nil },
		"Directory": func(d *Deps) { d.Directory = nil }, "Ephemeral": func(d *Deps) { d.Ephemeral = nil },
		"Issuer": func(d *Deps) { d.Issuer = "" }, "Now": func(d *Deps) { d.Now = nil },
	} {
		deps := w.Deps
		spoil(&deps)
		if _, err := New(deps); err == nil {
			t.Errorf("without %s: no error", name)
		}
	}
}
