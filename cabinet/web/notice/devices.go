package notice

import (
	_ "embed"
	"net/http"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

type devicesView struct {
	Tabs    []pages.NavItem
	Key     string // applicationServerKey
	Devices []pages.Held
	Name    string // proposed for this browser
	Worker  string
}

// deviceList shows the browsers that are told by push, and connects this one
// (row 234).
func deviceList(v *desk.Visit) error { return devicesPage(v, http.StatusOK) }

func devicesPage(v *desk.Visit, status int, errs ...pages.FieldError) error {
	var found struct {
		Key     string   `json:"application_server_key"`
		Devices []device `json:"subscriptions"`
	}
	if err := v.Get("/push-subscriptions", nil, &found); err != nil {
		return err
	}
	view := devicesView{Tabs: tabs(v), Key: found.Key, Name: v.T("notices.device.this"), Worker: "/cabinet/notices/worker.js"}
	for _, one := range found.Devices {
		view.Devices = append(view.Devices, pages.Held{
			Icon: "device", Title: one.Device, Facts: []pages.Fact{{Text: one.Service}, {Label: "notices.device.since", At: one.CreatedAt}},
			Acts: []pages.Act{{
				Title: "notices.device.remove", URL: "/cabinet/notices/devices/" + desk.Escape(one.ID) + "/remove", Post: true, Stop: true,
				Ask: "notices.device.ask", About: one.Device,
			}},
		})
	}
	return v.Page(status, "notices_devices.html", "notices.devices.title", view, errs...)
}

// subscribe keeps what this browser answered to the page's script.
func subscribe(v *desk.Visit) error {
	body := map[string]any{
		"endpoint": v.Value("endpoint"), "keys": map[string]string{"p256dh": v.Value("p256dh"), "auth": v.Value("auth")}, "device": v.Value("device"),
	}
	err := v.Post("/push-subscriptions", body, nil, desk.IdempotencyKey(v.FormKey()))
	if err == nil {
		return v.Done("/cabinet/notices/devices", "notices.done.device")
	}
	status, errs, err := v.Faults(err, "device")
	if err != nil {
		return err
	}
	return devicesPage(v, status, errs...)
}

func unsubscribe(v *desk.Visit) error {
	if err := v.Delete("/push-subscriptions/"+desk.Escape(v.PathValue("id")), nil, nil); err != nil {
		return err
	}
	return v.Done("/cabinet/notices/devices", "notices.done.device.removed")
}

//go:embed worker.js
var workerScript []byte

// worker is the script by which a browser shows what is pushed to it. It controls no
// page: its scope is the folder of notices, and it answers no requests.
func worker(v *desk.Visit) error {
	header := v.Writer().Header()
	header.Set("Content-Type", "text/javascript; charset=utf-8")
	header.Set("Content-Security-Policy", "default-src 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-cache")
	_, _ = v.Writer().Write(workerScript) // a browser that went away asks again
	return nil
}
