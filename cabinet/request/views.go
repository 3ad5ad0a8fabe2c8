package request

import (
	"propusk/cabinet/api"
	"propusk/cabinet/authority"
	"propusk/idp/directory"
	"propusk/storage"
)

// itemView is one element of the list (row 249: id, type, status, created date,
// links to documents).
type itemView struct {
	ID            string           `json:"id"`
	Number        string           `json:"number"`
	OuterNumber   string           `json:"outer_number,omitempty"`
	Type          Type             `json:"type"`
	TypeLabel     string           `json:"type_label"`
	Kind          string           `json:"kind,omitempty"`
	Direction     Direction        `json:"direction"`
	Status        Status           `json:"status"`
	StatusLabel   string           `json:"status_label"`
	ReviewStatus  Status           `json:"review_status,omitempty"`  // of an application: row 197
	LicenceStatus Status           `json:"licence_status,omitempty"` // of an application: row 196
	Phase         Phase            `json:"phase"`
	Overdue       bool             `json:"overdue"`
	Breached      bool             `json:"breached"` // a date was missed, even if it was made good since
	Subject       string           `json:"subject"`
	Party         string           `json:"party"`
	PartyCode     string           `json:"party_code,omitempty"`
	Responsible   *responsibleView `json:"responsible"`
	CreatedAt     storage.Time     `json:"created_at"`
	StatusAt      storage.Time     `json:"status_at"`
	UpdatedAt     storage.Time     `json:"updated_at"`
	DueAt         storage.Time     `json:"due_at"`
	ExecutionAt   storage.Time     `json:"execution_at"`
	Documents     []fileView       `json:"documents"`
}

type responsibleView struct {
	MemberID string `json:"member_id"`
	Name     string `json:"name"`
}

// fileView is a file of a thread with the link to its bytes.
type fileView struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	MediaType   string `json:"media_type"`
	Size        int64  `json:"size"`
	SHA256      string `json:"sha256"`
	SignatureOf string `json:"signature_of,omitempty"`
	Result      bool   `json:"result,omitempty"`
	Href        string `json:"href,omitempty"`
}

func filesView(requestID string, refs []FileRef) []fileView {
	views := make([]fileView, len(refs))
	for i, f := range refs {
		views[i] = fileView{f.ID, f.Name, f.MediaType, f.Size, f.SHA256, f.SignatureOf, f.Result,
			"/v1/organization/requests/" + requestID + "/files/" + f.ID}
	}
	return views
}

// item shows a request in a list.
func (b *Inbox) item(r Request, names map[string]string, lang string) itemView {
	now := b.now()
	v := itemView{
		ID: r.ID, Number: r.Number, OuterNumber: r.OuterNumber, Type: r.Type, TypeLabel: r.Type.Label(lang), Kind: r.Kind,
		Direction: r.Direction, Status: r.Shown(now), Phase: r.Phase, Overdue: r.Late(now), Breached: r.OverdueAt > 0 || r.Late(now),
		Subject: r.Subject, Party: r.Party, PartyCode: r.PartyCode, CreatedAt: r.CreatedAt, StatusAt: r.StatusAt,
		UpdatedAt: r.UpdatedAt, DueAt: r.DueAt, ExecutionAt: r.ExecutionAt, Documents: filesView(r.ID, r.Documents.V),
	}
	v.StatusLabel = v.Status.Label(lang)
	if r.Type == Application {
		v.ReviewStatus, v.LicenceStatus = ReviewStatus(r.Status), LicenceStatus(r.Status)
	}
	if r.ResponsibleID != "" {
		v.Responsible = &responsibleView{r.ResponsibleID, names[r.ResponsibleID]}
	}
	return v
}

// requestView is one request with the newest part of its thread.
type requestView struct {
	itemView
	Details  *Details     `json:"details,omitempty"`
	ClosedAt storage.Time `json:"closed_at"`
	Messages []postView   `json:"messages"`
	// Earlier is the after= of GET …/messages for the posts before these.
	Earlier string       `json:"earlier,omitempty"`
	Actions []api.Action `json:"actions"`
}

// postView is one post of a thread.
type postView struct {
	ID          string               `json:"id"`
	Kind        PostKind             `json:"kind"`
	Direction   Direction            `json:"direction"`
	Author      string               `json:"author"`
	Authority   *directory.Authority `json:"authority,omitempty"`
	Event       Event                `json:"event,omitempty"`
	Text        string               `json:"text"`
	DueAt       storage.Time         `json:"due_at"`
	Files       []fileView           `json:"files"`
	Faults      []authority.Fault    `json:"faults,omitempty"`
	Version     int64                `json:"version"`
	CreatedAt   storage.Time         `json:"created_at"`
	EditedAt    storage.Time         `json:"edited_at"`
	DeliveredAt storage.Time         `json:"delivered_at"`
}

func newPostView(p Post) postView {
	v := postView{
		ID: p.ID, Kind: p.Kind, Direction: p.Direction, Author: p.Author, Event: p.Event, Text: p.Body, DueAt: p.DueAt,
		Files: filesView(p.RequestID, p.Files.V), Faults: p.Faults.V, Version: p.Version, CreatedAt: p.CreatedAt,
		EditedAt: p.EditedAt, DeliveredAt: p.DeliveredAt,
	}
	if p.Authority.V.By != "" {
		v.Authority = &p.Authority.V
	}
	return v
}

type versionView struct {
	Version   int64                `json:"version"`
	Text      string               `json:"text"`
	DueAt     storage.Time         `json:"due_at"`
	Files     []fileView           `json:"files"`
	Author    string               `json:"author"`
	Authority *directory.Authority `json:"authority,omitempty"`
	CreatedAt storage.Time         `json:"created_at"`
}

type actView struct {
	ID           string            `json:"id"`
	At           storage.Time      `json:"at"`
	Act          string            `json:"act"`
	Actor        string            `json:"actor"` // "" = by itself
	StatusBefore Status            `json:"status_before,omitempty"`
	StatusAfter  Status            `json:"status_after,omitempty"`
	StatusLabel  string            `json:"status_label,omitempty"`
	Details      map[string]string `json:"details,omitempty"`
}

func newActView(a Act, lang string) actView {
	return actView{a.ID, a.At, a.Act, a.Actor, a.Before, a.After, a.After.Label(lang), a.Details.V}
}

// pastView is one line of the history of requests (row 214).
type pastView struct {
	ID          string       `json:"id"`
	At          storage.Time `json:"at"`
	Number      string       `json:"number"`
	Type        Type         `json:"type"`
	TypeLabel   string       `json:"type_label"`
	State       Phase        `json:"state"`
	StateLabel  string       `json:"state_label"`
	Description string       `json:"description"`
	Href        string       `json:"href"`
	Files       int          `json:"files"`
}

func newPastView(r Request, lang string) pastView {
	return pastView{
		ID: r.ID, At: r.CreatedAt, Number: r.Number, Type: r.Type, TypeLabel: r.Type.Label(lang), State: r.Phase,
		StateLabel: r.Phase.Label(lang), Description: r.Subject, Href: "/v1/organization/requests/" + r.ID, Files: len(r.Documents.V),
	}
}

type templateView struct {
	ID        string       `json:"id"`
	BuiltIn   bool         `json:"built_in"`
	Title     string       `json:"title"`
	Type      Type         `json:"type,omitempty"`
	Recipient string       `json:"recipient,omitempty"`
	Text      string       `json:"text"`
	Filled    string       `json:"filled,omitempty"` // for the request that was asked for
	UpdatedAt storage.Time `json:"updated_at"`
}

func newTemplateView(t Template) templateView {
	return templateView{ID: t.ID, BuiltIn: t.OrganisationID == "", Title: t.Title, Type: t.Type, Recipient: t.PartyCode, Text: t.Body, UpdatedAt: t.UpdatedAt}
}

type draftView struct {
	Text      string       `json:"text"`
	Files     []string     `json:"files"`
	DueAt     storage.Time `json:"due_at"`
	UpdatedAt storage.Time `json:"updated_at"`
}

func newDraftView(d Draft) draftView {
	return draftView{d.Body, api.List(d.Files.V), d.DueAt, d.UpdatedAt}
}

// supportView is how the support is reached and what a ticket may have.
type supportView struct {
	Support
	AnswerWithinHours int        `json:"answer_within_hours"`
	Kinds             []wordView `json:"kinds"`
	ReplyChannels     []string   `json:"reply_channels"`
	FilesMost         int        `json:"files_most"`
	FilesBytes        int64      `json:"files_bytes"`
	Questions         []question `json:"questions"`
}

type wordView struct {
	Value string `json:"value"`
	Label string `json:"label"`
}
