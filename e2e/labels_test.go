package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// What a person does goes by what he reads: the words on a button or a link, the label
// of a field. Nothing here knows a name, an id or an address of a page.

// reading finds what says the words and marks it: exactly first, then what begins with
// them, ends with them, has them; within the page's main part first. Words that only a screen reader has, hints
// and facts under a title do not count.
const reading = `((kind, words, mark) => {
	const said = (x) => {
		const copy = x.cloneNode(true);
		copy.querySelectorAll(".unseen, .hint, .facts, .second, .tag, svg, script").forEach((y) => y.remove());
		return copy.textContent.replace(/\s+/g, " ").trim();
	};
	const held = { press: "a[href], button, summary, label", field: "label" }[kind];
	const of = (x) => kind === "press" ? x : x.control;
	const seen = [...document.querySelectorAll(held)].filter((x) => of(x) && x.checkVisibility() && x.getClientRects().length > 0);
	const main = seen.filter((x) => x.closest("main"));
	for (const fits of [(x) => said(x) === words, (x) => said(x).startsWith(words), (x) => said(x).endsWith(words), (x) => said(x).includes(words)]) {
		for (const among of [main, seen]) {
			const found = among.find(fits);
			if (found) {
				document.querySelectorAll("[data-read]").forEach((x) => delete x.dataset.read);
				of(found).dataset.read = mark;
				return true;
			}
		}
	}
	return false;
})`

// reads waits for what says the words, and gives a selector of it.
func (e *eyes) reads(kind, words string) string {
	e.t.Helper()
	e.marks++
	mark := fmt.Sprint(e.marks)
	e.awaits(fmt.Sprintf("%s(%q, %q, %q)", reading, kind, words, mark), "something that says «"+words+"»")
	return fmt.Sprintf(`[data-read=%q]`, mark)
}

// awaits waits until an expression holds, also over a change of the page.
func (e *eyes) awaits(expression, what string) {
	e.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(40 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(e.ctx, patience)
		holds, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`Boolean(`+expression+`)`))
		cancel()
		if err == nil && holds {
			return
		}
	}
	e.t.Fatalf("there is no %s at %s; the page says: %s", what, e.location(), e.text())
}

// presses clicks what says the words, on the page that stays.
func (e *eyes) presses(words string) {
	e.t.Helper()
	e.click(e.reads("press", words))
}

// goes clicks what says the words and waits for the page that it leads to.
func (e *eyes) goes(words string) {
	e.t.Helper()
	e.send(e.reads("press", words))
}

// writes fills in the field of a label.
func (e *eyes) writes(label, value string) {
	e.t.Helper()
	e.fill(e.reads("field", label), value)
}

// picks chooses an option by its words.
func (e *eyes) picks(label, option string) {
	e.t.Helper()
	chosen := fmt.Sprintf(`((x) => {
		const option = [...x.options].find((y) => y.textContent.trim().startsWith(%q));
		if (!option) return false;
		x.value = option.value;
		x.dispatchEvent(new Event("change", { bubbles: true }));
		return true;
	})(document.querySelector(%q))`, option, e.reads("field", label))
	if !e.evaluates(chosen) {
		e.t.Fatalf("«%s» does not offer «%s»", label, option)
	}
}

// seesSoon waits for words on the page, which draws itself anew or is loaded again.
func (e *eyes) seesSoon(words string) {
	e.t.Helper()
	e.awaits(fmt.Sprintf(`document.body && document.body.innerText.replace(/\s+/g, " ").includes(%q)`, words), "«"+words+"»")
}

// reloadsUntil opens the page again until it says the words.
func (e *eyes) reloadsUntil(words string) {
	e.t.Helper()
	eventually(e.t, "«"+words+"»", func() bool {
		e.do("look again", chromedp.Reload())
		return e.evaluates(fmt.Sprintf(`document.body.innerText.replace(/\s+/g, " ").includes(%q)`, words))
	})
}

// keysTo presses Tab until the focus is on what says the words.
func (e *eyes) keysTo(kind, words string) {
	e.t.Helper()
	e.tabs(e.reads(kind, words))
}

// keysEnter presses Enter on what says the words, found by Tab, and waits for the page
// that it leads to.
func (e *eyes) keysEnter(words string) {
	e.t.Helper()
	e.keysTo("press", words)
	e.next("«"+words+"»", func() { e.press(kb.Enter) })
}

// keysWrite fills in the field of a label, found by Tab.
func (e *eyes) keysWrite(label, value string) {
	e.t.Helper()
	e.keysTo("field", label)
	e.press(value)
}

// keyFile signs with a key file that the page opens, in the dialog of any page: by the
// keyboard alone but for the choice of the file, whose dialog is the browser's own.
func (e *eyes) keyFile(file, password, sign string) {
	e.t.Helper()
	e.keysTo("press", "Файл .p12 или .pfx")
	e.press(kb.Enter)
	e.do("choose the file", chromedp.SetUploadFiles(chromedp.CSS(e.reads("field", "Файл с ключом")), []string{file}))
	e.keysWrite("Пароль к файлу", password)
	e.keysTo("press", "Открыть файл")
	e.press(kb.Enter)
	e.keysEnter(sign)
}

// downloads presses what says the words and gives what the browser has saved.
func (e *eyes) downloads(words string) []byte {
	e.t.Helper()
	dir := e.t.TempDir()
	_, err := chromedp.CallBrowser(e.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllowAndName, DownloadPath: dir,
		BrowserContextID: chromedp.FromContext(e.ctx).BrowserContextID,
	})
	if err != nil {
		e.t.Fatalf("let files be saved: %v", err)
	}
	e.presses(words)
	var content []byte
	eventually(e.t, "the file behind «"+words+"»", func() bool {
		found, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil || len(found) != 1 || filepath.Ext(found[0]) == ".crdownload" {
			return false
		}
		content, err = os.ReadFile(found[0])
		return err == nil && len(content) > 0
	})
	return content
}

// tab is the same person at another tab.
func (e *eyes) tab(t *testing.T) *eyes {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(e.ctx)
	t.Cleanup(closeTab)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("open another tab: %v", err)
	}
	return &eyes{t: t, ctx: ctx, folder: e.folder, width: e.width}
}

// another is somebody else at a browser profile of his own, in the same Chromium.
func (e *eyes) another(t *testing.T, folder string) *eyes {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(e.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(closeTab)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("open another profile: %v", err)
	}
	other := &eyes{t: t, ctx: ctx, folder: filepath.Join(e.folder, folder), width: e.width}
	if err := os.MkdirAll(other.folder, 0o755); err != nil {
		t.Fatal(err)
	}
	other.do("set the width", chromedp.EmulateViewport(other.width, 900))
	return other
}
