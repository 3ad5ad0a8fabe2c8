package report

// refund is the request to pay back what was overpaid (row 182: запрос на возврат
// налогов), with the account it goes to, КНД 1150058.
func refund() *Type {
	t := &Type{
		ID: "NO_ZAYVOZVR", KND: "1150058", Version: "5.02", Group: Refund, Recipient: taxService,
		Name:    Saying{"Заявление о возврате налога", "Request for a tax refund"},
		Periods: append(append([]Period{}, quarters[:4]...), half, nine, year), Formats: everyFormat, Several: true,
		AmountPath: "ЗаявВозв/@СумВозв", more: refundAccount,
	}
	t.Periods[0] = first // the first quarter has one code in both lists
	t.schema = document(t, []Option{placeLegal, placeLarge, placeSole}, Element{
		Name: "ЗаявВозв", Label: t.Name,
		Attributes: []Attribute{
			at("СумВозв", "", "Сумма к возврату", "Sum to refund", moneyKind),
			at("КБК", "", "КБК налога", "КБК of the tax", kbkKind),
			at("ОКТМО", "", "Код ОКТМО", "ОКТМО code", oktmoKind),
			at("Основание", "", "Основание возврата", "Ground of the refund", choice(
				option("1", "излишне уплачено", "overpaid"),
				option("2", "излишне взыскано", "collected in excess"),
				option("3", "налог к возмещению", "tax to be refunded"))),
		},
		Children: []Element{{
			Name: "СчБанк", Label: Saying{"Счёт для возврата", "Account"},
			Attributes: []Attribute{
				at("БИК", "", "БИК банка", "Bank's БИК", bikKind),
				at("НаимБанк", "", "Наименование банка", "Bank", text(160)),
				at("НомСч", "", "Номер счёта", "Account number", accountKind),
				at("ИмяПолуч", "", "Получатель", "Payee", text(160)),
			},
		}},
	})
	return t
}

// refundAccount checks what a schema cannot: the account against its bank, and
// that something is asked for.
func refundAccount(c *collector, body *Node, path string) {
	bank := body.Child("СчБанк")
	if bank == nil {
		return
	}
	bik, _ := bank.Attribute("БИК")
	account, _ := bank.Attribute("НомСч")
	if bikKind.valid(bik) && accountKind.valid(account) && !ValidAccount(bik, account) {
		c.add("account_mismatch", bank.at, path+"/СчБанк/@НомСч", account).with("bik", bik)
	}
	if sum, at, present, ok := total(body, "@СумВозв"); present && ok && sum <= 0 {
		c.add("amount_not_positive", at, path+"/@СумВозв", rubles(sum))
	}
}
