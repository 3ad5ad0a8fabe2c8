package tender

import (
	"context"
	"strings"

	"propusk/storage"
)

// Finding is something that a check has found.
type Finding struct {
	Code  string // of findings
	Field string // of the form, "" when it is about something else
	Args  map[string]string
}

// findings are all that a check can find. Those that stop do not let an application
// be signed or sent.
var findings = map[string]struct {
	stops         bool
	title, advice words
}{
	"over":              {stops: true, title: words{"Приём заявок закончен", "Applications are not taken any more"}, advice: words{"Срок подачи истёк {at}. Отправить заявку уже нельзя.", "The time ended {at}. The application can no longer be sent."}},
	"changed":           {stops: true, title: words{"Извещение изменилось", "The announcement has changed"}, advice: words{"Посмотрите изменения и подтвердите, что заявка отвечает новой редакции.", "Look at the changes and confirm that the application answers the new revision."}},
	"gate":              {stops: true, title: words{"Правовой статус не допускает к закупкам", "The legal status bars from procurement"}, advice: words{"Причина: {reasons}. Откройте правовой статус организации: там сказано, что делать.", "The reason: {reasons}. Open the organisation's legal status: it says what to do."}},
	"unregistered":      {stops: true, title: words{"Организация не зарегистрирована участником", "The organisation is not registered as a participant"}, advice: words{"Отправьте заявление о регистрации: оно заполнено по профилю, осталось подписать.", "Send the registration: it is filled in from the profile and needs a signature."}},
	"profile_changed":   {stops: true, title: words{"Сведения об организации изменились", "The organisation's details have changed"}, advice: words{"Сохраните заявку ещё раз: в неё попадут нынешние сведения.", "Save the application once more: it will take the present details."}},
	"price_missing":     {stops: true, title: words{"Не указана цена", "There is no price"}, advice: words{"Укажите цену, за которую готовы исполнить контракт.", "Say for how much you would carry out the contract."}},
	"price_high":        {stops: true, title: words{"Цена выше начальной", "The price is above the initial one"}, advice: words{"Предложите цену не выше {price} ₽: более высокую отклоняют (44-ФЗ, ст. 48).", "Offer at most {price} ₽: a higher one is rejected."}},
	"consent_missing":   {stops: true, title: words{"Нет согласия с условиями", "There is no consent to the terms"}, advice: words{"Отметьте согласие исполнить контракт на условиях извещения (44-ФЗ, ст. 43).", "Agree to carry out the contract on the announcement's terms."}},
	"small_only":        {stops: true, title: words{"Закупка только для малого бизнеса", "This tender is for small businesses alone"}, advice: words{"Подтвердите, что организация относится к субъектам малого предпринимательства.", "Declare that the organisation is a small business."}},
	"security_missing":  {stops: true, title: words{"Не указано обеспечение заявки", "The application has no security"}, advice: words{"Выберите специальный счёт или независимую гарантию: без обеспечения заявку отклонят.", "Choose the special account or an independent guarantee: without it the application is rejected."}},
	"guarantee_missing": {stops: true, title: words{"Не указан номер гарантии", "The guarantee has no number"}, advice: words{"Введите номер независимой гарантии из реестра.", "Enter the guarantee's number in the register."}},
	"account_missing":   {stops: true, title: words{"Не указан банковский счёт", "There is no bank account"}, advice: words{"Укажите счёт организации для расчётов по контракту.", "Name the organisation's account for the contract's payments."}},
	"file_missing":      {stops: true, title: words{"Файл заявки повреждён или удалён", "A file of the application is damaged or gone"}, advice: words{"Приложите «{name}» заново.", "Attach “{name}” once more."}},
	"no_files":          {title: words{"К заявке не приложены документы", "No documents are attached"}, advice: words{"Проверьте требования к составу заявки: обычно нужны документы участника.", "See what the announcement asks for: usually documents of the participant are needed."}},
	"no_proposal":       {title: words{"Не описано предложение", "The offer is not described"}, advice: words{"Если извещение просит характеристики товара или работы, опишите их.", "If the announcement asks what exactly is offered, describe it."}},
	"price_low":         {title: words{"Цена ниже начальной больше чем на четверть", "The price is more than a quarter below the initial one"}, advice: words{"Победителю с такой ценой нужно обеспечение контракта в полтора раза больше (44-ФЗ, ст. 37).", "A winner with such a price owes one and a half times the contract's security."}},
}

func (f Finding) fill(text string) string {
	for name, value := range f.Args {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	return text
}

// Title and Advice are what people read.
func (f Finding) Title(lang string) string  { return f.fill(findings[f.Code].title.in(lang)) }
func (f Finding) Advice(lang string) string { return f.fill(findings[f.Code].advice.in(lang)) }

// Stops reports whether the application cannot be signed with it.
func (f Finding) Stops() bool { return findings[f.Code].stops }

// Check finds everything that stands between an application and the register.
func (t *Tenders) Check(ctx context.Context, a Application) ([]Finding, error) {
	tender, err := t.Announcement(ctx, a.TenderID)
	if err != nil {
		return nil, err
	}
	found := a.standing(tender, t.now())
	if found, err = t.entitled(ctx, a, found); err != nil {
		return nil, err
	}
	found = append(found, a.filledIn(tender)...)
	return t.wholeFiles(ctx, a, found)
}

// standing is what the announcement and the clock say.
func (a Application) standing(tender Tender, now storage.Time) (found []Finding) {
	if !tender.takes(now) {
		found = append(found, Finding{Code: "over", Args: map[string]string{"at": tender.DeadlineAt.Time().In(moscow).Format("02.01.2006 15:04")}})
	}
	if tender.Revision != a.Revision {
		found = append(found, Finding{Code: "changed", Field: "revision"})
	}
	return found
}

// entitled is what the organisation itself lacks.
func (t *Tenders) entitled(ctx context.Context, a Application, found []Finding) ([]Finding, error) {
	reasons, err := t.Gate(ctx, a.OrganisationID)
	if err != nil {
		return nil, err
	}
	if len(reasons) > 0 {
		found = append(found, Finding{Code: "gate", Args: map[string]string{"reasons": strings.Join(reasons, ", ")}})
	}
	r, err := t.registration(ctx, a.OrganisationID)
	if err != nil {
		return nil, err
	}
	if !r.holds(t.now()) {
		found = append(found, Finding{Code: "unregistered"})
	}
	p, err := t.Directory.Profile(ctx, a.OrganisationID)
	if err != nil {
		return nil, err
	}
	if applicantOf(p) != a.Applicant.V {
		found = append(found, Finding{Code: "profile_changed"})
	}
	return found, nil
}

// filledIn is what the form lacks.
func (a Application) filledIn(tender Tender) (found []Finding) {
	f, terms := a.Form.V, tender.Content.V
	add := func(when bool, code, field string, args ...string) {
		if when {
			one := Finding{Code: code, Field: field, Args: map[string]string{}}
			if len(args) == 2 {
				one.Args[args[0]] = args[1]
			}
			found = append(found, one)
		}
	}
	add(f.Price == 0, "price_missing", "price")
	add(f.Price > tender.Price, "price_high", "price", "price", rubles(tender.Price))
	add(!f.Consent, "consent_missing", "consent")
	add(terms.SmallOnly && !f.Small, "small_only", "small")
	add(terms.ApplicationSecurity > 0 && f.Security == "", "security_missing", "security")
	add(terms.ApplicationSecurity > 0 && f.Security == "guarantee" && f.SecurityNumber == "", "guarantee_missing", "security_number")
	add(f.Account.Number == "", "account_missing", "account/number")
	add(len(a.Files.V) == 0, "no_files", "")
	add(f.Proposal == "", "no_proposal", "proposal")
	add(f.Price > 0 && f.Price < tender.Price-tender.Price/4, "price_low", "price")
	return found
}

func (t *Tenders) wholeFiles(ctx context.Context, a Application, found []Finding) ([]Finding, error) {
	for _, one := range a.Files.V {
		f, err := t.Files.Get(ctx, a.OrganisationID, one.FileID)
		if err != nil && missing(err, nil) != nil {
			return nil, err
		}
		if err != nil || !f.Whole() {
			found = append(found, Finding{Code: "file_missing", Args: map[string]string{"name": one.Name}})
		}
	}
	return found, nil
}

// stop is the first finding that stops, nil when none does.
func stop(found []Finding) *Finding {
	for i := range found {
		if found[i].Stops() {
			return &found[i]
		}
	}
	return nil
}
