package report

// profit is the return of profit tax (налог на прибыль организаций), КНД 1151006:
// subsection 1.1 and sheet 02.
func profit() *Type {
	t := &Type{
		ID: "NO_PRIB", KND: "1151006", Version: "5.13", Group: Tax, Recipient: taxService,
		Name:    Saying{"Декларация по налогу на прибыль", "Return of profit tax"},
		Periods: profitGrowth, Formats: everyFormat, Duties: []Duty{{Legal, General}},
		Dues: append(onDay(25, "21", "31", "33"), Due{Period: "34", Months: 3, Day: 25}), ratios: profitRatios,
	}
	t.schema = document(t, []Option{placeLegal, placeLarge, placeSuccessor}, Element{
		Name: "Прибыль", Label: t.Name, Children: []Element{profitPayable(), profitCalculated()},
	})
	return t
}

func budget(name, lines, ru, en string) Element {
	return Element{Name: name, Label: Saying{ru, en}, Attributes: []Attribute{
		at("КБК", lines[:3], ru+": КБК", en+": КБК", kbkKind),
		at("НалПУ", lines[4:], ru+": к доплате (со знаком минус: к уменьшению)", en+": to pay (negative: to reduce)", rublesKind),
	}}
}

func profitPayable() Element {
	return Element{
		Name: "НалПУАв", Label: Saying{"Раздел 1, подраздел 1.1. Сумма налога к уплате", "Section 1, subsection 1.1. Tax to pay"},
		Attributes: []Attribute{at("ОКТМО", "010", "Код ОКТМО", "ОКТМО code", oktmoKind)},
		Children: []Element{
			budget("ФедБдж", "030 040 (050)", "Федеральный бюджет", "Federal budget"),
			budget("СубБдж", "060 070 (080)", "Бюджет субъекта", "Regional budget"),
		},
	}
}

func profitCalculated() Element {
	return Element{
		Name: "РасчНал", Label: Saying{"Лист 02. Расчёт налога", "Sheet 02. Calculation of the tax"},
		Attributes: []Attribute{
			at("ДохРеал", "010", "Доходы от реализации", "Income from sales", rublesKind),
			at("ВнеРеалДох", "020", "Внереализационные доходы", "Other income", rublesKind),
			at("РасхУменРеал", "030", "Расходы, уменьшающие доходы от реализации", "Expenses of sales", rublesKind),
			at("ВнеРеалРасх", "040", "Внереализационные расходы", "Other expenses", rublesKind),
			optional(at("УбытВкл", "050", "Убытки, не учитываемые полностью", "Losses not counted in full", rublesKind)),
			at("Прибыль", "060", "Итого прибыль (убыток)", "Profit (loss)", rublesKind),
			optional(at("ДохИск", "070", "Доходы, исключаемые из прибыли", "Income excluded from profit", rublesKind)),
			at("НалБаза", "100", "Налоговая база", "Tax base", rublesKind),
			optional(at("УбытУмен", "110", "Убыток прошлых лет", "Loss of earlier years", rublesKind)),
			at("НалБазаИсч", "120", "База для исчисления налога", "Base for the tax", rublesKind),
			at("СтавНалФБ", "150", "Ставка в федеральный бюджет", "Rate, federal budget", rateKind),
			at("СтавНалСуб", "160", "Ставка в бюджет субъекта", "Rate, regional budget", rateKind),
			at("НалИсчисл", "180", "Исчислено налога, всего", "Tax in all", rublesKind),
			at("НалИсчислФБ", "190", "Исчислено в федеральный бюджет", "Tax, federal budget", rublesKind),
			at("НалИсчислСуб", "200", "Исчислено в бюджет субъекта", "Tax, regional budget", rublesKind),
			optional(at("АвПлатФБ", "220", "Начислено авансов в федеральный бюджет", "Advances, federal budget", rublesKind)),
			optional(at("АвПлатСуб", "230", "Начислено авансов в бюджет субъекта", "Advances, regional budget", rublesKind)),
		},
	}
}

var profitRatios = []Ratio{
	{
		Code: "PRIB.060", Left: "РасчНал/@Прибыль",
		Terms: plus("РасчНал/@ДохРеал", "РасчНал/@ВнеРеалДох", "-РасчНал/@РасхУменРеал", "-РасчНал/@ВнеРеалРасх", "РасчНал/@УбытВкл"),
		Label: Saying{"строка 060 = 010 + 020 − 030 − 040 + 050", "line 060 = 010 + 020 − 030 − 040 + 050"},
	},
	{
		Code: "PRIB.100", Left: "РасчНал/@НалБаза", Terms: plus("РасчНал/@Прибыль", "-РасчНал/@ДохИск"),
		Label: Saying{"строка 100 = 060 − 070", "line 100 = 060 − 070"},
	},
	{
		Code: "PRIB.120", Left: "РасчНал/@НалБазаИсч", Terms: plus("РасчНал/@НалБаза", "-РасчНал/@УбытУмен"), Floor: true,
		Label: Saying{"строка 120 = 100 − 110, при убытке 0", "line 120 = 100 − 110, 0 for a loss"},
	},
	{
		Code: "PRIB.190", Left: "РасчНал/@НалИсчислФБ", Terms: atRate("РасчНал/@НалБазаИсч", "РасчНал/@СтавНалФБ"), Tolerance: rouble,
		Label: Saying{"строка 190 = 120 × 150", "line 190 = 120 × 150"},
	},
	{
		Code: "PRIB.200", Left: "РасчНал/@НалИсчислСуб", Terms: atRate("РасчНал/@НалБазаИсч", "РасчНал/@СтавНалСуб"), Tolerance: rouble,
		Label: Saying{"строка 200 = 120 × 160", "line 200 = 120 × 160"},
	},
	{
		Code: "PRIB.180", Left: "РасчНал/@НалИсчисл", Terms: plus("РасчНал/@НалИсчислФБ", "РасчНал/@НалИсчислСуб"),
		Label: Saying{"строка 180 = 190 + 200", "line 180 = 190 + 200"},
	},
	{
		Code: "PRIB.040", Left: "НалПУАв/ФедБдж/@НалПУ", Terms: plus("РасчНал/@НалИсчислФБ", "-РасчНал/@АвПлатФБ"),
		Label: Saying{"подраздел 1.1, строка 040 (050) = лист 02, 190 − 220", "subsection 1.1, line 040 (050) = sheet 02, 190 − 220"},
	},
	{
		Code: "PRIB.070", Left: "НалПУАв/СубБдж/@НалПУ", Terms: plus("РасчНал/@НалИсчислСуб", "-РасчНал/@АвПлатСуб"),
		Label: Saying{"подраздел 1.1, строка 070 (080) = лист 02, 200 − 230", "subsection 1.1, line 070 (080) = sheet 02, 200 − 230"},
	},
}
