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
