package document

import (
	"context"
	"errors"
	"fmt"
	"io"

	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/file"
)

// Upload is a large file that comes in pieces, of which so much is here. Pieces are
// kept as files of their own (file.Part) and judged, scanned and joined when the
// last one is there; the protocol is that of draft-ietf-httpbis-resumable-upload,
// with a route of its own to finish.
type Upload struct {
	ID             string                      `db:"id"`
	OrganisationID string                      `db:"organisation_id"`
	PersonID       string                      `db:"person_id"` // whose it is; "" = a client's
	ClientID       string                      `db:"client_id"`
	Request        storage.JSON[UploadRequest] `db:"request"`
	Size           int64                       `db:"size"`
	Received       int64                       `db:"received"` // the offset of the next piece
	ExpiresAt      storage.Time                `db:"expires_at"`
	CreatedAt      storage.Time                `db:"created_at"`
}

// UploadRequest is what an upload will become.
type UploadRequest struct {
	NewDocument
	FileName   string `json:"file_name"`
	SHA256     string `json:"sha256"`      // of the whole, hexadecimal; "" = not said
	DocumentID string `json:"document_id"` // whose new version it is; "" = a new document
	Note       string `json:"note"`
}

const uploadColumns = `id, organisation_id, person_id, client_id, request, size, received, expires_at, created_at`

const (
	// maxPiece and minPiece bound one piece, in bytes; the last one may be smaller.
	maxPiece = 16 << 20
	minPiece = 256 << 10
	// maxUploads bounds the unfinished ones of an organisation.
	maxUploads = 20
)

var (
	// ErrUploads: the organisation has too many unfinished uploads.
	ErrUploads = errors.New("document: too many unfinished uploads")
	// ErrPiece: a piece is too small, or longer than what is left.
	ErrPiece = errors.New("document: a piece of a wrong size")
	// ErrDigest: the bytes are not those that their digest says.
	ErrDigest = errors.New("document: another digest")
	// ErrUnfinished: not every byte is here.
	ErrUnfinished = errors.New("document: the upload is not complete")
)

// OffsetError says where the next piece begins.
type OffsetError struct{ Received int64 }

func (e *OffsetError) Error() string {
	return fmt.Sprintf("document: the next piece begins at %d", e.Received)
}

// uploadOwner is the word by which an upload keeps its pieces.
func uploadOwner(id string) string { return "upload/" + id }

// limit is how large a file of the type may be in pieces.
func (d *Documents) limit(kind Kind) int64 {
	if row := kind.row(); row.large {
		return max(d.Largest, row.limit)
	} else {
		return row.limit
	}
}

// BeginUpload makes room for a file of size bytes. file.ErrTooLarge when the type
// takes none so large.
func (d *Documents) BeginUpload(ctx context.Context, actor directory.Actor, organisationID string, size int64, r UploadRequest) (Upload, error) {
	if r.DocumentID != "" {
		doc, err := d.Get(ctx, organisationID, r.DocumentID)
		if err != nil {
			return Upload{}, err
		}
		r.Kind = doc.Kind
	}
	if size > d.limit(r.Kind) {
		return Upload{}, file.ErrTooLarge
	}
	now := d.time()
	u := Upload{
		ID: storage.NewID(), OrganisationID: organisationID, PersonID: actor.PersonID, ClientID: actor.ClientID,
		Request: storage.JSON[UploadRequest]{V: r}, Size: size, ExpiresAt: now.Add(d.Pieces), CreatedAt: now,
	}
	err := d.DB.Tx(ctx, func(ctx context.Context) error {
		if err := d.Directory.Lock(ctx, organisationID); err != nil { // of two at once the second counts the first
			return err
		}
		var open int
		if err := d.DB.Get(ctx, &open, `SELECT COUNT(*) FROM document_uploads WHERE organisation_id = $1`, organisationID); err != nil {
			return err
		}
		if open >= maxUploads {
			return ErrUploads
		}
		_, err := d.DB.Exec(ctx, `INSERT INTO document_uploads (`+uploadColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			u.ID, u.OrganisationID, u.PersonID, u.ClientID, u.Request, u.Size, u.Received, u.ExpiresAt, u.CreatedAt)
		return err
	})
	if err != nil {
		return Upload{}, fmt.Errorf("document: begin an upload: %w", err)
	}
	return u, nil
}

// Upload reads one that is not finished and not expired. It is only its maker's: to
// everybody else, colleagues too, it is storage.ErrNotFound.
func (d *Documents) Upload(ctx context.Context, actor directory.Actor, organisationID, id string) (Upload, error) {
	var u Upload
	err := d.DB.Get(ctx, &u, `
		SELECT `+uploadColumns+` FROM document_uploads
		WHERE id = $1 AND organisation_id = $2 AND person_id = $3 AND client_id = $4 AND expires_at > $5`,
		id, organisationID, actor.PersonID, actor.ClientID, d.time())
	if err != nil {
		return Upload{}, fmt.Errorf("document: upload: %w", err)
	}
	return u, nil
}

// Append adds a piece at an offset. sha256 is its digest in hexadecimal, "" when it
// is not said. *OffsetError when the piece does not follow what is here; of two that
// do, one is taken. A piece whose digest is another one is ErrDigest and leaves the
// upload as it was.
func (d *Documents) Append(ctx context.Context, actor directory.Actor, organisationID, id string, offset int64, sha256 string, r io.Reader) (Upload, error) {
	u, err := d.Upload(ctx, actor, organisationID, id)
	if err != nil {
		return Upload{}, err
	}
	if offset != u.Received {
		return u, &OffsetError{u.Received}
	}
	piece, err := d.Files.Save(ctx, organisationID, u.ID, file.Part, min(maxPiece, u.Size-u.Received), r)
	switch {
	case errors.Is(err, file.ErrTooLarge), errors.Is(err, file.ErrEmpty):
		return u, ErrPiece
	case err != nil:
		return u, err
	case sha256 != "" && sha256 != piece.SHA256:
		return u, d.discarding(ctx, ErrDigest, organisationID, piece.ID)
	case piece.Size < minPiece && u.Received+piece.Size < u.Size:
		return u, d.discarding(ctx, ErrPiece, organisationID, piece.ID)
	}
	taken, err := d.takePiece(ctx, u, piece)
	if err != nil {
		return taken, d.discarding(ctx, err, organisationID, piece.ID)
	}
	return taken, nil
}

// discarding is a refusal of what was saved already: the bytes go at once, or whoever
// is refused over and over fills the store until they are swept.
func (d *Documents) discarding(ctx context.Context, refusal error, organisationID string, ids ...string) error {
	if err := d.Files.Discard(context.WithoutCancel(ctx), organisationID, ids...); err != nil {
		d.Log.WarnContext(ctx, "refused bytes are left to the sweep", "error", err)
	}
	return refusal
}

// takePiece moves the offset on, for one of all who saw it where it was.
func (d *Documents) takePiece(ctx context.Context, u Upload, piece file.File) (Upload, error) {
	err := d.DB.Tx(ctx, func(ctx context.Context) error {
		n, err := d.DB.Exec(ctx, `UPDATE document_uploads SET received = received + $1, expires_at = $2 WHERE id = $3 AND received = $4`,
			piece.Size, d.time().Add(d.Pieces), u.ID, u.Received)
		if err != nil {
			return err
		}
		if n == 0 {
			return &OffsetError{u.Received + piece.Size}
		}
		if err := d.Files.Keep(ctx, u.OrganisationID, uploadOwner(u.ID), piece.ID); err != nil {
			return err
		}
		_, err = d.DB.Exec(ctx, `INSERT INTO document_upload_parts (upload_id, start, file_id) VALUES ($1, $2, $3)`, u.ID, u.Received, piece.ID)
		return err
	})
	if err != nil {
		return u, fmt.Errorf("document: take a piece: %w", err)
	}
	u.Received += piece.Size
	u.ExpiresAt = d.time().Add(d.Pieces)
	return u, nil
}

// Finish joins the pieces, judges and scans the whole, and makes it a document or a
// version. ErrUnfinished, ErrDigest, or a refusal of storage/file; the upload stays
// then, until it expires or is abandoned.
func (d *Documents) Finish(ctx context.Context, actor directory.Actor, organisationID, id string) (Document, error) {
	u, err := d.Upload(ctx, actor, organisationID, id)
	if err != nil {
		return Document{}, err
	}
	if u.Received != u.Size {
		return Document{}, ErrUnfinished
	}
	r := u.Request.V
	whole, err := d.join(ctx, u)
	if err != nil {
		return Document{}, err
	}
	if r.SHA256 != "" && r.SHA256 != whole.SHA256 {
		return Document{}, d.discarding(ctx, ErrDigest, organisationID, whole.ID)
	}
	var doc Document
	var pieces []string
	err = d.DB.Tx(ctx, func(ctx context.Context) error {
		if pieces, err = d.drop(ctx, u.ID); err != nil {
			return err
		}
		if r.DocumentID != "" {
			doc, err = d.AddVersion(ctx, actor, organisationID, r.DocumentID, nil, r.Note, whole)
			return err
		}
		added, err := d.Add(ctx, actor, organisationID, r.NewDocument, whole)
		if err == nil {
			doc = added[0]
		}
		return err
	})
	if err != nil { // of two who finish it at once, one joined it for nothing
		return doc, d.discarding(ctx, err, organisationID, whole.ID)
	}
	return doc, d.discarding(ctx, nil, organisationID, pieces...)
}

// join saves the pieces, one after the other, as one file.
func (d *Documents) join(ctx context.Context, u Upload) (file.File, error) {
	var ids []string
	if err := d.DB.Select(ctx, &ids, `SELECT file_id FROM document_upload_parts WHERE upload_id = $1 ORDER BY start`, u.ID); err != nil {
		return file.File{}, fmt.Errorf("document: pieces: %w", err)
	}
	pieces := &pieces{ctx: ctx, files: d.Files, organisationID: u.OrganisationID, ids: ids}
	defer pieces.close()
	return d.Files.Save(ctx, u.OrganisationID, u.Request.V.FileName, u.Request.V.Kind.row().files, u.Size, pieces)
}

// pieces reads files one after the other, with one open at a time.
type pieces struct {
	ctx            context.Context
	files          *file.Store
	organisationID string
	ids            []string
	open           io.ReadCloser
}

func (p *pieces) Read(b []byte) (int, error) {
	for {
		if p.open == nil {
			if len(p.ids) == 0 {
				return 0, io.EOF
			}
			_, r, err := p.files.Open(p.ctx, p.organisationID, p.ids[0])
			if err != nil {
				return 0, err
			}
			p.open, p.ids = r, p.ids[1:]
		}
		n, err := p.open.Read(b)
		if errors.Is(err, io.EOF) {
			p.close()
			err = nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

func (p *pieces) close() {
	if p.open != nil {
		_ = p.open.Close() // it was only read
		p.open = nil
	}
}

// Abandon forgets an upload and its pieces.
func (d *Documents) Abandon(ctx context.Context, actor directory.Actor, organisationID, id string) error {
	var pieces []string
	err := d.DB.Tx(ctx, func(ctx context.Context) (err error) {
		if _, err = d.Upload(ctx, actor, organisationID, id); err != nil {
			return err
		}
		pieces, err = d.drop(ctx, id)
		return err
	})
	if err != nil {
		return err
	}
	return d.discarding(ctx, nil, organisationID, pieces...)
}

// drop removes an upload and answers its pieces, which are loose then. Of two who drop
// it one succeeds.
func (d *Documents) drop(ctx context.Context, id string) (pieces []string, err error) {
	err = d.DB.Select(ctx, &pieces, `DELETE FROM document_upload_parts WHERE upload_id = $1 RETURNING file_id`, id)
	if err != nil {
		return nil, fmt.Errorf("document: drop an upload: %w", err)
	}
	n, err := d.DB.Exec(ctx, `DELETE FROM document_uploads WHERE id = $1`, id)
	if err == nil && n == 0 {
		err = storage.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("document: drop an upload: %w", err)
	}
	return pieces, d.Files.Release(ctx, uploadOwner(id))
}

// Expire drops the uploads whose time is over. It is for the schedule.
func (d *Documents) Expire(ctx context.Context) error {
	var due []struct {
		ID             string `db:"id"`
		OrganisationID string `db:"organisation_id"`
	}
	err := d.DB.Select(ctx, &due, `SELECT id, organisation_id FROM document_uploads WHERE expires_at <= $1 ORDER BY expires_at LIMIT 200`, d.time())
	if err != nil {
		return fmt.Errorf("document: expire uploads: %w", err)
	}
	for _, one := range due {
		var pieces []string
		err := d.DB.Tx(ctx, func(ctx context.Context) (err error) { pieces, err = d.drop(ctx, one.ID); return err })
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return err
		}
		if err := d.discarding(ctx, nil, one.OrganisationID, pieces...); err != nil {
			return err
		}
	}
	return nil
}
