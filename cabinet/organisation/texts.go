package organisation

import (
	"net/http"

	"propusk/cabinet/api"
)

func problem(status int, ru, en api.Saying) api.Text { return api.Text{Status: status, RU: ru, EN: en} }

func say(title, detail string) api.Saying { return api.Saying{Title: title, Detail: detail} }

func words(ru, en string) api.FieldText { return api.FieldText{RU: ru, EN: en} }

// texts are the room's own problems.
var texts = map[string]api.Text{
	// Codes.
	"code_channel_unavailable": problem(http.StatusServiceUnavailable,
		say("Этот способ отправки недоступен", "Код нельзя отправить способом {channel}. Выберите другой."),
		say("This channel is not available", "No code can be sent by {channel}. Choose another channel.")),
	"confirmation_too_soon": problem(http.StatusTooManyRequests,
		say("Код уже отправлен", "Новый код можно запросить через {seconds} с."),
		say("A code was sent already", "A new one can be asked for in {seconds} s.")),
	"confirmation_limit": problem(http.StatusTooManyRequests,
		say("Коды для этого действия исчерпаны", "Для одного действия отправляется не больше пяти кодов. Начните действие заново."),
		say("No more codes for this act", "At most five codes are sent for one act. Begin it anew.")),
	"confirmation_wrong": problem(http.StatusForbidden,
		say("Неверный код", "Проверьте код и введите его ещё раз. Осталось попыток: {left}."),
		say("The code is wrong", "Check the code and enter it again. Tries left: {left}.")),
	"confirmation_over": problem(http.StatusForbidden,
		say("Код не действует", "Срок кода истёк, попытки исчерпаны, или код уже использован. Запросите новый."),
		say("The code is not valid", "It has expired, its tries are used up, or it was used. Ask for a new one.")),
	"confirmation_contact_missing": problem(http.StatusConflict,
		say("Некуда отправить код", "Для способа {channel} нет подтверждённого контакта. Выберите другой способ или подтвердите контакт."),
		say("Nowhere to send the code", "There is no confirmed contact for {channel}. Choose another channel or confirm the contact.")),

	// Registration.
	"identity_unconfirmed": problem(http.StatusForbidden,
		say("Личность не подтверждена", "Организацию регистрирует человек с подтверждённой учётной записью. Подтвердите личность сертификатом или в центре обслуживания."),
		say("Your identity is not confirmed", "An organisation is registered from a confirmed account. Confirm your identity by a certificate or at an office.")),
	"registrations_too_many": problem(http.StatusConflict,
		say("Слишком много незаконченных заявлений", "Закончите или отзовите прежние заявления."),
		say("Too many unfinished registrations", "Finish or withdraw the earlier ones.")),
	"registration_state": problem(http.StatusConflict,
		say("Заявление уже не на этом шаге", "Состояние заявления: {state}. Обновите его."),
		say("The registration is not at this step", "Its state: {state}. Load it again.")),
	"registration_incomplete": problem(http.StatusConflict,
		say("Заявление не готово", "Остались незавершённые шаги. Нужны данные, согласие, подтверждение почты и телефона, сверка с реестром, полномочия."),
		say("The registration is not complete", "Some steps are left. It takes data, consent, the confirmed mailbox and phone, the check against the register, authority.")),
	"registration_documents_missing": problem(http.StatusConflict,
		say("Нет документов", "Для проверки оператором приложите документы: устав, решение, доверенность или выписку."),
		say("There are no documents", "Operators decide by documents: add the charter, the decision, the power of attorney or an extract.")),
	"organization_files_too_many": problem(http.StatusConflict,
		say("Слишком много файлов", "Удалите лишние файлы или объедините их."),
		say("Too many files", "Remove some, or join them.")),
	"organization_files_unavailable": problem(http.StatusServiceUnavailable,
		say("Файл сейчас нельзя проверить", "Проверка на вирусы временно недоступна. Повторите загрузку позже."),
		say("The file cannot be checked now", "The virus scanner cannot be reached. Upload it again later.")),
	"organization_unknown": problem(http.StatusConflict,
		say("Организация не найдена в реестре", "В ЕГРЮЛ и ЕГРИП нет действующей записи с такими номерами. Проверьте ИНН и вид организации."),
		say("The register has no such organisation", "Neither ЕГРЮЛ nor ЕГРИП has a record with these numbers. Check the ИНН and the kind.")),
	"organization_inactive": problem(http.StatusConflict,
		say("Организация не действует", "По данным реестра: {status}. Кабинет создать нельзя."),
		say("The organisation is no more", "The register says: {status}. No cabinet can be created.")),
	"organization_taken": problem(http.StatusConflict,
		say("У организации уже есть кабинет", "Воспользуйтесь привязкой к организации или попросите её администратора пригласить вас."),
		say("The organisation has a cabinet already", "Bind yourself to it, or ask its administrator for an invitation.")),
	"organization_registry_unavailable": problem(http.StatusServiceUnavailable,
		say("Реестр не отвечает", "Сверить данные с реестром сейчас нельзя. Введённое сохранено, повторите позже."),
		say("The register does not answer", "The data cannot be checked now. What was entered is kept; try again later.")),
	"authority_missing": problem(http.StatusForbidden,
		say("Не подтверждены полномочия", "Кабинет создаёт руководитель, указанный в реестре, владелец сертификата организации или доверенности. Подпишите заявление, приложите доверенность или отправьте документы на проверку."),
		say("Your authority is not shown", "A cabinet is opened by the head whom the register names, or the holder of the organisation's certificate or of a power of attorney. Sign the application, add the power, or send the documents to the operators.")),
	"organization_signature_refused": problem(http.StatusUnprocessableEntity,
		say("Подпись не принята", "{reasons}"),
		say("The signature is refused", "{reasons}")),
	"organization_signature_other": problem(http.StatusUnprocessableEntity,
		say("Подпись другой организации", "Сертификат выдан не этой организации. Подпишите сертификатом, в котором указаны её ИНН и ОГРН."),
		say("Another organisation's signature", "The certificate is not this organisation's. Sign with one that has its ИНН and ОГРН.")),
	"organization_signature_person": problem(http.StatusUnprocessableEntity,
		say("Подпись другого человека", "Сертификат выдан не вам: СНИЛС или ИНН в нём не совпадают с подтверждёнными в вашей учётной записи."),
		say("Another person's signature", "The certificate is not yours: its СНИЛС or ИНН is not the confirmed one of your account.")),

	"organization_power_refused": problem(http.StatusUnprocessableEntity,
		say("Доверенность не открывает кабинет", "{reasons}"),
		say("The power of attorney opens no cabinet", "{reasons}")),

	// Binding.
	"bindings_too_many": problem(http.StatusTooManyRequests,
		say("Слишком много запросов на привязку", "За сутки можно запросить привязку не больше пяти раз."),
		say("Too many requests to bind", "At most five can be made within a day.")),
	"binding_over": problem(http.StatusConflict,
		say("Запрос на привязку закончен", "Он выполнен или просрочен. Начните заново."),
		say("The binding is over", "It is done or has expired. Begin anew.")),

	// Profile.
	"profile_change_empty": problem(http.StatusConflict,
		say("Ничего не меняется", "Новые значения совпадают с прежними."),
		say("Nothing would change", "The new values are the present ones.")),
	"profile_change_state": problem(http.StatusConflict,
		say("Изменение уже не на этом шаге", "Оно внесено, отклонено, отменено, просрочено или на проверке. Обновите его."),
		say("The change is not at this step", "It is in force, refused, cancelled, expired or being checked. Load it again.")),

	// Legal status.
	"legal_status_unprinted": problem(http.StatusConflict,
		say("Документ сейчас недоступен", "Сведений реестра ещё нет, или печать документов не настроена."),
		say("The document is not available", "The register was not asked yet, or documents are not printed here.")),
	"corrections_too_many": problem(http.StatusConflict,
		say("Слишком много обращений", "Дождитесь ответа на прежние обращения об исправлении."),
		say("Too many corrections", "Wait for the answers to the earlier ones.")),
	"correction_answered": problem(http.StatusConflict,
		say("Обращение уже рассмотрено", "На это обращение уже дан ответ."),
		say("The correction was answered", "It has an answer already.")),

	// Deactivation.
	"deactivation_state": problem(http.StatusConflict,
		say("Деактивация уже не на этом шаге", "Состояние: {state}. Обновите её."),
		say("The deactivation is not at this step", "Its state: {state}. Load it again.")),
	"sign_in_stale": problem(http.StatusUnauthorized,
		say("Войдите ещё раз", "Для этого действия вход должен быть не старше {minutes} мин."),
		say("Sign in again", "This takes a sign-in of at most {minutes} minutes ago.")),
	"administrator_required": problem(http.StatusForbidden,
		say("Нужен администратор", "Это действие доступно только администратору организации."),
		say("An administrator is needed", "Only an administrator of the organisation can do this.")),

	// Moderation.
	"moderation_state": problem(http.StatusConflict,
		say("Проверка уже не на этом шаге", "Состояние: {state}. Сначала возьмите проверку в работу."),
		say("The moderation is not at this step", "Its state: {state}. Take it first.")),
	"moderation_taken": problem(http.StatusConflict,
		say("Проверку ведёт другой оператор", "Возьмите её в работу сами или дождитесь его решения."),
		say("Another operator has taken it", "Take it yourself, or wait for the other's word.")),
}

// numberTexts say what is wrong with a number, by the field's last name.
var numberTexts = map[string]api.FieldText{
	"inn.number_digits":      words("ИНН состоит только из цифр, без пробелов.", "An ИНН has digits only, without spaces."),
	"inn.number_length":      words("В ИНН организации 10 цифр, предпринимателя — 12.", "The ИНН of a legal entity has 10 digits, of a sole proprietor 12."),
	"inn.number_checksum":    words("Контрольная цифра ИНН не сходится: проверьте номер.", "The check digit of the ИНН is wrong."),
	"ogrn.number_digits":     words("ОГРН состоит только из цифр, без пробелов.", "An ОГРН has digits only, without spaces."),
	"ogrn.number_length":     words("В ОГРН 13 цифр, в ОГРНИП — 15.", "An ОГРН has 13 digits, an ОГРНИП 15."),
	"ogrn.number_checksum":   words("Контрольная цифра ОГРН не сходится: проверьте номер.", "The check digit of the ОГРН is wrong."),
	"kpp.number_length":      words("В КПП 9 знаков.", "A КПП has 9 characters."),
	"kpp.invalid":            words("КПП: четыре цифры, две цифры или латинские буквы, три цифры.", "A КПП is four digits, two digits or Latin capitals, three digits."),
	"legal_form.invalid":     words("Код формы по ОКОПФ — пять цифр.", "A legal form is a code of ОКОПФ, five digits."),
	"legal_form.not_allowed": words("Эта форма не подходит к виду организации.", "This form does not fit the kind of organisation."),
	"email.required":         words("Укажите официальный адрес электронной почты.", "Enter the official e-mail address."),
	"phone.required":         words("Укажите телефон с кодом города или оператора.", "Enter the phone with its area code."),
	"main.required":          words("Укажите основной код ОКВЭД-2.", "Enter the main code of ОКВЭД-2."),
}

// fieldTexts are the room's words for faults: general ones by code, exact ones for
// fields of a block and of the same block within a draft.
var fieldTexts = func() map[string]api.FieldText {
	all := map[string]api.FieldText{
		"number_digits":     words("Допустимы только цифры, без пробелов.", "Digits only, without spaces."),
		"number_length":     words("Неверное количество знаков.", "The number of characters is wrong."),
		"number_checksum":   words("Контрольная цифра не сходится.", "The check digit is wrong."),
		"phone_region":      words("Укажите номер с кодом города или оператора: +7 812 000-11-01.", "Give the number with its area code: +7 812 000-11-01."),
		"phone_characters":  words("В номере телефона лишние знаки.", "The phone number has characters that do not belong in it."),
		"okved_incomplete":  words("Укажите код ОКВЭД-2 полностью, не меньше четырёх цифр: 62.01.", "Give the code of ОКВЭД-2 in full, with four digits at least: 62.01."),
		"account_bic":       words("Счёт не соответствует БИК банка: проверьте оба номера.", "The account does not fit the bank's БИК: check both."),
		"one_main":          words("Отметьте один из них основным.", "Mark exactly one of them as the main one."),
		"regimes_overlap":   words("Режимы не могут действовать в одни и те же дни.", "These regimes cannot hold on the same days."),
		"card_full":         words("Полный номер карты здесь не принимается: укажите первые шесть и последние четыре цифры, 220012******1234.", "A full card number is not taken here: give the first six and the last four digits, 220012******1234."),
		"upload_kind":       words("Файл этого вида не принимается: найдено {found}, ожидается {wanted}.", "This kind of file is not taken: found {found}, wanted {wanted}."),
		"upload_infected":   words("В файле найден вирус.", "The file has a virus."),
		"code_or_signature": words("Передайте код или подпись, одно из двух.", "Give a code or a signature, one of the two."),
		"same_as_shown":     words("Это значение уже показано.", "This is the value that is shown."),
		"pdf_header":        words("Это не PDF: файл начинается не так.", "This is no PDF: it does not begin like one."),
		"pdf_tail":          words("PDF повреждён, или после его конца что-то добавлено.", "The PDF is damaged, or something follows its end."),
		"pdf_encrypted":     words("PDF зашифрован. Сохраните его без пароля.", "The PDF is encrypted. Save it without a password."),
		"pdf_script":        words("В PDF есть сценарий JavaScript. Сохраните документ без него.", "The PDF has JavaScript. Save it without."),
		"pdf_action":        words("В PDF есть действия, которые выполняются сами. Сохраните документ без них.", "The PDF has actions that run by themselves. Save it without."),
		"pdf_attachment":    words("В PDF вложены другие файлы. Загрузите их отдельно.", "Other files are attached to the PDF. Upload them by themselves."),
		"pdf_media":         words("В PDF есть звук, видео или трёхмерное содержимое.", "The PDF has sound, video or three-dimensional content."),
		"pdf_form":          words("PDF с динамической формой XFA не принимается. Сохраните его как обычный PDF.", "A PDF with an XFA form is not taken. Save it as an ordinary one."),
		"pdf_layers":        words("В PDF есть скрытые слои или примечания. Сохраните документ без них.", "The PDF has hidden layers or annotations. Save it without."),
		"pdf_unreadable":    words("PDF не удалось прочитать.", "The PDF cannot be read."),
		"pdf_too_complex":   words("PDF слишком сложный. Сохраните его проще, например печатью в PDF.", "The PDF is too complex. Save it more simply, by printing to PDF."),
		"pdf_no_pages":      words("В PDF нет страниц.", "The PDF has no pages."),
		"pdf_blank":         words("Страницы PDF пусты.", "The pages of the PDF are blank."),
	}
	for key, text := range numberTexts {
		for _, place := range []string{"", "requisites/", "contacts/", "activities/"} {
			if place != "" || key != "email.required" && key != "phone.required" { // the house has words for these
				all[place+key] = text
			}
		}
	}
	return all
}()
