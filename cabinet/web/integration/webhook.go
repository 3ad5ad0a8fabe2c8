package integration

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

type newView struct {
	Form   hookForm
	Groups []eventGroup
}

type hookForm struct {
	Sent                      bool
	URL, Program, Description string
	Types                     []string
	Every                     bool // all that one may learn of
}

type eventGroup struct {
	Label   string
	Boxes   []eventBox
	Checked int
}

type eventBox struct {
	event
	Checked bool
}

var hookFields = []string{"url", "program", "description", "types"}

func readHook(form url.Values) hookForm {
	return hookForm{
		Sent: true, URL: form.Get("url"), Program: form.Get("program"), Description: form.Get("description"), Types: form["types"],
		Every: form.Get("scope") != "chosen",
	}
}

// body is the webhook in the API's terms; no types are all.
func (f hookForm) body() map[string]any {
	body := map[string]any{"url": f.URL, "program": f.Program, "description": f.Description, "types": append([]string{}, f.Types...)}
	if f.Every {
		body["types"] = []string{}
	}
	return body
}

// groups are the event types by category, as the notices name the categories.
func groups(v *desk.Visit, chosen []string) ([]eventGroup, error) {
	var found struct {
		Events []event `json:"events"`
	}
	if err := v.Get("/webhook-events", nil, &found); err != nil {
		return nil, err
	}
	var list []eventGroup
	at := map[string]int{}
	for _, one := range found.Events {
		i, known := at[one.Category]
		if !known {
			i = len(list)
			at[one.Category] = i
			list = append(list, eventGroup{Label: v.T("integration.category." + one.Category)})
		}
		checked := slices.Contains(chosen, one.Type)
		list[i].Boxes = append(list[i].Boxes, eventBox{one, checked})
		if checked {
			list[i].Checked++
		}
	}
	return list, nil
}

// newWebhook asks where events are to be sent.
func newWebhook(v *desk.Visit) error {
	form := hookForm{Every: true}
	if kept := v.Draft(); kept != nil {
		form = readHook(kept)
	}
	return newPage(v, http.StatusOK, form)
}

func newPage(v *desk.Visit, status int, form hookForm, errs ...pages.FieldError) error {
	events, err := groups(v, form.Types)
	if err != nil {
		return err
	}
	return v.Page(status, "integration_new.html", "integration.new.title", newView{form, events}, errs...)
}

// addWebhook registers one and shows its secret, once.
func addWebhook(v *desk.Visit) error {
	form := readHook(v.Form())
	var made webhook
	err := v.Post("/webhooks", form.body(), &made, desk.IdempotencyKey(v.FormKey()))
	if err == nil {
		return secretPage(v, made, made.Secret, time.Time{})
	}
	status, errs, err := v.Faults(err, hookFields...)
	if err != nil {
		return err
	}
	return newPage(v, status, form, errs...)
}

type secretView struct {
	Name    string
	Client  string // client_id, when the secret is an application's
	Back    string
	Secrets pages.Secrets
	Until   time.Time // until when the one before signs too
	Value   bool      // there is one to be shown: a form that is sent twice shows none
}

func secretPage(v *desk.Visit, w webhook, secret string, until time.Time) error {
	view := secretView{Name: hookName(w), Back: hookPath(w.ID), Until: until, Value: secret != ""}
	view.Secrets = pages.Secrets{Values: []string{secret}, FileName: "webhook-secret.txt", Heading: v.T("integration.secret.heading", "Name", view.Name)}
	return v.Page(http.StatusCreated, "integration_secret.html", "integration.secret.title", view)
}

type hookView struct {
	Webhook     webhook
	URL         string
	Name        string
	Tag         pages.Tag
	Facts       []pages.Pair
	Offers      []pages.Offer
	MayChange   bool
	MayReplay   bool
	MayRotate   bool
	Form        hookForm
	Groups      []eventGroup
	State, Type string
	States      []pages.Option
	Deliveries  []deliveryRow
	From, To    string
	First, Next string
	JSON, XML   string
	Etag        string
}

func hookAPI(v *desk.Visit) string { return "/webhooks/" + desk.Escape(v.PathValue("id")) }

// showWebhook draws one webhook with its deliveries.
func showWebhook(v *desk.Visit) error { return hookPage(v, http.StatusOK, hookForm{}) }

func hookPage(v *desk.Visit, status int, form hookForm, errs ...pages.FieldError) error {
	view := hookView{URL: hookPath(v.PathValue("id")), Form: form, State: v.Query("state"), Type: v.Query("type")}
	if err := v.Get(hookAPI(v), nil, &view.Webhook, desk.ETag(&view.Etag)); err != nil {
		return err
	}
	view.describe(v)
	if err := view.forms(v); err != nil {
		return err
	}
	if err := view.deliveries(v); err != nil {
		return err
	}
	return v.Page(status, "integration_hook.html", view.Name, view, errs...)
}

func (h *hookView) describe(v *desk.Visit) {
	w := h.Webhook
	h.Name, h.Tag = hookName(w), hookTag(v, w)
	types := v.T("integration.types.all")
	if len(w.Types) > 0 {
		types = v.T("integration.types.some", "Count", len(w.Types))
	}
	h.Facts = []pages.Pair{
		{Label: "integration.url", Text: w.URL}, {Label: "integration.types", Text: types}, {Label: "integration.created", At: w.CreatedAt},
	}
	if !w.SucceededAt.IsZero() {
		h.Facts = append(h.Facts, pages.Pair{Label: "integration.succeeded", At: w.SucceededAt})
	}
	if !w.FailingSince.IsZero() {
		h.Facts = append(h.Facts, pages.Pair{Label: "integration.failing", At: w.FailingSince})
	}
	h.JSON, h.XML = h.URL+"/exchange?format=json", h.URL+"/exchange?format=xml"
}

// forms says what may be done. A disabled webhook is switched on by whoever may
// change it.
func (h *hookView) forms(v *desk.Visit) error {
	actions := h.Webhook.Actions
	may := func(name string) bool {
		action := actions.Find(name)
		return action != nil && (action.Allowed || action.Reason == "assurance_insufficient")
	}
	h.MayChange, h.MayReplay, h.MayRotate = may("change"), may("replay"), may("rotate_secret")
	post := func(name, ask string, stop bool) pages.Act {
		return pages.Act{Title: "integration.act." + name, URL: h.URL + "/" + name, Post: true, Ask: ask, Stop: stop}
	}
	change := desk.Offer{Action: "change", Act: post("pause", "integration.ask.pause", false)}
	if h.Webhook.State != "active" {
		change = desk.Offer{Action: "change", Act: post("resume", "", false), Main: true}
	}
	h.Offers = v.Offers(actions,
		desk.Offer{Action: "test", Act: post("test", "", false), Main: h.Webhook.State == "active", Hide: true}, change,
		desk.Offer{Action: "remove", Act: post("remove", "integration.ask.remove", true)},
	)
	if !h.MayChange {
		return nil
	}
	if !h.Form.Sent {
		w := h.Webhook
		h.Form = hookForm{URL: w.URL, Program: w.Program, Description: w.Description, Types: w.Types, Every: len(w.Types) == 0}
	}
	var err error
	h.Groups, err = groups(v, h.Form.Types)
	return err
}

// changeWebhook stores another address, program or choice of events.
func changeWebhook(v *desk.Visit) error {
	form := readHook(v.Form())
	return hookDone(v, v.Patch(hookAPI(v), form.body(), nil, desk.IfMatch(v.Value("etag"))), "integration.done.change", form)
}

// hookDone leads back to the webhook, or draws it with what was refused.
func hookDone(v *desk.Visit, err error, notice string, form hookForm, args ...any) error {
	if err == nil {
		return v.Done(hookPath(v.PathValue("id")), notice, args...)
	}
	status, errs, err := v.Faults(err, append([]string{"from", "to"}, hookFields...)...)
	if err != nil {
		return err
	}
	return hookPage(v, status, form, errs...)
}

// test sends webhook.test and shows what comes of it.
func test(v *desk.Visit) error {
	var sent delivery
	err := v.Post(hookAPI(v)+"/test", nil, &sent, desk.IdempotencyKey(v.FormKey()))
	if err != nil {
		return hookDone(v, err, "", hookForm{})
	}
	return v.Done(hookPath(v.PathValue("id"))+"/deliveries/"+desk.Escape(sent.ID), "integration.done.test")
}

func switching(state string) func(*desk.Visit) error {
	return func(v *desk.Visit) error {
		return hookDone(v, v.Patch(hookAPI(v), map[string]string{"state": state}, nil), "integration.done."+state, hookForm{})
	}
}

// rotate gives the webhook another secret and shows it, once.
func rotate(v *desk.Visit) error {
	var made struct {
		Secret string    `json:"secret"`
		Until  time.Time `json:"previous_until"`
	}
	err := v.Post(hookAPI(v)+"/secret", map[string]bool{"leaked": v.Value("leaked") != ""}, &made, desk.IdempotencyKey(v.FormKey()))
	if err != nil {
		return hookDone(v, err, "", hookForm{})
	}
	var w webhook
	if err := v.Get(hookAPI(v), nil, &w); err != nil {
		return err
	}
	return secretPage(v, w, made.Secret, made.Until)
}

func removeWebhook(v *desk.Visit) error {
	if err := v.Delete(hookAPI(v), nil, nil); err != nil {
		return err
	}
	return v.Done("/cabinet/integrations", "integration.done.remove")
}
