package request

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"propusk/idp/directory"
	"propusk/storage"
)

// Words are what somebody writes into a thread.
type Words struct {
	Kind  PostKind // Reply, Question, Explanation or Comment
	Body  string
	Files []string     // ids in storage/file
	DueAt storage.Time // by when an answer is wished; 0 = no matter
	// Signatures name, by the id of a file, the file that holds its signature.
	Signatures map[string]string
	Version    *int64 // of the request, when the writer makes it a condition
}

// event is what the machine hears of a post.
func (k PostKind) event() (Event, Direction, bool) {
	switch k {
	case Reply, Question, Explanation:
		return EventReply, Out, true
	case Comment:
		return "", Internal, true
	}
	return "", "", false
}

func (words Words) check(now storage.Time) error {
	if _, _, ok := words.Kind.event(); !ok {
		return &FieldError{Field: "kind", Code: "not_allowed"}
	}
	if words.DueAt > 0 && words.DueAt <= now {
		return &FieldError{Field: "due_at", Code: "request_past"}
	}
	if words.Body == "" && len(words.Files) > 0 {
		return nil // a file answers by itself (row 218: response file or comment)
	}
	return checkText("text", words.Body, MaxBody, true)
}

// Post adds words to a thread. What is for the other side goes out with the commit
// and moves the request; a comment stays among colleagues. ErrState when the
// request takes no more; an explanation needs a reply that it explains.
func (b *Inbox) Post(ctx context.Context, actor directory.Actor, organisationID, id string, words Words) (p Post, r Request, err error) {
	if err := words.check(b.now()); err != nil {
		return Post{}, Request{}, err
	}
	event, direction, _ := words.Kind.event()
	r, err = b.change(ctx, actor, organisationID, id, words.Version, posted(words.Kind), func(ctx context.Context, r *Request, w writer) (map[string]string, error) {
		if words.Kind == Explanation {
			if err := b.checkExplained(ctx, r); err != nil {
				return nil, err
			}
		}
		if event != "" {
			if err := r.heard(event, b.now()); err != nil {
				return nil, err
			}
		}
		p = w.post(r, words.Kind, direction, words.Body, b.now())
		p.DueAt = words.DueAt
		if p.Files.V, err = b.attach(ctx, r, w, words.Files, words.Signatures); err != nil {
			return nil, err
		}
		r.Documents.V = append(r.Documents.V, p.Files.V...)
		if err := b.send(ctx, r, &p); err != nil {
			return nil, err
		}
		if err := b.forgetDraft(ctx, r.ID, draftAuthor(actor)); err != nil {
			return nil, err
		}
		return map[string]string{"post": p.ID, "files": fmt.Sprint(len(p.Files.V))}, b.tell(ctx, r, happening{what: posted(words.Kind), by: actor.PersonID, quiet: true})
	})
	return p, r, err
}

// posted is the act of posting.
func posted(k PostKind) string {
	return map[PostKind]string{Reply: "replied", Question: "asked", Explanation: "explained", Comment: "commented"}[k]
}

// heard lets a word of ours happen. A ticket that was answered is due anew; an
// application that was clarified is due no more.
func (r *Request) heard(e Event, now storage.Time) error {
	before := r.Status
	if err := r.happen(e, now); err != nil {
		return err
	}
	switch {
	case r.Type == Ticket && before == Answered:
		r.DueAt = now.Add(SupportTerm)
	case r.Type == Application && before == Clarification:
		r.DueAt = 0
	}
	r.schedule(now)
	return nil
}

func (b *Inbox) checkExplained(ctx context.Context, r *Request) error {
	var replies int
	err := b.DB.Get(ctx, &replies, `SELECT COUNT(*) FROM request_messages WHERE request_id = $1 AND direction = 'out'`, r.ID)
	if err != nil {
		return fmt.Errorf("request: what is explained: %w", err)
	}
	if replies == 0 {
		return fmt.Errorf("%w: nothing was sent that could be explained", ErrState)
	}
	return nil
}

// send stores a post and, when it is for an authority, hands it to the gateway in
// the same transaction.
func (b *Inbox) send(ctx context.Context, r *Request, p *Post) error {
	version, err := b.insertPost(ctx, p)
	if err != nil || p.Direction != Out || r.Type == Ticket {
		return err
	}
	return b.submit(ctx, r, p.Kind, version)
}

// Edit replaces the text, the files or both of a reply that was sent («Редактировать»,
// row 217). The text before is kept, and the other side gets the new one.
func (b *Inbox) Edit(ctx context.Context, actor directory.Actor, organisationID, id, postID string, version *int64, words Words) (p Post, r Request, err error) {
	if words.Kind = Reply; words.Body != "" || len(words.Files) == 0 {
		if err := checkText("text", words.Body, MaxBody, true); err != nil {
			return Post{}, Request{}, err
		}
	}
	r, err = b.change(ctx, actor, organisationID, id, nil, "reply_edited", func(ctx context.Context, r *Request, w writer) (map[string]string, error) {
		if p, err = b.read(ctx, r.ID, postID); err != nil {
			return nil, err
		}
		if err := p.editable(r, version); err != nil {
			return nil, err
		}
		before := p.Version
		if err := b.rewrite(ctx, r, &p, w, words); err != nil {
			return nil, err
		}
		return map[string]string{"post": p.ID, "version_before": fmt.Sprint(before), "version_after": fmt.Sprint(p.Version)}, nil
	})
	return p, r, err
}

// editable: only what the organisation has sent, while the request goes on.
func (p *Post) editable(r *Request, version *int64) error {
	switch {
	case p.Direction != Out || p.Kind == Opening:
		return fmt.Errorf("%w: only a reply that was sent can be edited", ErrState)
	case r.Status.Final():
		return fmt.Errorf("%w: the request is over", ErrState)
	case version != nil && *version != p.Version:
		return ErrStale
	}
	return nil
}

// rewrite gives the post its new text and files and sends it as a new version.
func (b *Inbox) rewrite(ctx context.Context, r *Request, p *Post, w writer, words Words) error {
	kept := make([]string, 0, len(p.Files.V))
	for _, f := range p.Files.V {
		kept = append(kept, f.ID)
	}
	files, err := b.attach(ctx, r, w, words.Files, words.Signatures, kept...)
	if err != nil {
		return err
	}
	p.Body, p.Files.V, p.DueAt, p.EditedAt = words.Body, files, words.DueAt, b.now()
	p.AuthorID, p.Author, p.Authority.V, p.DeliveredAt = w.actor.PersonID, w.name, w.authority, 0
	p.Version++
	_, err = b.DB.Exec(ctx, `UPDATE request_messages SET body = $1, files = $2, due_at = $3, edited_at = $4, author_id = $5,
		author = $6, authority = $7, version = $8, delivered_at = 0 WHERE id = $9`,
		p.Body, p.Files, p.DueAt, p.EditedAt, p.AuthorID, p.Author, p.Authority, p.Version, p.ID)
	if err != nil {
		return fmt.Errorf("request: edit: %w", err)
	}
	for _, f := range files {
		if !slices.ContainsFunc(r.Documents.V, func(known FileRef) bool { return known.ID == f.ID }) {
			r.Documents.V = append(r.Documents.V, f)
		}
	}
	id, err := b.insertVersion(ctx, p)
	if err != nil || r.Type == Ticket {
		return err
	}
	return b.submit(ctx, r, p.Kind, id)
}

// Accept marks a requirement «Принято к исполнению» (row 218); whoever accepts it
// answers for it when nobody does yet.
func (b *Inbox) Accept(ctx context.Context, actor directory.Actor, organisationID, id string, version *int64) (Request, error) {
	return b.change(ctx, actor, organisationID, id, version, "accepted", func(ctx context.Context, r *Request, w writer) (map[string]string, error) {
		if r.ResponsibleID == "" {
			r.ResponsibleID = w.authority.MemberID
		}
		return nil, r.happen(EventTake, b.now())
	})
}

// Withdraw takes a request of the organisation back.
func (b *Inbox) Withdraw(ctx context.Context, actor directory.Actor, organisationID, id string, version *int64) (Request, error) {
	return b.end(ctx, actor, organisationID, id, version, "withdrawn", EventWithdraw, "Заявитель отзывает обращение.")
}

// Close ends a ticket or an exchange of messages that needs nothing more.
func (b *Inbox) Close(ctx context.Context, actor directory.Actor, organisationID, id string, version *int64) (Request, error) {
	return b.end(ctx, actor, organisationID, id, version, "closed", EventClose, "")
}

// end lets the organisation end a request; words, if any, tell the other side.
func (b *Inbox) end(ctx context.Context, actor directory.Actor, organisationID, id string, version *int64, act string, e Event, words string) (Request, error) {
	return b.change(ctx, actor, organisationID, id, version, act, func(ctx context.Context, r *Request, w writer) (map[string]string, error) {
		if err := r.happen(e, b.now()); err != nil {
			return nil, err
		}
		if words != "" {
			p := w.post(r, Reply, Out, words, b.now())
			if err := b.send(ctx, r, &p); err != nil {
				return nil, err
			}
		}
		return nil, b.tell(ctx, r, happening{what: "status_changed"})
	})
}

// Change changes what is not nil.
type Change struct {
	Responsible *string       // member id; "" takes it away
	ExecutionAt *storage.Time // 0 takes it away
	Version     *int64
}

// Plan says who answers for a request and by when the organisation means to be done
// (rows 208, 218).
func (b *Inbox) Plan(ctx context.Context, actor directory.Actor, organisationID, id string, c Change) (Request, error) {
	return b.change(ctx, actor, organisationID, id, c.Version, "planned", func(ctx context.Context, r *Request, w writer) (map[string]string, error) {
		if r.Status.Final() {
			return nil, fmt.Errorf("%w: the request is over", ErrState)
		}
		details := map[string]string{}
		if c.Responsible != nil && *c.Responsible != r.ResponsibleID {
			details["responsible_before"], details["responsible_after"] = r.ResponsibleID, *c.Responsible
			if err := b.assign(ctx, r, *c.Responsible); err != nil {
				return nil, err
			}
		}
		if c.ExecutionAt != nil && *c.ExecutionAt != r.ExecutionAt {
			details["execution_before"], details["execution_after"] = text(r.ExecutionAt), text(*c.ExecutionAt)
			if err := r.plan(*c.ExecutionAt, b.now()); err != nil {
				return nil, err
			}
		}
		return details, nil
	})
}

// assign makes a member responsible, who must be of the organisation and hold the
// right to answer, and tells him.
func (b *Inbox) assign(ctx context.Context, r *Request, memberID string) error {
	r.ResponsibleID = memberID
	if memberID == "" {
		return nil
	}
	member, err := b.Directory.MemberByID(ctx, r.OrganisationID, memberID)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrResponsible, err)
	}
	if !member.Can(directory.RequestsWrite) || member.Person.Status != directory.StatusActive {
		return ErrResponsible
	}
	return b.tell(ctx, r, happening{what: "assigned", persons: []string{member.Person.ID}})
}

// plan sets the execution date: ahead, and not after the due date.
func (r *Request) plan(at, now storage.Time) error {
	switch {
	case at == 0:
	case at <= now:
		return &FieldError{Field: "execution_at", Code: "request_past"}
	case r.DueAt > 0 && at > r.DueAt:
		return &FieldError{Field: "execution_at", Code: "request_after_due", Args: map[string]string{"due": strings.TrimSuffix(text(r.DueAt), "Z")}}
	}
	r.ExecutionAt = at
	return nil
}
