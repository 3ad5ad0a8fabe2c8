package service

import (
	"net/http"

	"propusk/cabinet/api"
	"propusk/storage"
)

// cards answers GET /v1/services.
func (d *Desk) cards(c api.Call) error {
	q := c.Query("type", "industry", "body", "document", "q")
	f := Filter{
		Type: q.OneOf("type", values(known().Types)...), Industry: q.OneOf("industry", values(known().Industries)...),
		Body: q.Search("body"), Document: q.Search("document"), Words: q.Search("q"),
	}
	if err := q.Err(); err != nil {
		return err
	}
	lang := c.Lang()
	items := []cardItem{}
	for _, card := range Search(f) {
		items = append(items, newCardItem(card, lang))
	}
	api.Speaks(c, lang)
	return api.Answer(c, http.StatusOK, "", map[string]any{
		"services": items, "types": choices(known().Types, lang), "industries": choices(known().Industries, lang),
	})
}

func values(list []Choice) []string {
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = c.Value
	}
	return names
}

// card is the one that the path names.
func card(c api.Call) (*Card, error) {
	found, ok := Find(c.Param("service"))
	if !ok {
		return nil, api.Refuse("not_found")
	}
	return found, c.Query().Err()
}

// cardOf answers GET /v1/services/{service}.
func (d *Desk) cardOf(c api.Call) error {
	found, err := card(c)
	if err != nil {
		return err
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", newCardView(found, c.Lang()))
}

// prefill answers GET /v1/services/{service}/prefill.
func (d *Desk) prefill(c api.Call) error {
	found, err := card(c)
	if err != nil {
		return err
	}
	fields, err := d.Prefill(c.Ctx(), c.Actor(), c.Organisation(), found)
	if err != nil {
		return refusal(err)
	}
	return api.Answer(c, http.StatusOK, "", map[string]any{"fields": fields})
}

// templates answers GET /v1/organization/application-templates.
func (d *Desk) templates(c api.Call) error {
	q := c.Query("service")
	service := q.Search("service")
	if err := q.Err(); err != nil {
		return err
	}
	list, err := d.Templates(c.Ctx(), c.Organisation(), service)
	if err != nil {
		return err
	}
	views := make([]templateView, len(list))
	for i, t := range list {
		views[i] = newTemplateView(t)
	}
	return api.Answer(c, http.StatusOK, "", map[string]any{"templates": views})
}

// addTemplate answers POST /v1/organization/application-templates.
func (d *Desk) addTemplate(c api.Call) error {
	var body struct {
		Service string               `json:"service"`
		Title   string               `json:"title"`
		Fields  map[string]api.Prose `json:"fields"`
	}
	if err := api.ReadBodyUpTo(c, formLimit, []string{api.PlainJSON}, &body, nil); err != nil {
		return err
	}
	t := Template{Service: body.Service, Title: body.Title, Fields: storage.JSON[map[string]string]{V: plainFields(body.Fields)}}
	t, err := d.AddTemplate(c.Ctx(), c.Actor(), c.Organisation(), t)
	if err != nil {
		return refusal(err)
	}
	return api.Created(c, "/v1/organization/application-templates/"+t.ID, "", newTemplateView(t))
}

// plainFields are the values of a form; nil stays nil.
func plainFields(fields map[string]api.Prose) map[string]string {
	if fields == nil {
		return nil
	}
	plain := make(map[string]string, len(fields))
	for name, value := range fields {
		plain[name] = string(value)
	}
	return plain
}

// removeTemplate answers DELETE /v1/organization/application-templates/{id}.
func (d *Desk) removeTemplate(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	if err := d.RemoveTemplate(c.Ctx(), c.Actor(), c.Organisation(), id); err != nil {
		return refusal(err)
	}
	return api.NoContent(c)
}
