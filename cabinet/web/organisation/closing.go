package organisation

import (
	"net/http"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// closing is the end of the cabinet as the API tells it.
type closing struct {
	State      string    `json:"state"` // none, asked, confirmed, done
	Reason     string    `json:"reason"`
	DueAt      time.Time `json:"due_at"`
	InExchange int       `json:"in_exchange"`
	Code       *struct {
		To string `json:"to"`
	} `json:"code"`
	Actions desk.Actions `json:"actions"`
}

type closingView struct {
	closing
	Reason string
	Sent   string
	Lack   *pages.Lack
}

const closingPath, closingPage = "/organization/deactivation", "/cabinet/organization/deactivation"

func showClosing(v *desk.Visit) error { return drawClosing(v, http.StatusOK, "") }

func drawClosing(v *desk.Visit, status int, sent string, errs ...pages.FieldError) error {
	view := closingView{Sent: sent, Reason: v.Form().Get("reason"), Lack: v.Lack("organization:write")}
	if err := v.Get(closingPath, nil, &view.closing); err != nil {
		return err
	}
	return v.Page(status, "organisation_closing.html", "company.closing.title", view, errs...)
}

// askClosing sends the code by which the closing is confirmed.
func askClosing(v *desk.Visit) error {
	var asked closing
	err := v.Post(closingPath, map[string]string{"channel": v.Value("channel"), "reason": v.Value("reason")}, &asked)
	if err == nil && asked.Code != nil {
		return drawClosing(v, http.StatusOK, asked.Code.To)
	}
	if err == nil {
		return v.Redirect(closingPage)
	}
	status, errs, err := v.Faults(err, "channel", "reason")
	if err != nil {
		return err
	}
	return drawClosing(v, status, "", errs...)
}

func confirmClosing(v *desk.Visit) error {
	err := v.Post(closingPath+"/confirm", map[string]string{"code": v.Value("code")}, nil)
	if err == nil {
		return v.Done(closingPage, "company.done.closing")
	}
	status, errs, err := v.Faults(err, "code")
	if err != nil {
		return err
	}
	return drawClosing(v, status, v.Value("sent"), errs...)
}

func undoClosing(v *desk.Visit) error {
	if err := v.Delete(closingPath, nil, nil); err != nil {
		return err
	}
	return v.Done("/cabinet/organization", "company.done.undone")
}
