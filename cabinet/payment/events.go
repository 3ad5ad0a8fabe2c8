package payment

import (
	"context"
	"fmt"

	"propusk/cabinet/notice"
	"propusk/cabinet/paper"
	"propusk/idp/directory"
	"propusk/storage"
)

// receivedEvent tells of a new accrual those who see finances.
func (p *Payments) receivedEvent(a Accrual) notice.Event {
	sum := paper.Rubles(a.Left())
	return a.event("accrual.received", "received", notice.Normal, notice.Texts{
		RU: notice.Message{Subject: "Новое начисление: " + sum, Body: a.Purpose + ". Получатель: " + a.Payee + ". Оплатить: " + termText(a) + "."},
		EN: notice.Message{Subject: "A new accrual: " + sum, Body: a.Purpose + ". Payee: " + a.Payee + "."},
	})
}

func (p *Payments) changedEvent(a Accrual) notice.Event {
	sum := paper.Rubles(a.Left())
	return a.event("accrual.changed", fmt.Sprint("changed/", a.Version), notice.Normal, notice.Texts{
		RU: notice.Message{Subject: "Начисление изменилось: к оплате " + sum, Body: a.Purpose + ". Получатель: " + a.Payee + "."},
		EN: notice.Message{Subject: "An accrual has changed: " + sum + " to pay", Body: a.Purpose + ". Payee: " + a.Payee + "."},
	})
}

func (p *Payments) dueEvent(a Accrual) notice.Event {
	sum := paper.Rubles(a.Left())
	return a.event("accrual.due", "due/"+dayText(a.DueAt), notice.High, notice.Texts{
		RU: notice.Message{Subject: "Через три дня срок оплаты: " + sum, Body: a.Purpose + ". Оплатить: " + termText(a) + "."},
		EN: notice.Message{Subject: "Due in three days: " + sum, Body: a.Purpose + ". The last day is " + dayText(a.DueAt) + "."},
	})
}

func termText(a Accrual) string {
	if a.DueAt == noTerm {
		return "срок не установлен"
	}
	return "до " + russianDay(a.DueAt)
}

func (a Accrual) event(kind, what string, importance notice.Importance, texts notice.Texts) notice.Event {
	return notice.Event{
		ID: "accrual/" + a.ID + "/" + what, Type: kind, OrganisationID: a.OrganisationID, Category: notice.Finance, Importance: importance,
		Permission: directory.FinanceRead, Texts: texts, Path: "/cabinet/finance/accruals/" + a.ID, Source: a.Source,
		Data: map[string]any{"accrual_id": a.ID, "uin": a.UIN, "kind": a.Kind, "amount": a.Amount, "left": a.Left(), "due": dayText(a.DueAt)},
	}
}

func paidEvent(pay Payment) notice.Event {
	sum := paper.Rubles(pay.Amount)
	return pay.event("payment.paid", notice.Normal, notice.Texts{
		RU: notice.Message{Subject: "Оплачено: " + sum, Body: description(pay) + ". Квитанция появится в истории платежей и в архиве документов."},
		EN: notice.Message{Subject: "Paid: " + sum, Body: description(pay) + ". The receipt will be in the history of payments and in the archive."},
	})
}

func failedEvent(pay Payment) notice.Event {
	sum, reason := paper.Rubles(pay.Amount), pay.Reason
	if reason == "" {
		reason = statusLabels[pay.Status].ru
	}
	return pay.event("payment.refused", notice.High, notice.Texts{
		RU: notice.Message{Subject: "Платёж не прошёл: " + sum, Body: description(pay) + ". " + reason + ". Начисления можно оплатить ещё раз."},
		EN: notice.Message{Subject: "A payment failed: " + sum, Body: description(pay) + ". The accruals can be paid again."},
	})
}

func (p Payment) event(kind string, importance notice.Importance, texts notice.Texts) notice.Event {
	return notice.Event{
		ID: "payment/" + p.ID + "/" + string(p.Status), Type: kind, OrganisationID: p.OrganisationID, Category: notice.Finance, Importance: importance,
		Permission: directory.FinanceRead, Texts: texts, Path: "/cabinet/finance/payments/" + p.ID, Document: "receipt",
		Data: map[string]any{"payment_id": p.ID, "number": p.Number, "method": p.Method, "status": p.Status, "amount": p.Amount},
	}
}

// remindDue tells of every accrual whose term is three days ahead, once.
func (p *Payments) remindDue(ctx context.Context) error {
	var due []Accrual
	err := p.DB.Select(ctx, &due, `SELECT `+accrualColumns+` FROM accruals WHERE remind_at > 0 AND remind_at <= $1 ORDER BY remind_at LIMIT $2`, p.now(), tendBatch)
	if err != nil {
		return fmt.Errorf("payment: whom to remind: %w", err)
	}
	for _, a := range due {
		if err := p.DB.Tx(ctx, func(ctx context.Context) error { return p.remindOf(ctx, a) }); err != nil {
			return fmt.Errorf("payment: remind: %w", err)
		}
	}
	return nil
}

// remindOf spends the reminder first: it is no change that anybody has to see.
func (p *Payments) remindOf(ctx context.Context, a Accrual) error {
	n, err := p.DB.Exec(ctx, `UPDATE accruals SET remind_at = $1 WHERE id = $2 AND remind_at = $3`, storage.Time(0), a.ID, a.RemindAt)
	if err != nil || n == 0 || a.Status != Due || a.PaymentID != "" {
		return err
	}
	return p.Notices.Tell(ctx, p.dueEvent(a))
}
