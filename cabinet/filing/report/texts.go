package report

// faultText is what a code says. {value}, {element} and the fault's arguments are
// put in.
type faultText struct {
	message Saying
	advice  Saying
	warning bool
	fns     string
}

// Codes lists every code of a fault.
func Codes() []string {
	codes := make([]string, 0, len(faultTexts))
	for code := range faultTexts {
		codes = append(codes, code)
	}
	return codes
}

func say(ru, en, adviceRU, adviceEN string) faultText {
	return faultText{message: Saying{ru, en}, advice: Saying{adviceRU, adviceEN}}
}

func warn(t faultText) faultText { t.warning = true; return t }

// as names the code in the classifier of the Federal Tax Service.
func (t faultText) as(fns string) faultText { t.fns = fns; return t }

// faultTexts has the sentence of every code. Codes are never renamed.
var faultTexts = map[string]faultText{
	// The file.
	"file_too_large": say("Файл больше 10 МБ.", "The file is larger than 10 MB.",
		"Разделите отчёт или уберите лишнее.", "Split the report or leave out what is not needed."),
	"type_unknown": say("Вид отчёта не определён: префикс «{prefix}», КНД «{knd}».", "The type of report is not known: prefix “{prefix}”, КНД “{knd}”.",
		"Проверьте имя файла и КНД по каталогу отчётов или укажите вид отчёта.", "Check the file's name and КНД against the catalogue, or name the type of report."),
	"format_not_accepted": say("Для этого отчёта файл такого вида не принимается: {value}.", "This report is not taken in this format: {value}.",
		"Подойдут форматы: {expected}.", "These formats are taken: {expected}."),
	"file_name_invalid": say("Имя файла «{value}» не соответствует правилу R_T_A_K_O_GGGGMMDD_N.xml: часть {part}.", "The file name “{value}” does not keep to R_T_A_K_O_GGGGMMDD_N.xml: part {part}.",
		"Назовите файл по правилу, например NO_NDS_7701_7701_7701234560770101001_20260420_1.xml.", "Name the file by the rule, as in NO_NDS_7701_7701_7701234560770101001_20260420_1.xml."),
	"file_prefix_mismatch": say("Имя файла начинается с «{value}», а для этого отчёта нужно «{expected}».", "The file name begins with “{value}”; this report's is “{expected}”.",
		"Выберите другой вид отчёта или исправьте имя файла.", "Choose another type of report or correct the file's name."),
	"file_sender_mismatch": say("Отправитель в имени файла «{value}» не совпадает с ИНН и КПП организации «{expected}».", "The sender in the file name, “{value}”, is not the organisation's ИНН and КПП, “{expected}”.",
		"Проверьте, для той ли организации составлен отчёт.", "See that the report is made for this organisation."),
	"file_day_future": say("Дата в имени файла {value} ещё не наступила.", "The day in the file name, {value}, is yet to come.",
		"Исправьте дату в имени файла и в ИдФайл.", "Correct the day in the file's name and in ИдФайл."),
	"file_office_mismatch": say("Налоговый орган «{value}» не совпадает с указанным в имени файла «{name}».", "The tax office “{value}” is not the one in the file's name, “{name}”.",
		"Приведите КодНО и имя файла в соответствие.", "Make КодНО and the file's name agree."),
	"file_id_mismatch": say("ИдФайл «{value}» не совпадает с именем файла «{name}».", "ИдФайл “{value}” is not the file's name “{name}”.",
		"ИдФайл повторяет имя файла без расширения. Не переименовывайте файл после выгрузки.", "ИдФайл repeats the file's name without its extension. Do not rename the file after export.").as("0400400007"),

	// The language.
	"xml_empty": say("Файл пуст.", "The file is empty.",
		"Выгрузите отчёт из программы заново.", "Export the report again."),
	"xml_declaration": say("Файл не начинается с объявления XML с кодировкой.", "The file does not begin with an XML declaration that names its encoding.",
		"Первая строка должна быть такой: <?xml version=\"1.0\" encoding=\"windows-1251\"?>", "The first line must be <?xml version=\"1.0\" encoding=\"windows-1251\"?>"),
	"encoding_unsupported": say("Кодировка «{encoding}» не принимается.", "The encoding “{encoding}” is not taken.",
		"Сохраните файл в windows-1251 или UTF-8.", "Save the file in windows-1251 or UTF-8."),
	"encoding_invalid": say("Здесь стоит знак, которого нет в объявленной кодировке.", "This character does not exist in the declared encoding.",
		"Сохраните файл в той кодировке, которая объявлена в первой строке.", "Save the file in the encoding that its first line declares."),
	"xml_syntax": say("Нарушен синтаксис XML.", "The XML is not well-formed.",
		"Проверьте кавычки, угловые скобки и имена около этого места.", "Look at quotes, angle brackets and names near this place."),
	"xml_mismatch": say("Закрыт элемент «{found}», а открыт «{element}».", "The element “{found}” is closed, but “{element}” is open.",
		"Закройте элементы в обратном порядке.", "Close elements in the reverse order."),
	"xml_unclosed": say("Элемент «{element}» не закрыт.", "The element “{element}” is not closed.",
		"Возможно, файл загружен не полностью. Выгрузите его заново.", "The file may be incomplete. Export it again."),
	"xml_outside": say("Вне корневого элемента есть что-то ещё.", "There is something outside the root element.",
		"В файле должен быть один элемент Файл и ничего после него.", "The file has one element Файл and nothing after it."),
	"xml_doctype": say("Объявление DOCTYPE не допускается.", "A DOCTYPE is not allowed.",
		"Удалите объявление: в отчётах его не бывает.", "Remove it: reports have none."),
	"xml_unsupported": say("Инструкции обработки и CDATA не допускаются.", "Processing instructions and CDATA are not allowed.",
		"Замените их обычным текстом.", "Replace them by plain text."),
	"xml_entity": say("Неизвестная ссылка на символ.", "An unknown reference to a character.",
		"Допускаются &amp;amp;, &amp;lt;, &amp;gt;, &amp;quot;, &amp;apos; и номера символов.", "The five of XML and numbers of characters are allowed; write & as &amp;amp;."),
	"xml_character": say("Здесь стоит управляющий знак.", "There is a control character here.",
		"Удалите его; обычно он попадает в текст при копировании.", "Remove it; copying often brings one along."),
	"xml_namespace": say("Имена с двоеточием в отчёте не допускаются.", "Names with a colon are not allowed in a report.",
		"Уберите пространства имён.", "Leave out namespaces."),
	"xml_attribute_repeated": say("Атрибут «{attribute}» указан дважды.", "The attribute “{attribute}” stands twice.",
		"Оставьте одно значение.", "Leave one value."),
	"xml_too_many": say("В файле слишком много элементов или атрибутов.", "The file has too many elements or attributes.",
		"Разделите отчёт.", "Split the report."),
	"xml_too_deep": say("Элементы вложены глубже {limit} уровней.", "Elements are nested deeper than {limit} levels.",
		"Проверьте структуру: в отчётах столько уровней не бывает.", "Check the structure: no report has as many levels."),
	"value_too_long": say("Значение слишком длинное.", "The value is too long.",
		"Сократите его.", "Shorten it."),

	// The structure.
	"root_wrong": say("Корневой элемент «{element}», а должен быть «{expected}».", "The root element is “{element}”; it must be “{expected}”.",
		"Загрузите файл обмена, а не другой документ.", "Upload the file of exchange, not another document."),
	"element_unknown": say("Элемента «{element}» в этом формате нет.", "This format has no element “{element}”.",
		"Проверьте версию формата и написание имени.", "Check the format's version and the spelling."),
	"element_missing": say("Нет обязательного элемента «{element}» ({label}).", "The mandatory element “{element}” is missing ({label_en}).",
		"Заполните этот раздел.", "Fill in this section."),
	"element_order": say("Элемент «{element}» стоит после «{before}», а должен быть раньше.", "The element “{element}” stands after “{before}” and must come before it.",
		"Расположите элементы в порядке формата.", "Put the elements in the format's order."),
	"element_repeated": say("Элемент «{element}» повторяется; допускается не более {limit}.", "The element “{element}” is repeated; at most {limit} allowed.",
		"Удалите лишнее.", "Remove what is too many."),
	"element_unexpected": say("Элемент «{element}» заполняется, только если {condition}.", "The element “{element}” stands only where {condition}.",
		"Уберите элемент или исправьте условие.", "Remove the element or correct the condition."),
	"choice_wrong": say("В «{element}» должен быть ровно один элемент из: {names}.", "“{element}” must hold exactly one of: {names}.",
		"Оставьте один.", "Leave one."),
	"attribute_unknown": say("Атрибута «{element}» в этом формате нет.", "This format has no attribute “{element}”.",
		"Проверьте версию формата и написание имени.", "Check the format's version and the spelling."),
	"attribute_missing": say("Не заполнено «{element}» ({label}).", "“{element}” is not filled in ({label_en}).",
		"Укажите значение.", "Give a value."),
	"conditional_missing": say("Не заполнено «{element}»: оно обязательно, когда {condition}.", "“{element}” is not filled in; it is mandatory where {condition}.",
		"Заполните его или исправьте условие.", "Fill it in or correct the condition.").as("0400300003"),
	"value_invalid": say("Значение «{value}» не подходит: нужно {expected}.", "The value “{value}” does not fit; expected is {expected_en}.",
		"Исправьте значение.", "Correct the value."),
	"text_unexpected": say("В элементе «{element}» не должно быть текста.", "There must be no text in “{element}”.",
		"Удалите текст «{value}».", "Remove the text “{value}”."),

	// The header.
	"knd_mismatch": say("КНД «{value}» не того отчёта: нужно «{expected}».", "КНД “{value}” is of another report; expected is “{expected}”.",
		"Выберите вид отчёта, соответствующий файлу.", "Choose the type of report that the file is of."),
	"period_mismatch": say("Период в файле «{value}», а в отчёте указан «{expected}».", "The file's period is “{value}”, the filing's “{expected}”.",
		"Приведите их в соответствие.", "Make them agree."),
	"period_unknown": say("Такого периода у этого отчёта нет: «{value}».", "This report has no such period: “{value}”.",
		"Возможные коды: {expected}.", "Possible codes: {expected}."),
	"period_not_over": say("Период ещё не закончился: последний день {end}.", "The period is not over; its last day is {end}.",
		"Отправьте отчёт после окончания периода.", "File after the end of the period."),
	"year_mismatch": say("Год в файле «{value}», а в отчёте указан «{expected}».", "The file's year is “{value}”, the filing's “{expected}”.",
		"Приведите их в соответствие.", "Make them agree."),
	"correction_mismatch": say("Номер корректировки в файле «{value}», а в отчёте указан «{expected}».", "The file's correction number is “{value}”, the filing's “{expected}”.",
		"Первичный отчёт имеет номер 0, каждый уточнённый на единицу больше.", "The first report has 0, each correction one more."),
	"date_future": say("Дата документа {value} ещё не наступила.", "The document's date, {value}, is yet to come.",
		"Укажите дату не позже {expected}.", "Give a date not after {expected}."),
	"office_mismatch": warn(say("Налоговый орган «{value}» не тот, где организация стоит на учёте ({expected}).", "The tax office “{value}” is not where the organisation is registered ({expected}).",
		"Если отчёт предназначен другому органу, оставьте как есть.", "If the report is meant for another office, leave it so.")),

	// The requisites.
	"inn_mismatch": say("ИНН «{value}» не совпадает с ИНН организации «{expected}».", "ИНН “{value}” is not the organisation's, “{expected}”.",
		"Проверьте, для той ли организации составлен отчёт.", "See that the report is made for this organisation."),
	"kpp_mismatch": say("КПП «{value}» не совпадает с КПП организации «{expected}».", "КПП “{value}” is not the organisation's, “{expected}”.",
		"Исправьте КПП в программе или обновите реквизиты организации.", "Correct the КПП in your program, or the organisation's details here."),
	"name_mismatch": warn(say("Наименование «{value}» отличается от «{expected}».", "The name “{value}” differs from “{expected}”.",
		"Проверьте наименование по ЕГРЮЛ.", "Check the name against the register.")),
	"filer_kind_mismatch": say("Отчёт составлен не для такого налогоплательщика: нужен элемент {expected}.", "The report is for another kind of taxpayer; {expected} is needed.",
		"Организация заполняет НПЮЛ, предприниматель НПФЛ.", "An organisation fills in НПЮЛ, a sole proprietor НПФЛ."),

	// The sums.
	"sum_mismatch": say("Не выполнено контрольное соотношение {ratio} ({label}): указано {value}, по расчёту {expected}.", "The control ratio {ratio} does not hold ({label_en}): {value} stands here, {expected} is calculated.",
		"Проверьте сумму и строки, из которых она складывается.", "Check the sum and the lines it consists of."),
	"account_mismatch": say("Счёт «{value}» не подходит к БИК {bik}: не сходится контрольный ключ.", "The account “{value}” does not belong to БИК {bik}: the check digit is wrong.",
		"Перепишите реквизиты из договора с банком.", "Copy the details from the contract with the bank."),
	"amount_not_positive": say("Сумма к возврату должна быть больше нуля.", "The sum to refund must be above zero.",
		"Укажите сумму.", "Give the sum."),

	// The form and the spreadsheet.
	"field_unknown": say("Поля «{element}» в этом отчёте нет.", "This report has no field “{element}”.",
		"Возьмите пути полей из описания вида отчёта.", "Take the paths of fields from the description of the type."),
	"field_house": say("Поле «{element}» заполняется автоматически.", "The field “{element}” is filled in by itself.",
		"Уберите его.", "Leave it out."),
	"template_unreadable": say("Таблица не читается.", "The spreadsheet cannot be read.",
		"Скачайте шаблон заново и заполните его, не меняя листов.", "Download the template again and fill it in without changing its sheets."),
	"template_foreign": say("Это не шаблон отчёта или шаблон другого отчёта.", "This is no template of a report, or one of another report.",
		"Скачайте шаблон этого отчёта.", "Download this report's template."),
	"template_old": say("Шаблон устарел: версия «{value}», нужна «{expected}».", "The template is out of date: version “{value}”, now “{expected}”.",
		"Скачайте новый шаблон и перенесите значения.", "Download the new template and carry the values over."),
	"too_many_faults": say("Показаны первые 100 замечаний.", "The first 100 faults are shown.",
		"Исправьте их и проверьте отчёт ещё раз.", "Correct these and check again."),
}
