package organisation_test

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"

	"propusk/cabinet/api"
	"propusk/cabinet/organisation"
	"propusk/idp/directory"
	"propusk/signature"
)

// Row 117: what a document may not be, each with its own word.
func TestDocumentIsAReadablePDFWithNothingHidden(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.confirmed(0, "Лебедева", "Ирина", "Павловна")
		token := w.personal(p)
		path := w.started(token, companyDraft(p))
		script := bytes.Replace(goodPDF(), []byte("/Type /Catalog"), []byte("/Type /Catalog /OpenAction << /S /J#61vaScript /JS (x) >>"), 1)
		large := append([]byte("%PDF-1.4\n"), make([]byte, 10<<20)...)
		for _, test := range []struct {
			kind    string
			content []byte
			fault   string
		}{
			{"charter", script, "/file pdf_script"},
			{"charter", []byte("MZ\x90\x00 a program"), "/file upload_kind"},
			{"charter", large, "/file too_long"},
			{"charter", []byte{}, "/file required"},
			{"passport", goodPDF(), "/kind invalid"},
			{"charter", []byte("<?xml version=\"1.0\"?><a/>"), "/file upload_kind"}, // a power of attorney alone may be XML
		} {
			body, headers := w.form(test.kind, "ustav.pdf", test.content, nil)
			reply := w.Do("POST", path+"/documents", token, body, headers...)
			if reply.StatusCode != http.StatusUnprocessableEntity || w.faults(reply) != test.fault {
				t.Errorf("%s: %d %s, want %s", test.kind, reply.StatusCode, reply.Text, test.fault)
			}
		}
		body, headers := w.form("charter", "Устав.pdf", goodPDF(), nil)
		kept := w.call(http.StatusCreated, "POST", path+"/documents", token, body, headers...)
		file := path + "/documents/" + text(kept, "id")
		if got := w.Do("GET", file, token, nil); got.Text != string(goodPDF()) || !strings.Contains(got.Header.Get("Content-Disposition"), "attachment") {
			t.Errorf("download: %v", got.Header)
		}
		shown := w.call(http.StatusOK, "GET", path, token, nil)
		if len(shown["documents"].([]any)) != 1 || w.entry("", "registration.document_added").Details["kind"] != "charter" {
			t.Errorf("shown %s", encoded(shown["documents"]))
		}
		stranger := w.personal(w.confirmed(1, "Чужой", "Пётр", ""))
		w.refuse(http.StatusNotFound, "not_found", "GET", file, stranger, nil)
		w.call(http.StatusNoContent, "DELETE", file, token, nil)
		w.refuse(http.StatusNotFound, "not_found", "GET", file, token, nil)
		w.refuse(http.StatusNotFound, "not_found", "DELETE", file, token, nil)
	})
}

func TestUploadFormIsReadStrictly(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.confirmed(0, "Лебедева", "Ирина", "Павловна")
		token := w.personal(p)
		path := w.started(token, companyDraft(p)) + "/documents"
		w.refuse(http.StatusUnsupportedMediaType, "content_type_unsupported", "POST", path, token, `{"file":"x"}`)
		multipart := []string{"Content-Type", "multipart/form-data; boundary=b"}
		part := func(name, content string) string {
			return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"f\"\r\n\r\n" + content + "\r\n"
		}
		w.refuse(http.StatusBadRequest, "body_malformed", "POST", path, token, "--b\r\nbroken", multipart...)
		for body, fault := range map[string]string{
			part("kind", "charter") + "--b--":                                             "/file required",
			part("file", "x") + part("file", "y") + "--b--":                               "/file duplicate",
			part("colour", "red") + "--b--":                                               "/colour unknown",
			part("kind", strings.Repeat("k", 200)) + "--b--":                              "/kind too_long",
			part("file", "x") + part("signature", strings.Repeat("s", 300<<10)) + "--b--": "/signature too_long",
		} {
			reply := w.Do("POST", path, token, body, multipart...)
			if got := w.faults(reply); reply.StatusCode != http.StatusUnprocessableEntity || got != fault {
				t.Errorf("%d %s, want %s", reply.StatusCode, reply.Text, fault)
			}
		}
	})
}

// A signed document keeps its verdict; one whose signature is not good is refused.
func TestSignatureOverADocumentIsVerified(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.confirmed(0, "Лебедева", "Ирина", "Павловна")
		token := w.personal(p)
		path := w.started(token, companyDraft(p))
		holder := w.Authority.Issue(t, signature.Subject{Kind: signature.KindPerson, CommonName: "Налоговая", SNILS: snilsOf[3]})
		body, headers := w.form("registry_extract", "extract.pdf", goodPDF(), holder.Sign(t, goodPDF()))
		if kept := w.call(http.StatusCreated, "POST", path+"/documents", token, body, headers...); kept["signed"] != true {
			t.Errorf("kept %s", encoded(kept))
		}
		body, headers = w.form("registry_extract", "extract.pdf", goodPDF(), holder.Sign(t, []byte("another")))
		w.refuse(http.StatusUnprocessableEntity, "organization_signature_refused", "POST", path+"/documents", token, body, headers...)
	})
}

// Row 115: the holder of a power of attorney opens the cabinet.
func TestPowerOfAttorneyOpensTheCabinet(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		head, clerk := w.confirmed(0, "Лебедева", "Ирина", "Павловна"), w.confirmed(1, "Соколов", "Андрей", "Викторович")
		w.register.put(company(head))
		token := w.personal(clerk)
		path := w.started(token, companyDraft(head))
		w.contact(path, token, "email", "office@mayak.example")
		w.call(http.StatusOK, "POST", path+"/check", token, nil)
		power := []byte(`<?xml version="1.0" encoding="UTF-8"?><Power/>`)
		signed := w.Authority.Issue(t, signature.Subject{Kind: signature.KindOrganisation, CommonName: "Маяк", INNLE: "7801234564", OGRN: "1027800123450"}).Sign(t, power)
		body, headers := w.form("power_of_attorney", "mchd.xml", power, signed)
		w.refuse(http.StatusForbidden, "authority_missing", "POST", path+"/documents", token, body, headers...)
		w.power = func(_ context.Context, c organisation.PowerClaim) (string, error) {
			if c.INN != "7801234564" || c.Person.ID != clerk.ID || !bytes.Equal(c.Content, power) || len(c.Signature) == 0 {
				return "", api.Refuse("authority_missing")
			}
			return "5f0b1a2c-1111-4222-8333-444455556666", nil
		}
		w.call(http.StatusCreated, "POST", path+"/documents", token, body, headers...)
		made := w.created(path, token)
		if e := w.entry(made.ID, "organisation.registered"); e.Details["by"] != "power_of_attorney" || e.Details["detail"] != "5f0b1a2c-1111-4222-8333-444455556666" {
			t.Errorf("journal %+v", e.Details)
		}
		m, err := w.Directory.Membership(context.Background(), clerk.ID, made.ID)
		w.must(err)
		if m.Role != directory.Administrator || m.Position != "" {
			t.Errorf("the holder of a power is %s, %q", m.Role, m.Position)
		}
	})
}

func TestDocumentsOfARegistrationAreBounded(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		p := w.confirmed(0, "Лебедева", "Ирина", "Павловна")
		token := w.personal(p)
		path := w.started(token, companyDraft(p))
		for range 20 {
			body, headers := w.form("other", "a.pdf", goodPDF(), nil)
			w.call(http.StatusCreated, "POST", path+"/documents", token, body, headers...)
		}
		body, headers := w.form("other", "a.pdf", goodPDF(), nil)
		w.refuse(http.StatusConflict, "organization_files_too_many", "POST", path+"/documents", token, body, headers...)
	})
}
