package webhook

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"slices"

	"propusk/cabinet/api"
	"propusk/storage"
)

// deliveryView is a delivery as the API shows it.
type deliveryView struct {
	ID        string          `json:"id"`
	MessageID string          `json:"message_id"`
	Type      string          `json:"type"`
	State     string          `json:"state"`
	Attempts  int64           `json:"attempts"`
	NextAt    storage.Time    `json:"next_at"` // null when nothing more is tried
	CreatedAt storage.Time    `json:"created_at"`
	SettledAt storage.Time    `json:"settled_at"`
	Body      json.RawMessage `json:"body,omitempty"`
	Log       []attemptView   `json:"log,omitempty"`
	Actions   []api.Action    `json:"actions"`
}

// attemptView is a line of a delivery's log.
type attemptView struct {
	At             storage.Time      `json:"at"`
	Took           int64             `json:"took"` // milliseconds
	Status         int64             `json:"status,omitempty"`
	Error          string            `json:"error,omitempty"`
	RequestHeaders map[string]string `json:"request_headers"`
	Answer         string            `json:"answer"`
}

func viewDelivery(c api.Call, e endpoint, d delivery) (deliveryView, error) {
	act := writing("replay").Unless(d.State != waiting, "delivery_waiting").Unless(e.State != disabled, "webhook_inactive")
	actions, err := c.Actions(act)
	v := deliveryView{
		ID: d.ID, MessageID: d.MessageID, Type: d.Type, State: d.State, Attempts: d.Attempts, CreatedAt: d.CreatedAt, SettledAt: d.SettledAt, Actions: actions,
	}
	if d.State == waiting {
		v.NextAt = d.DueAt
	}
	return v, err
}

func (w *Webhooks) getDeliveries(c api.Call) error {
	e, err := w.find(c)
	if err != nil {
		return err
	}
	q := c.Query("state", "type", "after", "limit")
	page, state := q.Page(), q.OneOf("state", waiting, delivered, failed)
	kind := q.Text("type", func(s string) bool { _, ok := eventTypes()[s]; return ok })
	if err := q.Err(); err != nil {
		return err
	}
	list, err := w.deliveries(c.Ctx(), e, state, kind, page.At, page.ID, page.Limit+1)
	if err != nil {
		return err
	}
	list, next := api.Cut(page, list, func(d delivery) (storage.Time, string) { return d.CreatedAt, d.ID })
	views := make([]deliveryView, len(list))
	for i, d := range list {
		if views[i], err = viewDelivery(c, e, d); err != nil {
			return err
		}
	}
	answer := map[string]any{"deliveries": views}
	if next != "" {
		answer["next"] = next
	}
	return api.Answer(c, http.StatusOK, "", answer)
}

// findDelivery reads the delivery of the path.
func (w *Webhooks) findDelivery(c api.Call) (e endpoint, d delivery, err error) {
	if e, err = w.find(c); err != nil {
		return e, d, err
	}
	id, err := c.PathID("delivery")
	if err != nil {
		return e, d, err
	}
	if d, err = w.delivery(c.Ctx(), e, id); err != nil {
		return e, d, refusal(err)
	}
	return e, d, nil
}

func (w *Webhooks) getDelivery(c api.Call) error {
	e, d, err := w.findDelivery(c)
	if err != nil {
		return err
	}
	v, err := viewDelivery(c, e, d)
	if err != nil {
		return err
	}
	log, err := w.attempts(c.Ctx(), d)
	if err != nil {
		return err
	}
	// What was sent is for whom the API would tell it.
	mayLearn := learns(c, d.Type)
	if mayLearn {
		v.Body = json.RawMessage(d.Body)
	}
	for _, a := range log {
		line := attemptView{a.At, a.Took / 1000, a.Status, a.Error, a.RequestHeaders.V, ""}
		if mayLearn {
			line.Answer = a.Answer
		}
		v.Log = append(v.Log, line)
	}
	return api.Answer(c, http.StatusOK, "", v)
}

// learns reports whether the caller may learn of events of a type: the person and the
// application, and of all of them, since a webhook tells of all.
func learns(c api.Call, kind string) bool {
	t, known := eventTypes()[kind]
	return known && (t.Permission == "" || c.Claims.Reaches(string(t.Permission)))
}

// reached are the permissions by which the caller may learn of events.
func reached(c api.Call) []string {
	return slices.DeleteFunc(slices.Clone(c.Claims.Permissions), func(p string) bool { return !c.Claims.Reaches(p) })
}

func (w *Webhooks) postTest(c api.Call) error {
	e, err := w.find(c)
	if err != nil {
		return err
	}
	if e.State != active {
		return refusal(errInactive)
	}
	d, err := w.test(c.Ctx(), c.Actor(), e)
	if err != nil {
		return refusal(err)
	}
	return w.accepted(c, e, d)
}

// accepted answers a delivery that is on its way.
func (w *Webhooks) accepted(c api.Call, e endpoint, d delivery) error {
	v, err := viewDelivery(c, e, d)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Location", "/v1/webhooks/"+e.ID+"/deliveries/"+d.ID)
	return api.Answer(c, http.StatusAccepted, "", v)
}

func (w *Webhooks) postReplay(c api.Call) error {
	e, d, err := w.findDelivery(c)
	if err != nil {
		return err
	}
	if e.State == disabled {
		return refusal(errInactive)
	}
	if err := w.replay(c.Ctx(), c.Actor(), e, d); err != nil {
		return refusal(err)
	}
	if d, err = w.delivery(c.Ctx(), e, d.ID); err != nil {
		return refusal(err)
	}
	return w.accepted(c, e, d)
}

func (w *Webhooks) postReplayMany(c api.Call) error {
	e, err := w.find(c)
	if err != nil {
		return err
	}
	var body struct {
		From  storage.Time `json:"from"`
		To    storage.Time `json:"to"`
		State string       `json:"state"`
		Type  string       `json:"type"`
	}
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	if body.To == 0 {
		body.To = storage.Of(w.Now())
	}
	switch {
	case e.State == disabled:
		return refusal(errInactive)
	case body.From == 0:
		return api.InvalidField("/from", "required")
	case body.To <= body.From:
		return api.InvalidField("/to", "out_of_range")
	case body.State != "" && body.State != delivered && body.State != failed:
		return api.InvalidField("/state", "invalid")
	}
	count, err := w.replayMany(c.Ctx(), c.Actor(), e, span{body.From, body.To, body.State, body.Type})
	if err != nil {
		return refusal(err)
	}
	return api.Answer(c, http.StatusAccepted, "", map[string]any{"replayed": count, "more": count == replayMost})
}

// exchangeMost is how many lines an export has.
const exchangeMost = 10_000

// exchange is one line of the journal of the exchange.
type exchange struct {
	At        storage.Time `json:"at" db:"created_at"`
	SettledAt storage.Time `json:"settled_at" db:"settled_at"`
	MessageID string       `json:"message_id" db:"message_id"`
	Type      string       `json:"type" db:"type"`
	State     string       `json:"state" db:"state"`
	Attempts  int64        `json:"attempts" db:"attempts"`
	Error     string       `json:"error,omitempty" db:"error"`
}

// getExchange exports the journal of the exchange: when what was handed over,
// whether it arrived and, where not, why.
func (w *Webhooks) getExchange(c api.Call) error {
	e, err := w.find(c)
	if err != nil {
		return err
	}
	q := c.Query("from", "to", "format")
	from, to, format := q.Time("from"), q.Time("to"), q.OneOf("format", "json", "xml")
	if err := q.Err(); err != nil {
		return err
	}
	if to == 0 {
		to = storage.Time(1 << 62)
	}
	list, err := w.exchange(c, e, from, to)
	if err != nil {
		return err
	}
	file := api.FileAnswer{Name: "exchange.json", MediaType: api.PlainJSON}
	text, err := json.Marshal(map[string]any{"webhook_id": e.ID, "program": e.Program, "records": len(list), "deliveries": api.List(list)})
	if format == "xml" {
		file = api.FileAnswer{Name: "exchange.xml", MediaType: "application/xml"}
		text, err = exchangeXML(e, list)
	}
	if err != nil {
		return err
	}
	file.Size = int64(len(text))
	return api.File(c, file, bytes.NewReader(text))
}

func (w *Webhooks) exchange(c api.Call, e endpoint, from, to storage.Time) (list []exchange, err error) {
	err = w.DB.Select(c.Ctx(), &list, `SELECT d.created_at, d.settled_at, d.message_id, d.type, d.state, d.attempts,
			COALESCE((SELECT a.error FROM webhook_attempts a WHERE a.delivery_id = d.id ORDER BY a.at DESC, a.id DESC LIMIT 1), '') AS error
		FROM webhook_deliveries d
		WHERE d.organisation_id = $1 AND d.webhook_id = $2 AND d.created_at >= $3 AND d.created_at < $4
		ORDER BY d.created_at, d.id LIMIT $5`, e.OrganisationID, e.ID, from, to, exchangeMost)
	return list, err
}

func exchangeXML(e endpoint, list []exchange) ([]byte, error) {
	type line struct {
		XMLName   xml.Name `xml:"delivery"`
		At        string   `xml:"at"`
		SettledAt string   `xml:"settled_at,omitempty"`
		MessageID string   `xml:"message_id"`
		Type      string   `xml:"type"`
		State     string   `xml:"state"`
		Attempts  int64    `xml:"attempts"`
		Error     string   `xml:"error,omitempty"`
	}
	document := struct {
		XMLName xml.Name `xml:"exchange"`
		Webhook string   `xml:"webhook_id,attr"`
		Program string   `xml:"program,attr"`
		Records int      `xml:"records,attr"`
		Lines   []line
	}{Webhook: e.ID, Program: e.Program, Records: len(list)}
	for _, x := range list {
		document.Lines = append(document.Lines, line{
			At: rfc3339(x.At), SettledAt: rfc3339(x.SettledAt), MessageID: x.MessageID, Type: x.Type, State: x.State, Attempts: x.Attempts, Error: x.Error,
		})
	}
	text, err := xml.MarshalIndent(document, "", "  ")
	return append([]byte(xml.Header), text...), err
}

// rfc3339 is "" for never.
func rfc3339(t storage.Time) string {
	if t == 0 {
		return ""
	}
	return t.Time().Format("2006-01-02T15:04:05.999999Z07:00")
}
