package directory

import (
	"errors"
	"slices"
	"testing"
	"time"

	"propusk/storage"
)

// fault is the one thing that is wrong with an input, as "field code".
func fault(err error) string {
	if f, ok := errors.AsType[*FieldError](err); ok {
		return f.Field + " " + f.Code
	}
	return ""
}

func TestIdentityIsConfirmedByAnOperator(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person("anna")
		if i, err := w.Identity(w.ctx, p.ID); err != nil || i != (Identity{Level: LevelSimplified}) {
			t.Errorf("of whom nothing is known: %+v, %v", i, err)
		}
		if err := w.RequireOpening(w.ctx, p.ID, OpensOrganisation); !errors.Is(err, ErrLevel) {
			t.Errorf("an organisation at the first level: %v", err)
		}
		good := Confirmation{SNILS: someSNILS(1), INN: somePersonalINN(1), Evidence: "акт 17"}
		for want, c := range map[string]Confirmation{
			"snils required": {Evidence: "x"}, "snils invalid": {SNILS: "11122233344", Evidence: "x"},
			"inn invalid": {SNILS: good.SNILS, INN: "1", Evidence: "x"}, "evidence required": {SNILS: good.SNILS},
		} {
			if err := w.ConfirmIdentity(w.ctx, System(), p.ID, c); fault(err) != want {
				t.Errorf("%s: %v", want, err)
			}
		}
		if err := w.ConfirmIdentity(w.ctx, Actor{PersonID: p.ID}, p.ID, good); !errors.Is(err, ErrForbidden) {
			t.Errorf("one's own documents: %v", err)
		}
		mark := w.mark()
		w.must(w.ConfirmIdentity(w.ctx, System(), p.ID, good))
		i, err := w.Identity(w.ctx, p.ID)
		w.must(err)
		if i.Level != LevelConfirmed || i.ConfirmedBy != ByDocuments || i.Evidence != "акт 17" || i.ConfirmedAt != w.time() {
			t.Errorf("confirmed: %+v", i)
		}
		w.must(w.RequireOpening(w.ctx, p.ID, OpensOrganisation))
		if found, err := w.PersonBySNILS(w.ctx, good.SNILS); err != nil || found.ID != p.ID {
			t.Errorf("by СНИЛС: %v", err)
		}
		if got := w.messages(mark); !slices.Equal(got, []string{p.Email + ": Ваша личность подтверждена"}) {
			t.Errorf("messages: %v", got)
		}
		if e := w.lastEntry(""); e.Action != "person.confirmed" || e.Details["by"] != ByDocuments {
			t.Errorf("journal: %+v", e)
		}
		// Confirmed again, it stays as it was.
		w.clock.Advance(time.Hour)
		w.must(w.ConfirmIdentity(w.ctx, System(), p.ID, Confirmation{SNILS: good.SNILS, Evidence: "акт 18"}))
		if again, _ := w.Identity(w.ctx, p.ID); again != i {
			t.Errorf("confirmed again: %+v", again)
		}
		other := w.person("boris")
		if err := w.ConfirmIdentity(w.ctx, System(), other.ID, good); fault(err) != "snils taken" && fault(err) != "inn taken" {
			t.Errorf("another's confirmed number: %v", err)
		}
	})
}

func TestClaimedNumberMustBeTheConfirmedOne(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.person("anna")
		w.must(w.insertIdentity(w.ctx, p.ID, Identity{BirthDate: "1990-05-17", ClaimedSNILS: someSNILS(2), Level: LevelStandard}))
		if err := w.RequireOpening(w.ctx, p.ID, OpensApplications); err != nil {
			t.Error(err)
		}
		if err := w.ConfirmIdentity(w.ctx, System(), p.ID, Confirmation{SNILS: someSNILS(3), Evidence: "x"}); fault(err) != "snils mismatch" {
			t.Errorf("another number than was claimed: %v", err)
		}
		w.must(w.ConfirmIdentity(w.ctx, System(), p.ID, Confirmation{SNILS: someSNILS(2), Evidence: "x"}))
		if i, _ := w.Identity(w.ctx, p.ID); i.BirthDate != "1990-05-17" || i.ClaimedSNILS != "" || i.Level != LevelConfirmed {
			t.Errorf("confirmed: %+v", i)
		}
	})
}

func TestFourEyes(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		first, second, lost := w.person("first"), w.person("second"), w.person("lost")
		if err := w.AppointOperator(w.ctx, w.by(Administrator), first.ID); !errors.Is(err, ErrForbidden) {
			t.Errorf("an administrator appoints: %v", err)
		}
		for _, p := range []Person{first, second, first} {
			w.must(w.AppointOperator(w.ctx, System(), p.ID))
		}
		if list, err := w.Operators(w.ctx); err != nil || len(list) != 2 || list[0].ID != first.ID {
			t.Errorf("operators: %v, %v", list, err)
		}
		one, two := Actor{PersonID: first.ID}, Actor{PersonID: second.ID}
		proposal := RecoveryProposal{PersonID: lost.ID, Reason: "паспорт показан"}
		if _, err := w.ProposeRecovery(w.ctx, w.by(Administrator), proposal); !errors.Is(err, ErrForbidden) {
			t.Errorf("no operator proposes: %v", err)
		}
		if _, err := w.ProposeRecovery(w.ctx, two, RecoveryProposal{PersonID: second.ID, Reason: "x"}); !errors.Is(err, ErrSameOperator) {
			t.Errorf("for oneself: %v", err)
		}
		r, err := w.ProposeRecovery(w.ctx, one, proposal)
		w.must(err)
		if _, err := w.ApproveRecovery(w.ctx, one, r.ID); !errors.Is(err, ErrSameOperator) {
			t.Errorf("both eyes of one: %v", err)
		}
		mark := w.mark()
		r, err = w.ApproveRecovery(w.ctx, two, r.ID)
		w.must(err)
		if r.State != RecoveryWaiting || r.DueAt != w.time() || r.ApprovedBy != second.ID {
			t.Errorf("approved: %+v", r)
		}
		if got := w.messages(mark); !slices.Equal(got, []string{lost.Email + ": Запрошено восстановление доступа к вашей учётной записи"}) {
			t.Errorf("messages: %v", got)
		}
		if _, err := w.ApproveRecovery(w.ctx, two, r.ID); !errors.Is(err, ErrRecoveryOver) {
			t.Errorf("approved twice: %v", err)
		}
		w.must(w.RefuseRecovery(w.ctx, one, r.ID))
		if list, err := w.AssistedRecoveries(w.ctx, System()); err != nil || len(list) != 0 {
			t.Errorf("a stopped one is on the list: %v, %v", list, err)
		}
		// Whoever is dismissed, or blocked, is no operator any more.
		w.must(w.DismissOperator(w.ctx, System(), first.ID))
		w.must(w.SetPersonStatus(w.ctx, System(), second.ID, StatusBlocked))
		for _, actor := range []Actor{one, two} {
			if _, err := w.ProposeRecovery(w.ctx, actor, proposal); !errors.Is(err, ErrForbidden) {
				t.Errorf("once an operator: %v", err)
			}
		}
	})
}

// A proposal that nobody approved, and an ask that nobody followed, end; a week
// later they are gone.
func TestRecoveriesEndAndGo(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		operator, lost := w.person("operator"), w.person("lost")
		w.must(w.AppointOperator(w.ctx, System(), operator.ID))
		proposed, err := w.ProposeRecovery(w.ctx, Actor{PersonID: operator.ID}, RecoveryProposal{PersonID: lost.ID, Reason: "x", Mailbox: "new@example.ru"})
		w.must(err)
		asked, err := w.AskRecovery(w.ctx, RecoveryRequest{Kind: RecoverPassword, Email: lost.Email}, "holder", w.time().Add(time.Minute))
		w.must(err)
		w.clock.Advance(7 * 24 * time.Hour)
		w.must(w.SweepRecoveries(w.ctx))
		for _, id := range []string{proposed.ID, asked.ID} {
			r, err := w.RecoveryByID(w.ctx, id)
			w.must(err)
			if r.State != RecoveryCancelled || r.EndedAt != w.time() {
				t.Errorf("past its time: %+v", r)
			}
			if _, err := w.recoveryRequest(w.ctx, id); err == nil {
				t.Error("what was typed is kept")
			}
		}
		w.clock.Advance(7 * 24 * time.Hour)
		w.must(w.SweepRecoveries(w.ctx))
		if _, err := w.RecoveryByID(w.ctx, asked.ID); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("two weeks later: %v", err)
		}
	})
}

// A mailbox that the operators entered and that is another's by then is refused.
func TestNewMailboxTakenMeanwhile(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		first, second, lost := w.person("first"), w.person("second"), w.person("lost")
		w.must(w.AppointOperator(w.ctx, System(), first.ID))
		w.must(w.AppointOperator(w.ctx, System(), second.ID))
		if _, err := w.ProposeRecovery(w.ctx, Actor{PersonID: first.ID}, RecoveryProposal{PersonID: lost.ID, Reason: "x", Mailbox: second.Email}); fault(err) != "email taken" {
			t.Errorf("another's mailbox: %v", err)
		}
		r, err := w.ProposeRecovery(w.ctx, Actor{PersonID: first.ID}, RecoveryProposal{PersonID: lost.ID, Reason: "x", Mailbox: "new@example.ru"})
		w.must(err)
		r, err = w.ApproveRecovery(w.ctx, Actor{PersonID: second.ID}, r.ID)
		w.must(err)
		if r.DueAt != w.time().Add(72*time.Hour) {
			t.Errorf("a new mailbox waits until %s", r.DueAt.Time())
		}
		_, err = w.CreatePerson(w.ctx, NewPerson{LastName: "Новая", FirstName: "Нина", Email: "new@example.ru", EmailVerified: true})
		w.must(err)
		if err := w.moveIn(w.ctx, r, lost); fault(err) != "email taken" {
			t.Errorf("taken meanwhile: %v", err)
		}
	})
}

// A certificate confirms whom it names: not somebody who claimed another СНИЛС,
// and not the name of another that somebody has given himself.
func TestACertificateConfirmsNobodyElse(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		claims := w.person("claims")
		w.must(w.insertIdentity(w.ctx, claims.ID, Identity{ClaimedSNILS: someSNILS(21), Level: LevelStandard}))
		_, err := w.BindCertificate(w.ctx, Actor{PersonID: claims.ID}, Binding{Certificate: w.certificateOf(claims), SNILS: someSNILS(22)})
		if fault(err) != "snils mismatch" {
			t.Errorf("another СНИЛС than was claimed: %v", err)
		}
		for owner, want := range map[string]Level{
			"Петрова Мария Петровна": LevelSimplified, "Иванова": LevelSimplified, "Иванова Мария Олеговна": LevelSimplified,
			"ИВАНОВА МАРИЯ": LevelConfirmed, "Иванова Мария Петровна": LevelConfirmed,
		} {
			p := w.person("named")
			c := w.certificateOf(p)
			c.Owner = owner
			_, err := w.BindCertificate(w.ctx, Actor{PersonID: p.ID}, Binding{Certificate: c, SNILS: someSNILS(serial.Add(1))})
			w.must(err)
			if i, _ := w.Identity(w.ctx, p.ID); i.Level != want {
				t.Errorf("a certificate of %s: %s", owner, i.Level)
			}
		}
	})
}

// What an operator proposed who is none any more takes effect no longer.
func TestADismissedOperatorProposesNothing(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		first, second, lost := w.person("first"), w.person("second"), w.person("lost")
		for _, p := range []Person{first, second} {
			w.must(w.AppointOperator(w.ctx, System(), p.ID))
		}
		r, err := w.ProposeRecovery(w.ctx, Actor{PersonID: first.ID}, RecoveryProposal{PersonID: lost.ID, Reason: "паспорт показан"})
		w.must(err)
		w.must(w.DismissOperator(w.ctx, System(), first.ID))
		if _, err := w.ApproveRecovery(w.ctx, Actor{PersonID: second.ID}, r.ID); !errors.Is(err, ErrForbidden) {
			t.Errorf("of one who was dismissed: %v", err)
		}
		w.must(w.AppointOperator(w.ctx, System(), first.ID))
		w.must(w.SetPersonStatus(w.ctx, System(), first.ID, StatusBlocked))
		if _, err := w.ApproveRecovery(w.ctx, Actor{PersonID: second.ID}, r.ID); !errors.Is(err, ErrForbidden) {
			t.Errorf("of one who is blocked: %v", err)
		}
		w.must(w.RefuseRecovery(w.ctx, Actor{PersonID: second.ID}, r.ID))
	})
}
