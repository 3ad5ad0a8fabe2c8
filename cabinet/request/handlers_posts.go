package request

import (
	"net/http"

	"propusk/cabinet/api"
	"propusk/storage"
)

type newPost struct {
	Kind       PostKind          `json:"kind"`
	Text       api.Prose         `json:"text"`
	Files      []string          `json:"files"`
	Signatures map[string]string `json:"signatures"`
	DueAt      storage.Time      `json:"due_at"`
}

func (n newPost) words(version *int64) Words {
	return Words{Kind: n.Kind, Body: string(n.Text), Files: n.Files, Signatures: n.Signatures, DueAt: n.DueAt, Version: version}
}

// post answers POST …/messages («Ответить»).
func (b *Inbox) post(c api.Call) error {
	id, version, err := b.target(c)
	if err != nil {
		return err
	}
	var body newPost
	if err := api.ReadBodyUpTo(c, proseLimit, []string{api.PlainJSON}, &body, nil); err != nil {
		return err
	}
	p, r, err := b.Post(c.Ctx(), c.Actor(), c.Organisation(), id, body.words(version))
	if err != nil {
		return Refusal(err)
	}
	c.Response().Header().Set("Location", "/v1/organization/requests/"+r.ID+"/messages/"+p.ID+"/versions")
	return api.Answer(c, http.StatusCreated, api.EntityTag(p.Version), newPostView(p))
}

// postPatch changes a post that was sent; what is left out stays as it was.
type postPatch struct {
	Text       api.Field[api.Prose]    `json:"text"`
	Files      api.Field[[]string]     `json:"files"`
	Signatures map[string]string       `json:"signatures"`
	DueAt      api.Field[storage.Time] `json:"due_at"`
}

func (p *postPatch) apply(words Words) Words {
	if text := p.Text.Change(); text != nil {
		words.Body = string(*text)
	}
	if files := p.Files.Change(); files != nil {
		words.Files, words.Signatures = *files, p.Signatures
	}
	if due := p.DueAt.Change(); due != nil {
		words.DueAt = *due
	}
	return words
}

// edit answers PATCH …/messages/{message} («Редактировать»).
func (b *Inbox) edit(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	postID, err := c.PathID("message")
	if err != nil {
		return err
	}
	var body postPatch
	if err := api.ReadBodyUpTo(c, proseLimit, []string{api.MergePatch, api.PlainJSON}, &body, []string{"id", "author", "version"}); err != nil {
		return err
	}
	if _, err := b.Find(c.Ctx(), c.Organisation(), id); err != nil {
		return Refusal(err)
	}
	known, err := b.read(c.Ctx(), id, postID)
	if err != nil {
		return Refusal(err)
	}
	version, err := seen(c, known.Version)
	if err != nil {
		return err
	}
	p, _, err := b.Edit(c.Ctx(), c.Actor(), c.Organisation(), id, postID, version, body.apply(known.words()))
	if err != nil {
		return Refusal(err)
	}
	return api.Answer(c, http.StatusOK, api.EntityTag(p.Version), newPostView(p))
}

// words are a post's present words.
func (p Post) words() Words {
	words := Words{Kind: p.Kind, Body: p.Body, DueAt: p.DueAt, Signatures: map[string]string{}}
	for _, f := range p.Files.V {
		words.Files = append(words.Files, f.ID)
		if f.SignatureOf != "" {
			words.Signatures[f.SignatureOf] = f.ID
		}
	}
	return words
}

// versions answers GET …/messages/{message}/versions.
func (b *Inbox) versions(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	postID, err := c.PathID("message")
	if err != nil {
		return err
	}
	list, err := b.Versions(c.Ctx(), c.Organisation(), id, postID)
	if err != nil {
		return Refusal(err)
	}
	views := make([]versionView, len(list))
	for i, v := range list {
		views[i] = versionView{Version: v.Version, Text: v.Body, DueAt: v.DueAt, Files: filesView(id, v.Files.V), Author: v.Author, CreatedAt: v.CreatedAt}
		if v.Authority.V.By != "" {
			views[i].Authority = &v.Authority.V
		}
	}
	return api.Answer(c, http.StatusOK, "", map[string]any{"versions": views})
}

// draft answers GET …/draft.
func (b *Inbox) draft(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	d, err := b.Draft(c.Ctx(), c.Actor(), c.Organisation(), id)
	if err != nil {
		return Refusal(err)
	}
	return api.Answer(c, http.StatusOK, api.EntityTag(d.Version), newDraftView(d))
}

// saveDraft answers PUT …/draft, which the form sends as it is filled in. With
// If-Match it writes over the draft that the window shows and no other.
func (b *Inbox) saveDraft(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	var body struct {
		Text  api.Prose    `json:"text"`
		Files []string     `json:"files"`
		DueAt storage.Time `json:"due_at"`
	}
	if err := api.ReadBodyUpTo(c, proseLimit, []string{api.PlainJSON}, &body, nil); err != nil {
		return err
	}
	var version *int64
	if c.Conditional() {
		known, err := b.Draft(c.Ctx(), c.Actor(), c.Organisation(), id)
		if err != nil {
			return api.Refuse("version_changed").Wrap(err)
		}
		if version, err = seen(c, known.Version); err != nil {
			return err
		}
	}
	d, err := b.SaveDraft(c.Ctx(), c.Actor(), c.Organisation(), id, version, string(body.Text), body.Files, body.DueAt)
	if err != nil {
		return Refusal(err)
	}
	return api.Answer(c, http.StatusOK, api.EntityTag(d.Version), newDraftView(d))
}

// dropDraft answers DELETE …/draft.
func (b *Inbox) dropDraft(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	if err := b.DropDraft(c.Ctx(), c.Actor(), c.Organisation(), id); err != nil {
		return Refusal(err)
	}
	return api.NoContent(c)
}

type templateBody struct {
	Title     string    `json:"title"`
	Type      Type      `json:"type"`
	Recipient string    `json:"recipient"`
	Text      api.Prose `json:"text"`
}

// addTemplate answers POST /v1/organization/request-templates.
func (b *Inbox) addTemplate(c api.Call) error {
	var body templateBody
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	t, err := b.AddTemplate(c.Ctx(), c.Actor(), c.Organisation(),
		Template{Title: body.Title, Type: body.Type, PartyCode: body.Recipient, Body: string(body.Text)})
	if err != nil {
		return Refusal(err)
	}
	return api.Created(c, "/v1/organization/request-templates/"+t.ID, api.EntityTag(t.Version), newTemplateView(t))
}

// changeTemplate answers PUT /v1/organization/request-templates/{id}.
func (b *Inbox) changeTemplate(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	var body templateBody
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	known, err := b.OwnTemplate(c.Ctx(), c.Organisation(), id)
	if err != nil {
		return Refusal(err)
	}
	version, err := seen(c, known.Version)
	if err != nil {
		return err
	}
	t, err := b.ChangeTemplate(c.Ctx(), c.Actor(), c.Organisation(),
		Template{ID: id, Title: body.Title, Type: body.Type, PartyCode: body.Recipient, Body: string(body.Text)}, version)
	if err != nil {
		return Refusal(err)
	}
	return api.Answer(c, http.StatusOK, api.EntityTag(t.Version), newTemplateView(t))
}

// removeTemplate answers DELETE /v1/organization/request-templates/{id}.
func (b *Inbox) removeTemplate(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	if err := b.RemoveTemplate(c.Ctx(), c.Actor(), c.Organisation(), id); err != nil {
		return Refusal(err)
	}
	return api.NoContent(c)
}
