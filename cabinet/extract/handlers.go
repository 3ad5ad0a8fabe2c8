package extract

import (
	"context"
	"io"
	"net/http"
	"slices"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
)

// getTypes lists what the organisation can order.
func (x *Extracts) getTypes(c api.Call) error {
	organisation, err := x.Directory.Organisation(c.Ctx(), c.Organisation())
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	types := []typeView{}
	for _, t := range catalogue {
		if t.serves(organisation.Kind) {
			types = append(types, t.view(c.Lang()))
		}
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", map[string]any{"items": types})
}

// post takes an order.
func (x *Extracts) post(c api.Call) error {
	var body struct {
		Kind       string            `json:"kind"`
		Period     *periodView       `json:"period"`
		Format     string            `json:"format"`
		Purpose    string            `json:"purpose"`
		Parameters map[string]string `json:"parameters"`
		Email      string            `json:"email"`
	}
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	order := Order{Kind: body.Kind, Format: body.Format, Email: body.Email}
	order.Purpose, order.Parameters = body.Purpose, body.Parameters
	if body.Period != nil {
		order.From, order.To = body.Period.From, body.Period.To
		if order.From == "" && order.To == "" {
			order.From = "?" // an empty period is a wrong one, not none
		}
	}
	placed, err := x.Place(c.Ctx(), c.Actor(), c.Organisation(), order)
	if err != nil {
		return refusal(err)
	}
	return x.created(c, placed)
}

func (x *Extracts) created(c api.Call, e Extract) error {
	view, err := x.whole(c, e)
	if err != nil {
		return err
	}
	api.Speaks(c, c.Lang())
	return api.Created(c, "/v1/extracts/"+e.ID, e.etag(), view)
}

// renew orders anew what a ready extract says.
func (x *Extracts) renew(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	placed, err := x.Renew(c.Ctx(), c.Actor(), c.Organisation(), id)
	if err != nil {
		return refusal(err)
	}
	return x.created(c, placed)
}

// list is a page of the archive and of what is being made.
func (x *Extracts) list(c api.Call) error {
	q := c.Query("after", "limit", "kind", "status", "since", "before")
	page := q.Page()
	filter := Filter{
		Kind: q.OneOf("kind", Kinds()...), Since: q.Time("since"), Before: q.Time("before"),
		Status: Status(q.Text("status", func(s string) bool { return slices.Contains(Statuses(), Status(s)) })),
	}
	if err := q.Err(); err != nil {
		return err
	}
	var err error
	if filter.Kinds, err = x.Readable(c.Ctx(), c.Actor(), c.Organisation()); err != nil {
		return refusal(err)
	}
	rows, err := x.List(c.Ctx(), c.Organisation(), filter, page)
	if err != nil {
		return err
	}
	rows, next := api.Cut(page, rows, func(e Extract) (at storage.Time, id string) { return e.CreatedAt, e.ID })
	items := make([]extractView, len(rows))
	for i, e := range rows {
		items[i] = x.view(e, c.Lang())
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", map[string]any{"items": items, "next": next})
}

// get shows one order: its progress, its files, what can be done.
func (x *Extracts) get(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	e, err := x.seen(c, id)
	if err != nil {
		return err
	}
	return x.show(c, e)
}

// MayRead reports whether the actor may read an extract, wherever it is kept: its kind
// must be one that he may order. directory.ErrForbidden, storage.ErrNotFound.
func (x *Extracts) MayRead(ctx context.Context, actor directory.Actor, organisationID, id string) error {
	_, err := x.readable(ctx, actor, organisationID, id)
	return err
}

func (x *Extracts) readable(ctx context.Context, actor directory.Actor, organisationID, id string) (Extract, error) {
	e, err := x.Get(ctx, organisationID, id)
	if err == nil {
		_, err = x.authorise(ctx, actor, e.OrganisationID, e.Kind)
	}
	return e, err
}

// seen reads an order for whoever may see its kind.
func (x *Extracts) seen(c api.Call, id string) (Extract, error) {
	e, err := x.readable(c.Ctx(), c.Actor(), c.Organisation(), id)
	if err != nil {
		return Extract{}, refusal(err)
	}
	return e, nil
}

func (x *Extracts) show(c api.Call, e Extract) error {
	view, err := x.whole(c, e)
	if err != nil {
		return err
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, e.etag(), view)
}

// changing is the handler of an act that changes the order and shows it.
func (x *Extracts) changing(act func(context.Context, directory.Actor, string, string, int64) (Extract, error)) func(api.Call) error {
	return func(c api.Call) error {
		id, err := c.ID()
		if err != nil {
			return err
		}
		version := int64(0)
		if c.Conditional() {
			seen, err := x.Get(c.Ctx(), c.Organisation(), id)
			if err != nil {
				return refusal(err)
			}
			if err := api.CheckIfMatch(c, seen.etag()); err != nil {
				return err
			}
			version = seen.Version
		}
		e, err := act(c.Ctx(), c.Actor(), c.Organisation(), id, version)
		if err != nil {
			return refusal(err)
		}
		return x.show(c, e)
	}
}

// mail sends a ready extract to a mailbox.
func (x *Extracts) mail(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	var body struct {
		Email string `json:"email"`
	}
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	if err := x.Mail(c.Ctx(), c.Actor(), c.Organisation(), id, body.Email); err != nil {
		return refusal(err)
	}
	return api.Answer(c, http.StatusAccepted, "", map[string]string{"email": masked(body.Email)})
}

// download gives one file of a ready extract, or all in one archive.
func (x *Extracts) download(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	e, err := x.seen(c, id)
	if err != nil {
		return err
	}
	part := Part(c.Param("part"))
	if part != PartArchive && e.Files.V.id(part) == "" {
		return api.Refuse("not_found")
	}
	if e.Status != Ready {
		return api.Refuse("extract_not_ready")
	}
	if part == PartArchive {
		return x.downloadArchive(c, e)
	}
	return x.downloadFile(c, e, e.Files.V.id(part))
}

func (x *Extracts) downloadFile(c api.Call, e Extract, id string) error {
	f, content, err := x.Files.Open(c.Ctx(), e.OrganisationID, id)
	if err != nil {
		return refusal(err)
	}
	defer func() { _ = content.Close() }() // it was only read
	return api.File(c, api.FileAnswer{Name: f.Name, MediaType: f.MediaType, SHA256: f.SHA256, Size: f.Size}, content)
}

// downloadArchive packs while it sends: nothing is held whole in memory. A file that
// proves damaged midway breaks the answer off.
func (x *Extracts) downloadArchive(c api.Call, e Extract) error {
	parts, err := x.opened(c.Ctx(), e)
	if err != nil {
		return refusal(err)
	}
	defer closeAll(parts)
	reader, writer := io.Pipe()
	packing := make(chan struct{})
	go func() {
		defer close(packing)
		_ = writer.CloseWithError(archive(parts, writer)) // never fails
	}()
	defer func() { <-packing }()          // the parts are closed after it
	defer func() { _ = reader.Close() }() // ends it where the client has left
	return api.File(c, api.FileAnswer{Name: fileName(e) + ".zip", MediaType: "application/zip", Size: -1}, reader)
}
