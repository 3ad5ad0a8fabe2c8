package journal

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

// moscow is the zone of the filters' dates, as of the times that pages show.
var moscow = time.FixedZone("МСК", 3*60*60)

// actions are those that the filter offers; the journal may hold others, which
// are shown by their names.
var actions = []string{
	"signin", "signout", "organisation.created", "organisation.updated", "organisation.closed",
	"member.added", "member.changed", "member.removed",
	"invitation.created", "invitation.resent", "invitation.withdrawn", "invitation.accepted",
	"person.blocked", "person.unblocked", "consent",
	"client.created", "client.updated", "client.secret_rotated", "client.deleted", "grant.ended", "token.exchanged", "access.refused",
}

// refusals are the outcomes that are told beside an entry; others went as they should.
var refusals = []string{"refused", "wrong", "failed", "denied", "locked", "blocked", "expired"}

// reasons of refusals that have words.
var reasons = []string{
	"permission_missing", "scope_missing", "assurance_insufficient", "token_revoked", "forbidden", "last_administrator",
}

type (
	entry struct {
		Seq       int64             `json:"seq"`
		At        time.Time         `json:"at"`
		Actor     string            `json:"actor"`
		ActorName string            `json:"actor_name"`
		Client    string            `json:"client"`
		Action    string            `json:"action"`
		Outcome   string            `json:"outcome"`
		Details   map[string]string `json:"details"`
		IP        string            `json:"ip"`
	}
	entries struct {
		Entries []entry `json:"entries"`
		Next    int64   `json:"next"`
	}
)

type entryRow struct {
	At              time.Time
	What, Who, Name string // Name is the action's own, for what has no words
	Details         []detailRow
	IP              string
	Refused         bool
	Outcome         string // in words
}

// detailRow is one detail; a long list of rights is folded.
type detailRow struct {
	Text   string
	Folded []string
}

// details that are shown, in their order; ids are left to the API.
var details = []string{"role", "role_before", "position", "email", "name", "gained", "lost", "reason"}

// foldFrom is the number of rights above which their list is folded.
const foldFrom = 2

type journalView struct {
	Entries              []entryRow
	From, To, Action     string // the filter as typed
	Actions              []pages.Option
	First, Next, Problem string
	Filtered             bool
}

// journal lists what was done in the organisation, newest first.
func list(v *desk.Visit) error {
	view := journalView{From: v.Query("from"), To: v.Query("to"), Action: v.Query("action")}
	view.Filtered = view.From+view.To+view.Action != ""
	view.Actions = actionOptions(v)
	from, badFrom := day(view.From, 0)
	to, badTo := day(view.To, 1)
	var errs []pages.FieldError
	if badFrom {
		errs = append(errs, pages.FieldError{Field: "from", Key: "journal.date"})
	}
	if badTo {
		errs = append(errs, pages.FieldError{Field: "to", Key: "journal.date"})
	}
	if !slices.Contains(actions, view.Action) {
		view.Action = ""
	}
	if len(errs) > 0 {
		return v.Page(http.StatusUnprocessableEntity, "journal.html", "place.journal", view, errs...)
	}
	filter := map[string]string{"from": from, "to": to, "action": view.Action, "before": v.Query("before"), "limit": "30"}
	var found entries
	if err := v.Get("/organization/journal", values(filter), &found); err != nil {
		return err
	}
	for _, e := range found.Entries {
		view.Entries = append(view.Entries, row(v, e))
	}
	typed := map[string]string{"from": view.From, "to": view.To, "action": view.Action}
	if v.Query("before") != "" {
		view.First = address(typed)
	}
	if found.Next != 0 {
		typed["before"] = strconv.FormatInt(found.Next, 10)
		view.Next = address(typed)
	}
	return v.Page(http.StatusOK, "journal.html", "place.journal", view)
}

// day reads a date of the filter: the moment it begins, after some days more.
func day(typed string, after int) (moment string, bad bool) {
	if typed == "" {
		return "", false
	}
	date, err := time.ParseInLocation(time.DateOnly, typed, moscow)
	if err != nil {
		return "", true
	}
	return date.AddDate(0, 0, after).UTC().Format(time.RFC3339), false
}

func actionOptions(v *desk.Visit) []pages.Option {
	options := []pages.Option{{Value: "", Label: v.T("journal.any")}}
	for _, name := range actions {
		options = append(options, pages.Option{Value: name, Label: v.T("action." + name)})
	}
	return options
}

// row says one entry in words.
func row(v *desk.Visit, e entry) entryRow {
	drawn := entryRow{At: e.At, What: e.Action, Who: e.ActorName, IP: e.IP}
	if words := v.T("action." + e.Action); words != "action."+e.Action {
		drawn.What = words
	}
	switch {
	case drawn.Who != "":
	case e.Client != "":
		drawn.Who = v.T("journal.client", "Client", e.Client)
	default:
		drawn.Who = v.T("journal.system")
	}
	drawn.Refused = slices.Contains(refusals, e.Outcome)
	if drawn.Refused {
		drawn.Outcome = v.T("journal.refused")
	}
	for _, name := range details {
		if value := e.Details[name]; value != "" {
			drawn.Details = append(drawn.Details, detail(v, name, value))
		}
	}
	return drawn
}

// detail says one detail in words.
func detail(v *desk.Visit, name, value string) detailRow {
	label := v.T("detail."+name) + ": "
	switch name {
	case "role", "role_before":
		return detailRow{Text: label + v.T("role."+value)}
	case "gained", "lost":
		return rights(v, label, strings.Fields(value))
	case "reason":
		if slices.Contains(reasons, value) {
			value = v.T("reason." + value)
		}
	}
	return detailRow{Text: label + value}
}

// rights lists rights in words.
func rights(v *desk.Visit, label string, names []string) detailRow {
	words := make([]string, len(names))
	for i, name := range names {
		words[i] = v.T("scope." + name)
	}
	if len(words) > foldFrom {
		return detailRow{Text: label + v.T("organisation.rights", "Count", len(words)), Folded: words}
	}
	return detailRow{Text: label + "«" + strings.Join(words, "», «") + "»"}
}

// values leaves empty ones out.
func values(named map[string]string) url.Values {
	out := url.Values{}
	for name, value := range named {
		if value != "" {
			out.Set(name, value)
		}
	}
	return out
}

func address(named map[string]string) string {
	query := values(named)
	if len(query) == 0 {
		return "/cabinet/journal"
	}
	return "/cabinet/journal?" + query.Encode()
}
