package registry_test

import (
	"archive/zip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"propusk/cabinet/authority"
	"propusk/cabinet/authority/authoritytest"
	"propusk/cabinet/authority/egrul"
	"propusk/cabinet/authority/registry"
	"propusk/storage"
	"propusk/storage/journal"
	"propusk/storage/storagetest"
)

type setup struct {
	*testing.T
	*registry.Store
	dir string
}

func each(t *testing.T, test func(s setup)) {
	t.Parallel()
	storagetest.EachDB(t, func(t *testing.T, db *storage.DB) {
		clock := storagetest.NewClock()
		test(setup{t, registry.New(registry.Deps{DB: db, Journal: journal.New(journal.Deps{DB: db, Now: clock.Now}), Now: clock.Now}), t.TempDir()})
	})
}

func (s setup) file(name, content string) string {
	s.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		s.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		s.Fatal(err)
	}
	return path
}

func (s setup) archive(name string, files map[string]string) string {
	s.Helper()
	var b strings.Builder
	w := zip.NewWriter(&b)
	for name, content := range files {
		entry, err := w.Create(name)
		if err != nil {
			s.Fatal(err)
		}
		if _, err := entry.Write([]byte(content)); err != nil {
			s.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		s.Fatal(err)
	}
	return s.file(name, b.String())
}

func (s setup) load(paths ...string) (registry.Report, []string) {
	s.Helper()
	var faults []string
	report, err := s.Import(s.Context(), "Соколов", paths, registry.Watch{Fault: func(f registry.Fault) { faults = append(faults, f.String()) }})
	if err != nil {
		s.Fatal(err)
	}
	return report, faults
}

func (s setup) find(number string) authority.Record {
	s.Helper()
	r, err := s.Find(s.Context(), number)
	if err != nil {
		s.Fatal(err)
	}
	return r
}

func TestImportedFilesAreFoundByINNAndOGRN(t *testing.T) {
	each(t, func(s setup) {
		s.file("a/egrul.xml", authoritytest.LegalFile(egrul.Windows1251, 1, 2))
		s.file("a/readme.txt", "not one of them")
		zipped := s.archive("ip.zip", map[string]string{"2.xml": authoritytest.SoleFile(egrul.UTF8, 4), "1.xml": authoritytest.SoleFile(egrul.Windows1251, 3), "x.sig": "-"})
		report, faults := s.load(filepath.Join(s.dir, "a"), zipped)
		if report.Files != 2 || report.Records != 4 || report.Stored != 4 || len(faults) != 0 {
			s.Fatalf("%+v, %v", report, faults)
		}
		legal := s.find(authoritytest.INN(2))
		if legal.OGRN != authoritytest.OGRN(2) || len(legal.Founders) != 5 || legal.ShortName != "ООО «Пристань-2»" {
			s.Errorf("%+v", legal)
		}
		if sole := s.find(authoritytest.OGRNIP(3)); sole.INN != authoritytest.PersonalINN(3) || sole.Kind != authority.Sole {
			s.Errorf("%+v", sole)
		}
		if _, err := s.Find(s.Context(), authoritytest.INN(9)); !errors.Is(err, storage.ErrNotFound) {
			s.Error(err)
		}
		if n, err := s.Count(s.Context()); n != 4 || err != nil {
			s.Error(n, err)
		}
		entries, err := s.Journal.List(s.Context(), journal.Filter{Limit: 5})
		if err != nil || len(entries) != 1 || entries[0].Action != "registry.imported" || entries[0].Details["records"] != "4" || entries[0].Details["by"] != "Соколов" {
			s.Errorf("%+v, %v", entries, err)
		}
	})
}

func TestTheNewerExtractStandsWhicheverFileComesFirst(t *testing.T) {
	each(t, func(s setup) {
		older := strings.ReplaceAll(authoritytest.LegalFile(egrul.UTF8, 1), "Пристань-1", "Старая")
		older = strings.ReplaceAll(older, "2026-11-20", "2025-11-20")
		s.load(s.file("new.xml", authoritytest.LegalFile(egrul.UTF8, 1)))
		if report, _ := s.load(s.file("old.xml", older)); report.Records != 1 || report.Stored != 0 {
			s.Fatalf("%+v", report)
		}
		if r := s.find(authoritytest.INN(1)); r.ShortName != "ООО «Пристань-1»" {
			s.Fatal(r.ShortName)
		}
		newest := strings.ReplaceAll(older, "2025-11-20", "2027-01-01")
		s.load(s.file("newest.xml", newest))
		if r := s.find(authoritytest.INN(1)); r.ShortName != "ООО «Старая»" || r.ExtractDate != "2027-01-01" {
			s.Fatal(r.ShortName)
		}
	})
}

func TestAnExistingOrganisationIsFoundBeforeOneThatEnded(t *testing.T) {
	each(t, func(s setup) {
		ended := strings.Replace(authoritytest.SoleFile(egrul.UTF8, 1), "<СвУчетНО ",
			`<СвПрекращ><СвСтатус КодСтатус="201" НаимСтатус="Прекратил" ДатаПрекращ="2020-05-06"/></СвПрекращ><СвУчетНО `, 1)
		ended = strings.ReplaceAll(ended, "2026-11-20", "2026-12-20") // its extract is newer
		anew := strings.ReplaceAll(authoritytest.SoleFile(egrul.UTF8, 1), authoritytest.OGRNIP(1), authoritytest.OGRNIP(2))
		s.load(s.file("ended.xml", ended), s.file("anew.xml", anew))
		if r := s.find(authoritytest.PersonalINN(1)); r.OGRN != authoritytest.OGRNIP(2) {
			s.Fatalf("%s is found", r.OGRN)
		}
		if r := s.find(authoritytest.OGRNIP(1)); r.Active() {
			s.Fatal("the ended one is active")
		}
	})
}

func TestFaultsAreToldWithFileAndLineAndTheOthersGoOn(t *testing.T) {
	each(t, func(s setup) {
		bad := strings.Replace(authoritytest.LegalFile(egrul.UTF8, 1, 2), ` ИНН="`+authoritytest.INN(1)+`"`, "", 1)
		cut := authoritytest.LegalFile(egrul.UTF8, 3, 4)
		cut = cut[:strings.LastIndex(cut, "<СвЮЛ ")]
		zipped := s.archive("cut.zip", map[string]string{"a.xml": cut, "b.xml": authoritytest.LegalFile(egrul.UTF8, 5)})
		broken := s.file("no.zip", "this is no archive")
		report, faults := s.load(s.file("bad.xml", bad), zipped, broken)
		if report.Records != 3 || report.Refused != 1 || report.Broken != 2 || report.Files != 3 {
			s.Fatalf("%+v", report)
		}
		for i, want := range []string{"bad.xml:3: СвЮЛ/@ИНН: is missing", "cut.zip!a.xml:", "no.zip:0: not a ZIP archive"} {
			if !strings.Contains(faults[i], want) {
				s.Errorf("%q, want %q", faults[i], want)
			}
		}
		if !strings.HasSuffix(faults[1], "the file breaks off") {
			s.Error(faults[1])
		}
		s.find(authoritytest.INN(5))
	})
}

func TestImportThatWasCutGoesOnWhereItStopped(t *testing.T) {
	each(t, func(s setup) {
		var ns []int
		for n := range 1200 {
			ns = append(ns, n)
		}
		path := s.file("many.xml", authoritytest.SoleFile(egrul.UTF8, ns...))
		ctx, cancel := context.WithCancel(s.Context())
		seen := 0
		_, err := s.Import(ctx, "Соколов", []string{path}, registry.Watch{Progress: func(registry.Progress) {
			if seen++; seen == 1 {
				cancel() // after the first batch
			}
		}})
		if !errors.Is(err, context.Canceled) {
			s.Fatal(err)
		}
		before, err := s.Count(s.Context())
		if err != nil || before < 500 || before >= 1200 {
			s.Fatalf("%d records are in, %v", before, err)
		}
		report, _ := s.load(path)
		if report.Resumed != before || report.Records != 1200-before || report.Stored != 1200-before {
			s.Fatalf("%+v after %d", report, before)
		}
		if report, _ := s.load(path); report.Known != 1 || report.Files != 0 {
			s.Fatalf("%+v", report)
		}
		files, err := s.Files(s.Context(), 10)
		if err != nil || len(files) != 1 || !files[0].Finished || files[0].Done != 1200 || files[0].Name != "many.xml" {
			s.Fatalf("%+v, %v", files, err)
		}
	})
}

func TestImportOfWhatIsNotThereIsAnError(t *testing.T) {
	each(t, func(s setup) {
		if _, err := s.Import(s.Context(), "Соколов", []string{filepath.Join(s.dir, "absent.xml")}, registry.Watch{}); !errors.Is(err, os.ErrNotExist) {
			s.Fatal(err)
		}
	})
}
