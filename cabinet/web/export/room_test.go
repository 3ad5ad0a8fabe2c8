package export_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"propusk/cabinet/api"
	"propusk/cabinet/cabinettest"
	rooms "propusk/cabinet/export"
	"propusk/cabinet/notice/noticetest"
	"propusk/cabinet/paper"
	"propusk/cabinet/paper/papertest"
	"propusk/cabinet/web/desk"
	"propusk/cabinet/web/export"
	"propusk/cabinet/web/webtest"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/file/filetest"
)

// list is a list of requests that has so many rows.
type list struct {
	rows atomic.Int64
	stop func()
}

func (l *list) kind() rooms.Kind {
	return rooms.Kind{
		Name: "requests", Title: api.FieldText{RU: "Обращения", EN: "Requests"}, Scope: "requests:read", Permission: directory.RequestsRead, Parameters: []string{"q"},
		Ask: func(_ api.Call, q *api.Query) (any, error) { return q.Search("q"), nil },
		Open: func(context.Context, rooms.Order) (rooms.Listing, error) {
			all := make([]int, l.rows.Load())
			read := func(page api.Page) ([]int, error) {
				rest := all[min(int(page.At), len(all)):]
				return rest[:min(page.Limit+1, len(rest))], nil
			}
			at := 0
			key := func(int) (storage.Time, string) { at += 500; return storage.Time(at), "x" }
			draw := func(part []int) ([][]any, error) { l.stop(); return make([][]any, len(part)), nil }
			return rooms.Listing{
				Name: "requests", Table: paper.Table{Title: "Обращения", Columns: []paper.Column{{Title: "Номер", Width: 10}}},
				Count: func(_ context.Context, most int) (int, error) { return min(len(all), most), nil },
				Rows:  rooms.Pages(read, key, draw),
			}, nil
		},
	}
}

// TestALongListIsMadeWhileItsOrdererWatches, and a short one is handed over at once.
func TestALongListIsMadeWhileItsOrdererWatches(t *testing.T) {
	t.Parallel()
	l := &list{stop: func() {}}
	pages := desk.Room{Name: "requests", Scopes: []string{"requests:read"}, Routes: []desk.Route{
		desk.Get("/cabinet/requests/export", func(v *desk.Visit) error {
			return v.Export("requests", "/organization/requests/export", v.Kept("q", "format"))
		}),
	}}
	w := webtest.New(t, func(b cabinettest.Base) []api.Room {
		papers := papertest.New(t, b.DB, b.Clock.Now)
		x, err := rooms.New(rooms.Deps{
			DB: b.DB, Jobs: b.Jobs, Journal: b.Journal, Files: filetest.Store(t, b.DB, b.Clock.Now), Notices: noticetest.New(t, b), Paper: papers, Kinds: []rooms.Kind{l.kind()}, Now: b.Clock.Now, Log: b.Log,
		})
		cabinettest.Must(t, err)
		press := rooms.Press{Paper: papers, Now: b.Clock.Now}
		return []api.Room{x.Room(), {
			Name: "requests", Document: []byte(`{"paths": {"/v1/organization/requests/export": {"get": {"operationId": "x", "summary": "s", "responses": {"200": {"description": "d"}}}}}}`),
			Routes: []api.Route{{Method: "GET", Path: "/v1/organization/requests/export", Access: api.OrganisationToken, Scope: "requests:read",
				Permission: directory.RequestsRead, Handle: func(c api.Call) error { return press.AtOnce(c, l.kind()) }}},
		}}
	}, pages, export.Room())
	office := w.Office("Mayak", directory.Manager)
	b := w.SignIn(office, directory.Manager)

	l.rows.Store(2_000)
	if got := b.Open("/cabinet/requests/export?format=xlsx").Is(http.StatusOK); !strings.HasPrefix(got.Body, "PK") {
		t.Error("a short list is not handed over at once")
	}
	l.rows.Store(2_001)
	long := b.Open("/cabinet/requests/export?format=xlsx&q=%D0%B0%D0%BA%D1%82").Is(http.StatusOK).Says("Длинный список", "слишком много строк")
	if !strings.Contains(long.Body, `href="/cabinet/requests?q=%D0%B0%D0%BA%D1%82"`) {
		t.Error("there is no way back to the filter")
	}
	made := long.Submit("Сформировать файл").Is(http.StatusOK).Says("Обращения, XLSX", "В очереди", "0 %")
	l.stop = func() {
		if got := b.Open(made.Path + "/progress"); !strings.Contains(got.Body, `"over":false`) || !strings.Contains(got.Body, "из 2001") {
			t.Errorf("the progress says %s", got.Body)
		}
		b.Open(made.Path).Says("Формируем файл", "Готово строк")
	}
	w.Work()
	if got := b.Open(made.Path + "/progress"); !strings.Contains(got.Body, `"over":true`) {
		t.Errorf("it is ready: %s", got.Body)
	}
	ready := b.Open(made.Path).Says("Файл готов", "requests.xlsx", "2001 строка")
	if got := ready.Follow("Скачать").Is(http.StatusOK); !strings.HasPrefix(got.Body, "PK") {
		t.Error("the file is no workbook")
	}
	b.Open("/cabinet/exports").Says("Выгрузки", "Обращения, XLSX", "Готово")
	b.In("en").Open(made.Path).Says("The file is ready", "2001 rows")
	b.In("ru").Open(made.Path).Submit("Удалить выгрузку").At("/cabinet/exports").Says("Выгрузка удалена", "Выгрузок нет")
	b.Open(made.Path).Is(http.StatusNotFound)

	// Too many at a time is said, and where to look.
	for range 3 {
		b.Open("/cabinet/requests/export?format=pdf").Submit("Сформировать файл").Is(http.StatusOK)
	}
	b.Open("/cabinet/requests/export?format=pdf").Submit("Сформировать файл").Says("Слишком много выгрузок", "Обращения, PDF")
	b.Open("/cabinet/exports").Follow("Обращения, PDF").Submit("Отменить").At("/cabinet/exports")
	w.SignIn(office, directory.Administrator).Open("/cabinet/exports").Says("Выгрузок нет")
}
