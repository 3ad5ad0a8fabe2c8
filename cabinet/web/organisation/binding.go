package organisation

import (
	"net/http"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// binding is a person on his way into an organisation that has a cabinet.
type binding struct {
	ID        string    `json:"id"`
	State     string    `json:"state"` // asked, bound, expired
	Message   string    `json:"message"`
	ExpiresAt time.Time `json:"expires_at"`
}

func bindingPath(v *desk.Visit) string { return "/bindings/" + desk.Escape(v.PathValue("id")) }

// startBinding asks for the code that goes to the organisation's official contact.
// The answer is the same for every ИНН.
func startBinding(v *desk.Visit) error {
	body := map[string]string{"inn": v.Value("binding_inn"), "access": v.Value("access"), "channel": v.Value("channel")}
	var made binding
	err := v.Post("/bindings", body, &made, desk.IdempotencyKey(v.FormKey()))
	if err == nil {
		return v.Redirect("/cabinet/bindings/" + made.ID)
	}
	return refusedBinding(v, err)
}

func refusedBinding(v *desk.Visit, refused error) error {
	status, errs, err := v.Faults(refused, "inn", "access", "channel")
	if err != nil {
		return err
	}
	for i := range errs {
		if errs[i].Field == "inn" {
			errs[i].Field = "binding_inn"
		}
	}
	return registrationsPage(v, status, v.Form(), errs...)
}

func showBinding(v *desk.Visit) error { return bindingPage(v, http.StatusOK) }

func bindingPage(v *desk.Visit, status int, errs ...pages.FieldError) error {
	var view binding
	if err := v.Get(bindingPath(v), nil, &view); err != nil {
		return err
	}
	return v.Page(status, "organisation_binding.html", "company.binding", view, errs...)
}

func confirmBinding(v *desk.Visit) error {
	err := v.Post(bindingPath(v)+"/confirm", map[string]string{"code": v.Value("code")}, nil)
	if err == nil {
		return opened(v, "company.done.bound")
	}
	status, errs, err := v.Faults(err, "code")
	if err != nil {
		return err
	}
	return bindingPage(v, status, errs...)
}
