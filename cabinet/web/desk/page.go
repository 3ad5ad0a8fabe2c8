package desk

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"propusk/idp/pages"
)

// Page draws a page in the house's frame. template is a file of the room, title a
// key of its words or a text, data what the template sees as .Page.
func (v *Visit) Page(status int, template, title string, data any, errs ...pages.FieldError) error {
	shell, err := v.shell()
	if err != nil {
		return err
	}
	return v.d.pages.Render(v.w, v.r, status, pages.Custom{
		Template: template, Title: title, Data: data, Errors: errs, Shell: shell, Idle: v.idle(),
		RedirectURI: v.d.deps.Issuer, Hidden: v.hidden(), Notice: v.notices(), Frames: v.frames,
	})
}

// hidden are the desk's own fields of every form.
func (v *Visit) hidden() []pages.Hidden {
	return []pages.Hidden{
		{Name: fieldOrganisation, Value: v.drawnFor()},
		{Name: fieldPage, Value: v.back()},
		{Name: fieldKey, Value: secret()[:22]},
	}
}

// notices is what is told above the page: what has just been done, or that a form
// waits to be sent again.
func (v *Visit) notices() *pages.Tag {
	if v.notice != nil {
		return v.notice
	}
	if v.draft != nil {
		return &pages.Tag{Text: v.t("notice.repeat")}
	}
	var kept pages.Tag
	if v.r.Method != http.MethodGet || v.d.take(v.ctx(), noticeKey(v.key), &kept) != nil {
		return nil
	}
	return &kept
}

// Notice tells something above the page that is drawn next by this visit.
func (v *Visit) Notice(kind, key string, args ...any) {
	v.notice = &pages.Tag{Kind: kind, Text: v.t(key, args...)}
}

// Redirect sends the browser to a page (303).
func (v *Visit) Redirect(path string) error { return v.redirect(path) }

// Done sends the browser to a page, where a notice tells once what was done.
func (v *Visit) Done(path, notice string, args ...any) error {
	tag := pages.Tag{Kind: "go", Text: v.t(notice, args...)}
	if err := v.d.put(v.ctx(), noticeKey(v.key), tag, noticeLife); err != nil {
		return err
	}
	return v.redirect(path)
}

// idle lets the page warn before the session ends by itself, and keep what was
// typed for the same person's return.
func (v *Visit) idle() *pages.Idle {
	left := v.seenAt.Add(v.session.Idle).Sub(v.d.deps.Now())
	return &pages.Idle{
		Left: max(left, time.Second), ProlongURL: v.d.deps.House.at("/prolong"), EndURL: v.back(),
		Keeper: digest(v.d.deps.House.Store + "/" + v.session.Subject)[:16],
	}
}

// prolong is asked for by a page whose person is at it still; it needs no answer.
func (v *Visit) prolong() error {
	v.w.WriteHeader(http.StatusNoContent)
	return nil
}

// shell is the frame: whose it is, and where one can go.
func (v *Visit) shell() (*pages.Shell, error) {
	house := v.d.deps.House
	shell := &pages.Shell{
		Kind: house.Kind, PersonName: v.me.Person.short(), HomeURL: house.Root, SignOutURL: house.at("/signout"),
		HelpURL: strings.TrimRight(v.d.deps.Issuer, "/") + "/help",
	}
	if v.session.Newcomer {
		return v.newcomersShell(shell), nil
	}
	shell.Organisation, shell.OrganisationID = v.strip(), v.organisationID()
	shell.Nav, shell.LookURL = v.nav(), house.at("/look")
	if house.Search {
		shell.SearchURL = house.at("/search")
	}
	if house.Search && v.r.URL.Path == shell.SearchURL {
		shell.Query = v.Query("q")
	}
	if house.Notices {
		shell.Bell = v.bell()
	}
	return shell, nil
}

// strip says for whom the visitor acts, and as what; in a house without organisations,
// which house it is.
func (v *Visit) strip() pages.Strip {
	strip := pages.Strip{Name: v.t(v.d.deps.House.Name), Sub: v.RolesText()}
	if v.me.Organization != nil {
		strip.Name = v.me.Organization.Name
	}
	if v.session.Several {
		strip.SwitchURL = v.d.deps.House.at("/organisations")
	}
	return strip
}

// bell counts the unread notices; without an answer there is none to show.
func (v *Visit) bell() *pages.Bell {
	var found struct {
		Unread int `json:"unread"`
	}
	if err := v.Get("/notices/count", nil, &found); err != nil {
		v.d.deps.Log.DebugContext(v.ctx(), "unread notices are not known", "error", err)
		return nil
	}
	return &pages.Bell{URL: v.d.deps.House.at("/notices"), Count: found.Unread, Stream: v.d.deps.House.at("/events")}
}

// nav is the side list: the places that the visitor may see, and the one he is at.
func (v *Visit) nav() []pages.NavItem {
	var items []pages.NavItem
	here := v.place()
	work := false // a place of the first group is there
	for _, place := range v.d.nav {
		current := place.Path == here
		if !current && (place.Permission != "" && !v.May(place.Permission) || place.Only != nil && !place.Only(v)) {
			continue
		}
		item := pages.NavItem{Title: place.Key, URL: place.Path, Current: current}
		if place.Count != nil {
			item.Count = place.Count(v)
		}
		if place.Order < navBreak {
			work = true
		} else if work {
			item.Break, work = true, false
		}
		items = append(items, item)
	}
	return items
}

// navBreak is the order from which places stand under the line.
const navBreak = 500

// place is the path of the place that the page belongs to: the longest that its
// address begins with.
func (v *Visit) place() string {
	best := ""
	path := strings.TrimRight(v.r.URL.Path, "/")
	for _, place := range v.d.nav {
		at := path == place.Path || place.Path != v.d.deps.House.Root && strings.HasPrefix(path, place.Path+"/")
		if at && len(place.Path) > len(best) {
			best = place.Path
		}
	}
	return best
}

// told draws the errors that have a page of their own within the frame.
func (v *Visit) told(err error) error {
	if wrong, ok := errors.AsType[*elsewhere](err); ok {
		return v.toldElsewhere(wrong)
	}
	if problem := AsProblem(err); problem != nil && problem.Status == http.StatusForbidden {
		view := refusedView{Title: problem.Title, Detail: v.Words(problem), HomeURL: v.d.deps.House.Root, Home: v.d.word("refused.back")}
		if problem.Code == "permission_missing" {
			view.Lack = v.Lack(missing(problem))
		}
		return v.Page(http.StatusForbidden, "refused.html", "refused.title", view)
	}
	return err
}

type refusedView struct {
	Title, Detail string
	HomeURL, Home string
	Lack          *pages.Lack // who can help; nil when nobody of the organisation can
}

// Words is the API's refusal with the missing right in a person's words.
func (v *Visit) Words(problem *Problem) string {
	if problem.Code != "permission_missing" {
		return problem.Detail
	}
	if right := missing(problem); right != "" && v.d.pages.Knows("scope."+right) {
		return v.t("refused.permission", "Right", v.t("scope."+right))
	}
	return problem.Detail
}

// missing is the permission that a refusal names.
func missing(problem *Problem) string {
	for word := range strings.FieldsSeq(problem.Detail) {
		if word = strings.Trim(word, ".,;«»\"'"); strings.Contains(word, ":") {
			return word
		}
	}
	return ""
}

// Faults turns a refusal of a form into what is wrong with it, in the API's own
// words; fields are those of the form, named as in the API (a member "a" of the
// member "b" is "b/a"). Other errors come back as they are:
//
//	status, errs, err := v.Faults(err, "name", "email")
//	if err != nil {
//		return err
//	}
//	return form(v, status, errs...)
func (v *Visit) Faults(err error, fields ...string) (int, []pages.FieldError, error) {
	problem := AsProblem(err)
	if problem == nil || problem.Status >= http.StatusInternalServerError || problem.Status == http.StatusNotFound {
		return 0, nil, err
	}
	var errs []pages.FieldError
	for _, fault := range problem.Errors {
		name := strings.TrimPrefix(fault.Pointer, "/")
		if name == "" {
			name = fault.Parameter
		}
		if !slices.Contains(fields, name) {
			name = ""
		}
		errs = append(errs, pages.FieldError{Field: name, Key: fault.Detail})
	}
	if len(errs) == 0 {
		errs = []pages.FieldError{{Key: v.Words(problem)}}
	}
	return problem.Status, errs, nil
}
