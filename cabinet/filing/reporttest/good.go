package reporttest

import (
	"fmt"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

// Filer is the company that files.
type Filer struct {
	INN, KPP, Name string // Name must be fit for XML as it is
}

// Mayak is an invented company with right check digits.
var Mayak = Filer{INN: "7701234560", KPP: "770101001", Name: "ООО «Северный Маяк»"}

// Sender is the part O of the files' names.
func (f Filer) Sender() string { return f.INN + f.KPP }

// File is one file to upload.
type File struct {
	Name    string
	Content []byte
}

// Head is what the header of a report says. Zero fields have usual values.
type Head struct {
	Filer      Filer
	Period     string // by type, see Good
	Year       int    // 2026
	Correction int
	Office     string // 7701
	Day        string // YYYYMMDD, 20261020
	Unique     string // 1
	Signatory  string // the whole element Подписант
}

// Signatories of the usual kinds.
const (
	ByHead           = `<Подписант ПрПодп="1"><ФИО Фамилия="Маякова" Имя="Анна" Отчество="Игоревна"/></Подписант>`
	ByRepresentative = `<Подписант ПрПодп="2"><ФИО Фамилия="Счетоводов" Имя="Пётр"/><СвПред НаимДок="Доверенность 15 от 10.01.2026"/></Подписант>`
)

// kind is how a type is filled in.
type kind struct {
	knd, version, period, place, body string
}

var kinds = map[string]kind{
	"NO_NDS": {"1151001", "5.10", "23", "214", `<НДС>
<СумУплНП ОКТМО="45375000" КБК="18210301000011000110" СумПУ_173.1="124000"/>
<СумУпл164 НалПУ164="124000">
<СумНалОб НалВосстОбщ="220000">
<РеалТов20 НалБаза="1000000" СумНал="200000"/>
<РеалТов10 НалБаза="200000" СумНал="20000"/>
</СумНалОб>
<СумНалВыч НалПредНППриоб="90000" НалИсчПрод="6000" НалВычОбщ="96000"/>
</СумУпл164>
<ОперНеОбл>
<СумОпер7 КодОпер="1010292" СтРеалТов="50000" СтПриобТов="0" НалНеВыч="0"/>
</ОперНеОбл>
</НДС>`},
	"NO_PRIB": {"1151006", "5.13", "33", "214", `<Прибыль>
<НалПУАв ОКТМО="45375000">
<ФедБдж КБК="18210101011011000110" НалПУ="24000"/>
<СубБдж КБК="18210101012021000110" НалПУ="54000"/>
</НалПУАв>
<РасчНал ДохРеал="1000000" ВнеРеалДох="50000" РасхУменРеал="600000" ВнеРеалРасх="50000" Прибыль="400000" НалБаза="400000" УбытУмен="100000" НалБазаИсч="300000" СтавНалФБ="8" СтавНалСуб="17" НалИсчисл="75000" НалИсчислФБ="24000" НалИсчислСуб="51000" АвПлатСуб="-3000"/>
</Прибыль>`},
	"NO_USN": {"1152017", "5.09", "34", "210", `<УСН ОбНал="2">
<СумНалПУ ОКТМО="45375000" АвПУКв="10000" АвПУПг="20000" АвПУ9м="-5000" НалПУГод="5000"/>
<РасчНал2 Доход="1000000" Расход="800000" НалБаза="200000" Ставка="15" Исчисл="30000" НалМин="10000"/>
</УСН>`},
	"NO_NDFL6": {"1151100", "5.05", "33", "214", `<НДФЛ6>
<ОбязНА КБК="18210102010011000110" СумНалУд="39000" СумНал1Срок="13000" СумНал2Срок="13000" СумНал3Срок="13000"/>
<РасчСумНал Ставка="13" КБК="18210102010011000110" КолФЛ="3" СумНачисл="900000.00" СумВыч="0" НалБаза="900000.00" НалИсчисл="117000" НалУдерж="117000"/>
</НДФЛ6>`},
	"NO_RASCHSV": {"1151111", "5.06", "33", "214", `<РасчетСВ>
<ОбязПлатСВ ОКТМО="45375000" КБК="18210201000011000160" СумСВУплПер="90000.00" СумСВУпл1М="30000.00" СумСВУпл2М="30000.00" СумСВУпл3М="30000.00"/>
<ПерсСвСтрахЛиц СНИЛС="112-233-445 95" ДатаРожд="14.02.1988" СумВыпл="300000.00" СумВзнос="90000.00">
<ФИО Фамилия="Маякова" Имя="Анна" Отчество="Игоревна"/>
</ПерсСвСтрахЛиц>
</РасчетСВ>`},
	"NO_BUHOTCH": {"0710099", "5.08", "34", "214", `<БухОтч ОКЕИ="384">
<Баланс ОКУД="0710001">
<Актив СумОтч="1500">
<ВнеОбА СумОтч="500"><ОснСр СумОтч="500"/></ВнеОбА>
<ОбА СумОтч="1000"><Запасы СумОтч="400"/><ДенежнСр СумОтч="600"/></ОбА>
</Актив>
<Пассив СумОтч="1500">
<КапРез СумОтч="900"><УставКапитал СумОтч="100"/><НераспПриб СумОтч="800"/></КапРез>
<ДолгосрОбяз СумОтч="0"/>
<КраткосрОбяз СумОтч="600"><КредитЗадолж СумОтч="600"/></КраткосрОбяз>
</Пассив>
</Баланс>
<ФинРез ОКУД="0710002">
<Выруч СумОтч="5000"/><СебестПрод СумОтч="3000"/><ВаловаяПрибыль СумОтч="2000"/>
<УпрРасход СумОтч="1000"/><ПрибПрод СумОтч="1000"/><ПрибУбДоНал СумОтч="1000"/>
<НалПриб СумОтч="200"/><ЧистПрибУб СумОтч="800"/>
</ФинРез>
</БухОтч>`},
	"NO_ZAYVOZVR": {"1150058", "5.02", "22", "214", `<ЗаявВозв СумВозв="25000.50" КБК="18210301000011000110" ОКТМО="45375000" Основание="1">
<СчБанк БИК="044525225" НаимБанк="ПАО Сбербанк" НомСч="40702810138250123017" ИмяПолуч="ООО «Северный Маяк»"/>
</ЗаявВозв>`},
}

// Types lists the types that Good can make.
func Types() []string {
	return []string{"NO_NDS", "NO_PRIB", "NO_USN", "NO_NDFL6", "NO_RASCHSV", "NO_BUHOTCH", "NO_ZAYVOZVR"}
}

// Good makes a report of the type that has no fault, in windows-1251. Yearly
// reports are for the year before.
func Good(id string, head Head) File {
	head = head.usual(id)
	return head.file(id, kinds[id].body)
}

// WithBody is Good with another body.
func WithBody(id string, head Head, body string) File {
	return head.usual(id).file(id, body)
}

func (h Head) usual(id string) Head {
	set := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	if h.Filer == (Filer{}) {
		h.Filer = Mayak
	}
	set(&h.Period, kinds[id].period)
	set(&h.Office, "7701")
	set(&h.Day, "20261020")
	set(&h.Unique, "1")
	set(&h.Signatory, ByHead)
	if h.Year == 0 {
		h.Year = 2026
		if h.Period == "34" {
			h.Year = 2025
		}
	}
	return h
}

func (h Head) file(id, body string) File {
	k := kinds[id]
	name := fmt.Sprintf("%s_%s_%s_%s_%s_%s", id, h.Office, h.Office, h.Filer.Sender(), h.Day, h.Unique)
	day := h.Day[6:] + "." + h.Day[4:6] + "." + h.Day[:4]
	content := fmt.Sprintf(`<?xml version="1.0" encoding="windows-1251"?>
<Файл ИдФайл="%s" ВерсПрог="Проба 1.0" ВерсФорм="%s">
<Документ КНД="%s" ДатаДок="%s" Период="%s" ОтчетГод="%d" КодНО="%s" НомКорр="%d" ПоМесту="%s">
<СвНП ОКТМО="45375000" Тлф="+74950000000">
<НПЮЛ НаимОрг="%s" ИННЮЛ="%s" КПП="%s"/>
</СвНП>
%s
%s
</Документ>
</Файл>
`, name, k.version, k.knd, day, h.Period, h.Year, h.Office, h.Correction, k.place, h.Filer.Name, h.Filer.INN, h.Filer.KPP, h.Signatory, body)
	return File{Name: name + ".xml", Content: Encode(content)}
}

// Encode writes text in windows-1251; what it lacks becomes a question mark.
func Encode(text string) []byte {
	out := make([]byte, 0, len(text))
	for _, r := range text {
		b, ok := charmap.Windows1251.EncodeRune(r)
		if !ok {
			b = '?'
		}
		out = append(out, b)
	}
	return out
}

// Decode reads windows-1251.
func Decode(content []byte) string {
	var b strings.Builder
	for _, c := range content {
		b.WriteRune(charmap.Windows1251.DecodeByte(c))
	}
	return b.String()
}

// Replace changes the first occurrence of a text in a file. It panics when there
// is none: a fault that was not made proves nothing.
func (f File) Replace(old, replacement string) File {
	text := Decode(f.Content)
	if !strings.Contains(text, old) {
		panic("reporttest: " + f.Name + " has no " + old)
	}
	f.Content = Encode(strings.Replace(text, old, replacement, 1))
	return f
}

// Large makes a VAT return of at least so many bytes: section 7 with as many
// operations as it takes.
func Large(head Head, bytes int) File {
	var rows strings.Builder
	for i := 0; rows.Len() < bytes*155/100; i++ { // Cyrillic takes two bytes here and one in the file
		fmt.Fprintf(&rows, "<СумОпер7 КодОпер=\"%07d\" СтРеалТов=\"%d\" СтПриобТов=\"0\" НалНеВыч=\"0\"/>\n", 1010200+i%90, 1000+i)
	}
	body := strings.Replace(kinds["NO_NDS"].body, "<ОперНеОбл>\n", "<ОперНеОбл>\n"+rows.String(), 1)
	return WithBody("NO_NDS", head, body)
}
