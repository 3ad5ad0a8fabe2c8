package payment_test

import (
	"strings"
	"testing"
	"time"

	"propusk/cabinet/authority"
	"propusk/cabinet/payment"
	"propusk/idp/directory"
)

func TestChargesBecomeAccrualsOnceAndAreToldOf(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Accountant)
		c := w.room.Charge(o)
		c.Documents = []payment.AccrualDocument{{Name: "Постановление", Number: "17", Date: "2026-01-02", File: "decision.pdf"}, {Name: "Протокол", File: "nothing.pdf"}}
		w.room.Tell(t, o, c)
		w.room.Tell(t, o, c) // the same word again
		a := w.room.Accrual(t, o, c.SupplierBillID)
		if a.Amount != 150_000 || a.Left() != 150_000 || a.Version != 1 || a.Source != "ГИС ГМП" || len(a.Documents.V) != 2 {
			t.Errorf("%+v", a)
		}
		var card struct {
			Status, Calculation string
			Documents           []struct{ Name, Href, File string }
			Requisites          struct{ Budget struct{ KBK string } }
		}
		w.Expect(w.Do("GET", "/v1/accruals/"+a.ID, w.Token(o, directory.Accountant), nil), 200, "").Into(t, &card)
		if card.Status != "due" || card.Calculation == "" || card.Requisites.Budget.KBK != "18811601123010001140" || card.Documents[0].Href == "" || card.Documents[1].Href != "" {
			t.Errorf("%+v", card)
		}
		if got := w.Expect(w.Do("GET", card.Documents[0].Href, w.Token(o, directory.Accountant), nil), 200, ""); !strings.HasPrefix(got.Text, "%PDF") {
			t.Errorf("%q", got.Text)
		}
		if told := strings.Join(w.told(), " "); told != "accrual.received" {
			t.Errorf("told: %s", told)
		}
	})
}

// TestFaultyChargesAreRefusedWithTheirReasons and the good ones beside them are taken.
func TestFaultyChargesAreRefusedWithTheirReasons(t *testing.T) {
	w := one(t)
	o := w.Office("Alpha", directory.Accountant)
	good := w.room.Charge(o)
	for name, f := range map[string]struct {
		spoil func(c *payment.Charge)
		want  string
	}{
		"check digit":      {func(c *payment.Charge) { c.SupplierBillID = "18810177261122000011" }, "uin format"},
		"КБК":              {func(c *payment.Charge) { c.KBK = "1881160112301000114" }, "kbk format"},
		"ОКТМО":            {func(c *payment.Charge) { c.OKTMO = "4538200" }, "oktmo format"},
		"single account":   {func(c *payment.Charge) { c.Payee.OrgAccount.Bank.CorrespondentBankAccount = "40102810445370000058" }, "payee/account format"},
		"bank account":     {func(c *payment.Charge) { c.Payee.OrgAccount.AccountNumber = "40702810500000001235" }, "payee/account format"},
		"payee":            {func(c *payment.Charge) { c.Payee.INN = "7700000008" }, "payee/inn format"},
		"somebody else's":  {func(c *payment.Charge) { c.Payer.INN = "7700000009" }, "payer/inn other_payer"},
		"nothing":          {func(c *payment.Charge) { c.TotalAmount = 0 }, "total_amount out_of_range"},
		"below nothing":    {func(c *payment.Charge) { c.AmountPaid = -1 }, "amount_paid out_of_range"},
		"kind":             {func(c *payment.Charge) { c.Kind = "bribe" }, "kind unknown"},
		"day":              {func(c *payment.Charge) { c.BillDate = "2026-02-30" }, "bill_date format"},
		"term":             {func(c *payment.Charge) { c.ValidUntil = "2001-01-01" }, "valid_until before_bill_date"},
		"turned text":      {func(c *payment.Charge) { c.Purpose = "a\u202eb" }, "purpose format"},
		"a second line":    {func(c *payment.Charge) { c.Purpose = "a\nСумма=1.00" }, "purpose format"},
		"many documents":   {func(c *payment.Charge) { c.Documents = make([]payment.AccrualDocument, 11) }, "documents too_many"},
		"a payer's status": {func(c *payment.Charge) { c.BudgetIndex.Status = "1" }, "payer_status format"},
	} {
		bad := w.room.Charge(o)
		f.spoil(&bad)
		w.room.Tell(t, o, bad, good)
		var q struct {
			State    string
			Received int
			Faults   []struct {
				UIN    string
				Faults []struct{ Field, Code string }
			}
		}
		w.Expect(w.Do("GET", "/v1/accruals/inquiry", w.Token(o, directory.Accountant), nil), 200, "").Into(t, &q)
		if q.State != "answered" || q.Received != 1 || len(q.Faults) != 1 || q.Faults[0].Faults[0].Field+" "+q.Faults[0].Faults[0].Code != f.want {
			t.Errorf("%s: %+v", name, q)
		}
	}
	var page struct{ Items []struct{ UIN string } }
	w.Expect(w.Do("GET", "/v1/accruals", w.Token(o, directory.Accountant), nil), 200, "").Into(t, &page)
	if len(page.Items) != 1 || page.Items[0].UIN != good.SupplierBillID {
		t.Errorf("%+v", page)
	}
}

func TestAnswersThatAreNoListAreRefusedAsAWhole(t *testing.T) {
	w := one(t)
	o := w.Office("Alpha", directory.Accountant)
	state := func() (q struct{ State, Reason string }) {
		w.Expect(w.Do("GET", "/v1/accruals/inquiry", w.Token(o, directory.Accountant), nil), 200, "").Into(t, &q)
		return q
	}
	if q := state(); q.State != "none" {
		t.Errorf("%+v", q)
	}
	for name, files := range map[string][]authority.File{
		"no file": nil, "no JSON": {{Name: payment.ChargesFile, Content: []byte("<charges>")}},
		"another form": {{Name: payment.ChargesFile, Content: []byte(`{"charges":"all"}`)}},
		"too many":     {{Name: payment.ChargesFile, Content: []byte(`{"charges":[` + strings.Repeat("{},", 2000) + `{}]}`)}},
	} {
		w.room.Answer(t, o, authority.Answer{Event: authority.Result, Files: files})
		if q := state(); q.State != "refused" || q.Reason == "" {
			t.Errorf("%s: %+v", name, q)
		}
	}
	w.room.Answer(t, o, authority.Answer{Event: authority.Refused, Text: "Нет соглашения"})
	if q := state(); q.State != "refused" || !strings.Contains(q.Reason, "Нет соглашения") {
		t.Errorf("%+v", q)
	}
	// A question a moment after another one is the same.
	for range 3 {
		w.Expect(w.Do("POST", "/v1/accruals/inquiry", w.Token(o, directory.Accountant), nil), 202, "")
	}
	w.Work()
	if sent := len(w.room.Agency.Sent()); sent != 5 {
		t.Errorf("%d questions", sent)
	}
}

// TestEveryOrganisationIsAskedForOnceADay by the job alone.
func TestEveryOrganisationIsAskedForOnceADay(t *testing.T) {
	w := one(t)
	w.Office("Alpha")
	w.Office("Beta")
	for day := range 3 {
		for range 3 {
			w.Work()
			w.Clock.Advance(11 * time.Minute)
		}
		if sent := len(w.room.Agency.Sent()); sent != 2*(day+1) {
			t.Errorf("day %d: %d questions", day, sent)
		}
		w.Clock.Advance(24 * time.Hour)
	}
}

func TestABodysWordChangesAnAccrualAndNeverUnpaysIt(t *testing.T) {
	w := one(t)
	o := w.Office("Alpha", directory.Accountant)
	c := w.room.Charge(o)
	w.room.Tell(t, o, c)
	c.TotalAmount = 200_000
	w.room.Tell(t, o, c)
	a := w.room.Accrual(t, o, c.SupplierBillID)
	if a.Amount != 200_000 || a.Version != 2 {
		t.Errorf("%+v", a)
	}
	c.AmountPaid = 200_000
	w.room.Tell(t, o, c)
	if got := w.accrual(o, a.ID); got.Status != "paid" || got.Left != 0 {
		t.Errorf("%+v", got)
	}
	c.AmountPaid = 0 // a copy of before
	w.room.Tell(t, o, c)
	if got := w.accrual(o, a.ID); got.Status != "paid" {
		t.Errorf("%+v", got)
	}
	c.TotalAmount = 230_000 // more is owed
	w.room.Tell(t, o, c)
	if got := w.accrual(o, a.ID); got.Status != "due" || got.Left != 30_000 {
		t.Errorf("%+v", got)
	}
	c.Cancelled = true
	w.room.Tell(t, o, c)
	if got := w.accrual(o, a.ID); got.Status != "cancelled" || got.Left != 0 {
		t.Errorf("%+v", got)
	}
	if told := strings.Join(w.told(), " "); told != "accrual.received accrual.changed accrual.changed" {
		t.Errorf("told: %s", told)
	}
}

// TestListsFilterSortAndPage by every column that has an order.
func TestListsFilterSortAndPage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Accountant)
		var charges []payment.Charge
		for i := range 7 {
			c := w.room.Charge(o)
			c.TotalAmount = int64(100_000 * (1 + i%4))
			c.BillDate = w.Clock.Now().AddDate(0, 0, -40*i).Format(time.DateOnly)
			c.ValidUntil = w.Clock.Now().AddDate(0, 0, 30-20*i).Format(time.DateOnly)
			if i == 3 {
				c.Kind, c.Purpose, c.ValidUntil = payment.Tax, "Налог 100%", ""
			}
			if i == 4 {
				c.AmountPaid = c.TotalAmount
			}
			charges = append(charges, c)
		}
		w.room.Tell(t, o, charges...)
		token := w.Token(o, directory.Accountant)
		list := func(query string) (uins []string) {
			var page struct {
				Items []struct{ UIN string }
				Next  string
			}
			for after := ""; ; after = "&after=" + page.Next {
				page.Items, page.Next = nil, ""
				w.Expect(w.Do("GET", "/v1/accruals?limit=2"+query+after, token, nil), 200, "").Into(t, &page)
				for _, item := range page.Items {
					uins = append(uins, item.UIN[15:19])
				}
				if page.Next == "" {
					return uins
				}
			}
		}
		for query, want := range map[string]string{
			"":                           "0001 0002 0003 0004 0005 0006 0007",
			"&sort=billed":               "0007 0006 0005 0004 0003 0002 0001",
			"&sort=due":                  "0007 0006 0005 0003 0002 0001 0004",
			"&status=overdue":            "0003 0006 0007",
			"&status=due":                "0001 0002 0004",
			"&status=paid":               "0005",
			"&status=unpaid":             "0001 0002 0003 0004 0006 0007",
			"&status=paying":             "",
			"&kind=tax":                  "0004",
			"&q=100%25":                  "0004",
			"&q=налог":                   "0004",
			"&q=_":                       "",
			"&payee=7700000009&kind=tax": "0004",
			"&payee=1":                   "",
			"&due_to=" + w.Clock.Now().AddDate(0, 0, -30).Format(time.DateOnly): "0005 0006 0007",
			"&period=year&sort=-billed":                                         list0(charges, w.Clock.Now()),
		} {
			if got := strings.Join(list(query), " "); got != want {
				t.Errorf("%s: %s, want %s", query, got, want)
			}
		}
		for _, sort := range []string{"amount", "-amount", "purpose", "-purpose"} {
			if got := list("&sort=" + sort); len(got) != 7 || got[0] == got[6] {
				t.Errorf("%s: %v", sort, got)
			}
		}
		for _, query := range []string{"period=decade", "period=year&from=2026-01-01", "from=2026-02-30", "from=2026-02-02&to=2026-02-01", "sort=payee", "status=new", "kind=x", "payee=7x", "x=1", "after=!!"} {
			w.Expect(w.Do("GET", "/v1/accruals?"+query, token, nil), 400, "parameter_invalid")
		}
		var s struct {
			Count, Left, Overdue int64
			NextDueOn            string `json:"next_due_on"`
		}
		w.Expect(w.Do("GET", "/v1/accruals/summary", token, nil), 200, "").Into(t, &s)
		if s.Count != 6 || s.Left != 1_500_000 || s.Overdue != 800_000 || s.NextDueOn != w.Clock.Now().AddDate(0, 0, 10).Format(time.DateOnly) {
			t.Errorf("%+v", s)
		}
		if got := w.Expect(w.Do("GET", "/v1/accruals/payees", token, nil), 200, ""); !strings.Contains(got.Text, `"7700000009"`) {
			t.Errorf("%s", got.Text)
		}
	})
}

// list0 are the charges of this year by hand.
func list0(charges []payment.Charge, now time.Time) string {
	var of []string
	for _, c := range charges {
		if c.BillDate[:4] == now.Add(3*time.Hour).Format("2006") {
			of = append(of, c.SupplierBillID[15:19])
		}
	}
	return strings.Join(of, " ")
}

func TestExportsHaveTheListsRows(t *testing.T) {
	w := one(t)
	o := w.Office("Alpha", directory.Accountant)
	w.room.Accruals(t, o, 3)
	token := w.Token(o, directory.Accountant)
	for format, begin := range map[string]string{"xlsx": "PK\x03\x04", "pdf": "%PDF-"} {
		got := w.Expect(w.Do("GET", "/v1/accruals/export?format="+format, token, nil), 200, "")
		if !strings.HasPrefix(got.Text, begin) || got.Header.Get("Accrual-Rows-Cut") != "" || !strings.Contains(got.Header.Get("Content-Disposition"), "accruals."+format) {
			t.Errorf("%s: %v", format, got.Header)
		}
	}
	w.Expect(w.Do("GET", "/v1/accruals/export?format=csv", token, nil), 400, "parameter_invalid")
	w.Expect(w.Do("GET", "/v1/accruals/export?limit=1", token, nil), 400, "parameter_invalid")
}

func TestPeopleAreRemindedThreeDaysBeforeOnce(t *testing.T) {
	w := one(t)
	o := w.Office("Alpha", directory.Accountant)
	w.room.Accruals(t, o, 1)
	w.Clock.Advance(26 * 24 * time.Hour)
	w.Work()
	before := len(w.told())
	w.Clock.Advance(30 * time.Hour)
	w.Work()
	w.Clock.Advance(time.Hour)
	w.Work()
	told := w.told()
	if len(told)-before != 1 || told[len(told)-1] != "accrual.due" {
		t.Errorf("%v", told)
	}
}

// TestReportsBecomeTicketsWhoseResultIsInTheHistory guards row 226.
func TestReportsBecomeTicketsWhoseResultIsInTheHistory(t *testing.T) {
	w := one(t)
	o := w.Office("Alpha", directory.Accountant, directory.Manager)
	a := w.room.Accruals(t, o, 1)[0]
	path := "/v1/accruals/" + a.ID + "/problems"
	var rep struct {
		RequestID string `json:"request_id"`
		Number    string
	}
	w.Expect(w.Do("POST", path, w.admin(o), map[string]any{"reason": "amount", "text": "Вдвое больше."}), 201, "").Into(t, &rep)
	got := w.Expect(w.Do("GET", "/v1/organization/requests/"+rep.RequestID, w.admin(o), nil), 200, "")
	if !strings.Contains(got.Text, a.UIN) || !strings.Contains(got.Text, "Вдвое больше.") {
		t.Errorf("%s", got.Text)
	}
	if got := w.Expect(w.Do("GET", "/v1/accruals/"+a.ID, w.admin(o), nil), 200, ""); !strings.Contains(got.Text, rep.Number) {
		t.Errorf("%s", got.Text)
	}
	if got := w.Expect(w.Do("GET", "/v1/organization/requests/history", w.admin(o), nil), 200, ""); !strings.Contains(got.Text, rep.Number) {
		t.Errorf("%s", got.Text)
	}
	w.Expect(w.Do("POST", path, w.admin(o), map[string]any{"reason": "hate"}), 422, "validation_failed")
	w.Expect(w.Do("POST", path, w.admin(o), map[string]any{"reason": "other"}), 422, "validation_failed")
	w.Expect(w.Do("POST", path, w.admin(o), map[string]any{"reason": "other", "text": strings.Repeat("ж", 4001)}), 422, "validation_failed")
	w.Expect(w.Do("POST", path, w.admin(o), map[string]any{"reason": "paid", "files": []string{a.ID}}), 422, "validation_failed")
	w.Expect(w.Do("POST", path, w.Token(o, directory.Manager), map[string]any{"reason": "paid"}), 403, "act_forbidden")
	w.Expect(w.Do("POST", path, w.Token(o, directory.Accountant), map[string]any{"reason": "paid"}), 403, "permission_missing")
	other := w.Office("Beta")
	w.Expect(w.Do("POST", path, w.admin(other), map[string]any{"reason": "paid"}), 404, "not_found")
}
