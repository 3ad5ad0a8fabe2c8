package integration

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// client is an application of the organisation's own, as the API shows it.
type client struct {
	ID           string    `json:"client_id"`
	Name         string    `json:"client_name"`
	Scope        string    `json:"scope"`
	RedirectURIs []string  `json:"redirect_uris"`
	Networks     []string  `json:"allowed_networks"`
	Kind         string    `json:"kind"`
	Status       string    `json:"status"`
	Method       string    `json:"token_endpoint_auth_method"`
	FirstParty   bool      `json:"first_party"`
	Secret       string    `json:"client_secret"`
	LastUsedAt   time.Time `json:"last_used_at"`
	about
	Kept      kept         `json:"logo"`
	CreatedAt time.Time    `json:"created_at"`
	Actions   desk.Actions `json:"actions"`
	Secrets   []struct {
		CreatedAt time.Time `json:"created_at"`
		ExpiresAt time.Time `json:"expires_at"`
	} `json:"secrets"`
	Keys []struct {
		Thumbprint string    `json:"thumbprint"`
		ExpiresAt  time.Time `json:"expires_at"`
	} `json:"keys"`
}

const (
	clientsAPI  = "/organization/clients"
	clientsPath = "/cabinet/integrations/clients"
)

type clientRow struct {
	client
	Path string
	Tag  pages.Tag
}

func clientTag(v *desk.Visit, c client) pages.Tag {
	if c.Status == "disabled" {
		return pages.Tag{Kind: "stop", Text: v.T("integration.client.disabled")}
	}
	return pages.Tag{Kind: "go", Text: v.T("integration.client.active")}
}

// clients are the organisation's own applications, fifty at most.
func clients(v *desk.Visit) ([]clientRow, error) {
	var found struct {
		Clients []client `json:"clients"`
	}
	if err := v.Get(clientsAPI, url.Values{"limit": {"50"}}, &found); err != nil {
		return nil, err
	}
	rows := make([]clientRow, len(found.Clients))
	for i, one := range found.Clients {
		rows[i] = clientRow{one, clientsPath + "/" + desk.Escape(one.ID), clientTag(v, one)}
	}
	return rows, nil
}

// clientForm is what the pages ask of an application. The rest of its metadata is the
// API's: few need it, and those read its description.
type clientForm struct {
	Sent                                  bool
	Name, Kind, Redirects, Networks, Keys string
	Set                                   string // public keys, pasted
	NewSet                                string // those that follow them
	Scopes                                []string
	About                                 about
}

var clientFields = append([]string{"client_name", "kind", "redirect_uris", "allowed_networks", "scope", "jwks_uri", "jwks", "overlap_days"}, aboutFields...)

func readClient(form url.Values) clientForm {
	return clientForm{
		Sent: true, Name: strings.TrimSpace(form.Get("client_name")), Kind: form.Get("kind"), Redirects: form.Get("redirect_uris"),
		Networks: form.Get("allowed_networks"), Keys: strings.TrimSpace(form.Get("jwks_uri")), Set: strings.TrimSpace(form.Get("jwks")), Scopes: form["scope"],
		About: readAbout(form),
	}
}

// body is the application in the API's terms. With published keys it proves itself by
// them and has no secret (private_key_jwt, RFC 7523).
func (f clientForm) body() map[string]any {
	body := map[string]any{
		"client_name": f.Name, "scope": strings.Join(f.Scopes, " "), "allowed_networks": append([]string{}, strings.Fields(f.Networks)...),
		"redirect_uris": append([]string{}, strings.Fields(f.Redirects)...),
	}
	if f.Keys != "" {
		body["jwks_uri"] = f.Keys
	}
	f.About.put(body)
	return body
}

type clientNewView struct {
	Form   clientForm
	Action string
	Kinds  []pages.Option
	Scopes []scopeBox
	Lack   *pages.Lack
	New    bool
}

type scopeBox struct {
	Name, Label string
	Checked     bool
}

// scopeBoxes are what the visitor may do himself, and so may let a program do, with
// what the program has already.
func scopeBoxes(v *desk.Visit, chosen []string) []scopeBox {
	names := slices.Clone(v.Organisation().Permissions)
	for _, name := range chosen {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	boxes := make([]scopeBox, len(names))
	for i, name := range names {
		boxes[i] = scopeBox{name, scopeLabel(v, name), slices.Contains(chosen, name)}
	}
	return boxes
}

// scopeLabel is a scope in words; one that has none is shown by its name.
func scopeLabel(v *desk.Visit, name string) string {
	if label := v.T("scope." + name); label != "scope."+name {
		return label
	}
	return name
}

// newClient asks what the application is.
func newClient(v *desk.Visit) error {
	form := clientForm{Kind: "service"}
	if kept := v.Draft(); kept != nil {
		form = readClient(kept)
	}
	return clientNewPage(v, http.StatusOK, form)
}

func clientNewPage(v *desk.Visit, status int, form clientForm, errs ...pages.FieldError) error {
	view := clientNewView{Form: form, Action: v.Path(), Scopes: scopeBoxes(v, form.Scopes), Lack: desk.LackOf(v, "clients:write"), New: true}
	for _, kind := range []string{"service", "web", "spa", "native"} {
		view.Kinds = append(view.Kinds, pages.Option{Value: kind, Label: v.T("integration.client.kind." + kind)})
	}
	return v.Page(status, "integration_client_new.html", "integration.client.new", view, errs...)
}

// signInScopes are what an application that people sign in at asks for.
const signInScopes = "openid profile email organization"

// addClient makes one and shows its secret, once.
func addClient(v *desk.Visit) error {
	form := readClient(v.Form())
	body := form.body()
	body["kind"] = form.Kind
	if form.Keys != "" {
		body["token_endpoint_auth_method"] = "private_key_jwt"
	}
	if errs := form.withKeys(body); len(errs) > 0 {
		return clientNewPage(v, http.StatusUnprocessableEntity, form, errs...)
	}
	if form.Kind == "service" {
		delete(body, "redirect_uris")
	} else {
		body["scope"] = strings.TrimSpace(signInScopes + " " + strings.Join(form.Scopes, " "))
	}
	var made client
	err := v.Post(clientsAPI, body, &made, desk.IdempotencyKey(v.FormKey()))
	if err == nil && made.Secret == "" {
		return v.Done(clientsPath+"/"+desk.Escape(made.ID), "integration.client.done.new")
	}
	if err == nil {
		return clientSecretPage(v, made)
	}
	status, errs, err := v.Faults(err, clientFields...)
	if err != nil {
		return err
	}
	return clientNewPage(v, status, form, errs...)
}

func clientSecretPage(v *desk.Visit, c client) error {
	view := secretView{Name: c.Name, Back: clientsPath + "/" + desk.Escape(c.ID), Value: c.Secret != "", Client: c.ID}
	view.Secrets = pages.Secrets{Values: []string{c.Secret}, FileName: c.ID + ".txt", Heading: c.ID}
	return v.Page(http.StatusCreated, "integration_secret.html", "integration.client.secret", view)
}

type clientView struct {
	Client    client
	URL       string
	Tag       pages.Tag
	Facts     []pages.Pair
	Rights    []string
	Offers    []pages.Offer
	MayRotate bool
	MayKeys   bool // new keys for its old ones
	MayEdit   bool
	Form      clientForm
	Scopes    []scopeBox
	Etag      string
	Shown     *shownView
}

func clientAPI(v *desk.Visit) string { return clientsAPI + "/" + desk.Escape(v.PathValue("id")) }

// showClient draws one application.
func showClient(v *desk.Visit) error { return clientPage(v, http.StatusOK, clientForm{}) }

func clientPage(v *desk.Visit, status int, form clientForm, errs ...pages.FieldError) error {
	view := clientView{URL: clientsPath + "/" + desk.Escape(v.PathValue("id")), Form: form}
	if err := v.Get(clientAPI(v), nil, &view.Client, desk.ETag(&view.Etag)); err != nil {
		return err
	}
	view.describe(v)
	view.acts(v)
	view.show(v)
	return v.Page(status, "integration_client.html", view.Client.Name, view, errs...)
}

func (c *clientView) describe(v *desk.Visit) {
	one := c.Client
	c.Tag = clientTag(v, one)
	c.Facts = []pages.Pair{
		{Label: "client_id", Text: one.ID}, {Label: "integration.client.kind", Text: "integration.client.kind." + one.Kind},
		{Label: "integration.created", At: one.CreatedAt},
	}
	used := pages.Pair{Label: "integration.client.used", At: one.LastUsedAt}
	if one.LastUsedAt.IsZero() {
		used.Text = "integration.client.never"
	}
	c.Facts = append(c.Facts, used)
	for _, secret := range one.Secrets {
		if !secret.ExpiresAt.IsZero() {
			c.Facts = append(c.Facts, pages.Pair{Label: "integration.client.secret.until", At: secret.ExpiresAt})
		}
	}
	for _, key := range one.Keys {
		fact := pages.Pair{Label: "integration.client.key", Text: key.Thumbprint}
		if !key.ExpiresAt.IsZero() {
			fact.Under = v.T("integration.client.key.until", "Date", key.ExpiresAt.In(desk.Moscow).Format("02.01.2006"))
		}
		c.Facts = append(c.Facts, fact)
	}
	for _, network := range one.Networks {
		c.Facts = append(c.Facts, pages.Pair{Label: "integration.client.network", Text: network})
	}
	for name := range strings.FieldsSeq(one.Scope) {
		c.Rights = append(c.Rights, scopeLabel(v, name))
	}
}

func (c *clientView) acts(v *desk.Visit) {
	actions := c.Client.Actions
	c.MayRotate, c.MayKeys, c.MayEdit = c.may("rotate_secret"), c.may("rotate_keys"), c.may("change")
	post := func(name, ask string, stop bool) pages.Act {
		return pages.Act{Title: "integration.client.act." + name, URL: c.URL + "/" + name, Post: true, Ask: ask, Stop: stop}
	}
	switched := desk.Offer{Action: "disable", Act: post("disable", "integration.client.ask.disable", true), Hide: true}
	if c.Client.Status == "disabled" {
		switched = desk.Offer{Action: "change", Act: post("enable", "", false), Main: true}
	}
	c.Offers = v.Offers(actions,
		switched,
		desk.Offer{Action: "remove", Act: post("remove", "integration.client.ask.remove", true)},
	)
	if !c.Form.Sent {
		one := c.Client
		c.Form = clientForm{
			About: one.about, NewSet: c.Form.NewSet, Name: one.Name, Redirects: strings.Join(one.RedirectURIs, "\n"), Networks: strings.Join(one.Networks, "\n"), Scopes: strings.Fields(one.Scope),
		}
	}
	c.Scopes = scopeBoxes(v, c.Form.Scopes)
}

// may reports whether the visitor may do an act, if need be after proving himself better.
func (c *clientView) may(name string) bool {
	action := c.Client.Actions.Find(name)
	return action != nil && (action.Allowed || action.Reason == "assurance_insufficient")
}

func (c *clientView) show(v *desk.Visit) {
	var again *pages.Act
	if c.may("fetch_logo") {
		again = &pages.Act{Title: "integration.client.act.logo", URL: c.URL + "/logo", Post: true}
	}
	c.Shown = shownOf(v, c.Client, again)
}

// clientDone leads back to the application, or draws it with what was refused.
func clientDone(v *desk.Visit, err error, notice string, form clientForm) error {
	if err == nil {
		return v.Done(clientsPath+"/"+desk.Escape(v.PathValue("id")), notice)
	}
	status, errs, err := v.Faults(err, clientFields...)
	if err != nil {
		return err
	}
	return clientPage(v, status, form, errs...)
}

func changeClient(v *desk.Visit) error {
	form := readClient(v.Form())
	body := form.body()
	if len(strings.Fields(form.Redirects)) == 0 {
		delete(body, "redirect_uris")
	}
	return clientDone(v, v.Patch(clientAPI(v), body, nil, desk.IfMatch(v.Value("etag"))), "integration.done.change", form)
}

func switchingClient(status string) func(*desk.Visit) error {
	return func(v *desk.Visit) error {
		return clientDone(v, v.Patch(clientAPI(v), map[string]string{"status": status}, nil), "integration.client.done."+status, clientForm{})
	}
}

// rotateClient makes a new secret; the one before stays good for as many days as the
// form says, none when it has leaked.
func rotateClient(v *desk.Visit) error {
	days, err := strconv.Atoi(v.Value("overlap_days"))
	if err != nil || v.Value("leaked") != "" {
		days = 0
	}
	var made client
	err = v.Post(clientAPI(v)+"/secret", map[string]int{"overlap_days": days}, &made, desk.IdempotencyKey(v.FormKey()))
	if err != nil {
		return clientDone(v, err, "", clientForm{})
	}
	return clientSecretPage(v, made)
}

func removeClient(v *desk.Visit) error {
	err := v.Delete(clientAPI(v), nil, nil)
	if err == nil {
		return v.Done("/cabinet/integrations", "integration.client.done.remove")
	}
	return clientDone(v, err, "", clientForm{})
}
