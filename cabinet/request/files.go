package request

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/file"
)

// uploadKinds are what people attach: documents and pictures (rows 201, 261), and
// the detached signatures of them.
const uploadKinds = file.PDF | file.DOCX | file.XLSX | file.JPEG | file.PNG | file.XML | file.Signature

// Upload keeps a file of the organisation, loose until a post or a draft takes it;
// see file.Store.Save for the errors.
func (b *Inbox) Upload(ctx context.Context, organisationID, name string, r io.Reader) (FileRef, error) {
	f, err := b.Files.Save(ctx, organisationID, name, uploadKinds, MaxFile, r)
	if err != nil {
		return FileRef{}, err
	}
	return ref(f), nil
}

func ref(f file.File) FileRef {
	return FileRef{ID: f.ID, Name: f.Name, MediaType: f.MediaType, Size: f.Size, SHA256: f.SHA256}
}

// owner is the word by which a request keeps its files.
func owner(requestID string) string { return "request/" + requestID }

// attach takes files into the request's thread, in the writer's transaction: files
// of this organisation that are loose, of this very request, or that the writer
// may read wherever they are. known are those that stand in the post already.
func (b *Inbox) attach(ctx context.Context, r *Request, w writer, ids []string, signatures map[string]string, known ...string) ([]FileRef, error) {
	refs := make([]FileRef, 0, len(ids))
	for _, id := range ids {
		if slices.ContainsFunc(refs, func(f FileRef) bool { return f.ID == id }) {
			continue
		}
		f, err := b.Files.Get(ctx, r.OrganisationID, id)
		if errors.Is(err, storage.ErrNotFound) {
			return nil, &FieldError{Field: "files", Code: "request_unknown_file"}
		}
		if err != nil {
			return nil, err
		}
		if !slices.Contains(known, id) {
			if err := b.MayAttach(ctx, w.actor, r.OrganisationID, id); err != nil {
				return nil, err
			}
		}
		refs = append(refs, ref(f))
	}
	for signed, by := range signatures {
		if err := pair(refs, signed, by); err != nil {
			return nil, err
		}
	}
	if err := r.checkFiles(refs); err != nil {
		return nil, err
	}
	if len(refs) == 0 {
		return refs, nil
	}
	if err := b.Files.Keep(ctx, r.OrganisationID, owner(r.ID), ids...); err != nil {
		return nil, fmt.Errorf("request: keep files: %w", err)
	}
	return refs, nil
}

// pair says which file is the signature of which.
func pair(refs []FileRef, signed, by string) error {
	i := slices.IndexFunc(refs, func(f FileRef) bool { return f.ID == by })
	if i < 0 || !slices.ContainsFunc(refs, func(f FileRef) bool { return f.ID == signed }) || signed == by ||
		file.KindOf(refs[i].MediaType) != file.Signature {
		return &FieldError{Field: "signatures", Code: "invalid"}
	}
	refs[i].SignatureOf = signed
	return nil
}

// MayAttach keeps a thread, which everybody with requests:read sees, from being a
// way to a file that its keeper shows to fewer: a *FieldError refuses a file that is
// not loose and not of requests, unless the actor may read the organisation's
// documents. The zero actor is the house itself.
func (b *Inbox) MayAttach(ctx context.Context, actor directory.Actor, organisationID, id string) error {
	owners, err := b.Files.Owners(ctx, id)
	if err != nil {
		return err
	}
	elsewhere := slices.ContainsFunc(owners, func(o string) bool {
		return !strings.HasPrefix(o, "request/") && !strings.HasPrefix(o, "request-draft/") && !strings.HasPrefix(o, "application/")
	})
	if !elsewhere || actor.PersonID == "" && actor.ClientID == "" {
		return nil
	}
	if _, err = b.Directory.Authorise(ctx, actor, organisationID, directory.Act{Permission: directory.DocumentsRead}); err != nil {
		return &FieldError{Field: "files", Code: "request_unknown_file"}
	}
	return nil
}

// checkFiles bounds the files of one post and of the whole thread (rows 201, 261).
func (r *Request) checkFiles(refs []FileRef) error {
	most, sum := MaxFiles, int64(0)
	switch r.Type {
	case Ticket:
		most = ticketMost
	case Application:
		most = maxThread // its card bounds each document
	}
	if len(refs) > most {
		return &FieldError{Field: "files", Code: "request_too_many_files", Args: map[string]string{"most": fmt.Sprint(most)}}
	}
	if len(r.Documents.V)+len(refs) > maxThread {
		return &FieldError{Field: "files", Code: "request_too_many_files", Args: map[string]string{"most": fmt.Sprint(maxThread)}}
	}
	for _, f := range refs {
		if sum += f.Size; f.Size > MaxFile || r.Type == Ticket && sum > ticketSum {
			return &FieldError{Field: "files", Code: "request_files_too_large"}
		}
	}
	return nil
}

// OpenFile opens a file of the request's thread, whose bytes are held against
// their digest while they are read; storage.ErrNotFound for every other file.
func (b *Inbox) OpenFile(ctx context.Context, organisationID, id, fileID string) (FileRef, io.ReadSeekCloser, error) {
	r, err := b.Find(ctx, organisationID, id)
	if err != nil {
		return FileRef{}, nil, err
	}
	i := slices.IndexFunc(r.Documents.V, func(f FileRef) bool { return f.ID == fileID })
	if i < 0 {
		return FileRef{}, nil, fmt.Errorf("request: file of the thread: %w", storage.ErrNotFound)
	}
	_, bytes, err := b.Files.Open(ctx, organisationID, fileID)
	return r.Documents.V[i], bytes, err
}
