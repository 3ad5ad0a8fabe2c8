package document

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/file"
)

// getTypes answers GET /v1/documents/types: what can be uploaded as what.
func (d *Documents) getTypes(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	type typeView struct {
		Type     Kind     `json:"type"`
		Label    string   `json:"label"`
		Files    []string `json:"files"`     // kinds of file that it takes
		MaxSize  int64    `json:"max_size"`  // bytes at one stroke
		MaxPiece int64    `json:"max_large"` // bytes in pieces
	}
	var view struct {
		Types []typeView `json:"types"`
	}
	for _, row := range catalogue {
		view.Types = append(view.Types, typeView{row.Kind, row.Kind.Label(c.Lang()), row.files.Names(), row.limit, d.limit(row.Kind)})
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", view)
}

// refusedView is one file of a bulk that was not taken.
type refusedView struct {
	Index   int         `json:"index"` // among the files of the request, from 0
	Name    string      `json:"name"`  // as it was sent
	Problem api.Problem `json:"problem"`
}

// addedView is the answer to a bulk.
type addedView struct {
	Documents []documentView `json:"documents"`
	Refused   []refusedView  `json:"refused"`
}

// post answers POST /v1/documents: one or many files at once. All taken: 201; some:
// 207 with a problem for each of the others; the only one refused: its problem.
func (d *Documents) post(c api.Call) error {
	f, err := d.readForm(c, maxFiles, "type", "name", "description", "valid_until", "recipient", "message")
	if err != nil {
		return err
	}
	n := f.document()
	inn, email, ok := recipient(f.fields["recipient"])
	if !ok {
		f.fault("recipient", "recipient")
	}
	if n.Name != "" && len(f.files) > 1 {
		f.fault("name", "not_allowed")
	}
	if err := api.Invalid(f.faults...); err != nil {
		return err
	}
	taken, refused := d.sort(c, n.Kind, f.files)
	if len(taken) == 0 && len(refused) == 1 {
		return Refusal(f.files[0].err)
	}
	share := NewShare{INN: inn, Email: email, Message: f.fields["message"]}
	added, err := d.addShared(c.Ctx(), c.Actor(), c.Organisation(), n, share, taken)
	if err != nil {
		return shareRefusal(err, "/recipient")
	}
	view := addedView{Documents: make([]documentView, len(added)), Refused: api.List(refused)}
	for i, doc := range added {
		view.Documents[i] = newDocumentView(doc, c.Lang())
	}
	status := http.StatusCreated
	if len(refused) > 0 {
		status = http.StatusMultiStatus
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, status, "", view)
}

// sort tells the files that the type takes from those it does not, with the problem
// of each. The error of a refused file is noted in files.
func (d *Documents) sort(c api.Call, kind Kind, files []sent) (taken []file.File, refused []refusedView) {
	for i := range files {
		s := &files[i]
		s.err = kind.row().judge(s.file, s.err)
		if s.err == nil {
			taken = append(taken, s.file)
			continue
		}
		problem := c.Desk.Book.Problem(c.Ctx(), api.AsRefusal(Refusal(s.err)), c.Lang())
		refused = append(refused, refusedView{i, cut(s.name), problem})
	}
	return taken, refused
}

// cut bounds a name that is only repeated.
func cut(name string) string {
	if runes := []rune(name); len(runes) > 100 {
		return string(runes[:100]) + "…"
	}
	return name
}

// addShared adds the documents and, with a recipient, hands each over, all in one
// transaction.
func (d *Documents) addShared(ctx context.Context, actor directory.Actor, organisationID string, n NewDocument, share NewShare, files []file.File) (added []Document, err error) {
	err = d.DB.Tx(ctx, func(ctx context.Context) error {
		if added, err = d.Add(ctx, actor, organisationID, n, files...); err != nil || share.INN == "" && share.Email == "" {
			return err
		}
		for _, doc := range added {
			if _, err := d.Share(ctx, actor, organisationID, doc.ID, share); err != nil {
				return err
			}
		}
		return nil
	})
	return added, err
}

// shareRefusal names the field of a recipient that is none.
func shareRefusal(err error, pointer string) error {
	switch {
	case errors.Is(err, errRecipient):
		return api.InvalidField(pointer, "recipient_unknown").Wrap(err)
	case errors.Is(err, ErrOwnOrganisation):
		return api.InvalidField(pointer, "recipient_own").Wrap(err)
	}
	return Refusal(err)
}

// listView is one page of documents.
type listView struct {
	Documents []documentView `json:"documents"`
	Next      string         `json:"next,omitempty"`
}

// getAll answers GET /v1/documents.
func (d *Documents) getAll(c api.Call) error {
	q := c.Query("type", "status", "q", "from", "to", "after", "limit")
	f := Filter{
		Kind: Kind(q.OneOf("type", kinds()...)), Status: Status(q.OneOf("status", string(Active), string(Archived))),
		Search: q.Search("q"), From: q.Time("from"), To: q.Time("to"),
	}
	page := q.Page()
	if err := q.Err(); err != nil {
		return err
	}
	found, err := d.List(c.Ctx(), c.Organisation(), f, page)
	if err != nil {
		return err
	}
	found, next := api.Cut(page, found, func(doc Document) (storage.Time, string) { return doc.CreatedAt, doc.ID })
	view := listView{Documents: make([]documentView, 0, len(found)), Next: next}
	for _, doc := range found {
		err := d.mayRead(c.Ctx(), c.Actor(), doc)
		if errors.Is(err, directory.ErrForbidden) || errors.Is(err, storage.ErrNotFound) {
			continue // another room's, which he may not see there either: a page may be shorter
		}
		if err != nil {
			return err
		}
		view.Documents = append(view.Documents, newDocumentView(doc, c.Lang()))
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", view)
}

// one is the document of the path, if the caller may read it.
func (d *Documents) one(c api.Call) (Document, error) {
	id, err := c.ID()
	if err != nil {
		return Document{}, err
	}
	doc, err := d.Get(c.Ctx(), c.Organisation(), id)
	if err == nil {
		err = d.mayRead(c.Ctx(), c.Actor(), doc)
	}
	if err != nil {
		return Document{}, Refusal(err)
	}
	return doc, nil
}

// tag names the state that GET shows: the record, and what is known of its bytes.
func tag(doc Document, f file.File) string {
	return api.EntityTag(doc.Version, f.CheckedAt, f.DamagedAt)
}

// getOne answers GET /v1/documents/{id}.
func (d *Documents) getOne(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	doc, err := d.one(c)
	if err != nil {
		return err
	}
	return d.answer(c, http.StatusOK, doc)
}

// answer shows one document whole.
func (d *Documents) answer(c api.Call, status int, doc Document) error {
	f, err := d.Files.Get(c.Ctx(), doc.OrganisationID, doc.FileID)
	if err != nil {
		return err
	}
	list, err := d.signatures(c.Ctx(), doc.ID, doc.FileID)
	if err != nil {
		return err
	}
	actions, err := d.actions(c, doc, d.removable(c.Ctx(), doc))
	if err != nil {
		return err
	}
	api.Speaks(c, c.Lang())
	if status == http.StatusCreated {
		c.Response().Header().Set("Location", "/v1/documents/"+doc.ID)
	}
	return api.Answer(c, status, tag(doc, f), wholeView{
		newDocumentView(doc, c.Lang()), newIntegrityView(f), newSignatureViews(list, doc.OrganisationID, c.Lang()), actions,
	})
}

// seen is the version that the client makes its change depend on, nil when it
// makes it depend on none.
func (d *Documents) seen(c api.Call, doc Document) (*int64, error) {
	if !c.Conditional() {
		return nil, nil
	}
	f, err := d.Files.Get(c.Ctx(), doc.OrganisationID, doc.FileID)
	if err != nil {
		return nil, err
	}
	return &doc.Version, api.CheckIfMatch(c, tag(doc, f))
}

// changing carries out a change of the document of the path and shows what came of it.
func (d *Documents) changing(c api.Call, status int, change func(doc Document, seen *int64) (Document, error)) error {
	doc, err := d.one(c)
	if err != nil {
		return err
	}
	seen, err := d.seen(c, doc)
	if err != nil {
		return err
	}
	if doc, err = change(doc, seen); err != nil {
		return Refusal(err)
	}
	return d.answer(c, status, doc)
}

// patch answers PATCH /v1/documents/{id}.
func (d *Documents) patch(c api.Call) error {
	var patch struct {
		Type        api.Field[Kind]      `json:"type"`
		Name        api.Field[string]    `json:"name"`
		Description api.Field[api.Prose] `json:"description"`
		ValidUntil  api.Field[string]    `json:"valid_until"`
	}
	if err := api.ReadPatch(c, &patch, "id", "file", "version", "status", "signatures", "created_at"); err != nil {
		return err
	}
	n := NewDocument{patch.Type.Value, patch.Name.Value, string(patch.Description.Value), patch.ValidUntil.Value}
	faults := n.check()
	if patch.Name.Set && n.Name == "" {
		faults = append(faults, api.FieldFault{Pointer: "/name", Code: "required"})
	}
	if patch.Type.Set && n.Kind == "" {
		faults = append(faults, api.FieldFault{Pointer: "/type", Code: "required"})
	}
	if err := api.Invalid(faults...); err != nil {
		return err
	}
	e := Edit{patch.Type.Change(), patch.Name.Change(), (*string)(patch.Description.Change()), patch.ValidUntil.Change()}
	return d.changing(c, http.StatusOK, func(doc Document, seen *int64) (Document, error) {
		return d.Edit(c.Ctx(), c.Actor(), c.Organisation(), doc.ID, seen, e)
	})
}

// delete answers DELETE /v1/documents/{id}.
func (d *Documents) delete(c api.Call) error {
	doc, err := d.one(c)
	if err != nil {
		return err
	}
	seen, err := d.seen(c, doc)
	if err != nil {
		return err
	}
	if err := d.Remove(c.Ctx(), c.Actor(), c.Organisation(), doc.ID, seen); err != nil {
		return Refusal(err)
	}
	return api.NoContent(c)
}

// moving answers POST …/archive and …/unarchive.
func (d *Documents) moving(move func(context.Context, directory.Actor, string, string, *int64) (Document, error)) func(api.Call) error {
	return func(c api.Call) error {
		return d.changing(c, http.StatusOK, func(doc Document, seen *int64) (Document, error) {
			return move(c.Ctx(), c.Actor(), c.Organisation(), doc.ID, seen)
		})
	}
}

// number reads a version's number, 0 for an absent one.
func number(q *api.Query) int64 { return q.Number("version", 1, 1<<31, 0) }

// pathNumber reads the version's number in a path.
func pathNumber(c api.Call) (int64, error) {
	n, err := strconv.ParseInt(c.Param("number"), 10, 32)
	if err != nil || n < 1 {
		return 0, api.Refuse("not_found")
	}
	return n, nil
}

// token is the secret of a mailed link.
func token(c api.Call) string {
	text, err := url.PathUnescape(c.Param("token"))
	if err != nil {
		return ""
	}
	return text
}
