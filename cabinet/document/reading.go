package document

import (
	"context"

	"propusk/idp/directory"
)

// Readable is Get for another room that takes an organisation's document on its
// behalf: for who may read documents, and this one, which may have come from a room
// that guards it.
func (d *Documents) Readable(ctx context.Context, actor directory.Actor, organisationID, id string) (Document, error) {
	doc, err := d.Get(ctx, organisationID, id)
	if err != nil {
		return Document{}, err
	}
	if _, err := d.authorise(ctx, actor, organisationID, directory.DocumentsRead, doc.Kind); err != nil {
		return Document{}, err
	}
	return doc, d.mayRead(ctx, actor, doc)
}
