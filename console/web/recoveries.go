package web

import (
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

const recoveriesPlace = Root + "/recoveries"

// recovery is a recovery of access that operators help with, four eyes.
type recovery struct {
	ID           string    `json:"id"`
	State        string    `json:"state"`
	PersonID     string    `json:"person_id"`
	PersonName   string    `json:"person_name"`
	Reason       string    `json:"reason"`
	ResetFactors bool      `json:"reset_factors"`
	Email        string    `json:"email"` // masked; "" = the person's own contacts stay
	DueAt        time.Time `json:"due_at"`
	CreatedAt    time.Time `json:"created_at"`
	Mine         bool      `json:"mine"`
}

var (
	approveRecovery = deed{
		name: "recoveries.approve", path: recoveriesPlace + "/{id}/approve", back: recoveriesList, about: aboutRecovery, free: true,
		do: func(v *desk.Visit) error {
			return v.Post(at("/recoveries", v.PathValue("id"), "approve"), struct{}{}, nil, once(v))
		},
	}
	refuseRecovery = deed{
		name: "recoveries.refuse", path: recoveriesPlace + "/{id}/refuse", back: recoveriesList, about: aboutRecovery, stop: true,
		do: func(v *desk.Visit) error {
			return v.Post(at("/recoveries", v.PathValue("id"), "refuse"), reasoned(v), nil, once(v))
		},
	}
)

func recoveryRoutes() []desk.Route {
	return append([]desk.Route{desk.Get(recoveriesPlace, listRecoveries)}, routesOf(approveRecovery, refuseRecovery)...)
}

func recoveriesList(*desk.Visit) string { return recoveriesPlace }

func openRecoveries(v *desk.Visit) ([]recovery, error) {
	var answer struct {
		Recoveries []recovery `json:"recoveries"`
	}
	err := v.Get("/recoveries", nil, &answer)
	return answer.Recoveries, err
}

func listRecoveries(v *desk.Visit) error {
	open, err := openRecoveries(v)
	if err != nil {
		return err
	}
	t := table{
		Heads: []string{"console.people.who", "console.recoveries.reason", "console.recoveries.what", "console.recoveries.due", "console.state", "console.acts"},
		None:  "console.recoveries.none", NoneText: "console.recoveries.none.text",
	}
	for _, one := range open {
		t.Rows = append(t.Rows, recoveryRow(v, one))
	}
	return listView{Lead: "console.recoveries.lead", Tables: []table{t}}.show(v, "console.place.recoveries")
}

// brings are what comes back, and the mailbox that comes with it.
func (one recovery) brings(v *desk.Visit) (what, mailbox string) {
	what = "console.recoveries.password"
	if one.ResetFactors {
		what = "console.recoveries.all"
	}
	if one.Email != "" {
		mailbox = v.T("console.recoveries.email.new", "Email", one.Email)
	}
	return what, mailbox
}

func recoveryRow(v *desk.Visit, one recovery) []cell {
	what, mailbox := one.brings(v)
	status := state(map[string]string{"proposed": "wait", "waiting": "info"}[one.State], named(v, "recovery", one.State))
	if one.Mine {
		status.Under = []string{v.T("console.recoveries.mine")}
	}
	acts := cell{}
	page := at(recoveriesPlace, one.ID)
	if one.State == "proposed" && !one.Mine {
		acts.Acts = append(acts.Acts, pages.Act{Title: "console.recoveries.approve", URL: page + "/approve", About: one.PersonName})
	}
	acts.Acts = append(acts.Acts, pages.Act{Title: "console.recoveries.refuse", URL: page + "/refuse", Stop: true, About: one.PersonName})
	return []cell{link(one.PersonName, at(peoplePlace, one.PersonID)), words(one.Reason), words(what, joined(mailbox)), moment(one.DueAt), status, acts}
}

// aboutRecovery says which recovery an act is about.
func aboutRecovery(v *desk.Visit) ([]pages.Pair, error) {
	open, err := openRecoveries(v)
	if err != nil {
		return nil, err
	}
	for _, one := range open {
		if one.ID == v.PathValue("id") {
			what, mailbox := one.brings(v)
			if mailbox == "" {
				mailbox = "console.recoveries.email.own"
			}
			return []pages.Pair{
				pair("console.people.who", one.PersonName), pair("console.recoveries.reason", one.Reason), pair("console.recoveries.what", what),
				pair("console.recoveries.email", mailbox), pair("console.state", named(v, "recovery", one.State)),
			}, nil
		}
	}
	return nil, desk.Missing()
}
