package document

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"propusk/idp/directory"
	"propusk/storage"
	"propusk/storage/file"
)

// NewDocument is what is said of a document beside its bytes.
type NewDocument struct {
	Kind        Kind   `json:"type"`
	Name        string `json:"name"` // "" is the file's without its extension
	Description string `json:"description"`
	ValidUntil  string `json:"valid_until"`
}

// Add makes documents of saved files, one for each, in one transaction: all or none.
func (d *Documents) Add(ctx context.Context, actor directory.Actor, organisationID string, n NewDocument, files ...file.File) ([]Document, error) {
	var added []Document
	err := d.DB.Tx(ctx, func(ctx context.Context) error {
		added = nil
		by, err := d.authorise(ctx, actor, organisationID, directory.DocumentsWrite, n.Kind)
		if err != nil {
			return err
		}
		for _, f := range files {
			doc, err := d.insert(ctx, by, organisationID, "", n, f)
			if err != nil {
				return err
			}
			added = append(added, doc)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("document: add: %w", err)
	}
	return added, nil
}

// Receive puts a file into an organisation's archive that the house itself made or
// got for it, in the transaction of ctx: an extract, a decision, a receipt. source
// names the thing it belongs to ("extract/<id>"); of one source and file there is
// one document, however often it is received. Such a document is not replaced and
// not removed. The document's id is returned.
func (d *Documents) Receive(ctx context.Context, organisationID, source string, n NewDocument, fileID string) (string, error) {
	var id string
	err := d.DB.Tx(ctx, func(ctx context.Context) error {
		err := d.DB.Get(ctx, &id, `SELECT id FROM documents WHERE organisation_id = $1 AND source = $2 AND file_id = $3`,
			organisationID, source, fileID)
		if !errors.Is(err, storage.ErrNotFound) {
			return err
		}
		f, err := d.Files.Get(ctx, organisationID, fileID)
		if err != nil {
			return err
		}
		doc, err := d.insert(ctx, By{Authority: directory.Authority{By: directory.BySystem}}, organisationID, source, n, f)
		id = doc.ID
		return err
	})
	if err != nil {
		return "", fmt.Errorf("document: receive: %w", err)
	}
	return id, nil
}

// insert writes a document with its first version.
func (d *Documents) insert(ctx context.Context, by By, organisationID, source string, n NewDocument, f file.File) (Document, error) {
	now := d.time()
	doc := Document{
		ID: storage.NewID(), OrganisationID: organisationID, Kind: n.Kind, Name: n.Name, Description: n.Description,
		ValidUntil: n.ValidUntil, Status: Active, Source: source, Versions: 1, FileID: f.ID, FileName: f.Name, MediaType: f.MediaType,
		Size: f.Size, SHA256: f.SHA256, Version: 1, CreatedBy: by.Actor.PersonID, CreatedAt: now, UpdatedAt: now,
	}
	if doc.Name == "" {
		doc.Name = strings.TrimSuffix(f.Name, path.Ext(f.Name))
	}
	if err := d.Files.Keep(ctx, organisationID, owner(doc.ID), f.ID); err != nil {
		return Document{}, err
	}
	_, err := d.DB.Exec(ctx, `
		INSERT INTO documents (`+columns+`, search)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)`,
		doc.ID, doc.OrganisationID, doc.Kind, doc.Name, doc.Description, doc.ValidUntil, doc.Status, doc.Source, doc.Versions,
		doc.FileID, doc.FileName, doc.MediaType, doc.Size, doc.SHA256, doc.Signatures, doc.Version, doc.CreatedBy, doc.CreatedAt,
		doc.UpdatedAt, doc.ArchivedAt, doc.searchable())
	if err == nil {
		err = d.insertVersion(ctx, doc, Version{Number: 1})
	}
	if err != nil {
		return Document{}, err
	}
	return doc, d.record(ctx, by, organisationID, "document.added", doc.ID, map[string]string{
		"name": doc.Name, "kind": string(doc.Kind), "file": doc.FileName, "size": strconv.FormatInt(doc.Size, 10), "sha256": doc.SHA256,
	})
}

// insertVersion writes the document's present bytes as a version.
func (d *Documents) insertVersion(ctx context.Context, doc Document, v Version) error {
	_, err := d.DB.Exec(ctx, `
		INSERT INTO document_versions (`+versionColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		doc.ID, v.Number, doc.FileID, doc.FileName, doc.MediaType, doc.Size, doc.SHA256, v.Note, v.RestoredFrom, doc.CreatedBy, d.time())
	return err
}

// searchable is the text that a search looks into.
func (doc Document) searchable() string {
	return Fold(doc.Name + "\n" + doc.Description + "\n" + doc.FileName + "\n" + doc.Kind.Label("ru"))
}

// Fold makes texts that people take for the same equal: composed, in lower case, ё
// as е.
func Fold(s string) string {
	return strings.ReplaceAll(strings.ToLower(norm.NFC.String(s)), "ё", "е")
}
