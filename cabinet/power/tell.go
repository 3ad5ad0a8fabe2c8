package power

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"propusk/cabinet/notice"
	"propusk/idp/directory"
	"propusk/storage"
)

// happening is what people are told of a power; {0} is who acts for whom, {1} the
// last day, {2} a number of days.
type happening struct {
	event            string
	category         notice.Category
	importance       notice.Importance
	subject, body    pair
	yours, yoursBody pair // to the representative
}

var (
	granted = happening{
		"power.granted", notice.Power, notice.Normal,
		pair{"Выдана доверенность", "A power of attorney was given"},
		pair{"%s. Действует по %s.", "%s. In force until %s."},
		pair{"Вам выдана доверенность", "You were given a power of attorney"},
		pair{"%s. Действует по %s. Войдите в кабинет организации с её помощью.", "%s. In force until %s. Enter the organisation's cabinet by it."},
	}
	revoked = happening{
		"power.revoked", notice.Power, notice.High,
		pair{"Доверенность больше не действует", "A power of attorney has ended"},
		pair{"%s. Она отозвана, или представитель от неё отказался.", "%s. It was revoked, or its representative gave it up."},
		pair{"Доверенность, выданная вам, больше не действует", "The power of attorney given to you has ended"},
		pair{"%s. Доступ по ней закрыт.", "%s. What it opened is closed."},
	}
	expired = happening{
		"power.expired", notice.Power, notice.High,
		pair{"Срок доверенности закончился", "A power of attorney has expired"},
		pair{"%s. Последний день — %s. Доступ по ней закрыт, пока не выдана новая.", "%s. Its last day was %s. What it opened is closed until another one is given."},
		pair{"Срок доверенности, выданной вам, закончился", "The power of attorney given to you has expired"},
		pair{"%s. Последний день — %s.", "%s. Its last day was %s."},
	}
	expiring = happening{
		"power.expiring", notice.Deadline, notice.High,
		pair{"Заканчивается срок доверенности", "A power of attorney ends soon"},
		pair{"%s. Последний день — %s. Выдайте новую заранее.", "%s. Its last day is %s. Give another one in time."},
		pair{"Заканчивается срок доверенности, выданной вам", "The power of attorney given to you ends soon"},
		pair{"%s. Последний день — %s.", "%s. Its last day is %s."},
	}
)

// tell tells the principal's people and the representative, in the transaction of
// ctx. days distinguishes reminders; 0 for what happens once.
func (p *Powers) tell(ctx context.Context, h happening, w directory.PowerOfAttorney, days int) error {
	principal, err := p.Directory.Organisation(ctx, w.OrganisationID)
	if err != nil {
		return err
	}
	e := notice.Event{
		ID: fmt.Sprintf("power/%s/%s/%d", w.ID, h.event, days), Type: h.event, OrganisationID: w.OrganisationID,
		Category: h.category, Importance: h.importance, Permission: directory.PowersRead,
		Path: "/cabinet/powers/" + w.ID, Data: data(w, days),
		Texts: h.texts(h.subject, h.body, pair{"Представитель: " + w.Representative.V.FullName(), "Representative: " + w.Representative.V.FullName()}, w),
	}
	if err := p.Tell(ctx, e); err != nil {
		return err
	}
	e.ID += "/representative"
	e.Texts = h.texts(h.yours, h.yoursBody, pair{"Доверитель: " + principal.Name, "Principal: " + principal.Name}, w)
	return p.tellRepresentative(ctx, e, w)
}

// tellRepresentative tells the cabinet of an organisation, or the person himself.
func (p *Powers) tellRepresentative(ctx context.Context, e notice.Event, w directory.PowerOfAttorney) error {
	if w.RepresentedBy == directory.RepresentsOrganisation {
		o, err := p.Directory.OrganisationByINN(ctx, w.Representative.V.INN)
		if errors.Is(err, storage.ErrNotFound) {
			return nil // no cabinet here
		}
		if err != nil {
			return err
		}
		e.OrganisationID = o.ID
		return p.Tell(ctx, e)
	}
	people, err := p.Directory.PowerHolders(ctx, w)
	if err != nil || len(people) == 0 {
		return err
	}
	e.OrganisationID, e.Permission, e.Persons, e.Path, e.Data = "", "", people, "/cabinet", nil
	return p.Tell(ctx, e)
}

func (h happening) texts(subject, body, who pair, w directory.PowerOfAttorney) notice.Texts {
	message := func(lang, day string) notice.Message {
		text := body.in(lang)
		if strings.Count(text, "%s") == 1 {
			return notice.Message{Subject: subject.in(lang), Body: fmt.Sprintf(text, number(w, who, lang))}
		}
		return notice.Message{Subject: subject.in(lang), Body: fmt.Sprintf(text, number(w, who, lang), day)}
	}
	last, _ := time.Parse(time.DateOnly, w.LastDay())
	return notice.Texts{RU: message("ru", last.Format("02.01.2006")), EN: message("en", w.LastDay())}
}

func number(w directory.PowerOfAttorney, who pair, lang string) string {
	return pair{"Доверенность № " + w.Number + ". " + who.ru, "Power of attorney No. " + w.Number + ". " + who.en}.in(lang)
}

// data is what webhooks carry.
func data(w directory.PowerOfAttorney, days int) map[string]any {
	d := map[string]any{"power_id": w.ID, "valid_until": w.LastDay()}
	if days > 0 {
		d["days"] = days
	}
	return d
}

// tellEnded tells of every power that was ended.
func (p *Powers) tellEnded(ctx context.Context, ended []directory.PowerOfAttorney) error {
	for _, w := range ended {
		if err := p.tell(ctx, revoked, w, 0); err != nil {
			return err
		}
	}
	return nil
}
