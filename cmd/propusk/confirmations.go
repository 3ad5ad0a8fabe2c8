package main

import (
	"context"
	"fmt"
	"strings"

	"propusk/cabinet/notice"
	"propusk/idp/directory"
)

// confirmationsShown is in how many of a person's organisations a request stands under
// the bell: he works in one of them, and it is not known in which.
const confirmationsShown = 10

// tellConfirmation shows what an application asks a person to confirm (CIBA) in the
// cabinet: on his devices by push, and under the bell of the organisations that he acts
// for. The e-mail is the issuer's own.
func (h *house) tellConfirmation(ctx context.Context, id string, person directory.Person, asked directory.Request) error {
	event := notice.Event{
		ID: "confirmation/" + id, Type: notice.ConfirmationRequested, Category: notice.Security, Importance: notice.High,
		Persons: []string{person.ID}, Texts: confirmationTexts(asked), Path: asked.Path,
	}
	if err := h.notices.Tell(ctx, event); err != nil {
		return err
	}
	organisations, err := h.organisationsOf(ctx, person.ID)
	if err != nil {
		return err
	}
	for _, organisation := range organisations {
		event.ID, event.Type = "confirmation/"+id+"/"+organisation, notice.ConfirmationWaiting
		event.OrganisationID = organisation
		if err := h.notices.Tell(ctx, event); err != nil {
			return err
		}
	}
	return nil
}

// organisationsOf are those that the person acts for, as a member or by power.
func (h *house) organisationsOf(ctx context.Context, personID string) (ids []string, err error) {
	members, err := h.directory.Memberships(ctx, personID)
	if err != nil {
		return nil, fmt.Errorf("where a person is a member: %w", err)
	}
	for _, m := range members {
		ids = append(ids, m.Organisation.ID)
	}
	stands, err := h.directory.Representations(ctx, personID)
	if err != nil {
		return nil, fmt.Errorf("whom a person stands in for: %w", err)
	}
	for _, r := range stands {
		ids = append(ids, r.Organisation.ID)
	}
	return ids[:min(len(ids), confirmationsShown)], nil
}

// confirmationTexts carry the code of the request, which the person compares with what
// the application shows (CIBA section 7.1, binding_message).
func confirmationTexts(asked directory.Request) notice.Texts {
	english := asked.ClientEN
	if english == "" {
		english = asked.Client
	}
	code := asked.BindingMessage
	if code == "" {
		code = "—"
	}
	line := func(text string) string { return strings.Join(strings.Fields(text), " ") }
	return notice.Texts{
		RU: notice.Message{
			Subject: line("«" + asked.Client + "» просит подтвердить вход"),
			Body:    "Код запроса: " + code + ". Сравните его с тем, что показывает приложение. Если вы ничего не запрашивали, отклоните запрос.",
		},
		EN: notice.Message{
			Subject: line("“" + english + "” asks you to confirm"),
			Body:    "Code of the request: " + code + ". Compare it with what the application shows. If you asked for nothing, refuse.",
		},
	}
}
