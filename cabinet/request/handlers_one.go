package request

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
)

// The bounds of bodies, in bytes: a text of MaxBody characters in JSON, and one
// file in a form.
const (
	proseLimit  = 128 << 10
	uploadLimit = MaxFile + 64<<10
	threadShown = 50
)

// one answers GET /v1/organization/requests/{id}.
func (b *Inbox) one(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	r, err := b.Find(c.Ctx(), c.Organisation(), id)
	if err != nil {
		return Refusal(err)
	}
	return b.answer(c, http.StatusOK, r)
}

// answer shows one request as it stands.
func (b *Inbox) answer(c api.Call, status int, r Request) error {
	page := api.Page{Limit: threadShown}
	posts, err := b.Thread(c.Ctx(), r.OrganisationID, r.ID, page)
	if err != nil {
		return err
	}
	posts, earlier := api.Cut(page, posts, postKey)
	names, err := b.responsible(c.Ctx(), []Request{r})
	if err != nil {
		return err
	}
	v := requestView{itemView: b.item(r, names, c.Lang()), ClosedAt: r.ClosedAt, Messages: make([]postView, len(posts)), Earlier: earlier}
	if r.Type == Ticket {
		v.Details = &r.Details.V
	}
	for i, p := range posts {
		v.Messages[i] = newPostView(p)
	}
	if v.Actions, err = c.Actions(acts(r, b.now())...); err != nil {
		return err
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, status, api.EntityTag(r.Version), v)
}

func postKey(p Post) (storage.Time, string) { return p.CreatedAt, p.ID }

// acts are what can be done with a request, as its status allows.
func acts(r Request, now storage.Time) []api.Act {
	can := func(name string, e Event) api.Act {
		_, ok := Next(r.Type, r.Shown(now), e)
		return act(name).Unless(ok, "request_state")
	}
	_, applied := Next(r.Type, r.Shown(now), EventTake)
	list := []api.Act{
		can("reply", EventReply), act("comment"), act("plan").Unless(!r.Status.Final(), "request_state"),
		can("withdraw", EventWithdraw), can("close", EventClose),
	}
	if r.Type == Requirement {
		list = append(list, act("accept").Unless(applied, "request_state"))
	}
	return list
}

func act(name string) api.Act {
	return api.Act{Name: name, Scope: "requests:write", Permission: directory.RequestsWrite, ACR: second}
}

type newRequest struct {
	Type          Type         `json:"type"`
	Kind          string       `json:"kind"`
	Subject       string       `json:"subject"`
	Text          api.Prose    `json:"text"`
	Recipient     string       `json:"recipient"`
	RecipientName string       `json:"recipient_name"`
	Files         []string     `json:"files"`
	Phone         string       `json:"phone"`
	Email         string       `json:"email"`
	ReplyChannel  string       `json:"reply_channel"`
	ErrorCode     string       `json:"error_code"`
	ErrorAt       storage.Time `json:"error_at"`
	Related       string       `json:"related"`
	Earlier       string       `json:"earlier"`
}

// open answers POST /v1/organization/requests.
func (b *Inbox) open(c api.Call) error {
	var body newRequest
	if err := api.ReadBodyUpTo(c, proseLimit, []string{api.PlainJSON}, &body, nil); err != nil {
		return err
	}
	if body.Type == Application {
		return api.InvalidField("/type", "not_allowed") // applications begin in the catalogue
	}
	r, err := b.Open(c.Ctx(), c.Actor(), c.Organisation(), NewRequest{
		Type: body.Type, Kind: body.Kind, Subject: body.Subject, Body: string(body.Text),
		PartyCode: body.Recipient, Party: body.RecipientName, Files: body.Files,
		Details: Details{
			Phone: body.Phone, Email: body.Email, ReplyChannel: body.ReplyChannel, ErrorCode: body.ErrorCode,
			ErrorAt: body.ErrorAt, Related: body.Related, Earlier: body.Earlier,
		},
	})
	if err != nil {
		return Refusal(err)
	}
	c.Response().Header().Set("Location", "/v1/organization/requests/"+r.ID)
	return b.answer(c, http.StatusCreated, r)
}

// act answers the POSTs that need no body.
func (b *Inbox) act(do func(ctx context.Context, actor directory.Actor, organisationID, id string, version *int64) (Request, error)) func(api.Call) error {
	return func(c api.Call) error {
		id, version, err := b.target(c)
		if err != nil {
			return err
		}
		r, err := do(c.Ctx(), c.Actor(), c.Organisation(), id, version)
		if err != nil {
			return Refusal(err)
		}
		return b.answer(c, http.StatusOK, r)
	}
}

// target is the request of the path and, where the client makes a condition, the
// version that it has seen.
func (b *Inbox) target(c api.Call) (id string, version *int64, err error) {
	if id, err = c.ID(); err != nil || !c.Conditional() {
		return id, nil, err
	}
	r, err := b.Find(c.Ctx(), c.Organisation(), id)
	if err != nil {
		return "", nil, Refusal(err)
	}
	version, err = seen(c, r.Version)
	return id, version, err
}

type planBody struct {
	ResponsibleID api.Field[string]       `json:"responsible_id"`
	ExecutionAt   api.Field[storage.Time] `json:"execution_at"`
}

// plan answers PATCH /v1/organization/requests/{id}.
func (b *Inbox) plan(c api.Call) error {
	id, version, err := b.target(c)
	if err != nil {
		return err
	}
	var body planBody
	if err := api.ReadPatch(c, &body, "id", "number", "status", "type", "created_at", "due_at"); err != nil {
		return err
	}
	r, err := b.Plan(c.Ctx(), c.Actor(), c.Organisation(), id, Change{
		Responsible: body.ResponsibleID.Change(), ExecutionAt: body.ExecutionAt.Change(), Version: version,
	})
	if err != nil {
		return Refusal(err)
	}
	return b.answer(c, http.StatusOK, r)
}

// acts answers GET …/history, the acts of one request.
func (b *Inbox) acts(c api.Call) error {
	return paged(c, b, b.History, func(a Act) (storage.Time, string) { return a.At, a.ID }, "history",
		func(a Act) actView { return newActView(a, c.Lang()) })
}

// thread answers GET …/messages.
func (b *Inbox) thread(c api.Call) error {
	return paged(c, b, b.Thread, postKey, "messages", newPostView)
}

// paged answers one page of what belongs to a request of the organisation.
func paged[T, V any](c api.Call, b *Inbox, list func(ctx context.Context, organisationID, id string, page api.Page) ([]T, error),
	key func(T) (storage.Time, string), name string, view func(T) V,
) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	q := c.Query("after", "limit")
	page := q.Page()
	if err := q.Err(); err != nil {
		return err
	}
	if _, err := b.Find(c.Ctx(), c.Organisation(), id); err != nil {
		return Refusal(err)
	}
	rows, err := list(c.Ctx(), c.Organisation(), id, page)
	if err != nil {
		return err
	}
	rows, next := api.Cut(page, rows, key)
	views := make([]V, len(rows))
	for i, row := range rows {
		views[i] = view(row)
	}
	body := map[string]any{name: views}
	if next != "" {
		body["next"] = next
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", body)
}

// file answers GET …/files/{file}.
func (b *Inbox) file(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	fileID, err := c.PathID("file")
	if err != nil {
		return err
	}
	f, bytes, err := b.OpenFile(c.Ctx(), c.Organisation(), id, fileID)
	if err != nil {
		return Refusal(err)
	}
	defer bytes.Close()
	return api.File(c, api.FileAnswer{Name: f.Name, MediaType: f.MediaType, SHA256: f.SHA256, Size: f.Size}, bytes)
}

// upload answers POST /v1/organization/requests/files: one file, loose until
// something takes it.
func (b *Inbox) upload(c api.Call) error {
	part, err := filePart(c)
	if err != nil {
		return err
	}
	f, err := b.Upload(c.Ctx(), c.Organisation(), part.FileName(), part)
	if errors.Is(err, io.ErrUnexpectedEOF) { // the form ends before its last boundary
		return api.Refuse("body_malformed").With("reason", "unexpected end").Wrap(err)
	}
	if err != nil {
		return Refusal(err)
	}
	return api.Answer(c, http.StatusCreated, "", fileView{ID: f.ID, Name: f.Name, MediaType: f.MediaType, Size: f.Size, SHA256: f.SHA256})
}

// filePart finds the one part of a form (RFC 7578) that is the file.
func filePart(c api.Call) (*multipart.Part, error) {
	kind, parameters, err := mime.ParseMediaType(c.Request().Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" || parameters["boundary"] == "" {
		return nil, api.Refuse("content_type_unsupported").With("accepted", "multipart/form-data")
	}
	body := http.MaxBytesReader(c.Response(), c.Request().Body, uploadLimit)
	part, err := multipart.NewReader(body, parameters["boundary"]).NextPart()
	if err != nil || part.FormName() != "file" || part.FileName() == "" {
		return nil, api.Refuse("form_file_missing").Wrap(err)
	}
	return part, nil
}
