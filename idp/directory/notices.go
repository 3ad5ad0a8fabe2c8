package directory

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"propusk/storage"
	"propusk/storage/journal"
	"propusk/storage/outbox"
)

// notice is a message that something has happened. Its texts stand in texts.go
// under action; an action ending in ".you" speaks to the person concerned.
type notice struct {
	action       string
	person       string // full name of the person concerned
	organisation string
	role         Role
	certificate  string                       // its number and last day
	extra        []func(lang string) []string // more replacements: {name}, value, …
}

// with adds replacements that depend on the language.
func (n notice) with(extra func(lang string) []string) notice {
	n.extra = append(n.extra[:len(n.extra):len(n.extra)], extra)
	return n
}

func (n notice) of(o Organisation) notice { n.organisation = o.Name; return n }

// recipient is a person seen by the mailman.
type recipient struct {
	Email  string `db:"email"`
	Phone  string `db:"phone"`
	Locale string `db:"locale"`
}

// notifyPerson writes to the person's e-mail, or to the phone when there is no
// other way. Of a change of the ways in both are told, where the phone is proved:
// whoever makes such a change in another's name may hold his mailbox.
func (d *Directory) notifyPerson(ctx context.Context, p Person, n notice) error {
	if err := d.notify(ctx, recipient{p.Email, p.Phone, p.Locale}, n); err != nil {
		return err
	}
	if !waysIn[n.action] || p.Email == "" || !p.PhoneVerified || p.Phone == "" {
		return nil
	}
	if often, err := d.changesOften(ctx, p.ID); err != nil || often {
		return err
	}
	return d.notify(ctx, recipient{Phone: p.Phone, Locale: p.Locale}, n)
}

// waysIn are the notices of a way in that is new, another one, or gone.
var waysIn = map[string]bool{
	"password.changed.you": true, "totp.confirmed.you": true, "totp.replaced.you": true, "totp.disconnected.you": true, "totp.removed.you": true,
	"passkey.added.you": true, "passkey.removed.you": true, "certificate.bound.you": true, "certificate.replaced.you": true, "certificate.unbound.you": true,
	"recovery_codes.made.you": true, "recovery_codes.removed.you": true,
}

// toldByPhone bounds how many changes of his own an hour a person is told by SMS: each
// costs the house money, and a phone may be one that earns by them.
const toldByPhone = 5

// changesOften reports whether the person has changed his ways in as often before; what is
// written by this transaction is not in the journal yet.
func (d *Directory) changesOften(ctx context.Context, personID string) (bool, error) {
	changes, err := d.WaysInChanged(ctx, personID, storage.Of(d.now().Add(-time.Hour)))
	return changes >= toldByPhone, err
}

// WaysInChanged counts how often somebody who was signed in as the person has changed his
// ways in since then, each way up to fifty times. Each is asked for by its name: whoever
// wants a change to be overlooked can fill the journal with other entries.
func (d *Directory) WaysInChanged(ctx context.Context, personID string, since storage.Time) (changes int, err error) {
	actions := []string{"password.set"}
	for notice := range waysIn {
		actions = append(actions, strings.TrimSuffix(notice, ".you"))
	}
	for _, action := range actions {
		entries, err := d.journal.List(ctx, journal.Filter{Actor: personID, From: since, Action: action})
		if err != nil {
			return 0, wrapped("count changes of the ways in", err)
		}
		changes += len(entries)
	}
	return changes, nil
}

// notifyResponsible writes to the organisation's e-mail, and when it has none
// to every administrator, leaving out the mailbox except, which is told
// otherwise.
func (d *Directory) notifyResponsible(ctx context.Context, o Organisation, n notice, except ...string) error {
	to := []recipient{{Email: o.Email, Locale: "ru"}}
	if o.Email == "" {
		to = nil
		err := d.db.Select(ctx, &to, `SELECT p.email, p.phone, p.locale FROM members m
			JOIN persons p ON p.id = m.person_id AND p.status = 'active'
			WHERE m.organisation_id = $1 AND m.role = $2 AND m.removed_at = 0 AND m.stopped_at = 0 ORDER BY m.id`, o.ID, Administrator)
		if err != nil {
			return fmt.Errorf("directory: administrators: %w", err)
		}
	}
	for _, r := range to {
		if len(except) > 0 && except[0] != "" && r.Email == except[0] {
			continue
		}
		if err := d.notify(ctx, r, n.of(o)); err != nil {
			return err
		}
	}
	return nil
}

// notify writes one notice. A house without such a channel sends none: that
// nobody can be told must not keep a member from being removed.
func (d *Directory) notify(ctx context.Context, to recipient, n notice) error {
	subject, text := n.render(to.Locale)
	return d.mail(ctx, to, subject, text)
}

// mail writes to the e-mail, or the subject alone to the phone when there is no
// other way.
func (d *Directory) mail(ctx context.Context, to recipient, subject, text string) error {
	m := outbox.Message{Channel: "email", To: to.Email, Subject: subject, Text: text}
	if to.Email == "" {
		m = outbox.Message{Channel: "sms", To: to.Phone, Text: subject}
	}
	if m.To == "" {
		return nil
	}
	if err := d.outbox.Send(ctx, m); err != nil && !errors.Is(err, outbox.ErrChannel) {
		return fmt.Errorf("directory: send notice: %w", err)
	}
	return nil
}

// sendInvitation writes to the invited mailbox, in the person's language when
// the mailbox is known.
func (d *Directory) sendInvitation(ctx context.Context, o Organisation, i Invitation, token string) error {
	to := []recipient{}
	err := d.db.Select(ctx, &to, `SELECT email, phone, locale FROM persons WHERE email = $1`, i.Email)
	if err != nil {
		return fmt.Errorf("directory: locale of invited: %w", err)
	}
	lang := "ru"
	if len(to) > 0 {
		lang = to[0].Locale
	}
	subject, text := invitationText(lang, o, i, d.baseURL+"/invitations/"+token)
	err = d.outbox.Send(ctx, outbox.Message{Channel: "email", To: i.Email, Subject: subject, Text: text, Expires: i.ExpiresAt})
	if err != nil {
		return fmt.Errorf("directory: send invitation: %w", err)
	}
	return nil
}
