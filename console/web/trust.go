package web

import (
	"fmt"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

const trustPlace = Root + "/trust"

type (
	authority struct {
		ID           string    `json:"id"`
		Name         string    `json:"name"`
		OGRN         string    `json:"ogrn"`
		Source       string    `json:"source"`
		Certificates int       `json:"certificates"`
		Accredited   bool      `json:"accredited"`
		CRLs         int       `json:"crls"`
		ChangedBy    string    `json:"changed_by"`
		ChangedAt    time.Time `json:"changed_at"`
	}
	// revocationList is a CRL and how it is kept up to date.
	revocationList struct {
		Authority  string    `json:"authority"`
		Address    string    `json:"address"`
		Number     string    `json:"number"`
		ThisUpdate time.Time `json:"this_update"`
		NextUpdate time.Time `json:"next_update"`
		Revoked    int       `json:"revoked"`
		TriedAt    time.Time `json:"tried_at"`
		Fault      string    `json:"fault"`
		Stale      bool      `json:"stale"`
	}
	trusted struct {
		Enabled     bool             `json:"enabled"`
		Warning     string           `json:"warning"`
		Authorities []authority      `json:"authorities"`
		Lists       []revocationList `json:"lists"`
	}
)

var refreshTrust = deed{
	name: "trust.refresh", path: trustPlace + "/refresh",
	back: func(*desk.Visit) string { return trustPlace },
	do:   func(v *desk.Visit) error { return v.Post("/trust/refresh", reasoned(v), nil, once(v)) },
}

func trustRoutes() []desk.Route {
	return append([]desk.Route{desk.Get(trustPlace, showTrust)}, refreshTrust.routes()...)
}

func showTrust(v *desk.Visit) error {
	var t trusted
	if err := v.Get("/trust", nil, &t); err != nil {
		return err
	}
	list := listView{Lead: "console.trust.lead", Acts: []pages.Act{{Title: "console.trust.refresh", URL: refreshTrust.path}}}
	switch {
	case !t.Enabled:
		list.Notes = []pages.Tag{{Kind: "wait", Text: v.T("console.trust.disabled")}}
	case t.Warning != "":
		list.Notes = []pages.Tag{{Kind: "stop", Text: t.Warning}}
	default:
		list.Notes = []pages.Tag{{Kind: "go", Text: v.T("console.trust.well")}}
	}
	list.Tables = []table{authoritiesTable(v, t.Authorities), listsTable(v, t.Lists)}
	return list.show(v, "console.place.trust")
}

func authoritiesTable(v *desk.Visit, found []authority) table {
	t := table{
		Title: "console.trust.authorities", None: "console.trust.authorities.none", NoneText: "console.trust.authorities.none.text",
		Heads: []string{"console.trust.authority", "console.trust.certificates", "console.trust.crls", "console.trust.changed", "console.state"},
	}
	for _, one := range found {
		status := state("go", v.T("console.trust.trusted"))
		if one.Accredited {
			status.Tags = append(status.Tags, pages.Tag{Kind: "info", Text: v.T("console.trust.accredited")})
		}
		changed := moment(one.ChangedAt)
		changed.Under = []string{one.ChangedBy}
		t.Rows = append(t.Rows, []cell{
			words(one.Name, numbered(v, "number.ogrn", one.OGRN), named(v, "source", one.Source)), words(fmt.Sprint(one.Certificates)), words(fmt.Sprint(one.CRLs)), changed, status,
		})
	}
	return t
}

func listsTable(v *desk.Visit, found []revocationList) table {
	t := table{
		Title: "console.trust.lists", None: "console.trust.lists.none",
		Heads: []string{"console.trust.list", "console.trust.revoked", "console.trust.this", "console.trust.next", "console.trust.tried", "console.state"},
	}
	for _, one := range found {
		status := state("go", v.T("console.trust.fresh"))
		if one.Stale {
			status = state("stop", v.T("console.trust.stale"))
		}
		if one.Fault != "" {
			status.Tags = append(status.Tags, pages.Tag{Kind: "wait", Text: v.T("console.trust.fault")})
			status.Under = []string{one.Fault}
		}
		t.Rows = append(t.Rows, []cell{
			words(one.Authority, one.Address, numbered(v, "console.trust.number", one.Number)), words(fmt.Sprint(one.Revoked)), moment(one.ThisUpdate), moment(one.NextUpdate), moment(one.TriedAt), status,
		})
	}
	return t
}
