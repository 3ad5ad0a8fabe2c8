package payment

import (
	"net/http"
	"net/url"
	"strings"

	"propusk/cabinet/web/desk"
	"propusk/cabinet/web/request"
	"propusk/idp/pages"
)

func accrualAPI(v *desk.Visit) string { return "/accruals/" + desk.Escape(v.PathValue("id")) }

type cardView struct {
	Accrual    accrual
	Tag        pages.Tag
	Facts      []pages.Pair
	Requisites []pages.Pair
	Offers     []pages.Offer
	Documents  []documentRow
}

type documentRow struct {
	attachment
	URL, Day string
}

// show is the card of an accrual (row 225).
func show(v *desk.Visit) error {
	view := cardView{}
	if err := v.Get(accrualAPI(v), nil, &view.Accrual); err != nil {
		return err
	}
	a := view.Accrual
	view.Tag = a.Tag()
	view.Facts = facts(v, a)
	view.Requisites = requisitePairs(v, a)
	for _, d := range a.Documents {
		row := documentRow{attachment: d, Day: people(d.Date)}
		if at := strings.LastIndexByte(d.Href, '/'); at > 0 {
			row.URL = a.Path() + "/documents/" + desk.Escape(d.Href[at+1:])
		}
		view.Documents = append(view.Documents, row)
	}
	view.Offers = v.Offers(a.Actions,
		desk.Offer{Action: "pay", Act: pages.Act{Title: v.T("payment.act.pay", "Sum", desk.Rubles(a.Left)), URL: payAt + "?" + url.Values{"id": {a.ID}}.Encode()}, Main: true, Hide: true},
		desk.Offer{Action: "report", Act: pages.Act{Title: "payment.act.report", URL: a.Path() + "/problem"}},
	)
	return v.Page(http.StatusOK, "finance_accrual.html", a.Purpose, view)
}

// pairs collects labelled values and leaves out what is empty.
func pairs(texts ...string) (list []pages.Pair) {
	for i := 0; i+1 < len(texts); i += 2 {
		if texts[i+1] != "" {
			list = append(list, pages.Pair{Label: texts[i], Text: texts[i+1]})
		}
	}
	return list
}

func facts(v *desk.Visit, a accrual) []pages.Pair {
	due := a.Due()
	if due == "" {
		due = v.T("payment.no_term")
	}
	list := pairs("payment.fact.kind", a.KindLabel, "payment.fact.sum", a.Sum(), "payment.fact.billed", a.Billed(), "payment.fact.due", due)
	if a.Paid > 0 {
		list = append(list, pairs("payment.fact.paid", desk.Rubles(a.Paid), "payment.fact.left", desk.Rubles(a.Left))...)
	}
	return append(list, pairs("payment.fact.uin", a.UIN, "payment.fact.source", a.Source)...)
}

func requisitePairs(v *desk.Visit, a accrual) []pages.Pair {
	r := a.Requisites
	return pairs(
		"payment.fact.payee", r.Payee.Name, "payment.req.inn", r.Payee.INN, "payment.req.kpp", r.Payee.KPP,
		"payment.req.account", r.Account.Number, "payment.req.bank", r.Account.Bank, "payment.req.bic", r.Account.BIC,
		"payment.req.correspondent", r.Account.Correspondent, "payment.req.kbk", r.Budget.KBK, "payment.req.oktmo", r.Budget.OKTMO,
		"payment.fact.uin", a.UIN, "payment.req.status", r.Budget.PayerStatus, "payment.req.basis", r.Budget.Basis, "payment.req.period", r.Budget.TaxPeriod,
		"payment.req.document", r.Budget.DocumentNumber, "payment.req.date", r.Budget.DocumentDate,
	)
}

func document(v *desk.Visit) error {
	return v.Download(accrualAPI(v)+"/documents/"+desk.Escape(v.PathValue("file")), nil)
}

type reportView struct {
	Accrual      accrual
	Reasons      []pages.Option
	Reason, Text string
}

// reportForm asks what is wrong with an accrual (row 226).
func reportForm(v *desk.Visit) error {
	form := v.Form()
	return reportPage(v, http.StatusOK, form.Get("reason"), form.Get("text"))
}

func reportPage(v *desk.Visit, status int, reason, text string, errs ...pages.FieldError) error {
	view := reportView{Reason: reason, Text: text}
	if err := v.Get(accrualAPI(v), nil, &view.Accrual); err != nil {
		return err
	}
	view.Reasons = []pages.Option{{Label: v.T("payment.reason.none")}}
	for _, code := range []string{"not_ours", "amount", "paid", "requisites", "other"} {
		view.Reasons = append(view.Reasons, pages.Option{Value: code, Label: v.T("payment.reason." + code)})
	}
	return v.Page(status, "finance_problem.html", "payment.act.report", view, errs...)
}

// reported uploads the proofs and opens the ticket.
func reported(v *desk.Visit) error {
	reason, text := v.Value("reason"), v.Value("text")
	proofs, faults, err := request.Upload(v, "files")
	if err != nil {
		return err
	}
	if len(faults) > 0 {
		return reportPage(v, http.StatusUnprocessableEntity, reason, text, faults...)
	}
	ids := make([]string, len(proofs))
	for i, f := range proofs {
		ids[i] = f.ID
	}
	var made struct {
		Number    string `json:"number"`
		RequestID string `json:"request_id"`
	}
	in := map[string]any{"reason": reason, "text": text, "files": ids}
	if err := v.Post(accrualAPI(v)+"/problems", in, &made, desk.IdempotencyKey(v.FormKey())); err != nil {
		status, errs, err := v.Mendable(err, "reason", "text", "files")
		if err != nil {
			return err
		}
		return reportPage(v, status, reason, text, errs...)
	}
	return v.Done("/cabinet/requests/"+desk.Escape(made.RequestID), "payment.done.report", "Number", made.Number)
}
