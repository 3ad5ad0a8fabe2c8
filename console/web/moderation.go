package web

import (
	"net/url"
	"slices"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

const moderationPlace = Root + "/moderation"

// states of pieces that the queue shows, the first when none is chosen.
var pieceStates = []string{"waiting", "taken", "seconded", "accepted", "refused"}

// piece is a registration of an organisation, or a change of its profile, that a
// moderator decides about.
type piece struct {
	ID             string        `json:"id"`
	Kind           string        `json:"kind"`
	State          string        `json:"state"`
	FourEyes       bool          `json:"four_eyes"`
	OrganizationID string        `json:"organization_id"`
	Reason         string        `json:"reason"`
	CreatedAt      time.Time     `json:"created_at"`
	UpdatedAt      time.Time     `json:"updated_at"`
	Applicant      string        `json:"applicant"`
	Registration   *registration `json:"registration"`
	Change         *change       `json:"change"`
	Actions        desk.Actions  `json:"actions"`
}

func moderationRoutes() []desk.Route {
	return append([]desk.Route{
		desk.Get(moderationPlace, listPieces),
		desk.Get(moderationPlace+"/{id}", showPiece),
		desk.Post(moderationPlace+"/{id}/take", takePiece),
		desk.Get(moderationPlace+"/{id}/files/{file}", pieceFile),
	}, routesOf(decision("accept", false), decision("refuse", true))...)
}

// decision is a moderator's word about a piece, as he has seen it: when somebody was
// quicker, the API says so.
func decision(word string, stop bool) deed {
	return deed{
		name: "moderation." + word, path: moderationPlace + "/{id}/" + word, stop: stop, public: true, about: aboutPiece,
		back: func(v *desk.Visit) string { return at(moderationPlace, v.PathValue("id")) },
		more: seenPiece,
		do: func(v *desk.Visit) error {
			return v.Post(at("/moderation", v.PathValue("id"), word), reasoned(v), nil, once(v), desk.IfMatch(v.Value("etag")))
		},
	}
}

// seenPiece keeps in the form which state of the piece the moderator has seen.
func seenPiece(v *desk.Visit) []field {
	tag := formValue(v, "etag")
	if tag == "" && v.Get(at("/moderation", v.PathValue("id")), nil, nil, desk.ETag(&tag)) != nil {
		tag = "" // the page itself tells why the piece cannot be had
	}
	return []field{{Kind: "hidden", Name: "etag", Value: tag}}
}

func queue(v *desk.Visit, query url.Values) (found []piece, next string, err error) {
	var answer struct {
		Moderation []piece `json:"moderation"`
		Next       string  `json:"next"`
	}
	err = v.Get("/moderation", query, &answer)
	return answer.Moderation, answer.Next, err
}

func listPieces(v *desk.Visit) error {
	chosen := v.Query("state")
	if !slices.Contains(pieceStates, chosen) {
		chosen = pieceStates[0]
	}
	query := url.Values{"state": {chosen}, "limit": {"50"}}
	if after := v.Query("after"); after != "" {
		query.Set("after", after)
	}
	found, next, err := queue(v, query)
	if err != nil {
		return err
	}
	t := table{
		Heads: []string{"console.moderation.what", "console.moderation.came", "console.moderation.rule", "console.state"},
		None:  "console.moderation.none", NoneText: "console.moderation.none.text",
	}
	for _, one := range found {
		t.Rows = append(t.Rows, []cell{link(named(v, "piece", one.Kind), at(moderationPlace, one.ID), v.T("console.moderation.number", "Number", tail(one.ID))), moment(one.CreatedAt), words(eyes(one)), pieceState(v, one)})
	}
	list := listView{Lead: "console.moderation.lead", Tables: []table{t}}
	for _, name := range pieceStates {
		list.Tabs = append(list.Tabs, pages.NavItem{Title: "console.moderation.tab." + name, URL: address(moderationPlace, url.Values{"state": {name}}), Current: name == chosen})
	}
	list.onward(v, moderationPlace, "after", next, url.Values{"state": {chosen}})
	return list.show(v, "console.place.moderation")
}

// tail tells long ids apart.
func tail(id string) string {
	if len(id) > 8 {
		return id[len(id)-8:]
	}
	return id
}

func eyes(one piece) string {
	if one.FourEyes {
		return "console.moderation.four"
	}
	return "console.moderation.two"
}

func pieceState(v *desk.Visit, one piece) cell {
	kind := map[string]string{"waiting": "wait", "taken": "info", "seconded": "info", "accepted": "go", "refused": "stop"}[one.State]
	return state(kind, named(v, "piece.state", one.State))
}

func onePiece(v *desk.Visit) (one piece, err error) {
	err = v.Get(at("/moderation", v.PathValue("id")), nil, &one)
	return one, err
}

func showPiece(v *desk.Visit) error {
	one, err := onePiece(v)
	if err != nil {
		return err
	}
	page := at(moderationPlace, one.ID)
	c := card{Back: moderationPlace, BackTo: "console.moderation.back", Tags: pieceState(v, one).Tags}
	c.Offers = v.Offers(one.Actions,
		hidden(desk.Offer{Action: "take", Act: pages.Act{Title: "console.moderation.take", URL: page + "/take", Post: true}}),
		hidden(desk.Offer{Action: "accept", Main: true, Act: pages.Act{Title: "console.moderation.accept", URL: page + "/accept"}}),
		hidden(offer("refuse", "console.moderation.refuse", page+"/refuse", true)),
	)
	c.Sections = []section{{Title: "console.moderation.about", Pairs: []pages.Pair{
		pair("console.moderation.what", named(v, "piece", one.Kind)), pair("console.moderation.applicant", one.Applicant),
		{Label: "console.moderation.came", At: one.CreatedAt}, pair("console.moderation.rule", eyes(one)),
	}}}
	if one.Reason != "" {
		c.Sections[0].Pairs = append(c.Sections[0].Pairs, pair("console.moderation.said", one.Reason))
	}
	if one.Registration != nil {
		one.Registration.draw(v, &c, page)
	}
	if one.Change != nil {
		one.Change.draw(v, &c, page)
	}
	return c.show(v, 0, named(v, "piece", one.Kind))
}

// aboutPiece says what is decided.
func aboutPiece(v *desk.Visit) ([]pages.Pair, error) {
	one, err := onePiece(v)
	if err != nil {
		return nil, err
	}
	lines := []pages.Pair{pair("console.moderation.what", named(v, "piece", one.Kind)), pair("console.moderation.applicant", one.Applicant)}
	if one.Registration != nil {
		lines = append(lines, pair("console.organisations.name", text(v, one.Registration.Draft["requisites"]["name"])))
	}
	if one.Change != nil {
		lines = append(lines, pair("console.moderation.block", named(v, "block", one.Change.Block)))
	}
	return lines, nil
}

func takePiece(v *desk.Visit) error {
	page := at(moderationPlace, v.PathValue("id"))
	if err := v.Post(at("/moderation", v.PathValue("id"), "take"), struct{}{}, nil, once(v)); err != nil {
		return err
	}
	return v.Done(page, "console.moderation.taken")
}

// pieceFile hands a document over; that it was read enters the journal.
func pieceFile(v *desk.Visit) error {
	return v.Download(at("/moderation", v.PathValue("id"), "files", v.PathValue("file")), nil)
}
