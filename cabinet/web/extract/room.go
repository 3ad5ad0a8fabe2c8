package extract

import (
	"embed"
	"net/http"
	"net/url"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

//go:embed templates/*.html translations/*.json
var files embed.FS

// Room is the extracts and certificates.
func Room() desk.Room {
	const all, at = "/cabinet/extracts", "/cabinet/extracts/{id}"
	return desk.Room{
		Name: "extract", Files: files,
		Scopes: []string{"extracts:read"},
		Nav:    []desk.NavItem{{Key: "place.extracts", Path: all, Permission: "extracts:read", Order: 120}},
		Routes: []desk.Route{
			desk.Get(all, list),
			desk.Get(all+"/new", orderForm),
			desk.Post(all+"/new", ordered),
			desk.Get(all+"/seal.pem", func(v *desk.Visit) error { return v.Download("/seal", url.Values{"format": {"pem"}}) }),
			desk.Get(at, one),
			desk.Get(at+"/progress", progress),
			desk.Get(at+"/files/{part}", download),
			desk.Post(at+"/send", sent),
			desk.Post(at+"/cancel", does("cancel")),
			desk.Post(at+"/retry", does("retry")),
			desk.Post(at+"/renew", renewed),
		},
	}
}

// The API's answers, as far as the pages show them (docs/cabinet/extract.md).
type (
	kind struct {
		ID          string   `json:"id"`
		Name        string   `json:"name"`
		Description string   `json:"description"`
		Body        string   `json:"body"`
		Period      string   `json:"period"` // none, optional, required
		PeriodYears int      `json:"period_years"`
		Formats     []string `json:"formats"`
		Parameters  []struct {
			ID       string `json:"id"`
			Name     string `json:"name"`
			Required bool   `json:"required"`
			Values   []struct {
				ID   string `json:"id"`
				Name string `json:"name"`
			} `json:"values"`
		} `json:"parameters"`
		ValidDays int    `json:"valid_days"`
		Usually   string `json:"usually"`
	}
	failure struct {
		Title  string `json:"title"`
		Advice string `json:"advice"`
		Retry  bool   `json:"retry"`
	}
	period struct {
		From string `json:"from"`
		To   string `json:"to"`
	}
	extract struct {
		ID          string     `json:"id"`
		Number      string     `json:"number"`
		Kind        string     `json:"kind"`
		Name        string     `json:"name"`
		Status      string     `json:"status"`
		StatusLabel string     `json:"status_label"`
		Stage       string     `json:"stage"`
		StageLabel  string     `json:"stage_label"`
		Progress    int        `json:"progress"`
		Format      string     `json:"format"`
		Period      *period    `json:"period"`
		Valid       bool       `json:"valid"`
		ValidUntil  *time.Time `json:"valid_until"`
		CreatedAt   time.Time  `json:"created_at"`
		ReadyAt     *time.Time `json:"ready_at"`
		Failure     *failure   `json:"failure"`
		Purpose     string     `json:"purpose"`
		Email       string     `json:"email"`
		Files       []struct {
			Part   string `json:"part"`
			Name   string `json:"name"`
			Size   int64  `json:"size"`
			SHA256 string `json:"sha256"`
		} `json:"files"`
		Actions desk.Actions `json:"actions"`
	}
	page struct {
		Items []extract `json:"items"`
		Next  string    `json:"next"`
	}
)

func (x extract) path() string { return "/cabinet/extracts/" + x.ID }

// Under is whether the order is still being carried out.
func (x extract) Under() bool { return x.Status == "requested" || x.Status == "making" }

var statusKinds = map[string]string{"requested": "info", "making": "info", "ready": "go", "failed": "stop"}

func (x extract) tag(v *desk.Visit) pages.Tag {
	if x.Status == "ready" && !x.Valid {
		return pages.Tag{Kind: "wait", Text: v.T("extract.over")}
	}
	return pages.Tag{Kind: statusKinds[x.Status], Text: x.StatusLabel}
}

type listView struct {
	Rows          []row
	Kinds, States []pages.Option
	Kind, State   string
	Filtered      bool
	First, Next   string
}

type row struct {
	extract
	Path string
	Tag  pages.Tag
}

// list is what is being made and every paper that was received.
func list(v *desk.Visit) error {
	view := listView{Kind: v.Query("kind"), State: v.Query("status")}
	view.Filtered = view.Kind+view.State != ""
	types, err := kinds(v)
	if err != nil {
		return err
	}
	view.Kinds = []pages.Option{{Label: v.T("extract.any")}}
	for _, k := range types {
		view.Kinds = append(view.Kinds, pages.Option{Value: k.ID, Label: k.Name})
	}
	view.States = []pages.Option{{Label: v.T("extract.any")}}
	for _, name := range []string{"requested", "making", "ready", "failed", "cancelled"} {
		view.States = append(view.States, pages.Option{Value: name, Label: v.T("extract.status." + name)})
	}
	query := url.Values{}
	for name, value := range map[string]string{"kind": view.Kind, "status": view.State} {
		if value != "" {
			query.Set(name, value)
		}
	}
	here := "/cabinet/extracts?" + query.Encode()
	if after := v.Query("after"); after != "" {
		view.First = here
		query.Set("after", after)
	}
	query.Set("limit", "20")
	var found page
	if err := v.Get("/extracts", query, &found); err != nil {
		status, errs, err := v.Mendable(err, "kind", "status")
		if err != nil {
			return err
		}
		return v.Page(status, "extracts.html", "place.extracts", view, errs...)
	}
	for _, x := range found.Items {
		view.Rows = append(view.Rows, row{extract: x, Path: x.path(), Tag: x.tag(v)})
	}
	if found.Next != "" {
		view.Next = here + "&" + url.Values{"after": {found.Next}}.Encode()
	}
	return v.Page(http.StatusOK, "extracts.html", "place.extracts", view)
}

func kinds(v *desk.Visit) ([]kind, error) {
	var found struct {
		Items []kind `json:"items"`
	}
	err := v.Get("/extract-types", nil, &found)
	return found.Items, err
}
