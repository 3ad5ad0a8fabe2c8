package payment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"

	"propusk/cabinet/paper"
	"propusk/idp/directory"
	"propusk/storage/file"
	"propusk/storage/jobs"
)

// owner is who keeps a payment's files.
func (p Payment) owner() string { return "payment/" + p.ID }

// maxReceipt bounds a receipt, in bytes.
const maxReceipt = 4 << 20

// receiptJob makes the receipt of a payment: once, however often it runs.
func (p *Payments) receiptJob(ctx context.Context, job jobs.Job) error {
	var id string
	if err := job.Decode(&id); err != nil {
		return err
	}
	pay, err := p.byID(ctx, id)
	if err != nil {
		return err
	}
	if pay.Status != Paid || pay.Receipt.V.PDF != "" {
		return nil
	}
	pdf, _, err := p.Paper.Issue(receiptOf(pay), receiptClaims(pay))
	if err != nil {
		return fmt.Errorf("payment: print a receipt: %w", err)
	}
	cms, err := p.Paper.Sign(pdf)
	if err != nil {
		return fmt.Errorf("payment: seal a receipt: %w", err)
	}
	return p.keepReceipt(ctx, pay, pdf, cms)
}

// keepReceipt saves the files loose; whoever stores their names keeps them, and what
// another worker's stay loose are swept.
func (p *Payments) keepReceipt(ctx context.Context, pay Payment, pdf, cms []byte) error {
	name := "receipt-" + strconv.FormatInt(pay.Number, 10) + ".pdf"
	saved, err := p.Files.SaveOurs(ctx, pay.OrganisationID, name, file.PDF, maxReceipt, bytes.NewReader(pdf))
	if err != nil {
		return fmt.Errorf("payment: save a receipt: %w", err)
	}
	sealed, err := p.Files.SaveOurs(ctx, pay.OrganisationID, name+".p7s", file.Signature, 1<<20, bytes.NewReader(cms))
	if err != nil {
		return fmt.Errorf("payment: save a receipt's signature: %w", err)
	}
	pay.Receipt.V = Receipt{saved.ID, sealed.ID}
	err = p.DB.Tx(ctx, func(ctx context.Context) error {
		if err := p.store(ctx, &pay); err != nil {
			return err
		}
		if err := p.Files.Keep(ctx, pay.OrganisationID, pay.owner(), saved.ID, sealed.ID); err != nil {
			return err
		}
		return p.note(ctx, directory.Actor{}, pay, "payment.receipt", nil)
	})
	if errors.Is(err, ErrStale) {
		return nil
	}
	return err
}

// receiptClaims are what the code on the receipt says: enough to compare.
func receiptClaims(pay Payment) map[string]any {
	return map[string]any{
		"doc": "payment/receipt", "num": strconv.FormatInt(pay.Number, 10), "inn": pay.Payer.V.INN, "sum": pay.Amount, "uin": pay.Items.V[0].UIN,
	}
}

// receiptOf is the receipt: who has paid what to whom, when and how.
func receiptOf(pay Payment) paper.Document {
	d := paper.Document{
		Title: "Квитанция об оплате", Subtitle: "Начисления в бюджетную систему Российской Федерации",
		Number: strconv.FormatInt(pay.Number, 10), At: pay.PaidAt.Time(),
	}
	payer := paper.Fields{{Label: "Плательщик", Value: pay.Payer.V.Name}, {Label: "ИНН", Value: pay.Payer.V.INN}}
	if pay.Payer.V.KPP != "" {
		payer = append(payer, paper.Field{Label: "КПП", Value: pay.Payer.V.KPP})
	}
	if a := pay.Payer.V.Account; a != nil {
		payer = append(payer, paper.Field{Label: "Счёт", Value: a.Number + ", " + a.Bank + ", БИК " + a.BIC})
	}
	payer = append(payer, paper.Field{Label: "Способ оплаты", Value: methodLabels[pay.Method].ru}, paper.Field{Label: "Сумма", Value: paper.Rubles(pay.Amount)})
	if pay.Reference != "" {
		payer = append(payer, paper.Field{Label: "Номер операции", Value: pay.Reference})
	}
	if pay.Reason != "" {
		payer = append(payer, paper.Field{Label: "Основание", Value: pay.Reason})
	}
	d.Blocks = append(d.Blocks, payer)
	for _, item := range pay.Items.V {
		d.Blocks = append(d.Blocks, itemBlocks(item)...)
	}
	d.Blocks = append(d.Blocks, paper.Paragraph{Text: "Файл подписи (CAdES-BES) хранится рядом с квитанцией. Код на первой странице содержит подписанные сведения о платеже: сравните их с напечатанными."})
	return d
}

func itemBlocks(item Item) []paper.Block {
	r := item.Requisites
	return []paper.Block{
		paper.Heading{Text: item.Purpose},
		paper.Fields{
			{Label: "УИН", Value: item.UIN}, {Label: "Сумма", Value: paper.Rubles(item.Amount)}, {Label: "Получатель", Value: r.Payee.Name},
			{Label: "ИНН, КПП получателя", Value: r.Payee.INN + ", " + r.Payee.KPP}, {Label: "КБК", Value: r.Budget.KBK}, {Label: "ОКТМО", Value: r.Budget.OKTMO},
			{Label: "Счёт получателя", Value: r.Account.Number + ", " + r.Account.Bank + ", БИК " + r.Account.BIC},
		},
	}
}

// MayRead reports whether the actor may read a payment's files, wherever they are
// kept. directory.ErrForbidden, storage.ErrNotFound.
func (p *Payments) MayRead(ctx context.Context, actor directory.Actor, organisationID, id string) error {
	if _, err := p.Payment(ctx, organisationID, id); err != nil {
		return err
	}
	_, err := p.Directory.Authorise(ctx, actor, organisationID, directory.Act{Permission: directory.FinanceRead})
	return err
}
