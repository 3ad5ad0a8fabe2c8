package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"propusk/cabinet/payment"
	"propusk/cabinet/payment/requisite"
	"propusk/idp/directory"
)

// shownCharge is an accrual that the demo's source of accruals begins with. Days are
// counted from the day of the demo; due 0 is no term.
type shownCharge struct {
	of            string // key of the organisation
	uin           string // without its check digit
	kind          payment.Kind
	billed, due   int
	amount, paid  int64 // kopecks
	purpose, how  string
	kbk, document string
	number        string
}

var shownCharges = []shownCharge{
	{of: "mayak", uin: "1881017726112200001", kind: payment.Fine, billed: -6, due: 54, amount: 150_000,
		purpose: "Штраф по постановлению 18810177261122000017 от ЦАФАП", how: "КоАП РФ, статья 12.16, часть 1: 1 500 ₽.",
		kbk: "18811601123010001140", document: "Постановление", number: "18810177261122000017"},
	{of: "mayak", uin: "1820784326110012345", kind: payment.Tax, billed: -20, due: 8, amount: 5_430_000,
		purpose: "Налог на добавленную стоимость за III квартал", how: "Исчислено по декларации: 162 900 ₽; первая треть к уплате: 54 300 ₽.",
		kbk: "18201061201010000510", document: "Налоговая декларация", number: "1042"},
	{of: "mayak", uin: "1820784326110012352", kind: payment.Penalty, billed: -15, due: -2, amount: 34_350,
		purpose: "Пени по налогу на прибыль организаций", how: "1/300 ключевой ставки за 12 дней с суммы 68 700 ₽.", kbk: "18201061201010000510"},
	{of: "mayak", uin: "3180000000000004410", kind: payment.Duty, billed: -3, amount: 400_000,
		purpose: "Госпошлина за внесение изменений в лицензию", how: "НК РФ, статья 333.33, пункт 1, подпункт 92.", kbk: "10810807200010039110"},
	{of: "mayak", uin: "1881017726081000042", kind: payment.Fine, billed: -104, due: -44, amount: 50_000, paid: 50_000,
		purpose: "Штраф по постановлению 18810177260810000426 от ЦАФАП", how: "КоАП РФ, статья 12.9, часть 2: 500 ₽.", kbk: "18811601123010001140"},
	{of: "verfi", uin: "1820784326110077001", kind: payment.Tax, billed: -11, due: 17, amount: 12_750_000,
		purpose: "Налог на имущество организаций за III квартал", how: "Авансовый платёж: 127 500 ₽.", kbk: "18201061201010000510"},
	{of: "morozova", uin: "1820781326110000909", kind: payment.Fee, billed: -30, due: 38, amount: 5_365_800,
		purpose: "Страховые взносы предпринимателя за год", how: "Фиксированный размер за расчётный период: 53 658 ₽.", kbk: "18201061201010000510"},
}

// Charges are what the demo's organisations owe, each as JSON, for the sandbox.
func (d *Demo) Charges(ctx context.Context) ([][]byte, error) {
	var all [][]byte
	for _, shown := range shownCharges {
		o, err := d.deps.Directory.Organisation(ctx, d.organisationID(shown.of))
		if err != nil {
			return nil, fmt.Errorf("the demo's charges: %w", err)
		}
		text, err := json.Marshal(shown.charge(o, d.deps.Now()))
		if err != nil {
			return nil, fmt.Errorf("the demo's charges: %w", err)
		}
		all = append(all, text)
	}
	return all, nil
}

func (s shownCharge) charge(o directory.Organisation, now time.Time) payment.Charge {
	day := func(days int) string { return now.AddDate(0, 0, days).Format(time.DateOnly) }
	c := payment.Charge{
		SupplierBillID: requisite.WithCheckDigit(s.uin), Kind: s.kind, BillDate: day(s.billed), TotalAmount: s.amount, AmountPaid: s.paid,
		Purpose: s.purpose, Calculation: s.how, KBK: s.kbk, OKTMO: "45382000", Payer: payment.ChargePayer{INN: o.INN, KPP: o.KPP},
		BudgetIndex: payment.BudgetIndex{Status: "01", PaytReason: "0", TaxPeriod: "0", TaxDocNumber: "0", TaxDocDate: "0"},
	}
	if s.due != 0 {
		c.ValidUntil = day(s.due)
	}
	c.Payee.Name, c.Payee.INN, c.Payee.KPP = "Казначейство (демонстрация)", "7700000009", "770001001"
	bank := &c.Payee.OrgAccount
	bank.AccountNumber, bank.Bank.BIK, bank.Bank.Name, bank.Bank.CorrespondentBankAccount = "03100643000000018500", "017003983", "Отделение Тула Банка России (демонстрация)", "40102810445370000059"
	if s.document != "" {
		c.Documents = []payment.AccrualDocument{{Name: s.document, Number: s.number, Date: day(s.billed), File: "document-" + c.SupplierBillID + ".pdf"}}
	}
	return c
}

// FillPayments asks for the accruals of the demo's organisations; the job does it by
// itself the next day. It does so once.
func (d *Demo) FillPayments(ctx context.Context, payments *payment.Payments) error {
	for _, key := range []string{"mayak", "verfi", "morozova"} {
		of := d.organisationID(key)
		if _, err := payments.Inquiry(ctx, of); err == nil {
			continue
		}
		if _, err := payments.Inquire(ctx, of); err != nil {
			return fmt.Errorf("fill the demo's accruals: %w", err)
		}
	}
	return nil
}
