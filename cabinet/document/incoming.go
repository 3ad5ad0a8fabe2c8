package document

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"propusk/cabinet/api"
	"propusk/idp/directory"
	"propusk/storage"
)

// Incoming is a document that another organisation has handed over, in the version
// that was.
type Incoming struct {
	Share    Share    `db:"share"`
	Document Document `db:"document"` // of its owner: its present state is not the recipient's to see
	Version  Version  `db:"version"`
}

func (in Incoming) key() (storage.Time, string) { return in.Share.CreatedAt, in.Share.ID }

// incomingQuery reads shares with what they are of.
var incomingQuery = `SELECT ` + aliased("s", "share", shareColumns) + `, ` + aliased("d", "document", columns) + `, ` +
	aliased("v", "version", versionColumns) + `
	FROM document_shares s
	JOIN documents d ON d.id = s.document_id
	JOIN document_versions v ON v.document_id = s.document_id AND v.number = s.number`

// aliased names the columns of a table so that they are scanned into the field of a
// struct.
func aliased(alias, field, names string) string {
	list := strings.Split(names, ",")
	for i, name := range list {
		name = strings.TrimSpace(name)
		list[i] = alias + "." + name + ` AS "` + field + "." + name + `"`
	}
	return strings.Join(list, ", ")
}

// handed chooses the shares that a recipient can open now.
func (d *Documents) handed(organisationID string) *storage.Where {
	w := &storage.Where{}
	w.And(`s.recipient_id = ?`, organisationID)
	w.And(`s.recipient_id <> ''`) // the partial index is of these alone
	w.And(`s.revoked_at = 0 AND (s.expires_at = 0 OR s.expires_at > ?)`, d.time())
	return w
}

// Incoming lists what an organisation was handed and can open, newest first, one
// more than the page's limit where there are more.
func (d *Documents) Incoming(ctx context.Context, organisationID string, page api.Page) ([]Incoming, error) {
	text, args := pageOf(d.handed(organisationID), "s.", page)
	var list []Incoming
	if err := d.DB.Select(ctx, &list, incomingQuery+text, args...); err != nil {
		return nil, fmt.Errorf("document: incoming: %w", err)
	}
	return list, nil
}

// Received reads one of them by its share; storage.ErrNotFound when it was never
// handed to the organisation, or is not any more.
func (d *Documents) Received(ctx context.Context, organisationID, shareID string) (Incoming, error) {
	w := d.handed(organisationID)
	w.And(`s.id = ?`, shareID)
	return d.incoming(ctx, w)
}

func (d *Documents) incoming(ctx context.Context, w *storage.Where) (Incoming, error) {
	var in Incoming
	if err := d.DB.Get(ctx, &in, incomingQuery+w.String(), w.Args()...); err != nil {
		return Incoming{}, fmt.Errorf("document: incoming: %w", err)
	}
	return in, nil
}

// Opened notes that the recipient is given the bytes, the first time: the sender sees
// when, and its journal says so.
func (d *Documents) Opened(ctx context.Context, in Incoming) error {
	if in.Share.OpenedAt != 0 {
		return nil
	}
	err := d.DB.Tx(ctx, func(ctx context.Context) error {
		n, err := d.DB.Exec(ctx, `UPDATE document_shares SET opened_at = $1 WHERE id = $2 AND opened_at = 0`, d.time(), in.Share.ID)
		if err != nil || n == 0 {
			return err
		}
		return d.record(ctx, By{}, in.Share.OrganisationID, "document.opened", in.Document.ID, map[string]string{
			"name": in.Document.Name, "share": in.Share.ID, "recipient": in.Share.RecipientName,
		})
	})
	if err != nil {
		return fmt.Errorf("document: opened: %w", err)
	}
	return nil
}

// SignIncoming adds the recipient's signature to the version that it was handed.
// The errors are those of Sign.
func (d *Documents) SignIncoming(ctx context.Context, actor directory.Actor, organisationID, shareID string, cms []byte) (Signature, error) {
	in, err := d.Received(ctx, organisationID, shareID)
	if err != nil {
		return Signature{}, err
	}
	if !in.Share.SignatureRequested {
		return Signature{}, ErrNotAsked
	}
	return d.sign(ctx, actor, organisationID, in.Document, in.Version.Number, cms, func(ctx context.Context) error {
		_, err := d.Received(ctx, organisationID, shareID)
		return err
	})
}

// ErrNotAsked: the sender did not ask for a signature.
var ErrNotAsked = fmt.Errorf("document: no signature was asked for: %w", directory.ErrForbidden)

// Link reads what a mailed link leads to, without using it up; ErrLink.
func (d *Documents) Link(ctx context.Context, token string) (Incoming, error) {
	w := &storage.Where{}
	w.And(`s.link_hash = ?`, hashLink(token))
	w.And(`s.link_hash <> ''`)
	in, err := d.incoming(ctx, w)
	if errors.Is(err, storage.ErrNotFound) || err == nil && !in.Share.Live(d.time()) {
		return Incoming{}, ErrLink
	}
	return in, err
}

// UseLink spends the link: of all who follow it one gets the document, once.
func (d *Documents) UseLink(ctx context.Context, token string) (in Incoming, err error) {
	err = d.DB.Tx(ctx, func(ctx context.Context) error {
		if in, err = d.Link(ctx, token); err != nil {
			return err
		}
		now := d.time()
		n, err := d.DB.Exec(ctx, `
			UPDATE document_shares SET opened_at = $1 WHERE id = $2 AND opened_at = 0 AND revoked_at = 0 AND expires_at > $1`, now, in.Share.ID)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrLink
		}
		return d.record(ctx, By{}, in.Share.OrganisationID, "document.opened", in.Document.ID, map[string]string{
			"name": in.Document.Name, "share": in.Share.ID, "email": maskEmail(in.Share.Email),
		})
	})
	return in, err
}
