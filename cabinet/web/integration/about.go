package integration

import (
	"net/url"
	"strings"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// about is what an application says of itself where people are asked for consent
// (RFC 7591 §2): its picture and its own pages.
type about struct {
	Home   string `json:"client_uri"`
	Logo   string `json:"logo_uri"`
	Policy string `json:"policy_uri"`
	Terms  string `json:"tos_uri"`
}

// aboutFields are its fields, named alike in the form and in the API.
var aboutFields = []string{"client_uri", "logo_uri", "policy_uri", "tos_uri"}

func readAbout(form url.Values) about {
	text := func(name string) string { return strings.TrimSpace(form.Get(name)) }
	return about{Home: text("client_uri"), Logo: text("logo_uri"), Policy: text("policy_uri"), Terms: text("tos_uri")}
}

// put writes it into a body of the API; "" takes away what was said before.
func (a about) put(body map[string]any) {
	body["client_uri"], body["logo_uri"], body["policy_uri"], body["tos_uri"] = a.Home, a.Logo, a.Policy, a.Terms
}

// kept is the picture of an application as the API tells of it.
type kept struct {
	State     string    `json:"state"`
	URL       string    `json:"url"`
	FetchedAt time.Time `json:"fetched_at"`
}

// shownView is the application as people meet it where they are asked for consent.
type shownView struct {
	Picture string // its address on this site; "" = none is shown
	State   string
	At      time.Time
	Again   *pages.Act // fetches the picture again
	Links   []aboutLink
}

type aboutLink struct{ URL, Label, Host string }

// shownOf draws what people are shown; nil when the application says nothing of itself.
func shownOf(v *desk.Visit, c client, again *pages.Act) *shownView {
	if c.about == (about{}) {
		return nil
	}
	view := &shownView{State: c.Kept.State, At: c.Kept.FetchedAt, Again: again}
	if picture, err := url.Parse(c.Kept.URL); err == nil {
		view.Picture = picture.EscapedPath() // a page loads pictures of its own site only
	}
	for _, link := range [][2]string{{"home", c.Home}, {"policy", c.Policy}, {"terms", c.Terms}} {
		if to, err := url.Parse(link[1]); link[1] != "" && err == nil {
			view.Links = append(view.Links, aboutLink{link[1], v.T("integration.client.about." + link[0]), to.Host})
		}
	}
	return view
}

// fetchLogo has the picture fetched again, since there is another one now.
func fetchLogo(v *desk.Visit) error {
	err := v.Post(clientAPI(v)+"/logo", map[string]any{}, nil)
	return clientDone(v, err, "integration.client.done.logo", clientForm{})
}
