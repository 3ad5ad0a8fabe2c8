package payment

import (
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// historyFilters are those of the history's form.
var historyFilters = []string{"status", "method", "from", "to", "sum_from", "sum_to"}

type historyView struct {
	Tabs            []pages.NavItem
	States, Methods []pages.Option
	Values          map[string]string
	Rows            []payment
	Filtered, More  bool
	First, Next     string
	XLSX, PDF       string
}

// payments is the history (rows 215 and 229).
func payments(v *desk.Visit) error {
	view := historyView{Tabs: tabs(v), Values: map[string]string{}}
	for _, name := range historyFilters {
		view.Values[name] = v.Query(name)
		view.Filtered = view.Filtered || v.Query(name) != ""
		view.More = view.More || v.Query(name) != "" && name != "status" && name != "method"
	}
	view.options(v)
	status, faults, err := view.read(v)
	if err != nil {
		return err
	}
	return v.Page(status, "finance_payments.html", "payment.tab.payments", view, faults...)
}

func (view *historyView) options(v *desk.Visit) {
	view.States, view.Methods = []pages.Option{{Label: v.T("payment.any")}}, []pages.Option{{Label: v.T("payment.any")}}
	for _, name := range []string{"created", "sent", "paid", "refused", "expired", "cancelled"} {
		view.States = append(view.States, pages.Option{Value: name, Label: v.T("payment.state." + name)})
	}
	for _, name := range []string{"card", "sbp", "wallet", "account"} {
		view.Methods = append(view.Methods, pages.Option{Value: name, Label: v.T("payment.way." + name)})
	}
	for format, link := range map[string]*string{"xlsx": &view.XLSX, "pdf": &view.PDF} {
		query := v.Kept(historyFilters...)
		query.Set("format", format)
		*link = address(history+"/export", query)
	}
}

// read asks for one page of the history.
func (view *historyView) read(v *desk.Visit) (int, []pages.FieldError, error) {
	query, faults := pastAsked(v)
	if len(faults) > 0 {
		return http.StatusUnprocessableEntity, faults, nil
	}
	if after := v.Query("after"); after != "" {
		view.First = address(history, v.Kept(historyFilters...))
		query.Set("after", after)
	}
	query.Set("limit", "25")
	var found struct {
		Items []payment `json:"items"`
		Next  string    `json:"next"`
	}
	if err := v.Get("/payments", query, &found); err != nil {
		return v.Mendable(err, historyFilters...)
	}
	view.Rows = found.Items
	if found.Next != "" {
		more := v.Kept(historyFilters...)
		more.Set("after", found.Next)
		view.Next = address(history, more)
	}
	return http.StatusOK, nil, nil
}

// pastAsked are the filters in the API's terms: days become moments, rubles kopecks.
func pastAsked(v *desk.Visit) (query url.Values, faults []pages.FieldError) {
	query = v.Kept("status", "method")
	first, after, faults := v.Period("from", "to")
	for name, at := range map[string]time.Time{"since": first, "before": after} {
		if !at.IsZero() {
			query.Set(name, at.UTC().Format(time.RFC3339))
		}
	}
	for _, name := range []string{"sum_from", "sum_to"} {
		kopecks, ok := kopecksOf(v.Query(name))
		if !ok {
			faults = append(faults, pages.FieldError{Field: name, Key: "payment.sum.wrong"})
		} else if kopecks > 0 {
			query.Set(name, strconv.FormatInt(kopecks, 10))
		}
	}
	return query, faults
}

// kopecksOf reads a sum of rubles as people write it: "1 500", "1500,50". 0 for none.
func kopecksOf(text string) (int64, bool) {
	text = strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "", "₽", "", ",", ".").Replace(text)
	if text == "" {
		return 0, true
	}
	rubles, err := strconv.ParseFloat(text, 64)
	if err != nil || !(rubles >= 0 && rubles < 1e12) || strings.ContainsAny(text, "eExXpPn_") {
		return 0, false
	}
	return int64(math.Round(rubles * 100)), true
}

// exportPayments hands the history over as a file, with the filters of the page.
func exportPayments(v *desk.Visit) error {
	query, faults := pastAsked(v)
	if len(faults) > 0 {
		return v.Redirect(address(history, v.Kept(historyFilters...)))
	}
	query.Set("format", v.Query("format"))
	return v.Export("payments", "/payments/export", query)
}
