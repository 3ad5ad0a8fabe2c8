package payment

import (
	"net/http"
	"strconv"
	"strings"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// maxChosen bounds the accruals of one payment, as the API does.
const maxChosen = 20

type payView struct {
	Rows    []accrual
	Sum     string
	Methods []pages.Option
	Method  string
	Lack    *pages.Lack
	Linkage bool // no account is linked: say where that is done
}

// payForm shows what was chosen, and asks how to pay it (rows 227 and 228).
func payForm(v *desk.Visit) error {
	ids, method := v.Request().URL.Query()["id"], ""
	if draft := v.Draft(); draft != nil { // back from a sign-in
		ids, method = nil, draft.Get("method")
		for _, chosen := range draft["accrual"] {
			id, _, _ := strings.Cut(chosen, ":")
			ids = append(ids, id)
		}
	}
	return payPage(v, http.StatusOK, ids, method)
}

func payPage(v *desk.Visit, status int, ids []string, method string, errs ...pages.FieldError) error {
	if len(ids) == 0 || len(ids) > maxChosen {
		return v.Done(all, "payment.choose", "Most", maxChosen)
	}
	view := payView{Method: method, Lack: v.Lack("finance:write")}
	var sum int64
	for _, id := range ids {
		var a accrual
		if err := v.Get("/accruals/"+desk.Escape(id), nil, &a); err != nil {
			return err
		}
		view.Rows = append(view.Rows, a)
		sum += a.Left
	}
	view.Sum = desk.Rubles(sum)
	var known struct {
		Items []linkable `json:"items"`
	}
	if err := v.Get("/payment-accounts", nil, &known); err != nil {
		return err
	}
	for _, name := range []string{"card", "sbp", "wallet"} {
		view.Methods = append(view.Methods, pages.Option{Value: name, Label: v.T("payment.method." + name)})
	}
	view.Linkage = true
	for _, l := range known.Items {
		if l.State == "linked" {
			view.Linkage = false
			view.Methods = append(view.Methods, pages.Option{Value: "account:" + l.ID, Label: v.T("payment.method.account", "Account", tail(l.Account), "Bank", l.Bank)})
		}
	}
	return v.Page(status, "finance_pay.html", "payment.pay.title", view, errs...)
}

// tail are the last digits of an account, by which its owner knows it.
func tail(account string) string { return "…" + account[max(0, len(account)-4):] }

// pay begins the payment with the sums that the page showed.
func pay(v *desk.Visit) error {
	type wanted struct {
		ID     string `json:"id"`
		Amount int64  `json:"amount"`
	}
	method, accountID, _ := strings.Cut(v.Value("method"), ":")
	in := struct {
		Method    string   `json:"method"`
		AccountID string   `json:"account_id,omitempty"`
		Accruals  []wanted `json:"accruals"`
	}{Method: method, AccountID: accountID}
	var ids []string
	for _, chosen := range v.Form()["accrual"] {
		id, text, _ := strings.Cut(chosen, ":")
		amount, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			amount = 0 // a sum that is none is the API's to refuse
		}
		ids, in.Accruals = append(ids, id), append(in.Accruals, wanted{id, amount})
	}
	var made payment
	if err := v.Post("/payments", in, &made, desk.IdempotencyKey(v.FormKey())); err != nil {
		status, errs, err := v.Mendable(err, "method")
		if err != nil {
			return err
		}
		return payPage(v, status, ids, v.Value("method"), errs...)
	}
	if in.Method == "account" {
		return v.Redirect(made.Path() + "/sign")
	}
	return v.Redirect(made.Path())
}
