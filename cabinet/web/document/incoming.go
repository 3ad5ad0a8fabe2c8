package document

import (
	"net/http"
	"net/url"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

type incomingView struct {
	Tabs        []pages.NavItem
	Rows        []incoming
	First, Next string
}

// incomingList shows what others handed over.
func incomingList(v *desk.Visit) error {
	view := incomingView{Tabs: tabs("incoming")}
	query := url.Values{"limit": {"25"}}
	if after := v.Query("after"); after != "" {
		query.Set("after", after)
		view.First = "/cabinet/documents/incoming"
	}
	var found struct {
		Documents []incoming `json:"documents"`
		Next      string     `json:"next"`
	}
	if err := v.Get("/documents/incoming", query, &found); err != nil {
		return err
	}
	view.Rows = found.Documents
	if found.Next != "" {
		view.Next = "/cabinet/documents/incoming?" + url.Values{"after": {found.Next}}.Encode()
	}
	return v.Page(http.StatusOK, "document_incoming.html", "document.tab.incoming", view)
}

type receivedView struct {
	Document   incoming
	URL        string
	Preview    string
	Picture    bool
	Facts      []pages.Pair
	Signatures []signatureView
	Offers     []pages.Offer
}

// showIncoming draws one document that was handed over. Looking at the page does not
// open it: its bytes do.
func showIncoming(v *desk.Visit) error {
	id := desk.Escape(v.PathValue("id"))
	view := receivedView{URL: "/cabinet/documents/incoming/" + id}
	if err := v.Get("/documents/incoming/"+id, nil, &view.Document); err != nil {
		return err
	}
	d := view.Document
	if shown, picture := previewed(d.File); shown && v.Query("look") != "" {
		view.Preview, view.Picture = view.URL+"/content?inline=yes", picture
	}
	view.Facts = []pages.Pair{
		{Label: "document.sender", Text: d.Sender.Name, Under: v.T("document.inn", "INN", d.Sender.INN)}, {Label: "document.type", Text: d.TypeLabel},
		{Label: "document.file", Text: d.File.Name, Under: pages.Size(v.Lang(), d.File.Size)}, {Label: "document.got", At: d.ReceivedAt},
	}
	if !d.ExpiresAt.IsZero() {
		view.Facts = append(view.Facts, pages.Pair{Label: "document.expires", At: d.ExpiresAt})
	}
	view.Signatures = signatureViews(v, d.SignatureList, "")
	view.Offers = v.Offers(d.Actions,
		desk.Offer{Action: "sign", Act: pages.Act{Title: "document.act.sign", URL: view.URL + "/sign"}, Main: true, Hide: true},
		desk.Offer{Action: "download", Act: pages.Act{Title: "document.act.look", URL: view.URL + "?look=yes"}},
		desk.Offer{Action: "download", Act: pages.Act{Title: "document.act.download", URL: view.URL + "/content"}},
		desk.Offer{Action: "download", Act: pages.Act{Title: "document.act.container", URL: view.URL + "/container"}},
	)
	v.Frames()
	return v.Page(http.StatusOK, "document_received.html", d.Name, view)
}
