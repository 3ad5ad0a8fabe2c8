package web

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

const peoplePlace = Root + "/people"

type (
	// found is a person as a search tells him: everything masked.
	found struct {
		ID     string `json:"id"`
		Name   string `json:"name"`
		Number string `json:"number"`
		Email  string `json:"email"`
		Phone  string `json:"phone"`
		SNILS  string `json:"snils"`
		INN    string `json:"inn"`
		Status string `json:"status"`
	}
	verified struct {
		Value    string `json:"value"`
		Verified bool   `json:"verified"`
	}
	look struct {
		Until time.Time `json:"until"`
	}
	lock struct {
		Factor string    `json:"factor"`
		Scope  bool      `json:"scope"`
		Reason string    `json:"reason"`
		At     time.Time `json:"at"`
	}
	sessionOf struct {
		ID        string    `json:"id"`
		BeganAt   time.Time `json:"began_at"`
		SeenAt    time.Time `json:"seen_at"`
		ExpiresAt time.Time `json:"expires_at"`
		Country   string    `json:"country"`
		IP        string    `json:"ip"`
		Device    string    `json:"device"`
	}
	membershipOf struct {
		OrganizationID   string `json:"organization_id"`
		OrganizationName string `json:"organization_name"`
		Role             string `json:"role"`
		Position         string `json:"position"`
	}
	// person is a card.
	person struct {
		Look      look      `json:"look"`
		ID        string    `json:"id"`
		Name      string    `json:"name"`
		Number    string    `json:"number"`
		Status    string    `json:"status"`
		Locale    string    `json:"locale"`
		CreatedAt time.Time `json:"created_at"`
		Contacts  struct {
			Email verified `json:"email"`
			Phone verified `json:"phone"`
		} `json:"contacts"`
		SNILS   verified `json:"snils"`
		INN     verified `json:"inn"`
		Factors struct {
			Password      bool `json:"password"`
			TOTP          bool `json:"totp"`
			Passkeys      int  `json:"passkeys"`
			Certificates  int  `json:"certificates"`
			RecoveryCodes int  `json:"recovery_codes"`
		} `json:"factors"`
		Locks       []lock         `json:"locks"`
		Sessions    []sessionOf    `json:"sessions"`
		Memberships []membershipOf `json:"memberships"`
		Operator    []string       `json:"operator"`
		Actions     desk.Actions   `json:"actions"`
	}
)

// deeds with a person.
var (
	blockPerson   = personDeed("block", true)
	unblockPerson = personDeed("unblock", false)
	unlockPerson  = personDeed("unlock", false)
	endSessions   = personDeed("end-sessions", true)
	reveal        = deed{name: "person.reveal", path: peoplePlace + "/{id}/reveal", back: personPage, about: aboutPerson, more: revealFields}
	propose       = deed{
		name: "person.recover", path: peoplePlace + "/{id}/recover", about: aboutPerson, more: recoveryFields, do: proposeRecovery,
		back: func(*desk.Visit) string { return recoveriesPlace },
	}
)

func peopleRoutes() []desk.Route {
	routes := []desk.Route{
		desk.Get(peoplePlace, findPeople),
		desk.Post(peoplePlace, findPeople),
		desk.Get(peoplePlace+"/{id}", showPerson),
		desk.Post(peoplePlace+"/{id}/looks", lookAtPerson),
		desk.Get(reveal.path, func(v *desk.Visit) error { return reveal.show(v, http.StatusOK) }),
		desk.Post(reveal.path, revealField),
	}
	return append(routes, routesOf(blockPerson, unblockPerson, unlockPerson, endSessions, propose)...)
}

// personDeed is an act with a person that needs a reason and nothing else.
func personDeed(act string, stop bool) deed {
	return deed{
		name: "person." + act, path: peoplePlace + "/{id}/" + act, back: personPage, about: aboutPerson, stop: stop,
		do: func(v *desk.Visit) error {
			return v.Post(at("/people", v.PathValue("id"), act), reasoned(v), nil, once(v))
		},
	}
}

func personPage(v *desk.Visit) string { return at(peoplePlace, v.PathValue("id")) }

// findPeople searches by POST, so that no number of a person stands in an address.
func findPeople(v *desk.Visit) error {
	view := searchView{Place: peoplePlace, Name: "console.people", Query: formValue(v, "query")}
	if v.Request().Method != http.MethodPost {
		return view.show(v, http.StatusOK)
	}
	var answer struct {
		People []found `json:"people"`
		More   bool    `json:"more"`
	}
	if err := v.Post("/people/search", map[string]string{"query": view.Query}, &answer); err != nil {
		return view.wrong(v, err)
	}
	view.Done, view.More = true, answer.More
	view.Found.Heads = []string{"console.people.who", "console.people.contacts", "console.people.numbers", "console.state"}
	for _, p := range answer.People {
		view.Found.Rows = append(view.Found.Rows, []cell{
			link(p.Name, at(peoplePlace, p.ID), numbered(v, "console.people.number", p.Number)),
			words(orDash(p.Email), p.Phone),
			words(numbered(v, "console.reveal.snils", p.SNILS), numbered(v, "number.inn", p.INN)),
			personState(v, p.Status),
		})
	}
	return view.show(v, http.StatusOK)
}

func personState(v *desk.Visit, status string) cell {
	kind := map[string]string{"active": "go", "blocked": "stop"}[status]
	return state(kind, named(v, "status", status))
}

// numbered is a number with its name; "" without one.
func numbered(v *desk.Visit, name, number string) string {
	if number == "" {
		return ""
	}
	return v.T(name) + " " + number
}

func orDash(text string) string {
	if text == "" {
		return "—"
	}
	return text
}

// formValue is a field of the form that is sent, or that a sign-in interrupted.
func formValue(v *desk.Visit, name string) string { return strings.TrimSpace(v.Form().Get(name)) }

// showPerson draws the card; when no look of the operator is open, the question why
// he wants one.
func showPerson(v *desk.Visit) error {
	var p person
	err := v.Get(at("/people", v.PathValue("id")), nil, &p)
	if lookRequired(err) {
		return askLook(v, http.StatusOK, "console.people", peoplePlace)
	}
	if err != nil {
		return err
	}
	return personCard(v, p).show(v, http.StatusOK, p.Name)
}

// lookAtPerson opens the card with a reason, which enters the journal first.
func lookAtPerson(v *desk.Visit) error {
	err := v.Post(at("/people", v.PathValue("id"), "looks"), reasoned(v), nil, once(v))
	return looked(v, err, "console.people", peoplePlace)
}

func personCard(v *desk.Visit, p person) card {
	page := at(peoplePlace, p.ID)
	c := card{Back: peoplePlace, BackTo: "console.people.back", Note: v.T("console.look.open", "Until", clock(p.Look.Until)), Tags: personState(v, p.Status).Tags}
	if len(p.Operator) > 0 {
		c.Tags = append(c.Tags, pages.Tag{Kind: "info", Text: v.T("console.people.operator")})
	}
	c.Offers = v.Offers(p.Actions,
		offer("reveal", "console.person.reveal", page+"/reveal", false),
		hidden(offer("unlock", "console.person.unlock", page+"/unlock", false)),
		offer("end_sessions", "console.person.end-sessions", page+"/end-sessions", false),
		offer("recover", "console.person.recover", page+"/recover", false),
		hidden(offer("unblock", "console.person.unblock", page+"/unblock", false)),
		hidden(offer("block", "console.person.block", page+"/block", true)),
	)
	c.Sections = []section{personAbout(v, p), personFactors(v, p)}
	c.Tables = []table{personLocks(v, p), personSessions(p), personMemberships(v, p)}
	return c
}

// hidden leaves an act out when the thing's state forbids it.
func hidden(o desk.Offer) desk.Offer { o.Hide = true; return o }

// clock is a moment of today in Moscow.
func clock(at time.Time) string { return at.In(desk.Moscow).Format("15:04") }

func personAbout(v *desk.Visit, p person) section {
	return section{Title: "console.people.about", Pairs: []pages.Pair{
		pair("console.people.number", p.Number),
		checked("console.people.email", p.Contacts.Email), checked("console.people.phone", p.Contacts.Phone),
		checked("console.reveal.snils", p.SNILS), checked("number.inn", p.INN),
		pair("console.people.language", named(v, "language", p.Locale)),
		{Label: "console.people.since", At: p.CreatedAt},
	}}
}

// checked is a line with a value that somebody may have verified.
func checked(label string, value verified) pages.Pair {
	line := pair(label, value.Value)
	switch {
	case value.Value == "":
	case value.Verified:
		line.Tag = &pages.Tag{Kind: "go", Text: "console.verified"}
	default:
		line.Tag = &pages.Tag{Kind: "wait", Text: "console.unverified"}
	}
	return line
}

func personFactors(v *desk.Visit, p person) section {
	have := func(yes bool) string { return v.T(map[bool]string{true: "console.yes", false: "console.no"}[yes]) }
	return section{Title: "console.people.factors", Pairs: []pages.Pair{
		pair("console.factor.password", have(p.Factors.Password)), pair("console.factor.totp", have(p.Factors.TOTP)),
		pair("console.factor.passkey", fmt.Sprint(p.Factors.Passkeys)), pair("console.factor.certificate", fmt.Sprint(p.Factors.Certificates)),
		pair("console.factor.recovery", fmt.Sprint(p.Factors.RecoveryCodes)),
	}}
}

func personLocks(v *desk.Visit, p person) table {
	t := table{Title: "console.locks", Heads: []string{"console.locks.what", "console.locks.why", "console.since"}, None: "console.locks.none"}
	for _, one := range p.Locks {
		under := ""
		if one.Scope {
			under = v.T("console.locks.scope")
		}
		t.Rows = append(t.Rows, []cell{words(named(v, "factor", one.Factor), under), words(named(v, "lock", one.Reason)), moment(one.At)})
	}
	return t
}

func personSessions(p person) table {
	t := table{Title: "console.sessions", Heads: []string{"console.sessions.device", "console.sessions.where", "console.sessions.began", "console.sessions.seen"}, None: "console.sessions.none"}
	for _, one := range p.Sessions {
		t.Rows = append(t.Rows, []cell{words(orDash(one.Device)), words(orDash(one.IP), one.Country), moment(one.BeganAt), moment(one.SeenAt)})
	}
	return t
}

func personMemberships(v *desk.Visit, p person) table {
	t := table{Title: "console.memberships", Heads: []string{"console.memberships.name", "console.memberships.role"}, None: "console.memberships.none"}
	for _, one := range p.Memberships {
		t.Rows = append(t.Rows, []cell{link(one.OrganizationName, at(organisationsPlace, one.OrganizationID)), words(v.T("role."+one.Role), one.Position)})
	}
	return t
}
