package requisite

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/encoding/charmap"
)

// Order is one payment order (форма 0401060, положение Банка России № 762-П).
type Order struct {
	Number  string
	Date    time.Time
	Amount  int64 // kopecks
	Payer   Party
	From    Account
	To      Requisites
	Purpose string
}

// Exchange is a file of payment orders for a bank client: 1CClientBankExchange 1.03
// in windows-1251 with CRLF (v8.1c.ru/edi/edi_stnd/100). All orders are from one
// account. The same orders at the same time make the same bytes.
func Exchange(sender string, at time.Time, orders []Order) []byte {
	w := &exchange{}
	first, last := orders[0].Date, orders[0].Date
	for _, o := range orders {
		if o.Date.Before(first) {
			first = o.Date
		}
		if o.Date.After(last) {
			last = o.Date
		}
	}
	w.line("1CClientBankExchange")
	w.fields(
		"ВерсияФормата", "1.03", "Кодировка", "Windows", "Отправитель", sender, "Получатель", "",
		"ДатаСоздания", day(at), "ВремяСоздания", at.Format("15:04:05"), "ДатаНачала", day(first), "ДатаКонца", day(last),
		"РасчСчет", orders[0].From.Number, "Документ", "Платежное поручение",
	)
	for _, o := range orders {
		w.order(o)
	}
	w.line("КонецФайла")
	return w.Bytes()
}

type exchange struct{ bytes.Buffer }

func (w *exchange) order(o Order) {
	w.line("СекцияДокумент=Платежное поручение")
	w.fields("Номер", o.Number, "Дата", day(o.Date), "Сумма", sum(o.Amount))
	w.fields(
		"ПлательщикСчет", o.From.Number, "Плательщик", "ИНН "+o.Payer.INN+" "+o.Payer.Name, "ПлательщикИНН", o.Payer.INN,
		"ПлательщикКПП", o.Payer.KPP, "Плательщик1", o.Payer.Name, "ПлательщикРасчСчет", o.From.Number,
		"ПлательщикБанк1", o.From.Bank, "ПлательщикБИК", o.From.BIC, "ПлательщикКорсчет", o.From.Correspondent,
	)
	to := o.To
	w.fields(
		"ПолучательСчет", to.Account.Number, "Получатель", "ИНН "+to.Payee.INN+" "+to.Payee.Name, "ПолучательИНН", to.Payee.INN,
		"ПолучательКПП", to.Payee.KPP, "Получатель1", to.Payee.Name, "ПолучательРасчСчет", to.Account.Number,
		"ПолучательБанк1", to.Account.Bank, "ПолучательБИК", to.Account.BIC, "ПолучательКорсчет", to.Account.Correspondent,
	)
	b := to.Budget
	w.fields(
		"ВидПлатежа", "", "ВидОплаты", "01", "Код", b.UIN, "СтатусСоставителя", b.PayerStatus, "ПоказательКБК", b.KBK, "ОКАТО", b.OKTMO,
		"ПоказательОснования", zero(b.Basis), "ПоказательПериода", zero(b.TaxPeriod), "ПоказательНомера", zero(b.DocumentNumber),
		"ПоказательДаты", zero(b.DocumentDate), "Очередность", "5", "НазначениеПлатежа", o.Purpose,
	)
	w.line("КонецДокумента")
}

// fields writes pairs of a name and a value.
func (w *exchange) fields(pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		w.line(pairs[i] + "=" + pairs[i+1])
	}
}

// line writes one line; a control character in a value, which could begin another
// field, becomes a blank, and a letter that windows-1251 lacks a question mark.
func (w *exchange) line(text string) {
	for _, r := range text {
		if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 {
			r = ' '
		}
		b, known := charmap.Windows1251.EncodeRune(r)
		if !known {
			b = '?'
		}
		w.WriteByte(b)
	}
	w.WriteString("\r\n")
}

func day(t time.Time) string { return t.Format("02.01.2006") }

// sum writes kopecks as 1234.56.
func sum(kopecks int64) string {
	return strconv.FormatInt(kopecks/100, 10) + fmt.Sprintf(".%02d", kopecks%100)
}

// zero is what a field of a payment to the budget has when it says nothing (107н).
func zero(s string) string {
	if strings.TrimSpace(s) == "" {
		return "0"
	}
	return s
}
