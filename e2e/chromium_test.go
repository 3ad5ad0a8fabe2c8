package e2e

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// eyes is a Chromium that leaves a picture of what it sees at the width of a
// desk and of a phone. Its headless shell, the same engine without the windows and
// menus that nobody sees here, takes half of the processor's time.
type eyes struct {
	t      *testing.T
	ctx    context.Context
	folder string
	count  int
	marks  int   // what was found by its words so far
	width  int64 // what the page is used at; 0 = 1280, and pictures are taken at 390 too
}

func openEyes(t *testing.T, folder string) *eyes {
	t.Helper()
	program := needProgram(t, "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("accept-lang", "ru"), chromedp.Flag("lang", "ru"), chromedp.Env("LANGUAGE=ru"),
	)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	folder = filepath.Join(artifacts, folder)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	e := &eyes{t: t, ctx: ctx, folder: folder}
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	return e
}

func (e *eyes) do(what string, actions ...chromedp.Action[chromedp.Void]) {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(e.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		e.t.Fatalf("%s: %v\nthe page says: %s", what, err, e.text())
	}
}

// ask runs an action that answers something.
func ask[T any](e *eyes, what string, action chromedp.Action[T]) T {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(e.ctx, patience)
	defer cancel()
	answer, err := chromedp.Run(ctx, action)
	if err != nil {
		e.t.Fatalf("%s: %v\nthe page says: %s", what, err, e.text())
	}
	return answer
}

// text is what the page says now.
func (e *eyes) text() string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(e.ctx), patience)
	defer cancel()
	said, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body ? document.body.innerText : ""`))
	return strings.Join(strings.Fields(said), " ")
}

// picture keeps the page at both widths.
func (e *eyes) picture(name string) {
	e.t.Helper()
	e.count++
	widths := []int64{1280, 390}
	if e.width != 0 {
		widths = []int64{e.width}
	}
	for _, width := range widths {
		e.do("set the width", chromedp.EmulateViewport(width, 900))
		if ask(e, "measure "+name, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`)) {
			e.t.Errorf("%s scrolls sideways at %d", name, width)
		}
		file := filepath.Join(e.folder, fmt.Sprintf("%02d-%s-%d.png", e.count, name, width))
		e.shoot(name, file)
	}
	if len(widths) > 1 {
		e.do("set the width back", chromedp.EmulateViewport(1280, 900))
	}
}

// shoot keeps a picture of the whole page as it is, packed quickly and not small. On a
// busy machine Chromium may wait for a frame that it has drawn already, and without end:
// it is asked again.
func (e *eyes) shoot(name, file string) {
	e.t.Helper()
	shot, err := e.capture(patience / 4)
	for end := time.Now().Add(patience); err != nil && time.Now().Before(end); {
		shot, err = e.capture(patience / 4)
	}
	if err != nil {
		e.t.Fatalf("picture of %s: %v", name, err)
	}
	if err := os.WriteFile(file, shot.Data, 0o644); err != nil {
		e.t.Fatal(err)
	}
}

// at waits for a page that has the selector, and looks at it.
func (e *eyes) at(name, selector string) {
	e.t.Helper()
	e.do("wait for "+name, chromedp.WaitVisible(chromedp.CSS(selector)))
	e.picture(name)
}

func (e *eyes) capture(within time.Duration) (cdppage.CaptureScreenshotResult, error) {
	ctx, cancel := context.WithTimeout(e.ctx, within)
	defer cancel()
	whole, quick := true, true
	return chromedp.Call(ctx, cdppage.CaptureScreenshot, cdppage.CaptureScreenshotParams{
		Format: cdppage.CaptureScreenshotFormatPng, CaptureBeyondViewport: &whole, OptimizeForSpeed: &quick,
	})
}

func (e *eyes) open(address string) {
	e.t.Helper()
	e.do("open "+address, chromedp.Navigate(address))
}

func (e *eyes) fill(selector, value string) {
	e.t.Helper()
	e.do("fill "+selector,
		chromedp.Evaluate[chromedp.Void](fmt.Sprintf("document.querySelector(%q).value = ''", selector)),
		chromedp.SendKeys(chromedp.CSS(selector), value))
}

func (e *eyes) click(selector string) {
	e.t.Helper()
	e.do("click "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// send clicks what leads to another page, and waits until that page is here: what
// stands on both would be found on the one that goes.
func (e *eyes) send(selector string) {
	e.t.Helper()
	e.next(selector, func() { e.click(selector) })
}

// next does what leads to another page and waits until that page is here whole: one
// that is still being read has its first lines only.
func (e *eyes) next(what string, lead func()) {
	e.t.Helper()
	e.do("mark the page", chromedp.Evaluate[chromedp.Void](`document.documentElement.dataset.left = "1"`))
	lead()
	e.awaits(`document.readyState === "complete" && !("left" in document.documentElement.dataset)`, "page after "+what)
}

func (e *eyes) says(words ...string) {
	e.t.Helper()
	said := e.text()
	for end := time.Now().Add(patience); !saysAll(said, words) && time.Now().Before(end); said = e.text() {
		time.Sleep(50 * time.Millisecond) // the page may be on its way
	}
	for _, w := range words {
		if !strings.Contains(said, w) {
			e.t.Errorf("the page does not say %q, it says: %s", w, said)
		}
	}
}

func (e *eyes) enterPassword(u *user) {
	e.t.Helper()
	e.fill(`input[name=login]`, u.Login)
	e.fill(`input[name=password]`, u.Password)
	e.send(`main form button:not([name]):not([type=button])`)
}

func (e *eyes) enterCode(code string) {
	e.t.Helper()
	e.fill(`input[name=code]`, code)
	e.send(`main form button:not([name]):not([type=button])`)
}

// chooseOrganisation clicks the strip of an organisation and goes on.
func (e *eyes) chooseOrganisation(id string) {
	e.t.Helper()
	e.click(`input[name=organisation][value="` + id + `"]`)
	e.send(`main form button:not([name]):not([type=button])`)
}

// TestChromium walks a person through password, code, organisation and consent
// to the demo application, then through the cabinet, and looks at every page.
func TestChromium(t *testing.T) {
	t.Parallel()
	s := demo(t)
	e := openEyes(t, "pages")
	u := s.memberOfTwo(t)
	o := u.Organisations[1].organisation

	e.open(s.Issuer + "/")
	e.at("demo-start", "main table")
	e.open(s.Issuer + "/demo/start")
	e.at("sign-in", `input[name=password]`)
	e.enterPassword(&user{Login: u.Login, Password: "Yantar-41-Vetra"})
	e.at("sign-in-wrong", `[role=alert]`)
	e.enterPassword(u)
	e.at("code", `input[name=code]`)
	e.enterCode(u.code(t))
	e.at("organisation", `input[name=organisation]`)
	e.says(u.Organisations[0].Name, o.Name, o.INN)
	e.chooseOrganisation(o.ID)
	e.at("consent", `button[name=decision]`)
	e.says(o.Name)
	e.click(`button[name=decision][value=accept]`)
	e.at("application", `main code`)
	e.says("grant_type=authorization_code")
	s.checkRedeemed(t, e, o)

	e.walkCabinet(s, o)
	e.open(s.Issuer + "/help")
	e.at("help", "main")
	e.open(s.Issuer + "/oauth2/authorize?client_id=nobody")
	e.at("failure", "main")
	e.open(s.Outbox)
	e.at("outbox", "main")
}

// TestChromiumOnManyNodes is the same way in on PostgreSQL and Redis, where
// nothing of the demo's own pages is: for each organisation to the application's
// callback, and then into the cabinet, all on the one session.
func TestChromiumOnManyNodes(t *testing.T) {
	t.Parallel()
	s := cluster(t)
	s.Cabinet = s.Issuer + "/cabinet"
	e := openEyes(t, "many-nodes")
	u, c := s.memberOfTwo(t), s.webClient(t)
	for i, o := range u.Organisations {
		a := s.authorization(c, nil)
		e.open(a.url)
		if i == 0 {
			e.at("sign-in", `input[name=password]`)
			e.enterPassword(u)
			e.at("code", `input[name=code]`)
			e.enterCode(u.code(t))
		}
		e.at("organisation", `input[name=organisation]`)
		e.chooseOrganisation(o.ID)
		e.at("consent", `button[name=decision]`)
		e.says(o.Name)
		e.click(`button[name=decision][value=accept]`)
		answer := e.arrives(a.redirectURI)
		got := s.tokens(t, c, url.Values{
			"grant_type": {"authorization_code"}, "code": {a.code(t, s.Issuer, answer)},
			"redirect_uri": {a.redirectURI}, "code_verifier": {a.verifier},
		})
		s.checkCabinet(t, got.AccessToken, o.organisation)
	}
	e.walkCabinet(s, u.Organisations[1].organisation)
}

// arrives waits until the browser is at the redirect URI.
func (e *eyes) arrives(redirectURI string) *url.URL {
	e.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if at := e.location(); strings.HasPrefix(at, redirectURI) {
			u, err := url.Parse(at)
			if err != nil {
				e.t.Fatal(err)
			}
			return u
		}
	}
	e.t.Fatalf("the browser did not come back, it is at %s: %s", e.location(), e.text())
	return nil
}

// checkRedeemed changes the code on the application's page for tokens, as its
// curl does, and reads the cabinet with them.
func (s *site) checkRedeemed(t *testing.T, e *eyes, o organisation) {
	t.Helper()
	command := ask(e, "read the curl", chromedp.Text(chromedp.CSS("main code")))
	var got tokens
	runShell(t, needProgram(t, "bash"), command, &got)
	s.checkCabinet(t, got.AccessToken, o)
}

func (e *eyes) walkCabinet(s *site, o organisation) {
	e.t.Helper()
	e.open(s.Cabinet)
	e.at("cabinet-choice", `input[name=organisation], nav.places`)
	if strings.Contains(e.location(), "/signin") {
		e.chooseOrganisation(o.ID)
	}
	e.at("cabinet-organisation", `nav.places`)
	e.says(o.Name)
	e.open(s.Cabinet + "/organization")
	e.at("cabinet-profile", `nav.places`)
	e.says(o.Name, o.INN)
	for name, path := range map[string]string{"cabinet-members": "/members", "cabinet-organisations": "/organisations"} {
		e.open(s.Cabinet + path)
		e.at(name, `nav.places`)
	}
}

func (e *eyes) location() string {
	e.t.Helper()
	return ask(e, "read the address", chromedp.Location())
}

// TestChromiumOtherWays looks at the code by SMS, the set-up of a code
// generator, the administrator's pages, an invitation and the sign-out.
func TestChromiumOtherWays(t *testing.T) {
	t.Parallel()
	s := demo(t)
	e := openEyes(t, "other-ways")

	sms := s.named(t, "olga.")
	e.open(s.Cabinet)
	e.at("sign-in-cabinet", `input[name=password]`)
	e.enterPassword(sms)
	e.at("code-by-sms", `input[name=code]`)
	e.enterCode(s.sentCode(t, "sms", sms.Phone))
	e.enterCabinet("cabinet-of-a-manager")
	e.signOut()

	e.open(s.Cabinet)
	e.enterPassword(s.named(t, "pavel."))
	e.at("set-up-a-generator", `input[name=code]`)
	secret := ask(e, "read the secret", chromedp.TextContent(chromedp.CSS(`.key`)))
	e.enterCode(codeAt(t, strings.ReplaceAll(secret, " ", ""), time.Now().Unix()/30))
	e.enterCabinet("cabinet-of-an-operator")
	e.signOut()

	admin, o := s.administrator(t)
	e.open(s.Cabinet)
	e.enterPassword(admin)
	e.at("code-of-an-administrator", `input[name=code]`)
	e.enterCode(admin.code(t))
	e.enterCabinet("cabinet-of-an-administrator")
	e.says(o.Name)
	link := e.invite(s)
	e.open(s.Cabinet + "/journal")
	e.at("cabinet-journal", `table`)
	e.signOut()
	e.accept(link, o)
}

// invite sends an invitation and gives the link in its message.
func (e *eyes) invite(s *site) string {
	e.t.Helper()
	e.open(s.Cabinet + "/members/invite")
	e.at("cabinet-invite", `input[name=email]`)
	const mailbox = "roman.zaytsev@severny-mayak.example"
	for selector, value := range map[string]string{
		"input[name=last_name]": "Зайцев", "input[name=first_name]": "Роман", "input[name=email]": mailbox,
	} {
		e.fill(selector, value)
	}
	e.do("choose the role", chromedp.SetValue(chromedp.CSS(`select[name=role]`), "operator"))
	e.click(`main form .buttons button.button`)
	e.at("cabinet-invited", `main table`)
	for _, m := range s.messages(e.t) {
		if _, rest, found := strings.Cut(m.Text, s.Issuer+"/invitations/"); found && m.To == mailbox {
			return s.Issuer + "/invitations/" + strings.Fields(rest)[0]
		}
	}
	e.t.Fatal("no invitation was sent to ", mailbox)
	return ""
}

// accept opens the link as somebody new, who becomes a member.
func (e *eyes) accept(link string, o organisation) {
	e.t.Helper()
	e.open(link)
	e.at("invitation", `input[name=password]`)
	e.says(o.Name)
	e.fill(`input[name=password]`, "Sosna-58-Vetka")
	e.fill(`input[name=password_again]`, "Sosna-58-Vetka")
	e.click(`main form button.wide`)
	e.do("wait for the end", chromedp.WaitNotPresent(chromedp.CSS(`input[name=password_again]`)))
	e.at("joined", `.pass h1`)
	e.says(o.Name)
}

// enterCabinet goes on with the one organisation that the person has.
func (e *eyes) enterCabinet(name string) {
	e.t.Helper()
	e.do("wait for the organisation", chromedp.WaitVisible(chromedp.CSS(`input[name=organisation]`)))
	e.click(`main form button:not([name]):not([type=button])`)
	e.at(name, `nav.places`)
}

func (e *eyes) signOut() {
	e.t.Helper()
	menu := `details:not([open]):has(form[action$="/signout"]) > summary`
	if e.evaluates(fmt.Sprintf(`document.querySelector(%q) !== null`, menu)) {
		e.click(menu)
	}
	e.click(`form[action$="/signout"] button`)
	e.at("signed-out", `.pass h1`)
}
