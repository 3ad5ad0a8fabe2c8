package demo

import (
	"context"
	"fmt"

	"propusk/cabinet/notice"
)

// FillNotices tells the demo's first organisation and everybody something, once.
func (d *Demo) FillNotices(ctx context.Context, notices *notice.Notices) error {
	of := d.organisationID("mayak")
	for _, e := range []notice.Event{
		{
			ID: "demo/" + of + "/profile", Type: "organization.change_applied", OrganisationID: of, Category: notice.Organisation,
			Path: "/cabinet/organization", Data: map[string]string{"block": "contacts", "state": "applied"},
			Texts: notice.Texts{
				RU: notice.Message{Subject: "Контакты организации изменены", Body: "Новый телефон указан в карточке организации."},
				EN: notice.Message{Subject: "The organisation's contacts changed", Body: "The new phone stands in the organisation's details."},
			},
		},
		{
			ID: "demo/news/renewal", Type: "news.published", Category: notice.News,
			Texts: notice.Texts{
				RU: notice.Message{Subject: "Новая услуга: продление лицензии", Body: "Заявление подаётся в кабинете, ответ приходит туда же."},
				EN: notice.Message{Subject: "A new service: renewal of licences", Body: "The application is filed in the cabinet, and answered there."},
			},
		},
	} {
		if err := notices.Tell(ctx, e); err != nil {
			return fmt.Errorf("fill the demo's notices: %w", err)
		}
	}
	return nil
}
