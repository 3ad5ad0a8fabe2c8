package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestSignInByKeyboardAlone goes from the application to its callback without a
// pointer: Tab, Space, arrows, Enter and what is typed.
func TestSignInByKeyboardAlone(t *testing.T) {
	t.Parallel()
	s := demo(t)
	e := openEyes(t, "keyboard")
	u := s.memberOfTwo(t)
	a := s.authorization(s.webClient(t), nil)
	e.open(a.url)

	e.focused("input[name=login]") // the first thing to do has the focus
	e.reachesEverything()
	e.tabTo("input[name=login]")
	e.press(u.Login)
	e.tabTo("input[name=password]")
	e.press("wrong" + kb.Enter)
	e.waitFor(`[role=alert]`)
	e.focused("[data-summary]") // a refusal is heard at once
	e.tabTo("input[name=password]")
	e.press(u.Password + kb.Enter)
	e.waitFor("input[name=code]")
	e.focused("input[name=code]")
	e.reachesEverything()
	e.tabTo("input[name=code]")
	e.press(u.code(t) + kb.Enter)
	e.throughOrganisation(u.Organisations[1].ID)
	e.waitFor("button[name=decision]")
	e.reachesEverything()
	e.tabTo("button[value=accept]")
	e.press(kb.Enter)
	if got := e.arrives(a.redirectURI).Query(); got.Get("code") == "" {
		t.Errorf("the sign-in ended with %v", got)
	}
}

// throughOrganisation chooses by the arrows and goes on.
func (e *eyes) throughOrganisation(id string) {
	e.t.Helper()
	e.waitFor("input[name=organisation]")
	e.tabTo("input[name=organisation]")
	e.press(" ")
	for range 10 {
		if e.evaluates(fmt.Sprintf(`document.querySelector("input[name=organisation]:checked")?.value === %q`, id)) {
			e.tabTo("main form:last-of-type button.wide")
			e.press(kb.Enter)
			return
		}
		e.press(kb.ArrowDown)
	}
	e.t.Fatal("the arrows do not reach the organisation")
}

// press types; keys by name are among kb's constants.
func (e *eyes) press(keys string) {
	e.t.Helper()
	e.do("press keys", chromedp.KeyEvent(keys))
}

func (e *eyes) waitFor(selector string) {
	e.t.Helper()
	e.do("wait for "+selector, chromedp.WaitVisible(chromedp.CSS(selector)))
}

func (e *eyes) evaluates(expression string) bool {
	e.t.Helper()
	return ask(e, "evaluate "+expression, chromedp.Evaluate[bool](`Boolean(`+expression+`)`))
}

// focused tells that the focus is on what the selector names.
func (e *eyes) focused(selector string) {
	e.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(30 * time.Millisecond) {
		if e.evaluates(fmt.Sprintf(`document.activeElement?.matches(%q)`, selector)) {
			return
		}
	}
	e.t.Errorf("the focus is on %s, not on %s", e.focus(), selector)
}

// focus names the element that has the focus.
func (e *eyes) focus() string {
	e.t.Helper()
	return ask(e, "read the focus", chromedp.Evaluate[string](named+`(document.activeElement)`))
}

// named is a function that tells one element from another.
const named = `((x) => [x.tagName.toLowerCase(), x.name || x.id || "", x.value && x.tagName === "BUTTON" ? x.value : "",
  x.getAttribute("href") || "", x.textContent.trim().slice(0, 20)].join(" ").trim())`

// tabTo presses Tab until the focus is there; what cannot be reached fails. The
// focus must be seen: an outline around it, or around the strip that holds it.
func (e *eyes) tabTo(selector string) {
	e.t.Helper()
	for range 60 {
		if e.evaluates(fmt.Sprintf(`document.activeElement?.matches(%q)`, selector)) {
			return
		}
		e.press(kb.Tab)
		if !e.evaluates(seen) {
			e.t.Errorf("the focus on %s is not seen", e.focus())
		}
	}
	e.t.Fatalf("Tab does not reach %s", selector)
}

// seen tells whether the focus shows, when it is within the page at all.
const seen = `document.activeElement === document.body ||
  [document.activeElement, document.activeElement.closest(".strip")].some((x) => x && getComputedStyle(x).outlineStyle !== "none" && parseFloat(getComputedStyle(x).outlineWidth) >= 2)`

// reachesEverything presses Tab through the page: everything that can be acted
// on has its turn, and the focus comes round instead of being trapped.
func (e *eyes) reachesEverything() {
	e.t.Helper()
	want := ask(e, "list what can be acted on", chromedp.Evaluate[[]string](`[...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")]
	  .filter((x) => x.checkVisibility() && !x.disabled && !(x.type === "radio" && document.querySelector("input[name=" + x.name + "]") !== x)).map(`+named+`)`))
	var got []string
	for range len(want) + 4 {
		got = append(got, e.focus())
		e.press(kb.Tab)
	}
	for _, name := range want {
		if !slices.Contains(got, name) {
			e.t.Errorf("Tab does not reach %q; it goes by %s", name, strings.Join(got, " → "))
		}
	}
}
