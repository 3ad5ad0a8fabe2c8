package tender

import (
	"maps"
	"net/http"

	"propusk/cabinet/api"
)

// texts are the problems that only this room has: its own and those of the findings
// that stop. Codes are never renamed.
var texts = func() map[string]api.Text {
	all := maps.Clone(ownTexts)
	for code, found := range findings {
		if !found.stops {
			continue
		}
		one := Finding{Code: code, Args: map[string]string{"at": "", "price": "", "reasons": "", "name": ""}}
		all["tender_"+code] = api.Text{
			Status: http.StatusConflict,
			RU:     api.Saying{Title: one.Title("ru"), Detail: generalAdvice(code, "ru", one)},
			EN:     api.Saying{Title: one.Title("en"), Detail: generalAdvice(code, "en", one)},
		}
	}
	return all
}()

// generalAdvice is a finding's advice where its values are not at hand: the check
// tells them.
func generalAdvice(code, lang string, one Finding) string {
	if general, ok := generalAdvices[code]; ok {
		return general.in(lang)
	}
	return one.Advice(lang)
}

var generalAdvices = map[string]words{
	"over":         {"Срок подачи истёк по часам сервиса. Отправить заявку уже нельзя.", "The time is over by the service's clock. The application can no longer be sent."},
	"gate":         {"Откройте правовой статус организации: там сказано, что мешает и что делать.", "Open the organisation's legal status: it says what stands against it and what to do."},
	"price_high":   {"Предложите цену не выше начальной: более высокую отклоняют (44-ФЗ, ст. 48).", "Offer no more than the initial price: a higher offer is rejected."},
	"file_missing": {"Приложите файл заново: проверка заявки назовёт его.", "Attach the file once more: the check names it."},
}

var ownTexts = map[string]api.Text{
	"tender_state": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Сейчас это невозможно", Detail: "В этом состоянии такое действие невозможно. Обновите страницу: состояние могло измениться."},
		EN: api.Saying{Title: "Not possible now", Detail: "The present state does not let this happen. Reload: the state may have changed."}},
	"tender_applied": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Заявка на эту закупку уже есть", Detail: "Откройте её в разделе «Заявки»: подать можно одну, изменить — до окончания приёма."},
		EN: api.Saying{Title: "There is an application for this tender", Detail: "Open it among the applications: there may be one, and it can be changed until the deadline."}},
	"tender_next_version": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Готовится новая версия заявки", Detail: "Сначала отправьте её или удалите её черновик: отозвать можно заявку без новой версии."},
		EN: api.Saying{Title: "A next version is being prepared", Detail: "Send it or throw its draft away first: an application is withdrawn when no next version is under way."}},
	"tender_files_many": {Status: http.StatusUnprocessableEntity,
		RU: api.Saying{Title: "Слишком много файлов", Detail: "К заявке можно приложить до 20 документов, вместе не больше 32 МБ."},
		EN: api.Saying{Title: "Too many files", Detail: "An application takes at most 20 documents, 32 MB together."}},
	"tender_kept_many": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Больше сохранить нельзя", Detail: "Можно хранить до 50 поисков и 50 шаблонов. Удалите ненужные."},
		EN: api.Saying{Title: "No more can be kept", Detail: "At most 50 searches and 50 templates are kept. Remove those not needed."}},
	"tender_signer": {Status: http.StatusForbidden,
		RU: api.Saying{Title: "Сертификат не может подписать за организацию", Detail: "Нужен сертификат организации, ваш личный сертификат или сертификат представителя по действующей доверенности."},
		EN: api.Saying{Title: "The certificate cannot sign for the organisation", Detail: "A certificate of the organisation, your own, or that of the representative under the power of attorney is needed."}},
	"tender_signature_refused": {Status: http.StatusUnprocessableEntity,
		RU: api.Saying{Title: "Подпись не принята", Detail: "Проверка подписи не пройдена; ниже сказано, что именно. Подпишите тот файл, который выдан для этой заявки."},
		EN: api.Saying{Title: "The signature is refused", Detail: "The signature did not pass; what failed is told below. Sign the very file given for this application."}},
	"tender_document_differs": {Status: http.StatusServiceUnavailable,
		RU: api.Saying{Title: "Документ отличается от опубликованного", Detail: "Контрольная сумма не совпадает с той, что названа в извещении, поэтому документ не выдан. Администраторы системы это видят; повторите позже."},
		EN: api.Saying{Title: "The document is not the one that was published", Detail: "Its digest is not the one that the announcement names, so it is not given out. The operators see this; try later."}},
	"tender_register_unavailable": {Status: http.StatusServiceUnavailable,
		RU: api.Saying{Title: "Реестр закупок не отвечает", Detail: "Документ сейчас нельзя получить. Повторите через несколько минут."},
		EN: api.Saying{Title: "The register of tenders does not answer", Detail: "The document cannot be fetched now. Try again in a few minutes."}},
	"tender_busy": {Status: http.StatusServiceUnavailable,
		RU: api.Saying{Title: "Слишком много документов сразу", Detail: "Повторите через несколько секунд."},
		EN: api.Saying{Title: "Too many documents at a time", Detail: "Try again in a few seconds."}},
	"tender_not_draft": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Заявка уже не черновик", Detail: "Отправленную заявку меняют новой версией: нажмите «Изменить»."},
		EN: api.Saying{Title: "It is no draft any more", Detail: "What was sent is changed by a new version."}},
	"tender_unsigned": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Заявка не подписана", Detail: "Сначала подпишите заявку."},
		EN: api.Saying{Title: "The application is not signed", Detail: "Sign it first."}},
	"tender_not_registered_yet": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Заявка не зарегистрирована", Detail: "Изменить или отозвать можно заявку, которую реестр зарегистрировал, до решения комиссии."},
		EN: api.Saying{Title: "The application is not registered", Detail: "What the register has registered can be changed or withdrawn, until the commission decides."}},
	"tender_registered_already": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Заявление уже подано", Detail: "Организация зарегистрирована или её заявление рассматривается."},
		EN: api.Saying{Title: "It was asked for already", Detail: "The organisation is registered, or its registration is being looked at."}},
}

var fieldTexts = map[string]api.FieldText{
	"documents.unknown_document":  {RU: "В архиве нет такого документа, или он вам недоступен.", EN: "The archive has no such document, or you may not read it."},
	"from.unknown_source":         {RU: "Нет такого шаблона или прежней заявки.", EN: "There is no such template or earlier application."},
	"price.out_of_range":          {RU: "Цена в копейках, больше нуля.", EN: "The price is in kopecks, above zero."},
	"country.format":              {RU: "Код страны по ОКСМ — три цифры, например 643.", EN: "The country's code has three digits, 643 for Russia."},
	"security.unknown":            {RU: "Выберите специальный счёт или гарантию.", EN: "Choose the special account or the guarantee."},
	"account/number.checksum":     {RU: "Счёт не подходит к БИК: проверьте оба номера.", EN: "The account does not fit the БИК: check both numbers."},
	"account/bik.format":          {RU: "БИК — девять цифр.", EN: "A БИК has nine digits."},
	"contact/email.format":        {RU: "Укажите один адрес, например zakupki@example.ru.", EN: "Name one address, such as tenders@example.ru."},
	"name.too_long":               {RU: "Не больше 100 знаков.", EN: "At most 100 characters."},
	"proposal.too_long":           {RU: "Не больше 20 000 знаков.", EN: "At most 20,000 characters."},
	"filter/sector.format":        {RU: "Начало кода ОКПД2, например 62.01.", EN: "The beginning of an ОКПД2 code, such as 62.01."},
	"filter/region.format":        {RU: "Код региона — две цифры.", EN: "A region's code has two digits."},
	"filter/customer.format":      {RU: "ИНН заказчика — 10 или 12 цифр с верными контрольными.", EN: "The customer's ИНН has 10 or 12 digits."},
	"filter/state.unknown":        {RU: "Нет такого состояния.", EN: "There is no such state."},
	"filter/price_to.before_from": {RU: "Верхняя граница ниже нижней.", EN: "The upper bound is below the lower."},
	"filter.required":             {RU: "Задайте хотя бы одно условие.", EN: "Set at least one condition."},
}
