package document

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

// content hands a file over, or shows it in place when the page frames it.
func content(api string) func(*desk.Visit) error {
	return func(v *desk.Visit) error {
		query := url.Values{}
		if number := v.Query("version"); number != "" {
			query.Set("version", number)
		}
		path := api + desk.Escape(v.PathValue("id")) + "/content"
		if v.Query("inline") == "" {
			return v.Download(path, query)
		}
		query.Set("inline", "true")
		return v.Inline(path, query)
	}
}

// container hands over the file with all its signatures.
func container(api string) func(*desk.Visit) error {
	return func(v *desk.Visit) error {
		return v.Download(api+desk.Escape(v.PathValue("id"))+"/container", nil)
	}
}

type showView struct {
	Document   whole
	URL        string
	Preview    string // address of what is shown in place; "" = cannot be
	Picture    bool
	Facts      []pages.Pair
	Tags       []pages.Tag
	Signatures []signatureView
	Versions   []versionView
	Shares     []shareView
	Offers     []pages.Offer
	Edit       editForm
	Share      shareForm
	MayEdit    bool
	MayShare   bool
	MayVersion bool
	Kinds      []pages.Option
	Etag       string
}

type signatureView struct {
	signature
	URL    string
	Tag    pages.Tag
	Checks []pages.CheckLine
}

type versionView struct {
	version
	URL string
	Act *pages.Act
}

type shareView struct {
	share
	To  string
	Tag pages.Tag
	Act *pages.Act
}

type editForm struct {
	Sent                                bool
	Type, Name, Description, ValidUntil string
}

type shareForm struct {
	Recipient, Message, Expires string
	Signature                   bool
}

// previewed are the kinds that browsers show in place (the API decides by content).
func previewed(f fileOf) (shown, picture bool) {
	picture = strings.HasPrefix(f.MediaType, "image/")
	return picture || f.MediaType == "application/pdf", picture
}

// show draws one document with everything about it.
func show(v *desk.Visit) error {
	var view showView
	if kept := v.Draft(); kept != nil {
		view.Share = readShare(kept)
	}
	return draw(v, http.StatusOK, view)
}

func draw(v *desk.Visit, status int, view showView, errs ...pages.FieldError) error {
	view.URL = pathOf(v.PathValue("id"))
	if err := v.Get(apiOf(v), nil, &view.Document, desk.ETag(&view.Etag)); err != nil {
		return err
	}
	view.describe(v)
	for _, read := range []func(*desk.Visit) error{view.versions, view.shares, view.forms} {
		if err := read(v); err != nil {
			return err
		}
	}
	v.Frames()
	return v.Page(status, "document_one.html", view.Document.Name, view, errs...)
}

func (s *showView) describe(v *desk.Visit) {
	d := s.Document
	shown, picture := previewed(d.File)
	if shown {
		s.Preview, s.Picture = s.URL+"/content?inline=yes", picture
	}
	s.Facts = []pages.Pair{
		{Label: "document.type", Text: d.TypeLabel},
		{Label: "document.file", Text: d.File.Name, Under: pages.Size(v.Lang(), d.File.Size)},
		{Label: "document.version", Text: strconv.FormatInt(d.Version, 10)},
		{Label: "document.added", At: d.CreatedAt},
	}
	if until, err := time.ParseInLocation(time.DateOnly, d.ValidUntil, desk.Moscow); err == nil {
		s.Facts = append(s.Facts, pages.Pair{Label: "document.until", Text: until.Format("02.01.2006")})
	}
	s.Facts = append(s.Facts, integrity(v, d), pages.Pair{Label: "SHA-256", Text: d.File.SHA256})
	if d.Status == "archived" {
		s.Tags = append(s.Tags, pages.Tag{Text: v.T("document.archived")})
	}
	if d.Received {
		s.Tags = append(s.Tags, pages.Tag{Kind: "info", Text: v.T("document.received")})
	}
	if d.Signatures > 0 {
		s.Tags = append(s.Tags, pages.Tag{Kind: "go", Text: v.T("document.signed", "Count", d.Signatures)})
	}
	s.Signatures = signatureViews(v, d.SignatureList, s.URL)
}

// integrity says whether the bytes are those that were kept (row 189).
func integrity(v *desk.Visit, d whole) pages.Pair {
	if d.Integrity.State == "damaged" {
		return pages.Pair{Label: "document.integrity", Tag: &pages.Tag{Kind: "stop", Text: v.T("document.damaged")}}
	}
	pair := pages.Pair{Label: "document.integrity", Tag: &pages.Tag{Kind: "go", Text: v.T("document.intact")}}
	if !d.Integrity.CheckedAt.IsZero() {
		pair.Under = v.T("document.checked", "Date", d.Integrity.CheckedAt.In(desk.Moscow).Format("02.01.2006"))
	}
	return pair
}

func signatureViews(v *desk.Visit, list []signature, at string) []signatureView {
	views := make([]signatureView, len(list))
	for i, one := range list {
		views[i] = signatureView{signature: one, Tag: pages.Tag{Kind: "go", Text: v.T("document.verdict.good")}}
		if at != "" {
			views[i].URL = at + "/signatures/" + desk.Escape(one.ID)
		}
		if !one.Verdict.Accepted {
			views[i].Tag = pages.Tag{Kind: "stop", Text: v.T("document.verdict.bad")}
		}
		for _, c := range one.Verdict.Checks {
			views[i].Checks = append(views[i].Checks, pages.CheckLine{Name: c.Title, Status: c.Status, Text: c.Text, Code: c.Code})
		}
	}
	return views
}

func (s *showView) versions(v *desk.Visit) error {
	var found struct {
		Versions []version `json:"versions"`
	}
	if err := v.Get(apiOf(v)+"/versions", nil, &found); err != nil {
		return err
	}
	restorable := s.Document.Actions.Allowed("add_version") || stronger(s.Document.Actions, "add_version")
	for _, one := range found.Versions {
		number := strconv.FormatInt(one.Version, 10)
		view := versionView{version: one, URL: s.URL + "/content?version=" + number}
		if restorable && !one.Present {
			view.Act = &pages.Act{
				Title: "document.restore", URL: s.URL + "/versions/" + number + "/restore", Post: true,
				Ask: "document.restore.ask", About: number,
			}
		}
		s.Versions = append(s.Versions, view)
	}
	return nil
}

// stronger reports whether only a stronger sign-in is missing for an act.
func stronger(actions desk.Actions, name string) bool {
	action := actions.Find(name)
	return action != nil && action.Reason == "assurance_insufficient"
}

// shareKinds are the colours of what became of a document that was handed over.
var shareKinds = map[string]string{"open": "info", "opened": "go", "expired": "wait", "revoked": ""}

func (s *showView) shares(v *desk.Visit) error {
	var found struct {
		Shares []share `json:"shares"`
	}
	if err := v.Get(apiOf(v)+"/shares", nil, &found); err != nil {
		return err
	}
	for _, one := range found.Shares {
		view := shareView{share: one, To: one.Email, Tag: pages.Tag{Kind: shareKinds[one.State], Text: v.T("document.share." + one.State)}}
		if one.Recipient != nil {
			view.To = one.Recipient.Name
		}
		if (one.State == "open" || one.State == "opened") && v.May("documents:write") {
			view.Act = &pages.Act{
				Title: "document.share.revoke", URL: s.URL + "/shares/" + desk.Escape(one.ID) + "/revoke", Post: true, Stop: true,
				Ask: "document.share.ask", About: view.To,
			}
		}
		s.Shares = append(s.Shares, view)
	}
	return nil
}

// forms says what may be done, and fills the forms in.
func (s *showView) forms(v *desk.Visit) error {
	actions, d := s.Document.Actions, s.Document
	may := func(name string) bool { return actions.Allowed(name) || stronger(actions, name) }
	s.MayEdit, s.MayShare, s.MayVersion = may("edit"), may("share"), may("add_version")
	post := func(name, ask string, stop bool) pages.Act {
		return pages.Act{Title: "document.act." + name, URL: s.URL + "/" + name, Post: true, Ask: ask, Stop: stop}
	}
	s.Offers = v.Offers(actions,
		desk.Offer{Action: "sign", Act: pages.Act{Title: "document.act.sign", URL: s.URL + "/sign"}, Main: true},
		desk.Offer{Action: "download", Act: pages.Act{Title: "document.act.download", URL: s.URL + "/content"}},
		desk.Offer{Action: "share", Act: pages.Act{Title: "document.act.share", URL: s.URL + "#share"}, Hide: true},
		desk.Offer{Action: "archive", Act: post("archive", "", false), Hide: true},
		desk.Offer{Action: "unarchive", Act: post("unarchive", "", false), Hide: true},
		desk.Offer{Action: "delete", Act: post("delete", "document.ask.delete", true)},
	)
	if !s.Edit.Sent {
		s.Edit = editForm{Type: d.Type, Name: d.Name, Description: d.Description, ValidUntil: d.ValidUntil}
	}
	if !s.MayEdit {
		return nil
	}
	known, err := kinds(v)
	for _, k := range known {
		s.Kinds = append(s.Kinds, pages.Option{Value: k.Type, Label: k.Label})
	}
	return err
}
