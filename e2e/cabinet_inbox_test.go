package e2e

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"propusk/storage/file/filetest"
)

// require has the demo's state body demand something of an organisation.
func (s *site) require(t *testing.T, o organisation, subject, due string) {
	t.Helper()
	body, _ := json.Marshal(map[string]string{
		"inn": o.INN, "subject": subject, "text": "В декларации за III квартал сумма вычета больше, чем у поставщика.\nПредставьте пояснения или исправьте декларацию.", "due": due,
	})
	answer, err := http.Post(s.Sandbox.URL+"/admin/requirements", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 300 {
		t.Fatalf("the sandbox answers %s", answer.Status)
	}
}

// keep writes a file that a browser can choose.
func keep(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (e *eyes) choose(selector, path string) {
	e.t.Helper()
	e.do("choose a file", chromedp.SetUploadFiles(chromedp.CSS(selector), []string{path}))
}

// opens goes to a page of the cabinet and keeps its picture.
func (e *eyes) opens(s *site, name, path string) {
	e.t.Helper()
	e.open(s.Issuer + path)
	e.waitFor("main h1")
	e.picture(name)
}

// TestTheInboxInChromium: a requirement comes, is accepted and answered with a file; a
// draft saves itself; filters take effect without a new page.
func TestTheInboxInChromium(t *testing.T) {
	t.Parallel()
	s := demo(t)
	u, o := s.administrator(t)
	s.require(t, o, "О представлении пояснений по НДС за III квартал 2026 года", "120h")
	s.require(t, o, "О представлении документов по сделке с ООО «Ладожские верфи»", "48h")
	e := openEyes(t, "cabinet-inbox")
	e.entersCabinetOf(s, u, o, "/cabinet/requests")
	eventually(t, "the requirements", func() bool {
		e.do("look again", chromedp.Reload())
		return strings.Contains(e.text(), "пояснений по НДС") && strings.Contains(e.text(), "по сделке")
	})
	e.picture("requests")
	e.do("search", chromedp.SendKeys(chromedp.CSS("#q"), "пояснений"))
	eventually(t, "the filter", func() bool { return !strings.Contains(e.text(), "по сделке с ООО") })
	if !strings.Contains(e.location(), "q=") {
		t.Errorf("the address does not keep the filter: %s", e.location())
	}
	e.click("#found table a")
	e.waitFor(".thread")
	e.picture("request")
	e.click(`form[action$="/accept"] button`)
	e.waitFor(".notice.go")
	e.do("write", chromedp.SendKeys(chromedp.CSS("#text"), "Вычет заявлен по счёту-фактуре № 118, поставщик подал уточнённую декларацию."))
	eventually(t, "the draft saves itself", func() bool { return strings.Contains(e.text(), "Сохранено в") })
	e.choose("#files", keep(t, "пояснения.pdf", filetest.PDF("explanation")))
	e.click(`form[action$="/messages"] button:not([name=save])`)
	e.waitFor(".notice.go")
	e.says("Ответ отправлен", "пояснения.pdf")
	e.picture("request-answered")
	for name, path := range map[string]string{
		"request-new": "/cabinet/requests/new", "request-ticket": "/cabinet/requests/new?type=ticket", "request-history": "/cabinet/requests?view=history",
		"request-texts": "/cabinet/request-templates", "request-text": "/cabinet/request-templates/new", "support": "/cabinet/support",
		"requests-empty": "/cabinet/requests?type=message",
	} {
		e.opens(s, name, path)
	}
}

// entersCabinetOf signs a person in for one of his organisations.
func (e *eyes) entersCabinetOf(s *site, u *user, o organisation, path string) {
	e.t.Helper()
	e.open(s.Issuer + path)
	e.waitFor("input[name=login]")
	e.enterPassword(u)
	e.waitFor("input[name=code]")
	e.fill("input[name=code]", u.code(e.t))
	e.click(`main form button:not([name]):not([type=button])`)
	e.waitFor("input[name=organisation], .room h1")
	if e.evaluates(`Boolean(document.querySelector("input[name=organisation]"))`) {
		e.chooseOrganisation(o.ID)
	}
	e.waitFor(".room h1")
}

// TestServicesDocumentsNoticesAndProgramsInChromium looks at every page, and does what
// takes a script: uploads with progress, a form that saves itself and tells at once
// what is wrong.
func TestServicesDocumentsNoticesAndProgramsInChromium(t *testing.T) {
	t.Parallel()
	s := demo(t)
	u, o := s.administrator(t)
	e := openEyes(t, "cabinet-services")
	e.entersCabinetOf(s, u, o, "/cabinet/services")
	e.picture("services")
	e.opens(s, "applications-empty", "/cabinet/applications")
	e.opens(s, "service", "/cabinet/services/licence-medical")
	e.click(`form[action$="/begin"] button`)
	e.waitFor(".stages")
	e.picture("application")
	e.fill("#f-inn", "123")
	e.do("leave the field", chromedp.Focus(chromedp.CSS("#f-works")), chromedp.SendKeys(chromedp.CSS("#f-works"), "Терапия"))
	eventually(t, "what is wrong is told at once", func() bool {
		return strings.Contains(e.text(), "Сохранено в") && e.evaluates(`Boolean(document.querySelector("#f-inn-fault"))`)
	})
	e.picture("application-fault")
	e.click(`button[name=go]`)
	e.waitFor(".field input[type=file]")
	e.choose("#d-charter", keep(t, "Устав.pdf", filetest.PDF("charter")))
	e.click(`#box-charter form[enctype] button`)
	e.waitFor(".notice.go")
	e.picture("application-documents")
	e.click(`a[href$="/check"]`)
	e.waitFor(".checks")
	e.picture("application-check")
	e.opens(s, "applications", "/cabinet/applications")

	e.opens(s, "documents-empty", "/cabinet/documents")
	e.opens(s, "document-upload", "/cabinet/documents/upload")
	e.choose("#file", keep(t, "Проект цеха.pdf", filetest.PDF(strings.Repeat("workshop ", 300_000))))
	e.click(`form[data-upload] .buttons button`)
	e.waitFor(".uploads a")
	e.picture("document-uploaded")
	e.click(".uploads a")
	e.waitFor(".viewer summary")
	e.picture("document")
	e.click(`.offers a[href$="/sign"]`)
	e.waitFor("[data-signing]")
	e.picture("document-sign")
	e.opens(s, "documents", "/cabinet/documents")
	e.opens(s, "documents-incoming", "/cabinet/documents/incoming")

	for name, path := range map[string]string{
		"notices": "/cabinet/notices", "notice-settings": "/cabinet/notices/settings", "notice-devices": "/cabinet/notices/devices",
		"notice-deliveries": "/cabinet/notices/deliveries", "notice-organisation": "/cabinet/notices/organisation", "news": "/cabinet/news",
		"integrations": "/cabinet/integrations", "integration-sandbox": "/cabinet/integrations/sandbox",
	} {
		e.opens(s, name, path)
	}
	e.opens(s, "webhook-new", "/cabinet/integrations/webhooks/new")
	e.fill("#url", "https://example.com/hooks/propusk")
	e.fill("#program", "1С:Бухгалтерия")
	e.click(`main form .buttons button`)
	e.waitFor(".secrets, [role=alert]")
	e.picture("webhook-secret")
	e.opens(s, "integrations-one", "/cabinet/integrations")
	e.click(`main a[href^="/cabinet/integrations/webhooks/"]:not([href$="/new"])`)
	e.waitFor("#found")
	e.picture("webhook")
}
