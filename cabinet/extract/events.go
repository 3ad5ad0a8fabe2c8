package extract

import (
	"fmt"
	"strings"

	"propusk/cabinet/notice"
	"propusk/idp/directory"
)

// readyEvent tells the members that may have extracts.
func (e Extract) readyEvent() notice.Event {
	t := e.kind()
	return e.event("extract.ready", notice.Normal, notice.Texts{
		RU: notice.Message{Subject: "Готов документ: " + t.name.ru, Body: "Документ № " + e.Number + " подписан и лежит в архиве организации."},
		EN: notice.Message{Subject: "A document is ready: " + t.name.en, Body: "The document no. " + e.Number + " is signed and lies in the organisation's archive."},
	})
}

func (e Extract) failedEvent() notice.Event {
	t, f := e.kind(), e.Failure.V
	return e.event("extract.failed", notice.High, notice.Texts{
		RU: notice.Message{Subject: "Документ не сформирован: " + t.name.ru, Body: f.title("ru") + ". " + f.advice("ru")},
		EN: notice.Message{Subject: "A document was not made: " + t.name.en, Body: f.title("en") + ". " + f.advice("en")},
	})
}

func (e Extract) event(kind string, importance notice.Importance, texts notice.Texts) notice.Event {
	return notice.Event{
		ID: fmt.Sprintf("extract/%s/%s/%d", e.ID, e.Status, e.Version), Type: kind, OrganisationID: e.OrganisationID,
		Category: notice.Extract, Importance: importance, Permission: directory.ExtractsRead, Texts: texts,
		Path: "/cabinet/extracts/" + e.ID, Source: e.kind().body.ru, Document: "extract",
		Data: map[string]string{"extract_id": e.ID, "kind": e.Kind, "number": e.Number, "status": string(e.Status)},
	}
}

// title says the failure in one sentence, advice what to do.
func (f Failure) title(lang string) string  { return f.fill(failures[f.Code].title.in(lang)) }
func (f Failure) advice(lang string) string { return f.fill(failures[f.Code].advice.in(lang)) }

func (f Failure) fill(text string) string {
	for name, value := range f.Args {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	return text
}
