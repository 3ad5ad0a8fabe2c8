package filing

import (
	"net/http"
	"strconv"

	"propusk/cabinet/api"
	"propusk/signature"
)

func itoa(n int) string { return strconv.Itoa(n) }

// texts are the problems that only this room has.
var texts = map[string]api.Text{
	"filing_exists": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Такой отчёт уже есть", Detail: "За этот период с этим номером корректировки уже есть отчёт, номер операции {number}. Откройте его или составьте уточнённый."},
		EN: api.Saying{Title: "There is such a filing", Detail: "There is a filing for this period and correction number already, operation {number}. Open it, or make a correction."}},
	"filing_state": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Сейчас это сделать нельзя", Detail: "Отчёт в состоянии «{state}». Что с ним можно сделать, показано на его странице."},
		EN: api.Saying{Title: "Not possible in this state", Detail: "The filing is “{state}”. Its page shows what can be done with it."}},
	"filing_locked": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Отчёт уже отправлен", Detail: "Отправленный отчёт не изменяется и не удаляется. Составьте уточнённый отчёт."},
		EN: api.Saying{Title: "The filing has been sent", Detail: "What was sent is neither changed nor deleted. Make a correction."}},
	"filing_signed": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Отчёт подписан", Detail: "Удалить можно только черновик. Измените отчёт, и подписи будут сняты."},
		EN: api.Saying{Title: "The filing is signed", Detail: "Only a draft can be deleted. Change it, and the signatures are dropped."}},
	"filing_not_checked": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Отчёт не проверен", Detail: "После изменений отчёт нужно проверить. Подписывается файл, прошедший проверку."},
		EN: api.Saying{Title: "The filing has not been checked", Detail: "After a change it must be checked. What is signed is the file that passed."}},
	"filing_faulty": {Status: http.StatusUnprocessableEntity,
		RU: api.Saying{Title: "В отчёте есть ошибки", Detail: "Исправьте замечания последней проверки и проверьте отчёт ещё раз."},
		EN: api.Saying{Title: "The filing has faults", Detail: "Correct what the last check found, and check again."}},
	"filing_profile_changed": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Реквизиты организации изменились", Detail: "Отчёт проверен по прежним реквизитам. Измените его, проверьте и подпишите заново."},
		EN: api.Saying{Title: "The organisation's details have changed", Detail: "The filing was checked against the former ones. Change it, check it and sign it anew."}},
	"filing_unsigned": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Отчёт не подписан", Detail: "Отправить можно только отчёт с квалифицированной подписью. Сначала подпишите его."},
		EN: api.Saying{Title: "The filing is not signed", Detail: "Only a filing with a qualified signature can be sent. Sign it first."}},
	"filing_signature_refused": {Status: http.StatusUnprocessableEntity,
		RU: api.Saying{Title: "Подпись не принята", Detail: "Ниже перечислены проверки, которые она не прошла. Подпишите файл отчёта отсоединённой подписью ещё раз."},
		EN: api.Saying{Title: "The signature is refused", Detail: "The checks that failed are listed below. Sign the report's file with a detached signature again."}},
	"filing_signer": {Status: http.StatusForbidden,
		RU: api.Saying{Title: "Подписал не тот, кто вправе", Detail: "Сертификат должен принадлежать организации, вам самим с подтверждёнными СНИЛС или ИНН либо представителю по доверенности, по которой вы действуете."},
		EN: api.Saying{Title: "Signed by somebody who may not", Detail: "The certificate must be the organisation's, your own with a confirmed СНИЛС or ИНН, or that of the representative whose power of attorney you act under."}},
	"filing_signatory": {Status: http.StatusConflict,
		RU: api.Saying{Title: "В отчёте указан другой подписант", Detail: "Вы действуете по доверенности {power}, а в отчёте указано, что подписывает руководитель. Укажите представителя и его документ."},
		EN: api.Saying{Title: "The report names another signatory", Detail: "You act under the power of attorney {power}, but the report says that the head signs. Name the representative and the document."}},
	"filing_verifier": {Status: http.StatusServiceUnavailable,
		RU: api.Saying{Title: "Подпись сейчас не проверить", Detail: "Проверка подписи временно недоступна. Повторите запрос чуть позже."},
		EN: api.Saying{Title: "The signature cannot be verified now", Detail: "The verification is not available. Repeat the request a little later."}},
	"filing_unreadable": {Status: http.StatusUnprocessableEntity,
		RU: api.Saying{Title: "Файл отчёта не прочитан", Detail: "{message} {advice}"},
		EN: api.Saying{Title: "The report cannot be read", Detail: "{message} {advice}"}},
	"filing_nothing_to_print": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Печатать ещё нечего", Detail: "Подтверждение появляется после отправки отчёта, акт приёмки после его принятия."},
		EN: api.Saying{Title: "Nothing to print yet", Detail: "The confirmation appears after the filing is sent, the act of acceptance after it is accepted."}},
	"filing_no_file": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Файла ещё нет", Detail: "Файл отчёта появляется после загрузки или после проверки заполненной формы."},
		EN: api.Saying{Title: "There is no file yet", Detail: "The report's file is there after an upload, or after a filled form was checked."}},
	"filing_no_template": {Status: http.StatusNotFound,
		RU: api.Saying{Title: "Шаблона нет", Detail: "Этот отчёт подаётся файлом PDF, таблицы для него нет."},
		EN: api.Saying{Title: "There is no template", Detail: "This report is filed as a PDF; there is no spreadsheet for it."}},
	"filing_not_correctable": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Уточнять ещё нечего", Detail: "Уточнённый отчёт составляется после ответа органа. Этот отчёт в состоянии «{state}»."},
		EN: api.Saying{Title: "Nothing to correct yet", Detail: "A correction is made after the body has answered. This filing is “{state}”."}},
}

// fieldTexts are what is wrong with single fields. The codes of a signature's
// verdict stand among them, so that a refused one shows every check in words.
func fieldTexts() map[string]api.FieldText {
	all := map[string]api.FieldText{
		"filing_type_unknown":    {RU: "Такого вида отчёта нет. Выберите один из справочника видов отчёта.", EN: "There is no such type of report. Choose one of the list of types."},
		"filing_period_unknown":  {RU: "У этого отчёта нет такого периода. Коды указаны в описании вида отчёта.", EN: "This report has no such period. The codes stand in the description of the type."},
		"filing_year":            {RU: "Нужен год от 1990 до следующего.", EN: "A year from 1990 to the next one is needed."},
		"filing_correction":      {RU: "Номер корректировки: от 0 до 999.", EN: "A correction number is 0 to 999."},
		"filing_correction_next": {RU: "Уточнённый отчёт получает номер на единицу больше; после отказа можно сохранить прежний.", EN: "A correction has the next number; after a refusal the same one may be kept."},
		"filing_format":          {RU: "Для этого вида отчёта такой формат не принимается. Форматы указаны в описании вида отчёта.", EN: "This type of report is not taken in this format. The formats stand in the description of the type."},
		"filing_office":          {RU: "Нужен код органа из четырёх цифр.", EN: "A body's code has four digits."},
		"filing_no_form":         {RU: "Этот отчёт загружен файлом; значений формы у него нет.", EN: "This filing is an uploaded file; it has no form."},
	}
	for _, code := range signature.Codes() {
		all["signature_"+string(code)] = api.FieldText{RU: signature.Text(code, signature.Russian), EN: signature.Text(code, signature.English)}
	}
	return all
}
