package security

import (
	"net/http"
	"net/url"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// access is one way in that is open in the organisation's name.
type access struct {
	ID     string `json:"id"`
	Person struct {
		Name     string `json:"name"`
		MemberID string `json:"member_id"`
		Role     string `json:"role"`
	} `json:"person"`
	Application struct {
		Name string `json:"name"`
	} `json:"application"`
	Device     string    `json:"device"`
	IP         string    `json:"ip"`
	Country    string    `json:"country"`
	ACR        string    `json:"acr"`
	Offline    bool      `json:"offline"`
	Trusted    bool      `json:"trusted_device"`
	Current    bool      `json:"current"`
	SignedInAt time.Time `json:"signed_in_at"`
	UsedAt     time.Time `json:"used_at"`
	ExpiresAt  time.Time `json:"expires_at"`
}

type accessesView struct {
	Tabs        []pages.NavItem
	People      []person
	Member      string
	Name        string // whose accesses are shown; "" = everybody's
	First, Next string
	May         bool
}

// person is one who is at work, with what is open for him.
type person struct {
	Name, Sub string
	StopURL   string
	Held      []pages.Held
}

// accesses are who is at work in the organisation's name now, and where.
func accesses(v *desk.Visit) error { return accessesPage(v, http.StatusOK) }

func accessesPage(v *desk.Visit, status int, errs ...pages.FieldError) error {
	view := accessesView{Tabs: tabs(v), Member: v.Query("member"), May: v.May("members:write")}
	query := url.Values{"limit": {"100"}}
	here := "/cabinet/security/accesses"
	if view.Member != "" {
		query.Set("member", view.Member)
		here += "?" + url.Values{"member": {view.Member}}.Encode()
	}
	if after := v.Query("after"); after != "" {
		query.Set("after", after)
		view.First = here
	}
	var found struct {
		Accesses []access `json:"accesses"`
		Next     string   `json:"next"`
	}
	if err := v.Get("/organization/accesses", query, &found); err != nil {
		return err
	}
	view.fill(v, found.Accesses)
	if found.Next != "" {
		next := url.Values{"after": {found.Next}}
		if view.Member != "" {
			next.Set("member", view.Member)
		}
		view.Next = "/cabinet/security/accesses?" + next.Encode()
	}
	return v.Page(status, "security_accesses.html", "security.accesses.title", view, errs...)
}

// fill puts what is open under whose it is, in the order of the latest.
func (view *accessesView) fill(v *desk.Visit, list []access) {
	at := map[string]int{}
	for _, a := range list {
		key := a.Person.MemberID + a.Person.Name
		i, known := at[key]
		if !known {
			i = len(view.People)
			at[key] = i
			one := person{Name: a.Person.Name, Sub: v.T("security.power")}
			if a.Person.MemberID != "" {
				one.Sub = v.T("role." + a.Person.Role)
				one.StopURL = "/cabinet/security/members/" + a.Person.MemberID + "/stop"
			}
			view.People = append(view.People, one)
		}
		view.People[i].Held = append(view.People[i].Held, held(v, a, view.May))
		if view.Member != "" {
			view.Name = a.Person.Name
		}
	}
}

func held(v *desk.Visit, a access, may bool) pages.Held {
	line := pages.Held{Icon: "device", Title: a.Device, Facts: []pages.Fact{{Text: a.Application.Name}}}
	if a.Device == "" {
		line.Icon, line.Title = "app", "security.away"
	}
	if where := place(a); where != "" {
		line.Facts = append(line.Facts, pages.Fact{Text: where})
	}
	line.Facts = append(line.Facts,
		pages.Fact{Label: "security.since", At: a.SignedInAt}, pages.Fact{Label: "security.used", At: a.UsedAt},
		pages.Fact{Text: v.T("security.level." + level(a.ACR))})
	if a.Current {
		line.Tags = append(line.Tags, pages.Tag{Kind: "go", Text: "security.this"})
	}
	if a.Offline {
		line.Tags = append(line.Tags, pages.Tag{Kind: "wait", Text: "security.offline"})
	}
	if a.Trusted {
		line.Tags = append(line.Tags, pages.Tag{Kind: "info", Text: "security.trusted"})
	}
	if may && !a.Current {
		line.Acts = []pages.Act{{
			Title: "security.end", URL: "/cabinet/security/accesses/" + a.ID + "/end", Post: true, About: a.Person.Name + ", " + line.Title,
		}}
		if a.Device == "" {
			line.Acts[0].About = a.Person.Name + ", " + a.Application.Name
		}
	}
	return line
}

func place(a access) string {
	if a.Country != "" && a.IP != "" {
		return a.Country + ", " + a.IP
	}
	return a.IP
}

// level is the last part of an acr, by which its words are found.
func level(acr string) string {
	switch acr {
	case "urn:propusk:2":
		return "2"
	case "urn:propusk:qualified":
		return "qualified"
	}
	return "1"
}

// ended ends one access.
func ended(v *desk.Visit) error {
	if err := v.Delete("/organization/accesses/"+desk.Escape(v.PathValue("id")), nil, nil); err != nil {
		status, errs, err := v.Mendable(err)
		if err != nil {
			return err
		}
		return accessesPage(v, status, errs...)
	}
	return v.Done("/cabinet/security/accesses", "security.ended")
}

type stopView struct {
	Member struct {
		ID     string `json:"id"`
		Role   string `json:"role"`
		Person struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		} `json:"person"`
		StoppedAt time.Time `json:"stopped_at"` // zero while he may come in
	}
	RoleText string
	Open     int
	More     bool // there are more than were counted
	Self     bool
	Form     url.Values
}

// stopForm tells what stopping everything of a person comes to.
func stopForm(v *desk.Visit) error {
	form := url.Values{"remove": {""}}
	if kept := v.Draft(); kept != nil {
		form = kept
	}
	return stopPage(v, http.StatusOK, form)
}

func stopPage(v *desk.Visit, status int, form url.Values, errs ...pages.FieldError) error {
	view := stopView{Form: form}
	id := desk.Escape(v.PathValue("id"))
	if err := v.Get("/organization/members/"+id, nil, &view.Member); err != nil {
		return err
	}
	var found struct {
		Accesses []access `json:"accesses"`
		Next     string   `json:"next"`
	}
	if err := v.Get("/organization/accesses", url.Values{"member": {v.PathValue("id")}, "limit": {"200"}}, &found); err != nil {
		return err
	}
	view.Open, view.More = len(found.Accesses), found.Next != ""
	view.RoleText, view.Self = v.T("role."+view.Member.Role), view.Member.Person.ID == v.Person().ID
	return v.Page(status, "security_stop.html", "security.stop.title", view, errs...)
}

// stopped stops everything of the member.
func stopped(v *desk.Visit) error {
	remove := v.Value("remove") == "yes"
	var told struct {
		Accesses int   `json:"accesses"`
		Removed  bool  `json:"removed"`
		Revoked  []any `json:"revoked_powers"`
		Left     []struct {
			ID string `json:"id"`
		} `json:"powers_left"`
	}
	body := map[string]any{"remove": remove, "reason": v.Value("reason")}
	if err := v.Post("/organization/members/"+desk.Escape(v.PathValue("id"))+"/stop", body, &told); err != nil {
		status, errs, err := v.Mendable(err, "reason", "remove")
		if err != nil {
			return err
		}
		return stopPage(v, status, v.Form(), errs...)
	}
	notice := "security.stopped"
	switch {
	case len(told.Left) > 0:
		notice = "security.stopped.powers"
	case told.Removed:
		notice = "security.stopped.removed"
	}
	return v.Done("/cabinet/security/accesses", notice, "Count", told.Accesses, "Powers", len(told.Left))
}
