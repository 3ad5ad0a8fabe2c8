package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

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
	"client.created", "client.updated", "client.secret_rotated", "client.deleted", "grant.ended", "access.refused",
}

// reasons of refusals that have words.
var reasons = []string{
	"permission_missing", "scope_missing", "assurance_insufficient", "token_revoked", "forbidden", "last_administrator",
}

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
func (v *visit) journal() error {
	query := v.r.URL.Query()
	view := journalView{From: query.Get("from"), To: query.Get("to"), Action: query.Get("action")}
	view.Filtered = view.From+view.To+view.Action != ""
	view.Actions = v.actionOptions()
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
		return v.page(http.StatusUnprocessableEntity, "journal.html", "place.journal", view, errs...)
	}
	filter := map[string]string{"from": from, "to": to, "action": view.Action, "before": query.Get("before"), "limit": "30"}
	var found entries
	if err := v.call(http.MethodGet, with("/organization/journal", filter), nil, &found); err != nil {
		return err
	}
	for _, e := range found.Entries {
		view.Entries = append(view.Entries, v.row(e))
	}
	typed := map[string]string{"from": view.From, "to": view.To, "action": view.Action}
	if query.Get("before") != "" {
		view.First = with("/cabinet/journal", typed)
	}
	if found.Next != 0 {
		typed["before"] = strconv.FormatInt(found.Next, 10)
		view.Next = with("/cabinet/journal", typed)
	}
	return v.page(http.StatusOK, "journal.html", "place.journal", view)
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

func (v *visit) actionOptions() []pages.Option {
	options := []pages.Option{{Value: "", Label: v.t("journal.any")}}
	for _, name := range actions {
		options = append(options, pages.Option{Value: name, Label: v.t("action." + name)})
	}
	return options
}

// row says one entry in words.
func (v *visit) row(e entry) entryRow {
	row := entryRow{At: e.At, What: e.Action, Who: e.ActorName, IP: e.IP}
	if slices.Contains(actions, e.Action) {
		row.What = v.t("action." + e.Action)
	} else if strings.HasPrefix(e.Action, "signin.") {
		row.What = v.t("action.signin.factor")
	}
	switch {
	case row.Who != "":
	case e.Client != "":
		row.Who = v.t("journal.client", "Client", e.Client)
	default:
		row.Who = v.t("journal.system")
	}
	row.Refused = e.Outcome != "success" && e.Outcome != "accepted"
	if row.Refused {
		row.Outcome = v.t("journal.refused")
	}
	for _, name := range details {
		if value := e.Details[name]; value != "" {
			row.Details = append(row.Details, v.detail(name, value))
		}
	}
	return row
}

// detail says one detail in words.
func (v *visit) detail(name, value string) detailRow {
	label := v.t("detail."+name) + ": "
	switch name {
	case "role", "role_before":
		return detailRow{Text: label + v.t("role."+value)}
	case "gained", "lost":
		return v.rights(label, strings.Fields(value))
	case "reason":
		if slices.Contains(reasons, value) {
			value = v.t("reason." + value)
		}
	}
	return detailRow{Text: label + value}
}

// rights lists rights in words.
func (v *visit) rights(label string, names []string) detailRow {
	words := make([]string, len(names))
	for i, name := range names {
		words[i] = v.t("scope." + name)
	}
	if len(words) > foldFrom {
		return detailRow{Text: label + v.t("organisation.rights", "Count", len(words)), Folded: words}
	}
	return detailRow{Text: label + "«" + strings.Join(words, "», «") + "»"}
}
