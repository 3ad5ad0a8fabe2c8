package directory

import (
	"context"
	"errors"
	"fmt"

	"propusk/storage"
)

// Channels of a person's contacts, as one-time codes name them too.
const (
	ChannelEmail = "email"
	ChannelSMS   = "sms"
)

// Contact is the person's contact of a channel, "" when there is none, and
// whether it is proved.
func (p Person) Contact(channel string) (value string, verified bool) {
	if channel == ChannelSMS {
		return p.Phone, p.PhoneVerified
	}
	return p.Email, p.EmailVerified
}

// NormaliseContact returns the canonical form of a contact typed for channel,
// or FieldErrors for the field value: required, invalid.
func NormaliseContact(channel, typed string) (string, error) {
	normalise := NormaliseEmail
	if channel == ChannelSMS {
		normalise = NormalisePhone
	}
	var f fields
	value := f.optional("value", typed, normalise)
	if value == "" && len(f.faults) == 0 {
		f.faults.add("value", "required")
	}
	return value, f.err()
}

// contactColumns are the statements of one channel.
type contactColumns struct{ change, owner string }

var contactStatements = map[string]contactColumns{
	ChannelEmail: {
		change: `UPDATE persons SET email = $1, email_verified = TRUE, updated_at = $2 WHERE id = $3 AND email = $4`,
		owner:  personByEmail,
	},
	ChannelSMS: {
		change: `UPDATE persons SET phone = $1, phone_verified = TRUE, updated_at = $2 WHERE id = $3 AND phone = $4`,
		owner:  personByPhone,
	},
}

// ChangeContact puts the contact to, canonical and proved by a code sent there,
// in the place of from ("" = there was none), and ends the recoveries that were
// sent to the contacts of before. Every channel of before and the new one are
// told.
//
// storage.ErrNotFound when the contact is not from any more; storage.ErrExists
// when to is somebody's meanwhile.
func (d *Directory) ChangeContact(ctx context.Context, personID, channel, from, to string) error {
	statements, ok := contactStatements[channel]
	if !ok || to == "" {
		return fmt.Errorf("directory: change contact: no channel %q, or nothing to change to", channel)
	}
	return d.db.Tx(ctx, func(ctx context.Context) error {
		before, err := d.Person(ctx, personID)
		if err != nil {
			return err
		}
		n, err := d.db.Exec(ctx, statements.change, to, d.time(), personID, from)
		if err != nil {
			return fmt.Errorf("directory: change contact: %w", err)
		}
		if n == 0 {
			return fmt.Errorf("directory: change contact: %w", storage.ErrNotFound)
		}
		if err := d.endSent(ctx, personID); err != nil {
			return err
		}
		return d.contactChanged(ctx, before, channel, to)
	})
}

func (d *Directory) contactChanged(ctx context.Context, before Person, channel, to string) error {
	err := d.record(ctx, Actor{PersonID: before.ID}, "", "person.contact_changed", before.ID, map[string]string{"channel": channel})
	if err != nil {
		return err
	}
	n := notice{action: "person.contact_changed." + channel + ".you"}
	if err := d.notifyEverywhere(ctx, before, n); err != nil {
		return err
	}
	now := recipient{Locale: before.Locale}
	if channel == ChannelSMS {
		now.Phone = to
	} else {
		now.Email = to
	}
	return d.notify(ctx, now, n)
}

// notifyEverywhere writes to the person's e-mail and to the phone: what changes
// one channel must be told on the other too.
func (d *Directory) notifyEverywhere(ctx context.Context, p Person, n notice) error {
	for _, to := range []recipient{{Email: p.Email, Locale: p.Locale}, {Phone: p.Phone, Locale: p.Locale}} {
		if err := d.notify(ctx, to, n); err != nil {
			return err
		}
	}
	return nil
}

// ContactTaken reports whether a canonical contact is somebody's other than the
// person's. Who asked must not learn it: to him all is as with a free one.
func (d *Directory) ContactTaken(ctx context.Context, personID, channel, value string) (bool, error) {
	var owner Person
	err := d.db.Get(ctx, &owner, contactStatements[channel].owner, value)
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("directory: owner of contact: %w", err)
	}
	return owner.ID != personID, nil
}

// SetLocale sets the language of the person's messages, "ru" or "en";
// *FieldError for any other, storage.ErrNotFound.
func (d *Directory) SetLocale(ctx context.Context, personID, locale string) error {
	if locale != "ru" && locale != "en" {
		return &FieldError{Field: "locale", Code: "invalid"}
	}
	n, err := d.db.Exec(ctx, `UPDATE persons SET locale = $1, updated_at = $2 WHERE id = $3`, locale, d.time(), personID)
	switch {
	case err != nil:
		return fmt.Errorf("directory: set locale: %w", err)
	case n == 0:
		return fmt.Errorf("directory: set locale: %w", storage.ErrNotFound)
	}
	return nil
}
