package power

import (
	"fmt"
	"net/http"
	"strings"

	"propusk/cabinet/api"
	"propusk/cabinet/power/emchd"
	"propusk/idp/directory"
)

// pair is one text in both languages.
type pair struct{ ru, en string }

func (p pair) in(lang string) string {
	if lang == "en" {
		return p.en
	}
	return p.ru
}

var formLabels = map[directory.PowerForm]pair{
	directory.PowerNotarial: {"Нотариальная", "Notarial"},
	directory.PowerSimple:   {"Простая письменная с подписью доверителя", "Written, with the principal's signature"},
	directory.PowerMachine:  {"Машиночитаемая (МЧД)", "Machine-readable (МЧД)"},
}

var statusLabels = map[directory.PowerStatus]pair{
	directory.PowerDraft:    {"Ожидает подписи", "Waits for its signature"},
	directory.PowerChecking: {"Подпись проверяется", "The signature is being checked"},
	directory.PowerActive:   {"Действует", "In force"},
	directory.PowerExpired:  {"Срок истёк", "Expired"},
	directory.PowerRevoked:  {"Отозвана", "Revoked"},
	directory.PowerRefused:  {"Отклонена", "Refused"},
}

// allows says in sentences what a power allows and where it ends.
func allows(p directory.PowerOfAttorney, lang string) []string {
	var list []string
	say := func(text pair, args ...any) { list = append(list, fmt.Sprintf(text.in(lang), args...)) }
	for _, code := range p.Powers.V {
		if entry, known := directory.FindPowerCode(code); known {
			list = append(list, entry.Label(lang)+".")
		}
	}
	l := p.Limits.V
	for _, limit := range []struct {
		values []string
		text   pair
	}{
		{l.Reports, pair{"Отчётность только этих видов: %s.", "Reports of these kinds only: %s."}},
		{l.Extracts, pair{"Выписки и справки только этих видов: %s.", "Extracts of these kinds only: %s."}},
		{l.Services, pair{"Услуги только из этого перечня: %s.", "These services only: %s."}},
	} {
		if len(limit.values) > 0 {
			say(limit.text, strings.Join(limit.values, ", "))
		}
	}
	if l.MaxSum > 0 {
		say(pair{"Сумма одного действия — не больше %s ₽.", "The sum of one act is at most %s ₽."}, roubles(l.MaxSum, lang))
	}
	if !l.MaySign {
		say(pair{"Без права подписи: только подготовка.", "Without the right to sign: preparation only."})
	}
	switch p.Delegation {
	case 0:
		say(pair{"Без права передоверия.", "It cannot be handed on."})
	case 1:
		say(pair{"Может быть передоверена один раз.", "It can be handed on once."})
	default:
		say(pair{"Может быть передоверена; глубина передоверия — до %d.", "It can be handed on, up to %d times."}, p.Delegation)
	}
	if p.Irrevocable {
		say(pair{"Безотзывная.", "Irrevocable."})
	}
	say(pair{"Действует с %s по %s включительно.", "In force from %s to %s, both included."}, p.FirstDay(), p.LastDay())
	return list
}

// roubles writes kopecks as people do: 1 000 000,00.
func roubles(kopecks int64, lang string) string {
	whole := fmt.Sprint(kopecks / 100)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "\u00a0" + whole[i:]
	}
	point := ","
	if lang == "en" {
		point = "."
	}
	return fmt.Sprintf("%s%s%02d", whole, point, kopecks%100)
}

var texts = map[string]api.Text{
	"power_invalid": {Status: http.StatusUnprocessableEntity,
		RU: api.Saying{Title: "Доверенность не принята", Detail: "Результат проверки: {status}. Исправьте указанное и загрузите доверенность заново; сам файл доверенности менять нельзя, нужна новая."},
		EN: api.Saying{Title: "The power of attorney was not taken", Detail: "The check ended with {status}. Correct what is named and send it again; the file of a power cannot be changed, it takes a new one."}},
	"power_signature_refused": {Status: http.StatusUnprocessableEntity,
		RU: api.Saying{Title: "Подпись не принята", Detail: "{reason}"},
		EN: api.Saying{Title: "The signature was refused", Detail: "{reason}"}},
	"power_no_head": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Неизвестно, кто руководит организацией", Detail: "Укажите в поле head, кто подпишет доверенность: фамилию, имя и СНИЛС или ИНН; либо дайте руководителю роль «Руководитель» и подтвердите его СНИЛС."},
		EN: api.Saying{Title: "It is not known who heads the organisation", Detail: "Say in head who will sign: the names and the СНИЛС or ИНН; or give the head the role Head, with a verified СНИЛС."}},
	"power_not_representative": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Доверенность выдана не вашей организации", Detail: "Передоверить её, отказаться от неё и назначить исполнителей может только представитель."},
		EN: api.Saying{Title: "The power was not given to your organisation", Detail: "Only its representative can hand it on, give it up and name who acts under it."}},
	"power_not_handed_on": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Без права передоверия", Detail: "В доверенности сказано, что передоверить её нельзя. Попросите доверителя выдать новую."},
		EN: api.Saying{Title: "It is not to be handed on", Detail: "The power says that it is not handed on. Ask its principal for another one."}},
	"power_no_file": {Status: http.StatusNotFound,
		RU: api.Saying{Title: "Такого файла у доверенности нет", Detail: "Подписи нет у черновика и у нотариальной доверенности."},
		EN: api.Saying{Title: "The power has no such file", Detail: "A draft and a notarial power have no signature."}},
}

// fieldTexts are the words of fields; a fault of a form brings its own text.
func fieldTexts() map[string]api.FieldText {
	all := map[string]api.FieldText{
		"number.taken":              {RU: "Доверенность с этим номером уже внесена.", EN: "A power with this number has been entered."},
		"issued_on.future":          {RU: "Дата выдачи ещё не наступила.", EN: "The date of issue is in the future."},
		"issued_on.before_parent":   {RU: "Выдана раньше исходной доверенности.", EN: "Issued before the power it comes from."},
		"until.before_issue":        {RU: "Срок заканчивается раньше даты выдачи.", EN: "The term ends before the date of issue."},
		"until.expired":             {RU: "Срок уже истёк.", EN: "The term has ended."},
		"until.longer":              {RU: "Срок длиннее, чем у исходной доверенности.", EN: "The term is longer than that of the power it comes from."},
		"powers.wider":              {RU: "Этих полномочий нет в исходной доверенности.", EN: "The power it comes from does not list these."},
		"limits.wider":              {RU: "Ограничения шире, чем в исходной доверенности.", EN: "The limits are wider than those of the power it comes from."},
		"delegation.wider":          {RU: "Исходная доверенность не позволяет столько передоверий.", EN: "The power it comes from cannot be handed on so often."},
		"parent_id.not_delegable":   {RU: "Исходная доверенность выдана без права передоверия.", EN: "The power it comes from cannot be handed on."},
		"representative.loop":       {RU: "Этот представитель уже есть в цепочке передоверия.", EN: "This representative stands in the chain already."},
		"representative/inn.self":   {RU: "Организация не может быть представителем самой себя.", EN: "An organisation cannot represent itself."},
		"replaces_id.invalid":       {RU: "Заменить можно только свою доверенность, которая ещё не закончилась.", EN: "Only a power of yours that is not over can be replaced."},
		"replaces_id.irrevocable":   {RU: "Безотзывную доверенность нельзя заменить до конца её срока.", EN: "An irrevocable power cannot be replaced before it ends."},
		"representative.self":       {RU: "Доверенность на себя вносит другой сотрудник.", EN: "A power of attorney to yourself is entered by a colleague."},
		"power_member_unknown":      {RU: "Это не сотрудник вашей организации.", EN: "This is no member of your organisation."},
		"form.machine_needs_file":   {RU: "Машиночитаемую доверенность загружают файлом XML без поля power.", EN: "A machine-readable power is sent as an XML file, without power."},
		"form.paper_needs_document": {RU: "Эту форму загружают как multipart/form-data с документом.", EN: "This form is sent as multipart/form-data with a document."},
	}
	for code := range emchd.FaultCodes() {
		all["form_"+code] = api.FieldText{RU: "{text}", EN: "{text}"}
	}
	return all
}

// faultsOf are the faults of a form as fields of the request.
func faultsOf(faults []emchd.Fault, lang string) (list []api.FieldFault) {
	for _, f := range faults {
		if !f.Warning {
			list = append(list, api.FieldFault{Pointer: "/file", Code: "form_" + f.Code, Args: map[string]string{"text": f.Text(lang)}})
		}
	}
	return list
}
