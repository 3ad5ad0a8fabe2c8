package extract

import (
	"slices"

	"propusk/idp/directory"
)

// source says where the content comes from.
type source int

const (
	fromRegister  source = iota // authority.Registry, at once
	fromAuthority               // authority.Gateway, when the body answers
)

// periodRule says whether an order names a period.
type periodRule string

const (
	noPeriod       periodRule = "none"
	optionalPeriod periodRule = "optional"
	periodNeeded   periodRule = "required"
)

// Type is one kind of extract that can be ordered.
type Type struct {
	id        string // stable; also the kind by which powers of attorney are limited
	name      words
	about     words
	body      words // in whose name the facts are
	source    source
	serving   []string // kinds of organisations
	period    periodRule
	years     int // the longest period
	params    []parameter
	validDays int // 0: it holds for its day for ever
	fields    []fact
	tables    []factTable
	usually   words // how long it takes
}

// parameter is what an order of the type says beside the period.
type parameter struct {
	id       string
	name     words
	required bool
	values   []option // one of these
}

type option struct {
	id   string
	name words
}

// fact is one value that an authority answers, by its name on the wire.
type fact struct {
	id   string
	name words
	kind factKind
}

// factTable is a list of rows that an authority answers as "<id>.<n>.<column>".
type factTable struct {
	id      string
	name    words
	columns []fact
}

type factKind int

const (
	factText factKind = iota
	factMoney
	factDate
	factNumber
)

var (
	legalOnly = []string{directory.KindLegal}
	soleOnly  = []string{directory.KindSole}
	everybody = []string{directory.KindLegal, directory.KindSole}

	taxService = words{"Федеральная налоговая служба", "Federal Tax Service"}
	atOnce     = words{"Обычно менее минуты", "Usually less than a minute"}
	oneDay     = words{"До одного рабочего дня", "Up to one working day"}
	fiveDays   = words{"До пяти рабочих дней", "Up to five working days"}
)

// catalogue is everything that can be ordered, in the order in which it is shown.
var catalogue = []Type{
	{
		id: "egrul", source: fromRegister, serving: legalOnly, period: noPeriod, validDays: 30, usually: atOnce, body: taxService,
		name:  words{"Выписка из ЕГРЮЛ", "Extract from the register of legal entities"},
		about: words{"Все сведения реестра об организации: наименование, адрес, руководитель, участники, капитал, виды деятельности, записи.", "Everything the register holds on the organisation: name, address, head, members, capital, activities, entries."},
	},
	{
		id: "egrip", source: fromRegister, serving: soleOnly, period: noPeriod, validDays: 30, usually: atOnce, body: taxService,
		name:  words{"Выписка из ЕГРИП", "Extract from the register of sole proprietors"},
		about: words{"Все сведения реестра об индивидуальном предпринимателе.", "Everything the register holds on the sole proprietor."},
	},
	{
		id: "tax_registration", source: fromRegister, serving: everybody, period: noPeriod, validDays: 30, usually: atOnce, body: taxService,
		name:  words{"Справка о постановке на налоговый учёт", "Certificate of tax registration"},
		about: words{"ИНН, КПП, дата постановки на учёт и налоговый орган.", "INN, KPP, the date of registration and the tax office."},
	},
	{
		id: "tax_status", source: fromAuthority, serving: everybody, period: noPeriod, validDays: 30, usually: oneDay, body: taxService,
		name:   words{"Справка о статусе налогоплательщика", "Certificate of taxpayer status"},
		about:  words{"Подтверждает статус налогоплательщика Российской Федерации и применяемую систему налогообложения.", "Confirms the status of a taxpayer of the Russian Federation and the system of taxation."},
		fields: []fact{{"state", words{"Статус", "Status"}, factText}, {"since", words{"Состоит на учёте с", "Registered since"}, factDate}, {"regime", words{"Система налогообложения", "System of taxation"}, factText}, {"office", words{"Налоговый орган", "Tax office"}, factText}, {"as_of", words{"По состоянию на", "As of"}, factDate}},
	},
	{
		id: "tax_debt", source: fromAuthority, serving: everybody, period: periodNeeded, years: 3, validDays: 10, usually: fiveDays, body: taxService,
		name:   words{"Справка о наличии (отсутствии) задолженности по налогам", "Certificate of tax debt or its absence"},
		about:  words{"Задолженность по налогам, сборам, страховым взносам, пеням и штрафам за период.", "Debt on taxes, duties, contributions, interest and fines for the period."},
		fields: []fact{{"as_of", words{"По состоянию на", "As of"}, factDate}, {"debt", words{"Задолженность, всего", "Debt, total"}, factMoney}, {"conclusion", words{"Вывод", "Conclusion"}, factText}},
		tables: []factTable{{"debts", words{"Задолженность по видам платежей", "Debt by payment"}, []fact{{"name", words{"Платёж", "Payment"}, factText}, {"kbk", words{"КБК", "KBK"}, factText}, {"amount", words{"Сумма", "Amount"}, factMoney}}}},
	},
	{
		id: "tax_balance", source: fromAuthority, serving: everybody, period: optionalPeriod, years: 3, validDays: 10, usually: oneDay, body: taxService,
		name:   words{"Справка о сальдо единого налогового счёта", "Certificate of the balance of the single tax account"},
		about:  words{"Положительное, отрицательное или нулевое сальдо единого налогового счёта.", "The positive, negative or zero balance of the single tax account."},
		fields: []fact{{"as_of", words{"По состоянию на", "As of"}, factDate}, {"balance", words{"Сальдо", "Balance"}, factMoney}},
		tables: []factTable{{"operations", words{"Операции", "Operations"}, []fact{{"date", words{"Дата", "Date"}, factDate}, {"name", words{"Операция", "Operation"}, factText}, {"amount", words{"Сумма", "Amount"}, factMoney}}}},
	},
	{
		id: "open_accounts", source: fromAuthority, serving: everybody, period: noPeriod, validDays: 30, usually: fiveDays, body: taxService,
		name:   words{"Справка об открытых банковских счетах", "Certificate of open bank accounts"},
		about:  words{"Счета, об открытии которых банки сообщили налоговому органу.", "Accounts of whose opening banks have told the tax office."},
		fields: []fact{{"as_of", words{"По состоянию на", "As of"}, factDate}},
		tables: []factTable{{"accounts", words{"Открытые счета", "Open accounts"}, []fact{{"number", words{"Номер счёта", "Account"}, factText}, {"bank", words{"Банк", "Bank"}, factText}, {"bic", words{"БИК", "BIC"}, factText}, {"opened", words{"Открыт", "Opened"}, factDate}}}},
	},
	{
		id: "tax_regime", source: fromAuthority, serving: everybody, period: noPeriod, validDays: 30, usually: oneDay, body: taxService,
		name:   words{"Справка о применении специального налогового режима", "Certificate of a special tax regime"},
		about:  words{"Подтверждает применение выбранного специального налогового режима.", "Confirms that the chosen special tax regime is applied."},
		params: []parameter{{"regime", words{"Режим", "Regime"}, true, []option{{"usn", words{"Упрощённая система налогообложения", "Simplified taxation"}}, {"eshn", words{"Единый сельскохозяйственный налог", "Single agricultural tax"}}, {"psn", words{"Патентная система налогообложения", "Patent system"}}, {"ausn", words{"Автоматизированная упрощённая система", "Automated simplified taxation"}}}}},
		fields: []fact{{"regime", words{"Режим", "Regime"}, factText}, {"applied", words{"Применяется", "Applied"}, factText}, {"since", words{"С даты", "Since"}, factDate}, {"object", words{"Объект налогообложения", "Object of taxation"}, factText}, {"as_of", words{"По состоянию на", "As of"}, factDate}},
	},
}

// typeOf finds a type by its id.
func typeOf(id string) (Type, bool) {
	at := slices.IndexFunc(catalogue, func(t Type) bool { return t.id == id })
	if at < 0 {
		return Type{}, false
	}
	return catalogue[at], true
}

// Kinds are the ids of all types, by which powers of attorney may be limited.
func Kinds() []string {
	ids := make([]string, len(catalogue))
	for i, t := range catalogue {
		ids[i] = t.id
	}
	return ids
}

// serves reports whether organisations of the kind can order it.
func (t Type) serves(kind string) bool { return slices.Contains(t.serving, kind) }

func (t Type) parameter(id string) (parameter, bool) {
	at := slices.IndexFunc(t.params, func(p parameter) bool { return p.id == id })
	if at < 0 {
		return parameter{}, false
	}
	return t.params[at], true
}

func (p parameter) option(id string) (option, bool) {
	at := slices.IndexFunc(p.values, func(o option) bool { return o.id == id })
	if at < 0 {
		return option{}, false
	}
	return p.values[at], true
}

// KindName is what the type of an id is called in Russian and English.
func KindName(id string) (ru, en string, known bool) {
	t, known := typeOf(id)
	return t.name.ru, t.name.en, known
}
