package api

import (
	"errors"
	"net/http"
	"strings"

	"propusk/storage"
	"propusk/storage/file"
)

// FileRefusal tells the refusals of storage/file in the API's codes. What is none
// of them comes back as it is.
func FileRefusal(err error) error {
	if kind, ok := errors.AsType[*file.KindError](err); ok {
		return kindRefusal(kind).Wrap(err)
	}
	if infected, ok := errors.AsType[*file.InfectedError](err); ok {
		return Refuse("file_infected").With("virus", infected.Virus).Wrap(err)
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return Refuse("file_too_large").Wrap(err)
	}
	for _, known := range []struct {
		err  error
		code string
	}{
		{file.ErrTooLarge, "file_too_large"},
		{file.ErrEmpty, "file_empty"},
		{file.ErrUnscanned, "scanner_unavailable"},
		{file.ErrDamaged, "file_damaged"},
		{file.ErrQuota, "files_quota"},
		{storage.ErrNotFound, "not_found"},
	} {
		if errors.Is(err, known.err) {
			return Refuse(known.code).Wrap(err)
		}
	}
	return err
}

// kindRefusal says why a content is not taken, by what it turned out to be.
func kindRefusal(kind *file.KindError) *Refusal {
	code := "file_kind"
	switch kind.Found {
	case "program", "script", "html", "svg", "macro", "bomb", "xml_dtd":
		code = "file_dangerous"
	case "encrypted":
		code = "file_encrypted"
	default:
		if strings.HasPrefix(kind.Found, "broken_") {
			code = "file_broken"
		}
	}
	return Refuse(code).Because(kind.Found).With("found", strings.ToUpper(kind.Found)).
		With("wanted", strings.ToUpper(kind.Wanted.String()))
}

// fileTexts are the problems of every room that takes or gives files.
var fileTexts = map[string]Text{
	"file_too_large": {http.StatusRequestEntityTooLarge,
		Saying{"Файл слишком велик", "Уменьшите файл: сохраните его с меньшим разрешением или разделите на части. Наибольшие размеры указаны в описании запроса."},
		Saying{"The file is too large", "Make it smaller: save it at a lower resolution, or split it. The description of the request names the limits."}},
	"file_empty": {http.StatusUnprocessableEntity,
		Saying{"Файл пуст", "В файле нет ни одного байта. Выберите другой файл."},
		Saying{"The file is empty", "There is not one byte in it. Choose another file."}},
	"file_kind": {http.StatusUnprocessableEntity,
		Saying{"Файлы такого типа здесь не принимаются", "Тип определён по содержимому, а не по имени: {found}. Принимаются: {wanted}."},
		Saying{"Files of this type are not taken here", "The type is told by the content, not by the name: {found}. Taken are: {wanted}."}},
	"file_dangerous": {http.StatusUnprocessableEntity,
		Saying{"Файл может быть опасен", "В нём есть то, что может выполниться у получателя ({found}): программа, сценарий, макрос или вредоносная структура. Сохраните документ без этого. Принимаются: {wanted}."},
		Saying{"The file may be dangerous", "It holds what could run at its reader's ({found}): a program, a script, a macro or a harmful structure. Save the document without it. Taken are: {wanted}."}},
	"file_encrypted": {http.StatusUnprocessableEntity,
		Saying{"Файл защищён паролем", "Такой файл нельзя проверить. Сохраните его без пароля."},
		Saying{"The file is protected by a password", "It cannot be checked. Save it without the password."}},
	"file_broken": {http.StatusUnprocessableEntity,
		Saying{"Файл повреждён", "Он начинается как файл своего типа, но устроен неверно или дописан не до конца ({found}). Откройте его у себя, сохраните заново и повторите загрузку."},
		Saying{"The file is broken", "It begins as a file of its type, but is malformed or cut off ({found}). Open it, save it anew and upload it again."}},
	"file_infected": {http.StatusUnprocessableEntity,
		Saying{"В файле найден вирус", "Антивирус назвал его {virus}. Файл не сохранён. Проверьте компьютер, с которого он отправлен."},
		Saying{"The file is infected", "The scanner calls it {virus}. The file was not kept. Check the computer it came from."}},
	"scanner_unavailable": {http.StatusServiceUnavailable,
		Saying{"Файл сейчас нельзя проверить", "Антивирус не отвечает, а без проверки файлы не принимаются. Повторите загрузку через несколько минут."},
		Saying{"The file cannot be scanned now", "The virus scanner does not answer, and files are not taken without it. Upload again in a few minutes."}},
	"files_quota": {http.StatusConflict,
		Saying{"Место для файлов исчерпано", "Файлы организации занимают всё отведённое им место. Удалите ненужные документы и незаконченные загрузки: место освобождается в течение суток. Если его всё равно не хватает, обратитесь в поддержку."},
		Saying{"There is no room for more files", "The organisation's files take all the room that it has. Delete documents that are not needed and uploads that were not finished: the room is freed within a day. If that is not enough, turn to support."}},
	"file_damaged": {http.StatusServiceUnavailable,
		Saying{"Файл повреждён в хранилище", "Его содержимое не совпадает с тем, что было сохранено, и поэтому не выдаётся. Администраторы системы уведомлены и восстановят его из копии."},
		Saying{"The file is damaged in the store", "Its content is not what was saved, and is not given out. The operators have been told and will restore it from a backup."}},
}
