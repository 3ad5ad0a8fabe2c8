package service_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/cabinet/cabinettest"
	"propusk/cabinet/service"
	"propusk/idp/directory"
	"propusk/signature"
	"propusk/signature/signaturetest"
	"propusk/storage"
	"propusk/storage/file/filetest"
)

// TestNothingOfAnotherOrganisation calls every route of the room as every role,
// with the identifiers of its own and of another organisation and with none.
func TestNothingOfAnotherOrganisation(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		cabinettest.Isolation(t, w.World, w.room, w.aim, map[string]string{
			"GET /v1/services/{service}":         "the catalogue is the same for everybody",
			"GET /v1/services/{service}/prefill": "the path names a service; the values are the caller's own organisation's",
		})
	})
}

func (w *world) aim(route api.Route, o *cabinettest.Office) (path string, body any, headers []string) {
	ctx, actor := context.Background(), directory.Actor{PersonID: o.Members[directory.Manager].Person.ID}
	path = strings.Replace(route.Path, "{service}", "cash-register", 1)
	path = strings.Replace(path, "{version}", "1", 1)
	if strings.Contains(path, "/application-templates/{id}") {
		t, err := w.desk.AddTemplate(ctx, directory.System(), o.ID, service.Template{Service: "cash-register", Title: "Касса " + o.Tag})
		must(w.T, err)
		path = strings.Replace(path, "{id}", t.ID, 1)
	}
	if strings.Contains(path, "{id}") {
		a := w.draft(o, actor)
		path = strings.Replace(path, "{id}", a.ID, 1)
		if strings.Contains(path, "/protocol") || strings.HasSuffix(path, "/documents") {
			_, err := w.desk.Submit(ctx, actor, o.ID, a.ID, service.Submission{})
			must(w.T, err)
		}
	}
	switch route.Method + " " + route.Path {
	case "POST " + applications:
		body = map[string]any{"service": "cash-register"}
	case "PUT " + applications + "/{id}":
		body = map[string]any{"fields": map[string]string{"goods": "Мёд"}}
	case "POST " + applications + "/{id}/submit":
		body = map[string]any{}
	case "POST " + applications + "/{id}/documents":
		body = map[string]any{"documents": []service.Attachment{{Document: "production", File: w.file(o, "p.pdf", filetest.PDF(o.Tag))}}}
	case "POST /v1/organization/application-templates":
		body = map[string]any{"service": "cash-register", "title": "Касса"}
	}
	return path, body, nil
}

// draft is a whole draft of the office for a service that takes no signature. Its
// receipt may still be added.
func (w *world) draft(o *cabinettest.Office, actor directory.Actor) service.Application {
	w.T.Helper()
	a, err := w.desk.Create(context.Background(), actor, o.ID, service.Begin{Service: "certificate-origin", Fields: map[string]string{
		"full_name": "ООО", "address": "Москва", "contact_name": "Иванова", "goods": "Мёд", "buyer": o.Tag, "country": "UZ", "net_weight": "1", "gross_weight": "2", "invoice_sum": "5",
	}})
	must(w.T, err)
	a, err = w.desk.Save(context.Background(), actor, o.ID, a.ID, nil, nil, []service.Attachment{
		{Document: "invoice", File: w.file(o, o.Tag+".pdf", filetest.PDF(o.Tag))}, {Document: "production", File: w.file(o, o.Tag+".pdf", filetest.PDF(o.Tag))},
	})
	must(w.T, err)
	return a
}

// TestSignatureMustBeTheApplicants: none, of another content, of another
// organisation, of an authority nobody trusts, revoked; the organisation's own and
// the acting person's are taken.
func TestSignatureMustBeTheApplicants(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o, other := w.Office("Alpha", directory.Roles()...), w.Office("Beta", directory.Roles()...)
		a := w.licence(o)
		token, path := w.Token(o, directory.Manager), applications+"/"+a.ID+"/submit"
		w.Expect(w.Do("POST", path, token, map[string]any{}), http.StatusUnprocessableEntity, "validation_failed")
		holder, stranger := w.holder(o), w.holder(other)
		untrusted := signaturetest.New(t, w.Clock.Now).Issue(t, signature.Subject{Kind: signature.KindOrganisation, INNLE: o.INN, OGRN: o.OGRN, SNILS: "11223344595", CommonName: "ООО"})
		half := w.Authority.Issue(t, signature.Subject{Kind: signature.KindOrganisation, INNLE: o.INN, OGRN: other.OGRN, SNILS: "11223344595", CommonName: "ООО"})
		person := w.Authority.Issue(t, signature.Subject{Kind: signature.KindPerson, SNILS: "11223344595", CommonName: "Кто-то"})
		revoked := w.holder(o)
		w.Authority.Revoke(t, revoked)
		content := w.content(o, a.ID)
		for name, test := range map[string]struct {
			by      signaturetest.Holder
			content []byte
			code    string
		}{
			"of another content":      {holder, append([]byte(" "), content...), "application_signature_refused"},
			"of another organisation": {stranger, content, "form_signature_stranger"},
			"of half another":         {half, content, "form_signature_stranger"},
			"of an untrusted one":     {untrusted, content, "application_signature_refused"},
			"of somebody":             {person, content, "form_signature_stranger"},
			"revoked":                 {revoked, content, "application_signature_refused"},
		} {
			got := w.Do("POST", path, token, map[string]any{"signature": base64.StdEncoding.EncodeToString(test.by.Sign(t, test.content))})
			w.Expect(got, http.StatusUnprocessableEntity, "validation_failed")
			if p := got.Problem(t); p.Errors[0].Pointer != "/signature" || p.Errors[0].Code != test.code || strings.Contains(p.Errors[0].Detail, "{") {
				t.Errorf("%s: %+v", name, p.Errors)
			}
		}
		w.Expect(w.Do("POST", path, token, map[string]any{"signature": "не base64"}), http.StatusUnprocessableEntity, "validation_failed")
		w.Expect(w.Do("POST", path, token, map[string]any{"signature": "AAAA"}), http.StatusUnprocessableEntity, "validation_failed")
		if got := w.get(o, a.ID); got.State != "draft" {
			t.Fatalf("it was submitted: %+v", got)
		}
		// of what was signed, not of what stands there now
		good := base64.StdEncoding.EncodeToString(holder.Sign(t, content))
		w.read(w.Do("PUT", applications+"/"+a.ID, token, map[string]any{"fields": withField(a.Fields, "staff", "99")}), http.StatusOK)
		w.Expect(w.Do("POST", path, token, map[string]any{"signature": good}), http.StatusUnprocessableEntity, "validation_failed")
		w.Expect(w.Do("POST", path, token, map[string]any{"signature": good, "version": a.Version}), http.StatusPreconditionFailed, "version_changed")
		w.read(w.submit(o, a.ID, &holder), http.StatusOK)
		w.Expect(w.Do("POST", path, token, map[string]any{"signature": good}), http.StatusConflict, "application_submitted")
	})
}

func withField(fields map[string]string, name, value string) map[string]string {
	changed := map[string]string{name: value}
	for n, v := range fields {
		if n != name {
			changed[n] = v
		}
	}
	return changed
}

// TestPersonsOwnSignatureIsTaken, when it is the person who acts.
func TestPersonsOwnSignatureIsTaken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		ctx := context.Background()
		signer, err := w.Directory.CreatePerson(ctx, directory.NewPerson{
			LastName: "Подписанта", FirstName: "Пётр", Email: "signer@example.ru", EmailVerified: true, SNILS: "11223344595", NumbersVerified: true,
		})
		must(t, err)
		m, err := w.Directory.AddMember(ctx, directory.System(), directory.NewMember{OrganisationID: o.ID, PersonID: signer.ID, Role: directory.Head})
		must(t, err)
		a := w.licence(o)
		key := w.Authority.Issue(t, signature.Subject{Kind: signature.KindPerson, SNILS: "11223344595", CommonName: "Подписанта Пётр"})
		body := map[string]any{"signature": base64.StdEncoding.EncodeToString(key.Sign(t, w.content(o, a.ID)))}
		w.Expect(w.Do("POST", applications+"/"+a.ID+"/submit", w.Token(o, directory.Manager), body), http.StatusUnprocessableEntity, "validation_failed")
		token := cabinettest.Sign(t, w.Claims(o, directory.MemberView{Member: m, Person: signer}))
		w.Expect(w.Do("POST", applications+"/"+a.ID+"/submit", token, body), http.StatusOK, "")
	})
}

// TestDocumentsSignatureIsVerified: where the card demands one (row 291), in DER, in
// PEM or in base64.
func TestDocumentsSignatureIsVerified(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		holder := w.holder(o)
		text := filetest.PDF("the charter")
		cms := holder.Sign(t, text)
		wrong := holder.Sign(t, []byte("something else"))
		a := w.filled(o, "charter-change", map[string]string{
			"change_kind": "new_edition", "decision_number": "7", "decision_date": w.Clock.Now().AddDate(0, 0, -3).Format(time.DateOnly),
		}, map[string]string{"decision": "decision.pdf"})
		charter := w.file(o, "charter.pdf", text)
		for name, test := range map[string]struct {
			signature []byte
			code      string
		}{
			"none":       {nil, "form_document_signature_missing"},
			"of another": {wrong, "application_signature_refused"},
			"no CMS":     {filetest.PDF("x"), "form_document_signature_wrong"},
			"DER":        {cms, ""},
			"PEM":        {pem.EncodeToMemory(&pem.Block{Type: "CMS", Bytes: cms}), ""},
			"base64":     {[]byte(base64.StdEncoding.EncodeToString(cms)), ""},
		} {
			one := service.Attachment{Document: "new_charter", File: charter}
			if test.signature != nil {
				one.Signature = w.file(o, "charter.sig", test.signature)
			}
			documents := []service.Attachment{{Document: "decision", File: a.Documents[0].File}, one}
			for _, wrong := range []service.Attachment{{Document: "decision"}, {Document: "decision", File: "../x"}} {
				reply := w.Expect(w.Do("PUT", applications+"/"+a.ID, w.Token(o, directory.Manager), map[string]any{"documents": []service.Attachment{wrong}}), http.StatusUnprocessableEntity, "validation_failed")
				if p := reply.Problem(t); p.Errors[0].Pointer != "/documents/0/file" || p.Errors[0].Code != "format" {
					t.Errorf("%q is no file: %+v", wrong.File, p.Errors)
				}
			}
			w.read(w.Do("PUT", applications+"/"+a.ID, w.Token(o, directory.Manager), map[string]any{"documents": documents}), http.StatusOK)
			_, err := w.desk.Submit(context.Background(), directory.Actor{PersonID: o.Members[directory.Manager].Person.ID}, o.ID, a.ID,
				service.Submission{Signature: holder.Sign(t, append(w.content(o, a.ID), ' '))}) // so that it stays a draft
			var refused *service.SignatureError
			text := fmt.Sprint(err)
			switch {
			case test.code == "" || test.code == "application_signature_refused":
				if !asSignature(err, &refused) {
					t.Errorf("%s: %s", name, text)
				}
			default:
				got := w.submit(o, a.ID, &holder)
				if p := got.Problem(t); got.StatusCode != http.StatusUnprocessableEntity || p.Errors[0].Code != test.code {
					t.Errorf("%s: %s", name, got.Text)
				}
			}
			if test.code == "application_signature_refused" {
				got := w.submit(o, a.ID, &holder)
				if p := got.Problem(t); got.StatusCode != http.StatusUnprocessableEntity || p.Errors[0].Pointer != "/documents/new_charter" {
					t.Errorf("%s: %s", name, got.Text)
				}
			}
		}
		for _, encoded := range [][]byte{cms, pem.EncodeToMemory(&pem.Block{Type: "CMS", Bytes: cms}), []byte(base64.StdEncoding.EncodeToString(cms))} {
			documents := []service.Attachment{{Document: "decision", File: a.Documents[0].File}, {Document: "new_charter", File: charter, Signature: w.file(o, "c.sig", encoded)}}
			b := w.filled(o, "charter-change", a.Fields, nil)
			w.read(w.Do("PUT", applications+"/"+b.ID, w.Token(o, directory.Manager), map[string]any{"documents": documents}), http.StatusOK)
			w.read(w.submit(o, b.ID, &holder), http.StatusOK)
			if s := w.sent(); len(s.Files) != 3 || len(s.Files[2].Signatures) != 1 {
				t.Errorf("sent with %d files", len(s.Files))
			}
		}
	})
}

func asSignature(err error, into **service.SignatureError) bool {
	for ; err != nil; err = unwrap(err) {
		if e, ok := err.(*service.SignatureError); ok {
			*into = e
			return true
		}
	}
	return false
}

func unwrap(err error) error {
	u, ok := err.(interface{ Unwrap() error })
	if !ok {
		return nil
	}
	return u.Unwrap()
}

// TestFileOfAnotherOrganisationIsNotApplied with, nor one that other rooms keep from
// those who may not read documents, nor a format that the card does not take.
func TestFileOfAnotherOrganisationIsNotApplied(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.Office("Alpha", directory.Roles()...), w.Office("Beta", directory.Roles()...)
		one := w.small(a)
		token := w.Token(a, directory.Manager)
		theirs := w.file(b, "secret.pdf", filetest.PDF("secret"))
		for _, attachment := range []service.Attachment{
			{Document: "passport", File: theirs}, {Document: "passport", File: storage.NewID()},
			{Document: "passport", File: one.Documents[0].File, Signature: theirs}, {Document: "passport", File: ""},
		} {
			got := w.Do("PUT", applications+"/"+one.ID, token, map[string]any{"documents": []service.Attachment{attachment}})
			w.Expect(got, http.StatusUnprocessableEntity, "validation_failed")
		}
		kept := filetest.Saved(t, w.files, a.ID, "filing/"+storage.NewID(), "return.pdf", filetest.PDF("return"))
		robot := w.Service(a, directory.RequestsRead, directory.RequestsWrite)
		body := map[string]any{"documents": []service.Attachment{{Document: "passport", File: kept.ID}}}
		w.Expect(w.Do("PUT", applications+"/"+one.ID, robot, body), http.StatusUnprocessableEntity, "validation_failed")
		w.Expect(w.Do("PUT", applications+"/"+one.ID, token, body), http.StatusOK, "")

		docx := w.file(a, "passport.docx", filetest.DOCX())
		w.Expect(w.Do("PUT", applications+"/"+one.ID, token, map[string]any{"documents": []service.Attachment{{Document: "passport", File: docx}, {Document: "colour", File: docx}}}), http.StatusOK, "")
		got := w.Expect(w.Do("POST", applications+"/"+one.ID+"/submit", token, map[string]any{}), http.StatusUnprocessableEntity, "validation_failed").Problem(t)
		if got.Errors[0].Code != "form_document_format" || got.Errors[1].Code != "form_document_unknown" || got.Errors[2].Code != "form_document_missing" {
			t.Errorf("%+v", got.Errors)
		}
	})
}

// TestCallbackForAnotherOrganisationsApplicationMovesNothing, and a renewal of
// another organisation's is not begun.
func TestCallbackForAnotherOrganisationsApplicationMovesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.Office("Alpha", directory.Roles()...), w.Office("Beta", directory.Roles()...)
		one := w.small(a)
		w.read(w.submit(a, one.ID, nil), http.StatusOK)
		s := w.sent()
		w.agency.Callback(t, authority.Answer{ID: storage.NewID(), Seq: 1, At: storage.Of(w.Clock.Now()), SubmissionID: s.ID, Event: authority.Approved, INN: b.INN, OGRN: b.OGRN})
		w.agency.Deliver(t)
		if got := w.get(a, one.ID); got.Status != "submitted" || got.ValidUntil != nil {
			t.Errorf("it moved: %+v", got)
		}
		w.Expect(w.Do("POST", applications, w.Token(b, directory.Manager), map[string]any{"renews": one.ID}), http.StatusUnprocessableEntity, "validation_failed")
	})
}

// TestDraftTakesNoFieldOfItsOwn: what the service does not have is refused, also
// where it looks like a secret that must not reach the journal.
func TestDraftTakesNoFieldOfItsOwn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		a := w.small(o)
		for _, name := range []string{"colour", "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "", "inn/../x"} {
			got := w.Do("PUT", applications+"/"+a.ID, w.Token(o, directory.Manager), map[string]any{"fields": map[string]string{name: "x"}})
			w.Expect(got, http.StatusUnprocessableEntity, "validation_failed")
			if p := got.Problem(t); !strings.HasPrefix(p.Errors[0].Pointer, "/fields/") || p.Errors[0].Code != "unknown" {
				t.Errorf("%q: %+v", name, p.Errors)
			}
		}
		b := w.read(w.Do("PUT", applications+"/"+a.ID, w.Token(o, directory.Manager), map[string]any{"fields": map[string]string{"visitor": "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"}}), http.StatusOK)
		if b.Version != a.Version+1 {
			t.Errorf("%+v", b)
		}
	})
}

// TestContentSaysWhatWasTyped: no value can become an element or end one.
func TestContentSaysWhatWasTyped(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.Office("Alpha", directory.Roles()...)
		a := w.filled(o, "certificate-origin", map[string]string{"buyer": `</Поле><Поле Имя="inn">0000000000</Поле> & ]]>`}, nil)
		content := w.content(o, a.ID)
		if bytes.Count(content, []byte("<Поле ")) != len(w.get(o, a.ID).Fields) || !bytes.Contains(content, []byte("&lt;/Поле&gt;")) {
			t.Errorf("%s", content)
		}
		if again := w.content(o, a.ID); !bytes.Equal(content, again) {
			t.Error("the same version gave other bytes")
		}
	})
}
