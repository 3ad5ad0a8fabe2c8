package integration

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

type deliveryRow struct {
	delivery
	URL string
	Tag pages.Tag
	Act *pages.Act
}

// stateKinds are the colours of what became of a delivery.
var stateKinds = map[string]string{"waiting": "wait", "delivered": "go", "failed": "stop"}

func deliveryTag(v *desk.Visit, d delivery) pages.Tag {
	return pages.Tag{Kind: stateKinds[d.State], Text: v.T("integration.delivery." + d.State)}
}

// deliveries are those of the webhook that the page's filters choose.
func (h *hookView) deliveries(v *desk.Visit) error {
	query := url.Values{}
	for _, name := range []string{"state", "type"} {
		if value := v.Query(name); value != "" {
			query.Set(name, value)
		}
	}
	page := url.Values{"limit": {"20"}}
	for name, values := range query {
		page[name] = values
	}
	if after := v.Query("after"); after != "" {
		page.Set("after", after)
		h.First = h.URL + "?" + query.Encode()
	}
	var found struct {
		Deliveries []delivery `json:"deliveries"`
		Next       string     `json:"next"`
	}
	if err := v.Get(hookAPI(v)+"/deliveries", page, &found); err != nil {
		return err
	}
	for _, one := range found.Deliveries {
		line := deliveryRow{delivery: one, URL: h.URL + "/deliveries/" + desk.Escape(one.ID), Tag: deliveryTag(v, one)}
		if one.Actions.Allowed("replay") {
			line.Act = &pages.Act{Title: "integration.act.replay", URL: line.URL + "/replay", Post: true, About: one.Type}
		}
		h.Deliveries = append(h.Deliveries, line)
	}
	if found.Next != "" {
		query.Set("after", found.Next)
		h.Next = h.URL + "?" + query.Encode()
	}
	h.States = []pages.Option{{Value: "", Label: v.T("integration.any")}}
	for _, name := range []string{"waiting", "delivered", "failed"} {
		h.States = append(h.States, pages.Option{Value: name, Label: v.T("integration.delivery." + name)})
	}
	return nil
}

type deliveryView struct {
	Delivery delivery
	Back     string
	Name     string
	Tag      pages.Tag
	Facts    []pages.Pair
	Body     string
	Log      []attemptView
	Offers   []pages.Offer
}

type attemptView struct {
	attempt
	Title   string
	Kind    string
	Headers string
}

// showDelivery draws what was sent and what was answered, attempt by attempt.
func showDelivery(v *desk.Visit) error {
	view := deliveryView{Back: hookPath(v.PathValue("id"))}
	var w webhook
	if err := v.Get(hookAPI(v), nil, &w); err != nil {
		return err
	}
	path := hookAPI(v) + "/deliveries/" + desk.Escape(v.PathValue("delivery"))
	if err := v.Get(path, nil, &view.Delivery); err != nil {
		return err
	}
	d := view.Delivery
	view.Name, view.Tag, view.Body = hookName(w), deliveryTag(v, d), indented(d.Body)
	view.Facts = []pages.Pair{
		{Label: "integration.message", Text: d.MessageID}, {Label: "integration.when", At: d.CreatedAt},
	}
	if !d.NextAt.IsZero() && d.State == "waiting" {
		view.Facts = append(view.Facts, pages.Pair{Label: "integration.next", At: d.NextAt})
	}
	for _, one := range slices.Backward(d.Log) {
		view.Log = append(view.Log, newAttempt(v, one))
	}
	view.Offers = v.Offers(d.Actions, desk.Offer{Action: "replay", Main: true, Hide: true, Act: pages.Act{
		Title: "integration.act.replay", URL: view.Back + "/deliveries/" + desk.Escape(d.ID) + "/replay", Post: true,
	}})
	return v.Page(http.StatusOK, "integration_delivery.html", d.Type, view)
}

// indented is JSON as people read it; what is none stays as it is.
func indented(raw json.RawMessage) string {
	var out bytes.Buffer
	if json.Indent(&out, raw, "", "  ") != nil {
		return string(raw)
	}
	return out.String()
}

func newAttempt(v *desk.Visit, a attempt) attemptView {
	view := attemptView{attempt: a, Kind: "go"}
	switch {
	case a.Error == "status":
		view.Title, view.Kind = v.T("integration.answered", "Status", a.Status), "stop"
	case a.Error != "":
		view.Title, view.Kind = v.T("integration.error."+a.Error), "stop"
	default:
		view.Title = v.T("integration.answered", "Status", a.Status)
	}
	names := make([]string, 0, len(a.RequestHeaders))
	for name := range a.RequestHeaders {
		names = append(names, name)
	}
	slices.Sort(names)
	var lines strings.Builder
	for _, name := range names {
		lines.WriteString(name + ": " + a.RequestHeaders[name] + "\n")
	}
	view.Headers = lines.String()
	return view
}

// replayOne sends one delivery again.
func replayOne(v *desk.Visit) error {
	path := "/deliveries/" + desk.Escape(v.PathValue("delivery"))
	err := v.Post(hookAPI(v)+path+"/replay", nil, nil, desk.IdempotencyKey(v.FormKey()))
	if err != nil {
		return hookDone(v, err, "", hookForm{})
	}
	return v.Done(hookPath(v.PathValue("id"))+path, "integration.done.replay")
}

// replayMany sends the settled deliveries of a span again.
func replayMany(v *desk.Visit) error {
	from, err := desk.Day(v.Value("from"))
	if err != nil || from.IsZero() {
		return hookPage(v, http.StatusUnprocessableEntity, hookForm{}, pages.FieldError{Field: "from", Key: "desk.day.wrong"})
	}
	to, err := desk.Day(v.Value("to"))
	if err != nil {
		return hookPage(v, http.StatusUnprocessableEntity, hookForm{}, pages.FieldError{Field: "to", Key: "desk.day.wrong"})
	}
	body := map[string]any{"from": from}
	if !to.IsZero() {
		body["to"] = to.AddDate(0, 0, 1)
	}
	if state := v.Value("state"); state != "" {
		body["state"] = state
	}
	var told struct {
		Replayed int `json:"replayed"`
	}
	err = v.Post(hookAPI(v)+"/replay", body, &told, desk.IdempotencyKey(v.FormKey()))
	return hookDone(v, err, "integration.done.replayed", hookForm{}, "Count", told.Replayed)
}

// exchange is the journal of the exchange as a file (rows 256, 257).
func exchange(v *desk.Visit) error {
	query := url.Values{}
	if v.Query("format") == "xml" {
		query.Set("format", "xml")
	}
	first, after, _ := v.Period("from", "to")
	for name, at := range map[string]time.Time{"from": first, "to": after} {
		if !at.IsZero() {
			query.Set(name, at.Format(time.RFC3339))
		}
	}
	return v.Download(hookAPI(v)+"/exchange", query)
}
