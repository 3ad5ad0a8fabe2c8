package powertest

import (
	"bytes"
	"strings"

	"propusk/cabinet/power/emchd"
)

// Case is a faulty form: how its check ends, and the message without its place.
type Case struct {
	Name     string
	FileName string
	XML      []byte
	Status   emchd.Status
	Message  string
}

// GUID is the number of every faulty form.
const GUID = "5f2c9b1e-7a34-4d58-9c61-2b8e0f4a7d13"

// fixed is Form with GUID.
func fixed(f *emchd.Form) { f.Number = GUID }

// replaced changes the text of a good file; every change must hit.
func replaced(pairs ...string) []byte {
	text := string(XML(fixed))
	for i := 0; i+1 < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			panic("powertest: nothing to replace: " + pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return []byte(text)
}

func formed(change func(f *emchd.Form)) []byte { return XML(fixed, change) }

// Faulty are faulty forms of every kind.
func Faulty() []Case {
	return append(append(unreadable(), wrongValues()...), wrongSense()...)
}

func unreadable() []Case {
	deep := strings.Repeat("<АдрРег>", 30) + strings.Repeat("</АдрРег>", 30)
	const broken = emchd.ValidationError
	return []Case{
		{"empty", "", nil, broken, "Это не XML: разметка нарушена или файл обрывается."},
		{"not XML", "", []byte("%PDF-1.7"), broken, "Это не XML: разметка нарушена или файл обрывается."},
		{"cut off", "", XML(fixed)[:700], broken, "Это не XML: разметка нарушена или файл обрывается."},
		{"two roots", "", append(XML(fixed), XML(fixed)[39:]...), broken, "Это не XML: разметка нарушена или файл обрывается."},
		{"text after the end", "", append(XML(fixed), "конец"...), broken, "Это не XML: разметка нарушена или файл обрывается."},
		{"too large", "", bytes.Repeat([]byte(" "), emchd.MaxSize+1), broken, "Файл больше 1 МБ."},
		{"DOCTYPE", "", replaced("<Доверенность", "<!DOCTYPE Доверенность [<!ENTITY a \"b\">]><Доверенность"), broken, "Объявление DOCTYPE запрещено."},
		{"a style sheet", "", replaced("<Доверенность", "<?xml-stylesheet href=\"a\"?><Доверенность"), broken, "Инструкции обработки XML запрещены."},
		{"an unknown entity", "", replaced("ООО", "&entity;"), broken, "Это не XML: разметка нарушена или файл обрывается."},
		{"another encoding", "", replaced("UTF-8", "KOI8-R"), broken, "Кодировка не UTF-8 и не windows-1251, или в тексте есть недопустимые байты."},
		{"bytes that are no text", "", replaced("ООО", "\xff\xfe"), broken, "Кодировка не UTF-8 и не windows-1251, или в тексте есть недопустимые байты."},
		{"nested too deeply", "", replaced(`ИННЮЛ="7701234560" КПП="770101001" ОГРН="1027700123450"/>`, `ИННЮЛ="7701234560" КПП="770101001" ОГРН="1027700123450">`+deep+`</СвРосОрг>`), broken, "Слишком много элементов или слишком глубокая вложенность."},
		{"a number under another namespace", "", replaced(`ИННЮЛ="7701234560"`, `xmlns:other="urn:other" other:ИННЮЛ="7701234560"`), broken, "не из пространства имён"},
		{"a number twice, once under another namespace", "", replaced(`ИННЮЛ="7701234560"`, `xmlns:other="urn:other" ИННЮЛ="7701234560" other:ИННЮЛ="7809876543"`), broken, "не из пространства имён"},
		{"a value without end", "", replaced("ООО", strings.Repeat("О", 9000)), broken, "Слишком длинное значение СвРосОрг@НаимОрг."},
		{"control characters", "", replaced("ООО", "ООО&#9;"), broken, "В значении СвРосОрг@НаимОрг есть управляющие символы."},
		{"another namespace", "", replaced("urn://x-artefacts/EMCHD_1", "urn://x-artefacts/EMCHD_2"), broken, "Элемент Доверенность не из пространства имён urn://x-artefacts/EMCHD_1."},
		{"another root", "", []byte(`<Файл xmlns="urn://x-artefacts/EMCHD_1"/>`), broken, "Корневой элемент должен называться «Доверенность», а не «Файл»."},
		{"an attribute twice", "", replaced(`ВидДовер="1"`, `ВидДовер="1" ВидДовер="2"`), broken, "Атрибут СвДов@ВидДовер указан дважды."},
		{"no version", "", replaced(` ВерсФорм="EMCHD_1"`, ""), broken, "Нет обязательного атрибута Доверенность@ВерсФорм."},
		{"an unknown attribute", "", replaced(`ВидДовер="1"`, `ВидДовер="1" Цвет="1"`), broken, "Формат не знает атрибута СвДов@Цвет."},
		{"an unknown element", "", replaced("<СвПолн", "<Лишний/><СвПолн"), broken, "Формат не знает здесь элемента Лишний."},
		{"neither given nor handed on", "", []byte(`<Доверенность xmlns="urn://x-artefacts/EMCHD_1" ВерсФорм="EMCHD_1" ПрЭлФорм="00010000" ИдФайл="a"><Документ/></Доверенность>`), broken, "В элементе Документ должен быть ровно один элемент из: Довер, Передов."},
		{"no representative", "", formed(func(f *emchd.Form) { f.Representatives = nil }), broken, "В элементе Довер нет обязательного элемента СвУпПред."},
		{"no head", "", formed(func(f *emchd.Form) { f.Principals[0].Heads = nil }), broken, "В элементе РосОргДовер нет обязательного элемента ЛицоБезДов."},
		{"powers twice", "", replaced("</Довер>", `<СвПолн ТипПолн="1" ПрСовмПолн="1"/></Довер>`), broken, "Элемент СвПолн здесь может быть только один."},
		{"out of order", "", replaced("<СвДоверит", `<СвУпПред ТипПред="3"><Пред><СведФизЛ><СведФЛ><ФИО Фамилия="А" Имя="Б"/></СведФЛ></СведФизЛ></Пред></СвУпПред><СвДоверит`), broken, "Элемент СвДоверит стоит не на своём месте."},
		{"text between elements", "", replaced("<СвПолн", "слова<СвПолн"), broken, "В элементе Довер не должно быть текста."},
	}
}

func wrongValues() []Case {
	const broken = emchd.ValidationError
	return []Case{
		{"another format", "", replaced(`ВерсФорм="EMCHD_1"`, `ВерсФорм="EMCHD_2"`), broken, "Значение Доверенность@ВерсФорм не из перечня формата: «EMCHD_2»."},
		{"flags", "", replaced("00010000", "0001000"), broken, "Доверенность@ПрЭлФорм должен состоять из восьми нулей и единиц, а не «0001000»."},
		{"КНД", "", replaced(`КНД="1110310"`, `КНД="11103"`), broken, "Документ@КНД должен быть КНД из 7 цифр, а не «11103»."},
		{"number", "", replaced(`НомДовер="`+GUID, `НомДовер="5f2c9b1e`), broken, "СвДов@НомДовер должен быть номером GUID, а не «5f2c9b1e»."},
		{"date", "", replaced(`ДатаВыдДовер="2026-03-01"`, `ДатаВыдДовер="01.03.2026"`), broken, "СвДов@ДатаВыдДовер должна быть датой ГГГГ-ММ-ДД, а не «01.03.2026»."},
		{"a day that is none", "", replaced(`СрокДейст="2027-02-28"`, `СрокДейст="2027-02-30"`), broken, "СвДов@СрокДейст должна быть датой ГГГГ-ММ-ДД, а не «2027-02-30»."},
		{"ИНН of the principal", "", replaced("7701234560", "7701234561"), broken, "СвРосОрг@ИННЮЛ должен быть ИНН организации из 10 цифр с верной контрольной цифрой, а не «7701234561»."},
		{"ОГРН", "", replaced("1027700123450", "1027700123451"), broken, "СвРосОрг@ОГРН должен быть ОГРН из 13 цифр с верной контрольной цифрой, а не «1027700123451»."},
		{"КПП", "", replaced("770101001", "77010100"), broken, "СвРосОрг@КПП должен быть КПП из 9 знаков, а не «77010100»."},
		{"СНИЛС of the representative", "", replaced("153-768-472 00", "153-768-472 01"), broken, "СведФизЛ@СНИЛС должен быть СНИЛС с верным контрольным числом, а не «153-768-472 01»."},
		{"ИНН of the head", "", replaced("771234567070", "771234567071"), broken, "СвФЛ@ИННФЛ должен быть ИНН физического лица из 12 цифр с верными контрольными цифрами, а не «771234567071»."},
		{"ОГРНИП", "", formed(func(f *emchd.Form) {
			f.Representatives = []emchd.Party{{Kind: emchd.KindSole, Name: "ИП", INN: "771234567070", OGRN: "304770123456783", LastName: "А", FirstName: "Б"}}
		}), broken, "СведИП@ОГРНИП должен быть ОГРНИП из 15 цифр с верной контрольной цифрой, а не «304770123456783»."},
		{"a family name of blanks", "", replaced(`Фамилия="Счетова"`, `Фамилия=" "`), broken, "Значение ФИО@Фамилия пусто или слишком длинно."},
		{"code of a power", "", replaced("2_FNS02", "сдавать всё"), broken, "МашПолн@КодПолн не похож на код классификатора: «сдавать всё»."},
		{"kind of document", "", replaced(`<ФИО Фамилия="Счетова" Имя="Анна" Отчество="Ильинична"/>`, `<ФИО Фамилия="Счетова" Имя="Анна"/><УдЛичнФЛ КодВидДок="паспорт" СерНомДок="4500 000000"/>`), broken, "УдЛичнФЛ@КодВидДок должен быть кодом вида документа из 2 цифр, а не «паспорт»."},
		{"tax office", "", replaced(`СрокДейст="2027-02-28"/>`, `СрокДейст="2027-02-28"><КодНОДейст>77</КодНОДейст></СвДов>`), broken, "КодНОДейст должен быть кодом налогового органа из 4 цифр, а не «77»."},
	}
}

func wrongSense() []Case {
	const wrong, open, warned = emchd.IsNotValid, emchd.CanNotBeValidated, emchd.HasWarnings
	return []Case{
		{"id of the file", "", formed(func(f *emchd.Form) { f.FileID = "DOVER_1" }), wrong, "ИдФайл должен иметь вид ON_EMCHD_ГГГГММДД_GUID, а не «DOVER_1»."},
		{"name of the file", "ON_EMCHD_20260302_" + GUID + ".xml", XML(fixed), wrong, "Имя файла «ON_EMCHD_20260302_" + GUID + "» не совпадает с ИдФайл внутри него."},
		{"issued tomorrow", "", formed(func(f *emchd.Form) { f.IssuedOn, f.Until = "2126-03-01", "2127-03-01" }), wrong, "Дата выдачи 2126-03-01 ещё не наступила."},
		{"ends before it begins", "", formed(func(f *emchd.Form) { f.Until = "2026-02-28" }), wrong, "Срок действия 2026-02-28 раньше даты выдачи."},
		{"expired", "", formed(func(f *emchd.Form) { f.IssuedOn, f.Until = "2024-01-01", "2025-01-01" }), wrong, "Срок действия истёк 2025-01-01."},
		{"another principal", "", formed(func(f *emchd.Form) { f.Principals[0].INN = "7709876545" }), wrong, "Доверитель с ИНН 7709876545 — не ваша организация."},
		{"another ОГРН", "", formed(func(f *emchd.Form) { f.Principals[0].OGRN = "1027700987654" }), wrong, "ОГРН доверителя 1027700987654 не совпадает с ОГРН вашей организации."},
		{"a person's power", "", replaced(`<РосОргДовер ЕИОУК="0" ЕИОФЛ="1" ЕИОИП="0">`, "<!--", "</РосОргДовер>", "-->"+`<ФЛДовер><СведФЛ><ФИО Фамилия="А" Имя="Б"/></СведФЛ></ФЛДовер>`), wrong, "Доверитель должен быть российской организацией или индивидуальным предпринимателем."},
		{"a head without numbers", "", formed(func(f *emchd.Form) { f.Principals[0].Heads = []emchd.Party{{LastName: "А", FirstName: "Б"}} }), wrong, "У лица, действующего без доверенности, нет ни СНИЛС, ни ИНН."},
		{"a representative without numbers", "", formed(func(f *emchd.Form) { f.Representatives[0].SNILS = "" }), wrong, "У представителя нет ни СНИЛС, ни ИНН: его нельзя узнать."},
		{"to itself", "", formed(func(f *emchd.Form) { f.Representatives = []emchd.Party{Company} }), wrong, "Организация не может выдать доверенность самой себе."},
		{"a foreign representative", "", replaced("<СведФизЛ", "<!--", "</СведФизЛ>", "--><СведИнОрг/>"), wrong, "Представитель — иностранная организация: в кабинет она войти не может."},
		{"unknown powers only", "", replaced("2_FNS02", "BBDOC_1"), wrong, "Ни одного полномочия из классификатора."},
		{"a sum that is none", "", formed(func(f *emchd.Form) { f.Limits = []emchd.Limit{{Code: emchd.LimitSum, Values: []string{"много"}}} }), wrong, "Ограничение суммы должно быть целым числом копеек, а не «[много]»."},
		{"a limit without values", "", formed(func(f *emchd.Form) { f.Limits = []emchd.Limit{{Code: emchd.LimitReports}} }), wrong, "У ограничения CAB_REPORTS нет значений."},
		{"an unknown limit", "", formed(func(f *emchd.Form) { f.Limits = []emchd.Limit{{Code: "REGION", Values: []string{"77"}}} }), open, "Неизвестное ограничение REGION: пропустить его значило бы расширить доверенность."},
		{"a limit of one power", "", replaced(`НаимПолн="Подписывать и представлять отчётность"/>`, `НаимПолн="А"><ОгрСвПолн ИдОгр="1" КодОгр="CAB_NO_SIGN" НаимОгр="Без подписи"/></МашПолн><МашПолн КодПолн="2_FNS03" НаимПолн="Б"/>`), open, "Ограничение относится только к одному из полномочий: здесь ограничения действуют на всю доверенность."},
		{"a limit twice", "", formed(func(f *emchd.Form) {
			f.Limits = append(f.Limits, emchd.Limit{Code: emchd.LimitReports, Values: []string{"NO_PRIB"}})
		}), open, "Ограничение CAB_REPORTS указано несколько раз: неясно, которое из них действует."},
		{"a limit to tax offices", "", replaced(`СрокДейст="2027-02-28"/>`, `СрокДейст="2027-02-28"><КодНОДейст>7701</КодНОДейст><КодНОДейст>7702</КодНОДейст></СвДов>`), open, "Доверенность действует только в налоговых органах 7701 7702"},
		{"heads who act together", "", bytes.Replace(formed(func(f *emchd.Form) {
			f.Principals[0].Heads = append(f.Principals[0].Heads, Bookkeeper)
		}), []byte(`ПолнЮЛ="1"`), []byte(`ПолнЮЛ="2"`), 1), open, "одной подписи мало"},
		{"two principals", "", formed(func(f *emchd.Form) { f.Principals = append(f.Principals, Company) }), open, "Доверителей несколько: такую доверенность здесь нельзя проверить автоматически."},
		{"two representatives", "", formed(func(f *emchd.Form) { f.Representatives = append(f.Representatives, Bookkeeper) }), open, "Представителей несколько: загрузите отдельную доверенность на каждого."},
		{"powers in words", "", formed(func(f *emchd.Form) { f.Powers, f.Text = nil, "Делать всё необходимое" }), open, "Полномочия указаны только текстом: автоматически их применить нельзя."},
		{"another GUID in the name", "", formed(func(f *emchd.Form) { f.FileID = "ON_EMCHD_20260301_" + "00000000-0000-4000-8000-000000000000" }), warned, "GUID в имени файла (00000000-0000-4000-8000-000000000000) не совпадает с номером доверенности."},
		{"one unknown power", "", formed(func(f *emchd.Form) { f.Powers = append(f.Powers, emchd.Power{Code: "BBDOC_1", Name: "Иное"}) }), warned, "Полномочия BBDOC_1 нет в классификаторе: в кабинете оно ничего не даёт."},
		{"a power twice", "", formed(func(f *emchd.Form) { f.Powers = append(f.Powers, f.Powers[0]) }), warned, "Полномочие 2_FNS02 указано дважды."},
		{"words beside powers", "", formed(func(f *emchd.Form) { f.Text = "И другое" }), warned, "Полномочия, указанные текстом, в кабинете не применяются."},
		{"joint", "", formed(func(f *emchd.Form) { f.Joint = true }), warned, "Полномочия указаны как совместные, а представитель один."},
		{"no СНИЛС", "", formed(func(f *emchd.Form) { f.Representatives[0].SNILS, f.Representatives[0].INN = "", Head.INN }), warned, "У представителя нет СНИЛС: он будет узнан по ИНН."},
		{"a notary", "", replaced("</Довер>", `<СвНотУд><ФИО Фамилия="А" Имя="Б"/></СвНотУд></Довер>`), warned, "Удостоверение нотариуса по реестру нотариата не проверялось."},
	}
}
