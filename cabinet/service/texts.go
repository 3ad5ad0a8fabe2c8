package service

import (
	"net/http"

	"propusk/cabinet/api"
)

// problems are the codes that only this room has.
var problems = map[string]api.Text{
	"application_submitted": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Заявка уже отправлена", Detail: "Отправленная заявка не меняется. Добавьте документы или напишите в её переписке."},
		EN: api.Saying{Title: "The application was submitted", Detail: "What was submitted does not change. Add documents, or write in its thread."}},
	"application_draft": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Заявка ещё не отправлена", Detail: "Это есть только у отправленной заявки. Проверьте и отправьте черновик."},
		EN: api.Saying{Title: "The application is a draft", Detail: "Only a submitted application has this. Check and submit the draft."}},
	"application_not_granted": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Продлевать нечего", Detail: "Продлить можно только одобренную заявку. Подайте новую."},
		EN: api.Saying{Title: "There is nothing to renew", Detail: "Only an approved application can be renewed. Begin a new one."}},
}

// fieldTexts say what is wrong with a value, and how to mend it (rows 205, 270).
var fieldTexts = map[string]api.FieldText{
	"form_unknown_application":        {RU: "Такой заявки у организации нет.", EN: "The organisation has no such application."},
	"form_unknown_template":           {RU: "Такого шаблона у организации нет.", EN: "The organisation has no such form."},
	"form_unknown_service":            {RU: "Такой услуги в каталоге нет, или она оказывается в другом разделе.", EN: "The catalogue has no such service, or another section does it."},
	"form_characters_russian":         {RU: "Знак «{found}» здесь не допускается. Используйте буквы, цифры и знаки препинания.", EN: "“{found}” is not permitted here. Use letters, digits and punctuation."},
	"form_characters_name":            {RU: "Знак «{found}» здесь не допускается. Напишите кириллицей, можно дефис, апостроф и точку.", EN: "“{found}” is not permitted here. Write Cyrillic letters; a hyphen, an apostrophe and a dot may stand in it."},
	"form_characters_latin":           {RU: "Знак «{found}» здесь не допускается. Напишите латиницей, как в паспорте.", EN: "“{found}” is not permitted here. Write Latin letters, as in the passport."},
	"form_characters_serial":          {RU: "Знак «{found}» здесь не допускается. Номер состоит из латинских букв, цифр и дефисов.", EN: "“{found}” is not permitted here. The number has Latin letters, digits and hyphens."},
	"form_characters_document":        {RU: "Знак «{found}» здесь не допускается. Номер состоит из букв, цифр, дефисов, дробей, точек и скобок.", EN: "“{found}” is not permitted here. The number has letters, digits, hyphens, slashes, dots and brackets."},
	"form_characters_text":            {RU: "В тексте есть невидимый служебный знак. Удалите его и напишите заново.", EN: "The text has an invisible control character. Delete it and write it again."},
	"form_too_long_by":                {RU: "Не больше {most} знаков, лишних {over}. Сократите.", EN: "At most {most} characters, {over} too many. Shorten it."},
	"form_inn":                        {RU: "Это не ИНН: нужны 10 цифр организации или 12 — предпринимателя, и контрольные цифры должны сходиться. Проверьте, не перепутаны ли соседние цифры.", EN: "This is no ИНН: it has 10 or 12 digits with check digits. Look for swapped ones."},
	"form_ogrn":                       {RU: "Это не ОГРН: нужны 13 цифр (ОГРНИП — 15), и контрольная цифра должна сходиться.", EN: "This is no ОГРН: it has 13 digits (ОГРНИП 15) with a check digit."},
	"form_kpp":                        {RU: "КПП состоит из 9 знаков: 4 цифры, 2 цифры или латинские буквы, 3 цифры.", EN: "A КПП has 9 characters: 4 digits, 2 digits or Latin capitals, 3 digits."},
	"form_snils":                      {RU: "Это не СНИЛС: нужны 11 цифр, и контрольные должны сходиться.", EN: "This is no СНИЛС: it has 11 digits with check digits."},
	"form_phone":                      {RU: "Это не номер телефона. Введите его с кодом страны, например +7 921 000-11-01.", EN: "This is no phone number. Write it with the country code, like +7 921 000-11-01."},
	"form_email":                      {RU: "Это не адрес электронной почты. Введите его в виде name@company.ru.", EN: "This is no e-mail address. Write it like name@company.ru."},
	"form_okved":                      {RU: "Код ОКВЭД состоит из пар цифр через точку, например 86.21.", EN: "An ОКВЭД code has pairs of digits with dots, such as 86.21."},
	"form_bik":                        {RU: "БИК состоит из 9 цифр и начинается с 04.", EN: "A БИК has 9 digits and begins with 04."},
	"form_account":                    {RU: "Расчётный счёт состоит из 20 цифр.", EN: "A settlement account has 20 digits."},
	"form_account_bik":                {RU: "Счёт не принадлежит банку с этим БИК: контрольная сумма не сходится. Проверьте оба номера.", EN: "The account is not of the bank with this БИК: the check sum differs. Look at both numbers."},
	"form_cadastral":                  {RU: "Кадастровый номер выглядит как 77:01:0001001:1234.", EN: "A cadastral number looks like 77:01:0001001:1234."},
	"form_country":                    {RU: "Укажите страну двумя латинскими буквами (ISO 3166), например UZ.", EN: "Give the country as two Latin capitals (ISO 3166), such as UZ."},
	"form_digits":                     {RU: "Только цифры, от {least} до {most}.", EN: "Digits only, {least} to {most} of them."},
	"form_number":                     {RU: "Введите целое число цифрами.", EN: "Write a whole number in digits."},
	"form_money":                      {RU: "Введите сумму в рублях, например 12500 или 12500.50.", EN: "Write a sum in rubles, such as 12500 or 12500.50."},
	"form_too_small":                  {RU: "Не меньше {least}.", EN: "At least {least}."},
	"form_too_big":                    {RU: "Не больше {most}.", EN: "At most {most}."},
	"form_date":                       {RU: "Введите дату в виде ГГГГ-ММ-ДД.", EN: "Write the date as YYYY-MM-DD."},
	"form_date_future":                {RU: "Эта дата ещё не наступила, сегодня {today}.", EN: "This date is yet to come, today is {today}."},
	"form_choice":                     {RU: "Выберите одно из значений: {values}.", EN: "Choose one of: {values}."},
	"form_bool":                       {RU: "Укажите true или false.", EN: "Say true or false."},
	"form_before":                     {RU: "Эта дата раньше, чем «{other}». Поменяйте одну из них.", EN: "This date is before “{other}”. Change one of them."},
	"form_at_most":                    {RU: "Не может быть больше, чем «{other}».", EN: "It cannot be more than “{other}”."},
	"form_sum":                        {RU: "Не сходится: {parts} = {sum}. Исправьте итог или слагаемые.", EN: "It does not add up: {parts} = {sum}. Correct the total or the parts."},
	"form_document_unknown":           {RU: "К этой услуге такой документ не прилагается.", EN: "This service takes no such document."},
	"form_document_missing":           {RU: "Приложите документ «{title}».", EN: "Attach the document “{title}”."},
	"form_document_too_many":          {RU: "Этих файлов можно не больше {most}.", EN: "At most {most} of these files."},
	"form_document_format":            {RU: "По содержимому это {found}, а нужен {wanted}.", EN: "By its content this is {found}; {wanted} is needed."},
	"form_document_too_large":         {RU: "Файл больше {most} МБ.", EN: "The file has more than {most} MB."},
	"form_document_signature_missing": {RU: "Этот документ подписывают: приложите к нему отсоединённую квалифицированную подпись.", EN: "This document is signed: attach its detached qualified signature."},
	"form_document_signature_wrong":   {RU: "Это не файл подписи (CMS).", EN: "This is no file of a signature (CMS)."},
	"form_signature_required":         {RU: "Заявка подаётся с квалифицированной подписью. Возьмите содержимое заявки (content), подпишите его и пришлите подпись.", EN: "The application takes a qualified signature. Fetch its content, sign it and send the signature."},
	"application_signature_refused":   {RU: "Подпись не принята: {reason_ru}", EN: "The signature is refused: {reason_en}"},
	"form_signature_stranger":         {RU: "Подпись верна, но сертификат выдан не вашей организации и не вам.", EN: "The signature is good, but its certificate is neither your organisation's nor yours."},
}
