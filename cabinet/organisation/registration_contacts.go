package organisation

import (
	"context"
	"net/http"

	"propusk/cabinet/api"
	"propusk/idp/directory"
)

// codeBody asks for a code, or brings it.
type codeBody struct {
	Channel string `json:"channel"`
	Code    string `json:"code"`
}

// reached is the official contact that a channel reaches.
func reached(contacts directory.Contacts, channel string) (string, error) {
	to := ""
	switch channel {
	case "email":
		to = contacts.Email
	case "sms":
		to = contacts.Phone
	default:
		return "", api.InvalidField("/channel", "invalid")
	}
	if to == "" {
		return "", api.Refuse("confirmation_contact_missing").With("channel", channel)
	}
	return to, nil
}

// contactObject binds a code to the registration and to the very contact.
func contactObject(r registration, channel, to string) string {
	return "registration/" + r.ID + "/" + channel + "/" + to
}

// sendRegistrationCode answers POST /v1/registrations/{id}/codes: a code goes to
// the contact that the draft gives, to prove that it is reached.
func (o *Organisations) sendRegistrationCode(c api.Call) error {
	r, to, body, err := o.contactCall(c)
	if err != nil {
		return err
	}
	answer, err := o.codes.send(c.Ctx(), codeRequest{
		Object: contactObject(r, body.Channel, to), PersonID: r.PersonID, Channel: body.Channel, To: to,
		Lang: c.Lang(), Purpose: purposeRegistration,
	})
	if err != nil {
		return err
	}
	return api.Answer(c, http.StatusAccepted, "", answer)
}

// confirmRegistration answers POST /v1/registrations/{id}/confirm: the contact is
// confirmed by its code.
func (o *Organisations) confirmRegistration(c api.Call) error {
	r, to, body, err := o.contactCall(c)
	if err != nil {
		return err
	}
	if !isCode(body.Code) {
		return api.InvalidField("/code", "format")
	}
	object := contactObject(r, body.Channel, to)
	if err := o.codes.try(c.Ctx(), object, r.PersonID, body.Code); err != nil {
		return err
	}
	if body.Channel == "email" {
		r.Proofs.V.Email = to
	} else {
		r.Proofs.V.Phone = to
	}
	err = o.DB.Tx(c.Ctx(), func(ctx context.Context) error {
		if err := o.codes.spend(ctx, object, r.PersonID, body.Code); err != nil {
			return err
		}
		if err := o.storeRegistration(ctx, &r, r.State); err != nil {
			return err
		}
		return o.record(ctx, c.Actor(), "", "registration.contact_confirmed", r.ID,
			map[string]string{"channel": body.Channel, "contact": maskContact(to)})
	})
	if err != nil {
		return err
	}
	return o.answerRegistration(c, http.StatusOK, r)
}

func (o *Organisations) contactCall(c api.Call) (r registration, to string, body codeBody, err error) {
	if r, err = o.named(c); err != nil {
		return r, "", body, err
	}
	if err = api.ReadObject(c, &body); err != nil {
		return r, "", body, err
	}
	if !r.open() {
		return r, "", body, notAtStep("registration_state", r.State)
	}
	to, err = reached(r.Draft.V.Contacts, body.Channel)
	return r, to, body, err
}

// lang is the language of messages to a person.
func lang(p directory.Person) string {
	if p.Locale == "en" {
		return "en"
	}
	return "ru"
}
