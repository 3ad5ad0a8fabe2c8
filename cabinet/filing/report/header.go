package report

// What every report begins with: the file, the document, the taxpayer and who
// signs. Only the body and the lists of places differ by type.

// The paths of the header that code looks at.
const (
	pathFile      = "Файл"
	pathDocument  = "Файл/Документ"
	pathSignatory = "Файл/Документ/Подписант/@ПрПодп"
)

// at declares an attribute.
func at(name, line, ru, en string, kind Kind) Attribute {
	return Attribute{Name: name, Line: line, Label: Saying{ru, en}, Kind: kind}
}

func optional(a Attribute) Attribute { a.Optional = true; return a }

func house(a Attribute) Attribute { a.House = true; return a }

// personName is ФИО.
func personName() Element {
	return Element{Name: "ФИО", Label: Saying{"Фамилия, имя, отчество", "Name"}, Attributes: []Attribute{
		at("Фамилия", "", "Фамилия", "Last name", text(60)),
		at("Имя", "", "Имя", "First name", text(60)),
		optional(at("Отчество", "", "Отчество", "Patronymic", text(60))),
	}}
}

// document declares a whole report of a type with its body.
func document(t *Type, places []Option, body Element) *Element {
	return &Element{
		Name: "Файл", Label: Saying{"Файл обмена", "Exchange file"},
		Attributes: []Attribute{
			house(at("ИдФайл", "", "Идентификатор файла", "File identifier", text(255))),
			house(at("ВерсПрог", "", "Программа, которой составлен файл", "Program that made the file", text(40))),
			house(at("ВерсФорм", "", "Версия формата", "Format version", choice(option(t.Version, t.Version, t.Version)))),
		},
		Children: []Element{{
			Name: "Документ", Label: Saying{"Документ", "Document"},
			Attributes: []Attribute{
				house(at("КНД", "", "Код формы по КНД", "КНД code of the form", kndKind)),
				house(at("ДатаДок", "", "Дата документа", "Date of the document", dateKind)),
				house(at("Период", "", "Код периода", "Code of the period", digits("period", 2, Saying{"код периода, 2 цифры", "a period code of 2 digits"}))),
				house(at("ОтчетГод", "", "Отчётный год", "Year", yearKind)),
				house(at("КодНО", "", "Код налогового органа", "Tax office", officeKind)),
				house(at("НомКорр", "", "Номер корректировки", "Correction number", number(0, 999))),
				at("ПоМесту", "", "Место представления", "Place of filing", choice(places...)),
			},
			Children: []Element{taxpayer(), signatory(), body},
		}},
	}
}

func taxpayer() Element {
	return Element{
		Name: "СвНП", Label: Saying{"Налогоплательщик", "Taxpayer"}, OneOf: true,
		Attributes: []Attribute{
			optional(at("ОКТМО", "", "Код ОКТМО", "ОКТМО code", oktmoKind)),
			optional(at("ОКВЭД", "", "Код ОКВЭД 2", "ОКВЭД 2 code", okvedKind)),
			optional(at("Тлф", "", "Телефон", "Telephone", phoneKind)),
		},
		Children: []Element{
			{Name: "НПЮЛ", Label: Saying{"Организация", "Organisation"}, Attributes: []Attribute{
				house(at("НаимОрг", "", "Наименование", "Name", text(1000))),
				house(at("ИННЮЛ", "", "ИНН", "ИНН", legalKind)),
				house(at("КПП", "", "КПП", "КПП", kppKind)),
			}},
			{Name: "НПФЛ", Label: Saying{"Предприниматель", "Sole proprietor"}, Attributes: []Attribute{
				house(at("ИННФЛ", "", "ИНН", "ИНН", personalKind)),
			}, Children: []Element{personName()}},
		},
	}
}

func signatory() Element {
	return Element{
		Name: "Подписант", Label: Saying{"Кто подписывает", "Signatory"},
		Attributes: []Attribute{at("ПрПодп", "", "Кто подписывает", "Who signs", choice(
			option("1", "руководитель или сам предприниматель", "the head or the proprietor"),
			option("2", "представитель", "a representative"),
		))},
		Children: []Element{
			personName(),
			{
				Name: "СвПред", Label: Saying{"Представитель", "Representative"}, When: &When{pathSignatory, []string{"2"}},
				Attributes: []Attribute{
					at("НаимДок", "", "Документ, подтверждающий полномочия", "Document of the authority", text(120)),
					optional(at("НаимОрг", "", "Организация-представитель", "Representing organisation", text(1000))),
				},
			},
		},
	}
}

var (
	placeLegal     = option("214", "по месту нахождения организации", "where the organisation is registered")
	placeLarge     = option("213", "по месту учёта крупнейшего налогоплательщика", "where the largest taxpayer is registered")
	placeSuccessor = option("215", "по месту нахождения правопреемника", "where the successor is registered")
	placeSole      = option("120", "по месту жительства предпринимателя", "where the proprietor lives")
	placeSoleVAT   = option("116", "по месту жительства предпринимателя", "where the proprietor lives")
	placeUSN       = option("210", "по месту нахождения организации", "where the organisation is registered")
)
