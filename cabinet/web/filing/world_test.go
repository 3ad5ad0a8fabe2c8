package filing_test

import (
	"strings"
	"testing"

	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/cabinet/authority/authoritytest"
	"propusk/cabinet/cabinettest"
	reports "propusk/cabinet/filing"
	"propusk/cabinet/filing/reporttest"
	"propusk/cabinet/notice/noticetest"
	"propusk/cabinet/paper/papertest"
	"propusk/cabinet/web/filing"
	"propusk/cabinet/web/webtest"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/signature/signaturetest"
	"propusk/storage"
	"propusk/storage/file/filetest"
)

// world is a cabinet with the pages of reports over the real room, whose body the
// test plays.
type world struct {
	*webtest.World
	body   *authoritytest.Office
	office *cabinettest.Office
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := new(world)
	w.World = webtest.New(t, func(b cabinettest.Base) []api.Room {
		w.body = authoritytest.New(t, authoritytest.Base{DB: b.DB, Now: b.Clock.Now, Ephemeral: b.Memory, Jobs: b.Jobs, Log: b.Log})
		room, err := reports.New(reports.Deps{
			DB: b.DB, Directory: b.Directory, Journal: b.Journal, Files: filetest.Store(t, b.DB, b.Clock.Now), Gateway: w.body.Gateway,
			Notices: noticetest.New(t, b), Paper: papertest.New(t, b.DB, b.Clock.Now), Verifier: b.Authority.Verifier, Jobs: b.Jobs,
			Now: b.Clock.Now, Log: b.Log,
		})
		cabinettest.Must(t, err)
		return []api.Room{room.Room()}
	}, filing.Room())
	w.office = w.Office("Mayak", directory.Roles()...)
	return w
}

// accountant is a browser of whoever prepares and sends reports.
func (w *world) accountant() *webtest.Browser { return w.SignIn(w.office, directory.Accountant) }

// seal is the office's certificate.
func (w *world) seal() signaturetest.Holder {
	o := w.office
	return w.Authority.Issue(w.T, signature.Subject{
		INNLE: o.INN, OGRN: o.OGRN, Organisation: o.Name, CommonName: o.Name, LastName: "Маякова", GivenNames: "Анна Игоревна", SNILS: "11223344595",
	})
}

// vat is a good VAT return of the office for the last quarter of a year ago.
func (w *world) vat(correction int) reporttest.File {
	o := w.office
	return reporttest.Good("NO_NDS", reporttest.Head{
		Filer: reporttest.Filer{INN: o.INN, KPP: o.KPP, Name: o.Name}, Period: "24", Year: w.Clock.Now().Year() - 1, Office: o.KPP[:4],
		Day: w.Clock.Now().Format("20060102"), Correction: correction, Unique: storage.NewID(),
	})
}

// uploaded is a draft of a good file, and its page.
func (w *world) uploaded(b *webtest.Browser) *webtest.Page {
	w.T.Helper()
	f := w.vat(0)
	return b.Open("/cabinet/filings/upload").Choose("Файл отчёта", f.Name, f.Content).Submit("Загрузить и проверить").Is(200)
}

// id is the report that a page is about.
func id(p *webtest.Page) string {
	path, _, _ := strings.Cut(p.Path, "?")
	return strings.Split(path, "/")[3]
}

// answer has the body say something of a report.
func (w *world) answer(id, event, text string, faults ...authority.Fault) {
	w.T.Helper()
	w.body.Answer(w.T, authority.Answer{
		SubmissionID: id, Event: event, Number: "ФНС-7", Source: "ИФНС № 7707", Text: text, Faults: faults,
		Fields: map[string]string{"Вид": "квитанция"},
		Files:  []authority.File{{Name: event + ".xml", Content: []byte(`<?xml version="1.0" encoding="UTF-8"?><Файл/>`)}},
	})
}

// signatureOf is the subject of somebody's own certificate.
func signatureOf(name string) signature.Subject {
	return signature.Subject{LastName: name, GivenNames: "Иван", SNILS: "08765430300"}
}
