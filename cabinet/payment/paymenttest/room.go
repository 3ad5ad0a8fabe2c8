package paymenttest

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/cabinet/authority/authoritytest"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/notice"
	"propusk/cabinet/notice/noticetest"
	"propusk/cabinet/paper/papertest"
	"propusk/cabinet/payment"
	"propusk/cabinet/payment/requisite"
	"propusk/cabinet/request"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/signature/signaturetest"
	"propusk/storage/file"
	"propusk/storage/file/filetest"
)

// Room is the room under test with everything beside it.
type Room struct {
	*payment.Payments
	Agency   *authoritytest.Office
	Provider *Provider
	Inbox    *request.Inbox
	Notices  *notice.Notices
	Stored   *file.Store
	base     cabinettest.Base
	uins     int
}

// New builds the room; changes, when given, alter what it stands on.
func New(t testing.TB, b cabinettest.Base, changes ...func(*payment.Deps)) *Room {
	t.Helper()
	r := &Room{base: b, Provider: newProvider(t, b), Notices: noticetest.New(t, b), Stored: filetest.Store(t, b.DB, b.Clock.Now)}
	r.Agency = authoritytest.New(t, authoritytest.Base{
		DB: b.DB, Now: b.Clock.Now, Ephemeral: b.Memory, Jobs: b.Jobs,
		Organisations: func(ctx context.Context, inn, _ string) (string, error) {
			o, err := b.Directory.OrganisationByINN(ctx, inn)
			return o.ID, err
		},
	})
	papers := papertest.New(t, b.DB, b.Clock.Now)
	var err error
	r.Inbox, err = request.New(request.Deps{
		DB: b.DB, Directory: b.Directory, Journal: b.Journal, Files: r.Stored, Gateway: r.Agency.Gateway, Notices: r.Notices, Paper: papers,
		Jobs: b.Jobs, Log: b.Log, Now: b.Clock.Now,
	})
	cabinettest.Must(t, err)
	deps := payment.Deps{
		DB: b.DB, Ephemeral: b.Memory, Sealer: b.Sealer, Jobs: b.Jobs, Outbox: b.Outbox, Journal: b.Journal, Directory: b.Directory,
		Notices: r.Notices, Gateway: r.Agency.Gateway, Provider: r.Provider.Client, Verifier: b.Authority.Verifier, Tickets: r.Inbox, Paper: papers,
		Files: r.Stored, Charges: "GISGMP", BaseURL: cabinettest.Issuer, Now: b.Clock.Now, Log: b.Log, Metrics: b.Metrics,
	}
	for _, change := range changes {
		change(&deps)
	}
	r.Payments, err = payment.New(deps)
	cabinettest.Must(t, err)
	return r
}

// Rooms are those of the API.
func (r *Room) Rooms() []api.Room { return []api.Room{r.Payments.Room(), r.Inbox.Room()} }

// Charge is a good one to an office: a fine of 1,500 rubles that is due in a month. Its
// УИН is another one each time.
func (r *Room) Charge(o *cabinettest.Office) payment.Charge {
	r.uins++
	now := r.base.Clock.Now()
	c := payment.Charge{
		SupplierBillID: requisite.WithCheckDigit(fmt.Sprintf("188101772611220%04d", r.uins)), Kind: payment.Fine,
		BillDate: now.AddDate(0, 0, -1).Format(time.DateOnly), ValidUntil: now.AddDate(0, 0, 30).Format(time.DateOnly), TotalAmount: 150_000,
		Purpose: "Штраф " + o.Tag, Calculation: "КоАП РФ, статья 12.16", KBK: "18811601123010001140", OKTMO: "45382000",
		Payer: payment.ChargePayer{INN: o.INN, KPP: o.KPP}, BudgetIndex: payment.BudgetIndex{Status: "01"},
	}
	c.Payee.Name, c.Payee.INN, c.Payee.KPP = "УФК "+o.Tag, "7700000009", "770001001"
	bank := &c.Payee.OrgAccount
	bank.AccountNumber, bank.Bank.BIK, bank.Bank.Name, bank.Bank.CorrespondentBankAccount = "03100643000000018500", "017003983", "Отделение Тула", "40102810445370000059"
	return c
}

// Tell has the office's accruals asked for, and the body answer with these charges.
func (r *Room) Tell(t testing.TB, o *cabinettest.Office, charges ...payment.Charge) {
	t.Helper()
	content, err := json.Marshal(payment.Charges{Charges: charges})
	cabinettest.Must(t, err)
	r.Answer(t, o, authority.Answer{Event: authority.Result, Source: "ГИС ГМП", Files: []authority.File{
		{Name: payment.ChargesFile, MediaType: "application/json", Content: content},
		{Name: "decision.pdf", MediaType: "application/pdf", Content: filetest.PDF("decision")},
	}})
}

// Answer has the office's accruals asked for, and the body say a.
func (r *Room) Answer(t testing.TB, o *cabinettest.Office, a authority.Answer) {
	t.Helper()
	r.base.Clock.Advance(2 * time.Minute)
	q, err := r.Inquire(t.Context(), o.ID)
	cabinettest.Must(t, err)
	r.Agency.Deliver(t)
	a.SubmissionID = q.SubmissionID
	r.Agency.Answer(t, a)
}

// Accruals gives the office so many fresh accruals and reads them, newest УИН last.
func (r *Room) Accruals(t testing.TB, o *cabinettest.Office, n int) []payment.Accrual {
	t.Helper()
	charges := make([]payment.Charge, n)
	for i := range charges {
		charges[i] = r.Charge(o)
	}
	r.Tell(t, o, charges...)
	accruals := make([]payment.Accrual, n)
	for i, c := range charges {
		accruals[i] = r.Accrual(t, o, c.SupplierBillID)
	}
	return accruals
}

// Accrual reads the office's accrual of an УИН.
func (r *Room) Accrual(t testing.TB, o *cabinettest.Office, uin string) payment.Accrual {
	t.Helper()
	list, err := r.Payments.Accruals(t.Context(), o.ID, payment.Filter{Words: uin}, api.Page{Limit: 10})
	cabinettest.Must(t, err)
	if len(list) != 1 {
		t.Fatalf("%d accruals have the УИН %s", len(list), uin)
	}
	return list[0]
}

// The account that Bank gives an office.
const (
	AccountNumber = "40702810500000001234"
	AccountBIC    = "044525225"
)

// Bank enters an account into the office's profile.
func (r *Room) Bank(t testing.TB, o *cabinettest.Office) {
	t.Helper()
	err := r.base.Directory.SetHistory(t.Context(), directory.System(), o.ID, o.Admin.ID, directory.HowSystem, &directory.Bank{
		Accounts: []directory.BankAccount{{Account: AccountNumber, BIC: AccountBIC, Bank: "Банк «Столичный»", Main: true}},
	})
	cabinettest.Must(t, err)
}

// Linked enters an account and links it, as the office's administrator does.
func (r *Room) Linked(t testing.TB, o *cabinettest.Office) (accountID string) {
	t.Helper()
	r.Bank(t, o)
	by := directory.Actor{PersonID: o.Admin.ID}
	l, _, err := r.AskLink(t.Context(), by, o.ID, AccountNumber, AccountBIC, "ru")
	cabinettest.Must(t, err)
	_, err = r.Link(t.Context(), by, o.ID, l.ID, r.Code(t, o))
	cabinettest.Must(t, err)
	return l.ID
}

// Code is the last code that the office's administrator was sent.
func (r *Room) Code(t testing.TB, o *cabinettest.Office) string {
	t.Helper()
	all, err := r.base.Outbox.List(t.Context(), 1000)
	cabinettest.Must(t, err)
	for _, m := range all {
		if m.To == o.Admin.Phone && m.Code != "" {
			return m.Code
		}
	}
	t.Fatal("no code was sent")
	return ""
}

// Holder is the office's own certificate.
func (r *Room) Holder(t testing.TB, o *cabinettest.Office) signaturetest.Holder {
	t.Helper()
	name := "ООО «" + o.Tag + "»"
	return r.base.Authority.Issue(t, signature.Subject{
		Kind: signature.KindOrganisation, INNLE: o.INN, OGRN: o.OGRN, SNILS: "11223344595", CommonName: name, Organisation: name,
	})
}
