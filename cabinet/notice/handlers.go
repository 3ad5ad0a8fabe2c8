package notice

import (
	"net/http"
	"slices"

	"propusk/cabinet/api"
	"propusk/storage"
)

// notice is a notice as the API shows it.
type notice struct {
	ID            string       `json:"id"`
	Number        int64        `json:"number"`
	Type          string       `json:"type"`
	Category      Category     `json:"category"`
	Importance    Importance   `json:"importance"`
	Document      string       `json:"document,omitempty"`
	DocumentLabel string       `json:"document_label,omitempty"`
	Source        string       `json:"source"`
	Subject       string       `json:"subject"`
	Body          string       `json:"body"`
	Path          string       `json:"path,omitempty"`
	CreatedAt     storage.Time `json:"created_at"`
	ReadAt        storage.Time `json:"read_at"`
}

func view(s shown, lang string) notice {
	words := s.Texts.V.in(lang)
	return notice{
		ID: s.ID, Number: s.Seq, Type: s.Type, Category: s.Category, Importance: s.Importance,
		Document: s.Document, DocumentLabel: documentLabel(s.Document, lang), Source: sourceLabel(s.Source, lang),
		Subject: words.Subject, Body: words.Body, Path: s.Path, CreatedAt: s.CreatedAt, ReadAt: s.ReadAt,
	}
}

// sourceLabel names who a notice comes from; without a source it is the service.
func sourceLabel(source, lang string) string {
	switch {
	case source != "":
		return source
	case lang == "en":
		return "Propusk"
	}
	return "Пропуск"
}

var documentLabels = map[string][2]string{
	"requirement": {"Требование", "Requirement"}, "certificate": {"Справка", "Certificate"}, "decision": {"Решение", "Decision"},
	"extract": {"Выписка", "Extract"}, "receipt": {"Квитанция", "Receipt"}, "message": {"Сообщение", "Message"},
	"document": {"Документ", "Document"},
}

func documentLabel(document, lang string) string {
	label := documentLabels[document]
	if lang == "en" {
		return label[1]
	}
	return label[0]
}

func (n *Notices) getNotices(c api.Call) error {
	q := c.Query("category", "type", "document", "importance", "unread", "from", "to", "after", "limit")
	page := q.Page()
	f := filter{
		category: q.OneOf("category", names(Categories())...), kind: q.Text("type", typeName.MatchString),
		document: q.Text("document", documentName.MatchString), unread: q.Flag("unread"),
		from: q.Time("from"), to: q.Time("to"), before: int64(page.At), limit: page.Limit + 1, importance: Low,
	}
	if text := q.OneOf("importance", importances...); text != "" {
		f.importance = Low + Importance(slices.Index(importances, text))
	}
	if err := q.Err(); err != nil {
		return err
	}
	list, err := n.list(c.Ctx(), readerOf(c), f)
	if err != nil {
		return err
	}
	// The cursor's time is the number: it is what the list goes by.
	list, next := api.Cut(page, list, func(s shown) (storage.Time, string) { return storage.Time(s.Seq), s.ID })
	views := make([]notice, len(list))
	for i, s := range list {
		views[i] = view(s, c.Lang())
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", paged("notices", views, next))
}

// paged is one page of a list; next is left out on the last.
func paged[T any](name string, items []T, next string) map[string]any {
	page := map[string]any{name: items}
	if next != "" {
		page["next"] = next
	}
	return page
}

func names[T ~string](values []T) []string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	return texts
}

func (n *Notices) getNotice(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	s, err := n.one(c.Ctx(), readerOf(c), id)
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	return n.answerNotice(c, s)
}

func (n *Notices) answerNotice(c api.Call, s shown) error {
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, api.EntityTag(s.Seq, s.ReadAt), view(s, c.Lang()))
}

func (n *Notices) patchNotice(c api.Call) error {
	id, err := c.ID()
	if err != nil {
		return err
	}
	var body struct {
		Read api.Field[bool] `json:"read"`
	}
	if err := api.ReadPatch(c, &body); err != nil {
		return err
	}
	read := body.Read.Change()
	if read == nil {
		return api.InvalidField("/read", "required")
	}
	s, err := n.mark(c.Ctx(), readerOf(c), id, *read)
	if err != nil {
		return api.DirectoryRefusal(err)
	}
	return n.answerNotice(c, s)
}

// postRead marks all, or all up to the notice that the person has seen on top.
func (n *Notices) postRead(c api.Call) error {
	var body struct {
		UpTo string `json:"up_to"`
	}
	if err := api.ReadObject(c, &body); err != nil {
		return err
	}
	r, seq := readerOf(c), beyond
	if body.UpTo != "" {
		s, err := n.one(c.Ctx(), r, body.UpTo)
		if err != nil {
			return api.DirectoryRefusal(err)
		}
		seq = s.Seq
	}
	read, err := n.markAll(c.Ctx(), r, seq)
	if err != nil {
		return err
	}
	return api.Answer(c, http.StatusOK, "", map[string]any{"read": read})
}

func (n *Notices) getCount(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	by, err := n.count(c.Ctx(), readerOf(c))
	if err != nil {
		return err
	}
	total := int64(0)
	for _, count := range by {
		total += count
	}
	return api.Answer(c, http.StatusOK, "", map[string]any{"unread": total, "more": total == countMost, "by_category": by})
}

// getTypes lists what there is to mute, in the reader's language.
func (n *Notices) getTypes(c api.Call) error {
	if err := c.Query().Err(); err != nil {
		return err
	}
	type item struct {
		Type     string   `json:"type"`
		Category Category `json:"category"`
		Label    string   `json:"label"`
	}
	var items []item
	for _, t := range catalogue() {
		label := t.RU
		if c.Lang() == "en" {
			label = t.EN
		}
		items = append(items, item{t.Type, t.Category, label})
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", map[string]any{"types": items})
}

// newsView is a piece of news as the API shows it.
type newsView struct {
	ID          string       `json:"id"`
	Subject     string       `json:"subject"`
	Body        string       `json:"body"`
	Path        string       `json:"path,omitempty"`
	Source      string       `json:"source"`
	Importance  Importance   `json:"importance"`
	PublishedAt storage.Time `json:"published_at"`
}

// getNews lists the news, which are everybody's.
func (n *Notices) getNews(c api.Call) error {
	q := c.Query("after", "limit")
	page := q.Page()
	if err := q.Err(); err != nil {
		return err
	}
	list, err := n.news(c.Ctx(), page.At, newsID+page.ID, page.Limit+1)
	if err != nil {
		return err
	}
	list, next := api.Cut(page, list, func(s story) (storage.Time, string) { return s.CreatedAt, s.id() })
	views := make([]newsView, len(list))
	for i, s := range list {
		words := s.Texts.V.in(c.Lang())
		views[i] = newsView{s.id(), words.Subject, words.Body, s.Path, sourceLabel(s.Source, c.Lang()), s.Importance, s.CreatedAt}
	}
	api.Speaks(c, c.Lang())
	return api.Answer(c, http.StatusOK, "", paged("news", views, next))
}
