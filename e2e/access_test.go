package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// finding is a rule of axe-core that a page breaks, and where.
type finding struct {
	ID     string `json:"id"`
	Impact string `json:"impact"` // minor, moderate, serious, critical
	Help   string `json:"help"`
	Nodes  []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

func (f finding) String() string {
	out := fmt.Sprintf("%s (%s): %s", f.ID, f.Impact, f.Help)
	for _, n := range f.Nodes {
		out += "\n    " + n.HTML + "\n      " + strings.ReplaceAll(n.Summary, "\n", "; ")
	}
	return out
}

// judging are eyes that know axe-core: every page that they open has it. It is
// put there by the browser, so the page's own policy stays as strict as it is.
func judging(t *testing.T, folder string) *eyes {
	t.Helper()
	return openEyes(t, folder).withAxe()
}

// withAxe has axe-core in every page that is opened from now on.
func (e *eyes) withAxe() *eyes {
	e.t.Helper()
	program, err := os.ReadFile(filepath.Join("node", "node_modules", "axe-core", "axe.min.js"))
	need(e.t, err == nil, "axe-core (npm ci in e2e/node)")
	callIn(e, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: string(program)})
	return e
}

// look is how a page is looked at.
type look struct {
	width  int64
	scheme string
}

// looks are all of them. The first two are what a page in Russian is judged in,
// the others one in English: crosswise, so that in both languages each width and
// each scheme has had its turn.
var looks = []look{{1280, "light"}, {390, "dark"}, {390, "light"}, {1280, "dark"}}

// look judges the page in the two looks of its language and keeps a picture of
// each, then goes back to a desk in the light.
func (e *eyes) look(name string) {
	e.t.Helper()
	e.sees(name, true)
	e.wear(looks[0])
}

// glance is look for a walk of very many pages, which goes on from any look. Pictures
// are kept of the Russian pages.
func (e *eyes) glance(name string) {
	e.t.Helper()
	e.sees(name, strings.HasSuffix(name, "-ru"))
}

// sees judges the page in its first look by every rule, in the other one by what colours and width decide. At 320 pixels, a desk at 400 %, it
// needs no scrolling sideways (WCAG 2.1 §1.4.10).
func (e *eyes) sees(name string, pictures bool) {
	e.t.Helper()
	judged, _ := e.turn()
	rules := everyRule
	for _, l := range judged {
		e.wear(l)
		e.fits(name, l.width)
		e.judgeBy(fmt.Sprintf("%s at %d, %s", name, l.width, l.scheme), rules)
		if pictures {
			e.keep(name, l)
		}
		rules = lookRules
	}
	e.wear(look{320, "light"})
	e.fits(name, 320)
}

// Which rules of axe-core are run: all in a page's first look, which is at a desk in
// Russian and on a phone in English, and what colours and width decide in the other.
const (
	everyRule = `runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]`
	lookRules = `runOnly: { type: "rule", values: ["color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size", "meta-viewport"] }`
)

// turn is which looks are judged in the page's language, and the others.
func (e *eyes) turn() (judged, others []look) {
	if e.evaluates(`document.documentElement.lang === "en"`) {
		return looks[2:], looks[:2]
	}
	return looks[:2], looks[2:]
}

// keep takes a picture of the page in the look that it has.
func (e *eyes) keep(name string, l look) {
	e.t.Helper()
	e.shoot(name, filepath.Join(e.folder, fmt.Sprintf("%s-%d-%s.png", name, l.width, l.scheme)))
}

// judge tells what axe-core finds that keeps people out: WCAG 2.1, level AA.
func (e *eyes) judge(name string) {
	e.t.Helper()
	e.judgeBy(name, everyRule)
}

func (e *eyes) judgeBy(name, rules string) {
	e.t.Helper()
	for _, f := range e.findings(name, rules) {
		if f.Impact == "serious" || f.Impact == "critical" {
			e.t.Errorf("%s: %v", name, f)
		}
	}
}

// fits finds a page that is broader than the window.
func (e *eyes) fits(name string, width int64) {
	e.t.Helper()
	if e.evaluates(`document.documentElement.scrollWidth > document.documentElement.clientWidth`) {
		e.t.Errorf("%s scrolls sideways at %d", name, width)
	}
}

// wear sets the width and the colour scheme, and waits until the page has them.
func (e *eyes) wear(l look) {
	e.t.Helper()
	e.do("wear "+l.scheme, chromedp.EmulateViewport(l.width, 900), chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: l.scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
		})
		return err
	}))
	ask(e, "wait for the fonts", chromedp.Evaluate[bool](`document.fonts.ready.then(() => true)`, chromedp.EvalAwaitPromise))
}

func (e *eyes) findings(name, rules string) []finding {
	e.t.Helper()
	return ask(e, "judge "+name, chromedp.Evaluate[[]finding](
		`axe.run(document, {resultTypes: ["violations"], `+rules+`}).then((r) => r.violations)`, chromedp.EvalAwaitPromise))
}

// TestEveryPageIsAccessible looks at the gallery: each page of the kit, in both
// languages, at the width of a desk and of a phone, in light and dark. Pictures are
// kept of both languages in the looks they are judged in, of the others in Russian.
func TestEveryPageIsAccessible(t *testing.T) {
	t.Parallel()
	address, pictures := gallery(t)
	if len(pictures) < 60 {
		t.Fatalf("the gallery has only %d pages", len(pictures))
	}
	for _, lang := range []string{"ru", "en"} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			e := judging(t, "gallery")
			for _, p := range pictures {
				if p.Lang == lang {
					e.open(address + "/" + p.File)
					name := p.Name + "-" + p.Lang
					e.sees(name, true)
					_, others := e.turn()
					for _, l := range others {
						e.wear(l)
						e.fits(name, l.width)
						if lang == "ru" {
							e.keep(name, l)
						}
					}
				}
			}
		})
	}
}

// TestJudgesFindWhatIsWrong holds the judge itself: a page with known faults is
// found faulty, so silence elsewhere means something.
func TestJudgesFindWhatIsWrong(t *testing.T) {
	t.Parallel()
	e := judging(t, "judges")
	e.open("data:text/html,<!doctype html><title>x</title><main><h1>x</h1><input><p style='color:%23bbb'>pale</p><img src=x></main>")
	found := map[string]string{}
	for _, f := range e.findings("faults", everyRule) {
		found[f.ID] = f.Impact
	}
	for id, impact := range map[string]string{"label": "critical", "color-contrast": "serious", "image-alt": "critical", "html-has-lang": "serious"} {
		if found[id] != impact {
			t.Errorf("%s is %q, want %q: %v", id, found[id], impact, found)
		}
	}
}

// picture is one page of the gallery, with the policy that it is answered with.
type picture struct{ Name, Lang, File, Policy string }

// gallery serves the drawn pages as the kit does, each with its policy.
func gallery(t *testing.T) (address string, pictures []picture) {
	t.Helper()
	dir, pictures := drawGallery(t)
	policies := map[string]string{}
	for _, p := range pictures {
		policies["/"+p.File] = p.Policy
	}
	files := http.FileServer(http.Dir(dir))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if policy := policies[r.URL.Path]; policy != "" {
			w.Header().Set("Content-Security-Policy", policy)
		}
		files.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, pictures
}

var galleryOnce struct {
	sync.Once
	dir string
	err error
}

// drawGallery lets the page kit's own tests draw every sample page, once for all
// tests here.
func drawGallery(t *testing.T) (dir string, pictures []picture) {
	t.Helper()
	galleryOnce.Do(func() {
		galleryOnce.dir = filepath.Join(filepath.Dir(binary), "gallery")
		args := []string{"test", "-count=1", "-run", "^TestGalleryHasEveryPageInBothLanguages$"}
		if raceDetector {
			args = append(args, "-race") // the same build as in the unit tests
		}
		drawing := exec.Command("go", append(args, "../idp/pages", "-gallery", galleryOnce.dir)...)
		if output, err := drawing.CombinedOutput(); err != nil {
			galleryOnce.err = fmt.Errorf("%w\n%s", err, output)
		}
	})
	if galleryOnce.err != nil {
		t.Fatalf("draw the gallery: %v", galleryOnce.err)
	}
	index, err := os.ReadFile(filepath.Join(galleryOnce.dir, "gallery.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(index, &pictures); err != nil {
		t.Fatal(err)
	}
	return galleryOnce.dir, pictures
}
