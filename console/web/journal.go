package web

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

const journalPlace = Root + "/journal"

type (
	entry struct {
		Seq       int64             `json:"seq"`
		At        time.Time         `json:"at"`
		Actor     string            `json:"actor"`
		ActorName string            `json:"actor_name"`
		Client    string            `json:"client"`
		Action    string            `json:"action"`
		Object    string            `json:"object"`
		Outcome   string            `json:"outcome"`
		Details   map[string]string `json:"details"`
		IP        string            `json:"ip"`
	}
	// judgement is what the check of a chain found.
	judgement struct {
		Entries  int64  `json:"entries"`
		Head     string `json:"head"`
		OK       bool   `json:"ok"`
		Problems []struct {
			Seq  int64  `json:"seq"`
			Code string `json:"code"`
			Text string `json:"text"`
		} `json:"problems"`
	}
)

// refusals are the outcomes that are told beside an entry; others went as they should.
var refusals = []string{"refused", "wrong", "failed", "denied", "locked", "blocked", "expired"}

func journalRoutes() []desk.Route {
	return []desk.Route{
		desk.Get(journalPlace, listJournal),
		desk.Get(journalPlace+"/export", exportJournal),
		desk.Post(journalPlace+"/check", checkJournal),
	}
}

// typed are the filter's parameters; "" as an organisation is the system's own chain.
var typed = []string{"organization", "from", "to", "actor", "action"}

func listJournal(v *desk.Visit) error {
	kept := v.Kept(typed...)
	list := listView{Lead: "console.journal.lead", Filter: journalFilter(kept)}
	list.Acts = journalActs(kept.Get("organization"))
	query, faults := journalQuery(v, kept)
	if len(faults) > 0 {
		return list.show(v, "console.place.journal", faults...)
	}
	var answer struct {
		Entries []entry `json:"entries"`
		Next    int64   `json:"next"`
	}
	if err := v.Get("/journal", query, &answer); err != nil {
		return list.refused(v, "console.place.journal", err, typed...)
	}
	t := table{
		Heads: []string{"console.journal.what", "console.journal.when", "console.journal.who", "console.journal.object"},
		None:  "console.journal.none", NoneText: "console.journal.none.text",
	}
	for _, one := range answer.Entries {
		t.Rows = append(t.Rows, entryRow(v, one))
	}
	list.Tables = []table{t}
	next := ""
	if answer.Next != 0 {
		next = strconv.FormatInt(answer.Next, 10)
	}
	list.onward(v, journalPlace, "before", next, kept)
	return list.show(v, "console.place.journal")
}

// journalQuery turns the filter into the API's parameters: days into moments.
func journalQuery(v *desk.Visit, kept url.Values) (url.Values, []pages.FieldError) {
	query := v.Kept("organization", "actor", "action", "before")
	query.Set("limit", "50")
	from, to, faults := v.Period("from", "to")
	for name, at := range map[string]time.Time{"from": from, "to": to} {
		if !at.IsZero() {
			query.Set(name, at.UTC().Format(time.RFC3339))
		}
	}
	return query, faults
}

func journalFilter(kept url.Values) *filter {
	return &filter{Action: journalPlace, Act: "console.filter", On: len(kept) > 0, Fields: []field{
		{Kind: "date", Name: "from", Label: "console.journal.from", Value: kept.Get("from"), Optional: true},
		{Kind: "date", Name: "to", Label: "console.journal.to", Value: kept.Get("to"), Optional: true},
		{Name: "action", Label: "console.journal.action", Hint: "console.journal.action.hint", Value: kept.Get("action"), Most: 100, Optional: true},
		{Name: "actor", Label: "console.journal.actor", Hint: "console.journal.actor.hint", Value: kept.Get("actor"), Most: 64, Optional: true},
		{Name: "organization", Label: "console.journal.chain", Hint: "console.journal.chain.hint", Value: kept.Get("organization"), Most: 64, Optional: true},
	}}
}

// journalActs hand the chosen chain over and check it.
func journalActs(organisation string) []pages.Act {
	query := url.Values{}
	if organisation != "" {
		query.Set("organization", organisation)
	}
	return []pages.Act{
		{Title: "console.journal.check", URL: journalPlace + "/check", Post: true, Fields: []pages.Hidden{{Name: "organization", Value: organisation}}},
		{Title: "console.journal.export", URL: address(journalPlace+"/export", query)},
	}
}

func entryRow(v *desk.Visit, one entry) []cell {
	what := words(one.Action)
	if known := v.T("action." + one.Action); known != "action."+one.Action {
		what = words(known, one.Action)
	}
	for _, name := range slices.Sorted(maps.Keys(one.Details)) {
		what.Under = append(what.Under, named(v, "detail", name)+": "+one.Details[name])
	}
	if slices.Contains(refusals, one.Outcome) {
		what.Tags = []pages.Tag{{Kind: "stop", Text: named(v, "outcome", one.Outcome)}}
	}
	who := words(one.ActorName, one.IP)
	switch {
	case one.ActorName != "":
	case one.Actor != "":
		who.Text = one.Actor
	case one.Client != "":
		who.Text = v.T("console.journal.client", "Client", one.Client)
	default:
		who.Text = "console.journal.system"
	}
	when := moment(one.At)
	when.Under = []string{fmt.Sprintf("№ %d", one.Seq)}
	object := words(orDash(one.Object))
	object.Mono = true
	return []cell{what, when, who, object}
}

func exportJournal(v *desk.Visit) error {
	return v.Download("/journal/export", v.Kept("organization"))
}

// checkJournal walks a chain from its beginning and says whether anything in it was
// changed.
func checkJournal(v *desk.Visit) error {
	var found judgement
	if err := v.Post("/journal/check", map[string]string{"organization": v.Value("organization")}, &found); err != nil {
		return err
	}
	list := listView{Lead: "console.journal.check.lead", Notes: []pages.Tag{{Kind: "go", Text: v.T("console.journal.check.well")}}}
	if !found.OK {
		list.Notes = []pages.Tag{{Kind: "stop", Text: v.T("console.journal.check.broken")}}
	}
	list.Acts = []pages.Act{{Title: "console.journal.back", URL: journalPlace}}
	list.Pairs = []pages.Pair{
		pair("console.journal.chain", orText(v.Value("organization"), "console.journal.chain.system")),
		pair("console.journal.check.entries", strconv.FormatInt(found.Entries, 10)), pair("console.journal.check.head", found.Head),
	}
	if len(found.Problems) > 0 {
		t := table{Title: "console.journal.check.problems", Heads: []string{"console.journal.check.entry", "console.journal.check.problem"}}
		for _, one := range found.Problems {
			t.Rows = append(t.Rows, []cell{words(fmt.Sprintf("№ %d", one.Seq)), words(one.Text, one.Code)})
		}
		list.Tables = []table{t}
	}
	return list.show(v, "console.journal.check.title")
}

func orText(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
