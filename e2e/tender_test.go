package e2e

import (
	"path/filepath"
	"testing"
)

// TestABidIsFilledSignedAndRegistered: from the notice to the register's answer, signed
// in the page by a key file.
func TestABidIsFilledSignedAndRegistered(t *testing.T) {
	t.Parallel()
	s := demo(t)
	e := openEyes(t, "cabinet-tender")
	e.entersCabinet(s, s.named(t, "irina."), "/cabinet/tenders")
	e.reloadsUntil("Поставка приборов для гидрографических изысканий") // as the register tells
	e.goes("Поставка приборов для гидрографических изысканий")
	e.reloadsUntil("Подать заявку") // when the organisation is known there
	e.goes("Подать заявку")
	e.writes("Цена, ₽", "3 000 000")
	e.presses("Согласны исполнить контракт")
	e.presses("Организация — субъект малого предпринимательства")
	e.goes("Сохранить")
	e.picture("ready")
	e.goes("Подписать и отправить")
	e.keyFile(filepath.Join(s.Trust.Dir, "people", "irina-lebedeva-p256.p12"), demoKeyPassword, "Подписать и отправить")
	e.seesSoon("Заявка отправлена")
	e.reloadsUntil("Заявка зарегистрирована")
	e.picture("registered")
}
