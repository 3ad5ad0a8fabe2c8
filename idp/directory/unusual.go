package directory

import (
	"context"
	"strings"
)

// unusualReasons are what is odd about a sign-in, for a person to read.
var unusualReasons = map[string]struct{ ru, en string }{
	"device":  {"новое устройство", "a new device"},
	"country": {"другая страна", "another country"},
	"travel":  {"слишком далеко от прошлого входа", "too far from the last sign-in"},
}

var unusualText = struct{ ru, en text }{
	text{"Необычный вход в вашу учётную запись", "В вашу учётную запись вошли не так, как обычно: {reasons}.\n\nУстройство: {device}\nМесто: {place}\nВремя: {at} (UTC)\n\n" +
		"Если это были вы, ничего делать не нужно. Если нет, смените пароль и завершите все сеансы в личном кабинете."},
	text{"An unusual sign-in to your account", "Somebody signed in to your account in an unusual way: {reasons}.\n\nDevice: {device}\nPlace: {place}\nTime: {at} (UTC)\n\n" +
		"If it was you, there is nothing to do. If not, change your password and end all sessions in your account."},
}

// UnusualSignIn is a sign-in that does not look like the person's others.
type UnusualSignIn struct {
	Reasons   []string // device, country, travel
	UserAgent string
	Place     string // for a person to read; "" = not known
	Refused   bool   // the person said that it was not he
	Known     bool   // the person has been told otherwise
}

// RecordUnusual writes an unusual sign-in to the journal and tells the person of
// one that was completed.
func (d *Directory) RecordUnusual(ctx context.Context, personID string, u UnusualSignIn) error {
	return d.db.Tx(ctx, func(ctx context.Context) error {
		action := "signin.unusual"
		if u.Refused {
			action = "signin.unusual.refused"
		}
		details := map[string]string{"reasons": strings.Join(u.Reasons, " "), "place": u.Place}
		if err := d.record(ctx, Actor{PersonID: personID}, "", action, personID, details); err != nil || u.Refused || u.Known {
			return err
		}
		p, err := d.Person(ctx, personID)
		if err != nil {
			return err
		}
		return d.tellUnusual(ctx, p, u)
	})
}

func (d *Directory) tellUnusual(ctx context.Context, p Person, u UnusualSignIn) error {
	place := u.Place
	if place == "" {
		place = "—"
	}
	subject, body := fill(p.Locale, unusualText.ru, unusualText.en, "{reasons}", reasonsInWords(u.Reasons, p.Locale),
		"{device}", DeviceName(u.UserAgent, p.Locale), "{place}", place, "{at}", until(p.Locale, d.now().UTC()))
	return d.mail(ctx, recipient{p.Email, p.Phone, p.Locale}, subject, body)
}

func reasonsInWords(reasons []string, lang string) string {
	var words []string
	for _, r := range reasons {
		if lang == "en" {
			words = append(words, unusualReasons[r].en)
		} else {
			words = append(words, unusualReasons[r].ru)
		}
	}
	return strings.Join(words, ", ")
}
