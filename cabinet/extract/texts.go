package extract

import (
	"net/http"

	"propusk/cabinet/api"
)

// texts are the problems that only this room has. Codes are never renamed.
var texts = map[string]api.Text{
	"extract_state": {
		Status: http.StatusConflict,
		RU:     api.Saying{Title: "Сейчас это невозможно", Detail: "В этом состоянии заказа такое действие невозможно. Обновите страницу: состояние могло измениться."},
		EN:     api.Saying{Title: "Not possible now", Detail: "The order is in a state that does not let this happen. Reload it: its state may have changed."},
	},
	"extract_not_ready": {
		Status: http.StatusConflict,
		RU:     api.Saying{Title: "Документ не готов", Detail: "Файлы появятся, когда документ будет готов."},
		EN:     api.Saying{Title: "The document is not ready", Detail: "There will be files when the document is ready."},
	},
	"extract_not_failed": {
		Status: http.StatusConflict,
		RU:     api.Saying{Title: "Повторять нечего", Detail: "Повторить можно заказ, который не удалось выполнить, если повтор может помочь."},
		EN:     api.Saying{Title: "Nothing to try again", Detail: "An order can be tried again when it has failed for a reason that another attempt can mend."},
	},
	"extract_over": {
		Status: http.StatusConflict,
		RU:     api.Saying{Title: "Отменять нечего", Detail: "Отменить можно заказ, который ещё выполняется или не выполнен."},
		EN:     api.Saying{Title: "Nothing to cancel", Detail: "An order can be cancelled while it is being carried out."},
	},
	"extract_too_many": {
		Status: http.StatusConflict,
		RU:     api.Saying{Title: "Слишком много заказов сразу", Detail: "Дождитесь выполнения заказанных документов или отмените лишние."},
		EN:     api.Saying{Title: "Too many orders at a time", Detail: "Wait until the documents that were ordered are ready, or cancel some."},
	},
	"extract_damaged": {
		Status: http.StatusInternalServerError,
		RU:     api.Saying{Title: "Файл повреждён", Detail: "Файл в архиве повреждён и не выдаётся. Закажите документ заново или обратитесь в поддержку."},
		EN:     api.Saying{Title: "The file is damaged", Detail: "The file in the archive is damaged and is not given out. Order the document anew or turn to support."},
	},
	"extract_mail_unavailable": {
		Status: http.StatusServiceUnavailable,
		RU:     api.Saying{Title: "Почта не настроена", Detail: "Сервис не отправляет писем. Скачайте документ в кабинете."},
		EN:     api.Saying{Title: "Mail is not set up", Detail: "The service sends no mail. Download the document in the cabinet."},
	},
}

var fieldTexts = map[string]api.FieldText{
	"kind.unknown":               {RU: "Такой выписки или справки нет в каталоге.", EN: "There is no such extract or certificate in the catalogue."},
	"kind.not_for_organization":  {RU: "Такой документ не выдаётся организациям этого вида.", EN: "Organisations of this kind do not get such a document."},
	"format.unknown":             {RU: "Формат: pdf, xml или both.", EN: "The format is pdf, xml or both."},
	"period.required":            {RU: "Укажите период.", EN: "Name a period."},
	"period.not_expected":        {RU: "У этого документа нет периода.", EN: "This document has no period."},
	"period.too_long":            {RU: "Период длиннее, чем допускает этот документ.", EN: "The period is longer than this document allows."},
	"period/from.format":         {RU: "Укажите день в виде 2026-01-31.", EN: "Write the day as 2026-01-31."},
	"period/to.format":           {RU: "Укажите день в виде 2026-01-31.", EN: "Write the day as 2026-01-31."},
	"period/to.before_from":      {RU: "Конец периода раньше начала.", EN: "The period ends before it begins."},
	"period/to.in_future":        {RU: "Период не может заканчиваться в будущем.", EN: "A period cannot end in the future."},
	"purpose.too_long":           {RU: "Не больше 300 знаков.", EN: "At most 300 characters."},
	"parameters.unknown":         {RU: "У этого документа нет такого параметра.", EN: "This document has no such parameter."},
	"parameters/regime.required": {RU: "Выберите режим налогообложения.", EN: "Choose the tax regime."},
	"parameters/regime.unknown":  {RU: "Такого режима в каталоге нет.", EN: "There is no such regime in the catalogue."},
	"code.one_of_code_and_pdf":   {RU: "Передайте либо код, либо файл PDF.", EN: "Send either the code or the PDF."},
	"pdf.too_large":              {RU: "Файл слишком велик.", EN: "The file is too large."},
}
