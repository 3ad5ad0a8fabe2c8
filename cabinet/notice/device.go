package notice

import (
	"cmp"
	"context"
	"crypto/ecdh"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/journal"
	"propusk/storage/outbox"
	"propusk/storage/outside"
)

// maxDevices is how many subscriptions a person may have; a further one takes the
// place of the one unused for longest.
const maxDevices = 10

// device is a browser that takes push messages for a person.
type device struct {
	ID        string       `db:"id"`
	PersonID  string       `db:"person_id"`
	Host      string       `db:"host"`   // of the push service
	Name      string       `db:"device"` // as the person calls it
	Sealed    []byte       `db:"sealed"`
	CreatedAt storage.Time `db:"created_at"`
	UsedAt    storage.Time `db:"used_at"`

	address string // the outbox's To: the subscription as JSON
}

const deviceColumns = `id, person_id, host, device, sealed, created_at, used_at`

func deviceSeal(id string) string { return "push/" + id }

// devicesOf reads the devices of at most chunk people.
func (n *Notices) devicesOf(ctx context.Context, people []string) (map[string][]device, error) {
	args, marks := make([]any, chunk), make([]string, chunk)
	for i := range chunk {
		args[i], marks[i] = "", fmt.Sprintf("$%d", i+1)
		if i < len(people) {
			args[i] = people[i]
		}
	}
	var rows []device
	err := n.DB.Select(ctx, &rows, `SELECT `+deviceColumns+` FROM push_subscriptions
		WHERE person_id IN (`+strings.Join(marks, ", ")+`) ORDER BY id`, args...)
	if err != nil {
		return nil, fmt.Errorf("notice: devices: %w", err)
	}
	found := map[string][]device{}
	for _, row := range rows {
		plain, err := n.Sealer.Open(row.Sealed, deviceSeal(row.ID))
		if err != nil { // of another master key, or damaged: nobody else is to suffer
			n.Log.ErrorContext(ctx, "a device cannot be read and is passed over", "device", row.ID, "error", err)
			continue
		}
		row.address = string(plain)
		found[row.PersonID] = append(found[row.PersonID], row)
	}
	return found, nil
}

// checkSubscription finds what is wrong with a browser's subscription.
func (n *Notices) checkSubscription(s outbox.PushSubscription) (faults []Fault) {
	if err := outside.CheckURL(s.Endpoint, n.Reach); err != nil {
		code := "invalid"
		if errors.Is(err, outside.ErrUnreachable) {
			code = "address_refused"
		}
		faults = append(faults, Fault{"/endpoint", code})
	}
	if point, err := base64URL(s.P256DH); err != nil || !onCurve(point) {
		faults = append(faults, Fault{"/keys/p256dh", "invalid"})
	}
	if secret, err := base64URL(s.Auth); err != nil || len(secret) != 16 { // RFC 8291 §3.2
		faults = append(faults, Fault{"/keys/auth", "invalid"})
	}
	return faults
}

func base64URL(text string) ([]byte, error) {
	return base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
}

func onCurve(point []byte) bool {
	_, err := ecdh.P256().NewPublicKey(point)
	return err == nil
}

// subscribe notes where a device of the person takes messages. An endpoint that
// was somebody else's becomes his: the browser has changed hands, and the one
// before must not be told any more.
func (n *Notices) subscribe(ctx context.Context, actor directory.Actor, personID, name string, s outbox.PushSubscription) (device, error) {
	plain, err := json.Marshal(s)
	if err != nil {
		return device{}, fmt.Errorf("notice: subscribe: %w", err)
	}
	host := ""
	if u, err := url.Parse(s.Endpoint); err == nil {
		host = u.Hostname()
	}
	sum := sha256.Sum256([]byte(s.Endpoint))
	d := device{ID: storage.NewID(), PersonID: personID, Host: host, Name: name, CreatedAt: storage.Of(n.Now())}
	d.UsedAt = d.CreatedAt
	err = n.DB.Tx(ctx, func(ctx context.Context) error {
		hash := hex.EncodeToString(sum[:])
		if _, err := n.DB.Exec(ctx, `DELETE FROM push_subscriptions WHERE endpoint_hash = $1`, hash); err != nil {
			return err
		}
		_, err := n.DB.Exec(ctx, `INSERT INTO push_subscriptions (id, person_id, endpoint_hash, host, device, sealed, created_at, used_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $7)`, d.ID, personID, hash, host, name, n.Sealer.Seal(plain, deviceSeal(d.ID)), d.CreatedAt)
		if err != nil {
			return err
		}
		if err := n.keepFew(ctx, personID); err != nil {
			return err
		}
		return n.journalDevice(ctx, actor, "push.subscribed", d)
	})
	if err != nil {
		return device{}, fmt.Errorf("notice: subscribe: %w", err)
	}
	return d, nil
}

// keepFew drops the devices beyond maxDevices, those unused for longest first.
func (n *Notices) keepFew(ctx context.Context, personID string) error {
	list, err := n.devices(ctx, personID)
	if err != nil || len(list) <= maxDevices {
		return err
	}
	slices.SortFunc(list, func(a, b device) int { return cmp.Or(cmp.Compare(b.UsedAt, a.UsedAt), strings.Compare(b.ID, a.ID)) })
	for _, d := range list[maxDevices:] {
		if err := n.forgetDevice(ctx, d.ID); err != nil {
			return err
		}
	}
	return nil
}

func (n *Notices) devices(ctx context.Context, personID string) (list []device, err error) {
	err = n.DB.Select(ctx, &list, `SELECT `+deviceColumns+` FROM push_subscriptions WHERE person_id = $1 ORDER BY id`, personID)
	if err != nil {
		return nil, fmt.Errorf("notice: devices: %w", err)
	}
	return list, nil
}

// unsubscribe ends one of the person's subscriptions; storage.ErrNotFound for one
// of somebody else's as for none.
func (n *Notices) unsubscribe(ctx context.Context, actor directory.Actor, personID, id string) error {
	return n.DB.Tx(ctx, func(ctx context.Context) error {
		gone, err := n.DB.Exec(ctx, `DELETE FROM push_subscriptions WHERE person_id = $1 AND id = $2`, personID, id)
		if err != nil {
			return fmt.Errorf("notice: unsubscribe: %w", err)
		}
		if gone == 0 {
			return storage.ErrNotFound
		}
		return n.journalDevice(ctx, actor, "push.unsubscribed", device{ID: id})
	})
}

// forgetDevice drops a subscription that its browser has ended.
func (n *Notices) forgetDevice(ctx context.Context, id string) error {
	_, err := n.DB.Exec(ctx, `DELETE FROM push_subscriptions WHERE id = $1`, id)
	if err != nil {
		return fmt.Errorf("notice: forget device: %w", err)
	}
	return nil
}

func (n *Notices) journalDevice(ctx context.Context, actor directory.Actor, action string, d device) error {
	return n.Journal.Append(ctx, journal.Entry{
		Actor: actor.PersonID, Client: actor.ClientID, Action: action, Object: d.ID, Outcome: "success",
		Details: map[string]string{"host": d.Host},
	})
}
