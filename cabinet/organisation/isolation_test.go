package organisation_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"propusk/cabinet/api"
	"propusk/cabinet/cabinettest"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/storagetest"
)

// TestNothingOfAnotherOrganisationOnAnyRoute is the test of every room: each route
// as each role, with the identifiers of the own and of another organisation and
// with a token of none.
func TestNothingOfAnotherOrganisationOnAnyRoute(t *testing.T) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		w := newWorld(t, db)
		cabinettest.Isolation(t, w.World, w.api, w.aim, exceptions)
	})
}

// exceptions are routes that answer by more than the role's permissions.
var exceptions = map[string]string{
	"POST /v1/registrations":                                           "takes a confirmed identity",
	"GET /v1/registrations/{id}":                                       "its applicant's alone",
	"PATCH /v1/registrations/{id}":                                     "its applicant's alone",
	"DELETE /v1/registrations/{id}":                                    "its applicant's alone",
	"POST /v1/registrations/{id}/documents":                            "its applicant's alone",
	"GET /v1/registrations/{id}/documents/{document}":                  "its applicant's alone",
	"DELETE /v1/registrations/{id}/documents/{document}":               "its applicant's alone",
	"POST /v1/registrations/{id}/codes":                                "its applicant's alone",
	"POST /v1/registrations/{id}/confirm":                              "its applicant's alone",
	"POST /v1/registrations/{id}/check":                                "its applicant's alone",
	"POST /v1/registrations/{id}/signature":                            "its applicant's alone",
	"POST /v1/registrations/{id}/moderation":                           "its applicant's alone",
	"POST /v1/organizations":                                           "its applicant's alone",
	"POST /v1/bindings":                                                "five a day",
	"GET /v1/bindings/{id}":                                            "the person's alone",
	"POST /v1/bindings/{id}/codes":                                     "the person's alone",
	"POST /v1/bindings/{id}/confirm":                                   "the person's alone",
	"GET /v1/organization/profile/{block}":                             "names no record but a block of its own",
	"PATCH /v1/organization/profile/{block}":                           "names no record but a block of its own",
	"GET /v1/organization/profile/{block}/versions":                    "names no record but a block of its own",
	"GET /v1/organization/profile/{block}/versions/{version}":          "names no record but a block of its own",
	"POST /v1/organization/profile/{block}/versions/{version}/restore": "names no record but a block of its own",
	"POST /v1/organization/changes/{id}/confirm":                       "takes the person's code",
	"POST /v1/organization/deactivation":                               "takes an administrator",
	"POST /v1/organization/deactivation/confirm":                       "takes the administrator's code",
	"DELETE /v1/organization/deactivation":                             "takes one that was asked for",
	"GET /v1/moderation":                                               "operators of the house",
	"GET /v1/moderation/{id}":                                          "operators of the house",
	"GET /v1/moderation/{id}/files/{file}":                             "operators of the house",
	"POST /v1/moderation/{id}/take":                                    "operators of the house",
	"POST /v1/moderation/{id}/accept":                                  "operators of the house",
	"POST /v1/moderation/{id}/refuse":                                  "operators of the house",
	"GET /v1/moderation/corrections":                                   "operators of the house",
	"POST /v1/moderation/corrections/{id}/answer":                      "operators of the house",
}

// aim makes a request that would succeed on the office: every identifier in it is
// one of the office's own.
func (w *world) aim(route api.Route, o *cabinettest.Office) (path string, body any, headers []string) {
	path = strings.NewReplacer("{block}", "bank", "{version}", "1").Replace(route.Path)
	if w.register.records[o.INN].INN == "" {
		w.registered(o, o.Admin)
		w.must(w.Directory.SetHistory(context.Background(), directory.System(), o.ID, o.Admin.ID, directory.HowSystem, w.accounts(o)))
	}
	switch {
	case strings.HasPrefix(path, "/v1/organization/changes/"):
		path = strings.Replace(path, "{id}", w.change(o), 1)
		if strings.Contains(path, "{file}") {
			form, with := w.form("", "prikaz-"+o.Tag+".pdf", goodPDF(), nil)
			kept := w.call(http.StatusCreated, "POST", strings.TrimSuffix(path, "/{file}"), w.token(o, directory.Administrator), form, with...)
			path = strings.Replace(path, "{file}", text(kept, "id"), 1)
		}
	case strings.HasPrefix(path, "/v1/organization/legal-status/corrections"):
		w.call(http.StatusOK, "GET", statusPath, w.token(o, directory.Administrator), nil)
		if list, one := strings.CutSuffix(path, "{id}"); one {
			path = list + w.correction(o)
		}
	case strings.Contains(path, "{"):
		path = strings.NewReplacer("{id}", o.ID, "{document}", o.ID, "{file}", o.ID).Replace(path)
	}
	body, headers = w.bodyFor(route, o)
	return path, body, headers
}

func (w *world) bodyFor(route api.Route, o *cabinettest.Office) (any, []string) {
	switch route.Method + " " + route.Path {
	case "POST /v1/registrations":
		return map[string]string{"kind": "legal"}, nil
	case "POST /v1/organizations":
		return map[string]string{"registration_id": o.ID}, nil
	case "POST /v1/bindings":
		return map[string]string{"inn": o.INN, "access": "employee", "channel": "email"}, nil
	case "PATCH /v1/organization/profile/{block}":
		return map[string]any{"accounts": []any{}}, nil
	case "POST /v1/organization/profile/{block}/versions/{version}/restore":
		w.must(w.Directory.SetHistory(context.Background(), directory.System(), o.ID, o.Admin.ID, directory.HowSystem, directory.NewBlock(directory.BlockBank)))
		return nil, nil
	case "POST /v1/organization/changes/{id}/attachments":
		form, headers := w.form("", "prikaz-"+o.Tag+".pdf", goodPDF(), nil)
		return form, headers
	case "POST /v1/organization/legal-status/corrections":
		return map[string]string{"field": "address", "claimed": "Казань, улица " + fmt.Sprint(w.serial.Add(1))}, nil
	case "POST /v1/organization/changes/{id}/codes":
		return map[string]string{"channel": "sms"}, nil
	case "POST /v1/organization/changes/{id}/confirm", "POST /v1/organization/deactivation/confirm", "POST /v1/bindings/{id}/confirm":
		return map[string]string{"code": "123456"}, nil
	case "POST /v1/organization/deactivation", "POST /v1/registrations/{id}/codes":
		return map[string]string{"channel": "sms"}, nil
	}
	if route.Method == "PATCH" || route.Method == "POST" {
		return map[string]string{}, nil
	}
	return nil, nil
}

func (w *world) accounts(o *cabinettest.Office) directory.Block {
	return &directory.Bank{Accounts: []directory.BankAccount{{Account: "40702810138250123017", BIC: "044525225", Bank: "Банк " + o.Tag, Main: true}}}
}

// change is a fresh proposal of the office's administrator.
func (w *world) change(o *cabinettest.Office) string {
	w.t.Helper()
	v := w.call(http.StatusCreated, "PATCH", profilePath+"activities", w.token(o, directory.Administrator), map[string]any{"main": fmt.Sprintf("62.0%d", w.serial.Add(1)%9+1)})
	return text(v, "id")
}

func (w *world) correction(o *cabinettest.Office) string {
	w.t.Helper()
	v := w.call(http.StatusCreated, "POST", statusPath+"/corrections", w.token(o, directory.Administrator),
		map[string]string{"field": "address", "claimed": "Казань, улица " + fmt.Sprint(w.serial.Add(1)) + o.Tag})
	return text(v, "id")
}
