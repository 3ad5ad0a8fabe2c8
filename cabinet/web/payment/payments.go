package payment

import (
	"net/http"
	"net/url"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

func paymentAPI(v *desk.Visit) string { return "/payments/" + desk.Escape(v.PathValue("id")) }

func paymentPath(v *desk.Visit) string { return history + "/" + desk.Escape(v.PathValue("id")) }

type paymentView struct {
	Payment payment
	Tag     pages.Tag
	Facts   []pages.Pair
	Offers  []pages.Offer
	Working bool // its link is being made, or its outcome is awaited
	Percent int
	Again   string // where to pay what was not paid
}

// showPayment is one payment: where to pay it, or how it ended.
func showPayment(v *desk.Visit) error { return paymentPage(v, http.StatusOK) }

func paymentPage(v *desk.Visit, status int, errs ...pages.FieldError) error {
	view := paymentView{}
	if err := v.Get(paymentAPI(v), nil, &view.Payment); err != nil {
		return err
	}
	p := view.Payment
	view.Tag = p.Tag()
	waits := p.Status == "created" && p.Method == "account" && p.SignedAt == nil
	view.Working = p.Status == "sent" || p.Status == "created" && !waits || p.Status == "paid" && !p.HasReceipt
	view.Percent = map[string]int{"created": 20, "sent": 50, "paid": 90}[p.Status]
	view.facts(v)
	cancel := pages.Act{Title: "payment.act.cancel", URL: p.Path() + "/cancel", Post: true, Stop: true, Ask: "payment.act.cancel.ask"}
	view.Offers = v.Offers(p.Actions,
		desk.Offer{Action: "sign", Act: pages.Act{Title: "payment.act.sign", URL: p.Path() + "/sign"}, Main: true, Hide: true},
		desk.Offer{Action: "cancel", Act: cancel, Hide: true},
	)
	if p.Status == "refused" || p.Status == "expired" || p.Status == "cancelled" {
		again := url.Values{}
		for _, item := range p.Items {
			again.Add("id", item.AccrualID)
		}
		view.Again = payAt + "?" + again.Encode()
	}
	return v.Page(status, "finance_payment.html", v.T("payment.one", "Number", p.Number), view, errs...)
}

func (view *paymentView) facts(v *desk.Visit) {
	p := view.Payment
	view.Facts = pairs("payment.fact.sum", p.Sum(), "payment.fact.method", p.MethodLabel)
	if a := p.Payer.Account; a != nil {
		view.Facts = append(view.Facts, pages.Pair{Label: "payment.req.account", Text: tail(a.Number), Under: a.Bank})
	}
	view.Facts = append(view.Facts, pages.Pair{Label: "payment.fact.begun", At: p.CreatedAt})
	if p.Status == "created" || p.Status == "sent" {
		view.Facts = append(view.Facts, pages.Pair{Label: "payment.fact.expires", At: p.ExpiresAt})
	}
	if p.SignedAt != nil {
		view.Facts = append(view.Facts, pages.Pair{Label: "payment.fact.signed", Text: p.Signer})
	}
	if p.PaidAt != nil {
		view.Facts = append(view.Facts, pages.Pair{Label: "payment.fact.paid_at", At: *p.PaidAt})
	}
	view.Facts = append(view.Facts, pairs("payment.fact.reference", p.Reference)...)
}

// progress tells the page's script whether the payment stands otherwise than the page
// shows it.
func progress(v *desk.Visit) error {
	var p payment
	if err := v.Get(paymentAPI(v), nil, &p); err != nil {
		return v.Refusal(err)
	}
	seen := v.Query("seen")
	return v.JSON(http.StatusOK, map[string]any{
		"percent": map[string]int{"created": 20, "sent": 50, "paid": 90}[p.Status], "stage": p.StatusLabel, "over": p.Status != seen || p.HasReceipt,
	})
}

// receipt hands the receipt over, or its signature.
func receipt(v *desk.Visit) error {
	query := url.Values{}
	if part := v.Query("part"); part != "" {
		query.Set("part", part)
	}
	return v.Download(paymentAPI(v)+"/receipt", query)
}

// cancelled gives up orders that are not signed.
func cancelled(v *desk.Visit) error {
	if err := v.Post(paymentAPI(v)+"/cancel", nil, nil, desk.IdempotencyKey(v.FormKey())); err != nil {
		status, errs, err := v.Mendable(err)
		if err != nil {
			return err
		}
		return paymentPage(v, status, errs...)
	}
	return v.Done(paymentPath(v), "payment.done.cancel")
}

func dialog(v *desk.Visit, p payment) desk.Signing {
	return desk.Signing{
		Title: v.T("payment.sign.title", "Number", p.Number), Lead: "payment.sign.lead",
		Facts:   []pages.Pair{{Label: "payment.fact.sum", Text: p.Sum()}, {Label: "payment.sign.for", Text: p.Description}, {Label: "payment.sign.orders", Text: v.T("payment.sign.count", "Count", len(p.Items))}},
		FileURL: p.Path() + "/orders", FileName: p.Orders.Name, Size: p.Orders.Size, SHA256: p.Orders.SHA256,
		Action: p.Path() + "/sign", Act: "payment.act.sign", BackURL: p.Path(), Back: "payment.sign.back",
	}
}

// signForm opens the signing dialog over the payment orders.
func signForm(v *desk.Visit) error {
	var p payment
	if err := v.Get(paymentAPI(v), nil, &p); err != nil {
		return err
	}
	if p.Orders == nil || p.Status != "created" || p.SignedAt != nil {
		return v.Redirect(p.Path())
	}
	return v.Sign(http.StatusOK, dialog(v, p), nil)
}

// signed takes the signature.
func signed(v *desk.Visit) error {
	var p payment
	if err := v.Get(paymentAPI(v), nil, &p); err != nil {
		return err
	}
	if p.Orders == nil {
		return desk.Missing()
	}
	made, err := v.Signature()
	if err == nil {
		body := map[string]any{"signature": desk.SignatureText(made)}
		if err = v.Post(paymentAPI(v)+"/sign", body, nil, desk.IdempotencyKey(v.FormKey())); err == nil {
			return v.Done(p.Path(), "payment.done.sign")
		}
	}
	return v.Unsigned(err, dialog(v, p), paymentAPI(v)+"/orders", made)
}
