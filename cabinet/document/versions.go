package document

import (
	"context"
	"fmt"
	"strconv"

	"propusk/idp/directory"
	"propusk/storage/file"
)

// maxVersions bounds the versions of one document.
const maxVersions = 1000

// versions returns the versions of a document, the newest first.
func (d *Documents) versions(ctx context.Context, documentID string) ([]Version, error) {
	var versions []Version
	err := d.DB.Select(ctx, &versions, `
		SELECT `+versionColumns+` FROM document_versions WHERE document_id = $1 ORDER BY number DESC LIMIT $2`, documentID, maxVersions)
	if err != nil {
		return nil, fmt.Errorf("document: versions: %w", err)
	}
	return versions, nil
}

// version reads one; number 0 is the present one. storage.ErrNotFound.
func (d *Documents) version(ctx context.Context, doc Document, number int64) (Version, error) {
	if number == 0 {
		number = doc.Versions
	}
	var v Version
	err := d.DB.Get(ctx, &v, `SELECT `+versionColumns+` FROM document_versions WHERE document_id = $1 AND number = $2`, doc.ID, number)
	if err != nil {
		return Version{}, fmt.Errorf("document: version: %w", err)
	}
	return v, nil
}

// AddVersion makes a saved file the document's present version. seen, when not nil,
// must be the record's version. The one before stays, with its signatures; the new
// one has none.
func (d *Documents) AddVersion(ctx context.Context, actor directory.Actor, organisationID, id string, seen *int64, note string, f file.File) (Document, error) {
	return d.replace(ctx, actor, organisationID, id, seen, "document.version_added", func(ctx context.Context, doc *Document) (Version, error) {
		if f.SHA256 == doc.SHA256 {
			return Version{}, ErrSame
		}
		if err := d.Files.Keep(ctx, organisationID, owner(id), f.ID); err != nil {
			return Version{}, err
		}
		doc.FileID, doc.FileName, doc.MediaType, doc.Size, doc.SHA256 = f.ID, f.Name, f.MediaType, f.Size, f.SHA256
		return Version{Note: note}, nil
	})
}

// Restore makes the bytes of an older version the present ones, as a new version:
// nothing that was is undone. Signatures of the bytes count again.
func (d *Documents) Restore(ctx context.Context, actor directory.Actor, organisationID, id string, seen *int64, number int64) (Document, error) {
	return d.replace(ctx, actor, organisationID, id, seen, "document.version_restored", func(ctx context.Context, doc *Document) (Version, error) {
		old, err := d.version(ctx, *doc, number)
		if err != nil {
			return Version{}, err
		}
		if old.FileID == doc.FileID {
			return Version{}, ErrSame
		}
		doc.FileID, doc.FileName, doc.MediaType, doc.Size, doc.SHA256 = old.FileID, old.FileName, old.MediaType, old.Size, old.SHA256
		return Version{Note: old.Note, RestoredFrom: old.Number}, nil
	})
}

// replace gives a document other bytes, which change puts into it.
func (d *Documents) replace(ctx context.Context, actor directory.Actor, organisationID, id string, seen *int64, action string,
	change func(context.Context, *Document) (Version, error)) (doc Document, err error) {
	err = d.DB.Tx(ctx, func(ctx context.Context) error {
		var by By
		if doc, by, err = d.change(ctx, actor, organisationID, id, seen, directory.DocumentsWrite); err != nil {
			return err
		}
		if doc.Source != "" {
			return ErrReceived
		}
		if doc.Versions >= maxVersions {
			return ErrVersions
		}
		before := doc.SHA256
		v, err := change(ctx, &doc)
		if err != nil {
			return err
		}
		doc.Versions++
		v.Number = doc.Versions
		if doc.Signatures, err = d.countSignatures(ctx, doc.ID, doc.FileID); err != nil {
			return err
		}
		if err := d.update(ctx, doc, actor.PersonID, v); err != nil {
			return err
		}
		return d.record(ctx, by, organisationID, action, id, map[string]string{
			"name": doc.Name, "number": strconv.FormatInt(v.Number, 10), "restored_from": strconv.FormatInt(v.RestoredFrom, 10),
			"before": before, "after": doc.SHA256, "note": v.Note,
		})
	})
	if err != nil {
		return Document{}, fmt.Errorf("document: replace: %w", err)
	}
	return doc, nil
}

// update writes the document's new bytes and its new version. The version is
// whoever's made it, not the document's first author's.
func (d *Documents) update(ctx context.Context, doc Document, personID string, v Version) error {
	_, err := d.DB.Exec(ctx, `
		UPDATE documents SET versions = $1, file_id = $2, file_name = $3, media_type = $4, size = $5, sha256 = $6, signatures = $7, search = $8
		WHERE id = $9`,
		doc.Versions, doc.FileID, doc.FileName, doc.MediaType, doc.Size, doc.SHA256, doc.Signatures, doc.searchable(), doc.ID)
	if err != nil {
		return err
	}
	doc.CreatedBy = personID
	return d.insertVersion(ctx, doc, v)
}

// change locks an active document and names the right to change it.
func (d *Documents) change(ctx context.Context, actor directory.Actor, organisationID, id string, seen *int64,
	permission directory.Permission) (Document, By, error) {
	doc, err := d.lock(ctx, organisationID, id, seen)
	if err != nil {
		return Document{}, By{}, err
	}
	by, err := d.authorise(ctx, actor, organisationID, permission, doc.Kind)
	if err != nil {
		return Document{}, By{}, err
	}
	if doc.Status == Archived {
		return Document{}, By{}, ErrArchived
	}
	return doc, by, nil
}

// countSignatures is how many signatures bytes of a document have.
func (d *Documents) countSignatures(ctx context.Context, documentID, fileID string) (n int64, err error) {
	err = d.DB.Get(ctx, &n, `SELECT COUNT(*) FROM document_signatures WHERE document_id = $1 AND file_id = $2`, documentID, fileID)
	return n, err
}
