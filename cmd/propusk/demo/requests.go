package demo

import (
	"context"
	"fmt"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/request"
	"propusk/cabinet/service"
	"propusk/idp/directory"
)

// FillRequests gives the demo's first organisation an appeal, a message, a support
// ticket and a draft of an application, so that no list is empty. It does so once.
func (d *Demo) FillRequests(ctx context.Context, inbox *request.Inbox, desk *service.Desk) error {
	of := d.organisationID("mayak")
	there, err := inbox.List(ctx, of, request.Filter{}, api.Page{Limit: 1})
	if err != nil || len(there) > 0 {
		return err
	}
	for _, n := range []request.NewRequest{
		{Type: request.Appeal, Subject: "Зачёт переплаты по НДС за III квартал", PartyCode: "7701", Party: "ИФНС России № 1 по г. Москве",
			Body: "Просим зачесть переплату в счёт предстоящих платежей.\nРасчёт готовы представить по запросу."},
		{Type: request.Message, Subject: "Порядок заполнения декларации", PartyCode: "7701", Party: "ИФНС России № 1 по г. Москве",
			Body: "Просим разъяснить, какой код указать в строке 020."},
		{Type: request.Ticket, Kind: "settings", Subject: "Как подключить ещё одного бухгалтера?",
			Body: "Приглашение отправлено, письмо не пришло.", Details: request.Details{ReplyChannel: "cabinet"}},
	} {
		if _, err := inbox.Open(ctx, directory.System(), of, n); err != nil {
			return fmt.Errorf("fill the demo's requests: %w", err)
		}
	}
	_, err = desk.Create(ctx, directory.System(), of, service.Begin{Service: "licence-transport", Fields: map[string]string{
		"okved": "49.31", "works": "Перевозки пассажиров по заказам", "buses": "12", "buses_owned": "8", "buses_leased": "4",
		"activity_from": d.deps.Now().AddDate(0, 1, 0).Format(time.DateOnly),
	}})
	if err != nil {
		return fmt.Errorf("fill the demo's applications: %w", err)
	}
	return nil
}
