package report

// ndfl6 is the calculation of personal income tax withheld (6-НДФЛ), КНД 1151100:
// sections 1 and 2 and, for the year, the certificates of appendix 1.
func ndfl6() *Type {
	t := &Type{
		ID: "NO_NDFL6", KND: "1151100", Version: "5.05", Group: Tax, Recipient: taxService,
		Name:    Saying{"Расчёт 6-НДФЛ", "Calculation 6-НДФЛ of personal income tax"},
		Periods: growths, Formats: everyFormat, Duties: []Duty{{"", Employer}},
		Dues: append(onDay(25, "21", "31", "33"), Due{Period: "34", Months: 2, Day: 25}), ratios: ndflRatios,
	}
	t.schema = document(t, []Option{placeLegal, placeLarge, placeSuccessor, placeSole}, Element{
		Name: "НДФЛ6", Label: t.Name, Children: []Element{ndflDue(), ndflCalculated(), ndflCertificate()},
	})
	return t
}

func ndflDue() Element {
	return Element{
		Name: "ОбязНА", Label: Saying{"Раздел 1. Обязательства налогового агента", "Section 1. Duties of the tax agent"},
		Attributes: []Attribute{
			at("КБК", "010", "КБК", "КБК", kbkKind),
			at("СумНалУд", "020", "Налог к перечислению за последние три месяца", "Tax to transfer for the last three months", rublesKind),
			at("СумНал1Срок", "021", "по первому сроку", "by the first date", rublesKind),
			at("СумНал2Срок", "022", "по второму сроку", "by the second date", rublesKind),
			at("СумНал3Срок", "023", "по третьему сроку", "by the third date", rublesKind),
			optional(at("СумНал4Срок", "024", "по четвёртому сроку", "by the fourth date", rublesKind)),
			optional(at("СумНал5Срок", "025", "по пятому сроку", "by the fifth date", rublesKind)),
			optional(at("СумНал6Срок", "026", "по шестому сроку", "by the sixth date", rublesKind)),
		},
	}
}

func ndflCalculated() Element {
	return Element{
		Name: "РасчСумНал", Label: Saying{"Раздел 2. Расчёт по ставке", "Section 2. Calculation by rate"}, Many: 50,
		Attributes: []Attribute{
			at("Ставка", "100", "Ставка", "Rate", rateKind),
			at("КБК", "105", "КБК", "КБК", kbkKind),
			at("КолФЛ", "110", "Количество физических лиц", "Number of people", number(0, 999_999)),
			at("СумНачисл", "120", "Начислено дохода", "Income", moneyKind),
			at("СумВыч", "130", "Вычеты", "Deductions", moneyKind),
			at("НалБаза", "131", "Налоговая база", "Tax base", moneyKind),
			at("НалИсчисл", "140", "Исчислено налога", "Tax calculated", rublesKind),
			at("НалУдерж", "160", "Удержано налога", "Tax withheld", rublesKind),
			optional(at("НалНеУдерж", "170", "Не удержано", "Not withheld", rublesKind)),
			optional(at("НалИзлишУдерж", "180", "Излишне удержано", "Withheld in excess", rublesKind)),
		},
	}
}

// ndflCertificate is appendix 1: a certificate for each person, at the year's end.
func ndflCertificate() Element {
	return Element{
		Name: "СправДох", Label: Saying{"Приложение 1. Справка о доходах", "Appendix 1. Certificate of income"}, Many: 20_000,
		When: &When{"Файл/Документ/@Период", []string{"34", "90"}},
		Attributes: []Attribute{
			at("НомСпр", "", "Номер справки", "Number", number(1, 99_999_999)),
			at("НомКорр", "", "Номер корректировки сведений", "Correction of the certificate", number(0, 99)),
		},
		Children: []Element{
			{
				Name: "ПолучДох", Label: Saying{"Получатель дохода", "Recipient of the income"},
				Attributes: []Attribute{
					optional(at("ИННФЛ", "", "ИНН", "ИНН", personalKind)),
					at("Статус", "", "Статус налогоплательщика", "Status", number(1, 8)),
					at("ДатаРожд", "", "Дата рождения", "Date of birth", dateKind),
				},
				Children: []Element{personName()},
			},
			{
				Name: "СведДох", Label: Saying{"Доходы и налог", "Income and tax"}, Many: 20,
				Attributes: []Attribute{
					at("Ставка", "", "Ставка", "Rate", rateKind),
					at("КБК", "", "КБК", "КБК", kbkKind),
					at("СумДохОбщ", "", "Сумма дохода", "Income", moneyKind),
					at("НалБаза", "", "Налоговая база", "Tax base", moneyKind),
					at("НалИсчисл", "", "Исчислено", "Calculated", rublesKind),
					at("НалУдерж", "", "Удержано", "Withheld", rublesKind),
				},
			},
		},
	}
}

var ndflRatios = []Ratio{
	{
		Code: "NDFL6.020", Left: "ОбязНА/@СумНалУд",
		Terms: plus("ОбязНА/@СумНал1Срок", "ОбязНА/@СумНал2Срок", "ОбязНА/@СумНал3Срок", "ОбязНА/@СумНал4Срок", "ОбязНА/@СумНал5Срок", "ОбязНА/@СумНал6Срок"),
		Label: Saying{"строка 020 = сумма строк 021–026", "line 020 = sum of lines 021 to 026"},
	},
	{
		Code: "NDFL6.131", Each: "РасчСумНал", Left: "@НалБаза", Terms: plus("@СумНачисл", "-@СумВыч"), Floor: true,
		Label: Saying{"строка 131 = 120 − 130", "line 131 = 120 − 130"},
	},
	{
		Code: "NDFL6.140", Each: "РасчСумНал", Left: "@НалИсчисл", Terms: atRate("@НалБаза", "@Ставка"), Tolerance: rouble,
		Label: Saying{"строка 140 = 131 × 100", "line 140 = 131 × 100"},
	},
	{
		Code: "NDFL6.P1", Each: "СправДох/СведДох", Left: "@НалИсчисл", Terms: atRate("@НалБаза", "@Ставка"), Tolerance: rouble,
		Label: Saying{"приложение 1: исчислено = база × ставка", "appendix 1: calculated = base × rate"},
	},
}

// contributions is the calculation of insurance contributions (РСВ), КНД 1151111:
// section 1 and the persons of section 3.
func contributions() *Type {
	t := &Type{
		ID: "NO_RASCHSV", KND: "1151111", Version: "5.06", Group: Contributions, Recipient: taxService,
		Name:    Saying{"Расчёт по страховым взносам", "Calculation of insurance contributions"},
		Periods: growths, Formats: everyFormat, Duties: []Duty{{"", Employer}},
		Dues: onDay(25, "21", "31", "33", "34"), ratios: contributionRatios,
	}
	t.schema = document(t, []Option{placeLegal, placeLarge, placeSuccessor, placeSole}, Element{
		Name: "РасчетСВ", Label: t.Name, Children: []Element{
			{
				Name: "ОбязПлатСВ", Label: Saying{"Раздел 1. Взносы к уплате", "Section 1. Contributions to pay"},
				Attributes: []Attribute{
					at("ОКТМО", "010", "Код ОКТМО", "ОКТМО code", oktmoKind),
					at("КБК", "020", "КБК", "КБК", kbkKind),
					at("СумСВУплПер", "030", "К уплате за последние три месяца", "Payable for the last three months", moneyKind),
					at("СумСВУпл1М", "031", "за первый месяц", "for the first month", moneyKind),
					at("СумСВУпл2М", "032", "за второй месяц", "for the second month", moneyKind),
					at("СумСВУпл3М", "033", "за третий месяц", "for the third month", moneyKind),
				},
			},
			{
				Name: "ПерсСвСтрахЛиц", Label: Saying{"Раздел 3. Застрахованное лицо", "Section 3. Insured person"}, Optional: true, Many: 20_000,
				Attributes: []Attribute{
					at("СНИЛС", "040", "СНИЛС", "СНИЛС", snilsKind),
					at("ДатаРожд", "050", "Дата рождения", "Date of birth", dateKind),
					at("СумВыпл", "140", "Выплаты", "Payments", moneyKind),
					at("СумВзнос", "170", "Взносы", "Contributions", moneyKind),
				},
				Children: []Element{personName()},
			},
		},
	})
	return t
}

var contributionRatios = []Ratio{{
	Code: "RSV.030", Left: "ОбязПлатСВ/@СумСВУплПер", Terms: plus("ОбязПлатСВ/@СумСВУпл1М", "ОбязПлатСВ/@СумСВУпл2М", "ОбязПлатСВ/@СумСВУпл3М"),
	Label: Saying{"строка 030 = 031 + 032 + 033", "line 030 = 031 + 032 + 033"},
}}
