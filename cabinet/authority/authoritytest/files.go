package authoritytest

import (
	"bytes"
	"fmt"
	"strings"

	"propusk/cabinet/authority"
	"propusk/cabinet/authority/egrul"
)

// LegalFile is a file of ЕГРЮЛ with these of the invented legal entities.
func LegalFile(encoding string, ns ...int) string { return file(encoding, Legal, ns) }

// SoleFile is a file of ЕГРИП with these of the invented sole proprietors.
func SoleFile(encoding string, ns ...int) string { return file(encoding, Sole, ns) }

func file(encoding string, make func(n int) authority.Record, ns []int) string {
	var records []authority.Record
	for _, n := range ns {
		records = append(records, make(n))
	}
	var b bytes.Buffer
	if err := egrul.Write(&b, encoding, records...); err != nil {
		panic(err) // one kind, into memory
	}
	return b.String()
}

// FaultyFile is a file of two records, the first with a fault, or one that cannot be
// read to its end.
type FaultyFile struct {
	Name    string
	Content []byte
	Want    string // the whole message, with its line
	Refused bool   // the record is left out
	Broken  bool   // the file cannot be read to its end
	Others  int    // records beside the faulty one
}

// FaultyFiles are files with one fault each and the message that each deserves.
func FaultyFiles() []FaultyFile {
	out := brokenFiles()
	for _, f := range legalFaults {
		out = append(out, f.make(LegalFile(egrul.UTF8, 1, 2)))
	}
	for _, f := range soleFaults {
		out = append(out, f.make(SoleFile(egrul.UTF8, 1, 2)))
	}
	return out
}

// spoiled says how a good file is made a faulty one: the first old becomes new.
type spoiled struct {
	name, old, new string
	want           string // without the line
	refused        bool
	up             int // how many lines above the change the element begins that is told
}

// make spoils the file.
func (s spoiled) make(good string) FaultyFile {
	at := strings.Index(good, s.old)
	if at < 0 {
		panic("authoritytest: the good file has no " + s.old)
	}
	line := 1 + strings.Count(good[:at], "\n") - s.up
	others := 1
	if strings.Contains(s.new, "</EGRUL>") {
		others = 0
	}
	text := good[:at] + s.new + good[at+len(s.old):]
	return FaultyFile{Name: s.name, Content: []byte(text), Want: fmt.Sprintf("%d: %s", line, s.want), Refused: s.refused, Others: others}
}

// wrong is the number with another check digit.
func wrong(number string) string {
	last := number[len(number)-1]
	return number[:len(number)-1] + string('0'+(last-'0'+1)%10)
}

var legalFaults = []spoiled{
	{"ОГРН missing", ` ОГРН="` + OGRN(1) + `"`, ``, `СвЮЛ/@ОГРН: is missing`, true, 0},
	{"ОГРН wrong check digit", ` ОГРН="` + OGRN(1) + `"`, ` ОГРН="` + wrong(OGRN(1)) + `"`, `СвЮЛ/@ОГРН: "` + wrong(OGRN(1)) + `" is not an ОГРН (13 digits, the last a check digit)`, true, 0},
	{"ОГРН too short", ` ОГРН="` + OGRN(1) + `"`, ` ОГРН="115784000001"`, `СвЮЛ/@ОГРН: "115784000001" is not an ОГРН (13 digits, the last a check digit)`, true, 0},
	{"ОГРН of a sole proprietor", ` ОГРН="` + OGRN(1) + `"`, ` ОГРН="` + OGRNIP(1) + `"`, `СвЮЛ/@ОГРН: "` + OGRNIP(1) + `" is not an ОГРН (13 digits, the last a check digit)`, true, 0},
	{"ИНН missing", ` ИНН="` + INN(1) + `"`, ``, `СвЮЛ/@ИНН: is missing`, true, 0},
	{"ИНН wrong check digit", ` ИНН="` + INN(1) + `"`, ` ИНН="` + wrong(INN(1)) + `"`, `СвЮЛ/@ИНН: "` + wrong(INN(1)) + `" is not the ИНН of a legal entity (10 digits, the last a check digit)`, true, 0},
	{"ИНН with a letter", ` ИНН="` + INN(1) + `"`, ` ИНН="78O0000010"`, `СвЮЛ/@ИНН: "78O0000010" is not the ИНН of a legal entity (10 digits, the last a check digit)`, true, 0},
	{"ИНН of a person", ` ИНН="` + INN(1) + `"`, ` ИНН="` + PersonalINN(1) + `"`, `СвЮЛ/@ИНН: "` + PersonalINN(1) + `" is not the ИНН of a legal entity (10 digits, the last a check digit)`, true, 0},
	{"КПП too long", ` КПП="780101001" СпрОПФ`, ` КПП="7801010010" СпрОПФ`, `СвЮЛ/@КПП: "7801010010" is not a КПП (9 characters)`, false, 0},
	{"extract without day", ` ДатаВып="2026-11-20"`, ``, `СвЮЛ/@ДатаВып: is missing`, true, 0},
	{"extract of a day that is none", ` ДатаВып="2026-11-20"`, ` ДатаВып="2026-02-30"`, `СвЮЛ/@ДатаВып: "2026-02-30" is not a day such as 2026-02-28`, true, 0},
	{"extract in another writing", ` ДатаВып="2026-11-20"`, ` ДатаВып="20.11.26"`, `СвЮЛ/@ДатаВып: "20.11.26" is not a day such as 2026-02-28`, true, 0},
	{"registered on a day that is none", ` ДатаОГРН="2015-03-16" ИНН`, ` ДатаОГРН="16 марта" ИНН`, `СвЮЛ/@ДатаОГРН: "16 марта" is not a day such as 2026-02-28`, false, 0},
	{"registered after the extract", ` ДатаОГРН="2015-03-16" ИНН`, ` ДатаОГРН="2027-03-16" ИНН`, `СвЮЛ/@ДатаОГРН: "2027-03-16" is after the day of the extract`, false, 0},
	{"name missing", `<СвНаимЮЛ `, `<СвНаимЮЛ_ `, `СвЮЛ/СвНаимЮЛ: must stand there once, not 0 times`, true, 1},
	{"full name missing", ` НаимЮЛПолн="Общество с ограниченной ответственностью «Пристань-1»"`, ``, `СвНаимЮЛ/@НаимЮЛПолн: is missing`, true, 0},
	{"two names", `<СвНаимЮЛ `, `<СвНаимЮЛ/><СвНаимЮЛ `, `СвЮЛ/СвНаимЮЛ: must stand there once, not 2 times`, true, 1},
	{"postal code", ` Индекс="199034"`, ` Индекс="19903"`, `АдресРФ/@Индекс: "19903" is not a postal code of six digits`, false, 0},
	{"region", ` КодРегион="78"`, ` КодРегион="СПб"`, `АдресРФ/@КодРегион: "СПб" is not the code of a region (two digits)`, false, 0},
	{"e-mail", ` E-mail="office@pristan.example"`, ` E-mail="нет"`, `СвАдрЭлПочты/@E-mail: "нет" is not an e-mail address`, false, 0},
	{"office", ` КодНО="7801"`, ` КодНО="78-01"`, `СвРегОрг/@КодНО: "78-01" is not the code of a tax office (4 digits)`, false, 0},
	{"account since a day that is none", ` ДатаПостУч="2015-03-16"`, ` ДатаПостУч="0"`, `СвУчетНО/@ДатаПостУч: "0" is not a day such as 2026-02-28`, false, 0},
	{"КПП of the tax office", ` КПП="780101001" ДатаПостУч`, ` КПП="0000" ДатаПостУч`, `СвУчетНО/@КПП: "0000" is not a КПП (9 characters)`, false, 0},
	{"number of the fund", ` РегНомПФ="088-001-123456"`, ` РегНомПФ="№ 5"`, `СвРегПФ/@РегНомПФ: "№ 5" is not a registration number of the fund`, false, 0},
	{"capital with letters", ` СумКап="10000.50"`, ` СумКап="10 тыс."`, `СвУстКап/@СумКап: "10 тыс." is not an amount of roubles such as 10000.50`, false, 0},
	{"negative capital", ` СумКап="10000.50"`, ` СумКап="-1"`, `СвУстКап/@СумКап: "-1" is not an amount of roubles such as 10000.50`, false, 0},
	{"head's ИНН", ` ИННФЛ="` + PersonalINN(1) + `"`, ` ИННФЛ="780000000001"`, `СвФЛ/@ИННФЛ: "780000000001" is not the ИНН of a person (12 digits, the last two check digits)`, false, 0},
	{"head without a name", `<СвФЛ Фамилия="Полярная" Имя="Вера"`, `<СвФЛ`, `СвФЛ/@Фамилия: is missing`, false, 0},
	{"managing organisation's ИНН", ` ИНН="` + INN(500_001) + `"`, ` ИНН="1"`, `НаимИННЮЛ/@ИНН: "1" is not an ИНН`, false, 0},
	{"founder's ОГРН", ` ОГРН="` + OGRN(600_001) + `"`, ` ОГРН="2157840000011"`, `НаимИННЮЛ/@ОГРН: "2157840000011" is not an ОГРН`, false, 0},
	{"founder without a name", ` НаимПИФ="ЗПИФ «Якорь»"`, ``, `УчрПИФ: has no name`, false, 1},
	{"share of more than all", `<Процент>50</Процент>`, `<Процент>150</Процент>`, `Процент: "150" is not a share from 0 to 100 %`, false, 0},
	{"share in words", `<Процент>50</Процент>`, `<Процент>половина</Процент>`, `Процент: "половина" is not a share from 0 to 100 %`, false, 0},
	{"decimal share of more than all", `<ДробДесят>0.125</ДробДесят>`, `<ДробДесят>2.5</ДробДесят>`, `ДробДесят: "2.5" is not a share from 0 to 1`, false, 0},
	{"share of nothing", ` Знаменат="4"`, ` Знаменат="0"`, `ДробПрост: "1/0" is not a share from 0 to 1`, false, 0},
	{"share of five quarters", ` Числит="1"`, ` Числит="5"`, `ДробПрост: "5/4" is not a share from 0 to 1`, false, 0},
	{"main activity", ` КодОКВЭД="62.01"`, ` КодОКВЭД="62.0.1.1"`, `СвОКВЭДОсн/@КодОКВЭД: "62.0.1.1" is not an ОКВЭД code such as 62.01`, false, 0},
	{"activity without code", ` КодОКВЭД="62.02"`, ``, `СвОКВЭДДоп/@КодОКВЭД: is missing`, false, 0},
	{"licence without number", ` НомЛиц="Л041-00110-78/00000001"`, ``, `СвЛицензия/@НомЛиц: is missing`, false, 0},
	{"licence that ends before it begins", ` ДатаОкончЛиц="2030-02-03"`, ` ДатаОкончЛиц="2010-02-03"`, `СвЛицензия/@ДатаОкончЛиц: the licence ends before it begins`, false, 0},
	{"branch's КПП", ` КПП="602743001"`, ` КПП="60-27"`, `СвУчетНОФилиал/@КПП: "60-27" is not a КПП (9 characters)`, false, 0},
	{"predecessor's ИНН", ` ИНН="` + INN(800_001) + `"`, ` ИНН="` + wrong(INN(800_001)) + `"`, `СвПредш/@ИНН: "` + wrong(INN(800_001)) + `" is not an ИНН`, false, 0},
	{"entry's number", ` ИдЗап="1001" ГРН="` + OGRN(1) + `"`, ` ИдЗап="1001" ГРН="12"`, `СвЗапЕГРЮЛ/@ГРН: "12" is not a number of an entry (13 or 15 digits)`, false, 0},
	{"entry without day", ` ДатаЗап="2015-03-16"`, ``, `СвЗапЕГРЮЛ: an entry needs its ГРН and its day`, false, 0},
	{"entry's document", `<ДатаДок>10.03.2015</ДатаДок>`, `<ДатаДок>10.13.2015</ДатаДок>`, `СведПредДок/ДатаДок: "10.13.2015" is not a day such as 2026-02-28`, false, 3},
	{"status code", `<СвУчетНО `, `<СвСтатус><СвСтатус КодСтатусЮЛ="A" НаимСтатусЮЛ="Действует"/></СвСтатус><СвУчетНО `, `СвСтатус/@КодСтатусЮЛ: "A" is not a status code of three digits`, false, 0},
	{"status without words", `<СвУчетНО `, `<СвСтатус><СвСтатус КодСтатусЮЛ="101"/></СвСтатус><СвУчетНО `, `СвСтатус/СвСтатус/@НаимСтатусЮЛ: is missing`, false, 0},
	{"end without day", `<СвУчетНО `, `<СвПрекрЮЛ/><СвУчетНО `, `СвПрекрЮЛ/@ДатаПрекрЮЛ: is missing or wrong`, false, 0},
	{"an element of ЕГРИП in ЕГРЮЛ", "<СвЮЛ ", `<СвИП ОГРН="1"/></EGRUL><СвЮЛ `, `СвИП: such an element does not stand under EGRUL`, true, 0},
}

var soleFaults = []spoiled{
	{"ОГРНИП missing", ` ОГРНИП="` + OGRNIP(1) + `"`, ``, `СвИП/@ОГРНИП: is missing`, true, 0},
	{"ОГРНИП wrong check digit", ` ОГРНИП="` + OGRNIP(1) + `"`, ` ОГРНИП="` + wrong(OGRNIP(1)) + `"`, `СвИП/@ОГРНИП: "` + wrong(OGRNIP(1)) + `" is not an ОГРНИП (15 digits, the last a check digit)`, true, 0},
	{"ИНН of a legal entity", ` ИННФЛ="` + PersonalINN(1) + `"`, ` ИННФЛ="` + INN(1) + `"`, `СвИП/@ИННФЛ: "` + INN(1) + `" is not the ИНН of a person (12 digits, the last two check digits)`, true, 0},
	{"proprietor without a name", `<ФИОРус Фамилия="Морошкин" Имя="Глеб"`, `<ФИОРус`, `ФИОРус/@Фамилия: is missing`, true, 0},
	{"end of the business without day", `<СвУчетНО `, `<СвПрекращ><СвСтатус КодСтатус="201"/></СвПрекращ><СвУчетНО `, `СвСтатус/@ДатаПрекращ: is missing or wrong`, false, 0},
}

// brokenFiles cannot be read to their end.
func brokenFiles() []FaultyFile {
	good := LegalFile(egrul.UTF8, 1, 2)
	half := good[:len(good)/2]
	broken := func(name, content, want string) FaultyFile {
		return FaultyFile{Name: name, Content: []byte(content), Want: want, Broken: true}
	}
	return []FaultyFile{
		broken("empty", "", "1: the file must begin with EGRUL or EGRIP; it is empty"),
		broken("another document", "<Файл/>", "1: the file must begin with EGRUL or EGRIP, not Файл"),
		broken("DOCTYPE", "<!DOCTYPE EGRUL [<!ENTITY a \"b\">]>\n<EGRUL/>", "1: the file must begin with EGRUL or EGRIP, not with a DOCTYPE"),
		broken("encoding", "<?xml version=\"1.0\" encoding=\"koi8-r\"?>\n<EGRUL/>", "1: the encoding must be windows-1251 or UTF-8, not \"koi8-r\""),
		broken("cut in the middle", half, fmt.Sprintf("%d: the file breaks off", 1+strings.Count(half, "\n"))),
		broken("without its end", strings.TrimSuffix(good, "</EGRUL>\n"), fmt.Sprintf("%d: the file breaks off", strings.Count(good, "\n"))),
		broken("tags crossed", "<EGRUL>\n<СвЮЛ><a></СвЮЛ></a>\n</EGRUL>", "2: not XML: element <a> closed by </СвЮЛ>"),
		broken("bytes that are no UTF-8", "<EGRUL>\n<СвЮЛ ОГРН=\"\xff\"/>\n</EGRUL>", "2: not XML: invalid UTF-8"),
		broken("an entity of its own", "<EGRUL>\n<СвЮЛ>&a;</СвЮЛ>\n</EGRUL>", "2: not XML: invalid character entity &a;"),
		broken("too deep", "<EGRUL>\n"+strings.Repeat("<a>", 60), "2: elements stand too deep in one another"),
		broken("not XML at all", "PK\x03\x04", "1: not XML: illegal character code U+0003"),
	}
}
