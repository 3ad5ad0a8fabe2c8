package webhook

import (
	"errors"
	"net/http"

	"propusk/cabinet/api"
	"propusk/cabinet/notice"
	"propusk/idp/directory"
	"propusk/storage"
)

// webhook is a webhook as the API shows it.
type webhook struct {
	ID           string       `json:"id"`
	URL          string       `json:"url"`
	Description  string       `json:"description"`
	Program      string       `json:"program"` // the program at the other end, such as 1С:Бухгалтерия
	Types        []string     `json:"types"`   // empty: all that whoever chose was allowed to learn of
	State        string       `json:"state"`
	Reason       string       `json:"reason,omitempty"` // why it is disabled
	Connected    bool         `json:"connected"`        // the last request arrived
	FailingSince storage.Time `json:"failing_since"`
	SucceededAt  storage.Time `json:"succeeded_at"`
	Secret       string       `json:"secret,omitempty"` // when it was made; never again
	CreatedAt    storage.Time `json:"created_at"`
	UpdatedAt    storage.Time `json:"updated_at"`
	Actions      []api.Action `json:"actions"`
}

func view(c api.Call, e endpoint) (webhook, error) {
	actions, err := c.Actions(acts(e)...)
	return webhook{
		ID: e.ID, URL: e.URL, Description: e.Description, Program: e.Program, Types: api.List(e.Types.V), State: e.State, Reason: e.Reason,
		Connected: e.State == active && e.Failures == 0 && e.SucceededAt != 0, FailingSince: e.FailingSince, SucceededAt: e.SucceededAt,
		CreatedAt: e.CreatedAt, UpdatedAt: e.UpdatedAt, Actions: actions,
	}, err
}

// writing is what every act on a webhook demands.
func writing(name string) api.Act {
	return api.Act{Name: name, Scope: "clients:write", Permission: directory.ClientsWrite, ACR: directory.ACRTwoFactors}
}

func acts(e endpoint) []api.Act {
	return []api.Act{
		writing("change"), writing("remove"), writing("rotate_secret"),
		writing("test").Unless(e.State == active, "webhook_inactive"),
		writing("replay").Unless(e.State != disabled, "webhook_inactive"),
	}
}

func tag(e endpoint) string { return api.EntityTag(e.Version, e.SucceededAt, e.FailingSince) }

// refusal tells our errors in the API's codes.
func refusal(err error) error {
	for _, known := range []struct {
		err  error
		code string
	}{
		{errTooMany, "webhooks_exhausted"}, {errStale, "version_changed"}, {errWaiting, "delivery_waiting"}, {errInactive, "webhook_inactive"},
	} {
		if errors.Is(err, known.err) {
			return api.Refuse(known.code).Wrap(err)
		}
	}
	return api.DirectoryRefusal(err)
}

var errInactive = errors.New("webhook: it is off")

// getEvents is the catalogue of what webhooks carry, with an example of each.
func (w *Webhooks) getEvents(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	type event struct {
		Type        string               `json:"type"`
		Category    notice.Category      `json:"category"`
		Description string               `json:"description"`
		Permission  directory.Permission `json:"permission,omitempty"`
		Example     message              `json:"example"`
	}
	var events []event
	for _, t := range notice.Catalogue() {
		if !t.Webhook() {
			continue
		}
		description := t.RU
		if c.Lang() == "en" {
			description = t.EN
		}
		events = append(events, event{t.Type, t.Category, description, t.Permission, example(t)})
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", map[string]any{"events": events})
}

// example is a whole body of a type.
func example(t notice.EventType) message {
	return message{
		ID: messageID("example/" + t.Type), Type: t.Type, OrganizationID: "0190a5b2-1000-7000-8000-000000000001",
		At: 1_792_400_000_000_000, Data: t.Example,
	}
}

func (w *Webhooks) getList(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	list, err := w.list(c.Ctx(), c.Organisation())
	if err != nil {
		return err
	}
	views := make([]webhook, len(list))
	for i, e := range list {
		if views[i], err = view(c, e); err != nil {
			return err
		}
	}
	return api.Answer(c, http.StatusOK, "", map[string]any{"webhooks": views})
}

// find reads the webhook of the path.
func (w *Webhooks) find(c api.Call) (endpoint, error) {
	id, err := c.ID()
	if err != nil {
		return endpoint{}, err
	}
	e, err := w.one(c.Ctx(), c.Organisation(), id)
	if err != nil {
		return e, refusal(err)
	}
	return e, nil
}

func (w *Webhooks) get(c api.Call) error {
	e, err := w.find(c)
	if err != nil {
		return err
	}
	return answer(c, e)
}

func answer(c api.Call, e endpoint) error {
	v, err := view(c, e)
	if err != nil {
		return err
	}
	return api.Answer(c, http.StatusOK, tag(e), v)
}

func (w *Webhooks) refuseFaults(wish wish, c api.Call) error {
	var faults []api.FieldFault
	for _, f := range w.check(wish, reached(c)) {
		faults = append(faults, api.FieldFault{Pointer: f.pointer, Code: f.code})
	}
	return api.Invalid(faults...)
}

func (w *Webhooks) post(c api.Call) error {
	var body struct {
		URL         *string   `json:"url"`
		Description *string   `json:"description"`
		Program     *string   `json:"program"`
		Types       *[]string `json:"types"`
	}
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	if body.URL == nil {
		return api.InvalidField("/url", "required")
	}
	wish := wish{URL: body.URL, Description: body.Description, Program: body.Program, Types: body.Types}
	if err := w.refuseFaults(wish, c); err != nil {
		return err
	}
	e, secret, err := w.create(c.Ctx(), c.Actor(), c.Organisation(), reached(c), wish)
	if err != nil {
		return refusal(err)
	}
	v, err := view(c, e)
	if err != nil {
		return err
	}
	v.Secret = secret
	return api.Created(c, "/v1/webhooks/"+e.ID, tag(e), v)
}

func (w *Webhooks) patch(c api.Call) error {
	e, err := w.find(c)
	if err != nil {
		return err
	}
	var body struct {
		URL         api.Field[string]   `json:"url"`
		Description api.Field[string]   `json:"description"`
		Program     api.Field[string]   `json:"program"`
		Types       api.Field[[]string] `json:"types"`
		State       api.Field[string]   `json:"state"`
	}
	err = api.ReadPatch(c, &body, "id", "reason", "connected", "failing_since", "succeeded_at", "secret", "created_at", "updated_at", "actions")
	if err != nil {
		return err
	}
	if err := c.Matches(tag(e)); err != nil {
		return err
	}
	wish := wish{body.URL.Change(), body.Description.Change(), body.Program.Change(), body.State.Change(), body.Types.Change()}
	if err := w.refuseFaults(wish, c); err != nil {
		return err
	}
	if e, err = w.change(c.Ctx(), c.Actor(), e, reached(c), wish); err != nil {
		return refusal(err)
	}
	return answer(c, e)
}

func (w *Webhooks) delete(c api.Call) error {
	e, err := w.find(c)
	if err != nil {
		return err
	}
	if err := c.Matches(tag(e)); err != nil {
		return err
	}
	if err := w.remove(c.Ctx(), c.Actor(), e); err != nil {
		return refusal(err)
	}
	return api.NoContent(c)
}

// postSecret gives a new secret; the one before stays good for a day, unless it
// has leaked.
func (w *Webhooks) postSecret(c api.Call) error {
	e, err := w.find(c)
	if err != nil {
		return err
	}
	var body struct {
		Leaked bool `json:"leaked"`
	}
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	secret, until, err := w.rotate(c.Ctx(), c.Actor(), e, body.Leaked)
	if err != nil {
		return refusal(err)
	}
	return api.Answer(c, http.StatusCreated, "", map[string]any{"secret": secret, "previous_until": until})
}
