package organisation

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// registration is a company on its way to a cabinet.
type registration struct {
	ID    string `json:"id"`
	Kind  string `json:"kind"`
	State string `json:"state"`
	Draft struct {
		Requisites map[string]any `json:"requisites"`
		Contacts   map[string]any `json:"contacts"`
		Consent    bool           `json:"consent"`
	} `json:"draft"`
	EmailConfirmed bool `json:"email_confirmed"`
	PhoneConfirmed bool `json:"phone_confirmed"`
	Check          *struct {
		Result      string       `json:"result"`
		Message     string       `json:"message"`
		Differences []difference `json:"differences"`
	} `json:"check"`
	Authority *struct {
		Kind string `json:"kind"`
	} `json:"authority"`
	Documents  []paper      `json:"documents"`
	TextToSign string       `json:"text_to_sign"`
	Missing    []string     `json:"missing"`
	Reason     string       `json:"reason"`
	Actions    desk.Actions `json:"actions"`
}

type registrationRow struct {
	ID        string    `json:"id"`
	State     string    `json:"state"`
	INN       string    `json:"inn"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
}

type registrationsView struct {
	Rows         []registrationRow
	Kinds        []pages.Option
	INN, Kind    string
	BindingINN   string
	Access       string
	Channel      string
	Accesses     []pages.Option
	Channels     []pages.Option
	BindingFault bool
}

// registrations offer the ways in for another company.
func registrations(v *desk.Visit) error { return registrationsPage(v, http.StatusOK, v.Draft()) }

func registrationsPage(v *desk.Visit, status int, form url.Values, errs ...pages.FieldError) error {
	var found struct {
		Registrations []registrationRow `json:"registrations"`
	}
	if err := v.Get("/registrations", nil, &found); err != nil {
		return err
	}
	view := registrationsView{
		Rows: found.Registrations, INN: form.Get("inn"), Kind: form.Get("kind"),
		BindingINN: form.Get("binding_inn"), Access: form.Get("access"), Channel: form.Get("channel"),
		Kinds:    options(v, "company.kind.", "legal", "sole"),
		Accesses: options(v, "company.access.", "employee", "administrator"),
		Channels: options(v, "company.channel.", "email", "sms"),
	}
	return v.Page(status, "organisation_registrations.html", "company.another", view, errs...)
}

func options(v *desk.Visit, prefix string, values ...string) []pages.Option {
	out := make([]pages.Option, len(values))
	for i, value := range values {
		out[i] = pages.Option{Value: value, Label: v.T(prefix + value)}
	}
	return out
}

// startRegistration begins a draft with the ИНН.
func startRegistration(v *desk.Visit) error {
	body := map[string]any{"kind": v.Value("kind"), "requisites": map[string]string{"inn": v.Value("inn")}}
	var made registration
	err := v.Post("/registrations", body, &made, desk.IdempotencyKey(v.FormKey()))
	if err == nil {
		return v.Redirect("/cabinet/registrations/" + made.ID)
	}
	return refusedStart(v, err, map[string]string{"requisites/inn": "inn"}, "kind", "inn")
}

// refusedStart draws the page again with what is wrong, the API's names turned into
// the form's.
func refusedStart(v *desk.Visit, refused error, renamed map[string]string, fields ...string) error {
	status, errs, err := v.Faults(refused, append(fields, "requisites/inn")...)
	if err != nil {
		return err
	}
	for i := range errs {
		if name, known := renamed[errs[i].Field]; known {
			errs[i].Field = name
		}
	}
	return registrationsPage(v, status, v.Form(), errs...)
}

type registrationView struct {
	registration
	Requisites, Contacts []input
	Stages               []pages.Stage
	Sent, Channel        string
	Ready                bool
	Open                 bool // it can still be changed
	Papers               []pages.Held
	PaperKinds           []pages.Option
	PaperKind            string
	Offers               []pages.Offer
}

// registrationSteps are those that the API names when they are missing, in their
// order.
var registrationSteps = []string{"data", "consent", "email", "phone", "check", "authority"}

func registrationPath(v *desk.Visit) string {
	return "/registrations/" + desk.Escape(v.PathValue("id"))
}

func showRegistration(v *desk.Visit) error {
	return registrationPage(v, http.StatusOK, v.Form(), "", "")
}

func registrationPage(v *desk.Visit, status int, typed url.Values, channel, sent string, errs ...pages.FieldError) error {
	view := registrationView{Channel: channel, Sent: sent}
	if err := v.Get(registrationPath(v), nil, &view.registration); err != nil {
		return err
	}
	requisites, contacts := view.Draft.Requisites, view.Draft.Contacts
	if len(typed) > 0 && typed.Has("requisites/name") {
		requisites, contacts = sheets["requisites"].read(under(typed, "requisites")), sheets["contacts"].read(under(typed, "contacts"))
	}
	view.Requisites, _ = sheets["requisites"].inputs(v, requisites, nil)
	view.Contacts, _ = sheets["contacts"].inputs(v, contacts, nil)
	prefix(view.Requisites, "requisites/")
	prefix(view.Contacts, "contacts/")
	for _, name := range registrationSteps {
		view.Stages = append(view.Stages, pages.Stage{Title: v.T("company.step." + name), Done: !slices.Contains(view.Missing, name)})
	}
	view.Ready = len(view.Missing) == 0 && view.State == "ready"
	view.papers(v)
	return v.Page(status, "organisation_registration.html", "company.registration", view, errs...)
}

// papers draw the documents, and what may be done with the application as a whole.
func (view *registrationView) papers(v *desk.Visit) {
	at := registrationAt(v)
	view.Open, view.PaperKind = view.Actions.Allowed("change"), v.Value("kind")
	view.Papers = held(v, at+"/documents/", view.Documents, view.Open)
	view.PaperKinds = options(v, "company.paper.", paperKinds...)
	view.Offers = v.Offers(view.Actions,
		desk.Offer{Action: "moderation", Hide: true, Act: pages.Act{Title: "company.submit", URL: at + "/submit", Post: true}},
		desk.Offer{Action: "withdraw", Hide: true, Act: pages.Act{
			Title: "company.withdraw", URL: at + "/withdraw", Post: true, Stop: true, Ask: "company.withdraw.ask",
		}},
	)
}

func prefix(inputs []input, with string) {
	for i := range inputs {
		inputs[i].Name = with + inputs[i].Name
	}
}

// under are the fields of a form below a name, without it.
func under(form url.Values, name string) url.Values {
	out := url.Values{}
	for key, values := range form {
		if rest, found := strings.CutPrefix(key, name+"/"); found {
			out[rest] = values
		}
	}
	return out
}

// registrationFields are the names of the form's fields, as the API's faults name
// them.
func registrationFields() []string {
	out := []string{"consent", "channel", "code", "file", "signature", "kind"}
	for _, name := range []string{"requisites", "contacts"} {
		for _, f := range sheets[name].fields {
			out = append(out, name+"/"+f.path)
		}
	}
	return out
}

// acting does one step of a registration and goes back to its page.
func acting(v *desk.Visit, err error, done string) error {
	if err == nil {
		return v.Done("/cabinet/registrations/"+v.PathValue("id"), done)
	}
	status, errs, err := v.Faults(err, registrationFields()...)
	if err != nil {
		return err
	}
	return registrationPage(v, status, v.Form(), v.Value("channel"), v.Value("sent"), errs...)
}

// saveRegistration keeps the draft; it is saved as often as one likes.
func saveRegistration(v *desk.Visit) error {
	form := v.Form()
	body := map[string]any{
		"requisites": sheets["requisites"].read(under(form, "requisites")),
		"contacts":   sheets["contacts"].read(under(form, "contacts")),
		"consent":    form.Get("consent") != "",
	}
	return acting(v, v.Patch(registrationPath(v), body, nil), "company.done.saved")
}

func sendRegistrationCode(v *desk.Visit) error {
	var sent struct {
		To string `json:"to"`
	}
	err := v.Post(registrationPath(v)+"/codes", map[string]string{"channel": v.Value("channel")}, &sent)
	if err == nil {
		return registrationPage(v, http.StatusOK, nil, v.Value("channel"), sent.To)
	}
	return acting(v, err, "")
}

func confirmRegistrationCode(v *desk.Visit) error {
	body := map[string]string{"channel": v.Value("channel"), "code": v.Value("code")}
	return acting(v, v.Post(registrationPath(v)+"/confirm", body, nil), "company.done.confirmed")
}

func checkRegistration(v *desk.Visit) error {
	return acting(v, v.Post(registrationPath(v)+"/check", nil, nil), "company.done.checked")
}

// openCabinet makes the organisation; one switches to it by the strip at the top.
func openCabinet(v *desk.Visit) error {
	err := v.Post("/organizations", map[string]string{"registration_id": v.PathValue("id")}, nil, desk.IdempotencyKey(v.FormKey()))
	if err == nil {
		return opened(v, "company.done.opened")
	}
	return acting(v, err, "")
}
