package payment

import (
	"net/http"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

type accountsView struct {
	Tabs []pages.NavItem
	Rows []accountRow
	Lack *pages.Lack
}

type accountRow struct {
	linkable
	Unlink pages.Act
}

// accountList shows the accounts of the profile, and which of them are paid from (row
// 230).
func accountList(v *desk.Visit) error { return accountsPage(v, http.StatusOK) }

func accountsPage(v *desk.Visit, status int, errs ...pages.FieldError) error {
	view := accountsView{Tabs: tabs(v), Lack: v.Lack("finance:write")}
	var known struct {
		Items []linkable `json:"items"`
	}
	if err := v.Get("/payment-accounts", nil, &known); err != nil {
		return err
	}
	for _, l := range known.Items {
		view.Rows = append(view.Rows, accountRow{l, pages.Act{
			Title: "payment.act.unlink", URL: accounts + "/" + l.ID + "/unlink", Post: true, Stop: true, Ask: "payment.act.unlink.ask", About: tail(l.Account),
		}})
	}
	return v.Page(status, "finance_accounts.html", "payment.tab.accounts", view, errs...)
}

// askLink sends the code and leads to where it is typed.
func askLink(v *desk.Visit) error {
	var made struct {
		ID string `json:"id"`
		To string `json:"to"`
	}
	in := map[string]string{"account": v.Value("account"), "bic": v.Value("bic")}
	if err := v.Post("/payment-accounts", in, &made); err != nil {
		status, errs, err := v.Mendable(err)
		if err != nil {
			return err
		}
		return accountsPage(v, status, errs...)
	}
	return v.Done(accounts+"/"+made.ID+"/confirm", "payment.done.code", "To", made.To)
}

func confirmForm(v *desk.Visit) error { return confirmPage(v, http.StatusOK) }

func confirmPage(v *desk.Visit, status int, errs ...pages.FieldError) error {
	var known struct {
		Items []linkable `json:"items"`
	}
	if err := v.Get("/payment-accounts", nil, &known); err != nil {
		return err
	}
	for _, l := range known.Items {
		if l.ID == v.PathValue("id") && l.State == "asked" {
			return v.Page(status, "finance_confirm.html", "payment.confirm.title", l, errs...)
		}
	}
	return v.Redirect(accounts)
}

// confirm links the account by the code.
func confirm(v *desk.Visit) error {
	err := v.Post("/payment-accounts/"+desk.Escape(v.PathValue("id"))+"/confirm", map[string]string{"code": v.Value("code")}, nil)
	if problem := desk.AsProblem(err); problem != nil && (problem.Code == "payment_code_wrong" || problem.Code == "payment_code_over") {
		return confirmPage(v, http.StatusUnprocessableEntity, pages.FieldError{Field: "code", Key: problem.Title + ". " + problem.Detail})
	}
	if err != nil {
		status, errs, err := v.Mendable(err, "code")
		if err != nil {
			return err
		}
		return confirmPage(v, status, errs...)
	}
	return v.Done(accounts, "payment.done.link")
}

func unlink(v *desk.Visit) error {
	if err := v.Delete("/payment-accounts/"+desk.Escape(v.PathValue("id")), nil, nil); err != nil {
		status, errs, err := v.Mendable(err)
		if err != nil {
			return err
		}
		return accountsPage(v, status, errs...)
	}
	return v.Done(accounts, "payment.done.unlink")
}
