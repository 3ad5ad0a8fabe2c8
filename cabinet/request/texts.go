package request

import (
	"net/http"

	"propusk/cabinet/api"
)

// problems are the codes that only this room has.
var problems = map[string]api.Text{
	"request_state": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Сейчас это невозможно", Detail: "Статус записи не допускает этого действия. Запросите её заново: возможные действия перечислены в actions."},
		EN: api.Saying{Title: "Not possible now", Detail: "The record's status does not allow this act. Read it again: actions lists what is possible."}},
	"file_kind": {Status: http.StatusUnprocessableEntity,
		RU: api.Saying{Title: "Такой файл здесь не принимается", Detail: "По содержимому это {found}. Принимаются: {wanted}. Сохраните документ в одном из этих форматов и отправьте снова."},
		EN: api.Saying{Title: "Such a file is not taken here", Detail: "By its content this is {found}. What is taken: {wanted}. Save the document in one of these formats and send it again."}},
	"file_infected": {Status: http.StatusUnprocessableEntity,
		RU: api.Saying{Title: "В файле найден вирус", Detail: "Антивирус обнаружил {virus}. Файл не сохранён. Проверьте компьютер, с которого он отправлен."},
		EN: api.Saying{Title: "The file is infected", Detail: "The scanner found {virus}. The file was not kept. Check the computer that it came from."}},
	"file_empty": {Status: http.StatusUnprocessableEntity,
		RU: api.Saying{Title: "Файл пуст", Detail: "В файле нет ни одного байта. Выберите файл заново."},
		EN: api.Saying{Title: "The file is empty", Detail: "There is not one byte in the file. Choose it again."}},
	"file_damaged": {Status: http.StatusInternalServerError,
		RU: api.Saying{Title: "Файл повреждён", Detail: "Содержимое файла не совпадает с сохранённым. Мы уже знаем об этом; сообщите поддержке номер из instance."},
		EN: api.Saying{Title: "The file is damaged", Detail: "The bytes are not those that were saved. We know of it; tell support the number in instance."}},
	"scanner_unavailable": {Status: http.StatusServiceUnavailable,
		RU: api.Saying{Title: "Файл сейчас нельзя проверить", Detail: "Антивирус не отвечает, поэтому файл не принят. Повторите через минуту."},
		EN: api.Saying{Title: "The file cannot be scanned now", Detail: "The scanner does not answer, so the file was not taken. Repeat the request in a minute."}},
	"upload_malformed": {Status: http.StatusBadRequest,
		RU: api.Saying{Title: "Тело — не файл формы", Detail: "Пришлите multipart/form-data ровно с одной частью file и именем файла."},
		EN: api.Saying{Title: "The body is no file of a form", Detail: "Send multipart/form-data with exactly one part named file that has a file name."}},
}

// fieldTexts say what is wrong with one field of this room's requests.
var fieldTexts = map[string]api.FieldText{
	"past":             {RU: "Эта дата уже прошла.", EN: "This date has passed."},
	"after_due":        {RU: "Дата исполнения не может быть позже срока: {due}.", EN: "The execution date cannot be after the due date: {due}."},
	"unknown_file":     {RU: "Такого файла у организации нет. Загрузите его и укажите полученный id.", EN: "The organisation has no such file. Upload it and give the id that you get."},
	"unknown_number":   {RU: "Обращения с таким номером у организации нет.", EN: "The organisation has no request of this number."},
	"too_many_files":   {RU: "Файлов слишком много, можно не больше {most}.", EN: "There are too many files, at most {most} are taken."},
	"files_too_large":  {RU: "Вместе файлы больше 10 МБ. Уменьшите их или отправьте часть отдельно.", EN: "Together the files have more than 10 MB. Make them smaller or send a part of them apart."},
	"not_responsible":  {RU: "Этот сотрудник не может отвечать на обращения: он не состоит в организации или у него нет права «Обращения: изменение».", EN: "This colleague cannot answer requests: he is no member, or lacks the permission requests:write."},
	"text.too_long":    {RU: "Сократите текст до {most} знаков.", EN: "Shorten the text to {most} characters."},
	"text.required":    {RU: "Напишите текст или приложите файл.", EN: "Write a text or attach a file."},
	"subject.required": {RU: "Напишите, о чём обращение.", EN: "Say what it is about."},
	"subject.too_long": {RU: "Сократите тему до {most} знаков.", EN: "Shorten the subject to {most} characters."},
	"recipient.format": {RU: "Код органа состоит из 2–12 заглавных латинских букв, цифр и дефисов, например 7701.", EN: "The code of a body has 2 to 12 capitals, digits and hyphens, such as 7701."},
	"earlier.format":   {RU: "Номер обращения выглядит как T26-483920175-4; проверьте цифры.", EN: "A request's number looks like T26-483920175-4; check the digits."},
	"related.format":   {RU: "Номер обращения выглядит как A26-483920175-4; проверьте цифры.", EN: "A request's number looks like A26-483920175-4; check the digits."},
}
