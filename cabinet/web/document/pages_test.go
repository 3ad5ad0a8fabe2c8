package document_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"propusk/cabinet/web/document"
	"propusk/cabinet/web/inboxtest"
	"propusk/idp/directory"
	"propusk/storage/file/filetest"
)

// TestADocumentIsUploadedSignedAndHandedOver: rows 189, 201, 207 and 250 by the
// labels of the pages.
func TestADocumentIsUploadedSignedAndHandedOver(t *testing.T) {
	t.Parallel()
	w := inboxtest.New(t, document.Room())
	o, other := w.Office("mayak", directory.Administrator, directory.Observer), w.Office("verf", directory.Administrator)
	b := w.SignIn(o, directory.Administrator)
	content := filetest.PDF("contract")
	page := b.Open("/cabinet/documents").Is(http.StatusOK).Says("Здесь будут документы").Follow("Загрузить")
	page.Submit("Загрузить").Is(http.StatusUnprocessableEntity).Says("Файл не выбран")
	page = page.Choose("Файлы", "договор.pdf", content).Fill("Вид документа", "Договор").Fill("Описание", "Поставка").Submit("Загрузить").Is(http.StatusOK)
	page.Says("Документ загружен", "договор", "Договор", "не изменён", "Подписей пока нет", "Документ никому не передавали")
	if !strings.Contains(page.Body, `<details class="viewer"><summary>Показать документ здесь</summary><iframe class="preview"`) || !strings.Contains(page.Header.Get("Content-Security-Policy"), "frame-src 'self'") {
		t.Errorf("the PDF is not shown in place: %s", page.Header.Get("Content-Security-Policy"))
	}
	if !strings.Contains(page.Body, `/content?inline=yes#navpanes=0&amp;view=FitH"`) || !strings.Contains(page.Body, `/content" download>`) {
		t.Error("the frame is not fitted, or a browser without a viewer is left without the file")
	}
	shown := b.Open(page.Path + "/content?inline=yes").Is(http.StatusOK)
	if csp := shown.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'self'") ||
		!strings.HasPrefix(shown.Header.Get("Content-Disposition"), "inline") {
		t.Errorf("shown in place: %v", shown.Header)
	}

	dialog := page.Follow("Подписать").Is(http.StatusOK).Says("Подпись ставится под самим файлом")
	dialog.Submit("Отправить подпись").Is(http.StatusUnprocessableEntity)
	holder := w.Holder(o)
	wrong := dialog.Choose("Загрузите файл подписи", "x.p7s", holder.Sign(t, []byte("something else"))).Submit("Отправить подпись").Is(http.StatusUnprocessableEntity)
	page = wrong.Choose("Загрузите файл подписи", "x.p7s", holder.Sign(t, content)).Submit("Отправить подпись").Is(http.StatusOK).Says("Подпись принята", "1 подпись", "подпись верна")
	if zip := page.Follow("Скачать с подписями").Is(http.StatusOK); !strings.HasPrefix(zip.Body, "PK") {
		t.Error("the container is no ZIP")
	}

	page = page.Fill("Получатель", other.INN).Fill("Попросить подписать", "yes").Submit("Передать").Is(http.StatusOK).Says("Документ передан", "ООО «verf»", "ждёт подписи")
	theirs := w.SignIn(other, directory.Administrator)
	in := theirs.Open("/cabinet/documents/incoming").Is(http.StatusOK).Says("договор", "ООО «mayak»", "Ждёт вашей подписи", "Новый").Follow("договор")
	in.Says("Отправитель увидит, когда вы впервые откроете").Follow("Посмотреть").Is(http.StatusOK)
	own := w.Holder(other)
	in.Follow("Подписать").Choose("Загрузите файл подписи", "x.p7s", own.Sign(t, content)).Submit("Отправить подпись").Is(http.StatusOK).Says("Подпись принята")
	page = b.Open(page.Path).Says("2 подписи")
	page.Submit("Отозвать").Says("Доступ закрыт", "отозван")
	theirs.Open(in.Path).Is(http.StatusNotFound)
}

func TestVersionsAreAddedAndRestored(t *testing.T) {
	t.Parallel()
	w := inboxtest.New(t, document.Room())
	o := w.Office("mayak", directory.Administrator, directory.Observer)
	b := w.SignIn(o, directory.Administrator)
	page := b.Open("/cabinet/documents/upload").Choose("Файлы", "а.pdf", filetest.PDF("one")).Submit("Загрузить")
	page = page.Choose("Файл", "б.pdf", filetest.PDF("two")).Fill("Что изменилось", "сумма").Submit("Загрузить версию").Is(http.StatusOK).Says("Новая версия загружена", "версия 2", "сумма")
	page = page.Submit("Восстановить").Is(http.StatusOK).Says("Версия восстановлена", "версия 3", "восстановлена из версии 1")
	page = page.Fill("Название", "Наш устав").Fill("Действует до", "2027-12-31").Submit("Сохранить").Is(http.StatusOK).Says("Сохранено", "Наш устав", "31.12.2027")
	page = page.Submit("В архив").Says("Документ в архиве")
	b.Open("/cabinet/documents").Lacks("Наш устав")
	b.Open("/cabinet/documents?status=archived").Says("Наш устав")
	page.Submit("Вернуть из архива").Says("возвращён").Submit("Удалить").At("/cabinet/documents").Says("Документ удалён")

	observer := w.SignIn(o, directory.Observer)
	observer.Open("/cabinet/documents").Is(http.StatusOK).Lacks("Загрузить")
	observer.Open("/cabinet/documents/upload").Says("Нужно право")
}

// TestEachFileIsJudgedByItself: row 250.
func TestEachFileIsJudgedByItself(t *testing.T) {
	t.Parallel()
	w := inboxtest.New(t, document.Room())
	o := w.Office("mayak", directory.Administrator)
	page := w.SignIn(o, directory.Administrator).Open("/cabinet/documents/upload")
	page.Choose("Файлы", "вирус.exe", []byte("MZ\x90\x00")).Submit("Загрузить").Is(http.StatusUnprocessableEntity).Says("PROGRAM")
	page.Choose("Файлы", "a.pdf", filetest.PDF("a")).Fill("Действует до", "вчера").Submit("Загрузить").Is(http.StatusUnprocessableEntity).Says("Такой даты нет")
}

// TestALargeFileComesInPieces plays the page's script: begin, pieces, a piece at the
// wrong place, finish.
func TestALargeFileComesInPieces(t *testing.T) {
	t.Parallel()
	w := inboxtest.New(t, document.Room())
	o := w.Office("mayak", directory.Administrator, directory.Observer)
	b := w.SignIn(o, directory.Administrator)
	content := filetest.PDF(strings.Repeat("large ", 60_000))
	drawn := url.Values{"cabinet-organisation": {o.ID}, "type": {"technical"}, "file_name": {"проект.pdf"}}
	s := script{b, t}
	begun := s.ask(http.MethodPost, "/cabinet/documents/uploads", o.ID, []byte(with(drawn, "size", len(content)).Encode()), http.StatusCreated)
	id, _ := begun["id"].(string)
	at := "/cabinet/documents/uploads/" + id
	const first = 300 << 10
	if got := s.ask(http.MethodPut, at+"?offset=0", o.ID, content[:first], http.StatusOK)["offset"]; got != float64(first) {
		t.Errorf("after the first piece: %v", got)
	}
	if got := s.ask(http.MethodPut, at+"?offset=0", o.ID, content[:first], http.StatusConflict)["offset"]; got != float64(first) {
		t.Errorf("a piece at the wrong place is answered with %v", got)
	}
	if got := s.ask(http.MethodGet, at, o.ID, nil, http.StatusOK)["offset"]; got != float64(first) {
		t.Errorf("the upload stands at %v", got)
	}
	s.ask(http.MethodPut, at+"?offset=307200", o.ID, content[first:], http.StatusOK)
	done := s.ask(http.MethodPost, at+"/finish", o.ID, []byte(drawn.Encode()), http.StatusCreated)
	path, _ := done["path"].(string)
	b.Open(path).Is(http.StatusOK).Says("проект.pdf", "Техническая документация")

	refused := s.ask(http.MethodPost, "/cabinet/documents/uploads", o.ID, []byte(with(drawn, "size", 0).Encode()), http.StatusUnprocessableEntity)
	if refused["detail"] == "" {
		t.Error("a refusal has no words")
	}
}
