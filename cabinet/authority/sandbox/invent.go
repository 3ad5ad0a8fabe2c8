package sandbox

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"propusk/cabinet/authority"
)

// Invent completes a record of which the numbers and the name are known with
// plausible, invented particulars. What is there stays.
func Invent(r authority.Record) authority.Record {
	if r.Kind == "" {
		r.Kind = authority.Legal
		if len(r.INN) == 12 {
			r.Kind = authority.Sole
		}
	}
	r.OGRNDate = cmp.Or(r.OGRNDate, dateOf(r.OGRN))
	r.ExtractDate = cmp.Or(r.ExtractDate, authority.Date(time.Now().UTC().Format(time.DateOnly)))
	r.Status.Name = cmp.Or(r.Status.Name, "Действующее")
	stamp := authority.Stamp{GRN: r.OGRN, Entered: r.OGRNDate}
	office := taxOffice(r)
	if r.Registrar == (authority.Office{}) {
		r.Registrar = office
	}
	if r.Registration.Method.Name == "" {
		r.Registration = authority.Registration{Method: authority.Code{Code: "01", Name: "Создание юридического лица"}, Date: r.OGRNDate, Office: office}
	}
	if r.TaxOffice.Number == "" && r.TaxOffice.Office == (authority.Office{}) {
		r.TaxOffice = authority.Account{Number: r.KPP, Since: r.OGRNDate, Office: office, Stamp: stamp}
	}
	if r.Activity.Code == "" {
		r.Activity = authority.Code{Code: "62.01", Name: "Разработка компьютерного программного обеспечения", Stamp: stamp}
		r.Activities = append(r.Activities, authority.Code{Code: "62.02", Name: "Деятельность консультативная и работы в области компьютерных технологий", Stamp: stamp})
	}
	if len(r.Entries) == 0 {
		r.Entries = []authority.Entry{{
			GRN: r.OGRN, Date: r.OGRNDate, Office: office, Kind: authority.Code{Code: "11201", Name: r.Registration.Method.Name},
			Documents: []authority.Document{{Name: "Заявление о государственной регистрации", Date: r.OGRNDate}},
		}}
	}
	if r.Kind == authority.Sole {
		return inventSole(r, stamp)
	}
	return inventLegal(r, stamp)
}

// inventLegal adds what only a legal entity has.
func inventLegal(r authority.Record, stamp authority.Stamp) authority.Record {
	r.ShortName = cmp.Or(r.ShortName, shortName(r.FullName))
	if r.Form.Name == "" {
		r.Form = legalForm(r.FullName)
	}
	if r.Address.Text == "" {
		r.Address = authority.Address{
			PostalCode: "190000", RegionCode: r.INN[:2], Region: "г. Санкт-Петербург", Street: "ул. Примерная", House: "д. 1",
			Text: "190000, г. Санкт-Петербург, ул. Примерная, д. 1", Stamp: stamp,
		}
	}
	if r.Capital.Kopecks == 0 {
		r.Capital = authority.Capital{Kind: "УСТАВНЫЙ КАПИТАЛ", Kopecks: 10_000_00, Stamp: stamp}
	}
	if len(r.Heads) == 0 && len(r.Managing) == 0 {
		r.Heads = []authority.Head{{
			Person:       authority.Person{LastName: "Примеров", FirstName: "Пётр", MiddleName: "Петрович", INN: "784772584577", Stamp: stamp},
			PositionKind: authority.Code{Code: "02", Name: "Руководитель юридического лица"}, Position: "Генеральный директор",
		}}
	}
	if len(r.Founders) == 0 {
		owner := authority.Person{LastName: "Примеров", FirstName: "Пётр", MiddleName: "Петрович", Stamp: stamp}
		if len(r.Heads) > 0 {
			owner = r.Heads[0].Person
		}
		r.Founders = []authority.Founder{{
			Kind: authority.FounderPerson, Person: &owner, Share: authority.Share{Kopecks: r.Capital.Kopecks, Part: "100 %", Stamp: stamp},
		}}
	}
	return inventFunds(r, stamp)
}

// inventFunds registers the organisation with the funds.
func inventFunds(r authority.Record, stamp authority.Stamp) authority.Record {
	if r.Pension.Number == "" {
		r.Pension = authority.Account{Number: "088" + r.INN[:2] + "0" + r.INN[4:10], Since: r.OGRNDate, Stamp: stamp}
	}
	if r.Social.Number == "" {
		r.Social = authority.Account{Number: r.INN + "78001", Since: r.OGRNDate, Stamp: stamp}
	}
	return r
}

// inventSole adds what only a sole proprietor has.
func inventSole(r authority.Record, stamp authority.Stamp) authority.Record {
	if r.Form.Name == "" {
		r.Form = authority.Code{Code: "50102", Name: "Индивидуальный предприниматель"}
	}
	if r.Person == nil {
		parts := strings.Fields(strings.TrimPrefix(strings.TrimPrefix(r.FullName, "Индивидуальный предприниматель"), "ИП"))
		for len(parts) < 3 {
			parts = append(parts, "")
		}
		r.Person = &authority.Person{LastName: parts[0], FirstName: parts[1], MiddleName: parts[2], INN: r.INN, Citizenship: "Российская Федерация", Stamp: stamp}
	}
	return inventFunds(r, stamp)
}

// dateOf is a day in the year that an ОГРН was given in.
func dateOf(ogrn string) authority.Date {
	if len(ogrn) < 5 {
		return ""
	}
	return authority.Date(fmt.Sprintf("20%s-03-15", ogrn[1:3]))
}

// taxOffice is the one that the КПП, or else the ИНН, names.
func taxOffice(r authority.Record) authority.Office {
	code := r.INN[:4]
	if len(r.KPP) == 9 {
		code = r.KPP[:4]
	}
	return authority.Office{Code: code, Name: "Межрайонная инспекция Федеральной налоговой службы № " + strings.TrimLeft(code[2:], "0"), Address: "190000, г. Санкт-Петербург, ул. Ведомственная, д. 2"}
}

// legalForm is the one that a full name begins with (ОКОПФ).
func legalForm(full string) authority.Code {
	if strings.Contains(strings.ToLower(full), "акционерное общество") {
		return authority.Code{Code: "12200", Name: "Акционерные общества"}
	}
	return authority.Code{Code: "12300", Name: "Общества с ограниченной ответственностью"}
}

// shortName abbreviates the legal form at the beginning of a full name.
func shortName(full string) string {
	for long, short := range map[string]string{
		"общество с ограниченной ответственностью": "ООО", "публичное акционерное общество": "ПАО",
		"непубличное акционерное общество": "НАО", "акционерное общество": "АО",
	} {
		if strings.HasPrefix(strings.ToLower(full), long) {
			return short + full[len(long):]
		}
	}
	return full
}
