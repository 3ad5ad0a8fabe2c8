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

// idlePage serves a page of the gallery with a session that ends in a moment;
// prolong answers whoever asks for more.
func idlePage(t *testing.T, left, warn string, prolong http.HandlerFunc) string {
	t.Helper()
	dir, _ := drawGallery(t)
	mux := http.NewServeMux()
	mux.Handle("/assets/", http.FileServer(http.Dir(dir)))
	mux.HandleFunc("POST /account/alive", prolong)
	mux.HandleFunc("GET /form", func(w http.ResponseWriter, r *http.Request) {
		body, err := os.ReadFile(filepath.Join(dir, "ru", "room-of-credentials.html"))
		if err != nil {
			t.Error(err)
		}
		page := strings.Replace(string(body), `data-left="3600" data-warn="120"`, fmt.Sprintf(`data-left="%s" data-warn="%s"`, left, warn), 1)
		form := `<form method="post" action="/form"><input name="note"><input name="secret" type="password"><input type="checkbox" name="agree" value="yes"><textarea name="text"></textarea><select name="choice"><option>a<option>b</select></form>`
		if _, err := w.Write([]byte(strings.Replace(page, "</h1>", "</h1>"+form, 1))); err != nil {
			t.Error(err)
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL + "/form"
}

const warning = `document.querySelector("dialog[data-idle]").open`

// TestASessionThatIsAboutToEndIsProlonged is the warning before the idle end: it
// takes the focus, and one key keeps the session.
func TestASessionThatIsAboutToEndIsProlonged(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	address := idlePage(t, "4", "3", func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusNoContent)
	})
	e := judging(t, "idle")
	e.open(address)
	e.holds("the warning", warning)
	e.focused("[data-stay]")
	e.look("idle-warning")
	e.open(address)
	e.holds("the warning again", warning)
	e.press("\r")
	e.holds("the session goes on", "!"+warning)
	if asked.Load() != 1 {
		t.Errorf("the server was asked %d times", asked.Load())
	}
}

// TestAnUnfinishedFormSurvivesTheEndOfTheSession: what was typed is there after a
// new sign-in in the same tab, but for secrets; it comes back once.
func TestAnUnfinishedFormSurvivesTheEndOfTheSession(t *testing.T) {
	t.Parallel()
	address := idlePage(t, "2", "1", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	e := openEyes(t, "idle")
	e.open(address)
	e.fill("input[name=note]", "черновик")
	e.fill("textarea[name=text]", "две\nстроки")
	e.fill("input[name=secret]", "Yantar-41-Vetra")
	e.click("input[name=agree]")
	e.do("choose", chromedp.SetValue(chromedp.CSS("select[name=choice]"), "b"))
	e.holds("the end", `!document.querySelector("[data-again]").hidden`)
	e.focused("[data-again]")
	e.says("Введённое сохранено")
	e.open(address)
	for expression, want := range map[string]string{
		`document.querySelector("[name=note]").value`:              "черновик",
		`document.querySelector("[name=text]").value`:              "две\nстроки",
		`document.querySelector("[name=secret]").value`:            "",
		`String(document.querySelector("[name=agree]").checked)`:   "true",
		`String(document.querySelector("[data-restored]").hidden)`: "false",
		`document.querySelector("[name=choice]").value`:            "b",
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
