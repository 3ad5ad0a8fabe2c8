package extract_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/authority"
	"propusk/cabinet/authority/authoritytest"
	"propusk/cabinet/authority/egrul"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/paper"
	"propusk/idp/directory"
)

// readBack reads the one record of a file in the published form.
func readBack(t *testing.T, file []byte) authority.Record {
	t.Helper()
	var got []authority.Record
	cabinettest.Must(t, egrul.Read(context.Background(), bytes.NewReader(file), func(r authority.Record, ok bool, faults []egrul.Fault, _ int) error {
		if !ok || len(faults) > 0 {
			t.Errorf("the register's own reader complains: %v", faults)
		}
		got = append(got, r)
		return nil
	}))
	if len(got) != 1 {
		t.Fatalf("%d records", len(got))
	}
	return got[0]
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.MarshalIndent(v, "", " ")
	cabinettest.Must(t, err)
	return string(text)
}

// TestRegisterExtractReadsBackToTheSameRecord: everything that the register holds is
// in the XML (standards B5.1), and in the PDF.
func TestRegisterExtractReadsBackToTheSameRecord(t *testing.T) {
	w := one(t)
	alpha := w.office("Alpha")
	whole := authoritytest.Legal(7)
	whole.INN, whole.KPP, whole.OGRN, whole.FullName, whole.ShortName = alpha.INN, alpha.KPP, alpha.OGRN, alpha.FullName, alpha.Name
	w.register.put(whole)
	e := w.ready(alpha)
	file := w.part(alpha, e, "xml")
	if !bytes.HasPrefix(file, []byte(`<?xml version="1.0" encoding="windows-1251"?>`)) {
		t.Errorf("%.60q", file)
	}
	if got, want := asJSON(t, readBack(t, file)), asJSON(t, whole); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	printed, err := paper.ReadPDF(w.part(alpha, e, "pdf"))
	cabinettest.Must(t, err)
	for _, want := range []string{
		"Полярная Вера Игоревна", "Генеральный директор", "АО «Верфь»", "Harbour Ltd, Кипр", "ЗПИФ «Якорь»", "50 %", "1/4", "10 000,50 ₽", "62.01", "63.11.1",
		"Л041-00110-78/00000001", "Псковский филиал", "Представительство в Твери", "ЗАО «Причал»", "АО «Порт»", "Р11001 Заявление о создании ЮЛ",
		"(признана недействительной)", "АО «Реестр»", "088-001-123456", "199034, г. Санкт-Петербург",
	} {
		if !strings.Contains(printed.Text, strings.Join(strings.Fields(want), "")) {
			t.Errorf("the paper does not say %q", want)
		}
	}
}

func TestSoleProprietorsHaveAnExtractOfTheirOwn(t *testing.T) {
	w := one(t)
	person, ctx := w.Person("Solo"), context.Background()
	r := authoritytest.Sole(3)
	o, _, err := w.Directory.CreateOrganisation(ctx, directory.NewOrganisation{
		Kind: directory.KindSole, INN: r.INN, OGRN: r.OGRN, Name: r.ShortName, FullName: r.FullName,
	}, person.ID, directory.Administrator)
	cabinettest.Must(t, err)
	w.register.put(r)
	e, err := w.room.Place(ctx, directory.Actor{PersonID: person.ID}, o.ID, orderOf("egrip", "both"))
	cabinettest.Must(t, err)
	w.Work()
	e, err = w.room.Get(ctx, o.ID, e.ID)
	cabinettest.Must(t, err)
	_, file, err := w.files.Read(ctx, o.ID, e.Files.V.XML, 1<<20)
	cabinettest.Must(t, err)
	if got, want := asJSON(t, readBack(t, file)), asJSON(t, r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestNamesStayNamesInXMLAndPDF: whatever stands in the register is text.
func TestNamesStayNamesInXMLAndPDF(t *testing.T) {
	w := one(t)
	alpha := w.office("Alpha")
	hostile := record(alpha.Organisation)
	hostile.FullName = `"/><СвЮЛ ОГРН="1"></СвЮЛ><!-- ]]> &lt; &#60; <script>alert(1)</script> «Қазақ» ₽ 漢`
	hostile.ShortName = `) Tj ET (=cmd|'/C calc'!A0`
	hostile.Heads[0].Position = "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>&e;"
	w.register.put(hostile)
	e := w.ready(alpha)
	got := readBack(t, w.part(alpha, e, "xml"))
	if got.FullName != hostile.FullName || got.ShortName != hostile.ShortName || got.Heads[0].Position != hostile.Heads[0].Position || got.OGRN != alpha.OGRN {
		t.Errorf("%q %q %q", got.FullName, got.ShortName, got.Heads[0].Position)
	}
	printed, err := paper.ReadPDF(w.part(alpha, e, "pdf"))
	cabinettest.Must(t, err)
	if !strings.Contains(printed.Text, `"/><СвЮЛОГРН="1">`) || !strings.Contains(printed.Text, `)TjET(=cmd`) {
		t.Error("the names are not printed as they are")
	}
}

func TestRegistrationCertificateSaysHowTheTaxOfficeKnowsTheOrganisation(t *testing.T) {
	w := one(t)
	alpha := w.office("Alpha")
	e := w.order(alpha, map[string]any{"kind": "tax_registration", "format": "both"})
	w.Work()
	e = w.show(alpha, e.ID)
	printed, err := paper.ReadPDF(w.part(alpha, e, "pdf"))
	cabinettest.Must(t, err)
	if file := string(w.part(alpha, e, "xml")); !strings.Contains(file, `ДатаПостУч="2002-09-11" КодНО="7707"`) || !strings.Contains(printed.Text, "11.09.2002") {
		t.Errorf("%s", file)
	}
	if strings.Contains(printed.Text, "Орлова") {
		t.Error("it tells more than was asked")
	}
}

// TestFailureIsCorrectedWithoutSigningInAgain guards row 187: the reason in words,
// and the same order tried again.
func TestFailureIsCorrectedWithoutSigningInAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		alpha := w.Office("Alpha", directory.Accountant) // the register does not know it
		e := w.order(alpha, map[string]any{"kind": "egrul"})
		w.Work()
		e = w.show(alpha, e.ID)
		if e.Status != "failed" || e.Failure.Code != "record_missing" || !strings.Contains(e.Failure.Title, alpha.INN) || e.Failure.Advice == "" || !e.Failure.Retry || !e.action("retry").Allowed {
			t.Fatalf("%+v", e)
		}
		if w.told.types() != "extract.failed" {
			t.Errorf("told: %s", w.told.types())
		}
		other := record(alpha.Organisation)
		other.INN = authoritytest.INN(1)
		w.register.put(other)
		retry := func() shown {
			w.Expect(w.Do("POST", "/v1/extracts/"+e.ID+"/retry", w.Token(alpha, directory.Accountant), nil), 200, "")
			w.Work()
			return w.show(alpha, e.ID)
		}
		if got := retry(); got.Status != "failed" || got.Failure.Code != "record_differs" {
			t.Errorf("%+v", got)
		}
		w.register.put(record(alpha.Organisation))
		if got := retry(); got.Status != "ready" || got.Failure != nil || got.Number != e.Number {
			t.Errorf("%+v", got)
		}
	})
}

func TestRegisterThatIsAwayIsAskedAgainAndThenGivenUp(t *testing.T) {
	w := one(t)
	alpha := w.office("Alpha")
	w.register.set(errAway, nil)
	e := w.order(alpha, map[string]any{"kind": "egrul"})
	w.Work()
	if got := w.show(alpha, e.ID); got.Status != "making" {
		t.Fatalf("%+v", got)
	}
	for range 8 {
		w.Clock.Advance(31 * time.Minute)
		w.Work()
	}
	if got := w.show(alpha, e.ID); got.Status != "failed" || got.Failure.Code != "register_unavailable" {
		t.Errorf("%+v", got)
	}
	again := w.order(alpha, map[string]any{"kind": "egrul"})
	w.Work()
	w.register.set(nil, nil)
	w.Clock.Advance(time.Minute)
	w.Work()
	if got := w.show(alpha, again.ID); got.Status != "ready" {
		t.Errorf("%+v", got)
	}
}

// TestOrdersThatNothingWorksOnFail, so that nobody waits for them.
func TestOrdersThatNothingWorksOnFail(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		alpha, ctx := w.office("Alpha"), context.Background()
		making, asked := w.order(alpha, map[string]any{"kind": "egrul"}), w.order(alpha, map[string]any{"kind": "tax_status"})
		_, err := w.DB.Exec(ctx, `DELETE FROM jobs WHERE kind = 'extract/make'`)
		cabinettest.Must(t, err)
		w.Clock.Advance(3 * time.Hour)
		w.tended(alpha, making.ID)
		if got := w.show(alpha, making.ID); got.Status != "failed" || got.Failure.Code != "not_made" {
			t.Errorf("%+v", got)
		}
		if got := w.show(alpha, asked.ID); got.Status != "requested" {
			t.Errorf("%+v", got)
		}
		w.Clock.Advance(31 * 24 * time.Hour)
		w.tended(alpha, asked.ID)
		if got := w.show(alpha, asked.ID); got.Status != "failed" || got.Failure.Code != "no_answer" {
			t.Errorf("%+v", got)
		}
	})
}

// tended works until the order is open no more: a periodic job is not due at once.
func (w *world) tended(o *cabinettest.Office, id string) {
	w.T.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if w.Work(); w.show(o, id).Status == "failed" {
			return
		}
	}
}

// TestHugeRecordsAreBounded: a record that no paper takes fails in words, and is
// still to be had as XML.
func TestHugeRecordsAreBounded(t *testing.T) {
	w := one(t)
	alpha := w.office("Alpha")
	huge := record(alpha.Organisation)
	first := huge.Entries[0]
	grow := func(entries int) {
		for range entries {
			huge.Entries = append(huge.Entries, first)
		}
		w.register.put(huge)
	}
	grow(2_000)
	large := w.order(alpha, map[string]any{"kind": "egrul", "format": "both"})
	w.Work()
	if got := w.show(alpha, large.ID); got.Status != "ready" {
		t.Errorf("2,000 entries: %+v", got)
	}
	grow(130_000)
	pdf := w.order(alpha, map[string]any{"kind": "egrul", "format": "pdf"})
	w.Work()
	huge.Entries = huge.Entries[:20_000]
	w.register.put(huge)
	xml := w.order(alpha, map[string]any{"kind": "egrul", "format": "xml"})
	w.Work()
	if got := w.show(alpha, pdf.ID); got.Status != "failed" || got.Failure.Code != "too_large" || got.Failure.Retry || got.action("retry").Allowed {
		t.Errorf("%+v", got.Failure)
	}
	if got := w.show(alpha, xml.ID); got.Status != "ready" {
		t.Errorf("%+v", got)
	}
}

func TestArchiveHoldsEveryPartAndDownloadsAreWhole(t *testing.T) {
	w := one(t)
	alpha := w.office("Alpha")
	e := w.ready(alpha)
	packed := w.part(alpha, e, "zip")
	archive, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	cabinettest.Must(t, err)
	if len(archive.File) != 4 {
		t.Fatalf("%d files", len(archive.File))
	}
	for i, f := range archive.File {
		r, err := f.Open()
		cabinettest.Must(t, err)
		content, err := io.ReadAll(r)
		cabinettest.Must(t, err)
		if f.Name != e.Files[i].Name || !bytes.Equal(content, w.part(alpha, e, e.Files[i].Part)) {
			t.Errorf("%s is not the part %s", f.Name, e.Files[i].Part)
		}
	}
	got := w.Do("GET", "/v1/extracts/"+e.ID+"/files/pdf", w.Token(alpha, directory.Head), nil)
	if got.Header.Get("Content-Security-Policy") == "" || !strings.HasPrefix(got.Header.Get("Content-Disposition"), "attachment") || got.Header.Get("Content-Type") != "application/pdf" {
		t.Errorf("%v", got.Header)
	}
	w.Expect(w.Do("GET", "/v1/extracts/"+e.ID+"/files/docx", w.Token(alpha, directory.Head), nil), 404, "not_found")
	onlyPDF := w.order(alpha, map[string]any{"kind": "egrul"})
	w.Expect(w.Do("GET", "/v1/extracts/"+onlyPDF.ID+"/files/zip", w.Token(alpha, directory.Head), nil), 409, "extract_not_ready")
	w.Work()
	w.Expect(w.Do("GET", "/v1/extracts/"+onlyPDF.ID+"/files/xml", w.Token(alpha, directory.Head), nil), 404, "not_found")
}

// TestExtractHoldsForItsTermAndIsRenewed, with the period moved to end today.
func TestExtractHoldsForItsTermAndIsRenewed(t *testing.T) {
	w := one(t)
	alpha := w.office("Alpha")
	e := w.ready(alpha)
	if !e.Valid || e.ValidUntil.Sub(0) == 0 {
		t.Errorf("%+v", e)
	}
	w.Clock.Advance(30*24*time.Hour + time.Minute)
	if got := w.show(alpha, e.ID); got.Valid || got.Status != "ready" {
		t.Errorf("%+v", got)
	}
	var again shown
	w.Expect(w.Do("POST", "/v1/extracts/"+e.ID+"/renew", w.Token(alpha, directory.Head), nil), 201, "").Into(t, &again)
	if again.ID == e.ID || again.Number == e.Number || again.Renews != e.ID || again.Format != "both" {
		t.Errorf("%+v", again)
	}
	debt := w.order(alpha, map[string]any{"kind": "tax_debt", "period": map[string]any{"from": w.today(-40), "to": w.today(-10)}})
	w.gateway.answer(t, authority.Answer{Event: authority.Result, At: 1, Fields: map[string]string{"debt": "0"}})
	w.Work()
	w.Expect(w.Do("POST", "/v1/extracts/"+debt.ID+"/renew", w.Token(alpha, directory.Head), nil), 201, "").Into(t, &again)
	if again.Period == nil || again.Period.From != w.today(-30) || again.Period.To != w.today(0) {
		t.Errorf("%+v", again.Period)
	}
}

// TestDamagedFileIsNotGivenOut: integrity is checked on every read.
func TestDamagedFileIsNotGivenOut(t *testing.T) {
	w := one(t)
	alpha := w.office("Alpha")
	e := w.ready(alpha)
	damaged := 0
	cabinettest.Must(t, filepath.WalkDir(w.folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.Contains(path, "/files/") {
			return err
		}
		damaged++
		return os.Remove(path)
	}))
	if damaged == 0 {
		t.Fatal("no file was found to damage")
	}
	for _, part := range []string{"pdf", "zip"} {
		w.Expect(w.Do("GET", "/v1/extracts/"+e.ID+"/files/"+part, w.Token(alpha, directory.Head), nil), 500, "extract_damaged")
	}
}
