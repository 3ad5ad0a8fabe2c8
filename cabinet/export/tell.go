package export

import (
	"context"
	"fmt"
	"strings"
	"time"

	"propusk/cabinet/notice"
)

// notices tells people what happened; *notice.Notices does.
type notices interface {
	Tell(ctx context.Context, e notice.Event) error
}

// toldAfter is how long an export takes of which its orderer is told: who waits less
// stands before its page still, and sees it there.
const toldAfter = 15 * time.Second

// tellReady tells a person, once, that the file of an export that took a while is there.
func (x *Exports) tellReady(ctx context.Context, e Export) error {
	if x.Now().Sub(e.CreatedAt.Time()) < toldAfter {
		return nil
	}
	title := x.kinds[e.Kind].Title
	return x.tell(ctx, e, Ready, notice.Normal, notice.Texts{
		RU: notice.Message{Subject: "Выгрузка готова: " + title.RU, Body: "Файл можно скачать три дня, потом он удалится. Скачать его можете только вы."},
		EN: notice.Message{Subject: "An export is ready: " + title.EN, Body: "The file can be downloaded for three days, then it is deleted. Only you can download it."},
	})
}

// tellFailed tells a person that there will be no file.
func (x *Exports) tellFailed(ctx context.Context, e Export) error {
	title := x.kinds[e.Kind].Title
	return x.tell(ctx, e, Failed, notice.High, notice.Texts{
		RU: notice.Message{Subject: "Выгрузка не сформирована: " + title.RU, Body: "Произошёл сбой на нашей стороне. Закажите выгрузку ещё раз; если не получится, напишите в поддержку."},
		EN: notice.Message{Subject: "An export could not be made: " + title.EN, Body: "Something went wrong on our side. Order the export again; if that does not help, write to support."},
	})
}

// tell reaches the orderer alone, and only while he may read the list. A client that acts
// for itself asks the API.
func (x *Exports) tell(ctx context.Context, e Export, state State, importance notice.Importance, texts notice.Texts) error {
	if strings.HasPrefix(e.Owner, clientOwner) {
		return nil
	}
	err := x.Notices.Tell(ctx, notice.Event{
		ID: "export/" + e.ID + "/" + string(state), Type: "export." + string(state), OrganisationID: e.OrganisationID, Category: notice.Document,
		Importance: importance, Permission: x.kinds[e.Kind].Permission, Persons: []string{e.Owner}, Texts: texts,
		Path: "/cabinet/exports/" + e.ID, Document: "message",
	})
	if err != nil {
		return fmt.Errorf("export: tell that it is %s: %w", state, err)
	}
	return nil
}
