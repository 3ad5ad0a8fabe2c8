package export

import (
	_ "embed"
	"errors"
	"net/http"

	"propusk/cabinet/api"
	"propusk/storage"
	"propusk/storage/file"
)

//go:embed openapi.json
var document []byte

// Room is the part of the API that the package serves. Its routes demand no scope of
// their own: each export demands what its list does.
func (x *Exports) Room() api.Room {
	route := func(method, path string, handle func(api.Call) error) api.Route {
		return api.Route{Method: method, Path: path, Access: api.OrganisationToken, Handle: handle}
	}
	order := route(http.MethodPost, "/v1/exports", x.post)
	order.Idempotent = true
	return api.Room{
		Name: "export",
		Routes: []api.Route{
			order,
			route(http.MethodGet, "/v1/exports", x.getAll),
			route(http.MethodGet, "/v1/exports/{id}", x.get),
			route(http.MethodGet, "/v1/exports/{id}/file", x.getFile),
			route(http.MethodDelete, "/v1/exports/{id}", x.remove),
		},
		Document: document, Texts: texts,
	}
}

// refusal tells the package's errors in the API's codes.
func refusal(err error) error {
	switch {
	case errors.Is(err, ErrTooMany):
		return api.Refuse("export_too_many").Wrap(err)
	case errors.Is(err, file.ErrDamaged):
		return api.Refuse("export_damaged").Wrap(err)
	case errors.Is(err, storage.ErrNotFound):
		return api.Refuse("not_found").Wrap(err)
	}
	return err
}

type view struct {
	ID        string        `json:"id"`
	Kind      string        `json:"kind"`
	Format    string        `json:"format"`
	State     State         `json:"state"`
	Label     string        `json:"state_label"`
	Rows      int64         `json:"rows"`       // drawn so far
	RowsTotal int64         `json:"rows_total"` // 0 until they are counted
	Progress  int64         `json:"progress"`   // percent
	Cut       bool          `json:"cut"`
	Name      string        `json:"name,omitempty"`
	Size      int64         `json:"size,omitempty"` // bytes
	CreatedAt storage.Time  `json:"created_at"`
	ReadyAt   *storage.Time `json:"ready_at,omitempty"`
	EndsAt    storage.Time  `json:"ends_at"`
	Href      string        `json:"href,omitempty"` // of the file
}

var labels = map[State]api.FieldText{
	Waiting: {RU: "В очереди", EN: "Waiting"}, Making: {RU: "Формируется", EN: "Being made"},
	Ready: {RU: "Готово", EN: "Ready"}, Failed: {RU: "Не удалось", EN: "Failed"},
}

func newView(e Export, lang string) view {
	v := view{
		ID: e.ID, Kind: e.Kind, Format: e.Format, State: e.State, Label: labels[e.State].RU, Rows: e.Done, RowsTotal: e.Total,
		Progress: e.progress(), Cut: e.Cut, Name: e.Name, Size: e.Size, CreatedAt: e.CreatedAt, EndsAt: e.EndsAt,
	}
	if lang == "en" {
		v.Label = labels[e.State].EN
	}
	if e.State == Ready {
		v.ReadyAt, v.Href = &e.ReadyAt, "/v1/exports/"+e.ID+"/file"
	}
	return v
}

// progress is in percent; the last one is kept for the writing of the file.
func (e Export) progress() int64 {
	switch {
	case e.State == Ready:
		return 100
	case e.Total == 0:
		return 0
	}
	return min(e.Done*100/e.Total, 99)
}

// wish is the body of POST /v1/exports.
type wish struct {
	Kind   string            `json:"kind"`
	Format string            `json:"format"`
	Filter map[string]string `json:"filter"`
}

// post answers POST /v1/exports.
func (x *Exports) post(c api.Call) error {
	var w wish
	if err := api.ReadObject(c, &w); err != nil {
		return err
	}
	kind, known := x.kinds[w.Kind]
	if !known {
		return api.InvalidField("/kind", "unknown")
	}
	if w.Format == "" {
		w.Format = XLSX
	}
	if bounds[w.Format].most == 0 {
		return api.InvalidField("/format", "unknown")
	}
	if err := kind.route().Permit(c.Claims); err != nil {
		return err
	}
	ask, err := kind.read(c, api.BodyQuery("/filter", w.Filter, kind.Parameters...))
	if err != nil {
		return err
	}
	reach, err := reachOf(c)
	if err != nil {
		return err
	}
	e := Export{
		OrganisationID: c.Organisation(), Owner: ownerOf(c), Reach: reach, Kind: kind.Name, Format: w.Format, Lang: c.Lang(),
		Subtitle: subtitle(c), Ask: string(ask),
	}
	if err := x.order(c.Ctx(), c.Actor(), &e); err != nil {
		return refusal(err)
	}
	api.Speaks(c, c.Lang())
	c.Response().Header().Set("Location", "/v1/exports/"+e.ID)
	return api.Answer(c, http.StatusAccepted, "", newView(e, c.Lang()))
}

// getAll answers GET /v1/exports: the caller's own, of lists that the token may read.
func (x *Exports) getAll(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	reach, err := reachOf(c)
	if err != nil {
		return err
	}
	all, err := x.list(c.Ctx(), c.Organisation(), ownerOf(c), reach)
	if err != nil {
		return err
	}
	items := []view{}
	for _, e := range all {
		if kind, known := x.kinds[e.Kind]; known && kind.route().Permit(c.Claims) == nil {
			items = append(items, newView(e, c.Lang()))
		}
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", map[string]any{"items": items})
}

// one is the export of the path: the caller's own, of a list that the token may read.
func (x *Exports) one(c api.Call) (Export, error) {
	id, err := c.ID()
	if err != nil {
		return Export{}, err
	}
	reach, err := reachOf(c)
	if err != nil {
		return Export{}, err
	}
	e, err := x.find(c.Ctx(), c.Organisation(), ownerOf(c), reach, id)
	if err != nil {
		return Export{}, refusal(err)
	}
	kind, known := x.kinds[e.Kind]
	if !known {
		return Export{}, api.Refuse("not_found")
	}
	return e, kind.route().Permit(c.Claims)
}

// get answers GET /v1/exports/{id}.
func (x *Exports) get(c api.Call) error {
	e, err := x.one(c)
	if err != nil {
		return err
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", newView(e, c.Lang()))
}

// getFile answers GET /v1/exports/{id}/file.
func (x *Exports) getFile(c api.Call) error {
	e, err := x.one(c)
	if err != nil {
		return err
	}
	if e.State != Ready {
		refused := api.Refuse("export_not_ready")
		if e.State != Failed {
			refused = refused.After(2)
		}
		return refused
	}
	f, content, err := x.Files.Open(c.Ctx(), e.OrganisationID, e.FileID)
	if err != nil {
		return refusal(err)
	}
	defer func() { _ = content.Close() }() // it was only read
	if err := x.note(c.Ctx(), c.Actor(), e, "export.taken"); err != nil {
		return err
	}
	return api.File(c, api.FileAnswer{Name: e.Name, MediaType: f.MediaType, SHA256: f.SHA256, Size: f.Size}, content)
}

// remove answers DELETE /v1/exports/{id}: nobody needs it any more, made or not.
func (x *Exports) remove(c api.Call) error {
	e, err := x.one(c)
	if err != nil {
		return err
	}
	if err := x.dismiss(c.Ctx(), c.Actor(), e); err != nil {
		return err
	}
	return api.NoContent(c)
}
