package request

import (
	"net/http"

	"propusk/cabinet/api"
)

// problems are the codes that only this room has.
var problems = map[string]api.Text{
	"request_state": {Status: http.StatusConflict,
		RU: api.Saying{Title: "Сейчас это невозможно", Detail: "Статус записи не допускает этого действия. Обновите её: там показано, что возможно сейчас."},
		EN: api.Saying{Title: "Not possible now", Detail: "The record's status does not allow this act. Load it again: it shows what is possible now."}},
	"form_file_missing": {Status: http.StatusBadRequest,
		RU: api.Saying{Title: "Тело — не файл формы", Detail: "Пришлите multipart/form-data ровно с одной частью file и именем файла."},
		EN: api.Saying{Title: "The body is no file of a form", Detail: "Send multipart/form-data with exactly one part named file that has a file name."}},
}

// fieldTexts say what is wrong with one field of this room's requests.
var fieldTexts = map[string]api.FieldText{
	"request_past":            {RU: "Эта дата уже прошла.", EN: "This date has passed."},
	"request_after_due":       {RU: "Дата исполнения не может быть позже срока: {due}.", EN: "The execution date cannot be after the due date: {due}."},
	"request_unknown_file":    {RU: "Такого файла у организации нет. Загрузите его и укажите полученный id.", EN: "The organisation has no such file. Upload it and give the id that you get."},
	"request_unknown_number":  {RU: "Обращения с таким номером у организации нет.", EN: "The organisation has no request of this number."},
	"request_too_many_files":  {RU: "Файлов слишком много, можно не больше {most}.", EN: "There are too many files, at most {most} are taken."},
	"request_files_too_large": {RU: "Вместе файлы больше 10 МБ. Уменьшите их или отправьте часть отдельно.", EN: "Together the files have more than 10 MB. Make them smaller or send a part of them apart."},
	"request_not_responsible": {RU: "Этот сотрудник не может отвечать на обращения: он не состоит в организации или у него нет права «Обращения: изменение».", EN: "This colleague cannot answer requests: he is no member, or lacks the permission requests:write."},
	"request_too_long":        {RU: "Сократите до {most} знаков.", EN: "Shorten it to {most} characters."},
	"request_text":            {RU: "Напишите текст или приложите файл.", EN: "Write a text or attach a file."},
	"request_body_code":       {RU: "Код органа состоит из 2–12 заглавных латинских букв, цифр и дефисов, например 7701.", EN: "The code of a body has 2 to 12 capitals, digits and hyphens, such as 7701."},
	"request_number":          {RU: "Номер выглядит как T26-483920175-4; проверьте цифры.", EN: "A number looks like T26-483920175-4; check the digits."},
}
