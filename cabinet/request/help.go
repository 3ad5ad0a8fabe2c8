package request

import (
	"net/http"

	"propusk/cabinet/api"
)

// question is one of the questions that the support is asked most (row 268).
type question struct {
	Question string `json:"question"`
	Answer   string `json:"answer"`
}

// questions are the help base: each with its answer in both languages.
var questions = []struct{ question, answer label }{
	{label{"Как подать заявку на услугу?", "How is a service applied for?"},
		label{"Выберите услугу в каталоге, заполните поля и приложите документы, затем проверьте и отправьте. Черновик сохраняется сам; все отправленные заявки — в списке обращений.", "Choose the service in the catalogue, fill in the fields and attach the documents, then check and submit. The draft saves itself; all submitted applications are in the list of requests."}},
	{label{"Что значит статус «Требуется уточнение»?", "What does “Clarification required” mean?"},
		label{"Орган просит документы или сведения. Откройте заявку, прочитайте сообщение, ответьте и приложите файлы до указанного срока; заявка снова станет рассматриваться.", "The authority asks for documents or facts. Open the application, read the message, reply and attach the files before the due date; the review goes on then."}},
	{label{"Какие файлы принимаются?", "Which files are taken?"},
		label{"PDF, DOCX, XLSX, JPG, PNG и XML до 10 МБ каждый; к обращению в поддержку — не больше 5 файлов и 10 МБ вместе. Формат определяется по содержимому, а не по имени.", "PDF, DOCX, XLSX, JPG, PNG and XML up to 10 MB each; a support ticket takes at most 5 files with 10 MB in all. The content decides what a file is, not its name."}},
	{label{"Почему подпись не принята?", "Why was the signature refused?"},
		label{"В ответе перечислены все проверки и причина каждой неудачи. Чаще всего истёк сертификат, подписан другой файл или сертификат выдан не на вашу организацию.", "The answer lists every check and why one failed. Most often the certificate has expired, another file was signed, or the certificate is of another organisation."}},
	{label{"Когда ответит поддержка?", "When does the support answer?"},
		label{"В течение 24 часов. Срок виден в обращении, а если он нарушен, это отмечается. Повторное обращение подайте с номером прежнего.", "Within 24 hours. The ticket shows the due time, and its breach is marked. When you ask again, give the number of the earlier ticket."}},
	{label{"Как сообщить об ошибке?", "How is an error reported?"},
		label{"Скопируйте код ошибки, укажите время, ИНН и что вы делали, приложите снимок экрана и выберите тип «Сообщение об ошибке».", "Copy the code of the error, say the time, the ИНН and what you did, attach a screenshot and choose the type “An error to report”."}},
	{label{"Я не успеваю ответить на требование. Что делать?", "I cannot answer a requirement in time. What now?"},
		label{"Отметьте «Принято к исполнению», укажите дату исполнения и до срока попросите орган о продлении: для этого есть шаблон.", "Mark it as accepted, set the execution date, and ask the authority for more time before the due date: there is a template for it."}},
	{label{"Как исправить отправленный ответ?", "How is a reply corrected that was sent?"},
		label{"Нажмите «Редактировать» или «Добавить пояснение». Орган получит новую редакцию, прежняя останется в журнале.", "Use “Edit” or “Add an explanation”. The authority gets the new text, the one before stays in the record."}},
}

// support answers GET /v1/support: how the support is reached, what a ticket takes,
// and the questions that fit q.
func (b *Inbox) support(c api.Call) error {
	q := c.Query("q")
	words := stems(q.Search("q"))
	if err := q.Err(); err != nil {
		return err
	}
	lang := c.Lang()
	view := supportView{
		Support: b.Support, AnswerWithinHours: int(SupportTerm.Hours()), ReplyChannels: replyChannels,
		FilesMost: ticketMost, FilesBytes: ticketSum, Questions: []question{},
	}
	view.Phones = api.List(view.Phones)
	for _, kind := range ticketKinds {
		view.Kinds = append(view.Kinds, wordView{kind.kind, kind.in(lang)})
	}
	for _, known := range questions {
		if Fits(stems(known.question.in(lang)+" "+known.answer.in(lang)), words) {
			view.Questions = append(view.Questions, question{known.question.in(lang), known.answer.in(lang)})
		}
	}
	api.Speaks(c, lang)
	return api.Answer(c, http.StatusOK, "", view)
}
