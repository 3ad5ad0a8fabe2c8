package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	webpush "github.com/SherClockHolmes/webpush-go"

	"propusk/storage"
	"propusk/storage/jobs"
)

// PushSubscription is where a browser takes push messages, as its Push API gives
// it. The JSON of one is the To of a message on the channel push.
type PushSubscription struct {
	Endpoint string `json:"endpoint"`
	P256DH   string `json:"p256dh"` // the browser's P-256 public key, base64url
	Auth     string `json:"auth"`   // the shared secret, 16 bytes, base64url
}

// WebPush delivers messages to push services (RFC 8030), encrypted for the
// browser alone (RFC 8291, aes128gcm of RFC 8188) and padded to one length, so
// that the push service learns neither their words nor how many.
type WebPush struct {
	VAPID *VAPID
	// Contact is how a push service reaches the operator: an e-mail or an https
	// address (RFC 8292 §2.1).
	Contact string
	// Client must refuse addresses inside (package storage/outside): endpoints
	// are what browsers say.
	Client *http.Client
	Now    func() time.Time
}

// The bounds of a push message.
const (
	maxPush     = 3 << 10 // bytes of Text that fit one record
	standardTTL = 24 * time.Hour
)

// ErrGone: the browser has ended the subscription; the Fault's reason is "gone".
var ErrGone = errors.New("webpush: the subscription is gone")

type webPush struct{ WebPush }

// NewWebPush returns the channel.
func NewWebPush(w WebPush) Channel { return &webPush{w} }

// Deliver implements Channel. The text is what the service worker gets.
func (w *webPush) Deliver(ctx context.Context, m Message) error {
	var to PushSubscription
	if err := json.Unmarshal([]byte(m.To), &to); err != nil {
		return jobs.Permanent(errors.New("webpush: the addressee is no subscription")) // err would show it
	}
	if len(m.Text) > maxPush {
		return jobs.Permanent(fmt.Errorf("webpush: the text has more than %d bytes", maxPush))
	}
	keys, err := w.VAPID.open(ctx)
	if err != nil {
		return err
	}
	response, err := webpush.SendNotificationWithContext(ctx, []byte(m.Text),
		&webpush.Subscription{Endpoint: to.Endpoint, Keys: webpush.Keys{Auth: to.Auth, P256dh: to.P256DH}},
		&webpush.Options{
			HTTPClient: w.Client, Subscriber: w.Contact, TTL: w.ttl(m), Urgency: webpush.UrgencyNormal,
			VAPIDPublicKey: keys.Public, VAPIDPrivateKey: keys.Private,
		})
	if err != nil {
		return fmt.Errorf("webpush: %w", withoutAddress(err))
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, 4096) // so that the connection is used again
	return pushAnswer(response.StatusCode)
}

// withoutAddress drops the endpoint from an error: whoever knows it can push.
func withoutAddress(err error) error {
	if asked, ok := errors.AsType[*url.Error](err); ok {
		return asked.Err
	}
	return err
}

// ttl is for how many seconds the push service keeps the message (RFC 8030 §5.2).
func (w *webPush) ttl(m Message) int {
	left := standardTTL
	if m.Expires != 0 {
		left = max(m.Expires.Sub(storage.Of(w.Now())), 0)
	}
	return int(left / time.Second)
}

// pushAnswer reads the status: 404 and 410 end the subscription (RFC 8030 §7.3).
func pushAnswer(status int) error {
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusNotFound, status == http.StatusGone:
		return jobs.Permanent(&Fault{Reason: "gone", Err: ErrGone})
	case status >= 500, status == http.StatusTooManyRequests, status == http.StatusRequestTimeout:
		return fmt.Errorf("webpush: status %d", status)
	}
	return jobs.Permanent(&Fault{Reason: "refused", Err: fmt.Errorf("webpush: status %d", status)})
}
