package payment_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/payment/paymenttest"
	"propusk/cabinet/payment/provider"
	"propusk/cabinet/web/payment"
	"propusk/cabinet/web/request"
	"propusk/cabinet/web/webtest"
	"propusk/idp/directory"
	"propusk/storage"
)

type world struct {
	*webtest.World
	room   *paymenttest.Room
	office *cabinettest.Office
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{}
	w.World = webtest.New(t, func(b cabinettest.Base) []api.Room {
		w.room = paymenttest.New(t, b)
		return w.room.Rooms()
	}, payment.Room(), request.Room())
	w.office = w.Office("Mayak", directory.Accountant, directory.Manager)
	return w
}

// TestAnAccrualIsFoundPaidAndReceipted goes the way of a person who pays.
func TestAnAccrualIsFoundPaidAndReceipted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn(w.office, directory.Administrator)
	b.Open("/cabinet/finance").Is(200).Says("Начислений нет", "Платить нечего")
	accruals := w.room.Accruals(t, w.office, 2)
	b = w.SignIn(w.office, directory.Administrator) // some minutes have gone by
	list := b.Open("/cabinet/finance").Is(200).Says("3 000,00", "2 начисления", "Штраф Mayak", "Ожидает оплаты", "УФК Mayak")
	b.Open("/cabinet/finance?kind=tax").Is(200).Says("Таких начислений нет")
	b.Open("/cabinet/finance?period=month&sort=-amount&status=unpaid&payee=7700000009&q=штраф").Is(200)
	b.Open("/cabinet/finance?from=31.02.2026").Is(http.StatusBadRequest).Says("Проверьте")
	b.Open("/cabinet/finance?sort=amount").Is(200)
	if !strings.HasPrefix(b.Open("/cabinet/finance/export?format=xlsx").Is(200).Body, "PK") {
		t.Error("no workbook")
	}
	if !strings.Contains(list.Body, "/cabinet/finance/accruals/"+accruals[0].ID) {
		t.Error("no link to the card")
	}
	b.Open("/cabinet/finance/accruals/"+accruals[0].ID).Is(200).Says("Реквизиты для оплаты", "18811601123010001140", "КоАП РФ", "Оплатить 1 500,00", accruals[0].UIN)
	pay := "/cabinet/finance/pay?id=" + accruals[0].ID + "&id=" + accruals[1].ID
	b.Open("/cabinet/finance/pay").At("/cabinet/finance").Says("Выберите от одного до 20")
	p := b.Open(pay).Is(200).Says("3 000,00", "Данные карты вводятся на странице платёжного сервиса").Fill("Способ оплаты", "СБП по QR-коду").Submit("Оплатить")
	p.Is(200).Says("Платёж № 1", "Платёж создан")
	w.Work()
	p = b.Open(p.Path).Is(200).Says("Перейти к оплате", "QR-код")
	if !strings.Contains(p.Body, `href="https://pay.example/p/`) || !strings.HasPrefix(b.Open(p.Path+"/qr").Is(200).Body, "\x89PNG") {
		t.Error("nowhere to pay")
	}
	b.Open(pay).Submit("Оплатить").Is(http.StatusConflict).Says("По нему начат платёж")
	id := p.Path[strings.LastIndexByte(p.Path, '/')+1:]
	if got := b.Open(p.Path + "/progress?seen=sent"); !strings.Contains(got.Body, `"over":false`) {
		t.Errorf("%s", got.Body)
	}
	w.Expect(w.Send(w.room.Provider.Callback(t, w.room.Provider.Decide(id, provider.Paid))), 204, "")
	w.Work()
	b.Open(p.Path).Is(200).Says("Оплачено", "Скачать квитанцию", "REF-1")
	if !strings.HasPrefix(b.Open(p.Path+"/receipt").Is(200).Body, "%PDF") {
		t.Error("no receipt")
	}
	b.Open(p.Path + "/receipt?part=p7s").Is(200)
	b.Open("/cabinet/finance/payments").Is(200).Says("№ 1", "Оплачен")
	b.Open("/cabinet/finance/payments?status=refused").Is(200).Says("Таких платежей нет")
	b.Open("/cabinet/finance/payments?status=x").Is(http.StatusBadRequest)
	// Row 215: the history is narrowed by dates and sums, and exported as it is narrowed.
	past := b.Open("/cabinet/finance/payments?sum_from=3+000&sum_to=3000,00").Is(200).Says("№ 1")
	b.Open("/cabinet/finance/payments?sum_from=3000,01").Is(200).Says("Таких платежей нет")
	b.Open("/cabinet/finance/payments?sum_from=5&sum_to=4").Is(http.StatusBadRequest)
	b.Open("/cabinet/finance/payments?sum_from=many").Is(http.StatusUnprocessableEntity).Says("Введите сумму в рублях")
	b.Open("/cabinet/finance/payments?from=01.01.2001&to=02.01.2001").Is(200).Says("Таких платежей нет")
	if got := past.Follow("PDF Скачать историю платежей"); !strings.HasPrefix(got.Body, "%PDF") {
		t.Errorf("the export is %.40q", got.Body)
	}
	b.In("en").Open("/cabinet/finance").Is(200).Says("Nothing is to be paid")
}

// TestMoneyAsksForARecentSignIn: the desk brings the person through it, back to the form.
func TestMoneyAsksForARecentSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.room.Accruals(t, w.office, 1)[0]
	b := w.SignIn(w.office, directory.Administrator)
	form := b.Open("/cabinet/finance/pay?id="+a.ID).Is(200).Fill("Способ оплаты", "Электронный кошелёк")
	w.Change = func(claims map[string]any) { claims["auth_time"] = w.Clock.Now().Add(-time.Hour).Unix() }
	b2 := w.SignIn(w.office, directory.Administrator)
	stale := b2.Open("/cabinet/finance/pay?id="+a.ID).Is(200).Fill("Способ оплаты", "Электронный кошелёк")
	w.Change = nil
	back := stale.Submit("Оплатить").At("/cabinet/finance/pay").Is(200)
	if back.Value("Способ оплаты") != "wallet" {
		t.Errorf("the method is forgotten: %q", back.Value("Способ оплаты"))
	}
	back.Submit("Оплатить").Says("Платёж № 1")
	form.Submit("Оплатить").Is(http.StatusConflict).Says("По нему начат платёж")
}

func TestWhoMayNotPaySeesWhomToAsk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.room.Accruals(t, w.office, 1)[0]
	b := w.SignIn(w.office, directory.Accountant)
	b.Open("/cabinet/finance").Is(200).Says("Штраф Mayak").Lacks("Оплатить выбранные")
	b.Open("/cabinet/finance/accruals/" + a.ID).Is(200)
	b.Open("/cabinet/finance/pay?id=" + a.ID).Is(200).Lacks("Способ оплаты")
	b.Open("/cabinet/finance/accounts").Is(200).Says("В профиле нет счетов")
	w.SignIn(w.office, directory.Manager).Open("/cabinet/finance").Is(http.StatusForbidden)
	other := w.Office("Other", directory.Administrator)
	stranger := w.SignIn(other, directory.Administrator)
	stranger.Open("/cabinet/finance/accruals/" + a.ID).Is(http.StatusNotFound)
	stranger.Open("/cabinet/finance/pay?id=" + a.ID).Is(http.StatusNotFound)
	stranger.Open("/cabinet/finance/payments/" + storage.NewID()).Is(http.StatusNotFound)
}

func TestReportsLeadToTheTicket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.room.Accruals(t, w.office, 1)[0]
	b := w.SignIn(w.office, directory.Administrator)
	at := "/cabinet/finance/accruals/" + a.ID
	b.Open(at + "/problem").Is(200).Submit("Отправить").Is(http.StatusUnprocessableEntity).Says("Выберите причину")
	b.Open(at+"/problem").Fill("Причина", "Неверная сумма").Fill("Что не так", "Вдвое больше").Submit("Отправить").Is(200).Says("Сообщение отправлено", a.UIN)
	b.Open(at).Says("Обращения о начислении")
}

// TestAnAccountIsLinkedAndPaidFrom with the signature of the organisation.
func TestAnAccountIsLinkedAndPaidFrom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.room.Bank(t, w.office)
	a := w.room.Accruals(t, w.office, 1)[0]
	b := w.SignIn(w.office, directory.Administrator)
	p := b.Open("/cabinet/finance/accounts").Is(200).Says(paymenttest.AccountNumber).Submit("Привязать").Is(200).Says("Код отправлен")
	p.Fill("Код из сообщения", "00").Submit("Привязать").Is(http.StatusUnprocessableEntity)
	p.Fill("Код из сообщения", w.room.Code(t, w.office)).Submit("Привязать").At("/cabinet/finance/accounts").Says("Привязан", "можно платить")
	p = b.Open("/cabinet/finance/pay?id=" + a.ID).Is(200)
	p = p.Fill("Способ оплаты", "Со счёта …1234, Банк «Столичный»").Submit("Оплатить").Is(200).Says("Подписать платёж № 1", "1 поручение")
	at := strings.TrimSuffix(p.Path, "/sign")
	orders := b.Open(at + "/orders").Is(200).Body
	if !strings.HasPrefix(orders, "1CClientBankExchange") {
		t.Errorf("%q", orders)
	}
	b.Post(at+"/sign", url.Values{}).Is(http.StatusConflict) // without the form's own fields
	p.Choose("Загрузите файл подписи", "orders.sig", w.room.Holder(t, w.office).Sign(t, []byte(orders+"x"))).Submit("Отправить подпись").Is(http.StatusUnprocessableEntity)
	b.Open(at).Says("Подписать и отправить в банк", "Отменить платёж")
	p = b.Open(at+"/sign").Choose("Загрузите файл подписи", "orders.sig", w.room.Holder(t, w.office).Sign(t, []byte(orders))).Submit("Отправить подпись")
	p.Is(200).Says("Поручения подписаны")
	b.Open(at + "/sign").At(at)
	b.Open("/cabinet/finance/accounts").Submit("Отвязать").Says("Счёт отвязан")
}

// TestAccrualsAreAskedForByHand, and what came of it is told.
func TestAccrualsAreAskedForByHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn(w.office, directory.Accountant)
	b.Open("/cabinet/finance").Submit("Запросить сейчас").At("/cabinet/finance").Says("Начисления запрошены")
	bad := w.room.Charge(w.office)
	bad.KBK = "1"
	w.room.Tell(t, w.office, bad)
	b.Open("/cabinet/finance").Is(200).Says("1 начисление из ответа не принято")
}
