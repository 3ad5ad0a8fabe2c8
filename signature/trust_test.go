package signature

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/signature/pki"
)

// listXML is an accredited list in the ministry's form.
func listXML(date string, centers ...string) string {
	return `<?xml version="1.0" encoding="utf-8"?><АккредитованныеУдостоверяющиеЦентры><Версия>7</Версия><Дата>` +
		date + `</Дата>` + strings.Join(centers, "") + `</АккредитованныеУдостоверяющиеЦентры>`
}

// center is one entry; history is pairs of status and day.
func center(name, ogrn string, certificate []byte, history ...string) string {
	var statuses strings.Builder
	for i := 0; i < len(history); i += 2 {
		fmt.Fprintf(&statuses, "<СтатусАккредитации><Статус>%s</Статус><ДействуетС>%s</ДействуетС></СтатусАккредитации>", history[i], history[i+1])
	}
	return `<УдостоверяющийЦентр><Название>` + name + `</Название><ПрограммноАппаратныеКомплексы><ПрограммноАппаратныйКомплекс>
<КлассСредствЭП>КС2</КлассСредствЭП><КлючиУполномоченныхЛиц><Ключ><ИдентификаторКлюча>AA==</ИдентификаторКлюча>
<АдресаСписковОтзыва><Адрес>http://crl.example.ru/1.crl</Адрес><Адрес>ldap://nowhere</Адрес></АдресаСписковОтзыва>
<Сертификаты><ДанныеСертификата><Отпечаток>00</Отпечаток><Данные>` + base64.StdEncoding.EncodeToString(certificate) + `</Данные></ДанныеСертификата></Сертификаты>
</Ключ></КлючиУполномоченныхЛиц></ПрограммноАппаратныйКомплекс></ПрограммноАппаратныеКомплексы>
<ИНН>009900000031</ИНН><ОГРН>` + ogrn + `</ОГРН>
<ИсторияСтатусовАккредитации>` + statuses.String() + `</ИсторияСтатусовАккредитации></УдостоверяющийЦентр>`
}

// listed is a verifier that trusts the test authority through a list alone.
func listed(t *testing.T, a *testAuthority, list string) (*Local, *Store, Report) {
	t.Helper()
	store := NewStore()
	report, err := store.ImportList(strings.NewReader(list), "list.xml")
	if err != nil {
		t.Fatal(err)
	}
	return a.verifier(t, func(d *Deps) { d.Trust = store }), store, report
}

func TestAccreditationAtTheTimeOfIssue(t *testing.T) {
	t.Parallel()
	a := newAuthority(t) // certificates are issued on 2026-04-20
	for name, c := range map[string]struct {
		history []string
		want    Code
	}{
		"accredited":                       {[]string{"Действует", "2020-01-01"}, OK},
		"ended before":                     {[]string{"Действует", "2020-01-01", "Прекращена", "2026-04-19"}, AuthorityNotAccreditedThen},
		"ended after":                      {[]string{"Действует", "2020-01-01", "Прекращена", "2026-05-01"}, OK},
		"suspended on the day":             {[]string{"Действует", "2020-01-01", "Приостановлена", "2026-04-01", "Действует", "2026-05-01"}, AuthorityNotAccreditedThen},
		"suspended before":                 {[]string{"Действует", "2020-01-01", "Приостановлена", "2025-01-01", "Действует", "2025-02-01"}, OK},
		"begins later":                     {[]string{"Действует", "2026-05-01"}, AuthorityNotAccreditedThen},
		"history out of order, with hours": {[]string{"Прекращена", "2026-04-19T10:00:00+03:00", "Действует", "2020-01-01T00:00:00"}, AuthorityNotAccreditedThen},
	} {
		verifier, _, report := listed(t, a, listXML("2026-05-01", center("УЦ", "1999900000010", a.root.Raw, c.history...)))
		if !slices.Equal(report.Added, []string{"УЦ"}) || len(report.Refused) != 0 {
			t.Errorf("%s: report %+v", name, report)
		}
		if v := certificateOf(t, verifier, a.leaf, noon); v.Code != c.want {
			t.Errorf("%s: got %s, want %s", name, v.Code, c.want)
		}
	}
}

// An authority that an accredited one certifies is not accredited thereby; one
// that the operator's own root certifies is trusted with it.
func TestAccreditationIsNotInherited(t *testing.T) {
	t.Parallel()
	f := openFixtures(t)
	root, middle := f.read(t, "ecp256/root/ca.cer"), f.certificate(t, "ecp256/int/ca.cer")
	leaf := f.read(t, "ecp256/person.cer")
	store := NewStore()
	if _, err := store.ImportList(strings.NewReader(listXML("2026-01-01", center("Головной", "1999900000010", root, "Действует", "2010-01-01"))), "list"); err != nil {
		t.Fatal(err)
	}
	if err := store.AddIntermediate(middle); err != nil {
		t.Fatal(err)
	}
	revocations := NewRevocations(RevocationDeps{Trust: store, Now: f.now})
	revocations.Add(f.crl(t, "ecp256/int.crl"))
	revocations.Add(f.crl(t, "ecp256/root.crl"))
	verifier, err := NewLocal(Deps{Trust: store, Revocations: revocations, Now: f.now})
	if err != nil {
		t.Fatal(err)
	}
	judge := func() Code {
		v, err := verifier.VerifyCertificate(t.Context(), CertificateRequest{Certificate: leaf})
		if err != nil {
			t.Fatal(err)
		}
		return v.Code
	}
	if got := judge(); got != AuthorityNotAccredited {
		t.Errorf("got %s, want %s", got, AuthorityNotAccredited)
	}
	list := listXML("2026-01-02", center("Головной", "1999900000010", root, "Действует", "2010-01-01"),
		center("Выдающий", "1027700132195", middle.Raw, "Действует", "2010-01-01"))
	if _, err := store.ImportList(strings.NewReader(list), "list"); err != nil {
		t.Fatal(err)
	}
	if got := judge(); got != OK {
		t.Errorf("listed itself: got %s", got)
	}
}

// The next list changes, removes and adds; what was removed keeps its past, and
// the operator's decisions outlive the list.
func TestImportListAgain(t *testing.T) {
	t.Parallel()
	a, b := newAuthority(t), newAuthority(t)
	open := []string{"Действует", "2020-01-01"}
	verifier, store, _ := listed(t, a, listXML("2026-04-01",
		center("Первый", "1999900000010", a.root.Raw, open...), center("Второй", "1027700132195", b.root.Raw, open...)))
	decide := func(authority *Authority) { authority.OCSP = []string{"http://ocsp.example.ru"} }
	if err := store.Configure("1027700132195", decide); err != nil {
		t.Fatal(err)
	}
	if err := store.Configure("nobody", decide); !errors.Is(err, ErrUnknownAuthority) {
		t.Errorf("got %v", err)
	}
	report, err := store.ImportList(strings.NewReader(listXML("2026-05-01",
		center("Второй", "1027700132195", b.root.Raw, open...),
		center("Третий", "1157746734837", newAuthority(t).root.Raw, open...))), "list.xml")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(report.Added, []string{"Третий"}) || !slices.Equal(report.Removed, []string{"Первый"}) || report.Unchanged != 1 {
		t.Errorf("report %+v", report)
	}
	if v := certificateOf(t, verifier, a.leaf, noon); v.Code != OK {
		t.Errorf("issued while it was accredited: got %s", v.Code)
	}
	late := a.issue(t, &a.leafKey.PublicKey, func(c *x509.Certificate) { c.NotBefore = noon.Add(-24 * time.Hour) })
	if v := certificateOf(t, verifier, late, noon); v.Code != AuthorityNotAccreditedThen {
		t.Errorf("issued after it was removed: got %s", v.Code)
	}
	all := store.Authorities()
	if len(all) != 3 || !slices.Equal(all[0].OCSP, []string{"http://ocsp.example.ru"}) || all[0].INN != "9900000031" ||
		!slices.Equal(all[0].CRLs, []string{"http://crl.example.ru/1.crl"}) {
		t.Errorf("authorities %+v", all)
	}
	if _, err := store.ImportList(strings.NewReader(listXML("2026-04-15", center("Второй", "1027700132195", b.root.Raw, open...))), "old"); !errors.Is(err, ErrOlderList) {
		t.Errorf("an older list: got %v", err)
	}
}

func TestImportListRefuses(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	open := []string{"Действует", "2020-01-01"}
	good := center("Хороший", "1999900000010", a.root.Raw, open...)
	for name, bad := range map[string]string{
		"wrong ОГРН":       center("x", "1999900000011", a.root.Raw, open...),
		"no certificate":   center("x", "1027700132195", nil, open...),
		"a person's":       center("x", "1027700132195", a.leaf.Raw, open...),
		"no status":        center("x", "1027700132195", a.root.Raw),
		"never accredited": center("x", "1027700132195", a.root.Raw, "Прекращена", "2020-01-01"),
		"no date":          center("x", "1027700132195", a.root.Raw, "Действует", "когда-то"),
	} {
		store := NewStore()
		report, err := store.ImportList(strings.NewReader(listXML("2026-05-01", good, bad)), "list")
		if err != nil || len(report.Refused) == 0 || len(store.Authorities()) != 1 {
			t.Errorf("%s: %+v %v", name, report, err)
		}
	}
	for name, list := range map[string]string{
		"nothing":     "",
		"not XML":     "{}",
		"another XML": "<a/>",
		"no date":     strings.Replace(listXML("2026-05-01", good), "2026-05-01", "", 1),
		"no entries":  listXML("2026-05-01"),
		"entities":    "<!DOCTYPE a [<!ENTITY b 'c'>]>" + listXML("2026-05-01", good),
	} {
		if _, err := NewStore().ImportList(strings.NewReader(list), "list"); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// A refused entry of a listed authority does not end its accreditation.
func TestImportListKeepsWhatItCannotRead(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	_, store, _ := listed(t, a, listXML("2026-04-01", center("УЦ", "1999900000010", a.root.Raw, "Действует", "2020-01-01")))
	report, err := store.ImportList(strings.NewReader(listXML("2026-05-01",
		center("УЦ", "1999900000010", []byte("garbage"), "Действует", "2020-01-01"),
		center("Другой", "1027700132195", newAuthority(t).root.Raw, "Действует", "2020-01-01"))), "list")
	if err != nil || len(report.Removed) != 0 || len(report.Refused) == 0 {
		t.Errorf("report %+v %v", report, err)
	}
}

func TestImportPathAndStoreFile(t *testing.T) {
	t.Parallel()
	a, dir := newAuthority(t), t.TempDir()
	bundle := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw})
	bundle = append(bundle, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("not read")})...)
	write := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("root.pem", bundle)
	write("root.der", a.root.Raw)
	write("person.cer", a.leaf.Raw)
	write("notes.txt", []byte("hello"))
	store := NewStore()
	report, err := store.ImportPath(dir)
	if err != nil || len(report.Added) != 1 || len(report.Refused) != 2 {
		t.Fatalf("report %+v %v", report, err)
	}
	if report, err = store.ImportPath(filepath.Join(dir, "root.pem")); err != nil || report.Unchanged != 1 || len(report.Added) != 0 {
		t.Errorf("again: %+v %v", report, err)
	}
	for _, path := range []string{"notes.txt", "person.cer", "nowhere"} {
		if _, err := store.ImportPath(filepath.Join(dir, path)); err == nil {
			t.Errorf("%s is trusted", path)
		}
	}
	if _, err := store.ImportIntermediates(filepath.Join(dir, "root.der")); err != nil {
		t.Error(err)
	}
	var saved bytes.Buffer
	if err := store.Save(&saved); err != nil {
		t.Fatal(err)
	}
	loaded := NewStore()
	if err := loaded.Load(bytes.NewReader(saved.Bytes())); err != nil {
		t.Fatal(err)
	}
	verifier := a.verifier(t, func(d *Deps) { d.Trust = loaded })
	if v := certificateOf(t, verifier, a.leaf, noon); v.Code != OK {
		t.Errorf("after Load: %s", v.Code)
	}
	for name, bad := range map[string]string{
		"no JSON": "x", "unknown field": `{"x":1}`, "no certificate": `{"authorities":[{"id":"1","certificates":["AAAA"]}]}`,
		"no intermediate": `{"intermediates":["AAAA"]}`,
	} {
		if err := loaded.Load(strings.NewReader(bad)); err == nil {
			t.Errorf("%s is loaded", name)
		}
	}
	if len(loaded.Authorities()) != 1 {
		t.Error("a failed Load changed the store")
	}
}

// In a folder with a whole hierarchy only the top is trusted, so that the
// authorities below it are asked about in the lists.
func TestImportPathTrustsOnlyTheTop(t *testing.T) {
	t.Parallel()
	f := openFixtures(t)
	store := NewStore()
	report, err := store.ImportPath(filepath.Join(f.dir, "gost256"))
	if err != nil || !slices.Equal(report.Added, []string{"Test Root gost256"}) || !slices.Equal(report.Helping, []string{"Test Issuing gost256"}) {
		t.Errorf("report %+v %v", report, err)
	}
	if !store.state.Load().anchors.Contains(f.certificate(t, "gost256/root/ca.cer")) || store.state.Load().anchors.Len() != 1 {
		t.Error("anchors")
	}
}

func TestTrustOfNobody(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	verifier := a.verifier(t, func(d *Deps) { d.Trust = NewStore() })
	if v := certificateOf(t, verifier, a.leaf, noon); v.Code != pki.IssuerUnknown {
		t.Errorf("got %s", v.Code)
	}
}
