package organisation

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// block is one of the profile, as the API tells it.
type block struct {
	Block     string         `json:"block"`
	Title     string         `json:"title"`
	Version   int64          `json:"version"`
	ETag      string         `json:"etag"`
	Body      map[string]any `json:"body"`
	ChangedAt time.Time      `json:"changed_at"`
	Complete  bool           `json:"complete"`
	Actions   desk.Actions   `json:"actions"`
}

type profileAnswer struct {
	Kind        string     `json:"kind"`
	ActivatedAt *time.Time `json:"activated_at"`
	Blocks      []block    `json:"blocks"`
	Regimes     []string   `json:"regime_codes"`
}

type blockView struct {
	block
	Pairs  []pages.Pair
	Offers []pages.Offer
}

// changeLine is one line of the list of changes.
type changeLine struct {
	ID      string    `json:"id"`
	Block   string    `json:"block"`
	State   string    `json:"state"`
	AskedAt time.Time `json:"asked_at"`
	Reason  string    `json:"reason"`
}

type changeRow struct {
	changeLine
	Title string
	Tag   pages.Tag
	URL   string
}

type profileView struct {
	Name        string
	Active      bool
	Blocks      []blockView
	Changes     []changeRow
	First, Next string
	Role        string
	Permissions []string // in words
	Danger      pages.Danger
	May         bool // close the cabinet
}

// stateKinds are the colours of the states of changes.
var stateKinds = map[string]string{"proposed": "wait", "moderation": "info", "applied": "go", "refused": "stop", "expired": "", "cancelled": ""}

// profile shows the organisation by blocks, and its changes that are under way.
func profile(v *desk.Visit) error {
	var found profileAnswer
	if err := v.Get("/organization/profile", nil, &found); err != nil {
		return err
	}
	view := profileView{Name: v.Organisation().Name, Active: found.ActivatedAt != nil || whole(found.Blocks), Role: v.RolesText(), May: v.May("organization:write")}
	for _, one := range found.Blocks {
		view.Blocks = append(view.Blocks, blockView{one, sheets[one.Block].pairs(v, one.Body), v.Offers(one.Actions, desk.Offer{
			Action: "change", Act: pages.Act{Title: v.T("company.change"), URL: "/cabinet/organization/blocks/" + one.Block, About: one.Title},
		})})
	}
	for _, name := range v.Organisation().Permissions {
		view.Permissions = append(view.Permissions, v.T("scope."+name))
	}
	if err := view.changes(v); err != nil {
		return err
	}
	return v.Page(http.StatusOK, "organisation_profile.html", "place.organisation", view)
}

// whole reports whether nothing mandatory is missing in any block.
func whole(blocks []block) bool {
	return !slices.ContainsFunc(blocks, func(one block) bool { return !one.Complete })
}

func (p *profileView) changes(v *desk.Visit) error {
	var found struct {
		Changes []changeLine `json:"changes"`
		Next    string       `json:"next"`
	}
	query := url.Values{"limit": {"10"}}
	if after := v.Query("after"); after != "" {
		query.Set("after", after)
		p.First = "/cabinet/organization"
	}
	if err := v.Get("/organization/changes", query, &found); err != nil {
		return err
	}
	for _, one := range found.Changes {
		p.Changes = append(p.Changes, changeRow{
			one, v.T("company.block." + one.Block), pages.Tag{Kind: stateKinds[one.State], Text: v.T("company.state." + one.State)},
			"/cabinet/organization/changes/" + one.ID,
		})
	}
	if found.Next != "" {
		p.Next = "/cabinet/organization?" + url.Values{"after": {found.Next}}.Encode()
	}
	return nil
}

type editView struct {
	Block, Title string
	ETag         string
	Plain        []input
	Groups       [][]input
	List         string
}

// editForm shows a block to be changed.
func editForm(v *desk.Visit) error {
	if kept := v.Draft(); kept != nil {
		v.Notice("", "notice.repeat")
		return editPage(v, http.StatusOK, kept, nil)
	}
	return editPage(v, http.StatusOK, nil, nil)
}

// editPage draws the form, filled with what was typed when there is something.
func editPage(v *desk.Visit, status int, typed url.Values, refused error) error {
	name := v.PathValue("block")
	drawn, known := sheets[name]
	if !known {
		return desk.Missing()
	}
	var found profileAnswer
	if err := v.Get("/organization/profile", nil, &found); err != nil {
		return err
	}
	view := editView{Block: name, List: drawn.list}
	for _, one := range found.Blocks {
		if one.Block != name {
			continue
		}
		view.Title, view.ETag = one.Title, one.ETag
		if typed != nil {
			one.Body = drawn.read(under(typed, "block"))
			view.ETag = typed.Get("etag")
		}
		view.Plain, view.Groups = drawn.inputs(v, one.Body, found.Regimes)
	}
	var errs []pages.FieldError
	if refused != nil {
		var err error
		if status, errs, err = v.Faults(refused, names(view.Plain, view.Groups)...); err != nil {
			return err
		}
	}
	// A member may be called as something else of the page is ("main").
	prefix(view.Plain, "block/")
	for _, group := range view.Groups {
		prefix(group, "block/")
	}
	for i := range errs {
		if errs[i].Field != "" {
			errs[i].Field = "block/" + errs[i].Field
		}
	}
	return v.Page(status, "organisation_edit.html", view.Title, view, errs...)
}

// edit proposes the change; it waits for its confirmation on a page of its own.
func edit(v *desk.Visit) error {
	drawn, known := sheets[v.PathValue("block")]
	if !known {
		return desk.Missing()
	}
	form := v.Form()
	var made struct {
		ID string `json:"id"`
	}
	err := v.Patch("/organization/profile/"+desk.Escape(v.PathValue("block")), drawn.read(under(form, "block")), &made, desk.IfMatch(form.Get("etag")))
	if err == nil {
		return v.Redirect("/cabinet/organization/changes/" + made.ID)
	}
	return editPage(v, http.StatusUnprocessableEntity, form, err)
}
