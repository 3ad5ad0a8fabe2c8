package report

// pathObject is the object of taxation: 1 income, 2 income less expenses.
const pathObject = "Файл/Документ/УСН/@ОбНал"

// simplified is the return of the simplified system (УСН), КНД 1152017: sections
// 1.1 and 2.1.1 for income, 1.2 and 2.2 for income less expenses.
func simplified() *Type {
	t := &Type{
		ID: "NO_USN", KND: "1152017", Version: "5.09", Group: Tax, Recipient: taxService,
		Name:    Saying{"Декларация по УСН", "Return of the simplified system"},
		Periods: years, Formats: everyFormat, Duties: []Duty{{"", Simplified}},
		Dues: []Due{{"34", 3, 25, Legal}, {"34", 4, 25, Sole}}, ratios: simplifiedRatios, more: simplifiedTotal,
	}
	t.schema = document(t, []Option{placeUSN, placeSole, placeSuccessor}, Element{
		Name: "УСН", Label: t.Name,
		Attributes: []Attribute{at("ОбНал", "", "Объект налогообложения", "Object of taxation", choice(
			option("1", "доходы", "income"), option("2", "доходы минус расходы", "income less expenses")))},
		Children: []Element{simplifiedPayable(), simplifiedIncome(), simplifiedProfit()},
	})
	return t
}

func simplifiedPayable() Element {
	return Element{
		Name: "СумНалПУ", Label: Saying{"Раздел 1. Налог к уплате", "Section 1. Tax to pay"},
		Attributes: []Attribute{
			at("ОКТМО", "010", "Код ОКТМО", "ОКТМО code", oktmoKind),
			at("АвПУКв", "020", "Аванс за I квартал", "Advance for the first quarter", rublesKind),
			at("АвПУПг", "040", "Аванс за полугодие (со знаком минус: к уменьшению)", "Advance for the half-year (negative: to reduce)", rublesKind),
			at("АвПУ9м", "070", "Аванс за девять месяцев (со знаком минус: к уменьшению)", "Advance for nine months (negative: to reduce)", rublesKind),
			at("НалПУГод", "100", "Налог к доплате за год (со знаком минус: к уменьшению)", "Tax for the year (negative: to reduce)", rublesKind),
		},
	}
}

func simplifiedIncome() Element {
	return Element{
		Name: "РасчНал1", Label: Saying{"Раздел 2.1.1. Доходы", "Section 2.1.1. Income"}, When: &When{pathObject, []string{"1"}},
		Attributes: []Attribute{
			at("Доход", "113", "Доходы за год", "Income of the year", rublesKind),
			at("Ставка", "123", "Ставка", "Rate", rateKind),
			at("Исчисл", "133", "Исчислено налога", "Tax", rublesKind),
			at("УменНал", "143", "Страховые взносы и иные суммы, уменьшающие налог", "Contributions and other sums that reduce the tax", rublesKind),
		},
	}
}

func simplifiedProfit() Element {
	return Element{
		Name: "РасчНал2", Label: Saying{"Раздел 2.2. Доходы минус расходы", "Section 2.2. Income less expenses"}, When: &When{pathObject, []string{"2"}},
		Attributes: []Attribute{
			at("Доход", "213", "Доходы за год", "Income of the year", rublesKind),
			at("Расход", "223", "Расходы за год", "Expenses of the year", rublesKind),
			optional(at("УбытПред", "230", "Убыток прошлых лет", "Loss of earlier years", rublesKind)),
			at("НалБаза", "243", "Налоговая база", "Tax base", rublesKind),
			at("Ставка", "263", "Ставка", "Rate", rateKind),
			at("Исчисл", "273", "Исчислено налога", "Tax", rublesKind),
			at("НалМин", "280", "Минимальный налог", "Minimum tax", rublesKind),
		},
	}
}

var simplifiedRatios = []Ratio{
	{
		Code: "USN.133", Left: "РасчНал1/@Исчисл", Terms: atRate("РасчНал1/@Доход", "РасчНал1/@Ставка"), Tolerance: rouble, IfLeft: true,
		Label: Saying{"строка 133 = 113 × 123", "line 133 = 113 × 123"},
	},
	{
		Code: "USN.243", Left: "РасчНал2/@НалБаза", Terms: plus("РасчНал2/@Доход", "-РасчНал2/@Расход", "-РасчНал2/@УбытПред"), Floor: true, IfLeft: true,
		Label: Saying{"строка 243 = 213 − 223 − 230, при убытке 0", "line 243 = 213 − 223 − 230, 0 for a loss"},
	},
	{
		Code: "USN.273", Left: "РасчНал2/@Исчисл", Terms: atRate("РасчНал2/@НалБаза", "РасчНал2/@Ставка"), Tolerance: rouble, IfLeft: true,
		Label: Saying{"строка 273 = 243 × 263", "line 273 = 243 × 263"},
	},
	{
		Code: "USN.280", Left: "РасчНал2/@НалМин", Terms: share("РасчНал2/@Доход", 1, 100), Tolerance: rouble, IfLeft: true,
		Label: Saying{"строка 280 = 213 × 1 %", "line 280 = 213 × 1 %"},
	},
}

// simplifiedTotal is the ratio of section 1, which knows of a choice: with income
// alone the tax of the year is 133 − 143; with expenses the greater of tax and
// minimum tax.
func simplifiedTotal(c *collector, body *Node, path string) {
	paid, at, present, ok := total(body, "СумНалПУ/@НалПУГод")
	advances, _, _, ok2 := total(body, "СумНалПУ/@АвПУКв")
	if !ok || !ok2 || !present {
		return
	}
	for _, name := range []string{"@АвПУПг", "@АвПУ9м"} {
		part, _, _, ok := total(body, "СумНалПУ/"+name)
		if !ok {
			return
		}
		advances += part
	}
	due, ok := simplifiedDue(body)
	if ok && paid+advances != due {
		label := Saying{"раздел 1: авансы и доплата в сумме равны налогу за год", "section 1: advances and the rest come to the tax of the year"}
		c.add("sum_mismatch", at, path+"/СумНалПУ/@НалПУГод", rubles(paid)).with("ratio", "USN.100").
			with("label", label.RU).with("label_en", label.EN).with("expected", rubles(due-advances))
	}
}

func simplifiedDue(body *Node) (int64, bool) {
	if object, _ := body.Attribute("ОбНал"); object == "1" {
		tax, _, _, ok := total(body, "РасчНал1/@Исчисл")
		less, _, _, ok2 := total(body, "РасчНал1/@УменНал")
		return max(tax-less, 0), ok && ok2
	}
	tax, _, _, ok := total(body, "РасчНал2/@Исчисл")
	least, _, _, ok2 := total(body, "РасчНал2/@НалМин")
	return max(tax, least), ok && ok2
}
