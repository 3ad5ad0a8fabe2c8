// Package requisite is what a payment to the budget must name, and the checks of it:
// УИН, КБК, ОКТМО, the payee with his account, and the fields of приказ 107н.
//
// It also writes payment orders as bank clients read them (1CClientBankExchange
// 1.03). It must not know accruals, payments or organisations of the house.
package requisite
