package web

import (
	"net/url"
	"strings"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

const clientsPlace = Root + "/clients"

type application struct {
	ID             string    `json:"client_id"`
	Name           string    `json:"name"`
	Kind           string    `json:"kind"`
	Status         string    `json:"status"`
	Profile        string    `json:"profile"`
	OrganizationID string    `json:"organization_id"`
	FirstParty     bool      `json:"first_party"`
	Scope          string    `json:"scope"`
	GrantTypes     []string  `json:"grant_types"`
	Method         string    `json:"token_endpoint_auth_method"`
	CreatedAt      time.Time `json:"created_at"`
	UpdatedAt      time.Time `json:"updated_at"`
	UsedAt         time.Time `json:"used_at"`
	RedirectURIs   []string  `json:"redirect_uris"`
	Own            bool      `json:"own"`
}

func clientRoutes() []desk.Route {
	return append([]desk.Route{
		desk.Get(clientsPlace, listClients),
		desk.Get(clientsPlace+"/{id}", showClient),
	}, routesOf(clientDeed("disable", true), clientDeed("enable", false))...)
}

func clientDeed(act string, stop bool) deed {
	return deed{
		name: "clients." + act, path: clientsPlace + "/{id}/" + act, stop: stop, about: aboutClient,
		back: func(v *desk.Visit) string { return at(clientsPlace, v.PathValue("id")) },
		do: func(v *desk.Visit) error {
			return v.Post(at("/clients", v.PathValue("id"), act), reasoned(v), nil, once(v))
		},
	}
}

func oneClient(v *desk.Visit) (one application, err error) {
	err = v.Get(at("/clients", v.PathValue("id")), nil, &one)
	return one, err
}

func aboutClient(v *desk.Visit) ([]pages.Pair, error) {
	one, err := oneClient(v)
	if err != nil {
		return nil, err
	}
	return []pages.Pair{pair("console.clients.name", one.Name), pair("console.clients.id", one.ID), used(one)}, nil
}

func listClients(v *desk.Visit) error {
	kept := v.Kept("q", "status")
	query := v.Kept("q", "status", "after")
	query.Set("limit", "50")
	var answer struct {
		Clients []application `json:"clients"`
		Next    string        `json:"next"`
	}
	err := v.Get("/clients", query, &answer)
	list := listView{Lead: "console.clients.lead", Filter: clientFilter(v, kept)}
	if err != nil {
		return list.refused(v, "console.place.clients", err, "q", "status")
	}
	t := table{
		Heads: []string{"console.clients.name", "console.clients.kind", "console.clients.used", "console.state"},
		None:  "console.clients.none", NoneText: "console.clients.none.text",
	}
	for _, one := range answer.Clients {
		t.Rows = append(t.Rows, []cell{link(one.Name, at(clientsPlace, one.ID), one.ID), words(named(v, "client", one.Kind)), usedCell(one), clientState(v, one)})
	}
	list.Tables = []table{t}
	list.onward(v, clientsPlace, "after", answer.Next, kept)
	return list.show(v, "console.place.clients")
}

func clientFilter(v *desk.Visit, kept url.Values) *filter {
	return &filter{Action: clientsPlace, Act: "console.filter", On: len(kept) > 0, Fields: []field{
		{Name: "q", Label: "console.clients.id", Hint: "console.clients.id.hint", Value: kept.Get("q"), Most: 100, Optional: true},
		{Kind: "select", Name: "status", Label: "console.state", Value: kept.Get("status"), Options: options(v, "status", "active", "disabled")},
	}}
}

// refused tells what is wrong with a filter, above an empty list.
func (l listView) refused(v *desk.Visit, title string, err error, fields ...string) error {
	_, errs, err := v.Mendable(err, fields...)
	if err != nil {
		return err
	}
	return l.show(v, title, errs...)
}

func clientState(v *desk.Visit, one application) cell {
	c := state(map[string]string{"active": "go", "disabled": "stop"}[one.Status], named(v, "status", one.Status))
	if one.FirstParty {
		c.Tags = append(c.Tags, pages.Tag{Kind: "info", Text: v.T("console.clients.own")})
	}
	return c
}

func usedCell(one application) cell {
	if one.UsedAt.IsZero() {
		return words("console.clients.never")
	}
	return moment(one.UsedAt)
}

func used(one application) pages.Pair {
	if one.UsedAt.IsZero() {
		return pair("console.clients.used", "console.clients.never")
	}
	return pages.Pair{Label: "console.clients.used", At: one.UsedAt}
}

func showClient(v *desk.Visit) error {
	one, err := oneClient(v)
	if err != nil {
		return err
	}
	page := at(clientsPlace, one.ID)
	c := card{Back: clientsPlace, BackTo: "console.clients.back", Tags: clientState(v, one).Tags}
	switch {
	case one.Own:
		c.Note = v.T("console.clients.own.text")
	case one.Status == "disabled":
		c.Offers = []pages.Offer{{Act: pages.Act{Title: "console.clients.enable", URL: page + "/enable"}}}
	default:
		c.Offers = []pages.Offer{{Act: pages.Act{Title: "console.clients.disable", URL: page + "/disable", Stop: true}}}
	}
	about := []pages.Pair{
		pair("console.clients.id", one.ID), pair("console.clients.kind", named(v, "client", one.Kind)), pair("console.clients.profile", one.Profile),
		pair("console.clients.method", one.Method), pair("console.clients.grants", strings.Join(one.GrantTypes, ", ")), pair("console.clients.scope", one.Scope),
		pair("console.clients.redirects", strings.Join(one.RedirectURIs, ", ")),
	}
	if one.OrganizationID != "" {
		about = append(about, pages.Pair{Label: "console.clients.owner", Text: one.OrganizationID})
	}
	about = append(about, used(one), pages.Pair{Label: "console.created", At: one.CreatedAt}, pages.Pair{Label: "console.changed", At: one.UpdatedAt})
	c.Sections = []section{{Title: "console.clients.about", Pairs: about}}
	return c.show(v, 0, one.Name)
}
