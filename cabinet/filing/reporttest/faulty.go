package reporttest

import "strings"

// Fault is a faulty report with what a check must say first of it.
type Fault struct {
	Name string // what is wrong
	Type string // the claim's type
	File File
	Code string
	// Where the fault stands: the element's path, and a text in the file at which
	// line and column are found; "" for the file as a whole.
	Element, At string
	Message     string // in Russian
}

// change is a fault made by replacing text in a good report.
type change struct {
	name, id, old, replacement, code, element, at, message string
}

// Position is the line and column of the first occurrence of text, from 1, in
// characters.
func (f File) Position(text string) (line, column int) {
	before, _, found := strings.Cut(Decode(f.Content), text)
	if !found {
		return 0, 0
	}
	lines := strings.Split(before, "\n")
	return len(lines), len([]rune(lines[len(lines)-1])) + 1
}

// Faulty lists reports of Mayak that must be refused or warned of, for the day 20
// October 2026.
func Faulty() []Fault {
	list := make([]Fault, 0, len(changes)+10)
	for _, c := range changes {
		list = append(list, Fault{
			Name: c.name, Type: c.id, File: Good(c.id, Head{}).Replace(c.old, c.replacement),
			Code: c.code, Element: c.element, At: c.at, Message: c.message,
		})
	}
	return append(list, files()...)
}

const doc = "Файл/Документ"

var changes = []change{
	// Header.
	{"another form's КНД", "NO_NDS", `КНД="1151001"`, `КНД="1151006"`, "knd_mismatch", doc + "/@КНД", `КНД=`,
		"КНД «1151006» не того отчёта: нужно «1151001»."},
	{"another format version", "NO_NDS", `ВерсФорм="5.10"`, `ВерсФорм="5.01"`, "value_invalid", "Файл/@ВерсФорм", `ВерсФорм=`,
		"Значение «5.01» не подходит: нужно одно из: 5.10."},
	{"ИдФайл is not the name", "NO_NDS", `20261020_1" ВерсПрог`, `20261020_2" ВерсПрог`, "file_id_mismatch", "Файл/@ИдФайл", `ИдФайл=`,
		"ИдФайл «NO_NDS_7701_7701_7701234560770101001_20261020_2» не совпадает с именем файла «NO_NDS_7701_7701_7701234560770101001_20261020_1»."},
	{"a period the tax does not have", "NO_NDS", `Период="23"`, `Период="31"`, "period_unknown", doc + "/@Период", `Период=`,
		"Такого периода у этого отчёта нет: «31»."},
	{"a period that is not over", "NO_NDS", `Период="23"`, `Период="24"`, "period_not_over", doc + "/@Период", `Период=`,
		"Период ещё не закончился: последний день 31.12.2026."},
	{"a correction number that was not claimed", "NO_NDS", `НомКорр="0"`, `НомКорр="1"`, "correction_mismatch", doc + "/@НомКорр", `НомКорр=`,
		"Номер корректировки в файле «1», а в отчёте указан «0»."},
	{"a correction number beyond 999", "NO_NDS", `НомКорр="0"`, `НомКорр="1000"`, "value_invalid", doc + "/@НомКорр", `НомКорр=`,
		"Значение «1000» не подходит: нужно целое число 0…999."},
	{"a date yet to come", "NO_NDS", `ДатаДок="20.10.2026"`, `ДатаДок="21.10.2026"`, "date_future", doc + "/@ДатаДок", `ДатаДок=`,
		"Дата документа 21.10.2026 ещё не наступила."},
	{"a date that does not exist", "NO_NDS", `ДатаДок="20.10.2026"`, `ДатаДок="31.09.2026"`, "value_invalid", doc + "/@ДатаДок", `ДатаДок=`,
		"Значение «31.09.2026» не подходит: нужно дата ДД.ММ.ГГГГ."},
	{"an office other than the name's", "NO_NDS", `КодНО="7701"`, `КодНО="7702"`, "file_office_mismatch", doc + "/@КодНО", `КодНО=`,
		"Налоговый орган «7702» не совпадает с указанным в имени файла «7701»."},
	{"no date", "NO_NDS", ` ДатаДок="20.10.2026"`, ``, "attribute_missing", doc + "/@ДатаДок", `<Документ`,
		"Не заполнено «Файл/Документ/@ДатаДок» (Дата документа)."},
	{"an unknown place of filing", "NO_NDS", `ПоМесту="214"`, `ПоМесту="999"`, "value_invalid", doc + "/@ПоМесту", `ПоМесту=`,
		"Значение «999» не подходит: нужно одно из: 214, 213, 215, 116."},

	// Requisites.
	{"another company's ИНН", "NO_NDS", `ИННЮЛ="7701234560"`, `ИННЮЛ="7707083893"`, "inn_mismatch", doc + "/СвНП/НПЮЛ/@ИННЮЛ", `ИННЮЛ=`,
		"ИНН «7707083893» не совпадает с ИНН организации «7701234560»."},
	{"an ИНН with a wrong check digit", "NO_NDS", `ИННЮЛ="7701234560"`, `ИННЮЛ="7701234561"`, "value_invalid", doc + "/СвНП/НПЮЛ/@ИННЮЛ", `ИННЮЛ=`,
		"Значение «7701234561» не подходит: нужно ИНН организации, 10 цифр."},
	{"another КПП", "NO_NDS", `КПП="770101001"`, `КПП="770201001"`, "kpp_mismatch", doc + "/СвНП/НПЮЛ/@КПП", `КПП=`,
		"КПП «770201001» не совпадает с КПП организации «770101001»."},
	{"another name", "NO_NDS", `НаимОрг="ООО «Северный Маяк»"`, `НаимОрг="ООО «Южный Маяк»"`, "name_mismatch", doc + "/СвНП/НПЮЛ/@НаимОрг", `НаимОрг=`,
		"Наименование «ООО «Южный Маяк»» отличается от «ООО «Северный Маяк»»."},
	{"a person instead of the company", "NO_NDS", `<НПЮЛ НаимОрг="ООО «Северный Маяк»" ИННЮЛ="7701234560" КПП="770101001"/>`,
		`<НПФЛ ИННФЛ="500100732259"><ФИО Фамилия="Маякова" Имя="Анна"/></НПФЛ>`, "filer_kind_mismatch", doc + "/СвНП/НПФЛ", `<НПФЛ`,
		"Отчёт составлен не для такого налогоплательщика: нужен элемент НПЮЛ."},
	{"no taxpayer", "NO_NDS", `<НПЮЛ НаимОрг="ООО «Северный Маяк»" ИННЮЛ="7701234560" КПП="770101001"/>`, ``, "choice_wrong", doc + "/СвНП", `<СвНП`,
		"В «Файл/Документ/СвНП» должен быть ровно один элемент из: НПЮЛ, НПФЛ."},
	{"an ОКТМО of nine digits", "NO_NDS", `ОКТМО="45375000"`, `ОКТМО="453750001"`, "value_invalid", doc + "/СвНП/@ОКТМО", `ОКТМО=`,
		"Значение «453750001» не подходит: нужно ОКТМО, 8 или 11 цифр."},

	// Signatory.
	{"a representative without a document", "NO_NDS", `ПрПодп="1"`, `ПрПодп="2"`, "conditional_missing", doc + "/Подписант/СвПред", `<Подписант`,
		"Не заполнено «Файл/Документ/Подписант/СвПред»: оно обязательно, когда Файл/Документ/Подписант/@ПрПодп = 2."},
	{"a document of the head", "NO_NDS", `</Подписант>`, `<СвПред НаимДок="Устав"/></Подписант>`, "element_unexpected", doc + "/Подписант/СвПред", `<СвПред`,
		"Элемент «Файл/Документ/Подписант/СвПред» заполняется, только если Файл/Документ/Подписант/@ПрПодп = 2."},
	{"a signatory of no kind", "NO_NDS", `ПрПодп="1"`, `ПрПодп="3"`, "value_invalid", doc + "/Подписант/@ПрПодп", `ПрПодп=`,
		"Значение «3» не подходит: нужно одно из: 1, 2."},
	{"no signatory", "NO_NDS", ByHead, ``, "element_missing", doc + "/Подписант", `<Документ`,
		"Нет обязательного элемента «Файл/Документ/Подписант» (Кто подписывает)."},
	{"a signatory without a first name", "NO_NDS", ` Имя="Анна"`, ``, "attribute_missing", doc + "/Подписант/ФИО/@Имя", `<ФИО`,
		"Не заполнено «Файл/Документ/Подписант/ФИО/@Имя» (Имя)."},

	// Structure.
	{"a section that the format does not have", "NO_NDS", `<ОперНеОбл>`, `<Раздел99/><ОперНеОбл>`, "element_unknown", doc + "/НДС/Раздел99", `<Раздел99`,
		"Элемента «Файл/Документ/НДС/Раздел99» в этом формате нет."},
	{"an attribute that the format does not have", "NO_NDS", `НалПУ164=`, `Лишний="1" НалПУ164=`, "attribute_unknown", doc + "/НДС/СумУпл164/@Лишний", `Лишний=`,
		"Атрибута «Файл/Документ/НДС/СумУпл164/@Лишний» в этом формате нет."},
	{"sections in another order", "NO_PRIB", "<НалПУАв", `<РасчНал ДохРеал="0" ВнеРеалДох="0" РасхУменРеал="0" ВнеРеалРасх="0" Прибыль="0" НалБаза="0" НалБазаИсч="0" СтавНалФБ="0" СтавНалСуб="0" НалИсчисл="0" НалИсчислФБ="0" НалИсчислСуб="0"/><НалПУАв`,
		"element_order", doc + "/Прибыль/НалПУАв", `<НалПУАв`, "Элемент «Файл/Документ/Прибыль/НалПУАв» стоит после «РасчНал», а должен быть раньше."},
	{"a section twice", "NO_USN", `<РасчНал2`, `<РасчНал2 Доход="0" Расход="0" НалБаза="0" Ставка="15" Исчисл="0" НалМин="0"/><РасчНал2`, "element_repeated", doc + "/УСН/РасчНал2", `<РасчНал2 Доход="1000000"`,
		"Элемент «Файл/Документ/УСН/РасчНал2» повторяется; допускается не более 1."},
	{"the section of the other object of taxation", "NO_USN", `ОбНал="2"`, `ОбНал="1"`, "conditional_missing", doc + "/УСН/РасчНал1", `<УСН`,
		"Не заполнено «Файл/Документ/УСН/РасчНал1»: оно обязательно, когда Файл/Документ/УСН/@ОбНал = 1."},
	{"text where none belongs", "NO_NDS", `</СумУпл164>`, `тысяча</СумУпл164>`, "text_unexpected", doc + "/НДС/СумУпл164", `<СумУпл164`,
		"В элементе «Файл/Документ/НДС/СумУпл164» не должно быть текста."},
	{"a КБК of nineteen digits", "NO_NDS", `КБК="18210301000011000110"`, `КБК="1821030100001100011"`, "value_invalid", doc + "/НДС/СумУплНП/@КБК", `КБК=`,
		"Значение «1821030100001100011» не подходит: нужно КБК, 20 цифр."},
	{"kopecks in a return", "NO_NDS", `НалБаза="1000000"`, `НалБаза="1000000.00"`, "value_invalid", doc + "/НДС/СумУпл164/СумНалОб/РеалТов20/@НалБаза", `НалБаза=`,
		"Значение «1000000.00» не подходит: нужно сумма в полных рублях."},
	{"a comma in a sum", "NO_NDFL6", `СумНачисл="900000.00"`, `СумНачисл="900000,00"`, "value_invalid", doc + "/НДФЛ6/РасчСумНал[1]/@СумНачисл", `СумНачисл=`,
		"Значение «900000,00» не подходит: нужно сумма в рублях, копейки через точку."},
	{"certificates before the year is over", "NO_NDFL6", `</НДФЛ6>`, `<СправДох НомСпр="1" НомКорр="0"/></НДФЛ6>`, "element_unexpected", doc + "/НДФЛ6/СправДох[1]", `<СправДох`,
		"Элемент «Файл/Документ/НДФЛ6/СправДох[1]» заполняется, только если Файл/Документ/@Период = 34 / 90."},
	{"a СНИЛС with wrong check digits", "NO_RASCHSV", `112-233-445 95`, `112-233-445 96`, "value_invalid", doc + "/РасчетСВ/ПерсСвСтрахЛиц[1]/@СНИЛС", `СНИЛС=`,
		"Значение «112-233-445 96» не подходит: нужно СНИЛС вида 112-233-445 95."},

	// Sums.
	{"VAT that is not a fifth of the base", "NO_NDS", `НалБаза="1000000" СумНал="200000"`, `НалБаза="1000500" СумНал="200000"`, "sum_mismatch", doc + "/НДС/СумУпл164/СумНалОб/РеалТов20/@СумНал", `СумНал="200000"`,
		"Не выполнено контрольное соотношение NDS.010 (строка 010: налог = база × 20 %): указано 200000, по расчёту 200100."},
	{"deductions that do not add up", "NO_NDS", `НалИсчПрод="6000"`, `НалИсчПрод="5000"`, "sum_mismatch", doc + "/НДС/СумУпл164/СумНалВыч/@НалВычОбщ", `НалВычОбщ=`,
		"Не выполнено контрольное соотношение NDS.190 (строка 190 = сумма строк 120–180): указано 96000, по расчёту 95000."},
	{"section 1 that is not section 3", "NO_NDS", `СумПУ_173.1="124000"`, `СумПУ_173.1="24000"`, "sum_mismatch", doc + "/НДС/СумУплНП/@СумПУ_173.1", `СумПУ_173.1=`,
		"Не выполнено контрольное соотношение NDS.040.1 (раздел 1, строка 040 (050) = раздел 3, строка 200 (210) − раздел 4, строка 120): указано 24000, по расчёту 124000."},
	{"profit that is not income less expenses", "NO_PRIB", `ДохРеал="1000000"`, `ДохРеал="1000001"`, "sum_mismatch", doc + "/Прибыль/РасчНал/@Прибыль", `Прибыль="400000"`,
		"Не выполнено контрольное соотношение PRIB.060 (строка 060 = 010 + 020 − 030 − 040 + 050): указано 400000, по расчёту 400001."},
	{"withheld tax that does not add up", "NO_NDFL6", `СумНал3Срок="13000"`, `СумНал3Срок="12000"`, "sum_mismatch", doc + "/НДФЛ6/ОбязНА/@СумНалУд", `СумНалУд=`,
		"Не выполнено контрольное соотношение NDFL6.020 (строка 020 = сумма строк 021–026): указано 39000, по расчёту 38000."},
	{"tax that is not 13 per cent", "NO_NDFL6", `НалИсчисл="117000"`, `НалИсчисл="117002"`, "sum_mismatch", doc + "/НДФЛ6/РасчСумНал[1]/@НалИсчисл", `НалИсчисл=`,
		"Не выполнено контрольное соотношение NDFL6.140 (строка 140 = 131 × 100): указано 117002, по расчёту 117000."},
	{"a year's tax other than its parts", "NO_USN", `НалПУГод="5000"`, `НалПУГод="4000"`, "sum_mismatch", doc + "/УСН/СумНалПУ/@НалПУГод", `НалПУГод=`,
		"Не выполнено контрольное соотношение USN.100 (раздел 1: авансы и доплата в сумме равны налогу за год): указано 4000, по расчёту 5000."},
	{"contributions that do not add up", "NO_RASCHSV", `СумСВУпл2М="30000.00"`, `СумСВУпл2М="30000.01"`, "sum_mismatch", doc + "/РасчетСВ/ОбязПлатСВ/@СумСВУплПер", `СумСВУплПер=`,
		"Не выполнено контрольное соотношение RSV.030 (строка 030 = 031 + 032 + 033): указано 90000, по расчёту 90000.01."},
	{"assets other than liabilities", "NO_BUHOTCH", `<КраткосрОбяз СумОтч="600"><КредитЗадолж СумОтч="600"/>`, `<КраткосрОбяз СумОтч="500"><КредитЗадолж СумОтч="500"/>`, "sum_mismatch", doc + "/БухОтч/Баланс/Пассив/@СумОтч", ``,
		"Не выполнено контрольное соотношение BUH.1700 (строка 1700 = 1300 + 1400 + 1500): указано 1500, по расчёту 1400."},
	{"an account of another bank", "NO_ZAYVOZVR", `БИК="044525225"`, `БИК="044525700"`, "account_mismatch", doc + "/ЗаявВозв/СчБанк/@НомСч", `<СчБанк`,
		"Счёт «40702810138250123017» не подходит к БИК 044525700: не сходится контрольный ключ."},
	{"a refund of nothing", "NO_ZAYVOZVR", `СумВозв="25000.50"`, `СумВозв="0"`, "amount_not_positive", doc + "/ЗаявВозв/@СумВозв", `СумВозв=`,
		"Сумма к возврату должна быть больше нуля."},

	// The language.
	{"a document type with an entity", "NO_NDS", "?>\n", "?>\n<!DOCTYPE Файл [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>\n", "xml_doctype", "", `<!DOCTYPE`,
		"Объявление DOCTYPE не допускается."},
	{"an entity of one's own", "NO_NDS", `Имя="Анна"`, `Имя="&anna;"`, "xml_entity", "", `&anna;`,
		"Неизвестная ссылка на символ."},
	{"an element that is not closed", "NO_NDS", `</СумУпл164>`, ``, "xml_mismatch", "СумУпл164", `</НДС>`,
		"Закрыт элемент «НДС», а открыт «СумУпл164»."},
	{"an attribute twice", "NO_NDS", `КНД="1151001"`, `КНД="1151001" КНД="1151006"`, "xml_attribute_repeated", "", `КНД="1151006"`,
		"Атрибут «КНД» указан дважды."},
	{"a processing instruction", "NO_NDS", `<СвНП`, `<?php ?><СвНП`, "xml_unsupported", "", `<?php`,
		"Инструкции обработки и CDATA не допускаются."},
	{"something behind the end", "NO_NDS", "</Файл>\n", "</Файл>\n<Файл/>", "xml_outside", "", "<Файл/>",
		"Вне корневого элемента есть что-то ещё."},
	{"an encoding of another country", "NO_NDS", `encoding="windows-1251"`, `encoding="koi8-r"`, "encoding_unsupported", "", ``,
		"Кодировка «koi8-r» не принимается."},
	{"an attribute without quotes", "NO_NDS", `НомКорр="0"`, `НомКорр=0`, "xml_syntax", "", `0 ПоМесту`,
		"Нарушен синтаксис XML."},
}

// files are faults of the file around the report.
func files() []Fault {
	good := Good("NO_NDS", Head{})
	renamed := func(name string) File { return File{name, good.Content} }
	return []Fault{
		{"a name out of one's head", "NO_NDS", renamed("отчет.xml").withID("отчет"), "file_name_invalid", "", "",
			"Имя файла «отчет.xml» не соответствует правилу R_T_A_K_O_GGGGMMDD_N.xml: часть R_T_A_K_O_GGGGMMDD_N."},
		{"a name without a right sender", "NO_NDS", renamed("NO_NDS_7701_7701_7701234561770101001_20261020_1.xml").withID("NO_NDS_7701_7701_7701234561770101001_20261020_1"), "file_name_invalid", "", "",
			"Имя файла «NO_NDS_7701_7701_7701234561770101001_20261020_1.xml» не соответствует правилу R_T_A_K_O_GGGGMMDD_N.xml: часть O."},
		{"another report's prefix", "NO_NDS", renamed("NO_PRIB_7701_7701_7701234560770101001_20261020_1.xml").withID("NO_PRIB_7701_7701_7701234560770101001_20261020_1"), "file_prefix_mismatch", "", "",
			"Имя файла начинается с «NO_PRIB», а для этого отчёта нужно «NO_NDS»."},
		{"another company's file", "NO_NDS", renamed("NO_NDS_7701_7701_7707083893770701001_20261020_1.xml").withID("NO_NDS_7701_7701_7707083893770701001_20261020_1"), "file_sender_mismatch", "", "",
			"Отправитель в имени файла «7707083893770701001» не совпадает с ИНН и КПП организации «7701234560770101001»."},
		{"a day yet to come in the name", "NO_NDS", Good("NO_NDS", Head{Day: "20261021"}).Replace(`ДатаДок="21.10.2026"`, `ДатаДок="20.10.2026"`), "file_day_future", "", "",
			"Дата в имени файла 21.10.2026 ещё не наступила."},
		{"nothing", "NO_NDS", File{good.Name, nil}, "xml_empty", "", "", "Файл пуст."},
		{"no declaration", "NO_NDS", File{good.Name, []byte("<a/>")}, "xml_declaration", "", "", "Файл не начинается с объявления XML с кодировкой."},
		{"another document", "NO_NDS", File{good.Name, Encode(`<?xml version="1.0" encoding="windows-1251"?><Счет/>`)}, "root_wrong", "Счет", "<Счет",
			"Корневой элемент «Счет», а должен быть «Файл»."},
		{"cut off in the middle", "NO_NDS", File{good.Name, Encode(strings.TrimSuffix(Decode(good.Content), "</Файл>\n"))}, "xml_unclosed", "Файл", "<Файл",
			"Элемент «Файл» не закрыт."},
		{"nested too deep", "NO_NDS", good.Replace("<НДС>", "<НДС>"+strings.Repeat("<а>", 40)), "xml_too_deep", "", "",
			"Элементы вложены глубже 32 уровней."},
		{"another office than the company's", "NO_NDS", Good("NO_NDS", Head{Office: "7702"}), "office_mismatch", doc + "/@КодНО", "КодНО=",
			"Налоговый орган «7702» не тот, где организация стоит на учёте (7701)."},
		{"a year that does not fit the period", "NO_NDS", Good("NO_NDS", Head{Year: 2027}), "period_not_over", doc + "/@Период", "Период=",
			"Период ещё не закончился: последний день 30.09.2027."},
		{"a byte that windows-1251 does not have", "NO_NDS", File{good.Name, append([]byte(`<?xml version="1.0" encoding="windows-1251"?><a>`), 0x98)}, "encoding_invalid", "", "",
			"Здесь стоит знак, которого нет в объявленной кодировке."},
	}
}

// withID makes ИдФайл follow the name.
func (f File) withID(id string) File {
	text := Decode(f.Content)
	before, rest, _ := strings.Cut(text, `ИдФайл="`)
	_, after, _ := strings.Cut(rest, `"`)
	f.Content = Encode(before + `ИдФайл="` + id + `"` + after)
	return f
}
