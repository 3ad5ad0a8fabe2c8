package request

import (
	"context"
	"errors"
	"fmt"

	"propusk/cabinet/authority"
	"propusk/storage"
	"propusk/storage/jobs"
)

// loadKinds are the gateway's kinds for what a request begins with; everything
// after it is an answer.
var loadKinds = map[Type]string{Application: "application", Appeal: "appeal", Correction: "appeal", Message: "message"}

// submit hands a version of a post to the gateway, in the transaction of the post.
func (b *Inbox) submit(ctx context.Context, r *Request, kind PostKind, version string) error {
	load := authority.Load{Kind: "answer", ID: version}
	if kind == Opening {
		load.Kind = loadKinds[r.Type]
	}
	if err := b.Gateway.Submit(ctx, load); err != nil {
		return fmt.Errorf("request: send: %w", err)
	}
	return nil
}

// load makes the submission of a sent version. What was sent never changes, so it
// is the same each time.
func (b *Inbox) load(ctx context.Context, kind, id string) (authority.Submission, error) {
	v, err := b.version(ctx, id)
	if errors.Is(err, storage.ErrNotFound) {
		return authority.Submission{}, jobs.Permanent(err)
	}
	if err != nil {
		return authority.Submission{}, err
	}
	r, err := b.Find(ctx, v.OrganisationID, v.RequestID)
	if err != nil {
		return authority.Submission{}, err
	}
	o, err := b.Directory.Organisation(ctx, v.OrganisationID)
	if err != nil {
		return authority.Submission{}, err
	}
	s := authority.Submission{
		ID: id, Kind: kind, OrganisationID: o.ID, INN: o.INN, KPP: o.KPP, OGRN: o.OGRN, Name: o.Name,
		Recipient: r.PartyCode, Subject: r.Subject, Fields: outgoingFields(r, v),
	}
	s.Files, err = b.outgoingFiles(ctx, v)
	return s, err
}

// outgoingFields are the words of a submission. in_reply_to is the authority's own
// number where it has one.
func outgoingFields(r Request, v PostVersion) map[string]string {
	fields := map[string]string{"number": r.Number, "type": string(r.Type), "text": v.Body, "version": fmt.Sprint(v.Version)}
	for name, value := range map[string]string{
		"in_reply_to": r.OuterNumber, "kind": r.Kind, "due": text(v.DueAt),
	} {
		if value != "" {
			fields[name] = value
		}
	}
	return fields
}

// outgoingFiles reads the files of a version, each with the signatures over it.
func (b *Inbox) outgoingFiles(ctx context.Context, v PostVersion) ([]authority.File, error) {
	var files []authority.File
	place := map[string]int{}
	for _, f := range v.Files.V {
		if f.SignatureOf != "" {
			continue
		}
		_, content, err := b.Files.Read(ctx, v.OrganisationID, f.ID, MaxFile)
		if err != nil {
			return nil, fmt.Errorf("request: file %s: %w", f.ID, err)
		}
		place[f.ID] = len(files)
		files = append(files, authority.File{Name: f.Name, MediaType: f.MediaType, Content: content})
	}
	for _, f := range v.Files.V {
		i, signed := place[f.SignatureOf]
		if f.SignatureOf == "" || !signed {
			continue
		}
		_, content, err := b.Files.Read(ctx, v.OrganisationID, f.ID, MaxFile)
		if err != nil {
			return nil, fmt.Errorf("request: signature %s: %w", f.ID, err)
		}
		files[i].Signatures = append(files[i].Signatures, content)
	}
	return files, nil
}

// delivered notes that the authority has what was sent, or that it could not be
// sent: then people are told, for a term may run.
func (b *Inbox) delivered(ctx context.Context, d authority.Delivery) error {
	v, err := b.version(ctx, d.ID)
	if err != nil {
		return err
	}
	if d.State == authority.Sent {
		_, err := b.DB.Exec(ctx, `UPDATE request_messages SET delivered_at = $1 WHERE id = $2 AND version = $3`, d.At, v.PostID, v.Version)
		return err
	}
	r, err := b.lock(ctx, v.OrganisationID, v.RequestID)
	if err != nil {
		return err
	}
	if err := b.record(ctx, &r, outside(""), "not_sent", r.Status, map[string]string{"post": v.PostID}); err != nil {
		return err
	}
	if err := b.update(ctx, &r); err != nil {
		return err
	}
	return b.tell(ctx, &r, happening{what: "not_sent", importance: important})
}
