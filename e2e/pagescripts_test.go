package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// holds waits until the page agrees.
func (e *eyes) holds(what, expression string) {
	e.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if e.evaluates(expression) {
			return
		}
	}
	e.t.Fatalf("%s: never came true: %s\nthe page says: %s", what, expression, e.text())
}

// idlePage serves a page of the gallery whose session has an hour, with a form;
// prolong answers whoever asks for more.
func idlePage(t *testing.T, prolong http.HandlerFunc) string {
	t.Helper()
	dir, _ := drawGallery(t)
	body, err := os.ReadFile(filepath.Join(dir, "ru", "room-of-credentials.html"))
	if err != nil {
		t.Fatal(err)
	}
	const form = `<form method="post" action="/form"><label>Заметка <input name="note"></label> <label>Пароль <input name="secret" type="password"></label>
<label>Да <input type="checkbox" name="agree" value="yes"></label> <label>Текст <textarea name="text"></textarea></label> <label>Выбор <select name="choice"><option>a<option>b</select></label></form>`
	page := []byte(strings.Replace(string(body), "</h1>", "</h1>"+form, 1))
	mux := http.NewServeMux()
	mux.Handle("/assets/", http.FileServer(http.Dir(dir)))
	mux.HandleFunc("POST /account/alive", prolong)
	mux.HandleFunc("GET /form", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(page) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL + "/form"
}

// later moves the page's clock on.
func (e *eyes) later(d time.Duration) {
	e.t.Helper()
	e.do("move the clock", chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`(() => { const now = Date.now; Date.now = () => now() + %d; })()`, d.Milliseconds())))
}

const warning = `document.querySelector("dialog[data-idle]").open`

// TestASessionThatIsAboutToEndIsProlonged is the warning before the idle end: it
// takes the focus, and one key keeps the session.
func TestASessionThatIsAboutToEndIsProlonged(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	e := judging(t, "idle")
	e.open(idlePage(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusNoContent)
	}))
	if e.evaluates(warning) {
		t.Error("it warns an hour before")
	}
	e.later(time.Hour - time.Minute)
	e.holds("the warning", warning)
	e.focused("[data-stay]")
	e.look("idle-warning")
	e.press("\r")
	e.holds("the session goes on", "!"+warning)
	if asked.Load() != 1 {
		t.Errorf("the server was asked %d times", asked.Load())
	}
	e.later(time.Hour - time.Minute)
	e.holds("the warning of the next hour", warning)
}

// TestAnUnfinishedFormSurvivesTheEndOfTheSession: what was typed is there after a
// new sign-in in the same tab, but for secrets; it comes back once.
func TestAnUnfinishedFormSurvivesTheEndOfTheSession(t *testing.T) {
	t.Parallel()
	address := idlePage(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	e := openEyes(t, "idle")
	e.open(address)
	e.fill("input[name=note]", "черновик")
	e.fill("textarea[name=text]", "две\nстроки")
	e.fill("input[name=secret]", "Yantar-41-Vetra")
	e.click("input[name=agree]")
	e.do("choose", chromedp.SetValue(chromedp.CSS("select[name=choice]"), "b"))
	e.later(time.Hour)
	e.holds("the end", `!document.querySelector("[data-again]").hidden`)
	e.focused("[data-again]")
	e.says("Введённое сохранено")
	e.open(address)
	for expression, want := range map[string]string{
		`document.querySelector("[name=note]").value`:              "черновик",
		`document.querySelector("[name=text]").value`:              "две\nстроки",
		`document.querySelector("[name=secret]").value`:            "",
		`document.querySelector("[name=choice]").value`:            "b",
		`String(document.querySelector("[name=agree]").checked)`:   "true",
		`String(document.querySelector("[data-restored]").hidden)`: "false",
		`JSON.stringify(Object.keys(sessionStorage))`:              "[]",
	} {
		if got := ask(e, "read "+expression, chromedp.Evaluate[string](expression)); got != want {
			t.Errorf("%s is %q, want %q", expression, got, want)
		}
	}
}

// TestStrengthIsToldWhileTyping: the rules are marked and the words change.
func TestStrengthIsToldWhileTyping(t *testing.T) {
	t.Parallel()
	address, _ := gallery(t)
	e := openEyes(t, "strength")
	e.open(address + "/ru/new-password.html")
	marked := `[...document.querySelectorAll(".rules .met")].map((x) => x.dataset.rule).join(" ")`
	for _, c := range []struct{ typed, met, said string }{
		{"елена-Морозова-41", "length cases digit special", "В пароле есть ваше имя или логин."},
		{"aA1-", "cases digit special own", "Слишком просто: подберут сразу."},
		{"Vetka-58-Sosna-Yantar", "length cases digit special own", "Отличный пароль."},
	} {
		e.fill("input[name=password]", c.typed)
		if got := ask(e, "read the rules", chromedp.Evaluate[string](marked)); got != c.met {
			t.Errorf("%s meets %q, want %q", c.typed, got, c.met)
		}
		if got := ask(e, "read the words", chromedp.Evaluate[string](`document.querySelector(".strength [role=status]").textContent`)); got != c.said {
			t.Errorf("%s is told %q, want %q", c.typed, got, c.said)
		}
	}
}

// TestWithoutThePlugInThePageSaysWhatToDo: nothing answers, the page waits for a
// while and then helps.
func TestWithoutThePlugInThePageSaysWhatToDo(t *testing.T) {
	t.Parallel()
	address, _ := gallery(t)
	e := judging(t, "signing")
	e.open(address + "/ru/certificate.html")
	e.click(`[data-way=plugin] > summary`)
	e.click(`[data-way=plugin] [data-find]`)
	e.holds("the help", `document.querySelector("[data-way=plugin] [data-told]").textContent.includes("CryptoPro Extension for CAdES")`)
	e.look("no-plugin")
	e.click(`[data-way=file] > summary`)
	e.click(`[data-way=file] [data-find]`)
	e.says("Выберите файл .p12 или .pfx.")
}
