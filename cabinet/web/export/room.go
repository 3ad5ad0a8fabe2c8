package export

import (
	"embed"
	"net/http"
	"strings"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

//go:embed templates/*.html translations/*.json
var files embed.FS

const (
	all = desk.ExportsPath
	at  = all + "/{id}"
)

// Room is the exports of the visitor.
func Room() desk.Room {
	return desk.Room{
		Name: "export", Files: files,
		Routes: []desk.Route{
			desk.Get(all, list),
			desk.Post(all, order),
			desk.Get(at, one),
			desk.Get(at+"/progress", progress),
			desk.Get(at+"/file", func(v *desk.Visit) error { return v.Download(api(v)+"/file", nil) }),
			desk.Post(at+"/drop", drop),
		},
	}
}

func api(v *desk.Visit) string { return "/exports/" + desk.Escape(v.PathValue("id")) }

// made is an export as the API tells of it.
type made struct {
	ID         string     `json:"id"`
	Kind       string     `json:"kind"`
	Format     string     `json:"format"`
	State      string     `json:"state"`
	StateLabel string     `json:"state_label"`
	Rows       int64      `json:"rows"`
	RowsTotal  int64      `json:"rows_total"`
	Progress   int        `json:"progress"`
	Cut        bool       `json:"cut"`
	Name       string     `json:"name"`
	Size       int64      `json:"size"`
	CreatedAt  time.Time  `json:"created_at"`
	ReadyAt    *time.Time `json:"ready_at"`
	EndsAt     time.Time  `json:"ends_at"`
}

// Under is whether it is still being made.
func (m made) Under() bool { return m.State == "waiting" || m.State == "making" }

// Ready is whether it can be taken.
func (m made) Ready() bool { return m.State == "ready" }

// Path is its page.
func (m made) Path() string { return all + "/" + m.ID }

var kinds = map[string]string{"waiting": "info", "making": "info", "ready": "go", "failed": "stop"}

// stage says how many rows are done of how many.
func stage(v *desk.Visit, m made) string {
	switch {
	case m.RowsTotal == 0:
		return m.StateLabel
	case m.Rows >= m.RowsTotal:
		return v.T("export.writing")
	}
	return v.T("export.rows", "Done", m.Rows, "Total", m.RowsTotal)
}

type row struct {
	made
	Title string
	Tag   pages.Tag
}

func newRow(v *desk.Visit, m made) row {
	return row{m, v.T("export.kind."+m.Kind) + ", " + strings.ToUpper(m.Format), pages.Tag{Kind: kinds[m.State], Text: m.StateLabel}}
}

// list is what the visitor has ordered and may still take.
func list(v *desk.Visit) error {
	var found struct {
		Items []made `json:"items"`
	}
	if err := v.Get("/exports", nil, &found); err != nil {
		return err
	}
	rows := make([]row, len(found.Items))
	for i, m := range found.Items {
		rows[i] = newRow(v, m)
	}
	return v.Page(http.StatusOK, "exports.html", "export.place", rows)
}

type oneView struct {
	row
	Stage string
	Drop  pages.Act
}

// one is an export: how far it is, or the file.
func one(v *desk.Visit) error {
	var m made
	if err := v.Get(api(v), nil, &m); err != nil {
		return err
	}
	drop := pages.Act{Title: "export.act.cancel", URL: m.Path() + "/drop", Post: true, Stop: true}
	if !m.Under() {
		drop.Title, drop.Ask = "export.act.drop", "export.act.drop.ask"
	}
	return v.Page(http.StatusOK, "export.html", "export.place", oneView{newRow(v, m), stage(v, m), drop})
}

// progress tells the page's script how far the export is.
func progress(v *desk.Visit) error {
	var m made
	if err := v.Get(api(v), nil, &m); err != nil {
		return v.Refusal(err)
	}
	return v.JSON(http.StatusOK, map[string]any{"percent": m.Progress, "stage": stage(v, m), "over": !m.Under()})
}

// order has a list made into a file.
func order(v *desk.Visit) error {
	body := struct {
		Kind   string            `json:"kind"`
		Format string            `json:"format,omitempty"`
		Filter map[string]string `json:"filter"`
	}{v.Value("kind"), v.Value("format"), map[string]string{}}
	for name := range v.Form() {
		if of, filter := strings.CutPrefix(name, desk.FilterPrefix); filter {
			body.Filter[of] = v.Value(name)
		}
	}
	var m made
	err := v.Post("/exports", body, &m, desk.IdempotencyKey(v.FormKey()))
	if problem := desk.AsProblem(err); problem != nil && problem.Code == "export_too_many" {
		v.Notice("stop", problem.Title+". "+problem.Detail)
		return list(v)
	}
	if err != nil {
		return err
	}
	return v.Redirect(m.Path())
}

// drop gives an export up, made or not.
func drop(v *desk.Visit) error {
	if err := v.Delete(api(v), nil, nil); err != nil {
		return err
	}
	return v.Done(all, "export.dropped")
}
