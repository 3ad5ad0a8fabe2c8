package authoritytest

import (
	"fmt"

	"propusk/cabinet/authority"
)

// INN is the n-th ИНН of a legal entity in Saint Petersburg, with its check digit.
func INN(n int) string {
	digits := fmt.Sprintf("78%07d", n)
	return digits + innDigit(digits, []int{2, 4, 10, 3, 5, 9, 4, 6, 8})
}

// PersonalINN is the n-th ИНН of a person, with its check digits.
func PersonalINN(n int) string {
	digits := fmt.Sprintf("78%08d", n)
	digits += innDigit(digits, []int{7, 2, 4, 10, 3, 5, 9, 4, 6, 8})
	return digits + innDigit(digits, []int{3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8})
}

func innDigit(digits string, weights []int) string {
	sum := 0
	for i, w := range weights {
		sum += w * int(digits[i]-'0')
	}
	return fmt.Sprint(sum % 11 % 10)
}

// OGRN is the n-th ОГРН, with its check digit.
func OGRN(n int) string { return registerNumber(fmt.Sprintf("115784%06d", n), 11) }

// OGRNIP is the n-th ОГРНИП, with its check digit.
func OGRNIP(n int) string { return registerNumber(fmt.Sprintf("31778470%06d", n), 13) }

func registerNumber(digits string, modulus int) string {
	rest := 0
	for _, c := range digits {
		rest = (rest*10 + int(c-'0')) % modulus
	}
	return digits + fmt.Sprint(rest%10)
}

// Legal is the n-th invented legal entity, with something of everything that a
// record can hold.
func Legal(n int) authority.Record {
	stamp := authority.Stamp{GRN: OGRN(n), Entered: "2015-03-16"}
	office := authority.Office{Code: "7801", Name: "Межрайонная ИФНС № 15 по Санкт-Петербургу", Address: "191124, г. Санкт-Петербург, ул. Красного Текстильщика, д. 10-12"}
	code := func(code, name string) authority.Code {
		return authority.Code{Code: code, Name: name, Stamp: stamp}
	}
	head := authority.Person{LastName: "Полярная", FirstName: "Вера", MiddleName: "Игоревна", INN: PersonalINN(n), Stamp: stamp}
	return authority.Record{
		Kind: authority.Legal, INN: INN(n), KPP: "780101001", OGRN: OGRN(n), OGRNDate: "2015-03-16", ExtractDate: "2026-11-20",
		FullName:  fmt.Sprintf("Общество с ограниченной ответственностью «Пристань-%d»", n),
		ShortName: fmt.Sprintf("ООО «Пристань-%d»", n),
		Form:      authority.Code{Code: "12300", Name: "Общества с ограниченной ответственностью"},
		Status:    authority.Status{Name: "Действующее"},
		Registration: authority.Registration{
			Method: code("01", "Создание юридического лица"), Date: "2015-03-16", Office: authority.Office{Name: office.Name},
		},
		Registrar: office,
		TaxOffice: authority.Account{Number: "780101001", Since: "2015-03-16", Office: authority.Office{Code: "7801", Name: office.Name}, Stamp: stamp},
		Pension:   authority.Account{Number: "088-001-123456", Since: "2015-03-18", Office: authority.Office{Code: "088001", Name: "Отделение фонда"}, Stamp: stamp},
		Social:    authority.Account{Number: "780000123478001", Since: "2015-03-19", Office: authority.Office{Code: "7800", Name: "Филиал № 1"}, Stamp: stamp},
		Address:   address(stamp, "199034", "наб. Учебная", "д. 7"),
		Email:     "office@pristan.example",
		Capital:   authority.Capital{Kind: "УСТАВНЫЙ КАПИТАЛ", Kopecks: 1_000_050, Stamp: stamp},
		Heads: []authority.Head{{
			Person: head, PositionKind: authority.Code{Code: "02", Name: "РУКОВОДИТЕЛЬ ЮРИДИЧЕСКОГО ЛИЦА"}, Position: "Генеральный директор",
		}},
		Managing: []authority.Entity{{Name: "АО «Управление»", INN: INN(n + 500_000), OGRN: OGRN(n + 500_000), Stamp: stamp}},
		Founders: []authority.Founder{
			{Kind: authority.FounderPerson, Person: &head, Share: authority.Share{Kopecks: 500_025, Part: "50 %", Stamp: stamp}},
			{Kind: authority.FounderLegal, Entity: &authority.Entity{Name: "АО «Верфь»", INN: INN(n + 600_000), OGRN: OGRN(n + 600_000), Stamp: stamp}, Share: authority.Share{Part: "1/4", Stamp: stamp}},
			{Kind: authority.FounderForeign, Entity: &authority.Entity{Name: "Harbour Ltd", Country: "Кипр", Stamp: stamp}, Share: authority.Share{Part: "0.125", Stamp: stamp}},
			{Kind: authority.FounderState, Entity: &authority.Entity{Name: "Муниципальное образование «Гавань»", Stamp: stamp}},
			{Kind: authority.FounderFund, Entity: &authority.Entity{Name: "ЗПИФ «Якорь»", Stamp: stamp}},
		},
		OwnShare:   &authority.Share{Kopecks: 100_000, Part: "10 %", Stamp: stamp},
		Register:   &authority.Entity{Name: "АО «Реестр»", INN: INN(n + 700_000), OGRN: OGRN(n + 700_000), Stamp: stamp},
		Activity:   code("62.01", "Разработка компьютерного программного обеспечения"),
		Activities: []authority.Code{code("62.02", "Деятельность консультативная"), code("63.11.1", "Деятельность по созданию баз данных")},
		Licences: []authority.Licence{{
			Number: "Л041-00110-78/00000001", Date: "2020-02-03", From: "2020-02-03", Until: "2030-02-03",
			Activities: []string{"Деятельность по технической защите информации"}, Places: []string{"г. Санкт-Петербург"}, Issuer: "Ведомство", Stamp: stamp,
		}},
		Branches: []authority.Branch{
			{Kind: "branch", Name: "Псковский филиал", KPP: "602743001", Address: address(stamp, "180000", "ул. Речная", "д. 2"), Stamp: stamp},
			{Kind: "office", Name: "Представительство в Твери", KPP: "695044001", Address: address(stamp, "170000", "ул. Волжская", "д. 3"), Stamp: stamp},
		},
		Predecessors: []authority.Entity{{Name: "ЗАО «Причал»", INN: INN(n + 800_000), OGRN: OGRN(n + 800_000), Stamp: stamp}},
		Successors:   []authority.Entity{{Name: "АО «Порт»", INN: INN(n + 900_000), OGRN: OGRN(n + 900_000), Stamp: stamp}},
		Entries: []authority.Entry{{
			ID: "1001", GRN: OGRN(n), Date: "2015-03-16", Kind: authority.Code{Code: "11201", Name: "Создание юридического лица"}, Office: office,
			Documents: []authority.Document{{Name: "Р11001 Заявление о создании ЮЛ", Number: "1", Date: "2015-03-10"}, {Name: "Устав"}},
		}, {
			ID: "1002", GRN: OGRN(n + 1), Date: "2016-05-04", Kind: authority.Code{Code: "12401", Name: "Изменение сведений"}, Cancelled: true,
		}},
	}
}

func address(stamp authority.Stamp, postal, street, house string) authority.Address {
	return authority.Address{
		PostalCode: postal, RegionCode: "78", Region: "г. Санкт-Петербург", Street: street, House: house,
		Text: postal + ", г. Санкт-Петербург, " + street + ", " + house, Stamp: stamp,
	}
}

// Sole is the n-th invented sole proprietor.
func Sole(n int) authority.Record {
	stamp := authority.Stamp{GRN: OGRNIP(n), Entered: "2017-04-05"}
	office := authority.Office{Code: "7801", Name: "Межрайонная ИФНС № 15 по Санкт-Петербургу"}
	p := authority.Person{LastName: "Морошкин", FirstName: "Глеб", MiddleName: "Львович", INN: PersonalINN(n), Citizenship: "Российская Федерация", Stamp: stamp}
	return authority.Record{
		Kind: authority.Sole, INN: PersonalINN(n), OGRN: OGRNIP(n), OGRNDate: "2017-04-05", ExtractDate: "2026-11-20",
		FullName: "Индивидуальный предприниматель " + p.Name(), ShortName: "ИП " + p.Name(), Person: &p,
		Form:   authority.Code{Code: "1", Name: "Индивидуальный предприниматель"},
		Status: authority.Status{Name: "Действующий"},
		Registration: authority.Registration{
			Method: authority.Code{Name: "Государственная регистрация физического лица в качестве индивидуального предпринимателя"},
			Date:   "2017-04-05", Office: authority.Office{Name: office.Name},
		},
		Registrar: office, TaxOffice: authority.Account{Since: "2017-04-05", Office: office, Stamp: stamp},
		Pension:  authority.Account{Number: "088-001-654321", Since: "2017-04-06", Stamp: stamp},
		Email:    "gleb@moroshkin.example",
		Activity: authority.Code{Code: "47.91", Name: "Торговля розничная по почте", Stamp: stamp},
		Entries: []authority.Entry{{
			ID: "2001", GRN: OGRNIP(n), Date: "2017-04-05", Kind: authority.Code{Code: "21201", Name: "Регистрация"}, Office: office,
		}},
	}
}
