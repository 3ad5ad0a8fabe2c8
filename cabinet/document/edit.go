package document

import (
	"context"
	"fmt"
	"strings"

	"propusk/idp/directory"
)

// Edit changes what is not nil: name, description, type and term.
type Edit struct {
	Kind                          *Kind
	Name, Description, ValidUntil *string
}

// Edit renames or describes a document. seen, when not nil, must be the record's
// version.
func (d *Documents) Edit(ctx context.Context, actor directory.Actor, organisationID, id string, seen *int64, e Edit) (doc Document, err error) {
	err = d.DB.Tx(ctx, func(ctx context.Context) error {
		var by By
		if doc, by, err = d.change(ctx, actor, organisationID, id, seen, directory.DocumentsWrite); err != nil {
			return err
		}
		details := map[string]string{}
		before := doc
		set(details, "name", &doc.Name, e.Name)
		set(details, "description", &doc.Description, e.Description)
		set(details, "valid_until", &doc.ValidUntil, e.ValidUntil)
		set(details, "kind", &doc.Kind, e.Kind)
		if before.Source != "" && before.Kind != doc.Kind {
			return ErrReceived
		}
		_, err := d.DB.Exec(ctx, `UPDATE documents SET name = $1, description = $2, valid_until = $3, kind = $4, search = $5 WHERE id = $6`,
			doc.Name, doc.Description, doc.ValidUntil, doc.Kind, doc.searchable(), id)
		if err != nil {
			return err
		}
		return d.record(ctx, by, organisationID, "document.changed", id, details)
	})
	if err != nil {
		return Document{}, fmt.Errorf("document: change: %w", err)
	}
	return doc, nil
}

// set changes a value and notes before and after.
func set[T ~string](details map[string]string, name string, value, change *T) {
	if change == nil || *change == *value {
		return
	}
	details[name+"_before"], details[name+"_after"] = string(*value), string(*change)
	*value = *change
}

// Archive puts a document away; Unarchive takes it out again. A document that is
// there already stays.
func (d *Documents) Archive(ctx context.Context, actor directory.Actor, organisationID, id string, seen *int64) (Document, error) {
	return d.move(ctx, actor, organisationID, id, seen, Archived, "document.archived")
}

// Unarchive makes an archived document active.
func (d *Documents) Unarchive(ctx context.Context, actor directory.Actor, organisationID, id string, seen *int64) (Document, error) {
	return d.move(ctx, actor, organisationID, id, seen, Active, "document.unarchived")
}

func (d *Documents) move(ctx context.Context, actor directory.Actor, organisationID, id string, seen *int64, to Status, action string) (doc Document, err error) {
	err = d.DB.Tx(ctx, func(ctx context.Context) error {
		if doc, err = d.lock(ctx, organisationID, id, seen); err != nil {
			return err
		}
		by, err := d.authorise(ctx, actor, organisationID, directory.DocumentsWrite, doc.Kind)
		if err != nil || doc.Status == to {
			return err
		}
		doc.Status, doc.ArchivedAt = to, 0
		if to == Archived {
			doc.ArchivedAt = d.time()
		}
		_, err = d.DB.Exec(ctx, `UPDATE documents SET status = $1, archived_at = $2 WHERE id = $3`, doc.Status, doc.ArchivedAt, id)
		if err != nil {
			return err
		}
		return d.record(ctx, by, organisationID, action, id, map[string]string{"name": doc.Name})
	})
	if err != nil {
		return Document{}, fmt.Errorf("document: move: %w", err)
	}
	return doc, nil
}

// Remove deletes a document with all its versions. What is signed, handed over and
// still open to its recipient, received, or kept by another part of the cabinet stays: ErrSigned,
// ErrShared, ErrReceived, ErrInUse. The bytes go with the next sweep.
func (d *Documents) Remove(ctx context.Context, actor directory.Actor, organisationID, id string, seen *int64) error {
	err := d.DB.Tx(ctx, func(ctx context.Context) error {
		doc, err := d.lock(ctx, organisationID, id, seen)
		if err != nil {
			return err
		}
		by, err := d.authorise(ctx, actor, organisationID, directory.DocumentsWrite, doc.Kind)
		if err != nil {
			return err
		}
		if err := d.removable(ctx, doc); err != nil {
			return err
		}
		return d.remove(ctx, by, doc)
	})
	if err != nil {
		return fmt.Errorf("document: remove: %w", err)
	}
	return nil
}

// removable says why a document must stay; nil when it need not.
func (d *Documents) removable(ctx context.Context, doc Document) error {
	if doc.Source != "" {
		return ErrReceived
	}
	var signed, shared int
	err := d.DB.Get(ctx, &signed, `SELECT COUNT(*) FROM document_signatures WHERE document_id = $1`, doc.ID)
	if err != nil {
		return err
	}
	if signed > 0 {
		return ErrSigned
	}
	err = d.DB.Get(ctx, &shared, `
		SELECT COUNT(*) FROM document_shares WHERE document_id = $1 AND revoked_at = 0 AND (expires_at = 0 OR expires_at > $2)
			AND (link_hash = '' OR opened_at = 0)`, doc.ID, d.time())
	if err != nil {
		return err
	}
	if shared > 0 {
		return ErrShared
	}
	return d.unused(ctx, doc)
}

// unused sees that nobody but documents keeps the files.
func (d *Documents) unused(ctx context.Context, doc Document) error {
	others, err := d.Files.Others(ctx, owner(doc.ID))
	if err != nil {
		return err
	}
	for _, o := range others {
		if !strings.HasPrefix(o, "document/") {
			return fmt.Errorf("%w: %s", ErrInUse, o)
		}
	}
	return nil
}

func (d *Documents) remove(ctx context.Context, by By, doc Document) error {
	for _, table := range []string{"document_shares", "document_versions"} {
		if _, err := d.DB.Exec(ctx, `DELETE FROM `+table+` WHERE document_id = $1`, doc.ID); err != nil {
			return err
		}
	}
	if _, err := d.DB.Exec(ctx, `DELETE FROM documents WHERE id = $1`, doc.ID); err != nil {
		return err
	}
	if err := d.Files.Release(ctx, owner(doc.ID)); err != nil {
		return err
	}
	return d.record(ctx, by, doc.OrganisationID, "document.removed", doc.ID, map[string]string{
		"name": doc.Name, "kind": string(doc.Kind), "sha256": doc.SHA256,
	})
}
