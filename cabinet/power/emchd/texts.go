package emchd

// words say a fault in both languages; {where} is the element and attribute,
// {value} what was found or what is wanted.
type words struct{ ru, en string }

// undecided are faults for which nobody here can say whether the form holds.
var undecided = map[string]bool{
	"powers_in_words": true, "limit_unknown": true, "parent_unknown": true, "signature_undecided": true,
	"principals_several": true, "representatives_several": true, "limit_of_one_power": true, "limit_repeated": true,
	"limit_offices": true, "heads_joint": true, "givers_several": true,
}

// semantic are faults of what a readable form says.
var semantic = map[string]bool{
	"file_id": true, "file_name": true, "issued_later": true, "until_before_issue": true, "expired": true,
	"principal_kind": true, "principal_other": true, "principal_ogrn": true, "head_numbers": true,
	"representative_kind": true, "representative_numbers": true, "representative_self": true,
	"powers_unknown": true, "limit_sum": true, "limit_empty": true,
	"signature_missing": true, "signature_refused": true, "signer_other": true, "signer_not_head": true,
	"parent_refused": true,
}

var faultTexts = map[string]words{
	"too_large":              {"Файл больше 1 МБ.", "The file is larger than 1 MB."},
	"encoding":               {"Кодировка не UTF-8 и не windows-1251, или в тексте есть недопустимые байты.", "The encoding is neither UTF-8 nor windows-1251, or the text has invalid bytes."},
	"xml_malformed":          {"Это не XML: разметка нарушена или файл обрывается.", "This is not XML: the markup is broken or the file is cut off."},
	"dtd":                    {"Объявление DOCTYPE запрещено.", "A DOCTYPE declaration is not allowed."},
	"processing_instruction": {"Инструкции обработки XML запрещены.", "Processing instructions are not allowed."},
	"too_complex":            {"Слишком много элементов или слишком глубокая вложенность.", "Too many elements, or nested too deeply."},
	"value_too_long":         {"Слишком длинное значение {where}.", "The value of {where} is too long."},
	"value_control":          {"В значении {where} есть управляющие символы.", "The value of {where} has control characters."},
	"namespace":              {"Элемент {where} не из пространства имён urn://x-artefacts/EMCHD_1.", "The element {where} is not of the namespace urn://x-artefacts/EMCHD_1."},
	"root":                   {"Корневой элемент должен называться «Доверенность», а не «{where}».", "The root element must be «Доверенность», not «{where}»."},
	"attribute_repeated":     {"Атрибут {where} указан дважды.", "The attribute {where} is given twice."},
	"attribute_missing":      {"Нет обязательного атрибута {where}.", "The required attribute {where} is missing."},
	"attribute_unknown":      {"Формат не знает атрибута {where}.", "The format has no attribute {where}."},
	"element_unknown":        {"Формат не знает здесь элемента {where}.", "The format has no element {where} here."},
	"element_missing":        {"В элементе {where} нет обязательного элемента {value}.", "The element {where} lacks the required element {value}."},
	"element_repeated":       {"Элемент {where} здесь может быть только один.", "There can be only one element {where} here."},
	"element_order":          {"Элемент {where} стоит не на своём месте.", "The element {where} is out of its order."},
	"element_choice":         {"В элементе {where} должен быть ровно один элемент из: {value}.", "The element {where} must have exactly one of: {value}."},
	"text_unexpected":        {"В элементе {where} не должно быть текста.", "The element {where} must have no text."},
	"value_text":             {"Значение {where} пусто или слишком длинно.", "The value of {where} is empty or too long."},
	"value_code":             {"Значение {where} не из перечня формата: «{value}».", "The value of {where} is not one of the format's: «{value}»."},
	"value_date":             {"{where} должна быть датой ГГГГ-ММ-ДД, а не «{value}».", "{where} must be a date YYYY-MM-DD, not «{value}»."},
	"value_guid":             {"{where} должен быть номером GUID, а не «{value}».", "{where} must be a GUID, not «{value}»."},
	"value_inn_organisation": {"{where} должен быть ИНН организации из 10 цифр с верной контрольной цифрой, а не «{value}».", "{where} must be an organisation's ИНН of 10 digits with the right check digit, not «{value}»."},
	"value_inn_person":       {"{where} должен быть ИНН физического лица из 12 цифр с верными контрольными цифрами, а не «{value}».", "{where} must be a person's ИНН of 12 digits with the right check digits, not «{value}»."},
	"value_ogrn":             {"{where} должен быть ОГРН из 13 цифр с верной контрольной цифрой, а не «{value}».", "{where} must be an ОГРН of 13 digits with the right check digit, not «{value}»."},
	"value_ogrnip":           {"{where} должен быть ОГРНИП из 15 цифр с верной контрольной цифрой, а не «{value}».", "{where} must be an ОГРНИП of 15 digits with the right check digit, not «{value}»."},
	"value_kpp":              {"{where} должен быть КПП из 9 знаков, а не «{value}».", "{where} must be a КПП of 9 characters, not «{value}»."},
	"value_snils":            {"{where} должен быть СНИЛС с верным контрольным числом, а не «{value}».", "{where} must be a СНИЛС with the right check number, not «{value}»."},
	"value_tax_office":       {"{where} должен быть кодом налогового органа из 4 цифр, а не «{value}».", "{where} must be a tax office's code of 4 digits, not «{value}»."},
	"value_knd":              {"{where} должен быть КНД из 7 цифр, а не «{value}».", "{where} must be a КНД of 7 digits, not «{value}»."},
	"value_flags":            {"{where} должен состоять из восьми нулей и единиц, а не «{value}».", "{where} must be eight zeros and ones, not «{value}»."},
	"value_power_code":       {"{where} не похож на код классификатора: «{value}».", "{where} does not look like a code of the classifier: «{value}»."},
	"value_document_kind":    {"{where} должен быть кодом вида документа из 2 цифр, а не «{value}».", "{where} must be the code of a kind of document, 2 digits, not «{value}»."},

	"file_id":                 {"ИдФайл должен иметь вид ON_EMCHD_ГГГГММДД_GUID, а не «{value}».", "ИдФайл must be ON_EMCHD_YYYYMMDD_GUID, not «{value}»."},
	"file_name":               {"Имя файла «{value}» не совпадает с ИдФайл внутри него.", "The file's name «{value}» is not the ИдФайл inside it."},
	"file_guid":               {"GUID в имени файла ({value}) не совпадает с номером доверенности.", "The GUID in the file's name ({value}) is not the number of the power."},
	"issued_later":            {"Дата выдачи {value} ещё не наступила.", "The date of issue {value} is in the future."},
	"until_before_issue":      {"Срок действия {value} раньше даты выдачи.", "The term {value} ends before the date of issue."},
	"expired":                 {"Срок действия истёк {value}.", "The term ended on {value}."},
	"principals_several":      {"Доверителей несколько: такую доверенность здесь нельзя проверить автоматически.", "There are several principals: such a power cannot be checked automatically here."},
	"principal_kind":          {"Доверитель должен быть российской организацией или индивидуальным предпринимателем.", "The principal must be a Russian organisation or a sole proprietor."},
	"principal_other":         {"Доверитель с ИНН {value} — не ваша организация.", "The principal with the ИНН {value} is not your organisation."},
	"principal_ogrn":          {"ОГРН доверителя {value} не совпадает с ОГРН вашей организации.", "The principal's ОГРН {value} is not that of your organisation."},
	"head_numbers":            {"У лица, действующего без доверенности, нет ни СНИЛС, ни ИНН.", "Who acts for the principal without a power has neither a СНИЛС nor an ИНН."},
	"representatives_several": {"Представителей несколько: загрузите отдельную доверенность на каждого.", "There are several representatives: send a power for each of them."},
	"representative_kind":     {"Представитель — иностранная организация: в кабинет она войти не может.", "The representative is a foreign organisation, which cannot enter the cabinet."},
	"representative_numbers":  {"У представителя нет ни СНИЛС, ни ИНН: его нельзя узнать.", "The representative has neither a СНИЛС nor an ИНН and cannot be recognised."},
	"representative_snils":    {"У представителя нет СНИЛС: он будет узнан по ИНН.", "The representative has no СНИЛС and will be recognised by the ИНН."},
	"representative_self":     {"Организация не может выдать доверенность самой себе.", "An organisation cannot give a power to itself."},
	"joint":                   {"Полномочия указаны как совместные, а представитель один.", "The powers are joint, and there is one representative."},
	"powers_in_words":         {"Полномочия указаны только текстом: автоматически их применить нельзя.", "The powers are given in words only and cannot be applied automatically."},
	"power_unknown":           {"Полномочия {value} нет в классификаторе: в кабинете оно ничего не даёт.", "The power {value} is not in the classifier and opens nothing in the cabinet."},
	"power_repeated":          {"Полномочие {value} указано дважды.", "The power {value} is given twice."},
	"powers_unknown":          {"Ни одного полномочия из классификатора.", "None of the powers is in the classifier."},
	"powers_text_too":         {"Полномочия, указанные текстом, в кабинете не применяются.", "Powers that are given in words do not apply in the cabinet."},
	"limit_unknown":           {"Неизвестное ограничение {value}: пропустить его значило бы расширить доверенность.", "The limit {value} is unknown: to pass over it would widen the power."},
	"limit_sum":               {"Ограничение суммы должно быть целым числом копеек, а не «{value}».", "The limit of the sum must be a whole number of kopecks, not «{value}»."},
	"limit_empty":             {"У ограничения {value} нет значений.", "The limit {value} has no values."},
	"limit_of_one_power":      {"Ограничение относится только к одному из полномочий: здесь ограничения действуют на всю доверенность.", "A limit narrows one of the powers only: here limits are of the whole power of attorney."},
	"limit_offices":           {"Доверенность действует только в налоговых органах {value}: здесь это ограничение не соблюдается, и пропустить его значило бы расширить доверенность.", "The power holds before the tax offices {value} only: this limit is not kept here, and to pass over it would widen the power."},
	"heads_joint":             {"Доверитель действует через нескольких руководителей совместно: одной подписи мало, а проверить здесь можно одну.", "The principal acts by several heads together: one signature is not enough, and one is checked here."},
	"givers_several":          {"Передоверяют несколько лиц: одной подписи мало, а проверить здесь можно одну.", "Several hand the power on: one signature is not enough, and one is checked here."},
	"limit_repeated":          {"Ограничение {value} указано несколько раз: неясно, которое из них действует.", "The limit {value} is given several times: it is not clear which one applies."},
	"notary":                  {"Удостоверение нотариуса по реестру нотариата не проверялось.", "The notary's certification was not checked with the register of notaries."},

	"signature_missing":   {"Нет отсоединённой подписи доверителя.", "The principal's detached signature is missing."},
	"signature_undecided": {"Подпись сейчас нельзя проверить: {value} Проверка повторится сама.", "The signature cannot be judged now: {value} It will be checked again by itself."},
	"signature_refused":   {"Подпись не принята: {value}", "The signature is refused: {value}"},
	"signer_other":        {"Подписал не доверитель: в сертификате нет его ИНН, и владелец не руководитель организации.", "Somebody else than the principal has signed: the certificate has not its ИНН, and its owner is not the head."},
	"signer_not_head":     {"Подписал не тот, кто указан в доверенности как действующий без доверенности.", "Somebody else has signed than the power names as acting without one."},
	"parent_unknown":      {"Исходной доверенности {value} нет среди доверенностей организации.", "The power {value} that is handed on is not in the organisation's book."},
	"parent_refused":      {"Передоверие не соответствует исходной доверенности: {value}", "What is handed on does not fit the power it comes from: {value}"},
}

// FaultCodes lists every code, with its words in Russian and English.
func FaultCodes() map[string][2]string {
	codes := make(map[string][2]string, len(faultTexts))
	for code, w := range faultTexts {
		codes[code] = [2]string{w.ru, w.en}
	}
	return codes
}
