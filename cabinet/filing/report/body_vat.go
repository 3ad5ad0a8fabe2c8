package report

// vat is the return of value added tax (НДС), КНД 1151001: sections 1, 3, 4 and 7.
func vat() *Type {
	t := &Type{
		ID: "NO_NDS", KND: "1151001", Version: "5.10", Group: Tax, Recipient: taxService,
		Name:    Saying{"Декларация по НДС", "Return of value added tax"},
		Periods: quarters, Formats: everyFormat, Duties: []Duty{{"", General}},
		Dues: onDay(25, "21", "22", "23", "24"), ratios: vatRatios,
	}
	t.schema = document(t, []Option{placeLegal, placeLarge, placeSuccessor, placeSoleVAT}, Element{
		Name: "НДС", Label: t.Name,
		Children: []Element{vatPayable(), vatCalculated(), vatZero(), vatExempt()},
	})
	return t
}

func vatPayable() Element {
	return Element{
		Name: "СумУплНП", Label: Saying{"Раздел 1. Сумма налога к уплате (возмещению)", "Section 1. Tax to pay (to refund)"},
		Attributes: []Attribute{
			at("ОКТМО", "010", "Код ОКТМО", "ОКТМО code", oktmoKind),
			at("КБК", "020", "КБК", "КБК", kbkKind),
			optional(at("СумПУ_173.5", "030", "К уплате по пункту 5 статьи 173 НК РФ", "Payable by article 173 (5)", rublesKind)),
			at("СумПУ_173.1", "040 (050)", "К уплате (со знаком минус: к возмещению)", "Payable (negative: to refund)", rublesKind),
		},
	}
}

// taxed is a line with the base and the tax.
func taxed(name, line, ru, en string) Element {
	return Element{Name: name, Label: Saying{ru, en}, Optional: true, Attributes: []Attribute{
		at("НалБаза", line, ru+": налоговая база", en+": tax base", rublesKind),
		at("СумНал", line, ru+": налог", en+": tax", rublesKind),
	}}
}

func vatCalculated() Element {
	return Element{
		Name: "СумУпл164", Label: Saying{"Раздел 3. Расчёт налога", "Section 3. Calculation of the tax"}, Optional: true,
		Attributes: []Attribute{at("НалПУ164", "200 (210)", "Итого по разделу 3 (со знаком минус: к возмещению)", "Section 3 in all (negative: to refund)", rublesKind)},
		Children: []Element{
			{
				Name: "СумНалОб", Label: Saying{"Налог исчисленный", "Tax calculated"},
				Attributes: []Attribute{at("НалВосстОбщ", "118", "Налог с учётом восстановленных сумм, всего", "Tax with restored sums, in all", rublesKind)},
				Children: []Element{
					taxed("РеалТов20", "010", "Реализация по ставке 20 %", "Sales at 20 %"),
					taxed("РеалТов10", "020", "Реализация по ставке 10 %", "Sales at 10 %"),
					taxed("РеалТов20.120", "030", "Реализация по ставке 20/120", "Sales at 20/120"),
					taxed("РеалТов10.110", "040", "Реализация по ставке 10/110", "Sales at 10/110"),
					taxed("ВыпСМРСоб", "060", "Строительство для себя", "Construction for own use"),
					taxed("ОплПредПост", "070", "Полученная предоплата", "Prepayment received"),
					{Name: "СумНалВосст", Label: Saying{"Восстановленный налог", "Tax restored"}, Optional: true, Attributes: []Attribute{
						at("СумНалВс", "080", "Восстановлено, всего", "Restored, in all", rublesKind),
					}},
				},
			},
			{
				Name: "СумНалВыч", Label: Saying{"Вычеты", "Deductions"}, Optional: true,
				Attributes: []Attribute{
					optional(at("НалПредНППриоб", "120", "Налог, предъявленный поставщиками", "Tax charged by suppliers", rublesKind)),
					optional(at("НалПредНППок", "130", "Налог с выданной предоплаты", "Tax on prepayment made", rublesKind)),
					optional(at("НалИсчСМР", "140", "Налог со строительства для себя", "Tax on construction for own use", rublesKind)),
					optional(at("НалУплТамож", "150", "Налог, уплаченный таможне", "Tax paid to customs", rublesKind)),
					optional(at("НалУплНОТовТС", "160", "Налог, уплаченный при ввозе из ЕАЭС", "Tax paid on import from the EAEU", rublesKind)),
					optional(at("НалИсчПрод", "170", "Налог с зачтённой предоплаты", "Tax on prepayment set off", rublesKind)),
					optional(at("НалУплПокНА", "180", "Налог, уплаченный налоговым агентом", "Tax paid as a tax agent", rublesKind)),
					at("НалВычОбщ", "190", "Вычеты, всего", "Deductions, in all", rublesKind),
				},
			},
		},
	}
}

func vatZero() Element {
	return Element{
		Name: "НалПодтв0", Label: Saying{"Раздел 4. Ставка 0 % подтверждена", "Section 4. Rate of 0 % confirmed"}, Optional: true,
		Attributes: []Attribute{at("СумИсчисл", "120", "К возмещению по разделу 4", "To refund by section 4", rublesKind)},
		Children: []Element{{
			Name: "СумОпер4", Label: Saying{"Операция", "Operation"}, Many: 500,
			Attributes: []Attribute{
				at("КодОпер", "010", "Код операции", "Code of the operation", digits("code", 7, Saying{"код, 7 цифр", "a code of 7 digits"})),
				at("НалБаза", "020", "Налоговая база", "Tax base", rublesKind),
				at("НалВычПод", "030", "Вычеты", "Deductions", rublesKind),
			},
		}},
	}
}

func vatExempt() Element {
	return Element{
		Name: "ОперНеОбл", Label: Saying{"Раздел 7. Операции, не облагаемые налогом", "Section 7. Operations exempt from tax"}, Optional: true,
		Attributes: []Attribute{optional(at("ОплПостСв6Мес", "010", "Предоплата с длительным циклом производства", "Prepayment of long production", rublesKind))},
		Children: []Element{{
			Name: "СумОпер7", Label: Saying{"Операция", "Operation"}, Many: 20_000,
			Attributes: []Attribute{
				at("КодОпер", "1", "Код операции", "Code of the operation", digits("code", 7, Saying{"код, 7 цифр", "a code of 7 digits"})),
				at("СтРеалТов", "2", "Стоимость реализованного", "Value sold", rublesKind),
				at("СтПриобТов", "3", "Стоимость приобретённого", "Value bought", rublesKind),
				at("НалНеВыч", "4", "Налог, не подлежащий вычету", "Tax that cannot be deducted", rublesKind),
			},
		}},
	}
}

const vatOutput, vatInput = "СумУпл164/СумНалОб/", "СумУпл164/СумНалВыч/"

// rouble is what one rounding to whole roubles may differ by.
const rouble = 100

var vatRatios = []Ratio{
	{
		Code: "NDS.010", Left: vatOutput + "РеалТов20/@СумНал", Terms: share(vatOutput+"РеалТов20/@НалБаза", 20, 100), Tolerance: rouble, IfLeft: true,
		Label: Saying{"строка 010: налог = база × 20 %", "line 010: tax = base × 20 %"},
	},
	{
		Code: "NDS.020", Left: vatOutput + "РеалТов10/@СумНал", Terms: share(vatOutput+"РеалТов10/@НалБаза", 10, 100), Tolerance: rouble, IfLeft: true,
		Label: Saying{"строка 020: налог = база × 10 %", "line 020: tax = base × 10 %"},
	},
	{
		Code: "NDS.030", Left: vatOutput + "РеалТов20.120/@СумНал", Terms: share(vatOutput+"РеалТов20.120/@НалБаза", 20, 120), Tolerance: rouble, IfLeft: true,
		Label: Saying{"строка 030: налог = база × 20/120", "line 030: tax = base × 20/120"},
	},
	{
		Code: "NDS.040", Left: vatOutput + "РеалТов10.110/@СумНал", Terms: share(vatOutput+"РеалТов10.110/@НалБаза", 10, 110), Tolerance: rouble, IfLeft: true,
		Label: Saying{"строка 040: налог = база × 10/110", "line 040: tax = base × 10/110"},
	},
	{
		Code: "NDS.118", Left: vatOutput + "@НалВосстОбщ", IfLeft: true,
		Terms: plus(vatOutput+"РеалТов20/@СумНал", vatOutput+"РеалТов10/@СумНал", vatOutput+"РеалТов20.120/@СумНал",
			vatOutput+"РеалТов10.110/@СумНал", vatOutput+"ВыпСМРСоб/@СумНал", vatOutput+"ОплПредПост/@СумНал", vatOutput+"СумНалВосст/@СумНалВс"),
		Label: Saying{"строка 118 = сумма строк 010–080", "line 118 = sum of lines 010 to 080"},
	},
	{
		Code: "NDS.190", Left: vatInput + "@НалВычОбщ", IfLeft: true,
		Terms: plus(vatInput+"@НалПредНППриоб", vatInput+"@НалПредНППок", vatInput+"@НалИсчСМР", vatInput+"@НалУплТамож",
			vatInput+"@НалУплНОТовТС", vatInput+"@НалИсчПрод", vatInput+"@НалУплПокНА"),
		Label: Saying{"строка 190 = сумма строк 120–180", "line 190 = sum of lines 120 to 180"},
	},
	{
		Code: "NDS.200", Left: "СумУпл164/@НалПУ164", IfLeft: true, Terms: plus(vatOutput+"@НалВосстОбщ", "-"+vatInput+"@НалВычОбщ"),
		Label: Saying{"строка 200 (210) = строка 118 − строка 190", "line 200 (210) = line 118 − line 190"},
	},
	{
		Code: "NDS.120", Left: "НалПодтв0/@СумИсчисл", IfLeft: true, Terms: plus("НалПодтв0/СумОпер4/@НалВычПод"),
		Label: Saying{"раздел 4, строка 120 = сумма строк 030", "section 4, line 120 = sum of lines 030"},
	},
	{
		Code: "NDS.040.1", Left: "СумУплНП/@СумПУ_173.1", Terms: plus("СумУпл164/@НалПУ164", "-НалПодтв0/@СумИсчисл"),
		Label: Saying{"раздел 1, строка 040 (050) = раздел 3, строка 200 (210) − раздел 4, строка 120", "section 1, line 040 (050) = section 3, line 200 (210) − section 4, line 120"},
	},
}
