package report

// statement is the yearly bookkeeping statement (бухгалтерская отчётность), КНД
// 0710099: the balance sheet (ОКУД 0710001) and the report of financial results
// (ОКУД 0710002). Sums are in thousands of roubles.
func statement() *Type {
	t := &Type{
		ID: "NO_BUHOTCH", KND: "0710099", Version: "5.08", Group: Bookkeeping, Recipient: taxService,
		Name:    Saying{"Бухгалтерская отчётность", "Bookkeeping statement"},
		Periods: statements, Formats: everyFormat, Duties: []Duty{{Legal, ""}},
		Dues: []Due{{"34", 3, 31, ""}}, ratios: statementRatios,
	}
	t.schema = document(t, []Option{placeLegal, placeLarge, placeUSN}, Element{
		Name: "БухОтч", Label: t.Name,
		Attributes: []Attribute{at("ОКЕИ", "", "Единица измерения", "Unit", choice(option("384", "тыс. руб.", "thousands of roubles")))},
		Children:   []Element{balance(), results()},
	})
	return t
}

// line is a line of a statement: this year's sum and last year's.
func line(name, code, ru, en string, children ...Element) Element {
	return Element{
		Name: name, Label: Saying{ru, en}, Optional: len(children) == 0, Children: children,
		Attributes: []Attribute{
			at("СумОтч", code, ru+": на отчётную дату", en+": this year", rublesKind),
			optional(at("СумПрдщ", code, ru+": за прошлый год", en+": last year", rublesKind)),
		},
	}
}

func balance() Element {
	return Element{
		Name: "Баланс", Label: Saying{"Бухгалтерский баланс", "Balance sheet"},
		Attributes: []Attribute{at("ОКУД", "", "Код формы", "Code of the form", choice(option("0710001", "баланс", "balance sheet")))},
		Children: []Element{
			line(
				"Актив", "1600", "Баланс (актив)", "Assets in all",
				line("ВнеОбА", "1100", "Внеоборотные активы", "Fixed assets",
					line("НематАкт", "1110", "Нематериальные активы", "Intangible assets"),
					line("ОснСр", "1150", "Основные средства", "Property, plant and equipment"),
					line("ФинВлож", "1170", "Финансовые вложения", "Financial investments"),
					line("ПрочВнеОбА", "1190", "Прочие внеоборотные активы", "Other fixed assets")),
				line("ОбА", "1200", "Оборотные активы", "Current assets",
					line("Запасы", "1210", "Запасы", "Stocks"),
					line("НДСПриобрЦен", "1220", "НДС по приобретённым ценностям", "VAT on purchases"),
					line("ДебЗад", "1230", "Дебиторская задолженность", "Receivables"),
					line("ДенежнСр", "1250", "Денежные средства", "Cash"),
					line("ПрочОбА", "1260", "Прочие оборотные активы", "Other current assets")),
			),
			line(
				"Пассив", "1700", "Баланс (пассив)", "Liabilities in all",
				line("КапРез", "1300", "Капитал и резервы", "Capital and reserves",
					line("УставКапитал", "1310", "Уставный капитал", "Authorised capital"),
					line("РезКапитал", "1360", "Резервный капитал", "Reserve capital"),
					line("НераспПриб", "1370", "Нераспределённая прибыль (убыток)", "Retained profit (loss)")),
				line("ДолгосрОбяз", "1400", "Долгосрочные обязательства", "Long-term liabilities",
					line("ДолгосрЗаем", "1410", "Долгосрочные заёмные средства", "Long-term loans")),
				line("КраткосрОбяз", "1500", "Краткосрочные обязательства", "Short-term liabilities",
					line("КраткосрЗаем", "1510", "Краткосрочные заёмные средства", "Short-term loans"),
					line("КредитЗадолж", "1520", "Кредиторская задолженность", "Payables"),
					line("ПрочКраткосрОбяз", "1550", "Прочие краткосрочные обязательства", "Other short-term liabilities")),
			),
		},
	}
}

func results() Element {
	return Element{
		Name: "ФинРез", Label: Saying{"Отчёт о финансовых результатах", "Report of financial results"},
		Attributes: []Attribute{at("ОКУД", "", "Код формы", "Code of the form", choice(option("0710002", "финансовые результаты", "financial results")))},
		Children: []Element{
			required(line("Выруч", "2110", "Выручка", "Revenue")),
			line("СебестПрод", "2120", "Себестоимость продаж", "Cost of sales"),
			required(line("ВаловаяПрибыль", "2100", "Валовая прибыль (убыток)", "Gross profit (loss)")),
			line("КомРасход", "2210", "Коммерческие расходы", "Selling expenses"),
			line("УпрРасход", "2220", "Управленческие расходы", "Administrative expenses"),
			required(line("ПрибПрод", "2200", "Прибыль (убыток) от продаж", "Profit (loss) from sales")),
			line("ПроцПолуч", "2320", "Проценты к получению", "Interest received"),
			line("ПроцУпл", "2330", "Проценты к уплате", "Interest paid"),
			line("ПрочДоход", "2340", "Прочие доходы", "Other income"),
			line("ПрочРасход", "2350", "Прочие расходы", "Other expenses"),
			required(line("ПрибУбДоНал", "2300", "Прибыль (убыток) до налогообложения", "Profit (loss) before tax")),
			line("НалПриб", "2410", "Налог на прибыль", "Profit tax"),
			required(line("ЧистПрибУб", "2400", "Чистая прибыль (убыток)", "Net profit (loss)")),
		},
	}
}

func required(e Element) Element { e.Optional = false; return e }

// sums makes the ratio "line = sum of lines" for this year's and last year's sums.
func sums(code, ru, en, left string, terms ...string) []Ratio {
	var list []Ratio
	for _, column := range []string{"СумОтч", "СумПрдщ"} {
		paths := make([]string, len(terms))
		for i, term := range terms {
			paths[i] = term + "/@" + column
		}
		list = append(list, Ratio{Code: code, Left: left + "/@" + column, Terms: plus(paths...), IfLeft: true, Label: Saying{ru, en}})
	}
	return list
}

const assets, liabilities = "Баланс/Актив/", "Баланс/Пассив/"

var statementRatios = joined(
	sums("BUH.1100", "строка 1100 = сумма строк 1110–1190", "line 1100 = sum of lines 1110 to 1190", assets+"ВнеОбА",
		assets+"ВнеОбА/НематАкт", assets+"ВнеОбА/ОснСр", assets+"ВнеОбА/ФинВлож", assets+"ВнеОбА/ПрочВнеОбА"),
	sums("BUH.1200", "строка 1200 = сумма строк 1210–1260", "line 1200 = sum of lines 1210 to 1260", assets+"ОбА",
		assets+"ОбА/Запасы", assets+"ОбА/НДСПриобрЦен", assets+"ОбА/ДебЗад", assets+"ОбА/ДенежнСр", assets+"ОбА/ПрочОбА"),
	sums("BUH.1600", "строка 1600 = 1100 + 1200", "line 1600 = 1100 + 1200", "Баланс/Актив", assets+"ВнеОбА", assets+"ОбА"),
	sums("BUH.1300", "строка 1300 = сумма строк 1310–1370", "line 1300 = sum of lines 1310 to 1370", liabilities+"КапРез",
		liabilities+"КапРез/УставКапитал", liabilities+"КапРез/РезКапитал", liabilities+"КапРез/НераспПриб"),
	sums("BUH.1400", "строка 1400 = сумма строк 1410", "line 1400 = sum of lines 1410", liabilities+"ДолгосрОбяз", liabilities+"ДолгосрОбяз/ДолгосрЗаем"),
	sums("BUH.1500", "строка 1500 = сумма строк 1510–1550", "line 1500 = sum of lines 1510 to 1550", liabilities+"КраткосрОбяз",
		liabilities+"КраткосрОбяз/КраткосрЗаем", liabilities+"КраткосрОбяз/КредитЗадолж", liabilities+"КраткосрОбяз/ПрочКраткосрОбяз"),
	sums("BUH.1700", "строка 1700 = 1300 + 1400 + 1500", "line 1700 = 1300 + 1400 + 1500", "Баланс/Пассив",
		liabilities+"КапРез", liabilities+"ДолгосрОбяз", liabilities+"КраткосрОбяз"),
	sums("BUH.0", "актив = пассив (1600 = 1700)", "assets = liabilities (1600 = 1700)", "Баланс/Актив", "Баланс/Пассив"),
	sums("BUH.2100", "строка 2100 = 2110 − 2120", "line 2100 = 2110 − 2120", "ФинРез/ВаловаяПрибыль", "ФинРез/Выруч", "-ФинРез/СебестПрод"),
	sums("BUH.2200", "строка 2200 = 2100 − 2210 − 2220", "line 2200 = 2100 − 2210 − 2220", "ФинРез/ПрибПрод",
		"ФинРез/ВаловаяПрибыль", "-ФинРез/КомРасход", "-ФинРез/УпрРасход"),
	sums("BUH.2300", "строка 2300 = 2200 + 2320 − 2330 + 2340 − 2350", "line 2300 = 2200 + 2320 − 2330 + 2340 − 2350", "ФинРез/ПрибУбДоНал",
		"ФинРез/ПрибПрод", "ФинРез/ПроцПолуч", "-ФинРез/ПроцУпл", "ФинРез/ПрочДоход", "-ФинРез/ПрочРасход"),
	sums("BUH.2400", "строка 2400 = 2300 − 2410", "line 2400 = 2300 − 2410", "ФинРез/ЧистПрибУб", "ФинРез/ПрибУбДоНал", "-ФинРез/НалПриб"),
)

func joined(lists ...[]Ratio) []Ratio {
	var all []Ratio
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}
