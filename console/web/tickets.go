package web

import (
	"net/http"
	"net/url"
	"time"

	"propusk/cabinet/web/desk"
	"propusk/idp/pages"
)

const ticketsPlace = Root + "/tickets"

type (
	ticket struct {
		Number         string       `json:"number"`
		OrganizationID string       `json:"organization_id"`
		Kind           string       `json:"kind"`
		Status         string       `json:"status"`
		Subject        string       `json:"subject"`
		DueAt          time.Time    `json:"due_at"`
		CreatedAt      time.Time    `json:"created_at"`
		Overdue        bool         `json:"overdue"`
		ReplyChannel   string       `json:"reply_channel"`
		Phone          string       `json:"phone"`
		Email          string       `json:"email"`
		Posts          []ticketPost `json:"posts"`
	}
	ticketPost struct {
		At     time.Time `json:"at"`
		Side   string    `json:"side"`
		Author string    `json:"author"`
		Event  string    `json:"event"`
		Text   string    `json:"text"`
	}
)

func ticketRoutes() []desk.Route {
	return []desk.Route{
		desk.Get(ticketsPlace, listTickets),
		desk.Get(ticketsPlace+"/{number}", showTicket),
		desk.Post(ticketsPlace+"/{number}/take", takeTicket),
		desk.Post(ticketsPlace+"/{number}", answerTicket),
	}
}

func waitingTickets(v *desk.Visit, limit string) ([]ticket, error) {
	var answer struct {
		Tickets []ticket `json:"tickets"`
	}
	err := v.Get("/tickets", url.Values{"limit": {limit}}, &answer)
	return answer.Tickets, err
}

func listTickets(v *desk.Visit) error {
	waiting, err := waitingTickets(v, "200")
	if err != nil {
		return err
	}
	t := table{
		Heads: []string{"console.tickets.subject", "console.tickets.kind", "console.tickets.due", "console.state"},
		None:  "console.tickets.none", NoneText: "console.tickets.none.text",
	}
	for _, one := range waiting {
		t.Rows = append(t.Rows, []cell{link(one.Subject, at(ticketsPlace, one.Number), one.Number), words(named(v, "ticket", one.Kind)), due(v, one), ticketState(v, one)})
	}
	return listView{Lead: "console.tickets.lead", Tables: []table{t}}.show(v, "console.place.tickets")
}

func due(v *desk.Visit, one ticket) cell {
	c := moment(one.DueAt)
	if one.Overdue {
		c.Tags = []pages.Tag{{Kind: "stop", Text: v.T("console.tickets.overdue")}}
	}
	return c
}

func ticketState(v *desk.Visit, one ticket) cell {
	kind := map[string]string{"registered": "wait", "in_work": "info", "overdue": "stop", "resolved": "go"}[one.Status]
	return state(kind, named(v, "ticket.status", one.Status))
}

func showTicket(v *desk.Visit) error { return ticketPage(v, http.StatusOK) }

func ticketPage(v *desk.Visit, status int, errs ...pages.FieldError) error {
	var one ticket
	if err := v.Get(at("/tickets", v.PathValue("number")), nil, &one); err != nil {
		return err
	}
	page := at(ticketsPlace, one.Number)
	c := card{Back: ticketsPlace, BackTo: "console.tickets.back", Tags: ticketState(v, one).Tags}
	if one.Status == "registered" || one.Status == "overdue" {
		c.Offers = []pages.Offer{{Act: pages.Act{Title: "console.tickets.take", URL: page + "/take", Post: true}}}
	}
	c.Sections = []section{{Title: "console.tickets.about", Pairs: []pages.Pair{
		pair("console.tickets.number", one.Number), pair("console.tickets.kind", named(v, "ticket", one.Kind)),
		{Label: "console.tickets.due", At: one.DueAt}, {Label: "console.created", At: one.CreatedAt},
		{
			Label: "console.tickets.from", Text: "console.tickets.organisation",
			Act: &pages.Act{Title: "console.tickets.organisation.open", URL: at(organisationsPlace, one.OrganizationID)},
		},
		pair("console.tickets.channel", named(v, "channel", one.ReplyChannel)), pair("console.people.contacts", joined(one.Email, one.Phone)),
	}}}
	for _, p := range one.Posts {
		c.Moments = append(c.Moments, pages.Moment{Title: named(v, "event", p.Event), At: p.At, Who: named(v, "side", p.Side) + joinedBy(": ", p.Author), Text: p.Text})
	}
	c.Form = &deedView{Name: "console.tickets.answer", Action: page, Fields: ticketFields(v)}
	return c.show(v, status, one.Subject, errs...)
}

// ticketFields are those of an answer, with what was typed.
func ticketFields(v *desk.Visit) []field {
	return []field{
		{Kind: "prose", Name: "text", Label: "console.tickets.text", Hint: "console.tickets.text.hint", Value: formValue(v, "text"), Most: 10000},
		{Kind: "box", Name: "question", Label: "console.tickets.question", Hint: "console.tickets.question.hint", Marked: formValue(v, "question") != ""},
	}
}

// joined are the texts that there are.
func joined(texts ...string) string {
	out := ""
	for _, text := range texts {
		if text != "" && out != "" {
			out += ", "
		}
		out += text
	}
	return out
}

func joinedBy(with, text string) string {
	if text == "" {
		return ""
	}
	return with + text
}

func takeTicket(v *desk.Visit) error {
	number := v.PathValue("number")
	if err := v.Post(at("/tickets", number, "take"), struct{}{}, nil, once(v)); err != nil {
		return ticketFault(v, err)
	}
	return v.Done(at(ticketsPlace, number), "console.tickets.taken")
}

func answerTicket(v *desk.Visit) error {
	number := v.PathValue("number")
	in := map[string]any{"text": v.Value("text"), "question": v.Value("question") != ""}
	if err := v.Post(at("/tickets", number, "answer"), in, nil, once(v)); err != nil {
		return ticketFault(v, err)
	}
	return v.Done(at(ticketsPlace, number), "console.tickets.answered")
}

func ticketFault(v *desk.Visit, err error) error {
	status, errs, err := v.Mendable(err, "text")
	if err != nil {
		return err
	}
	return ticketPage(v, status, errs...)
}
