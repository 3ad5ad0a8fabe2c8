package directory

import (
	"slices"
	"strings"
)

// PowerCode is one entry of the classifier of powers: what a power of attorney
// names, and what that opens in the cabinet.
type PowerCode struct {
	Code        string
	Permissions []Permission // none: the power is for elsewhere and opens nothing here
	labels
}

// Label says what the power allows in lang ("en", anything else is Russian).
func (c PowerCode) Label(lang string) string { return c.in(lang) }

// FullTaxPower is the classifier's "everything before the tax authority".
const FullTaxPower = "2_FNS99"

// powerTable is the classifier: the codes of the tax service as its forms use
// them, then those of this cabinet. A power never opens the management of
// members, applications or powers themselves: who may act for an organisation is
// decided by its own people.
var powerTable = append(append([]PowerCode{
	{"2_FNS02", []Permission{FilingsRead, FilingsWrite, FilingsSign}, labels{
		"Подписание и представление налоговых деклараций и другой отчётности", "Sign and submit tax returns and other reports"}},
	{"2_FNS03", []Permission{DocumentsRead, RequestsRead}, labels{
		"Получение документов в налоговом органе", "Receive documents of the tax authority"}},
	{"2_FNS05", []Permission{RequestsRead, RequestsWrite}, labels{
		"Представление документов для постановки на учёт", "Submit documents to be registered for tax"}},
	{"2_FNS06", []Permission{RequestsRead, RequestsWrite}, labels{
		"Представление документов об изменении сведений учёта", "Submit documents that change the tax registration"}},
	{"2_FNS07", []Permission{RequestsRead, RequestsWrite}, labels{
		"Представление документов для снятия с учёта", "Submit documents to end the tax registration"}},
	{"2_FNS17", []Permission{RequestsRead, RequestsWrite, FinanceRead}, labels{
		"Заявление о возврате или зачёте налога", "Apply for a refund or offset of tax"}},
	{FullTaxPower, []Permission{
		FilingsRead, FilingsWrite, FilingsSign, ExtractsRead, DocumentsRead, DocumentsWrite, DocumentsSign,
		RequestsRead, RequestsWrite, FinanceRead,
	}, labels{"Все полномочия перед налоговым органом", "Everything before the tax authority"}},
}, otherTaxPowers()...), []PowerCode{
	{"CAB_OPEN", nil, labels{
		"Создание личного кабинета организации", "Open the organisation's cabinet"}},
	{"CAB_ORGANIZATION", []Permission{OrganizationRead}, labels{
		"Вход в личный кабинет и просмотр данных организации", "Enter the cabinet and view the organisation's details"}},
	{"CAB_MEMBERS_VIEW", []Permission{MembersRead}, labels{
		"Просмотр сотрудников в личном кабинете", "View the members in the cabinet"}},
	{"CAB_JOURNAL_VIEW", []Permission{JournalRead}, labels{
		"Просмотр журнала действий", "View the journal"}},
	{"CAB_FILINGS_VIEW", []Permission{FilingsRead}, labels{
		"Просмотр отчётности в личном кабинете", "View filings in the cabinet"}},
	{"CAB_FILINGS_PREPARE", []Permission{FilingsRead, FilingsWrite}, labels{
		"Подготовка отчётности в личном кабинете", "Prepare filings in the cabinet"}},
	{"CAB_FILINGS_SIGN", []Permission{FilingsRead, FilingsWrite, FilingsSign}, labels{
		"Подписание и отправка отчётности в личном кабинете", "Sign and send filings in the cabinet"}},
	{"CAB_EXTRACTS", []Permission{ExtractsRead}, labels{
		"Заказ и получение выписок и справок", "Order and receive extracts and certificates"}},
	{"CAB_DOCUMENTS_VIEW", []Permission{DocumentsRead}, labels{
		"Просмотр документов в личном кабинете", "View documents in the cabinet"}},
	{"CAB_DOCUMENTS_MANAGE", []Permission{DocumentsRead, DocumentsWrite}, labels{
		"Загрузка и изменение документов в личном кабинете", "Upload and change documents in the cabinet"}},
	{"CAB_DOCUMENTS_SIGN", []Permission{DocumentsRead, DocumentsSign}, labels{
		"Подписание документов в личном кабинете", "Sign documents in the cabinet"}},
	{"CAB_REQUESTS_VIEW", []Permission{RequestsRead}, labels{
		"Просмотр заявлений и обращений", "View applications and appeals"}},
	{"CAB_REQUESTS_FILE", []Permission{RequestsRead, RequestsWrite}, labels{
		"Подача заявлений и обращений, ответы на требования", "File applications and appeals, answer requirements"}},
	{"CAB_FINANCE_VIEW", []Permission{FinanceRead}, labels{
		"Просмотр начислений и платежей", "View charges and payments"}},
	{"CAB_FINANCE_PAY", []Permission{FinanceRead, FinanceWrite}, labels{
		"Платежи и счета", "Make payments and invoices"}},
	{"CAB_TENDERS_VIEW", []Permission{TendersRead}, labels{
		"Просмотр закупок и заявок на участие", "View tenders and applications for them"}},
	{"CAB_TENDERS_PREPARE", []Permission{TendersRead, TendersWrite}, labels{
		"Подготовка заявок на участие в закупках", "Prepare applications for tenders"}},
	{"CAB_TENDERS_SIGN", []Permission{TendersRead, TendersWrite, TendersSign}, labels{
		"Подписание и отправка заявок на участие в закупках", "Sign and send applications for tenders"}},
	{"CAB_POWERS_VIEW", []Permission{PowersRead}, labels{
		"Просмотр доверенностей организации", "View the organisation's powers of attorney"}},
}...)

// otherTaxPowers are the codes of the tax service's classifier for matters that
// this cabinet does not do. A form may name them; they open nothing here.
func otherTaxPowers() (list []PowerCode) {
	for _, code := range []string{
		"2_FNS08", "2_FNS09", "2_FNS10", "2_FNS11", "2_FNS18", "2_FNS19",
		"2_FNS20", "2_FNS21", "2_FNS22", "2_FNS23", "2_FNS24", "2_FNS25",
		"2_FNS28", "2_FNS29", "2_FNS30", "2_FNS31", "2_FNS32", "2_FNS33",
		"2_FNS35", "2_FNS36", "2_FNS37", "2_FNS38", "2_FNS39", "2_FNS40",
		"FNS_OFR_340FZ", "FNS_OFR_173FZ",
	} {
		list = append(list, PowerCode{Code: code, labels: labels{
			"Полномочие " + code + " классификатора ФНС: действует вне личного кабинета",
			"Power " + code + " of the tax service's classifier: used outside the cabinet",
		}})
	}
	return list
}

var powerIndex = func() map[string]PowerCode {
	index := make(map[string]PowerCode, len(powerTable))
	for _, entry := range powerTable {
		index[entry.Code] = entry
	}
	return index
}()

// PowerCodes is the classifier, in the order in which it is shown.
func PowerCodes() []PowerCode { return slices.Clone(powerTable) }

// FindPowerCode looks a code up in the classifier.
func FindPowerCode(code string) (PowerCode, bool) {
	entry, ok := powerIndex[code]
	return entry, ok
}

// powersSet is what the codes open together: beside what they list, the
// organisation itself can be seen, or nobody could enter it.
func powersSet(codes []string) permissionSet {
	set := permissionBits[OrganizationRead]
	for _, code := range codes {
		set |= setOf(powerIndex[code].Permissions)
	}
	return set
}

// codesCovered reports whether each of the codes may be handed on by who holds
// held: it is among them, or the full power before the tax authority covers it,
// or it is of this cabinet and opens nothing that held does not open.
func codesCovered(codes, held []string) bool {
	set := powersSet(held)
	for _, code := range codes {
		switch {
		case slices.Contains(held, code):
		case strings.HasPrefix(code, "2_FNS") && slices.Contains(held, FullTaxPower):
		case strings.HasPrefix(code, "CAB_") && len(powerIndex[code].Permissions) > 0 && set.covers(setOf(powerIndex[code].Permissions)):
		default:
			return false
		}
	}
	return true
}
