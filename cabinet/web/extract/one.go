package extract

import (
	"net/http"
	"strings"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

type oneView struct {
	Extract extract
	Tag     pages.Tag
	Files   []fileRow
	Facts   []pages.Pair
	Offers  []pages.Offer
	May     bool // send it
	Email   string
	PDF     string // name of the PDF and of its signature, as the lines of verification say them
	Left    string
}

type fileRow struct {
	Label, Name, URL, SHA256 string
	Size                     int64
}

// one is an order: its progress, or the paper with all that proves it.
func one(v *desk.Visit) error { return onePage(v, http.StatusOK, "") }

func onePage(v *desk.Visit, status int, email string, errs ...pages.FieldError) error {
	view := oneView{Email: email}
	if err := v.Get(api(v), nil, &view.Extract); err != nil {
		return err
	}
	x := view.Extract
	view.Tag = x.tag(v)
	for _, f := range x.Files {
		view.Files = append(view.Files, fileRow{
			Label: v.T("extract.part." + strings.ReplaceAll(f.Part, ".", "_")), Name: f.Name, Size: f.Size, SHA256: f.SHA256,
			URL: x.path() + "/files/" + desk.Escape(f.Part),
		})
		if f.Part == "pdf" {
			view.PDF = f.Name
		}
	}
	if len(x.Files) > 1 {
		view.Files = append(view.Files, fileRow{Label: v.T("extract.part.zip"), URL: x.path() + "/files/zip"})
	}
	view.facts(v)
	act := func(title, to string) pages.Act { return pages.Act{Title: title, URL: x.path() + to, Post: true} }
	cancel := act("extract.act.cancel", "/cancel")
	cancel.Ask, cancel.Stop = "extract.act.cancel.ask", true
	view.Offers = v.Offers(x.Actions,
		desk.Offer{Action: "retry", Act: act("extract.act.retry", "/retry"), Main: true, Hide: true},
		desk.Offer{Action: "renew", Act: act("extract.act.renew", "/renew"), Hide: true},
		desk.Offer{Action: "cancel", Act: cancel, Hide: true},
	)
	view.May = x.Actions.Allowed("send")
	return v.Page(status, "extract.html", x.Name, view, errs...)
}

func (view *oneView) facts(v *desk.Visit) {
	x := view.Extract
	text := func(label, value string) {
		if value != "" {
			view.Facts = append(view.Facts, pages.Pair{Label: label, Text: value})
		}
	}
	at := func(label string, moment *time.Time) {
		if moment != nil {
			view.Facts = append(view.Facts, pages.Pair{Label: label, At: *moment})
		}
	}
	text("extract.fact.number", x.Number)
	at("extract.fact.ordered", &x.CreatedAt)
	at("extract.fact.ready", x.ReadyAt)
	if x.Period != nil {
		text("extract.fact.period", people(x.Period.From)+" – "+people(x.Period.To))
	}
	if x.Status == "ready" && x.ValidUntil == nil {
		text("extract.fact.until", v.T("extract.forever"))
	}
	at("extract.fact.until", x.ValidUntil)
	text("extract.fact.purpose", x.Purpose)
	text("extract.fact.email", x.Email)
}

// people writes a date of the API as people do: 22.11.2026.
func people(date string) string {
	at, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return at.Format("02.01.2006")
}

func api(v *desk.Visit) string { return "/extracts/" + desk.Escape(v.PathValue("id")) }

// progress tells the page's script how far the order is.
func progress(v *desk.Visit) error {
	var x extract
	if err := v.Get(api(v), nil, &x); err != nil {
		return v.Refusal(err)
	}
	return v.JSON(http.StatusOK, map[string]any{"percent": x.Progress, "stage": x.StageLabel, "over": !x.Under()})
}

func download(v *desk.Visit) error {
	return v.Download(api(v)+"/files/"+desk.Escape(v.PathValue("part")), nil)
}

// does is an act that needs nothing but the press of its button.
func does(act string) func(*desk.Visit) error {
	return func(v *desk.Visit) error {
		if err := v.Post(api(v)+"/"+act, nil, nil); err != nil {
			return notDone(v, err, "")
		}
		return v.Done("/cabinet/extracts/"+desk.Escape(v.PathValue("id")), "extract.done."+act)
	}
}

// renewed orders the same paper for today.
func renewed(v *desk.Visit) error {
	var made extract
	if err := v.Post(api(v)+"/renew", nil, &made, desk.IdempotencyKey(v.FormKey())); err != nil {
		return notDone(v, err, "")
	}
	return v.Done(made.path(), "extract.done.renew")
}

// sent sends the paper to a mailbox.
func sent(v *desk.Visit) error {
	email := v.Value("email")
	var told struct {
		Email string `json:"email"`
	}
	if err := v.Post(api(v)+"/send", map[string]string{"email": email}, &told, desk.IdempotencyKey(v.FormKey())); err != nil {
		return notDone(v, err, email)
	}
	return v.Done("/cabinet/extracts/"+desk.Escape(v.PathValue("id")), "extract.done.send", "Email", told.Email)
}

// notDone draws the order again with the reason why an act was not done.
func notDone(v *desk.Visit, err error, email string) error {
	status, errs, err := v.Mendable(err, "email")
	if err != nil {
		return err
	}
	return onePage(v, status, email, errs...)
}
