package sandbox

import (
	"time"

	"propusk/cabinet/authority"
)

// extractRules answer requests for certificates: each kind with facts of its own,
// and one with a name that nobody knows with a conclusion alone. Amounts are in
// kopecks, days in ISO 8601, rows of a table are "<table>.<n>.<column>".
func extractRules() []Rule {
	made := func(kind string, facts map[string]string) Rule {
		return Rule{Name: "extract " + kind, Match: Match{Kind: "extract", Report: kind}, Answers: []Step{
			{Event: authority.InWork, After: Duration(50 * time.Millisecond)},
			{Event: authority.Result, After: Duration(300 * time.Millisecond), Fields: facts},
		}}
	}
	return []Rule{
		made("tax_status", map[string]string{"state": "Состоит на учёте", "since": "2019-04-15", "regime": "Общая система налогообложения", "as_of": "2026-11-20"}),
		made("tax_debt", map[string]string{
			"as_of": "2026-11-20", "debt": "1284350", "conclusion": "Имеется задолженность",
			"debts.1.name": "Налог на добавленную стоимость", "debts.1.kbk": "18210301000011000110", "debts.1.amount": "1250000",
			"debts.2.name": "Пени", "debts.2.kbk": "18210301000012100110", "debts.2.amount": "34350",
		}),
		made("tax_balance", map[string]string{
			"as_of": "2026-11-20", "balance": "4570000",
			"operations.1.date": "2026-10-28", "operations.1.name": "Поступление", "operations.1.amount": "10000000",
			"operations.2.date": "2026-10-28", "operations.2.name": "Начислен НДС", "operations.2.amount": "-5430000",
		}),
		made("open_accounts", map[string]string{
			"as_of": "2026-11-20", "accounts.1.number": "40702810138250123017", "accounts.1.bank": "Банк «Демонстрационный»",
			"accounts.1.bic": "044525225", "accounts.1.opened": "2019-05-02",
		}),
		made("tax_regime", map[string]string{"regime": "Упрощённая система налогообложения", "applied": "Да", "since": "2024-01-01", "object": "Доходы", "as_of": "2026-11-20"}),
		made("", map[string]string{"conclusion": "Сведения отсутствуют", "as_of": "2026-11-20"}),
	}
}
