package demo

import (
	"context"
	"fmt"

	bodies "propusk/cabinet/authority"
	"propusk/idp/directory"
)

// shownProfile is what an organisation of the demo says of itself beyond its
// record.
type shownProfile struct {
	form, ownership string
	head            directory.OrganisationHead
	blocks          []directory.Block
}

// heads are the profile's head as the register names him.
func (s shownProfile) heads() []bodies.Head {
	return []bodies.Head{{
		Person:       bodies.Person{LastName: s.head.LastName, FirstName: s.head.FirstName, MiddleName: s.head.MiddleName},
		PositionKind: bodies.Code{Code: "02", Name: "Руководитель юридического лица"}, Position: s.head.Position,
	}}
}

func bankOf(account, bic, bank string) directory.Block {
	return &directory.Bank{Accounts: []directory.BankAccount{{Account: account, BIC: bic, Bank: bank, Main: true}}}
}

var shownProfiles = map[string]shownProfile{
	"mayak": {
		form: "12300", ownership: "16",
		head: directory.OrganisationHead{LastName: "Лебедева", FirstName: "Ирина", MiddleName: "Павловна", Position: "Генеральный директор"},
		blocks: []directory.Block{
			bankOf("40702810500000001234", "044525225", "Банк «Столичный»"),
			&directory.Activities{Main: "52.22", Additional: []string{"26.51", "33.14"}},
			&directory.Taxes{
				TaxOffice: "7801", OKTMO: "40307000",
				Regimes: []directory.TaxRegime{{Code: "OSNO", Since: "2019-01-01"}},
				Reports: []string{"NO_NDS", "NO_PRIB", "NO_NDFL6", "NO_RASCHSV", "NO_BUHOTCH"},
			},
			&directory.Payments{Methods: []directory.PaymentMethod{
				{Kind: "account", Account: "40702810500000001234", BIC: "044525225", Label: "Основной счёт", Default: true},
			}},
		},
	},
	"verfi": {
		form: "12267", ownership: "16",
		head: directory.OrganisationHead{LastName: "Громов", FirstName: "Николай", MiddleName: "Фёдорович", Position: "Генеральный директор"},
		blocks: []directory.Block{
			bankOf("40702810000000001234", "044030653", "Банк «Невский»"),
			&directory.Activities{Main: "30.11", Additional: []string{"33.15"}},
			&directory.Taxes{TaxOffice: "4706", OKTMO: "41625000", Regimes: []directory.TaxRegime{{Code: "OSNO", Since: "2002-11-01"}}, Reports: []string{"NO_NDS", "NO_PRIB"}},
		},
	},
	"morozova": {
		form: "50102",
		head: directory.OrganisationHead{LastName: "Морозова", FirstName: "Елена", MiddleName: "Сергеевна", Position: "Индивидуальный предприниматель"},
		blocks: []directory.Block{
			bankOf("40802810700000004321", "044030653", "Банк «Невский»"),
			&directory.Activities{Main: "69.20", Additional: []string{}},
			&directory.Taxes{TaxOffice: "7813", OKTMO: "40393000", Regimes: []directory.TaxRegime{{Code: "USN_INCOME", Since: "2018-01-01"}}, Reports: []string{"NO_USN"}},
		},
	},
}

// FillOrganisations gives the demo's organisations their profiles, and confirms who
// the newcomer is, once.
func (d *Demo) FillOrganisations(ctx context.Context) error {
	there, err := d.deps.Directory.Profile(ctx, d.organisationID("mayak"))
	if err != nil || there.States[directory.BlockRequisites].Version > 0 {
		return err
	}
	return d.deps.DB.Tx(ctx, func(ctx context.Context) error {
		for _, o := range organisations {
			if err := d.fillProfile(ctx, o.key); err != nil {
				return fmt.Errorf("fill the demo's profiles: %s: %w", o.key, err)
			}
		}
		err := d.deps.Directory.ConfirmIdentity(ctx, directory.System(), d.state.People["anna"].ID,
			directory.Confirmation{SNILS: newcomerSNILS, INN: newcomerINN, Evidence: "демонстрация"})
		if err != nil {
			return fmt.Errorf("confirm the demo's newcomer: %w", err)
		}
		return nil
	})
}

func (d *Demo) fillProfile(ctx context.Context, key string) error {
	id, shown := d.organisationID(key), shownProfiles[key]
	p, err := d.deps.Directory.Profile(ctx, id)
	if err != nil {
		return err
	}
	requisites, contacts := p.Requisites(), p.Contacts()
	requisites.LegalForm, requisites.OwnershipForm, requisites.Head = shown.form, shown.ownership, shown.head
	by := d.state.People[organisationByKey(key).members[0].person].ID
	blocks := append([]directory.Block{&requisites, &contacts}, shown.blocks...)
	return d.deps.Directory.SetHistory(ctx, directory.System(), id, by, directory.HowSystem, blocks...)
}

// The newcomer is a member of nothing, and the register names her as the head of a
// company without a cabinet: she can register it.
const (
	newcomerSNILS = "20233445507"
	newcomerINN   = "780233445500"
)

// newcomer is the register's record of that company.
func newcomer() bodies.Record {
	p := personByKey("anna")
	return bodies.Record{
		Kind: directory.KindLegal, INN: "7805123456", KPP: "780501001", OGRN: "1227800012340",
		FullName: "Общество с ограниченной ответственностью «Орлиное гнездо»", ShortName: "ООО «Орлиное гнездо»",
		Form:    bodies.Code{Code: "12300", Name: "Общества с ограниченной ответственностью"},
		Address: bodies.Address{Text: "198095, г. Санкт-Петербург, ул. Маршала Говорова, д. 29", RegionCode: "78"},
		Heads: []bodies.Head{{
			Person:       bodies.Person{LastName: p.lastName, FirstName: p.firstName, MiddleName: p.middleName, INN: newcomerINN},
			PositionKind: bodies.Code{Code: "02", Name: "Руководитель юридического лица"}, Position: "Генеральный директор",
		}},
	}
}
