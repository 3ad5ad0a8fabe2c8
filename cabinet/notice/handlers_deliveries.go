package notice

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"propusk/cabinet/api"
	"propusk/storage"
	"propusk/storage/outbox"
)

// deliveryView is a line of the history as the API shows it.
type deliveryView struct {
	ID        string       `json:"id"`
	NoticeID  string       `json:"notice_id"`
	Channel   Channel      `json:"channel"`
	Target    string       `json:"target"` // masked
	State     string       `json:"state"`
	Reason    string       `json:"reason,omitempty"`
	DueAt     storage.Time `json:"due_at"`
	CreatedAt storage.Time `json:"created_at"`
	SentAt    storage.Time `json:"sent_at"`
	SettledAt storage.Time `json:"settled_at"`
	Actions   []api.Action `json:"actions"`
}

func (n *Notices) deliveryView(c api.Call, d delivery) (deliveryView, error) {
	actions, err := c.Actions(api.Act{Name: "resend", Scope: scope}.Unless(n.resendable(d), "delivery_not_resendable"))
	return deliveryView{
		d.ID, d.NoticeID, d.Channel, d.Target, d.State, d.Reason, d.DueAt, d.CreatedAt, d.SentAt, d.SettledAt, actions,
	}, err
}

var deliveryStates = []string{stateWaiting, stateDigest, stateQueued, stateSent, stateDelivered, stateFailed, stateDropped}

// getDeliveries is the history of notices: who was told what, how, and whether it
// arrived.
func (n *Notices) getDeliveries(c api.Call) error {
	q := c.Query("channel", "state", "notice", "after", "limit")
	page := q.Page()
	channel, state := q.OneOf("channel", names(Channels())...), q.OneOf("state", deliveryStates...)
	notice := q.Text("notice", api.IsID)
	if err := q.Err(); err != nil {
		return err
	}
	list, err := n.history(c.Ctx(), readerOf(c), channel, state, notice, page.At, page.ID, page.Limit+1)
	if err != nil {
		return err
	}
	list, next := api.Cut(page, list, func(d delivery) (storage.Time, string) { return d.CreatedAt, d.ID })
	views := make([]deliveryView, len(list))
	for i, d := range list {
		if views[i], err = n.deliveryView(c, d); err != nil {
			return err
		}
	}
	return api.Answer(c, http.StatusOK, "", paged("deliveries", views, next))
}

// resendPause is how long after a delivery another of it may be asked for.
const resendPause = time.Minute

func (n *Notices) resendable(d delivery) bool {
	switch d.State {
	case stateSent, stateDelivered, stateFailed, stateDropped:
		return n.Now().Sub(d.CreatedAt.Time()) >= resendPause
	}
	return false
}

var errNotResendable = errors.New("notice: the delivery cannot be sent again")

// postResend sends a notice again to where it went, as a delivery of its own.
func (n *Notices) postResend(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	var sent delivery
	err = n.DB.Tx(c.Ctx(), func(ctx context.Context) (err error) {
		sent, err = n.resend(ctx, readerOf(c), id)
		return err
	})
	if errors.Is(err, errNotResendable) {
		return api.Refuse("delivery_not_resendable").Wrap(err)
	}
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	v, err := n.deliveryView(c, sent)
	if err != nil {
		return err
	}
	return api.Answer(c, http.StatusCreated, "", v)
}

func (n *Notices) resend(ctx context.Context, r reader, id string) (d delivery, err error) {
	err = n.DB.Get(ctx, &d, `SELECT `+deliveryColumns+` FROM notice_deliveries WHERE organisation_id = $1 AND person_id = $2 AND id = $3`,
		r.organisation, r.person, id)
	if err != nil {
		return d, fmt.Errorf("notice: delivery: %w", err)
	}
	var recent int64
	err = n.DB.Get(ctx, &recent, `SELECT COUNT(*) FROM notice_deliveries WHERE notice_id = $1 AND channel = $2 AND created_at > $3`,
		d.NoticeID, d.Channel, storage.Of(n.Now().Add(-resendPause)))
	if err != nil {
		return d, fmt.Errorf("notice: recent deliveries: %w", err)
	}
	if recent > 0 || !n.resendable(d) {
		return d, errNotResendable
	}
	l, why, err := n.letterOf(ctx, d)
	if err != nil {
		return d, err
	}
	if why != "" && why != whyUnsubscribed { // he asks for it himself
		return d, fmt.Errorf("%w: %s", errNotResendable, why)
	}
	again := delivery{
		ID: storage.NewID(), OrganisationID: d.OrganisationID, PersonID: d.PersonID, NoticeID: d.NoticeID, Channel: d.Channel,
		SubscriptionID: d.SubscriptionID, Target: d.Target, State: stateQueued, CreatedAt: storage.Of(n.Now()),
	}
	if d.Channel != Push {
		again.Target = maskAddress(l.to.address(d.Channel))
	}
	return again, n.put(ctx, l, again)
}

// deviceView is a subscription as the API shows it. The endpoint is not shown:
// whoever knows it can push.
type deviceView struct {
	ID        string       `json:"id"`
	Device    string       `json:"device"`
	Service   string       `json:"service"` // host of the push service
	CreatedAt storage.Time `json:"created_at"`
}

func viewDevice(d device) deviceView { return deviceView{d.ID, d.Name, d.Host, d.CreatedAt} }

func (n *Notices) getDevices(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	key, err := n.VAPID.PublicKey(c.Ctx())
	if err != nil {
		return err
	}
	list, err := n.devices(c.Ctx(), c.Person())
	if err != nil {
		return err
	}
	views := make([]deviceView, len(list))
	for i, d := range list {
		views[i] = viewDevice(d)
	}
	return api.Answer(c, http.StatusOK, "", map[string]any{"application_server_key": key, "subscriptions": views})
}

func (n *Notices) postDevice(c api.Call) error {
	var body struct {
		Endpoint string `json:"endpoint"`
		Keys     struct {
			P256DH string `json:"p256dh"`
			Auth   string `json:"auth"`
		} `json:"keys"`
		Device string `json:"device"`
	}
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	s := outbox.PushSubscription{Endpoint: body.Endpoint, P256DH: body.Keys.P256DH, Auth: body.Keys.Auth}
	found := n.checkSubscription(s)
	if len(body.Device) > 200 {
		found = append(found, Fault{"/device", "too_long"})
	}
	if err := api.Invalid(faultsOf(found)...); err != nil {
		return err
	}
	d, err := n.subscribe(c.Ctx(), c.Actor(), c.Person(), body.Device, s)
	if err != nil {
		return err
	}
	return api.Created(c, "/v1/push-subscriptions/"+d.ID, "", viewDevice(d))
}

func (n *Notices) deleteDevice(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	if err := n.unsubscribe(c.Ctx(), c.Actor(), c.Person(), id); err != nil {
		return api.DirectoryRefusal(err)
	}
	return api.NoContent(c)
}
