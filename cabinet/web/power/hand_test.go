package power_test

import (
	"net/http"
	"strings"
	"testing"

	"propusk/idp/directory"
	"propusk/signature"
)

// TestAPowerIsHandedOnWithinItsBounds (передоверие): the organisation that was given a
// power hands a part of it on, and its own certificate signs.
func TestAPowerIsHandedOnWithinItsBounds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bureau := w.Office("Bureau", directory.Roles()...)
	const theirSNILS = "08765430300"
	head := bureau.Members[directory.Head].Person
	if err := w.Directory.VerifyNumbers(t.Context(), directory.System(), head.ID, theirSNILS, ""); err != nil {
		t.Fatal(err)
	}
	b := w.SignIn(w.office, directory.Administrator)
	give := func(hands string) string {
		p := b.Open("/cabinet/powers/new").Fill("Организации или предпринимателю", "yes").Fill("ИНН", bureau.INN).
			Fill("Фамилия руководителя", "Северный").Fill("Имя руководителя", "Андрей").Fill("СНИЛС руководителя", headSNILS).Submit("Дальше")
		p = p.Is(http.StatusOK).Fill("Просмотр отчётности", "yes").Fill("Подписание и представление", "yes").Fill("Передоверие", hands).
			Submit("Дальше").Submit("Создать доверенность").Is(http.StatusOK)
		form := b.Open(p.Path + "/file").Is(http.StatusOK).Body
		p.Follow("Подписать").Choose("Загрузите файл подписи", "power.sig", w.company.Sign(t, []byte(form))).Submit("Отправить подпись").Says("Действует")
		return p.Path
	}
	kept, handed := give("Нельзя передоверить"), give("Один раз")
	theirs := w.SignIn(bureau, directory.Administrator)

	// What is not to be handed on offers nothing, and the wizard leads back.
	theirs.Open(kept).Is(http.StatusOK).Lacks("Передоверить")
	theirs.Open("/cabinet/powers/new?hands_on=" + strings.TrimPrefix(kept, "/cabinet/powers/")).At(kept)
	w.SignIn(w.Office("Other", directory.Administrator), directory.Administrator).
		Open("/cabinet/powers/new?hands_on=" + strings.TrimPrefix(handed, "/cabinet/powers/")).Is(http.StatusNotFound)

	p := theirs.Open(handed).Follow("Передоверить").Is(http.StatusOK).Says("Передоверие", "ООО «Mayak»", "Передать можно только то, что в ней перечислено")
	until := p.Fill("Фамилия", "Счетова").Fill("Имя", "Анна").Fill("СНИЛС", "112-233-445 95").
		Fill("Фамилия руководителя", "Северный").Fill("Имя руководителя", "Андрей").Fill("СНИЛС руководителя", headSNILS).Submit("Дальше").Is(http.StatusOK)
	until.Lacks("Получение выписок", "Один раз")
	wide := until.Fill("Просмотр отчётности", "yes").Fill("Действует по", w.day(900)).Submit("Дальше").Is(http.StatusOK).Submit("Создать доверенность").Is(http.StatusUnprocessableEntity)
	wide.Says("Передоверие")
	draft := wide.Fill("Действует по", w.day(60)).Submit("Дальше").Submit("Создать доверенность").Is(http.StatusOK).Says("Передоверие составлено", "Черновик")
	form := theirs.Open(draft.Path + "/file").Is(http.StatusOK).Body
	own := w.Authority.Issue(t, signature.Subject{
		LastName: "Б", GivenNames: "Б", Organisation: bureau.Name, SNILS: theirSNILS, INNLE: bureau.INN, OGRN: bureau.OGRN,
	})
	dialog := draft.Follow("Подписать")
	dialog.Choose("Загрузите файл подписи", "power.sig", w.company.Sign(t, []byte(form))).Submit("Отправить подпись").Is(http.StatusUnprocessableEntity)
	dialog.Choose("Загрузите файл подписи", "power.sig", own.Sign(t, []byte(form))).Submit("Отправить подпись").Says("Доверенность подписана и действует")
	theirs.In("en").Open("/cabinet/powers/new?hands_on=" + strings.TrimPrefix(handed, "/cabinet/powers/")).Says("Hand a power of attorney on")
	b.Open(handed).Follow("Отозвать").Says("Счетова") // what ends with it
}

// TestAPersonHandsOnWhatHeWasGivenHimself: with his own certificate, within what he was
// given; and takes it back, or gives up all of it.
func TestAPersonHandsOnWhatHeWasGivenHimself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const accountantSNILS = "08765430300"
	home := w.Office("Bureau", directory.Accountant)
	accountant := home.Members[directory.Accountant].Person
	if err := w.Directory.VerifyNumbers(t.Context(), directory.System(), accountant.ID, accountantSNILS, ""); err != nil {
		t.Fatal(err)
	}
	p := w.SignIn(w.office, directory.Administrator).Open("/cabinet/powers/new").Fill("Фамилия", "Счетова").Fill("Имя", "Анна").Fill("СНИЛС", accountantSNILS).
		Fill("Фамилия руководителя", "Северный").Fill("Имя руководителя", "Андрей").Fill("СНИЛС руководителя", headSNILS).Submit("Дальше")
	p = p.Fill("Просмотр отчётности", "yes").Fill("Подписание и представление", "yes").Fill("Передоверие", "Один раз").Submit("Дальше").Submit("Создать доверенность").Is(http.StatusOK)
	form := p.Follow("Файл доверенности").Body
	given := p.Follow("Подписать").Choose("Загрузите файл подписи", "power.sig", w.company.Sign(t, []byte(form))).Submit("Отправить подпись").Says("Действует")
	at := "/cabinet/my-powers/" + strings.TrimPrefix(given.Path, "/cabinet/powers/")

	b := w.SignIn(home, directory.Accountant)
	b.Open("/cabinet/my-powers").Is(http.StatusOK).Says("Мои доверенности", "Выданы мне", "ООО «Mayak»").Lacks("Передоверены мной")
	w.SignIn(home, directory.Administrator).Open("/cabinet/my-powers").Says("Лично вам доверенностей не выдавали")
	w.SignIn(home, directory.Administrator).Open(at).Is(http.StatusNotFound)
	b.Open("/cabinet/my-powers/new").At("/cabinet/my-powers") // nothing is given but what was given

	step := b.Open(at).Is(http.StatusOK).Says("Доверенность: ООО «Mayak»", "Действует", "Отказаться").Follow("Передоверить").Is(http.StatusOK).Says("Передоверие", "ООО «Mayak»").Lacks("Подпишет другой руководитель")
	step = step.Fill("Фамилия", "Помощников").Fill("Имя", "Пётр").Fill("СНИЛС", "112-233-445 95").Submit("Дальше").Is(http.StatusOK).Lacks("Получение выписок")
	draft := step.Fill("Просмотр отчётности", "yes").Fill("Действует по", w.day(30)).Submit("Дальше").Says("Дальше подпишите").Submit("Создать доверенность").
		Is(http.StatusOK).Says("когда вы его подпишете", "Подпишите его своим сертификатом")
	if !strings.HasPrefix(draft.Path, "/cabinet/my-powers/") {
		t.Fatalf("the draft is at %s", draft.Path)
	}
	xml := []byte(b.Open(draft.Path + "/file").Is(http.StatusOK).Body)
	dialog := b.Open(draft.Path).Follow("Подписать").Says("Подписываете вы")
	dialog.Choose("Загрузите файл подписи", "power.sig", w.company.Sign(t, xml)).Submit("Отправить подпись").Is(http.StatusUnprocessableEntity)
	own := w.Authority.Issue(t, signature.Subject{LastName: "Счетова", GivenNames: "Анна", SNILS: accountantSNILS})
	dialog.Choose("Загрузите файл подписи", "power.sig", own.Sign(t, xml)).Submit("Отправить подпись").At(draft.Path).Says("подписана и действует", "Отозвать")
	b.Open("/cabinet/my-powers").Says("Передоверены мной", "Помощников")

	end := b.Open(at).Follow("Отказаться").Says("Помощников")
	end.Submit("Отказаться").Says("Вход подтверждён").Submit("Отказаться").At(at).Says("Отозвана")
	b.Open(draft.Path).Says("Отозвана")
	b.In("en").Open("/cabinet/my-powers").Says("My powers of attorney", "Handed on by me")
}
