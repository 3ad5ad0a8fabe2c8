package organisation

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// version is a state that a block has had, as the API tells it.
type version struct {
	Version int64          `json:"version"`
	Body    map[string]any `json:"body"`
	Name    string         `json:"changed_by_name"`
	How     string         `json:"changed_how"`
	At      time.Time      `json:"changed_at"`
}

type versionView struct {
	version
	Who     string
	Lines   []changedLine // against the version before; none of the first
	Pairs   []pages.Pair  // of the first, which has nothing before it
	Present bool
	Act     *pages.Act
}

type versionsView struct {
	Title, Block string
	Versions     []versionView
	First, Next  string
}

// versionsPage is how many versions stand on one page.
const versionsPage = 20

// versions are the states of a block: who made each, when, how it was confirmed, and
// what it changed. An earlier one is brought back by a change, confirmed as any other.
func versions(v *desk.Visit) error { return drawVersions(v, http.StatusOK) }

func drawVersions(v *desk.Visit, status int, errs ...pages.FieldError) error {
	name := v.PathValue("block")
	drawn, known := sheets[name]
	if !known {
		return desk.Missing()
	}
	var found struct {
		Versions []version `json:"versions"`
		Next     string    `json:"next"`
	}
	query := url.Values{"limit": {strconv.Itoa(versionsPage)}}
	below := v.Query("below")
	if below != "" {
		query.Set("below", below)
	}
	if err := v.Get("/organization/profile/"+name+"/versions", query, &found); err != nil {
		return err
	}
	at := "/cabinet/organization/blocks/" + name
	view := versionsView{Title: v.T("company.block." + name), Block: name}
	for i, one := range found.Versions {
		drawnVersion := versionView{version: one, Who: who(v, one.Name), Present: i == 0 && below == ""}
		switch {
		case i+1 < len(found.Versions):
			drawnVersion.Lines = changed(v, drawn, found.Versions[i+1].Body, one.Body)
		case found.Next == "":
			drawnVersion.Pairs = drawn.pairs(v, one.Body)
		}
		if !drawnVersion.Present && v.May("organization:write") {
			number := strconv.FormatInt(one.Version, 10)
			drawnVersion.Act = &pages.Act{Title: "company.restore", URL: at + "/versions/" + number + "/restore", Post: true, About: number}
		}
		view.Versions = append(view.Versions, drawnVersion)
	}
	if below != "" {
		view.First = at + "/versions"
	}
	if found.Next != "" {
		view.Next = at + "/versions?" + url.Values{"below": {found.Next}}.Encode()
	}
	return v.Page(status, "organisation_versions.html", "company.versions", view, errs...)
}

// who is a person's name, or the service's.
func who(v *desk.Visit, name string) string {
	if name == "" {
		return v.T("company.by.system")
	}
	return name
}

// restore proposes an earlier state; it waits for its confirmation on a page of its
// own.
func restore(v *desk.Visit) error {
	name, number := v.PathValue("block"), v.PathValue("version")
	if _, known := sheets[name]; !known {
		return desk.Missing()
	}
	var made struct {
		ID string `json:"id"`
	}
	path := "/organization/profile/" + name + "/versions/" + desk.Escape(number) + "/restore"
	if err := v.Post(path, nil, &made, desk.IdempotencyKey(v.FormKey())); err != nil {
		status, errs, err := v.Mendable(err)
		if err != nil {
			return err
		}
		return drawVersions(v, status, errs...)
	}
	return v.Redirect("/cabinet/organization/changes/" + made.ID)
}
