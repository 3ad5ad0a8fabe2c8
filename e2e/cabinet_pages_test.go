package e2e

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"propusk/cabinet/web"
	"propusk/storage/file/filetest"
)

// cabinetPage is a page of the cabinet at an address that exists.
type cabinetPage struct{ name, path string }

// beyondRooms are pages of the desk itself, which no room has.
var beyondRooms = []cabinetPage{
	{"organisations", "/cabinet/organisations"}, {"search", "/cabinet/search?q=НДС"}, {"missing", "/cabinet/nowhere"},
}

// withWords are pages that show more, or anything at all, when their address asks.
var withWords = map[string]string{
	"/cabinet/filings/form": "?type=NO_NDS", "/cabinet/filings/template": "?type=NO_NDS", "/cabinet/members/roles": "?role=observer",
}

// tracked are the rooms' routes by GET as net/http matches them.
func tracked(t *testing.T) (mux *http.ServeMux, routes []string) {
	t.Helper()
	mux = http.NewServeMux()
	for _, room := range web.Rooms() {
		for _, r := range room.Routes {
			if r.Method == http.MethodGet && !strings.HasSuffix(r.Path, "{$}") {
				mux.HandleFunc("GET "+r.Path, func(http.ResponseWriter, *http.Request) {})
				routes = append(routes, r.Path)
			}
		}
	}
	if len(routes) < 60 {
		t.Fatalf("the rooms have only %d addresses", len(routes))
	}
	return mux, routes
}

// fetched is an answer to the browser's own request.
type fetched struct {
	Status int      `json:"status"`
	Kind   string   `json:"kind"` // media type
	URL    string   `json:"url"`
	Links  []string `json:"links"`
}

// fetching asks as the page would and gives the paths that the answer leads to.
const fetching = `(async (path) => {
	const answer = await fetch(path);
	const kind = (answer.headers.get("Content-Type") || "").split(";")[0];
	const links = kind === "text/html" ? [...new DOMParser().parseFromString(await answer.text(), "text/html").querySelectorAll("a[href]")]
		.map((x) => new URL(x.getAttribute("href"), answer.url)).filter((x) => x.origin === location.origin).map((x) => x.pathname) : [];
	return { status: answer.status, kind, url: answer.url, links };
})`

func (e *eyes) fetches(path string) fetched {
	e.t.Helper()
	return ask(e, "fetch "+path, chromedp.Evaluate[fetched](fmt.Sprintf("%s(%q)", fetching, path), chromedp.EvalAwaitPromise))
}

// cabinetPages finds an address of every page that the rooms' table has: the pages of
// fixed addresses first, the others by the links on those. A route that nothing leads
// to is an error, so no page is left out because somebody forgot it.
func (e *eyes) cabinetPages(more []string) (found []cabinetPage) {
	e.t.Helper()
	mux, routes := tracked(e.t)
	at, shown := map[string][]string{}, map[string]bool{} // addresses by route; routes that answered with a page
	var asked []string
	for _, r := range routes {
		if !strings.Contains(r, "{") {
			at[r] = []string{r + withWords[r]}
			asked = append(asked, at[r][0])
		}
	}
	for _, address := range more {
		r := routeOf(mux, address)
		at[r] = append(at[r], address)
		asked = append(asked, address)
	}
	for i := 0; i < len(asked); i++ {
		path := asked[i]
		r := routeOf(mux, path)
		got := e.fetches(path)
		if !shown[r] && got.Kind == "text/html" && got.Status < 400 && sameAddress(got.URL, path) {
			shown[r] = true
			found = append(found, cabinetPage{nameOf(r), path})
		}
		for _, link := range got.Links {
			if pattern := routeOf(mux, link); pattern != "" && len(at[pattern]) < oneOfEachState && !slices.Contains(at[pattern], link) {
				at[pattern] = append(at[pattern], link)
				asked = append(asked, link)
			}
		}
	}
	for _, r := range routes {
		if len(at[r]) == 0 && elsewhere[r] == "" {
			e.t.Errorf("no page leads to %s", r)
		}
	}
	return append(found, beyondRooms...)
}

// oneOfEachState is how many things of a kind are looked at for what they lead to: a
// report that was sent leads elsewhere than a draft.
const oneOfEachState = 6

// elsewhere are the routes that this walk does not reach, and why.
var elsewhere = map[string]string{
	"/cabinet/documents/uploads/{id}": "asked by a script", "/cabinet/extracts/{id}/progress": "asked by a script",
	"/cabinet/registrations/{id}": inStory, "/cabinet/filings/{id}/sign": inStory, "/cabinet/powers/{id}/sign": inStory,
	"/cabinet/registrations/{id}/sign": "drawn by the template of /cabinet/organization/changes/{id}/sign",
	"/cabinet/powers/{id}/renounce":    "drawn by the template of /revoke",
	"/cabinet/my-powers/{id}":          drawnAsPowers, "/cabinet/my-powers/{id}/sign": drawnAsPowers,
	"/cabinet/my-powers/{id}/revoke": drawnAsPowers, "/cabinet/my-powers/{id}/renounce": drawnAsPowers,
	"/cabinet/my-powers/{id}/file": aFile, "/cabinet/exports/{id}/file": aFile, "/cabinet/exports/{id}/progress": "asked by a script",
	"/cabinet/applications/{id}/sign":       "drawn by the template of /cabinet/documents/{id}/sign",
	"/cabinet/documents/incoming/{id}/sign": "drawn by the template of /cabinet/documents/{id}/sign",
	"/cabinet/filings/{id}/file":            aFile, "/cabinet/filings/{id}/act": aFile,
	"/cabinet/filings/{id}/signatures/{part}": aFile, "/cabinet/filings/{id}/receipts/{part}": aFile,
	"/cabinet/powers/{id}/file": aFile, "/cabinet/powers/{id}/signature": aFile, "/cabinet/powers/{id}/archive": aFile,
	"/cabinet/requests/{id}/files/{file}": aFile, "/cabinet/documents/{id}/{part}/{signature}": aFile,
	"/cabinet/organization/changes/{id}/attachments/{file}": aFile, "/cabinet/registrations/{id}/documents/{document}": aFile,
	"/cabinet/registrations/{id}/statement": aFile,
	"/cabinet/applications/{id}/content":    aFile, "/cabinet/applications/{id}/protocol": aFile,
	"/cabinet/finance/payments/{id}/progress": "asked by a script", "/cabinet/tenders/applications/{id}/progress": "asked by a script",
	"/cabinet/finance/payments/{id}/qr": aFile, "/cabinet/finance/payments/{id}/receipt": aFile,
	"/cabinet/tenders/applications/{id}/document": aFile, "/cabinet/tenders/applications/{id}/signature": aFile,
	"/cabinet/tenders/applications/{id}/files/{file}": aFile,
	"/cabinet/tenders/applications/{id}/sign":         "drawn by the template of /cabinet/documents/{id}/sign",
}

const (
	inStory = "judged by TestStoryOfACompanyInChromium"
	aFile   = "a file"

	drawnAsPowers = "drawn by the templates of /cabinet/powers/{id}"
)

// sameAddress: the page was not sent elsewhere.
func sameAddress(address, path string) bool {
	at, err := url.Parse(address)
	want, _, _ := strings.Cut(path, "?")
	return err == nil && at.Path == want
}

func routeOf(mux *http.ServeMux, path string) string {
	path, _, _ = strings.Cut(path, "?")
	r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: path}, Host: "localhost"}
	_, pattern := mux.Handler(r)
	return strings.TrimPrefix(pattern, "GET ")
}

// nameOf is a route as the name of a picture.
func nameOf(route string) string {
	name := strings.NewReplacer("/cabinet/", "", "/cabinet", "today", "/{id}", "-one", "/", "-", "{", "", "}", "").Replace(route)
	return strings.Trim(name, "-")
}

// sending fills a form of a page in and sends it as the browser would.
const sending = `(async (page, action, values) => {
	const drawn = await fetch(page);
	const found = new DOMParser().parseFromString(await drawn.text(), "text/html");
	const form = [...found.forms].find((x) => x.getAttribute("method") === "post" && new RegExp(action).test(x.getAttribute("action")));
	if (!form) return "no form on " + drawn.url + ", " + drawn.status + found.querySelector("main")?.textContent.replace(/\s+/g, " ");
	const data = new FormData(form);
	for (const [name, value] of Object.entries(values || {})) data.set(name, value.startsWith("file:") ? new File([atob(value.slice(5))], "Проект.pdf", { type: "application/pdf" }) : value);
	const answer = await fetch(form.getAttribute("action"), { method: "POST", body: form.enctype === "multipart/form-data" ? data : new URLSearchParams(data) });
	const shown = new DOMParser().parseFromString(await answer.text(), "text/html");
	return answer.ok ? new URL(answer.url).pathname : answer.status + " " + shown.querySelector("main")?.textContent.replace(/\s+/g, " ");
})`

// posts sends the form of a page whose action fits, filled in, and gives the path that
// it leads to.
func (e *eyes) posts(page, action string, values map[string]string) string {
	e.t.Helper()
	to := ask(e, "send a form of "+page, chromedp.Evaluate[string](fmt.Sprintf("%s(%q, %q, %s)", sending, page, action, encoded(values)), chromedp.EvalAwaitPromise))
	if !strings.HasPrefix(to, "/") {
		e.t.Errorf("the form %s of %s: %s", action, page, to)
	}
	return to
}

func encoded(values map[string]string) string {
	text, err := json.Marshal(values)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// furnish makes one of each thing that has a page of its own and that the demo does
// not begin with. It gives addresses of theirs that no page links to at once.
func (e *eyes) furnish(s *site, o organisation) (addresses []string) {
	e.t.Helper()
	s.require(e.t, o, "О представлении пояснений по НДС", "120h")
	pdf := "file:" + base64.StdEncoding.EncodeToString(filetest.PDF("workshop"))
	post := func(page, action string, values map[string]string) string {
		to := e.posts(page, action, values)
		addresses = append(addresses, to)
		return to
	}
	post("/cabinet/registrations", "/bindings$", map[string]string{"binding_inn": "7842123454"})
	post("/cabinet/extracts/new?kind=egrul", "/extracts/new", nil)
	post("/cabinet/documents/upload", "/upload", map[string]string{"file": pdf})
	post("/cabinet/request-templates/new", "/request-templates", map[string]string{"title": "Пояснения", "text": "Пояснения прилагаем."})
	e.open(s.Issuer + "/cabinet/organization/blocks/contacts")
	e.writes("Сайт", "https://new.example")
	e.goes("Сохранить и подтвердить")
	addresses = append(addresses, strings.TrimPrefix(e.location(), s.Issuer))
	application := post("/cabinet/services/licence-medical", "/begin$", nil)
	addresses = append(addresses, application+"/documents", application+"/check")
	post("/cabinet/integrations/webhooks/new", "/webhooks", map[string]string{"url": "https://example.com/hooks", "program": "1С:Бухгалтерия"})
	if hook := e.leadsTo("/cabinet/integrations", "/cabinet/integrations/webhooks/{id}"); hook != "" {
		post(hook, "/test$", nil)
	}
	request := ""
	eventually(e.t, "the requirement", func() bool {
		request = e.leadsTo("/cabinet/requests?type=requirement", "/cabinet/requests/{id}")
		return request != ""
	})
	post(request, "/accept$", nil)
	e.open(s.Issuer + request)
	e.picks("Что вы пишете", "Вопрос")
	e.writes("Текст", "Нужны ли счета-фактуры поставщика?")
	e.goes("Отправить")
	question := ask(e, "find the question", chromedp.Evaluate[string](`document.querySelector(".post.out")?.id.replace("post-", "") || ""`))
	addresses = append(addresses, request+"/messages/"+question) // linked to while it may be mended
	addresses = append(addresses, e.orders("requests"))
	addresses = append(addresses, e.furnishFinances(s)...)
	return append(addresses, e.apply()...)
}

// ordering sends what the page of a list that is too long would, with what the desk puts
// into each of its forms: the demo has no list that is so long.
const ordering = `(async (kind) => {
	const drawn = new DOMParser().parseFromString(await (await fetch("/cabinet/request-templates/new")).text(), "text/html");
	const fields = new URLSearchParams({ kind, format: "xlsx" });
	for (const own of drawn.querySelectorAll("main form [type=hidden][name^=cabinet-]")) fields.set(own.name, own.value);
	return new URL((await fetch("/cabinet/exports", { method: "POST", body: fields })).url).pathname;
})`

// orders has a list made into a file, and gives the page that tells how far it is.
func (e *eyes) orders(kind string) (address string) {
	e.t.Helper()
	address = ask(e, "order an export", chromedp.Evaluate[string](fmt.Sprintf("%s(%q)", ordering, kind), chromedp.EvalAwaitPromise))
	if !strings.HasPrefix(address, "/cabinet/exports/") {
		e.t.Errorf("an export of %s leads to %s", kind, address)
	}
	return address
}

// furnishFinances begins a payment at the provider's page, and one from an account of
// the organisation, that a code has linked and whose orders wait for a signature.
func (e *eyes) furnishFinances(s *site) []string {
	e.t.Helper()
	const room = "/cabinet/finance"
	var owed []string
	eventually(e.t, "what is owed", func() bool {
		owed = nil
		mux, _ := tracked(e.t)
		for _, link := range e.fetches(room + "?status=unpaid").Links {
			if routeOf(mux, link) == room+"/accruals/{id}" && !slices.Contains(owed, link) {
				owed = append(owed, link)
			}
		}
		return len(owed) >= 2
	})
	pay := func(accrual, method string) string {
		return e.posts(room+"/pay?id="+strings.TrimPrefix(accrual, room+"/accruals/"), "/pay$", map[string]string{"method": method})
	}
	addresses := []string{room + "/pay?id=" + strings.TrimPrefix(owed[0], room+"/accruals/"), pay(owed[0], "card")}
	sent := len(s.messages(e.t))
	linking := e.posts(room+"/accounts", "/link$", nil)
	var code string
	eventually(e.t, "the code that links an account", func() bool {
		messages := s.messages(e.t)
		for _, m := range messages[:len(messages)-sent] {
			code = cmp.Or(code, m.Code)
		}
		return code != ""
	})
	e.posts(linking, "/confirm$", map[string]string{"code": code})
	account := strings.TrimSuffix(strings.TrimPrefix(linking, room+"/accounts/"), "/confirm")
	signing := pay(owed[1], "account:"+account)
	e.posts(room+"/accounts", "/unlink$", nil)
	linking = e.posts(room+"/accounts", "/link$", nil) // a code is waited for, so its page is shown
	return append(addresses, linking, signing, strings.TrimSuffix(signing, "/sign"))
}

// apply begins an application for a tender.
func (e *eyes) apply() []string {
	e.t.Helper()
	notice := ""
	eventually(e.t, "an open tender", func() bool {
		for _, link := range e.fetches("/cabinet/tenders").Links {
			if strings.HasPrefix(link, "/cabinet/tenders/notices/") && e.offers(link, "/apply$") {
				notice = link
				return true
			}
		}
		return false
	})
	application := strings.TrimSuffix(e.posts(notice, "/apply$", nil), "/edit")
	return []string{application, application + "/edit"}
}

// offers reports whether a page has a form whose action fits.
func (e *eyes) offers(page, action string) bool {
	e.t.Helper()
	return ask(e, "look for a form of "+page, chromedp.Evaluate[bool](fmt.Sprintf(`(async (page, action) => {
		const drawn = new DOMParser().parseFromString(await (await fetch(page)).text(), "text/html");
		return [...drawn.forms].some((x) => new RegExp(action).test(x.getAttribute("action")));
	})(%q, %q)`, page, action), chromedp.EvalAwaitPromise))
}

// leadsTo is the first address of a route that a page links to; "" = none.
func (e *eyes) leadsTo(page, route string) string {
	e.t.Helper()
	mux, _ := tracked(e.t)
	for _, link := range e.fetches(page).Links {
		if routeOf(mux, link) == route {
			return link
		}
	}
	return ""
}
