package notice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/outbox"
)

// letter is one event on its way to one person.
type letter struct {
	event        storedEvent
	notice       string // its id
	organisation directory.Organisation
	to           recipient
	devices      []device
}

// delivery is one row of the history.
type delivery struct {
	ID             string       `db:"id"`
	OrganisationID string       `db:"organisation_id"`
	PersonID       string       `db:"person_id"`
	NoticeID       string       `db:"notice_id"`
	Channel        Channel      `db:"channel"`
	Target         string       `db:"target"`
	SubscriptionID string       `db:"subscription_id"`
	State          string       `db:"state"`
	Reason         string       `db:"reason"`
	MessageID      string       `db:"message_id"`
	DueAt          storage.Time `db:"due_at"`
	CreatedAt      storage.Time `db:"created_at"`
	SentAt         storage.Time `db:"sent_at"`
	SettledAt      storage.Time `db:"settled_at"`
}

const deliveryColumns = `id, organisation_id, person_id, notice_id, channel, target, subscription_id, state, reason,
	message_id, due_at, created_at, sent_at, settled_at`

// dispatch sends a letter by one way, or notes that it waits. A channel on which
// the person has no address is left out: there is nothing to tell of.
func (n *Notices) dispatch(ctx context.Context, l letter, w way) error {
	d := delivery{
		OrganisationID: l.event.OrganisationID, PersonID: l.to.id, NoticeID: l.notice, Channel: w.channel,
		State: w.state, DueAt: w.due,
	}
	if w.channel == Push {
		for _, device := range l.devices {
			d.ID, d.SubscriptionID, d.Target = storage.NewID(), device.ID, device.Host
			if err := n.put(ctx, l, d); err != nil {
				return err
			}
		}
		return nil
	}
	if l.to.address(w.channel) == "" {
		return nil
	}
	d.ID, d.Target = storage.NewID(), maskAddress(l.to.address(w.channel))
	return n.put(ctx, l, d)
}

// put writes the row of a delivery, and sends it when it does not wait.
func (n *Notices) put(ctx context.Context, l letter, d delivery) error {
	d.CreatedAt = storage.Of(n.Now())
	if d.State == stateQueued {
		if err := n.send(ctx, l, &d); err != nil {
			return err
		}
	}
	_, err := n.DB.Exec(ctx, `INSERT INTO notice_deliveries (`+deliveryColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		d.ID, d.OrganisationID, d.PersonID, d.NoticeID, d.Channel, d.Target, d.SubscriptionID, d.State, d.Reason,
		d.MessageID, d.DueAt, d.CreatedAt, d.SentAt, d.SettledAt)
	if err != nil {
		return fmt.Errorf("notice: delivery: %w", err)
	}
	n.metrics.delivery(d.Channel, d.State)
	return nil
}

// send hands a letter to the outbox. A house without the channel notes that.
func (n *Notices) send(ctx context.Context, l letter, d *delivery) error {
	message, err := n.compose(l, *d)
	if err != nil {
		return err
	}
	d.MessageID = d.ID
	err = n.Outbox.Send(ctx, message)
	if errors.Is(err, outbox.ErrChannel) {
		d.State, d.Reason, d.MessageID, d.SettledAt = stateFailed, "no_channel", "", storage.Of(n.Now())
		return nil
	}
	if err != nil {
		return fmt.Errorf("notice: send: %w", err)
	}
	return nil
}

// How long a message is worth delivering.
const (
	worthSMS  = 24 * time.Hour
	worthPush = 24 * time.Hour
	// worthConfirmation is as long as an application may wait for a person.
	worthConfirmation = 10 * time.Minute
)

// compose writes the message of one channel. What leaves the house carries no
// number of a person, whatever the event's words say.
func (n *Notices) compose(l letter, d delivery) (outbox.Message, error) {
	m := outbox.Message{ID: d.ID, Channel: string(d.Channel), To: l.to.address(d.Channel)}
	words := l.event.Texts.V.in(l.to.locale)
	switch d.Channel {
	case Email:
		m.Subject, m.Text = Mask(words.Subject), n.mail(l, words)
	case SMS:
		m.Text = shorten(Mask(words.Subject), 140) + " " + n.BaseURL
		m.Expires = storage.Of(n.Now()).Add(worthSMS)
	case Push:
		m.Expires = storage.Of(n.Now()).Add(worthPush)
		if l.event.Type == ConfirmationRequested {
			m.Expires = l.event.CreatedAt.Add(worthConfirmation)
		}
		for _, device := range l.devices {
			if device.ID == d.SubscriptionID {
				m.To = device.address
			}
		}
		text, err := json.Marshal(map[string]string{
			"id": l.notice, "title": shorten(Mask(words.Subject), 120), "body": shorten(Mask(words.Body), 240),
			"url": n.BaseURL + l.event.Path, "category": string(l.event.Category),
		})
		if err != nil {
			return m, fmt.Errorf("notice: push: %w", err)
		}
		m.Text = string(text)
	}
	return m, nil
}

// mail is the text of one e-mail.
func (n *Notices) mail(l letter, words Message) string {
	say := wordsIn(l.to.locale)
	var b strings.Builder
	b.WriteString(Mask(words.Body))
	if words.Body != "" {
		b.WriteString("\n\n")
	}
	if l.event.Source != "" {
		fmt.Fprintf(&b, "%s: %s\n", say.source, l.event.Source)
	}
	if l.organisation.Name != "" {
		fmt.Fprintf(&b, "%s: %s\n", say.organisation, l.organisation.Name)
	}
	if l.event.Path != "" {
		fmt.Fprintf(&b, "%s: %s\n", say.open, n.BaseURL+l.event.Path)
	}
	fmt.Fprintf(&b, "\n%s\n%s\n", say.footer, n.BaseURL+settingsPath)
	return b.String()
}

// settingsPath is where people change what they are told.
const settingsPath = "/cabinet/notices/settings"

// wording are the fixed words of messages.
type wording struct{ source, organisation, open, footer, digestSubject, digestMore string }

func wordsIn(locale string) wording {
	if locale == "en" {
		return wording{
			"From", "Organisation", "Open in the cabinet", "You choose what you are told of in the settings of notices:",
			"Notices: %d", "And more: %d. All of them are in the cabinet.",
		}
	}
	return wording{
		"Источник", "Организация", "Открыть в кабинете", "О чём вам сообщать, вы выбираете в настройках уведомлений:",
		"Уведомления: %d", "И ещё: %d. Все уведомления — в кабинете.",
	}
}

// shorten cuts a text to at most limit characters, at the end of a word where one
// is near.
func shorten(text string, limit int) string {
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	runes := []rune(text)[:limit-1]
	cut := string(runes)
	if space := strings.LastIndexByte(cut, ' '); space > len(cut)*2/3 {
		cut = cut[:space]
	}
	return strings.TrimRight(cut, " ,.;:") + "…"
}
