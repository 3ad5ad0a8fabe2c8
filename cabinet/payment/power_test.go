package payment_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"propusk/cabinet/cabinettest"
	"propusk/cabinet/payment"
	"propusk/idp/directory"
)

// TestRepresentativesPayAsFarAsTheirPowerReaches, by the sum of the whole payment.
func TestRepresentativesPayAsFarAsTheirPowerReaches(t *testing.T) {
	w := one(t)
	o, ctx := w.Office("Alpha"), context.Background()
	accruals := w.room.Accruals(t, o, 2)
	agent, err := w.Directory.CreatePerson(ctx, directory.NewPerson{
		LastName: "Поверенный", FirstName: "Пётр", Email: "agent@example.ru", EmailVerified: true, SNILS: "11223344595", NumbersVerified: true,
	})
	cabinettest.Must(t, err)
	now := w.Clock.Now()
	power, err := w.Directory.AddPower(ctx, directory.System(), o.ID, directory.NewPower{
		Form: directory.PowerNotarial, Powers: []string{"CAB_FINANCE_PAY"}, Limits: directory.PowerLimits{MaxSum: 200_000},
		Representative: directory.Representative{Kind: "person", LastName: "Поверенный", FirstName: "Пётр", SNILS: "11223344595"},
		IssuedOn:       now.Format(time.DateOnly), Until: now.AddDate(1, 0, 0).Format(time.DateOnly), Status: directory.PowerActive,
	})
	cabinettest.Must(t, err)
	actor := directory.Actor{PersonID: agent.ID, PowerID: power.ID}
	wanted := func(list ...payment.Accrual) (all []payment.Wanted) {
		for _, a := range list {
			all = append(all, payment.Wanted{ID: a.ID, Amount: a.Left()})
		}
		return all
	}
	if _, err := w.room.Begin(ctx, actor, o.ID, payment.Begin{Method: payment.Card, Accruals: wanted(accruals...)}); !errors.Is(err, directory.ErrPowerExceeded) {
		t.Errorf("3,000 rubles under a power for 2,000: %v", err)
	}
	p, err := w.room.Begin(ctx, actor, o.ID, payment.Begin{Method: payment.Card, Accruals: wanted(accruals[0])})
	if err != nil || p.Authority.V.By != directory.ByPower || p.Authority.V.PowerNumber != power.Number {
		t.Errorf("%+v %v", p.Authority.V, err)
	}
	if err := w.room.MayRead(ctx, actor, o.ID, p.ID); err != nil {
		t.Errorf("his own payment's files: %v", err)
	}
	other := w.Office("Beta")
	if err := w.room.MayRead(ctx, directory.Actor{PersonID: other.Admin.ID}, o.ID, p.ID); !errors.Is(err, directory.ErrForbidden) {
		t.Errorf("a stranger: %v", err)
	}
}
