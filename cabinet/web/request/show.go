package request

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

type showView struct {
	One     one
	URL     string
	Tag     pages.Tag
	Left    string
	Facts   []pages.Pair
	Posts   []postView // the oldest first
	Earlier string     // address of the posts before these
	Newest  string     // address of the newest posts, when these are older
	Offers  []pages.Offer
	Reply   replyForm
	Plan    planForm
	History []pages.Moment
	Service bool // an application has a page of its own
}

type postView struct {
	post
	URL     string
	Heading string
	Files   []pages.Attached
	Faults  []fault
	May     bool // edit it
}

// show draws one request with its thread.
func show(v *desk.Visit) error {
	form := replyForm{Kind: "reply"}
	if kept := v.Draft(); kept != nil {
		form.read(kept)
	}
	return page(v, http.StatusOK, form, planForm{})
}

// page draws the request with the forms as they are filled in.
func page(v *desk.Visit, status int, form replyForm, planned planForm, errs ...pages.FieldError) error {
	view := showView{URL: pathOf(v.PathValue("id")), Reply: form, Plan: planned}
	var tag string
	if err := v.Get(apiOf(v), nil, &view.One, desk.ETag(&tag)); err != nil {
		return err
	}
	if err := view.thread(v); err != nil {
		return err
	}
	view.describe(v)
	if err := view.forms(v, tag); err != nil {
		return err
	}
	if err := view.history(v); err != nil {
		return err
	}
	return v.Page(status, "request_one.html", view.One.Subject, view, errs...)
}

// thread takes the posts that the address asks for: the newest, or older ones.
func (s *showView) thread(v *desk.Visit) error {
	posts, earlier := s.One.Messages, s.One.Earlier
	if before := v.Query("before"); before != "" && v.Request().Method == http.MethodGet {
		var older struct {
			Messages []post `json:"messages"`
			Next     string `json:"next"`
		}
		if err := v.Get(apiOf(v)+"/messages", url.Values{"after": {before}}, &older); err != nil {
			return err
		}
		posts, earlier, s.Newest = older.Messages, older.Next, s.URL
	}
	if earlier != "" {
		s.Earlier = s.URL + "?" + url.Values{"before": {earlier}}.Encode()
	}
	for _, p := range slices.Backward(posts) {
		s.Posts = append(s.Posts, s.post(v, p))
	}
	return nil
}

func (s *showView) post(v *desk.Visit, p post) postView {
	view := postView{post: p, URL: s.URL + "/messages/" + desk.Escape(p.ID), Heading: v.T("request.post." + p.Direction + "." + p.Kind)}
	view.Files = attached(s.URL, p.Files, v.T)
	view.May = p.Direction == "out" && p.Kind != "opening" && s.One.Actions.Allowed("reply")
	return view
}

// attached lists files; a signature stands under what it signs.
func attached(at string, files []File, say func(string, ...any) string) []pages.Attached {
	var list []pages.Attached
	for _, f := range files {
		if f.SignatureOf != "" {
			continue
		}
		line := newAttached(at, f)
		for _, s := range files {
			if s.SignatureOf == f.ID {
				line.Tags = append(line.Tags, pages.Tag{Kind: "go", Text: say("request.file.signed")})
				line.Acts = append(line.Acts, pages.Act{Title: "request.file.signature", URL: at + "/files/" + desk.Escape(s.ID), About: f.Name})
			}
		}
		if f.Result {
			line.Tags = append(line.Tags, pages.Tag{Kind: "go", Text: say("request.file.result")})
		}
		list = append(list, line)
	}
	return list
}

func newAttached(at string, f File) pages.Attached {
	return pages.Attached{Name: f.Name, Size: f.Size, URL: at + "/files/" + desk.Escape(f.ID)}
}

// describe fills in what is known of the request.
func (s *showView) describe(v *desk.Visit) {
	o := s.One
	s.Tag, s.Left, s.Service = pages.Tag{Kind: StatusKind(o.Status), Text: o.StatusLabel}, left(v, o.item), o.Type == "application"
	add := func(label, text string) {
		if text != "" {
			s.Facts = append(s.Facts, pages.Pair{Label: label, Text: text})
		}
	}
	moment := func(label string, at time.Time) {
		if !at.IsZero() {
			s.Facts = append(s.Facts, pages.Pair{Label: label, At: at})
		}
	}
	add("request.number", o.Number)
	if o.Direction == "in" {
		add("request.from", o.Party)
	} else {
		add("request.recipient", o.Party)
	}
	add("request.outer", o.OuterNumber)
	moment("request.created", o.CreatedAt)
	moment("request.since", o.StatusAt)
	moment("request.due", o.DueAt)
	moment("request.execution", o.ExecutionAt)
	if o.Responsible != nil {
		add("request.responsible", o.Responsible.Name)
	}
	moment("request.over", o.ClosedAt)
	if o.Details != nil {
		add("request.error_code", o.Details.ErrorCode)
		add("request.related", o.Details.Related)
		add("request.earlier", o.Details.Earlier)
	}
}

// forms prepares what may be done: the acts, the answer, the plan.
func (s *showView) forms(v *desk.Visit, tag string) error {
	post := func(name, ask string, stop bool) pages.Act {
		return pages.Act{Title: "request.act." + name, URL: s.URL + "/" + name, Post: true, Ask: ask, Stop: stop}
	}
	s.Offers = v.Offers(s.One.Actions,
		desk.Offer{Action: "accept", Act: post("accept", "", false), Main: true, Hide: true},
		desk.Offer{Action: "reply", Act: pages.Act{Title: "request.act.reply", URL: s.URL + "#answer"}, Hide: true, Main: !s.One.Actions.Allowed("accept")},
		desk.Offer{Action: "close", Act: post("close", "request.ask.close", false), Hide: true},
		desk.Offer{Action: "withdraw", Act: post("withdraw", "request.ask.withdraw", true), Hide: true},
	)
	if err := s.Reply.prepare(v, s.One); err != nil {
		return err
	}
	return s.Plan.prepare(v, s.One, tag)
}

// acts that the history shows in colours.
var actKinds = map[string]string{
	"accepted": "go", "overdue": "stop", "not_sent": "stop", "reminded": "wait", "received": "info", "answered": "info", "replied": "go",
}

// history tells who did what, the newest first.
func (s *showView) history(v *desk.Visit) error {
	var found struct {
		History []act `json:"history"`
	}
	if err := v.Get(apiOf(v)+"/history", url.Values{"limit": {"50"}}, &found); err != nil {
		return err
	}
	for _, a := range found.History {
		moment := pages.Moment{Title: "request.did." + a.Act, At: a.At, Who: a.Actor, Kind: actKinds[a.Act]}
		if a.StatusAfter != "" {
			moment.Text = v.T("request.did.status", "Status", a.StatusLabel)
		}
		s.History = append(s.History, moment)
	}
	return nil
}

// download hands over a file of the thread.
func download(v *desk.Visit) error {
	return v.Download(apiOf(v)+"/files/"+desk.Escape(v.PathValue("file")), nil)
}

// doing is an act that needs nothing but the press of its button.
func doing(name string) func(*desk.Visit) error {
	return func(v *desk.Visit) error {
		err := v.Post(apiOf(v)+"/"+name, nil, nil)
		if err == nil {
			return v.Done(pathOf(v.PathValue("id")), "request.done."+name)
		}
		status, errs, err := v.Faults(err)
		if err != nil {
			return err
		}
		return page(v, status, replyForm{Kind: "reply"}, planForm{}, errs...)
	}
}
