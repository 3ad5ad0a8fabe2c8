package e2e

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// demoKeyPassword opens the demo's .p12 files.
const demoKeyPassword = "Kashalot-2026"

// entersCabinet signs a person in to the cabinet of an organisation, by password and
// code.
func (e *eyes) entersCabinet(s *site, u *user, path string) {
	e.t.Helper()
	e.open(s.Issuer + path)
	e.waitFor("input[name=login]")
	e.enterPassword(u)
	e.waitFor("input[name=code]")
	e.fill("input[name=code]", u.code(e.t))
	e.click(`main form button:not([name]):not([type=button])`)
	e.waitFor("input[name=organisation], .room h1")
	if e.evaluates(`document.querySelector("input[name=organisation]")`) {
		e.chooseOrganisation(u.Organisations[0].ID)
	}
	e.waitFor(".room h1")
}

// formValue is a value of the form of a report, by its path.
func formValue(path string) string { return fmt.Sprintf(`[name=%q]`, "v:"+path) }

// tabs presses Tab until the focus is on what the selector names, however long the
// page is.
func (e *eyes) tabs(selector string) {
	e.t.Helper()
	e.waitFor(selector)
	for range 220 {
		if e.evaluates(fmt.Sprintf(`document.activeElement?.matches(%q)`, selector)) {
			if !e.evaluates(seen) {
				e.t.Errorf("the focus on %s is not seen", e.focus())
			}
			return
		}
		e.press(kb.Tab)
	}
	e.t.Fatalf("Tab does not reach %s", selector)
}

// types fills a field in by keys alone.
func (e *eyes) types(selector, value string) {
	e.t.Helper()
	e.tabs(selector)
	e.press(value)
}

// enters presses Enter on a link or a button.
func (e *eyes) enters(selector string) {
	e.t.Helper()
	e.tabs(selector)
	e.press(kb.Enter)
}

// TestAReportIsFiledAndSignedByKeyboardAlone: from the list to the receipt without a
// pointer, the fault of a field told while one types, the signature by a key file
// that the page opens.
func TestAReportIsFiledAndSignedByKeyboardAlone(t *testing.T) {
	t.Parallel()
	s := demo(t)
	u := s.named(t, "irina.")
	e := openEyes(t, "cabinet-filing")
	e.entersCabinet(s, u, "/cabinet/filings")

	e.enters(`a[href="/cabinet/filings/new"]`)
	e.enters(`a[href$="type=NO_NDS"]`)
	e.tabs(`select[name=year]`)
	e.press(kb.ArrowDown + kb.ArrowDown)
	e.enters(`form[action="/cabinet/filings/new"] .buttons button`)

	e.waitFor(formValue("СвНП/@ОКТМО"))
	e.hearsLate()
	e.types(formValue("СвНП/@ОКТМО"), "45375000")
	e.awaits("window.saved", "autosave that the page has not heard of")
	e.next("the next step", func() { e.enters(`button[name=go][value=next]`) }) // does not collide with it
	e.types(formValue("НДС/СумУплНП/@ОКТМО"), "45375000")
	e.types(formValue("НДС/СумУплНП/@КБК"), "1")
	e.press(kb.Tab)
	e.waitFor(`.wrong ` + formValue("НДС/СумУплНП/@КБК")) // told by the server, at once
	e.picture("fault-while-typing")
	e.press(kb.Shift + kb.Tab)
	e.do("mend the value", chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`document.querySelector(%q).select()`, formValue("НДС/СумУплНП/@КБК"))))
	e.types(formValue("НДС/СумУплНП/@КБК"), "18210301000011000110")
	e.types(formValue("НДС/СумУплНП/@СумПУ_173.1"), "200000")
	e.enters(`button[name=go][value=next]`)
	const section = "НДС/СумУпл164/"
	e.types(formValue(section+"@НалПУ164"), "200000")
	e.types(formValue(section+"СумНалОб/@НалВосстОбщ"), "200000")
	e.types(formValue(section+"СумНалОб/РеалТов20/@НалБаза"), "1000000")
	e.types(formValue(section+"СумНалОб/РеалТов20/@СумНал"), "200000")
	e.enters(`button[name=go][value=check]`)

	e.waitFor(`a[href$="/sign"]`)
	e.says("Ошибок не найдено", "Подписать и отправить")
	e.enters(`a[href$="/sign"]`)
	e.signsByKeyFile(filepath.Join(s.Trust.Dir, "people", "irina-lebedeva-p256.p12"))
	e.waitFor(".moments")
	e.says("Отчёт подписан и отправлен", "Контрольный код", "Лебедева")
	eventually(t, "the body's receipt", func() bool {
		e.do("look again", chromedp.Reload())
		return strings.Contains(e.text(), "Извещение о вводе")
	})
	e.picture("receipt")
	e.says("Ответы и квитанции", "Принят: квитанция о приёме", "Введено")
}

// hearsLate has the page hear of what it saved by itself only after a button was pressed.
func (e *eyes) hearsLate() {
	e.t.Helper()
	e.do("slow the answers down", chromedp.Evaluate[chromedp.Void](`{
		const real = window.fetch;
		window.fetch = async (...asked) => {
			const answer = await real(...asked);
			if (!String(asked[0]).endsWith("/values")) return answer;
			window.saved = true;
			await new Promise((heard) => document.addEventListener("submit", () => setTimeout(heard, 500)));
			return answer;
		};
	}`))
}

// signsByKeyFile goes through the signing dialog with a .p12 file, by keys alone but
// for the choice of the file, whose dialog is the browser's own.
func (e *eyes) signsByKeyFile(file string) {
	e.t.Helper()
	e.waitFor(`[data-way=file] > summary`)
	e.picture("sign")
	e.enters(`[data-way=file] > summary`)
	e.tabs(`#keyfile`)
	e.do("choose the file", chromedp.SetUploadFiles(chromedp.CSS(`#keyfile`), []string{file}))
	e.types(`#keyword`, demoKeyPassword)
	e.enters(`[data-way=file] [data-find]`)
	e.waitFor(`[data-way=file] [data-sign]`)
	e.picture("sign-certificate")
	e.enters(`[data-way=file] [data-sign]`)
}

// TestPagesOfReportsPowersExtractsAndSecurity looks at every page, empty and filled,
// at both widths.
func TestPagesOfReportsPowersExtractsAndSecurity(t *testing.T) {
	t.Parallel()
	s := demo(t)
	u := s.named(t, "irina.")
	e := openEyes(t, "cabinet-rooms")
	e.entersCabinet(s, u, "/cabinet/filings")
	for _, page := range []struct{ name, path string }{
		{"filings", "/cabinet/filings"}, {"calendar", "/cabinet/filings/calendar"}, {"operations", "/cabinet/filings/operations"},
		{"forms", "/cabinet/filings/forms"}, {"form", "/cabinet/filings/form?type=NO_NDS"}, {"filing-new", "/cabinet/filings/new"},
		{"filing-begin", "/cabinet/filings/new?type=NO_NDS"}, {"upload", "/cabinet/filings/upload"},
		{"extracts", "/cabinet/extracts"}, {"extract-catalogue", "/cabinet/extracts/new"}, {"extract-order", "/cabinet/extracts/new?kind=tax_debt"},
		{"powers", "/cabinet/powers"}, {"powers-given", "/cabinet/powers?side=given"}, {"power-new", "/cabinet/powers/new"},
		{"power-import", "/cabinet/powers/import"}, {"power-paper", "/cabinet/powers/paper"},
		{"security", "/cabinet/security"}, {"accesses", "/cabinet/security/accesses"},
	} {
		e.open(s.Issuer + page.path)
		e.waitFor(".room h1")
		e.picture(page.name)
	}
	e.open(s.Issuer + "/cabinet/filings")
	e.click(`#filings tbody th a`)
	e.at("filing", ".moments")
	e.click(`a[href$="/fill"]`)
	e.at("fill", ".sections")
	e.open(s.Issuer + "/cabinet/powers")
	if e.evaluates(`document.querySelector("#powers tbody th a")`) {
		e.click(`#powers tbody th a`)
		e.at("power", ".grants")
	}
	e.open(s.Issuer + "/cabinet/security/accesses")
	e.click(`a[href$="/stop"]`)
	e.at("stop", ".danger")
}

// TestAnExtractIsOrderedWatchedAndVerified: the progress on the page, the files, and
// what is said of verifying them.
func TestAnExtractIsOrderedWatchedAndVerified(t *testing.T) {
	t.Parallel()
	s := demo(t)
	e := openEyes(t, "cabinet-extract")
	e.entersCabinet(s, s.named(t, "irina."), "/cabinet/extracts/new")
	e.click(`.tiles a[href$="kind=egrul"]`)
	e.waitFor(`form[action="/cabinet/extracts/new"] .buttons button`)
	e.click(`form[action="/cabinet/extracts/new"] .buttons button`)
	e.waitFor(`.held a[href$="/files/pdf"]`) // the page has drawn itself anew when it was ready
	e.says("Выписка из ЕГРЮЛ", "Подпись к PDF", "Как проверить")
	e.picture("extract")
	e.fill(`input[name=email]`, "bank@example.ru")
	e.click(`form[action$="/send"] button`)
	e.waitFor(".notice.go")
	e.says("Отправляем на b")
}

// TestAPowerIsGivenInWordsAndSigned: the wizard says what each choice comes to.
func TestAPowerIsGivenInWordsAndSigned(t *testing.T) {
	t.Parallel()
	s := demo(t)
	e := openEyes(t, "cabinet-power")
	e.entersCabinet(s, s.named(t, "irina."), "/cabinet/powers/new")
	e.fill(`[name="representative/last_name"]`, "Счетова")
	e.fill(`[name="representative/first_name"]`, "Анна")
	e.fill(`[name="representative/snils"]`, "087-654-303 00")
	e.click(`button[value=next]`)
	e.waitFor(`[name=powers]`)
	e.click(`[name=powers][value="2_FNS02"]`)
	eventually(t, "the words of the choice", func() bool {
		return e.evaluates(`document.querySelector("[data-words-list]").textContent.includes("налоговых деклараций")`)
	})
	e.picture("what")
	e.click(`button[value=next]`)
	e.waitFor(`button[value=give]`)
	e.picture("review")
	e.click(`button[value=give]`)
	e.waitFor(`a[href$="/sign"]`)
	e.click(`a[href$="/sign"]`)
	e.waitFor(`[data-way=file] > summary`)
	e.signsByKeyFile(filepath.Join(s.Trust.Dir, "people", "irina-lebedeva-p256.p12"))
	e.waitFor(".notice.go")
	e.says("Доверенность подписана и действует")
	e.picture("in-force")
	if at, err := url.Parse(e.location()); err != nil || !strings.HasPrefix(at.Path, "/cabinet/powers/") {
		t.Errorf("the browser is at %s", e.location())
	}
}
