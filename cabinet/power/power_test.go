package power_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/x509"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/cabinettest"
	"propusk/cabinet/power"
	"propusk/cabinet/power/emchd"
	"propusk/cabinet/power/powertest"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/signature/signaturetest"
	"propusk/storage/file/filetest"
	"propusk/storage/journal"
)

func TestNewNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	if _, err := power.New(power.Deps{}); err == nil {
		t.Error("made of nothing")
	}
}

func TestAFormComesInSignedAndGoesOutAsItCame(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		f := w.form()
		xml := emchd.Write(f)
		got := w.given(f)
		if got.Status != "active" || got.Number != f.Number || got.Validation.Status != "IsValid" || got.Validation.Signature.Signer != "Северный Андрей" {
			t.Errorf("imported: %+v", got)
		}
		if got.Representative.SNILS != "*******7200" || !slices.Equal(got.Limits.Reports, []string{"NO_NDS"}) {
			t.Errorf("shown: %+v", got)
		}
		for _, sentence := range []string{"Отчётность только этих видов: NO_NDS.", "Без права передоверия.", "Подписание и представление налоговых деклараций и другой отчётности."} {
			if !slices.Contains(got.Allows, sentence) {
				t.Errorf("%q is not among %q", sentence, got.Allows)
			}
		}
		token := w.Token(w.alpha, directory.Observer)
		if file := w.Do("GET", powers+"/"+got.ID+"/file", token, nil); file.Text != string(xml) || file.Header.Get("Content-Type") != "application/xml" {
			t.Errorf("file: %d %s", file.StatusCode, file.Header)
		}
		sig := w.Expect(w.Do("GET", powers+"/"+got.ID+"/signature", token, nil), http.StatusOK, "")
		if v, err := w.Authority.Verifier.Verify(context.Background(), signature.Request{Signature: []byte(sig.Text), Content: xml}); err != nil || !v.Accepted {
			t.Errorf("the signature that goes out: %v, %v", v.Code, err)
		}
		archive := w.Expect(w.Do("GET", powers+"/"+got.ID+"/archive", token, nil), http.StatusOK, "")
		z, err := zip.NewReader(strings.NewReader(archive.Text), int64(len(archive.Text)))
		if err != nil || len(z.File) != 2 || z.File[0].Name != emchd.FileID(f.Number, f.IssuedOn)+".xml" || !strings.HasSuffix(z.File[1].Name, ".sig") {
			t.Errorf("archive: %v", err)
		}
		if _, err := w.Directory.Representation(context.Background(), w.bookkeeper.ID, w.alpha.ID); err != nil {
			t.Errorf("the bookkeeper cannot enter: %v", err)
		}
		w.Expect(w.bring(f, w.company), http.StatusUnprocessableEntity, "validation_failed")
		w.Work()
		if sent := w.Sent(w.bookkeeper.Email); len(sent) == 0 || !strings.Contains(sent[0].Subject, "Вам выдана доверенность") {
			t.Errorf("the bookkeeper was told %v", sent)
		}
		entries, err := w.Journal.List(context.Background(), journal.Filter{Organisation: w.alpha.ID, Limit: 50})
		cabinettest.Must(t, err)
		i := slices.IndexFunc(entries, func(e journal.Entry) bool { return e.Action == "power.active" })
		if i < 0 || entries[i].Details["snils"] != "*******7200" || entries[i].Actor != w.head.Person.ID {
			t.Errorf("journal: %+v", entries)
		}
	})
}

func TestAForgedSignatureGivesNoPower(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		person := func(snils, inn string) signaturetest.Holder {
			return w.Authority.Issue(t, signature.Subject{LastName: "Чужой", GivenNames: "Олег", SNILS: snils, INN: inn})
		}
		other := w.Office("Other")
		over := w.Authority.Issue(t, signature.Subject{LastName: "А", GivenNames: "Б", Organisation: w.alpha.Name, SNILS: headSNILS, INNLE: w.alpha.INN, OGRN: w.alpha.OGRN},
			func(c *x509.Certificate) { c.NotAfter = w.Clock.Now().Add(-time.Hour) })
		xml := emchd.Write(w.form())
		name := emchd.FileID(w.form().Number, w.day(0)) + ".xml"
		for _, c := range []struct {
			name, code string
			form       emchd.Form
			by         signaturetest.Holder
		}{
			{"a stranger's qualified certificate", "form_signer_other", w.form(), person(bookkeeperSNILS, "")},
			{"a stranger whom the form calls the head", "form_signer_other", w.form(func(f *emchd.Form) {
				f.Principals[0].Heads = []emchd.Party{{Kind: emchd.KindPerson, SNILS: bookkeeperSNILS, LastName: "Чужой", FirstName: "Олег"}}
			}), person(bookkeeperSNILS, "")},
			{"another organisation's certificate", "form_signer_other", w.form(),
				w.Authority.Issue(t, signature.Subject{LastName: "А", GivenNames: "Б", Organisation: other.Name, SNILS: headSNILS, INNLE: other.INN, OGRN: other.OGRN})},
			{"ours, of somebody whom the form does not name", "form_signer_not_head", w.form(),
				w.Authority.Issue(t, signature.Subject{LastName: "А", GivenNames: "Б", Organisation: w.alpha.Name, SNILS: bookkeeperSNILS, INNLE: w.alpha.INN, OGRN: w.alpha.OGRN})},
			{"the head, not named by the form", "form_signer_not_head", w.form(func(f *emchd.Form) {
				f.Principals[0].Heads = []emchd.Party{{Kind: emchd.KindPerson, SNILS: bookkeeperSNILS, LastName: "Чужой", FirstName: "Олег"}}
			}), person(headSNILS, "")},
			{"a certificate that is over", "form_signature_refused", w.form(), over},
		} {
			p := w.Expect(w.bring(c.form, c.by), http.StatusUnprocessableEntity, "power_invalid").Problem(t)
			if len(p.Errors) != 1 || p.Errors[0].Code != c.code || p.Errors[0].Pointer != "/file" {
				t.Errorf("%s: %+v", c.name, p.Errors)
			}
		}
		head := w.Token(w.alpha, directory.Head)
		for what, sig := range map[string][]byte{"": nil, "over other bytes": w.company.Sign(t, append(xml, ' '))} {
			reply := w.send(powers, head, part{"file", name, xml}, part{"signature", "a.sig", sig})
			p := w.Expect(reply, http.StatusUnprocessableEntity, "power_invalid").Problem(t)
			if len(p.Errors) == 0 || !strings.HasPrefix(p.Errors[len(p.Errors)-1].Code, "form_signature_") {
				t.Errorf("a signature %s: %+v", what, p.Errors)
			}
		}
		if list, err := w.Directory.PowersGranted(context.Background(), w.alpha.ID, directory.PowerFilter{}); err != nil || len(list) != 0 {
			t.Errorf("%d powers in the book, %v", len(list), err)
		}
		// The head's own certificate, without the organisation in it, does: his СНИЛС is
		// proved and his role is the head's.
		w.Expect(w.bring(w.form(), person(headSNILS, "")), http.StatusCreated, "")
	})
}

func TestAFaultyFormIsToldEverythingThatIsWrong(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		token := w.Token(w.alpha, directory.Observer)
		for _, c := range powertest.Faulty() {
			if len(c.XML) == 0 || len(c.XML) > emchd.MaxSize {
				continue
			}
			got := w.send(powers+"/validate", token, part{"file", "", nil}, part{"file", "form.xml", c.XML})
			w.Expect(got, http.StatusOK, "")
			if c.Status == emchd.ValidationError && !strings.Contains(got.Text, c.Message[:len(c.Message)/2]) && !strings.Contains(got.Text, `"code"`) {
				t.Errorf("%s: %s", c.Name, got.Text)
			}
		}
		bad := w.form(func(f *emchd.Form) {
			f.Representatives[0].SNILS = ""
			f.Principals[0].INN = powertest.Company.INN
		})
		reply := w.Expect(w.bring(bad, w.company), http.StatusUnprocessableEntity, "power_invalid")
		if p := reply.Problem(t); len(p.Errors) != 2 || p.Errors[1].Detail != "У представителя нет ни СНИЛС, ни ИНН: его нельзя узнать." {
			t.Errorf("%+v", p)
		}
	})
}

func TestAFormMadeHereIsActiveOnceTheHeadHasSigned(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		head := w.Token(w.alpha, directory.Head)
		body := map[string]any{
			"representative": map[string]any{"last_name": "Счетова", "first_name": "Анна", "snils": "153-768-472 00"},
			"powers":         []string{"2_FNS02", "CAB_EXTRACTS"}, "until": w.day(30), "delegation": 1,
			"limits": map[string]any{"reports": []string{"NO_NDS"}, "max_sum": 123456700, "may_sign": true},
		}
		reply := w.Expect(w.Do("POST", powers, head, body), http.StatusCreated, "")
		draft := w.read(reply)
		if draft.Status != "draft" || reply.Header.Get("Location") != powers+"/"+draft.ID || !slices.Contains(draft.Allows, "Сумма одного действия — не больше 1\u00a0234\u00a0567,00 ₽.") {
			t.Errorf("draft %+v", draft)
		}
		xml := []byte(w.Do("GET", powers+"/"+draft.ID+"/file", head, nil).Text)
		form, faults := emchd.Parse(xml)
		if form == nil || form.Principals[0].Heads[0].SNILS != headSNILS || form.Delegation != 1 {
			t.Fatalf("the form of the draft: %v", faults)
		}
		if _, err := w.Directory.Representation(context.Background(), w.bookkeeper.ID, w.alpha.ID); err == nil {
			t.Error("a draft lets in")
		}
		stranger := w.Authority.Issue(t, signature.Subject{LastName: "Ч", GivenNames: "О", SNILS: bookkeeperSNILS})
		w.Expect(w.Do("POST", powers+"/"+draft.ID+"/signature", head, map[string]any{"signature": stranger.Sign(t, xml)}), http.StatusUnprocessableEntity, "power_signature_refused")
		w.Expect(w.Do("POST", powers+"/"+draft.ID+"/signature", head, map[string]any{}), http.StatusUnprocessableEntity, "validation_failed")
		signed := w.read(w.Expect(w.Do("POST", powers+"/"+draft.ID+"/signature", head, map[string]any{"signature": w.company.Sign(t, xml)}), http.StatusOK, ""))
		if signed.Status != "active" || !signed.HasSign || !signed.Validation.Signature.Accepted {
			t.Errorf("signed %+v", signed)
		}
		w.Expect(w.Do("POST", powers+"/"+draft.ID+"/signature", head, map[string]any{"signature": w.company.Sign(t, xml)}), http.StatusConflict, "power_over")

		// Another one replaces it.
		body["replaces_id"], body["powers"] = draft.ID, []string{"CAB_EXTRACTS"}
		next := w.read(w.Expect(w.Do("POST", powers, head, body), http.StatusCreated, ""))
		xml = []byte(w.Do("GET", powers+"/"+next.ID+"/file", head, nil).Text)
		w.Expect(w.Do("POST", powers+"/"+next.ID+"/signature", head, map[string]any{"signature": w.company.Sign(t, xml)}), http.StatusOK, "")
		if old := w.read(w.Do("GET", powers+"/"+draft.ID, head, nil)); old.Status != "revoked" || old.Reason != "replaced" {
			t.Errorf("replaced: %+v", old)
		}
	})
}

func TestADraftNeedsAHeadAndSaysWhatIsWrong(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		beta := w.Office("Beta", directory.Head)
		body := map[string]any{
			"representative": map[string]any{"last_name": "Счетова", "first_name": "Анна", "snils": bookkeeperSNILS},
			"powers":         []string{"2_FNS02"}, "until": w.day(30),
		}
		w.Expect(w.Do("POST", powers, w.Token(beta, directory.Head), body), http.StatusConflict, "power_no_head")
		body["head"] = map[string]any{"last_name": "Южный", "first_name": "Олег", "snils": "112-233-445 95", "position": "Директор"}
		w.Expect(w.Do("POST", powers, w.Token(beta, directory.Head), body), http.StatusCreated, "")
		for want, change := range map[string]any{
			"/until before_issue":           map[string]any{"until": w.day(-1)},
			"/powers/0 unknown":             map[string]any{"powers": []string{"2_FNS98"}},
			"/form paper_needs_document":    map[string]any{"form": "simple"},
			"/representative/snils invalid": map[string]any{"representative": map[string]any{"last_name": "А", "first_name": "Б", "snils": "1"}},
			"/representative/kpp required":  map[string]any{"representative": map[string]any{"kind": "organisation", "name": "Ю", "inn": "7709876545", "ogrn": "1027700987654"}},
			"/limits/reports/0 invalid":     map[string]any{"limits": map[string]any{"reports": []string{"НДС"}}},
			"/replaces_id invalid":          map[string]any{"replaces_id": beta.ID},
			"/number invalid":               map[string]any{"number": "42"},
		} {
			changed := cabinettest.But(body, change.(map[string]any))
			p := w.Expect(w.Do("POST", powers, w.Token(w.alpha, directory.Head), changed), http.StatusUnprocessableEntity, "validation_failed").Problem(t)
			if got := p.Errors[0].Pointer + " " + p.Errors[0].Code; got != want || strings.Contains(p.Errors[0].Detail, "{") {
				t.Errorf("%q (%s), want %q", got, p.Errors[0].Detail, want)
			}
		}
	})
}

const simplePower = `{"form":"simple","representative":{"last_name":"Счетова","first_name":"Анна","snils":"15376847200"},"powers":["CAB_DOCUMENTS_VIEW"],
	"principal_identity":{"full_name":"Северный Андрей","document":"4500 123456","issued_on":"2010-01-02","issued_by":"ОВД"},
	"representative_identity":{"full_name":"Счетова Анна","document":"4501 654321","issued_on":"2012-01-02","issued_by":"ОВД"},"until":"`

func TestASimplePowerNeedsThePrincipalsSignature(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pdf := filetest.PDF("power")
		head := w.QualifiedToken(w.alpha, directory.Head)
		typed := []byte(simplePower + w.day(30) + `"}`)
		signed := []part{{"file", "a.pdf", pdf}, {"power", "", typed}, {"signature", "a.sig", w.company.Sign(t, pdf)}}
		// No signature covers what is typed: who enters it answers for it.
		w.Expect(w.send(powers, w.Token(w.alpha, directory.Head), signed...), http.StatusUnauthorized, "assurance_insufficient")
		w.Expect(w.send(powers, w.Service(w.alpha, directory.PowersWrite, directory.DocumentsRead), signed...), http.StatusForbidden, "person_required")
		w.Expect(w.send(powers, head, part{"file", "a.pdf", pdf}, part{"power", "", typed}), http.StatusUnprocessableEntity, "power_signature_refused")
		stranger := w.Authority.Issue(t, signature.Subject{LastName: "Ч", GivenNames: "О", SNILS: bookkeeperSNILS})
		w.Expect(w.send(powers, head, part{"file", "a.pdf", pdf}, part{"power", "", typed}, part{"signature", "a.sig", stranger.Sign(t, pdf)}),
			http.StatusUnprocessableEntity, "power_signature_refused")
		w.Expect(w.send(powers, head, part{"file", "a.pdf", filetest.PNG()}, part{"power", "", typed}, part{"signature", "a.sig", w.company.Sign(t, filetest.PNG())}),
			http.StatusUnprocessableEntity, "file_kind")
		got := w.read(w.Expect(w.send(powers, head, part{"file", "a.pdf", pdf}, part{"power", "", typed}, part{"signature", "a.sig", w.company.Sign(t, pdf)}),
			http.StatusCreated, ""))
		if got.Status != "active" || got.Form != "simple" || got.Requisites.Representative.Document != "*******4321" {
			t.Errorf("%+v", got)
		}
		for name, bad := range map[string]string{
			"no identity": `{"form":"simple","representative":{"last_name":"С","first_name":"А","snils":"15376847200"},"powers":["CAB_DOCUMENTS_VIEW"],"until":"2099-01-01"}`,
			"no JSON":     "power", "an unknown field": `{"form":"simple","colour":1}`, "a form's own form": `{"form":"machine"}`,
		} {
			w.Expect(w.send(powers, head, part{"file", "a.pdf", pdf}, part{"power", "", []byte(bad)}), http.StatusUnprocessableEntity, "validation_failed")
			_ = name
		}
	})
}

func TestANotarialPowerIsEnteredByAPersonWithACertificate(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		typed := strings.Replace(simplePower+w.day(30)+`","notary":{"name":"Нотариус Ветров","registry_number":"77/123-н/77-2026-1-5","date":"2026-01-02"}}`, "simple", "notarial", 1)
		scan := part{"file", "scan.png", filetest.PNG()}
		w.Expect(w.send(powers, w.Token(w.alpha, directory.Administrator), scan, part{"power", "", []byte(typed)}), http.StatusUnauthorized, "assurance_insufficient")
		w.Expect(w.send(powers, w.Service(w.alpha, directory.PowersWrite, directory.DocumentsRead), scan, part{"power", "", []byte(typed)}), http.StatusForbidden, "person_required")
		without := strings.Replace(typed, `"registry_number":"77/123-н/77-2026-1-5",`, "", 1)
		sure := w.QualifiedToken(w.alpha, directory.Administrator)
		p := w.Expect(w.send(powers, sure, scan, part{"power", "", []byte(without)}), http.StatusUnprocessableEntity, "validation_failed").Problem(t)
		if len(p.Errors) != 1 || p.Errors[0].Pointer != "/notary/registry_number" {
			t.Errorf("without the number in the register: %+v", p.Errors)
		}
		got := w.read(w.Expect(w.send(powers, sure, scan, part{"power", "", []byte(typed)}), http.StatusCreated, ""))
		if got.Status != "active" || got.Validation.Status != "HasWarnings" || got.Requisites.Notary.Number != "77/123-н/77-2026-1-5" {
			t.Errorf("%+v", got)
		}
		w.Expect(w.Do("GET", powers+"/"+got.ID+"/signature", sure, nil), http.StatusNotFound, "power_no_file")
		pay := strings.Replace(typed, "CAB_DOCUMENTS_VIEW", "CAB_FINANCE_PAY", 1)
		w.Expect(w.send(powers, w.QualifiedToken(w.alpha, directory.Head), scan, part{"power", "", []byte(pay)}), http.StatusForbidden, "act_forbidden")
	})
}

func TestASignatureThatCannotBeJudgedIsJudgedLater(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		w.judge.away = true
		waits := w.given(w.form())
		forged := w.form()
		stranger := w.Authority.Issue(t, signature.Subject{LastName: "Ч", GivenNames: "О", SNILS: bookkeeperSNILS})
		later := w.read(w.Expect(w.bring(forged, stranger), http.StatusCreated, ""))
		if waits.Status != "checking" || waits.Validation.Status != "CanNotBeValidated" || later.Status != "checking" {
			t.Errorf("%+v", waits)
		}
		if _, err := w.Directory.Representation(ctx, w.bookkeeper.ID, w.alpha.ID); err == nil {
			t.Error("what is being checked lets in")
		}
		cabinettest.Must(t, w.room.Recheck(ctx))
		w.judge.away = false
		cabinettest.Must(t, w.room.Recheck(ctx))
		token := w.Token(w.alpha, directory.Observer)
		if got := w.read(w.Do("GET", powers+"/"+waits.ID, token, nil)); got.Status != "active" || got.Validation.Status != "IsValid" {
			t.Errorf("%+v", got)
		}
		if got := w.read(w.Do("GET", powers+"/"+later.ID, token, nil)); got.Status != "refused" || !strings.Contains(got.Reason, "Подписал не доверитель") {
			t.Errorf("%+v", got)
		}
	})
}

func TestUploadsAreReadStrictly(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		head, xml := w.Token(w.alpha, directory.Head), emchd.Write(w.form())
		file := part{"file", "a.xml", xml}
		for name, c := range map[string]struct {
			parts []part
			code  string
		}{
			"no file":           {[]part{{"signature", "a.sig", []byte("x")}}, "validation_failed"},
			"an unknown part":   {[]part{file, {"colour", "", []byte("red")}}, "validation_failed"},
			"a part twice":      {[]part{file, file}, "validation_failed"},
			"too many parts":    {[]part{{"a", "", []byte("1")}}, "validation_failed"},
			"a large signature": {[]part{file, {"signature", "a.sig", bytes.Repeat([]byte("A"), signature.MaxUpload+1)}}, "validation_failed"},
			"a large form":      {[]part{{"file", "a.xml", bytes.Repeat([]byte("A"), emchd.MaxSize+1)}}, "validation_failed"},
			"replaces nothing":  {[]part{file, {"replaces_id", "", []byte("x")}}, "validation_failed"},
		} {
			if reply := w.send(powers, head, c.parts...); reply.StatusCode != http.StatusUnprocessableEntity || reply.Problem(t).Code != c.code {
				t.Errorf("%s: %d %s", name, reply.StatusCode, reply.Text)
			}
		}
		w.Expect(w.Do("POST", powers+"/validate", head, "{}"), http.StatusUnsupportedMediaType, "")
		w.Expect(w.Do("POST", powers, head, "--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nabc", "Content-Type", "multipart/form-data; boundary=x"), http.StatusBadRequest, "body_malformed")
		w.Expect(w.Do("POST", powers, head, "x", "Content-Type", "multipart/form-data"), http.StatusBadRequest, "body_malformed")
	})
}
