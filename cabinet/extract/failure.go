package extract

// failures are the reasons for which an extract was not made, each with what to do
// about it. Codes are stable. {name} is filled from Failure.Args.
var failures = map[string]struct {
	title, advice words
	retry         bool // another attempt can help
}{
	"record_missing": {
		words{"В реестре нет записи об организации с ИНН {inn}", "The register has no record of the organisation with INN {inn}"},
		words{"Проверьте реквизиты в профиле организации. Если организация зарегистрирована недавно, повторите запрос на следующий рабочий день.", "Check the organisation's requisites in its profile. If it was registered lately, try again on the next working day."}, true,
	},
	"record_differs": {
		words{"Запись реестра относится к другой организации: ИНН {inn}", "The register's record is of another organisation: INN {inn}"},
		words{"Сверьте ИНН и ОГРН в профиле и повторите запрос.", "Compare INN and OGRN in the profile and try again."}, true,
	},
	"register_unavailable": {
		words{"Реестр временно недоступен", "The register is not available at the moment"},
		words{"Повторите запрос позже: входить заново и заполнять его ещё раз не нужно.", "Try again later: there is no need to sign in or to fill it in again."}, true,
	},
	"authority_refused": {
		words{"Ведомство отказало: {reason}", "The authority refused: {reason}"},
		words{"Устраните причину и повторите запрос с теми же данными или закажите новый.", "Remove the reason and try again with the same data, or order a new one."}, true,
	},
	"authority_unavailable": {
		words{"Запрос не удалось доставить в ведомство", "The request could not be delivered to the authority"},
		words{"Повторите запрос позже: входить заново не нужно.", "Try again later: there is no need to sign in again."}, true,
	},
	"no_answer": {
		words{"Ведомство не ответило в срок", "The authority has not answered in time"},
		words{"Повторите запрос или обратитесь в ведомство.", "Try again or turn to the authority."}, true,
	},
	"answer_unusable": {
		words{"Ответ ведомства не содержит сведений", "The authority's answer has no facts"},
		words{"Повторите запрос. Если это случится снова, обратитесь в поддержку, указав номер {number}.", "Try again. If it happens again, turn to support with the number {number}."}, true,
	},
	"too_large": {
		words{"Запись слишком велика для документа PDF", "The record is too large for a PDF"},
		words{"Закажите выписку в формате XML.", "Order the extract as XML."}, false,
	},
	"not_made": {
		words{"Документ не удалось сформировать", "The document could not be made"},
		words{"Повторите запрос. Если это случится снова, обратитесь в поддержку, указав номер {number}.", "Try again. If it happens again, turn to support with the number {number}."}, true,
	},
}
