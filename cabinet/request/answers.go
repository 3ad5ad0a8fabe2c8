package request

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"propusk/cabinet/authority"
	"propusk/storage"
	"propusk/storage/file"
	"propusk/storage/jobs"
)

// Decided is called, in the transaction of an authority's answer, when the answer
// has been taken in: the room of the applications learns so what was granted.
type Decided func(ctx context.Context, r Request, a authority.Answer) error

// OnAnswer has fn called for the answers to requests of a type. Call it before the
// jobs start.
func (b *Inbox) OnAnswer(t Type, fn Decided) { b.decided[t] = append(b.decided[t], fn) }

// connect tells the gateway who makes our submissions and who takes the answers.
func (b *Inbox) connect() {
	for _, kind := range []string{"application", "appeal", "message", "answer"} {
		b.Gateway.Load(kind, func(ctx context.Context, id string) (authority.Submission, error) { return b.load(ctx, kind, id) })
		b.Gateway.Watch(kind, b.delivered)
		b.Gateway.Handle(kind, b.receive)
	}
	b.Gateway.Handle("requirement", b.receive)
}

// receive takes an answer in. It runs in the gateway's transaction, once for an
// answer, in order.
func (b *Inbox) receive(ctx context.Context, a authority.Answer) error {
	if a.Event == authority.Requirement {
		return b.receiveNew(ctx, a)
	}
	r, err := b.answered(ctx, a)
	if errors.Is(err, errUnasked) {
		return b.receiveNew(ctx, a)
	}
	if err != nil {
		return err
	}
	return b.take(ctx, &r, a)
}

// errUnasked: the answer is about nothing that we know of.
var errUnasked = errors.New("request: unasked")

// answered finds and locks the request that an answer is about. An answer that
// names a submission of one organisation and is meant for another is a forgery or
// a fault over there; nobody's request moves by it.
func (b *Inbox) answered(ctx context.Context, a authority.Answer) (Request, error) {
	if a.SubmissionID == "" {
		return b.answeredByNumber(ctx, a)
	}
	v, err := b.submitted(ctx, a)
	if err != nil {
		return Request{}, err
	}
	return b.lock(ctx, v.OrganisationID, v.RequestID)
}

// submitted is what an answer names by its submission, when it is the answer's to
// name.
func (b *Inbox) submitted(ctx context.Context, a authority.Answer) (PostVersion, error) {
	v, err := b.version(ctx, a.SubmissionID)
	if errors.Is(err, storage.ErrNotFound) {
		return PostVersion{}, jobs.Permanent(fmt.Errorf("answer %s to a submission that is not ours: %w", a.ID, err))
	}
	if err != nil {
		return PostVersion{}, err
	}
	return v, b.checkAddressee(ctx, a, v.OrganisationID)
}

// checkAddressee holds what the answer says of the organisation against whose
// submission it is.
func (b *Inbox) checkAddressee(ctx context.Context, a authority.Answer, organisationID string) error {
	o, err := b.Directory.Organisation(ctx, organisationID)
	if err != nil {
		return err
	}
	if a.OrganisationID != "" && a.OrganisationID != o.ID || a.INN != "" && a.INN != o.INN || a.OGRN != "" && a.OGRN != o.OGRN {
		return jobs.Permanent(fmt.Errorf("answer %s is meant for another organisation than the submission is of", a.ID))
	}
	return nil
}

// answeredByNumber finds the request that an unasked word names by one of its
// numbers, within the organisation that the gateway has found.
func (b *Inbox) answeredByNumber(ctx context.Context, a authority.Answer) (Request, error) {
	number := a.Fields["in_reply_to"]
	if number == "" || a.OrganisationID == "" {
		return Request{}, errUnasked
	}
	var id string
	err := b.DB.Get(ctx, &id, `SELECT id FROM requests WHERE organisation_id = $1 AND outer_number = $2 AND outer_number <> ''
		ORDER BY created_at DESC LIMIT 1`, a.OrganisationID, number)
	if errors.Is(err, storage.ErrNotFound) {
		canonical, _ := ParseNumber(number)
		err = b.DB.Get(ctx, &id, `SELECT id FROM requests WHERE number = $1 AND organisation_id = $2`, canonical, a.OrganisationID)
	}
	if errors.Is(err, storage.ErrNotFound) {
		return Request{}, errUnasked
	}
	if err != nil {
		return Request{}, err
	}
	return b.lock(ctx, a.OrganisationID, id)
}

// take puts the answer into the request's thread and moves the request.
func (b *Inbox) take(ctx context.Context, r *Request, a authority.Answer) error {
	before, now := r.Status, b.now()
	p, err := b.store(ctx, r, a)
	if err != nil {
		return err
	}
	if to, ok := Next(r.Type, r.Status, p.Event); ok {
		r.redue(to, a)
		r.enter(to, now)
	}
	if a.Number != "" && r.OuterNumber == "" {
		r.OuterNumber = cut(a.Number, 100)
	}
	if err := b.update(ctx, r); err != nil {
		return err
	}
	details := map[string]string{"event": a.Event, "source": a.Source, "answer": a.ID, "files": fmt.Sprint(len(p.Files.V))}
	if err := b.record(ctx, r, outside(a.Source), "answered", before, details); err != nil {
		return err
	}
	for _, fn := range b.decided[r.Type] {
		if err := fn(ctx, *r, a); err != nil {
			return err
		}
	}
	return b.tell(ctx, r, b.news(p, before, r))
}

// redue takes a due date that an answer brings, where it is the request's: that of
// a requirement and of a clarification binds the organisation; that of an appeal
// binds the authority, which may say it when it takes the appeal up, and not move it
// by asking something.
func (r *Request) redue(to Status, a authority.Answer) {
	asks := a.Event == authority.Clarification || a.Event == authority.Question || a.Event == authority.Message
	switch {
	case to.Final(), r.Type == Ticket, (r.Type == Appeal || r.Type == Correction) && asks:
	case r.Type == Application && to != Clarification:
		r.DueAt = 0
	case a.Due > 0:
		r.DueAt = a.Due
	}
}

// news is how people are told of an answer: by its status when that has changed.
func (b *Inbox) news(p Post, before Status, r *Request) happening {
	h := happening{what: "message", text: p.Body, source: p.Author, importance: normal}
	if before != r.Status {
		h.what = "status_changed"
	}
	if p.Event == EventClarification || p.Event == EventQuestion || r.Status.Final() {
		h.importance = important
	}
	return h
}

// store keeps an answer with its files as a post of the thread.
func (b *Inbox) store(ctx context.Context, r *Request, a authority.Answer) (Post, error) {
	p := Post{
		ID: storage.NewID(), RequestID: r.ID, OrganisationID: r.OrganisationID, Kind: FromOutside, Direction: In,
		Author: cut(a.Source, 300), Event: Event(a.Event), Body: cut(a.Text, MaxBody), DueAt: a.Due, CreatedAt: b.now(),
	}
	if p.Author == "" {
		p.Author = r.Party
	}
	p.Faults.V = a.Faults
	files, refused, err := b.saveFiles(ctx, r, a)
	if err != nil {
		return Post{}, err
	}
	p.Files.V, p.Faults.V = files, append(p.Faults.V, refused...)
	r.Documents.V = append(r.Documents.V, files...)
	_, err = b.insertPost(ctx, &p)
	return p, err
}

// authorityKinds are what an authority may send.
const authorityKinds = uploadKinds | file.ZIP | file.Text

// saveFiles keeps the files of an answer and the signatures over them. A file that
// cannot be taken (too large, of no known kind, infected) does not make the answer
// unheard: it is named among the faults, and the rest is kept.
func (b *Inbox) saveFiles(ctx context.Context, r *Request, a authority.Answer) (refs []FileRef, refused []authority.Fault, err error) {
	save := func(name string, content []byte) (FileRef, bool, error) {
		f, err := b.Files.SaveOurs(ctx, r.OrganisationID, name, authorityKinds, MaxFile, bytes.NewReader(content))
		if unacceptable(err) {
			refused = append(refused, authority.Fault{Code: "file_refused", Text: cut(name, 200), Value: err.Error()})
			return FileRef{}, false, nil
		}
		return ref(f), err == nil, err
	}
	for _, f := range a.Files {
		saved, ok, err := save(f.Name, f.Content)
		if err != nil {
			return nil, nil, err
		}
		if !ok {
			continue
		}
		saved.Result = a.Event == authority.Result || a.Event == authority.Approved
		refs = append(refs, saved)
		for _, signature := range f.Signatures {
			s, ok, err := save(f.Name+".sig", signature)
			if err != nil {
				return nil, nil, err
			}
			if s.SignatureOf = saved.ID; ok {
				refs = append(refs, s)
			}
		}
	}
	return refs, refused, b.keep(ctx, r, refs)
}

func (b *Inbox) keep(ctx context.Context, r *Request, refs []FileRef) error {
	if len(refs) == 0 {
		return nil
	}
	ids := make([]string, len(refs))
	for i, f := range refs {
		ids[i] = f.ID
	}
	return b.Files.Keep(ctx, r.OrganisationID, owner(r.ID), ids...)
}

func unacceptable(err error) bool {
	return errors.Is(err, file.ErrTooLarge) || errors.Is(err, file.ErrEmpty) || errors.Is(err, file.ErrKind) || errors.Is(err, file.ErrInfected)
}

// receiveNew begins a request that an authority makes of the organisation: a
// requirement, or a message that nobody asked for.
func (b *Inbox) receiveNew(ctx context.Context, a authority.Answer) error {
	organisation, err := b.addressee(ctx, a)
	if err != nil {
		return err
	}
	r := b.incoming(a, organisation)
	if err := b.insert(ctx, &r); err != nil {
		return err
	}
	p, err := b.store(ctx, &r, a)
	if err != nil {
		return err
	}
	if err := b.update(ctx, &r); err != nil {
		return err
	}
	details := map[string]string{"source": r.Party, "answer": a.ID, "due_at": text(r.DueAt)}
	if err := b.record(ctx, &r, outside(r.Party), "received", r.Status, details); err != nil {
		return err
	}
	return b.tell(ctx, &r, happening{what: "received", text: p.Body, source: r.Party, importance: important})
}

// addressee is the organisation that an authority writes to: of the submission that
// it answers by it, or the one that the gateway has found by the numbers.
func (b *Inbox) addressee(ctx context.Context, a authority.Answer) (string, error) {
	if a.SubmissionID != "" {
		v, err := b.submitted(ctx, a)
		return v.OrganisationID, err
	}
	if a.OrganisationID == "" {
		return "", jobs.Permanent(fmt.Errorf("answer %s: no organisation of ours", a.ID))
	}
	return a.OrganisationID, nil
}

// incoming is the row of what an authority began. Kind is the kind of document
// that it calls it (row 222: требование, справка, решение).
func (b *Inbox) incoming(a authority.Answer, organisationID string) Request {
	now := b.now()
	r := Request{
		ID: storage.NewID(), OrganisationID: organisationID, OuterNumber: cut(a.Number, 100), Type: Message,
		Kind: documentKind(a), Direction: In, Subject: cut(a.Subject, MaxSubject), Party: cut(a.Source, MaxSubject),
		CreatedAt: now, UpdatedAt: now, DueAt: a.Due, Version: 1,
	}
	if code := a.Fields["body"]; validBody(code) {
		r.PartyCode = code
	}
	if a.Event == authority.Requirement {
		r.Type = Requirement
	}
	if r.Subject == "" {
		r.Subject = r.Type.Label("ru")
	}
	r.enter(Initial(r.Type, In), now)
	return r
}

// documentKinds are the words of row 222.
var documentKinds = map[string]bool{"requirement": true, "certificate": true, "decision": true, "message": true}

func documentKind(a authority.Answer) string {
	if kind := a.Fields["document_type"]; documentKinds[kind] {
		return kind
	}
	if a.Event == authority.Requirement {
		return "requirement"
	}
	return "message"
}

// cut bounds a text from outside, in characters, and takes out what no text has.
func cut(s string, most int) string {
	runes := make([]rune, 0, min(len(s), most))
	for _, r := range s {
		if forbidden(r, true) {
			continue
		}
		if len(runes) == most {
			return string(runes[:most-1]) + "…"
		}
		runes = append(runes, r)
	}
	return string(runes)
}
