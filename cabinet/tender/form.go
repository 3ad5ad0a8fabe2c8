package tender

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strconv"
)

// The application as it is signed: one XML file in UTF-8 that says everything which
// was filled in and names every attached file with its SHA-256, so that one signature
// is over the application and all its files. docs/cabinet/tenders.md describes it.
type (
	documentXML struct {
		XMLName   xml.Name     `xml:"ЗаявкаНаУчастие"`
		Form      string       `xml:"ВерсФорм,attr"`
		ID        string       `xml:"ИдЗаявки,attr"`
		Replaces  string       `xml:"Взамен,attr,omitempty"`
		Notice    noticeXML    `xml:"Извещение"`
		Applicant applicantXML `xml:"Участник"`
		Offer     offerXML     `xml:"Предложение"`
		Consent   bool         `xml:"СогласиеСУсловиями"`
		Small     bool         `xml:"СубъектМСП"`
		Security  securityXML  `xml:"Обеспечение"`
		Contact   contactXML   `xml:"КонтактноеЛицо"`
		Account   accountXML   `xml:"Счёт"`
		Files     []fileXML    `xml:"Файлы>Файл"`
	}
	noticeXML struct {
		Number   string `xml:"Номер,attr"`
		Revision int64  `xml:"Редакция,attr"`
		Object   string `xml:"Объект"`
		Customer string `xml:"ИННЗаказчика"`
	}
	applicantXML struct {
		INN      string `xml:"ИНН,attr"`
		KPP      string `xml:"КПП,attr,omitempty"`
		OGRN     string `xml:"ОГРН,attr"`
		Name     string `xml:"Наименование"`
		Address  string `xml:"Адрес,omitempty"`
		Activity string `xml:"ОКВЭД,omitempty"`
	}
	offerXML struct {
		Price   string `xml:"Цена,attr"` // rubles with kopecks
		Country string `xml:"СтранаПроисхождения,attr,omitempty"`
		Text    string `xml:"Описание,omitempty"`
	}
	securityXML struct {
		Kind   string `xml:"Вид,attr,omitempty"`
		Number string `xml:"Номер,attr,omitempty"`
	}
	contactXML struct {
		Name  string `xml:"ФИО,attr,omitempty"`
		Phone string `xml:"Телефон,attr,omitempty"`
		Email string `xml:"Почта,attr,omitempty"`
	}
	accountXML struct {
		Number string `xml:"Номер,attr,omitempty"`
		BIK    string `xml:"БИК,attr,omitempty"`
		Bank   string `xml:"Банк,attr,omitempty"`
	}
	fileXML struct {
		Name   string `xml:"Имя,attr"`
		Size   int64  `xml:"Размер,attr"`
		SHA256 string `xml:"SHA256,attr"`
	}
)

// document is the bytes that are signed. They follow from the application alone: the
// same application gives the same bytes.
func (a Application) document() ([]byte, error) {
	f := a.Form.V
	d := documentXML{
		Form: "1.0", ID: a.ID, Replaces: a.Replaces,
		Notice:    noticeXML{a.TenderNumber, a.Revision, a.Object, a.CustomerINN},
		Applicant: applicantElement(a.Applicant.V),
		Offer:     offerXML{Price: rubles(f.Price), Country: f.Country, Text: f.Proposal}, Consent: f.Consent, Small: f.Small,
		Security: securityXML{f.Security, f.SecurityNumber}, Contact: contactXML(f.Contact), Account: accountXML(f.Account),
	}
	for _, file := range a.Files.V {
		d.Files = append(d.Files, fileXML{file.Name, file.Size, file.SHA256})
	}
	return written(d)
}

func applicantElement(a Applicant) applicantXML {
	return applicantXML{INN: a.INN, KPP: a.KPP, OGRN: a.OGRN, Name: a.FullName, Address: a.Address, Activity: a.Activity}
}

// written is a document with its head. What XML cannot hold was refused when it came.
func written(v any) ([]byte, error) {
	out := bytes.NewBufferString(xml.Header)
	encoder := xml.NewEncoder(out)
	encoder.Indent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return nil, fmt.Errorf("tender: write a document: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// rubles writes kopecks as forms do: "1234.50".
func rubles(kopecks int64) string {
	text := fmt.Sprintf("%03d", kopecks)
	return text[:len(text)-2] + "." + text[len(text)-2:]
}

// documentName is the file's name; the announcement's number stands in it.
func (a Application) documentName() string { return "zayavka-" + a.TenderNumber + ".xml" }

// registrationXML is what a participant signs to be registered.
type registrationXML struct {
	XMLName   xml.Name     `xml:"ЗаявлениеОРегистрации"`
	Form      string       `xml:"ВерсФорм,attr"`
	Kind      string       `xml:"Вид,attr"`
	Applicant applicantXML `xml:"Участник"`
	ShortName string       `xml:"КраткоеНаименование"`
	Contact   contactXML   `xml:"Связь"`
	Account   accountXML   `xml:"Счёт"`
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
