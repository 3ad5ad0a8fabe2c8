package filing_test

import (
	"strings"
	"testing"

	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/filing/reporttest"
)

// TestNothingOfAnotherOrganisation calls every route of the room as every role,
// with the identifiers of its own and of another organisation and with none.
func TestNothingOfAnotherOrganisation(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const catalogue = "the catalogue of reports is the same for everybody"
		cabinettest.Isolation(t, w.World, w.room, w.aim, map[string]string{
			"GET /v1/report-types/{id}": catalogue, "GET /v1/report-types/{id}/template": catalogue,
		})
	})
}

// aim makes a request to the route that succeeds on the office.
func (w *world) aim(route api.Route, o *cabinettest.Office) (path string, body any, headers []string) {
	name := route.Method + " " + route.Path
	path = route.Path
	switch {
	case strings.HasPrefix(path, "/v1/report-types/{id}"):
		return strings.Replace(path, "{id}", "NO_NDS", 1), nil, nil
	case strings.Contains(path, "{id}"):
		path = w.aimAtOne(name, path, o)
	}
	switch name {
	case "POST /v1/filings":
		body = map[string]any{"type": "NO_NDS", "period": "24", "year": w.year(), "correction": w.next.Add(1)}
	case "POST /v1/filings/upload", "POST /v1/filings/check", "PUT /v1/filings/{id}/file":
		// Of a third company: a file is answered with what stands in it.
		head := w.head(o)
		head.Filer = reporttest.Mayak
		body, headers = form(w.T, reporttest.Good("NO_NDS", head))
	case "PATCH /v1/filings/{id}":
		body = map[string]any{"subject": o.Tag}
	case "POST /v1/filings/{id}/try":
		body = map[string]any{"values": map[string]any{"НДС/СумУплНП/@КБК": "1"}}
	case "POST /v1/filings/{id}/signatures":
		id := strings.Split(path, "/")[3]
		body = signBody(w.seal(o).Sign(w.T, w.content(o, id)))
	}
	return path, body, headers
}

// aimAtOne makes a filing of the office that the route can do its work with. What is
// only read is made once.
func (w *world) aimAtOne(name, path string, o *cabinettest.Office) string {
	key := name + o.ID
	if known := w.aimed[key]; known != "" && strings.HasPrefix(name, "GET ") {
		return known
	}
	w.aimed[key] = w.aimAtNew(name, path, o)
	return w.aimed[key]
}

func (w *world) aimAtNew(name, path string, o *cabinettest.Office) string {
	var f one
	switch {
	case strings.HasSuffix(name, "/submit"), strings.Contains(name, "{signature}"):
		f = w.upload(o, w.vat(o))
		f = w.sign(o, f.ID)
	case strings.HasSuffix(name, "/try"):
		f = w.createForm(o, vatValues())
	case strings.HasSuffix(name, "/act"):
		f = w.sent(o)
	case strings.HasSuffix(name, "/correction"), strings.Contains(name, "{file}"):
		f = w.sent(o)
		w.answer(f, authority.Delivered)
		w.answer(f, authority.Accepted)
		f = w.read(o, f.ID)
	default:
		f = w.upload(o, w.vat(o))
	}
	path = strings.Replace(path, "{id}", f.ID, 1)
	if len(f.Signatures) > 0 {
		path = strings.Replace(path, "{signature}", f.Signatures[0].ID, 1)
	}
	if len(f.Receipts) > 0 {
		path = strings.Replace(path, "{file}", f.Receipts[0].Files[0].ID, 1)
	}
	return path
}
